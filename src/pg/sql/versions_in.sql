-- How many rows the catalogs have for what is in a schema ($1) with the sum of their versions, and the bytes of its tables:
-- whoever changes a definition, a right or a comment makes the one another, whoever writes a row the other. Statistics and
-- VACUUM do not. Of what is neither relation, function nor type only coming and going is seen.
with space as materialized (
  select n.oid, n.xmin from pg_catalog.pg_namespace n where n.nspname::text = $1
),
here as materialized (
  select c.oid, c.relkind, c.xmin from pg_catalog.pg_class c where c.relnamespace = (select oid from space)
),
types as materialized (
  select t.oid, t.typtype, t.xmin from pg_catalog.pg_type t where t.typnamespace = (select oid from space)
),
functions as materialized (
  select p.oid, p.xmin from pg_catalog.pg_proc p where p.pronamespace = (select oid from space)
),
-- A look into an index for each (OFFSET 0), not the whole catalog: that has the rows of every store.
versions (xid) as (
  select xmin from space
  union all select xmin from here
  union all select xmin from types
  union all select xmin from functions
  union all select a.xmin from here, lateral (select xmin from pg_catalog.pg_attribute where attrelid = here.oid and attnum > 0 offset 0) a
  union all select d.xmin from here, lateral (select xmin from pg_catalog.pg_attrdef where adrelid = here.oid offset 0) d
  union all select k.xmin from here, lateral (select xmin from pg_catalog.pg_constraint where conrelid = here.oid offset 0) k
  union all select k.xmin from types, lateral (select xmin from pg_catalog.pg_constraint where contypid = types.oid offset 0) k
            where types.typtype = 'd'
  union all select i.xmin from here, lateral (select xmin from pg_catalog.pg_index where indrelid = here.oid offset 0) i
            where here.relkind in ('r', 'p', 'm', 't')
  union all select i.xmin from here, lateral (select xmin from pg_catalog.pg_inherits where inhrelid = here.oid offset 0) i
  union all select s.xmin from here, lateral (select xmin from pg_catalog.pg_sequence where seqrelid = here.oid offset 0) s
            where here.relkind = 'S'
  union all select t.xmin from here, lateral (select xmin from pg_catalog.pg_trigger where tgrelid = here.oid and not tgisinternal offset 0) t
            where here.relkind in ('r', 'p', 'v', 'f')
  union all select r.xmin from here, lateral (select xmin from pg_catalog.pg_rewrite where ev_class = here.oid offset 0) r
            where here.relkind in ('r', 'p', 'v', 'm', 'f')
  union all select p.xmin from here, lateral (select xmin from pg_catalog.pg_policy where polrelid = here.oid offset 0) p
            where here.relkind in ('r', 'p')
  union all select e.xmin from types, lateral (select xmin from pg_catalog.pg_enum where enumtypid = types.oid offset 0) e
            where types.typtype = 'e'
  union all select x.xmin
            from (select oid from here union all select oid from types union all select oid from functions
                  union all select oid from space) o,
                 lateral (select xmin from pg_catalog.pg_description where objoid = o.oid offset 0) x
  union all select x.xmin from pg_catalog.pg_default_acl x where x.defaclnamespace = (select oid from space)
  union all select x.xmin from pg_catalog.pg_statistic_ext x where x.stxnamespace = (select oid from space)
  union all select d.xmin from pg_catalog.pg_depend d
            where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = (select oid from space)
)
select (select count(*) from versions) || ':' || (select sum(xid::text::int8) from versions) as versions,
       coalesce((select sum(pg_catalog.pg_relation_size(oid)) from here where relkind = 'r'), 0)::int8 as bytes
