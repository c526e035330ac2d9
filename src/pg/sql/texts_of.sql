-- Text of a schema that runs without pg_depend knowing what it touches: function bodies, and constants in defaults.
-- $1: schema
select case when p.prokind = 'p' then 'procedure ' else 'function ' end || p.proname as what,
       p.prosrc as body,
       -- search_path as the function sets it, as a list of names
       (select substr(setting, 13) from unnest(p.proconfig) setting where setting like 'search\_path=%') as path
from pg_catalog.pg_namespace n
cross join lateral (
  select p.* from pg_catalog.pg_proc p
  where p.pronamespace = n.oid and p.oid in (
    select d.objid from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
      and d.refobjid = n.oid
  )
  offset 0
) p
join pg_catalog.pg_language l on l.oid = p.prolang
where n.nspname = $1::text and l.lanname not in ('c', 'internal') and p.prokind <> 'a'
union all
select 'default of ' || c.relname || '.' || a.attname, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid), null
from pg_catalog.pg_attrdef ad
join pg_catalog.pg_class c on c.oid = ad.adrelid
join pg_catalog.pg_attribute a on a.attrelid = ad.adrelid and a.attnum = ad.adnum
where c.oid in (
  select d.objid from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
    and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
)
  -- a regclass constant is a dependency, and told as one; here only what is still text
  and not exists (
    select from pg_catalog.pg_depend d
    join pg_catalog.pg_class s on s.oid = d.refobjid and s.oid <> c.oid
    where d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = ad.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass
  )
