-- What there is of a role ($1): attributes, settings in this database, members both ways, grants in this database.
select
  r.oid,
  r.rolcanlogin,
  r.rolconnlimit,
  (
    select pg_catalog.substr(s.setting, 13)
    from pg_catalog.pg_db_role_setting d cross join lateral unnest(d.setconfig) as s (setting)
    where d.setrole = r.oid and d.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
      and s.setting like 'search\_path=%'
  ),
  array(
    select distinct m.rolname::text from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.member
    where a.roleid = r.oid order by 1
  ),
  array(
    select distinct m.rolname::text from pg_catalog.pg_auth_members a join pg_catalog.pg_roles m on m.oid = a.roleid
    where a.member = r.oid order by 1
  ),
  array(
    select g.said from (
      select 1 as place, n.nspname::text as name, 'schema ' || n.nspname || ': ' || string_agg(lower(x.privilege_type), ', ' order by x.privilege_type) as said
      from pg_catalog.pg_namespace n cross join lateral pg_catalog.aclexplode(n.nspacl) x
      where x.grantee = r.oid group by n.nspname
      union all
      select 2, n.nspname::text,
             count(distinct c.oid) || case when count(distinct c.oid) = 1 then ' table' else ' tables' end || ' of '
             || n.nspname || ': ' || string_agg(distinct lower(x.privilege_type), ', ')
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      cross join lateral pg_catalog.aclexplode(c.relacl) x
      where x.grantee = r.oid and c.relkind <> 'S' and n.nspname = r.rolname_schema group by n.nspname
      union all
      select 3, n.nspname || '.' || c.relname,
             n.nspname || '.' || c.relname || ': ' || string_agg(lower(x.privilege_type), ', ' order by x.privilege_type)
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      cross join lateral pg_catalog.aclexplode(c.relacl) x
      where x.grantee = r.oid and n.nspname is distinct from r.rolname_schema group by n.nspname, c.relname
    ) g
    order by g.place, g.name
  ),
  (select count(*) from pg_catalog.pg_stat_activity a where a.usesysid = r.oid),
  pg_catalog.shobj_description(r.oid, 'pg_authid')
from (
  -- The schema of most of its grants is its own; all others are told one by one.
  select r.*, (
    select n.nspname
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral pg_catalog.aclexplode(c.relacl) x
    where x.grantee = r.oid and c.relkind <> 'S' group by n.nspname order by count(*) desc, n.nspname limit 1
  ) as rolname_schema
  from pg_catalog.pg_roles r where r.rolname::text = $1
) r
