-- Columns of integers, domains looked through, in the tables of these names and schemas.
-- $1: schemas, $2: tables, as JSON lists
with recursive integers (type) as (
  select oid from pg_catalog.pg_type where oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
  union all
  select t.oid from integers i join pg_catalog.pg_type t on t.typbasetype = i.type where t.typtype = 'd'
)
select n.nspname::text as schema, c.relname::text as table_name, a.attname::text as column_name
from pg_catalog.pg_namespace n
join pg_catalog.pg_class c on c.relnamespace = n.oid
join pg_catalog.pg_attribute a on a.attrelid = c.oid
where n.nspname = any (array(select jsonb_array_elements_text($1::text::jsonb)::name))
  and c.relname = any (array(select jsonb_array_elements_text($2::text::jsonb)::name))
  and a.attnum > 0 and not a.attisdropped and a.atttypid in (select type from integers)
