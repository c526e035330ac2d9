-- Triggers that somebody made, with their state. Before 15 a partition's copy of one counted as internal.
-- $1: schema
select c.relname::text as table_name, t.tgname::text as name, t.tgenabled::text as enabled
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1::text and (not t.tgisinternal or (t.tgparentid <> 0 and t.tgconstraint = 0))
order by c.relname::text collate "C", t.tgname::text collate "C"
