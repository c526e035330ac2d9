-- What refuses a second row: unique and exclusion indexes of the tables of a schema.
-- $1: schema
select
  c.relname::text as table_name,
  ic.relname::text as name,
  array(
    select a.attname::text
    from generate_series(0, i.indnkeyatts - 1) at
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[at] and a.attnum <> 0
    order by at
  ) as columns,
  array(
    select pg_catalog.pg_get_indexdef(i.indexrelid, at + 1, true)
    from generate_series(0, i.indnkeyatts - 1) at
    order by at
  ) as expressions,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) as predicate,
  coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) as nulls_not_distinct, -- 15
  array(
    select pg_catalog.format('operator(%I.%s)', opn.nspname, op.oprname)
    from pg_catalog.pg_constraint k
    cross join lateral unnest(k.conexclop) with ordinality as x (operator, at)
    join pg_catalog.pg_operator op on op.oid = x.operator
    join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace
    where k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype = 'x'
    order by x.at
  ) as operators,
  i.indisexclusion as is_exclusion,
  i.indisprimary as is_primary,
  not i.indimmediate as is_deferrable
from pg_catalog.pg_class c
join pg_catalog.pg_index i on i.indrelid = c.oid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
where c.oid in (
  select d.objid from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
    and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
)
  and (i.indisunique or i.indisexclusion)
order by c.relname::text collate "C", i.indisprimary desc, ic.relname::text collate "C"
