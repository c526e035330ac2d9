-- Foreign keys over which tables hang from the listed tables, over any number of steps; those that a partition has
-- from its parent are left out. Tables that are settled are told and not passed through.
-- $1: schema, $2: listed tables, as a JSON list of names, $3: settled tables, as a JSON list of [schema, name]
with recursive
  listed (oid) as (
    select c.oid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1::text and c.relname::text in (select jsonb_array_elements_text($2::jsonb))
    union
    select h.inhrelid
    from listed l
    join pg_catalog.pg_inherits h on h.inhparent = l.oid
    join pg_catalog.pg_class c on c.oid = h.inhrelid
    where c.relispartition
  ),
  settled (oid) as (
    select c.oid
    from jsonb_array_elements($3::jsonb) s
    join pg_catalog.pg_namespace n on n.nspname::text = s ->> 0
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname::text = s ->> 1
  ),
  hanging (key, child) as (
    select k.oid, k.conrelid
    from pg_catalog.pg_constraint k
    where k.contype = 'f' and k.conparentid = 0
      and k.confrelid in (select oid from listed) and k.conrelid not in (select oid from listed)
    union
    select k.oid, k.conrelid
    from hanging h
    join pg_catalog.pg_constraint k on k.confrelid = h.child
    where k.contype = 'f' and k.conparentid = 0 and k.conrelid <> k.confrelid
      and k.conrelid not in (select oid from listed) and h.child not in (select oid from settled)
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
  k.convalidated or not coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) as validated, -- 18: not enforced
  coalesce((to_jsonb(k) ->> 'conperiod')::bool, false) as has_period, -- 18
  k.confdeltype = 'c' as cascades,
  c.oid in (select oid from settled) as is_settled
from hanging h
join pg_catalog.pg_constraint k on k.oid = h.key
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class pc on pc.oid = k.confrelid
join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
order by n.nspname::text collate "C", c.relname::text collate "C", k.conname::text collate "C"
