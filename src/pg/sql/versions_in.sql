-- How many rows the catalogs have for what is in a schema ($1) with the sum of their versions, and the bytes of its tables:
-- whoever changes a definition or writes a row makes one of them another. Statistics and VACUUM do not.
with here as materialized (
  select c.oid, c.relkind, c.xmin from pg_catalog.pg_class c
  where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
),
versions (xid) as (
  select xmin from here
  union all
  select a.xmin from here join pg_catalog.pg_attribute a on a.attrelid = here.oid where a.attnum > 0
  union all
  select d.xmin from here join pg_catalog.pg_attrdef d on d.adrelid = here.oid
  union all
  select k.xmin from here join pg_catalog.pg_constraint k on k.conrelid = here.oid
  union all
  select i.xmin from here join pg_catalog.pg_index i on i.indrelid = here.oid
  union all
  select t.xmin from here join pg_catalog.pg_trigger t on t.tgrelid = here.oid where not t.tgisinternal
  union all
  select r.xmin from here join pg_catalog.pg_rewrite r on r.ev_class = here.oid
  union all
  select p.xmin from here join pg_catalog.pg_policy p on p.polrelid = here.oid
  union all
  select p.xmin from pg_catalog.pg_proc p
  where p.pronamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
  union all
  select t.xmin from pg_catalog.pg_type t
  where t.typnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
  union all
  select s.xmin from pg_catalog.pg_statistic_ext s
  where s.stxnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
)
select (select count(*) from versions) || ':' || (select sum(xid::text::int8) from versions) as versions,
       coalesce((select sum(pg_catalog.pg_relation_size(oid)) from here where relkind = 'r'), 0)::int8 as bytes
