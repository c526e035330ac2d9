-- What in a store schema hangs on shared tables or on any sequence of the shared schema, as pg_depend knows it.
-- Heirs and partitions of a shared table, and views over it outside the store schema, lead there too.
-- $1: store schema, $2: shared schema, $3: shared tables, as a JSON list
with recursive
  store as (select oid from pg_catalog.pg_namespace where nspname::text = $1),
  shared (oid) as (
    select c.oid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname::text = $2
      and (c.relkind = 'S' or c.relname::text in (select jsonb_array_elements_text($3::jsonb)))
    union
    select x.oid
    from shared s
    cross join lateral (
      select h.inhrelid as oid from pg_catalog.pg_inherits h where h.inhparent = s.oid
      union all
      select r.ev_class
      from pg_catalog.pg_depend d
      join pg_catalog.pg_rewrite r on r.oid = d.objid
      where d.classid = 'pg_catalog.pg_rewrite'::regclass
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.oid
    ) x
    join pg_catalog.pg_class c on c.oid = x.oid
    where c.relnamespace not in (select oid from store)
  ),
  targets as (
    select s.oid, c.relkind, n.nspname || '.' || c.relname as name, c.reltype
    from shared s
    join pg_catalog.pg_class c on c.oid = s.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  ),
  ties as (
    select d.classid, d.objid, d.deptype, t.relkind, t.name
    from targets t
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = t.oid
    union all
    -- the row type of a shared table, or an array of it
    select d.classid, d.objid, d.deptype, t.relkind, t.name
    from targets t
    join pg_catalog.pg_type y on y.oid = t.reltype
    join pg_catalog.pg_depend d
      on d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid in (y.oid, y.typarray) and d.refobjid <> 0
  )
select 'foreign key ' || k.conname || ' of ' || c.relname || ' refers to ' || t.name as tie
from targets t
join pg_catalog.pg_constraint k on k.confrelid = t.oid and k.contype = 'f' and k.conparentid = 0
join pg_catalog.pg_class c on c.oid = k.conrelid
where c.relnamespace in (select oid from store)
union
select 'default of ' || c.relname || '.' || a.attname
       || case t.relkind when 'S' then ' draws from ' else ' depends on ' end || t.name
from ties t
join pg_catalog.pg_attrdef ad on t.classid = 'pg_catalog.pg_attrdef'::regclass and ad.oid = t.objid
join pg_catalog.pg_class c on c.oid = ad.adrelid
join pg_catalog.pg_attribute a on a.attrelid = ad.adrelid and a.attnum = ad.adnum
where c.relnamespace in (select oid from store)
union
select case
         when r.rulename <> '_RETURN' then 'rule ' || r.rulename || ' of ' || c.relname
         when c.relkind = 'm' then 'materialized view ' || c.relname
         else 'view ' || c.relname
       end || ' reads ' || t.name
from ties t
join pg_catalog.pg_rewrite r on t.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = t.objid
join pg_catalog.pg_class c on c.oid = r.ev_class
where c.relnamespace in (select oid from store)
union
select case when p.prokind = 'p' then 'procedure ' else 'function ' end || p.proname || ' depends on ' || t.name
from ties t
join pg_catalog.pg_proc p on t.classid = 'pg_catalog.pg_proc'::regclass and p.oid = t.objid
where p.pronamespace in (select oid from store)
union
select 'policy ' || p.polname || ' of ' || c.relname || ' reads ' || t.name
from ties t
join pg_catalog.pg_policy p on t.classid = 'pg_catalog.pg_policy'::regclass and p.oid = t.objid
join pg_catalog.pg_class c on c.oid = p.polrelid
where c.relnamespace in (select oid from store)
union
select 'constraint ' || k.conname || ' depends on ' || t.name
from ties t
join pg_catalog.pg_constraint k on t.classid = 'pg_catalog.pg_constraint'::regclass and k.oid = t.objid
where k.contype <> 'f' and k.connamespace in (select oid from store)
union
select 'trigger ' || g.tgname || ' of ' || c.relname || ' depends on ' || t.name
from ties t
join pg_catalog.pg_trigger g on t.classid = 'pg_catalog.pg_trigger'::regclass and g.oid = t.objid
join pg_catalog.pg_class c on c.oid = g.tgrelid
where not g.tgisinternal and c.relnamespace in (select oid from store)
union
select 'type ' || y.typname || ' depends on ' || t.name
from ties t
join pg_catalog.pg_type y on t.classid = 'pg_catalog.pg_type'::regclass and y.oid = t.objid
where y.typnamespace in (select oid from store)
union
select case
         when c.relkind = 'S' then 'sequence ' || c.relname || ' is owned by '
         when exists (
           select from pg_catalog.pg_inherits h join targets o on o.oid = h.inhparent where h.inhrelid = c.oid
         )
           then 'table ' || c.relname || ' inherits from '
         else 'relation ' || c.relname || ' depends on '
       end || t.name
from ties t
join pg_catalog.pg_class c on t.classid = 'pg_catalog.pg_class'::regclass and c.oid = t.objid
where c.relnamespace in (select oid from store)
