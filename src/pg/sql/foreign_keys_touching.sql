-- Foreign keys from or to the tables of a schema. Those that a partition has from its parent are left out. One that is
-- not enforced (18) has nothing to validate.
-- $1: schema
select
  k.conname::text as name,
  n.nspname::text as schema,
  c.relname::text as table_name,
  pn.nspname::text as parent_schema,
  pc.relname::text as parent_name,
  array(
    select a.attname::text from unnest(k.conkey) with ordinality as x (attnum, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.attnum
    order by x.at
  ) as columns,
  array(
    select a.attname::text from unnest(k.confkey) with ordinality as x (attnum, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.attnum
    order by x.at
  ) as parent_columns,
  k.convalidated or not coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) as validated,
  coalesce((to_jsonb(k) ->> 'conperiod')::bool, false) as has_period -- 18
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class pc on pc.oid = k.confrelid
join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
where k.contype = 'f' and k.conparentid = 0 and (n.nspname::text = $1 or pn.nspname::text = $1)
order by n.nspname::text collate "C", c.relname::text collate "C", k.conname::text collate "C"
