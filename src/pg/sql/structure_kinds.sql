-- Which kinds of objects a schema ($1) has: to plan a question to a catalog takes longer than to answer that nothing is there.
with members as materialized (
  select d.classid, d.objid
  from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_namespace'::regclass
    and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
)
select
  exists (select from members where classid = 'pg_catalog.pg_type'::regclass) as types,
  exists (select from members where classid = 'pg_catalog.pg_proc'::regclass) as functions,
  exists (
    select from members
    where classid not in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_proc'::regclass,
                          'pg_catalog.pg_statistic_ext'::regclass, 'pg_catalog.pg_constraint'::regclass)
  ) as other,
  exists (select from members where classid = 'pg_catalog.pg_statistic_ext'::regclass)
  or exists (
    select from members m
    cross join lateral (
      select from pg_catalog.pg_trigger t where t.tgrelid = m.objid and not t.tgisinternal
      union all
      select from pg_catalog.pg_rewrite w where w.ev_class = m.objid and w.rulename <> '_RETURN'
      union all
      select from pg_catalog.pg_policy p where p.polrelid = m.objid
      offset 0 -- over their indexes
    ) x
    where m.classid = 'pg_catalog.pg_class'::regclass
  ) as rules
