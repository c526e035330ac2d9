-- What in a store schema hangs on shared tables or on any sequence of the shared schema, as pg_depend knows it.
-- Heirs and partitions of a shared table, and views over it outside the store schema, lead there too.
-- Each step is a look into an index (OFFSET 0), never a whole catalog: that has the rows of every store. For the same reason
-- constraints are found from the store's side: every store has foreign keys to the same few shared tables.
-- $1: store schema, $2: shared schema, $3: shared tables, as a JSON list
with recursive
  store as materialized (select oid from pg_catalog.pg_namespace where nspname = $1::text),
  shared (oid) as (
    (
      select c.oid
      from pg_catalog.pg_namespace n
      cross join lateral (
        select d.objid from pg_catalog.pg_depend d
        where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid
          and d.classid = 'pg_catalog.pg_class'::regclass
        offset 0
      ) d
      cross join lateral (select c.oid from pg_catalog.pg_class c where c.oid = d.objid and c.relkind = 'S' offset 0) c
      where n.nspname = $2::text
      union all
      select c.oid
      from pg_catalog.pg_class c
      where c.relname = any (array(select jsonb_array_elements_text($3::jsonb)))
        and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $2::text)
    )
    union
    select x.oid
    from shared s
    cross join lateral (
      select h.inhrelid as oid from pg_catalog.pg_inherits h where h.inhparent = s.oid
      union all
      select (select r.ev_class from pg_catalog.pg_rewrite r where r.oid = d.objid)
      from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_rewrite'::regclass
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.oid
      offset 0
    ) x
    where (select c.relnamespace from pg_catalog.pg_class c where c.oid = x.oid)
      <> coalesce((select oid from store), 0)
  ),
  targets as materialized (
    select s.oid, c.relkind, c.relnamespace as space, c.relname, c.reltype
    from shared s
    cross join lateral (
      select c.relkind, c.relnamespace, c.relname, c.reltype from pg_catalog.pg_class c where c.oid = s.oid
      offset 0
    ) c
  ),
  -- what pg_depend may name: the relation, its row type, or an array of that
  named as materialized (
    select x.classid, x.objid, t.relkind, t.space, t.relname
    from targets t
    cross join lateral (
      values ('pg_catalog.pg_class'::regclass::oid, t.oid),
             ('pg_catalog.pg_type'::regclass::oid, t.reltype),
             ('pg_catalog.pg_type'::regclass::oid, (select y.typarray from pg_catalog.pg_type y where y.oid = t.reltype))
    ) x (classid, objid)
    where x.objid <> 0
  ),
  -- Of the store's tables and domains. What only names the schema ('store'::regnamespace) depends on it too.
  constraints as materialized (
    select k.*
    from store s
    cross join lateral (
      select d.classid, d.objid from pg_catalog.pg_depend d
      where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = s.oid
      offset 0
    ) d
    cross join lateral (
      select k.oid, k.conname, k.contype, k.conparentid, k.conrelid, k.confrelid
      from pg_catalog.pg_constraint k
      where d.classid = 'pg_catalog.pg_class'::regclass and k.conrelid = d.objid and k.connamespace = s.oid
      union all
      select k.oid, k.conname, k.contype, k.conparentid, k.conrelid, k.confrelid
      from pg_catalog.pg_constraint k
      where d.classid = 'pg_catalog.pg_type'::regclass and k.contypid = d.objid and k.connamespace = s.oid
      offset 0
    ) k
  )
select 'foreign key ' || k.conname || ' of '
       || (select c.relname from pg_catalog.pg_class c where c.oid = k.conrelid) || ' refers to '
       || (select n.nspname from pg_catalog.pg_namespace n where n.oid = t.space) || '.' || t.relname as tie
from constraints k
join targets t on t.oid = k.confrelid
where k.contype = 'f' and k.conparentid = 0
union
select 'constraint ' || k.conname || ' depends on '
       || (select n.nspname from pg_catalog.pg_namespace n where n.oid = t.space) || '.' || t.relname
from constraints k
cross join lateral (
  select d.refclassid, d.refobjid from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_constraint'::regclass and d.objid = k.oid
  offset 0
) d
join named t on t.classid = d.refclassid and t.objid = d.refobjid
where k.contype <> 'f'
union
select case d.classid
         when 'pg_catalog.pg_attrdef'::regclass then
           'default of ' || x.relation || '.'
           || (select a.attname from pg_catalog.pg_attribute a where a.attrelid = x.relid and a.attnum = x.place)
           || case t.relkind when 'S' then ' draws from ' else ' depends on ' end
         when 'pg_catalog.pg_rewrite'::regclass then
           case
             when x.name <> '_RETURN' then 'rule ' || x.name || ' of ' || x.relation
             when x.kind = 'm' then 'materialized view ' || x.relation
             else 'view ' || x.relation
           end || ' reads '
         when 'pg_catalog.pg_proc'::regclass then
           case x.kind when 'p' then 'procedure ' else 'function ' end || x.name || ' depends on '
         when 'pg_catalog.pg_policy'::regclass then 'policy ' || x.name || ' of ' || x.relation || ' reads '
         when 'pg_catalog.pg_trigger'::regclass then 'trigger ' || x.name || ' of ' || x.relation || ' depends on '
         when 'pg_catalog.pg_type'::regclass then 'type ' || x.name || ' depends on '
         else
           case
             when x.kind = 'S' then 'sequence ' || x.relation || ' is owned by '
             when exists (
               select from pg_catalog.pg_inherits h join targets o on o.oid = h.inhparent where h.inhrelid = x.relid
             )
               then 'table ' || x.relation || ' inherits from '
             else 'relation ' || x.relation || ' depends on '
           end
       end || (select n.nspname from pg_catalog.pg_namespace n where n.oid = t.space) || '.' || t.relname
from named t
cross join lateral (
  select d.classid, d.objid from pg_catalog.pg_depend d
  where d.refclassid = t.classid and d.refobjid = t.objid and d.classid <> 'pg_catalog.pg_constraint'::regclass
  offset 0
) d
cross join lateral (
  select r.relid, r.place, r.name, c.relname as relation, c.relkind as kind
  from (
    select d.objid as relid, 0 as place, '' as name where d.classid = 'pg_catalog.pg_class'::regclass
    union all
    select ad.adrelid, ad.adnum, '' from pg_catalog.pg_attrdef ad
    where d.classid = 'pg_catalog.pg_attrdef'::regclass and ad.oid = d.objid
    union all
    select r.ev_class, 0, r.rulename from pg_catalog.pg_rewrite r
    where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
    union all
    select p.polrelid, 0, p.polname from pg_catalog.pg_policy p
    where d.classid = 'pg_catalog.pg_policy'::regclass and p.oid = d.objid
    union all
    select g.tgrelid, 0, g.tgname from pg_catalog.pg_trigger g
    where d.classid = 'pg_catalog.pg_trigger'::regclass and g.oid = d.objid and not g.tgisinternal
    offset 0
  ) r
  cross join lateral (
    select c.relname, c.relkind from pg_catalog.pg_class c
    where c.oid = r.relid and c.relnamespace = (select oid from store)
    offset 0
  ) c
  union all
  select 0, 0, p.proname, '', p.prokind from pg_catalog.pg_proc p
  where d.classid = 'pg_catalog.pg_proc'::regclass and p.oid = d.objid and p.pronamespace = (select oid from store)
  union all
  select 0, 0, y.typname, '', y.typtype from pg_catalog.pg_type y
  where d.classid = 'pg_catalog.pg_type'::regclass and y.oid = d.objid and y.typnamespace = (select oid from store)
  offset 0
) x
