-- Checks that were added NOT VALID and never validated; those that a partition or an heir has from its parent are left
-- out where the parent is asked.
-- $1: schema
select
  c.relname::text as table_name,
  k.conname::text as name,
  pg_catalog.pg_get_expr(k.conbin, k.conrelid) as expression
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.contype = 'c' and not k.convalidated and n.nspname = $1::text and not (c.relispartition and k.coninhcount > 0)
order by c.relname::text collate "C", k.conname::text collate "C"
