-- Objects outside the schema ($1) that a DROP … CASCADE of it would take along, or that would keep it from being dropped.
with recursive inside as (
    select 'pg_catalog.pg_class'::regclass::oid as classid, c.oid as objid
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = $1
    union all
    select 'pg_catalog.pg_type'::regclass::oid, t.oid
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where n.nspname = $1
    union all
    select 'pg_catalog.pg_proc'::regclass::oid, p.oid
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = $1
),
hanging as (
    select d.classid, d.objid, d.objsubid
    from pg_catalog.pg_depend d join inside i on i.classid = d.refclassid and i.objid = d.refobjid
    where d.deptype in ('n', 'a')
)
select distinct i.type || ' ' || i.identity
from hanging h, lateral pg_catalog.pg_identify_object(h.classid, h.objid, h.objsubid) i
where coalesce(
    case h.classid
        when 'pg_catalog.pg_class'::regclass then (select relnamespace from pg_catalog.pg_class where oid = h.objid)
        when 'pg_catalog.pg_type'::regclass then (select typnamespace from pg_catalog.pg_type where oid = h.objid)
        when 'pg_catalog.pg_proc'::regclass then (select pronamespace from pg_catalog.pg_proc where oid = h.objid)
        when 'pg_catalog.pg_constraint'::regclass then (select connamespace from pg_catalog.pg_constraint where oid = h.objid)
        when 'pg_catalog.pg_attrdef'::regclass then
            (select c.relnamespace from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid where d.oid = h.objid)
        when 'pg_catalog.pg_rewrite'::regclass then
            (select c.relnamespace from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class where r.oid = h.objid)
        when 'pg_catalog.pg_trigger'::regclass then
            (select c.relnamespace from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid where t.oid = h.objid)
        when 'pg_catalog.pg_policy'::regclass then
            (select c.relnamespace from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid where p.oid = h.objid)
        when 'pg_catalog.pg_statistic_ext'::regclass then (select stxnamespace from pg_catalog.pg_statistic_ext where oid = h.objid)
        when 'pg_catalog.pg_operator'::regclass then (select oprnamespace from pg_catalog.pg_operator where oid = h.objid)
    end, 0) <> (select oid from pg_catalog.pg_namespace where nspname = $1)
  and i.type <> 'default acl'
order by 1
