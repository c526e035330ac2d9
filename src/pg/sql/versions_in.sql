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
versions (xid) as (
  select xmin from space
  union all select xmin from here
  union all select xmin from types
  union all select xmin from functions
  union all select a.xmin from here join pg_catalog.pg_attribute a on a.attrelid = here.oid where a.attnum > 0
  union all select d.xmin from here join pg_catalog.pg_attrdef d on d.adrelid = here.oid
  union all select k.xmin from here join pg_catalog.pg_constraint k on k.conrelid = here.oid
  union all select k.xmin from types join pg_catalog.pg_constraint k on k.contypid = types.oid where types.typtype = 'd'
  union all select i.xmin from here join pg_catalog.pg_index i on i.indrelid = here.oid
  union all select i.xmin from here join pg_catalog.pg_inherits i on i.inhrelid = here.oid
  union all select s.xmin from here join pg_catalog.pg_sequence s on s.seqrelid = here.oid where here.relkind = 'S'
  union all select t.xmin from here join pg_catalog.pg_trigger t on t.tgrelid = here.oid where not t.tgisinternal
  union all select r.xmin from here join pg_catalog.pg_rewrite r on r.ev_class = here.oid
  union all select p.xmin from here join pg_catalog.pg_policy p on p.polrelid = here.oid
  union all select e.xmin from types join pg_catalog.pg_enum e on e.enumtypid = types.oid where types.typtype = 'e'
  union all select x.xmin from pg_catalog.pg_description x
            where x.objoid in (select oid from here union all select oid from types union all select oid from functions
                               union all select oid from space)
  union all select x.xmin from pg_catalog.pg_default_acl x where x.defaclnamespace = (select oid from space)
  union all select x.xmin from pg_catalog.pg_statistic_ext x where x.stxnamespace = (select oid from space)
  union all select d.xmin from pg_catalog.pg_depend d
            where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = (select oid from space)
)
select (select count(*) from versions) || ':' || (select sum(xid::text::int8) from versions) as versions,
       coalesce((select sum(pg_catalog.pg_relation_size(oid)) from here where relkind = 'r'), 0)::int8 as bytes
