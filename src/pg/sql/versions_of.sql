-- How many rows the catalogs have for what `ddl_fingerprint` tells of some tables, with the sum of their versions: whoever
-- changes a definition makes it another. $1: schema, $2: tables, as a JSON list
with recursive
  listed as materialized (
    select c.oid, c.xmin
    from pg_catalog.pg_class c
    where c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = $1::text)
      and c.relkind in ('r', 'p', 'f', 'v', 'm')
      and c.relname = any (array(select jsonb_array_elements_text($2::jsonb)::name)) -- over the index
  ),
  attributes as materialized (
    select a.xmin, a.atttypid
    from listed l, lateral (select xmin, atttypid from pg_catalog.pg_attribute where attrelid = l.oid and attnum > 0 offset 0) a
  ),
  -- domains and enums say more than their name
  types (oid) as (
    select distinct atttypid from attributes
    union
    select t.typbasetype from types h join pg_catalog.pg_type t on t.oid = h.oid where t.typtype = 'd'
  ),
  versions (xid) as (
    select xmin from listed
    union all select xmin from attributes
    union all select d.xmin from listed l, lateral (select xmin from pg_catalog.pg_attrdef where adrelid = l.oid offset 0) d
    union all select k.xmin from listed l, lateral (select xmin from pg_catalog.pg_constraint where conrelid = l.oid offset 0) k
    union all select t.xmin from listed l, lateral (select xmin from pg_catalog.pg_trigger where tgrelid = l.oid offset 0) t
    union all select t.xmin from types h, lateral (select xmin from pg_catalog.pg_type where oid = h.oid offset 0) t
    union all select e.xmin from types h, lateral (select xmin from pg_catalog.pg_enum where enumtypid = h.oid offset 0) e
  )
select (select count(*) from versions) || ':' || coalesce((select sum(xid::text::int8) from versions), 0)
