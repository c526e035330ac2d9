-- The names under which text may reach shared rows or sequences.
-- $1: shared schema, $2: shared tables, as a JSON list
select c.relname::text as name, c.relkind = 'S' as is_sequence
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname::text = $1
  and (c.relkind = 'S' or c.relname::text in (select jsonb_array_elements_text($2::jsonb)))
order by c.relname::text collate "C"
