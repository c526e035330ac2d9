-- How many rows the catalogs have for what is in a schema ($1) with the sum of their versions: whoever changes a definition,
-- a right or a comment makes it another; rows, statistics and VACUUM do not. Of what is neither relation, function nor type
-- only coming and going is seen.
-- Each step is a look into an index (OFFSET 0), not the whole catalog: that has the rows of every store.
with space as materialized (
  select n.oid, n.xmin from pg_catalog.pg_namespace n where n.nspname = $1::text
),
-- Not among them: indexes, row types, array types and the relations of composite types. What only names the schema
-- ('store'::regnamespace) is, and what lies in it and names it is twice.
members as materialized (
  select d.classid, d.objid, d.xmin
  from space, lateral (select classid, objid, xmin from pg_catalog.pg_depend
                       where refclassid = 'pg_catalog.pg_namespace'::regclass and refobjid = space.oid offset 0) d
),
functions as materialized (
  select p.*
  from (select distinct objid from members where classid = 'pg_catalog.pg_proc'::regclass) m,
       lateral (select oid, prorettype, xmin from pg_catalog.pg_proc
                where oid = m.objid and pronamespace = (select oid from space) offset 0) p
),
relations as materialized (
  select c.*
  from (select objid as oid from members where classid = 'pg_catalog.pg_class'::regclass
        union
        select t.typrelid
        from members, lateral (select typrelid from pg_catalog.pg_type where oid = members.objid and typtype = 'c' offset 0) t
        where classid = 'pg_catalog.pg_type'::regclass) m,
       lateral (select oid, relkind, reltype, xmin from pg_catalog.pg_class
                where oid = m.oid and relnamespace = (select oid from space) and relkind not in ('i', 'I') offset 0) c
),
indexes as materialized (
  select i.indexrelid as oid, i.xmin
  from relations r, lateral (select indexrelid, xmin from pg_catalog.pg_index where indrelid = r.oid offset 0) i
  where r.relkind in ('r', 'p', 'm')
),
here as materialized (
  select oid, relkind, xmin from relations
  union all select c.* from indexes i, lateral (select oid, relkind, xmin from pg_catalog.pg_class where oid = i.oid offset 0) c
),
elements as materialized (
  select t.*
  from (select objid as oid from members where classid = 'pg_catalog.pg_type'::regclass
        union select reltype from relations
        union select prorettype from functions) m, -- for a multirange: older minor releases do not write down its schema
       lateral (select oid, typtype, typarray, xmin from pg_catalog.pg_type
                where oid = m.oid and typnamespace = (select oid from space)
                  and (typarray <> 0 or typelem = 0) offset 0) t -- an array is what has elements and no array of its own
),
types as materialized (
  select oid, typtype, xmin from elements
  union all
  select t.* from elements e, lateral (select oid, typtype, xmin from pg_catalog.pg_type where oid = e.typarray offset 0) t
),
versions (xid) as (
  select xmin from space
  union all select xmin from here
  union all select xmin from types
  union all select xmin from functions
  union all select xmin from members
  union all select xmin from indexes
  union all select a.xmin from here, lateral (select xmin from pg_catalog.pg_attribute where attrelid = here.oid and attnum > 0 offset 0) a
  union all select i.xmin from here, lateral (select xmin from pg_catalog.pg_inherits where inhrelid = here.oid offset 0) i
  union all select x.xmin
            from relations r, lateral (
              select xmin from pg_catalog.pg_attrdef where adrelid = r.oid
              union all select xmin from pg_catalog.pg_constraint where conrelid = r.oid
              union all select xmin from pg_catalog.pg_trigger where tgrelid = r.oid and not tgisinternal
              union all select xmin from pg_catalog.pg_rewrite where ev_class = r.oid
              union all select xmin from pg_catalog.pg_policy where polrelid = r.oid
              offset 0) x
            where r.relkind not in ('S', 'c')
  union all select s.xmin from relations r, lateral (select xmin from pg_catalog.pg_sequence where seqrelid = r.oid offset 0) s
            where r.relkind = 'S'
  union all select k.xmin from types, lateral (select xmin from pg_catalog.pg_constraint where contypid = types.oid offset 0) k
            where types.typtype = 'd'
  union all select e.xmin from types, lateral (select xmin from pg_catalog.pg_enum where enumtypid = types.oid offset 0) e
            where types.typtype = 'e'
  union all select x.xmin
            from (select oid from here union all select oid from types union all select oid from functions
                  union all select oid from space) o,
                 lateral (select xmin from pg_catalog.pg_description where objoid = o.oid offset 0) x
  union all select x.xmin
            from (select distinct objid from members where classid = 'pg_catalog.pg_default_acl'::regclass) m,
                 lateral (select xmin from pg_catalog.pg_default_acl
                          where oid = m.objid and defaclnamespace = (select oid from space) offset 0) x
  union all select s.xmin
            from (select distinct objid from members where classid = 'pg_catalog.pg_statistic_ext'::regclass) m,
                 lateral (select xmin from pg_catalog.pg_statistic_ext
                          where oid = m.objid and stxnamespace = (select oid from space) offset 0) s
)
select count(*) || ':' || sum(xid::text::int8) from versions
