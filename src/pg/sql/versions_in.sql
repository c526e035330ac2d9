-- Which versions the catalogs have of all that is in a schema ($1), as one text: the same text, the same definitions.
-- Statistics and VACUUM change none of these rows.
with here as materialized (
  select c.oid, c.reltype from pg_catalog.pg_class c
  where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
),
versions (catalog, xid, place) as (
  select 'class', c.xmin, c.ctid from pg_catalog.pg_class c where c.oid in (select oid from here)
  union all
  select 'attribute', a.xmin, a.ctid from pg_catalog.pg_attribute a where a.attrelid in (select oid from here) and a.attnum > 0
  union all
  select 'attrdef', d.xmin, d.ctid from pg_catalog.pg_attrdef d where d.adrelid in (select oid from here)
  union all
  select 'constraint', k.xmin, k.ctid from pg_catalog.pg_constraint k where k.conrelid in (select oid from here)
  union all
  select 'index', i.xmin, i.ctid from pg_catalog.pg_index i where i.indrelid in (select oid from here)
  union all
  select 'trigger', t.xmin, t.ctid from pg_catalog.pg_trigger t where t.tgrelid in (select oid from here) and not t.tgisinternal
  union all
  select 'rule', r.xmin, r.ctid from pg_catalog.pg_rewrite r where r.ev_class in (select oid from here)
  union all
  select 'policy', p.xmin, p.ctid from pg_catalog.pg_policy p where p.polrelid in (select oid from here)
  union all
  select 'function', p.xmin, p.ctid from pg_catalog.pg_proc p
  where p.pronamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
  union all
  select 'type', t.xmin, t.ctid from pg_catalog.pg_type t
  where t.typnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
  union all
  select 'statistics', s.xmin, s.ctid from pg_catalog.pg_statistic_ext s
  where s.stxnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = $1)
)
select count(*) || ':' || coalesce(sum(pg_catalog.hashtextextended(concat_ws(' ', catalog, xid, place), 0)::numeric), 0)
from versions
