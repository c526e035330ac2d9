-- The names under which text may reach shared rows or sequences.
-- $1: shared schema, $2: shared tables, as a JSON list
select c.relname::text as name, c.relkind = 'S' as is_sequence
from pg_catalog.pg_namespace n
cross join lateral (
  select d.objid from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid
    and d.classid = 'pg_catalog.pg_class'::regclass
  offset 0 -- over its index: other schemas have as many
) d
cross join lateral (
  select c.relname, c.relkind from pg_catalog.pg_class c where c.oid = d.objid and c.relnamespace = n.oid offset 0
) c
where n.nspname = $1::text
  and (c.relkind = 'S' or c.relname::text in (select jsonb_array_elements_text($2::jsonb)))
order by c.relname::text collate "C"
