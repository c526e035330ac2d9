-- Statements that take back what a role ($1) was given in this database: default privileges, routines, tables, schemas,
-- the database.
with me as (select oid, rolname from pg_catalog.pg_roles where rolname::text = $1)
select s.sql from (
  select distinct 1 as place,
    format('alter default privileges for role %I%s revoke all on %s from %I', o.rolname,
           coalesce(' in schema ' || quote_ident(n.nspname), ''),
           case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines'
             when 'T' then 'types' else 'schemas' end, me.rolname) as sql
  from me, pg_catalog.pg_default_acl d
  join pg_catalog.pg_roles o on o.oid = d.defaclrole
  left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral pg_catalog.aclexplode(d.defaclacl) x
  where x.grantee = me.oid
  union all
  select distinct 2, format('revoke all on routine %s from %I', p.oid::regprocedure, me.rolname)
  from me, pg_catalog.pg_proc p cross join lateral pg_catalog.aclexplode(p.proacl) x
  where x.grantee = me.oid
  union all
  select distinct 3, format('revoke all on %I.%I from %I', n.nspname, c.relname, me.rolname)
  from me, pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join lateral pg_catalog.aclexplode(c.relacl) x
  where x.grantee = me.oid
  union all
  select distinct 4, format('revoke all on schema %I from %I', n.nspname, me.rolname)
  from me, pg_catalog.pg_namespace n cross join lateral pg_catalog.aclexplode(n.nspacl) x
  where x.grantee = me.oid
  union all
  select distinct 5, format('revoke all on database %I from %I', d.datname, me.rolname)
  from me, pg_catalog.pg_database d cross join lateral pg_catalog.aclexplode(d.datacl) x
  where x.grantee = me.oid and d.datname = current_database()
) s
order by s.place, s.sql
