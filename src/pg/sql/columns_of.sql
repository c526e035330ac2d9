-- Columns of the ordinary and partitioned tables of a schema, each with all that moving its values needs to know.
-- $1: schema
with recursive
  attributes as (
    select c.relname, a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.atthasdef, a.attidentity, a.attgenerated,
           -- Since 18 NOT NULL may be NOT VALID: then there may be nulls.
           a.attnotnull and not exists (
             select from pg_catalog.pg_constraint k
             where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey = array[a.attnum] and not k.convalidated
           ) as not_null
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid
    where c.oid in (
      select d.objid from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
        and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
    )
      and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
  ),
  -- Domains looked through, down to the type that the values have; the first modifier on the way counts.
  chain (first, first_modifier, type, modifier, has_default) as (
    select distinct atttypid, atttypmod, atttypid, atttypmod, false from attributes
    union all
    select h.first, h.first_modifier, t.typbasetype,
           case when h.modifier = -1 then t.typtypmod else h.modifier end,
           h.has_default or t.typdefault is not null
    from chain h
    join pg_catalog.pg_type t on t.oid = h.type
    where t.typtype = 'd'
  ),
  bases as (
    select h.first, h.first_modifier, h.type, h.modifier, h.has_default or t.typdefault is not null as has_default,
           t.typtype, t.typtype in ('c', 'r', 'm') or e.oid is not null as is_container
    from chain h
    join pg_catalog.pg_type t on t.oid = h.type
    left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
    where t.typtype <> 'd'
  ),
  -- All that a type is made of: elements, subtypes, fields, domains. `union` ends a type that holds itself.
  parts (base, type) as (
    select type, type from bases
    union
    select p.base, inner_type.oid
    from parts p
    -- over its index (OFFSET 0): every table of every store has a type
    cross join lateral (
      select t.oid, t.typtype, t.typbasetype, t.typelem, t.typrelid from pg_catalog.pg_type t where t.oid = p.type offset 0
    ) t
    cross join lateral (
      select t.typbasetype as oid where t.typtype = 'd'
      union all
      select e.oid from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid
      union all
      select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid
      union all
      -- to_jsonb: the column came with 14
      select r.rngsubtype from pg_catalog.pg_range r
      where t.typtype = 'm' and (to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
      union all
      select a.atttypid from pg_catalog.pg_attribute a
      where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) inner_type
  ),
  owned as (
    select p.base, bool_or(t.typnamespace <> 'pg_catalog'::regnamespace) as user_defined,
           -- Some have no binary form, and an empty tsquery is sent but not taken back.
           bool_and(t.typsend::oid <> 0 and t.typreceive::oid <> 0 and t.oid <> 'pg_catalog.tsquery'::regtype) as has_binary
    from parts p
    cross join lateral (
      select t.oid, t.typnamespace, t.typsend, t.typreceive from pg_catalog.pg_type t where t.oid = p.type offset 0
    ) t
    group by p.base
  )
select
  a.relname::text as table_name,
  a.attname::text as name,
  pg_catalog.format_type(a.atttypid, a.atttypmod) as type_sql,
  a.atttypid as type_oid,
  a.atttypmod as modifier,
  b.type as base_oid,
  b.modifier as base_modifier,
  case when b.is_container then 'container' when b.typtype = 'e' then 'enum' else 'base' end as kind,
  case when b.typtype = 'e' then array(
    select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = b.type order by e.enumsortorder
  ) else '{}' end as labels,
  o.user_defined,
  o.has_binary,
  a.not_null,
  a.atthasdef or a.attidentity <> '' or b.has_default as has_default,
  a.attgenerated <> '' as generated
from attributes a
join bases b on b.first = a.atttypid and b.first_modifier = a.atttypmod
join owned o on o.base = b.type
order by a.relname::text collate "C", a.attnum
