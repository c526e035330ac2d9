-- The type of one column, and what it is at bottom.
-- $1: schema, $2: table, $3: column
with recursive
  attribute as (
    select a.atttypid, a.atttypmod
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid
    where n.nspname = $1::text and c.relname::text = $2 and a.attname::text = $3
      and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0 and not a.attisdropped
  ),
  chain (type, modifier) as (
    select atttypid, atttypmod from attribute
    union all
    select t.typbasetype, case when h.modifier = -1 then t.typtypmod else h.modifier end
    from chain h
    join pg_catalog.pg_type t on t.oid = h.type
    where t.typtype = 'd'
  )
select
  pg_catalog.format_type(a.atttypid, null) as type_sql,
  pg_catalog.format_type(a.atttypid, a.atttypmod) as full_sql,
  pg_catalog.format_type(h.type, null) as base_sql,
  h.type as base_oid,
  h.modifier <> -1 as has_modifier
from attribute a
cross join chain h
join pg_catalog.pg_type t on t.oid = h.type
where t.typtype <> 'd'
