-- The relations of a schema ($1): stands before the questions that read them. Over indexes (OFFSET 0), not the whole
-- catalogs: these have the rows of every store.
with members as materialized (
  select d.classid, d.objid
  from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_namespace'::regclass
    and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
),
relations as materialized (
  select c.*
  from (
    select m.objid as oid from members m where m.classid = 'pg_catalog.pg_class'::regclass
    union
    select (select t.typrelid from pg_catalog.pg_type t where t.oid = m.objid and t.typtype = 'c')
    from members m where m.classid = 'pg_catalog.pg_type'::regclass
  ) m
  cross join lateral (
    select c.* from pg_catalog.pg_class c
    where c.oid = m.oid and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
    offset 0
  ) c
)
