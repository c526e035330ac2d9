-- Foreign keys from or to the tables of a schema. Those that a partition has from its parent are left out. One that is
-- not enforced (18) has nothing to validate.
-- $1: schema. Over indexes (OFFSET 0), not the whole catalog: that has the keys of every store.
with here as materialized (
  select c.oid
  from pg_catalog.pg_namespace n
  cross join lateral (
    select d.objid from pg_catalog.pg_depend d
    where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid
      and d.classid = 'pg_catalog.pg_class'::regclass
    offset 0
  ) d
  -- not what only names the schema
  cross join lateral (
    select c.oid from pg_catalog.pg_class c where c.oid = d.objid and c.relnamespace = n.oid offset 0
  ) c
  where n.nspname = $1::text
),
keys as materialized (
  select k.oid
  from here
  cross join lateral (select k.oid from pg_catalog.pg_constraint k where k.conrelid = here.oid offset 0) k
  union
  -- No index leads to what a key refers to; pg_depend has one.
  select d.objid
  from here
  cross join lateral (
    select d.objid from pg_catalog.pg_depend d
    where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = here.oid
      and d.classid = 'pg_catalog.pg_constraint'::regclass
    offset 0
  ) d
)
select
  k.conname::text as name,
  n.nspname::text as schema,
  c.relname::text as table_name,
  pn.nspname::text as parent_schema,
  pc.relname::text as parent_name,
  array(
    select a.attname::text from unnest(k.conkey) with ordinality as x (attnum, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.attnum
    order by x.at
  ) as columns,
  array(
    select a.attname::text from unnest(k.confkey) with ordinality as x (attnum, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.attnum
    order by x.at
  ) as parent_columns,
  k.convalidated or not coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) as validated,
  coalesce((to_jsonb(k) ->> 'conperiod')::bool, false) as has_period -- 18
from keys
cross join lateral (
  select k.* from pg_catalog.pg_constraint k
  where k.oid = keys.oid and k.contype = 'f' and k.conparentid = 0
  offset 0
) k
cross join lateral (select c.relname, c.relnamespace from pg_catalog.pg_class c where c.oid = k.conrelid offset 0) c
cross join lateral (select c.relname, c.relnamespace from pg_catalog.pg_class c where c.oid = k.confrelid offset 0) pc
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
order by n.nspname::text collate "C", c.relname::text collate "C", k.conname::text collate "C"
