-- What the other questions do not describe (operators, collations, text search …) is at least named; so are default
-- privileges, but for those of the store's own role, which is made beside the template.
select i.type || ' ' || replace(i.identity, quote_ident(n.nspname) || '.', '') as name, '' as definition
from pg_catalog.pg_namespace n
join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid
cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i
where n.nspname = $1::text and d.deptype = 'n'
  and d.classid not in (
    'pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_proc'::regclass,
    'pg_catalog.pg_statistic_ext'::regclass, 'pg_catalog.pg_constraint'::regclass
  )
union all
select
  'default privileges on ' || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
    when 'f' then 'functions' when 'T' then 'types' else d.defaclobjtype::text end
    || ' made by ' || case d.defaclrole when n.nspowner then 'the owner' else quote_ident(r.rolname) end,
  coalesce((
    select string_agg(
      coalesce(quote_ident(g.rolname), 'public') || ' ' || lower(x.privilege_type)
        || case when x.is_grantable then ' with grant option' else '' end,
      ', ' order by g.rolname::text collate "C", x.privilege_type
    )
    from pg_catalog.aclexplode(d.defaclacl) x left join pg_catalog.pg_roles g on g.oid = x.grantee
    where pg_catalog.shobj_description(x.grantee, 'pg_authid')
      is distinct from 'tenantctl: schema ' || $1 || ' of database ' || current_database()
  ), '')
from pg_catalog.pg_default_acl d
join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
join pg_catalog.pg_roles r on r.oid = d.defaclrole
where n.nspname = $1::text
  -- Where its own role was the only one to be given anything, what is left says what holds anyhow.
  and exists (
    select from pg_catalog.aclexplode(d.defaclacl) x
    where x.grantee <> d.defaclrole and pg_catalog.shobj_description(x.grantee, 'pg_authid')
      is distinct from 'tenantctl: schema ' || $1 || ' of database ' || current_database()
  )
