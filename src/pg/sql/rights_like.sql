-- Statements that give the objects of schema $2 the owners and rights that those of schema $1 have, by name.
with roles as (
    select oid, format('%I', rolname) as name from pg_catalog.pg_roles union all select 0, 'public'
),
spaces as (
    select a.oid as from_oid, b.oid as to_oid, a.nspowner as owner, b.nspowner as new_owner, a.nspacl as acl, b.nspname as name
    from pg_catalog.pg_namespace a, pg_catalog.pg_namespace b where a.nspname = $1::text and b.nspname::text = $2
),
objects as (
    select 'schema' as word, 'schema' as grant_word, format('%I', name) as name, owner, new_owner, acl, true as may_own
    from spaces
    union all
    select case b.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view'
               when 'f' then 'foreign table' else 'table' end,
           case b.relkind when 'S' then 'sequence' else 'table' end,
           format('%I.%I', s.name, b.relname), a.relowner, b.relowner, a.relacl,
           not exists (select from pg_catalog.pg_depend d
                       where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = b.oid and b.relkind = 'S'
                         and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i'))
    from spaces s
    join pg_catalog.pg_class a on a.relnamespace = s.from_oid and a.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    join pg_catalog.pg_class b on b.relnamespace = s.to_oid and b.relname = a.relname and b.relkind = a.relkind
    union all
    select 'routine', 'routine',
           format('%I.%I(%s)', s.name, b.proname, pg_catalog.pg_get_function_identity_arguments(b.oid)),
           a.proowner, b.proowner, a.proacl, true
    from spaces s
    join pg_catalog.pg_proc a on a.pronamespace = s.from_oid
    join pg_catalog.pg_proc b on b.pronamespace = s.to_oid and b.proname = a.proname
     and replace(pg_catalog.pg_get_function_identity_arguments(b.oid), format('%I.', $2), '')
       = replace(pg_catalog.pg_get_function_identity_arguments(a.oid), format('%I.', $1), '')
    union all
    select case b.typtype when 'd' then 'domain' else 'type' end, 'type', format('%I.%I', s.name, b.typname),
           a.typowner, b.typowner, a.typacl, true
    from spaces s
    join pg_catalog.pg_type a on a.typnamespace = s.from_oid and a.typtype in ('e', 'd', 'c', 'r') and a.typrelid = 0
    join pg_catalog.pg_type b on b.typnamespace = s.to_oid and b.typname = a.typname and b.typtype = a.typtype
),
statements as (
    select 1 as step, o.word, o.name, format('alter %s %s owner to %s', o.word, o.name, r.name) as sql
    from objects o join roles r on r.oid = o.owner where o.owner <> o.new_owner and o.may_own
    union all
    select 2, word, name, format('revoke all on %s %s from public', grant_word, name) from objects where acl is not null
    union all
    select 3, o.word, o.name,
           format('grant %s on %s %s to %s%s', g.privilege_type, o.grant_word, o.name, r.name,
                  case when g.is_grantable then ' with grant option' else '' end)
    from objects o, pg_catalog.aclexplode(o.acl) g join roles r on r.oid = g.grantee
    where g.grantee <> o.owner
    union all
    select 4, 'column', format('%I.%I', s.name, b.relname),
           format('grant %s (%I) on table %I.%I to %s%s', g.privilege_type, at.attname, s.name, b.relname, r.name,
                  case when g.is_grantable then ' with grant option' else '' end)
    from spaces s
    join pg_catalog.pg_class a on a.relnamespace = s.from_oid
    join pg_catalog.pg_class b on b.relnamespace = s.to_oid and b.relname = a.relname
    join pg_catalog.pg_attribute at on at.attrelid = a.oid and at.attacl is not null and not at.attisdropped,
    pg_catalog.aclexplode(at.attacl) g join roles r on r.oid = g.grantee
    union all
    select 5, 'default', format('%I', s.name),
           format('alter default privileges for role %s in schema %I grant %s on %s to %s%s', o.name, s.name, g.privilege_type,
                  case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines' else 'types' end,
                  r.name, case when g.is_grantable then ' with grant option' else '' end)
    from spaces s
    join pg_catalog.pg_default_acl d on d.defaclnamespace = s.from_oid
    join roles o on o.oid = d.defaclrole,
    pg_catalog.aclexplode(d.defaclacl) g join roles r on r.oid = g.grantee
)
select sql from statements order by step, word, name, sql
