-- What may lead out of a store schema, or into it, as the catalogs have it: code, whether it is a leak (else a note),
-- object, sentence, remedy.
-- $1: role, $2: its schema, $3: the shared schema, $4 and $5: schemas and names of the common tables that it may use,
-- $6: the shared tables, $7: the roles of all stores
with recursive
  me as (select r.* from pg_catalog.pg_roles r where r.rolname::text = $1),
  own as (select n.* from pg_catalog.pg_namespace n where n.nspname::text = $2),
  common as (
    select c.oid, c.relnamespace
    from unnest($4::text[], $5::text[]) as t (schema_name, name)
    join pg_catalog.pg_namespace n on n.nspname::text = t.schema_name
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname::text = t.name
  ),
  -- Not PostgreSQL's own and not the store's.
  outside as (
    select n.* from pg_catalog.pg_namespace n
    where n.nspname::text not in ($2, 'information_schema') and n.nspname::text !~ '^pg_'
  ),
  looked_at as (
    select n.* from pg_catalog.pg_namespace n where n.nspname::text in ($2, $3, 'tenantctl')
  ),
  upward (roleid, path) as (
    select a.roleid, array[a.roleid] from pg_catalog.pg_auth_members a, me where a.member = me.oid
    union
    select a.roleid, u.path || a.roleid
    from upward u join pg_catalog.pg_auth_members a on a.member = u.roleid where a.roleid <> all (u.path)
  ),
  downward (member, path) as (
    select a.member, array[a.member] from pg_catalog.pg_auth_members a, me where a.roleid = me.oid
    union
    select a.member, d.path || a.member
    from downward d join pg_catalog.pg_auth_members a on a.roleid = d.member where a.member <> all (d.path)
  ),
  -- Who owns anything outside the schema, or everything.
  strong as (
    select r.oid from pg_catalog.pg_roles r
    where r.rolsuper or r.oid in (select o.nspowner from outside o)
      or exists (
        select from pg_catalog.pg_class c where c.relowner = r.oid and c.relnamespace in (select o.oid from outside o)
      )
  ),
  functions as (
    select p.oid, p.oid::regprocedure::text as name, p.pronamespace, p.prosecdef, p.proowner,
           case p.prokind when 'p' then 'procedure' else 'function' end as kind,
           exists (
             select from pg_catalog.pg_depend d
             where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
           ) as of_extension
    from pg_catalog.pg_proc p
    where p.pronamespace in (select oid from outside union all select oid from own)
  ),
  -- Views and materialized views, and what they read, through each other.
  reads (view, relation) as (
    select w.ev_class, d.refobjid
    from pg_catalog.pg_rewrite w
    join pg_catalog.pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
     and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> w.ev_class
    where v.relnamespace in (select oid from outside union all select oid from own)
  ),
  reaches (view, relation) as (
    select view, relation from reads
    union
    select r.view, n.relation from reaches r join reads n on n.view = r.relation
  )

-- What everybody may do
select 'public_grant' as code, true as leaks, 'schema ' || n.nspname as object,
       'everybody (PUBLIC) has ' || string_agg(x.privilege_type, ', ' order by x.privilege_type) || ' on schema ' || n.nspname
         as message,
       format('revoke %s on schema %I from public', string_agg(lower(x.privilege_type), ', '), n.nspname) as remedy
from looked_at n cross join lateral pg_catalog.aclexplode(n.nspacl) x
where x.grantee = 0 and (x.privilege_type = 'CREATE' or n.nspname::text <> $3)
group by n.nspname
union all
select 'public_grant', not (string_agg(x.privilege_type, '') = 'SELECT' and c.oid in (select oid from common)),
       n.nspname || '.' || c.relname,
       'everybody (PUBLIC) has ' || string_agg(x.privilege_type, ', ' order by x.privilege_type) || ' on '
         || n.nspname || '.' || c.relname,
       format('revoke all on %I.%I from public', n.nspname, c.relname)
from looked_at n
join pg_catalog.pg_class c on c.relnamespace = n.oid
cross join lateral (
  select x.grantee, x.privilege_type from pg_catalog.aclexplode(c.relacl) x
  union
  select x.grantee, x.privilege_type
  from pg_catalog.pg_attribute a cross join lateral pg_catalog.aclexplode(a.attacl) x
  where a.attrelid = c.oid and a.attacl is not null
) x
where x.grantee = 0
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
group by n.nspname, c.relname, c.oid
union all
select 'public_grant', x.privilege_type = 'CREATE', 'database ' || d.datname,
       'everybody (PUBLIC) has ' || x.privilege_type || ' on database ' || d.datname,
       format('revoke %s on database %I from public', lower(x.privilege_type), d.datname)
from pg_catalog.pg_database d
cross join lateral pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) x
where d.datname = current_database() and x.grantee = 0 and x.privilege_type in ('CREATE', 'TEMPORARY')

-- Functions that run with their owner's rights
union all
select 'security_definer', true, f.kind || ' ' || f.name,
       f.kind || ' ' || f.name || ' runs with the rights of ' || o.rolname || ' (SECURITY DEFINER), and the role may call it',
       format('revoke execute on %s %s from public, %I', f.kind, f.name, me.rolname)
from me, own, functions f join pg_catalog.pg_roles o on o.oid = f.proowner
where f.prosecdef and not f.of_extension and f.proowner <> me.oid
  and pg_catalog.has_function_privilege(me.oid, f.oid, 'execute')
  and pg_catalog.has_schema_privilege(me.oid, f.pronamespace, 'usage')
  and (f.pronamespace <> own.oid or f.proowner in (select oid from strong))

-- Views that read with their owner's rights
union all
select 'view', true, n.nspname || '.' || v.relname,
       case v.relkind when 'm' then 'materialized view ' else 'view ' end || n.nspname || '.' || v.relname
         || ' reads ' || string_agg(distinct t.nspname || '.' || c.relname, ', ') || ' with the rights of ' || o.rolname
         || ', and the role may read it',
       case when v.relkind = 'v' and current_setting('server_version_num')::int4 >= 150000
         then format('alter view %I.%I set (security_invoker = true)', n.nspname, v.relname)
         else format('revoke select on %I.%I from public, %I', n.nspname, v.relname, me.rolname) end
from me, reaches r
join pg_catalog.pg_class v on v.oid = r.view
join pg_catalog.pg_namespace n on n.oid = v.relnamespace
join pg_catalog.pg_roles o on o.oid = v.relowner
join pg_catalog.pg_class c on c.oid = r.relation and c.relkind in ('r', 'p', 'f', 'm')
join outside t on t.oid = c.relnamespace
where v.relowner <> me.oid
  and not coalesce(array_to_string(v.reloptions, ',') ~ 'security_invoker=(true|on|yes|1)', false)
  and pg_catalog.has_any_column_privilege(me.oid, v.oid, 'select')
  and pg_catalog.has_schema_privilege(me.oid, n.oid, 'usage')
  and v.oid not in (select oid from common) and c.oid not in (select oid from common)
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid in (v.oid, c.oid) and d.deptype = 'e'
  )
group by n.nspname, v.relname, v.relkind, o.rolname, me.rolname

-- Keys and triggers of the schema that reach out
union all
select 'foreign_key',
       not (p.relname::text <> all ($6) and t.nspname::text = $3),
       $2 || '.' || c.relname,
       'foreign key ' || k.conname || ' of ' || c.relname || ' tells which keys ' || t.nspname || '.' || p.relname || ' has',
       format('alter table %I.%I drop constraint %I', $2, c.relname, k.conname)
         || case when p.relname::text <> all ($6) and t.nspname::text = $3
              then format('; -- or name %s.%s in [role] common', t.nspname, p.relname) else '' end
from own
join pg_catalog.pg_class c on c.relnamespace = own.oid
join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'f' and k.conparentid = 0
join pg_catalog.pg_class p on p.oid = k.confrelid
join outside t on t.oid = p.relnamespace
where p.oid not in (select oid from common)
union all
select 'foreign_key', true, t.nspname || '.' || c.relname,
       'foreign key ' || k.conname || ' of ' || t.nspname || '.' || c.relname || ' refers to ' || $2 || '.' || p.relname,
       format('alter table %I.%I drop constraint %I', t.nspname, c.relname, k.conname)
from own
join pg_catalog.pg_class p on p.relnamespace = own.oid
join pg_catalog.pg_constraint k on k.confrelid = p.oid and k.contype = 'f' and k.conparentid = 0
join pg_catalog.pg_class c on c.oid = k.conrelid
join outside t on t.oid = c.relnamespace
union all
select 'trigger',
       f.prosecdef or n.nspname::text <> $3,
       $2 || '.' || c.relname,
       'trigger ' || g.tgname || ' of ' || c.relname || ' runs ' || f.name
         || case when f.prosecdef then ' with the rights of ' || o.rolname else ', outside the schema' end,
       format('drop trigger %I on %I.%I', g.tgname, $2, c.relname)
from own
join pg_catalog.pg_class c on c.relnamespace = own.oid
join pg_catalog.pg_trigger g on g.tgrelid = c.oid and not g.tgisinternal
join functions f on f.oid = g.tgfoid
join pg_catalog.pg_roles o on o.oid = f.proowner
join pg_catalog.pg_namespace n on n.oid = f.pronamespace
where not f.of_extension
  and (f.pronamespace <> own.oid or f.prosecdef and f.proowner in (select oid from strong))

-- What will be granted on what is still to be made
union all
select 'default_privilege', true,
       coalesce('schema ' || n.nspname, 'database ' || current_database()),
       'what ' || o.rolname
         || case when n.nspname is null then ' makes will be given to '
              else ' makes in schema ' || n.nspname || ' will be given to ' end
         || case x.grantee when 0 then 'everybody (PUBLIC)' else g.rolname end || ': '
         || string_agg(x.privilege_type, ', ' order by x.privilege_type) || ' on '
         || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
              when 'T' then 'types' else 'schemas' end,
       format('alter default privileges for role %I%s revoke all on %s from %s', o.rolname,
              coalesce(' in schema ' || quote_ident(n.nspname), ''),
              case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'routines'
                when 'T' then 'types' else 'schemas' end,
              case x.grantee when 0 then 'public' else quote_ident(g.rolname) end)
from me, own, pg_catalog.pg_default_acl d
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
join pg_catalog.pg_roles o on o.oid = d.defaclrole
cross join lateral pg_catalog.aclexplode(d.defaclacl) x
left join pg_catalog.pg_roles g on g.oid = x.grantee
where (
    (x.grantee = 0 and d.defaclobjtype in ('r', 'S', 'n')
      and (d.defaclnamespace = 0 or d.defaclnamespace in (select oid from looked_at)))
    or (x.grantee = me.oid and d.defaclnamespace <> own.oid)
    or (d.defaclnamespace = own.oid and x.grantee <> me.oid and g.rolname::text = any ($7))
  )
group by o.rolname, n.nspname, x.grantee, g.rolname, d.defaclobjtype

-- What the role is, and whose rights it has
union all
select 'attribute', true, 'role ' || me.rolname, 'role ' || me.rolname || ' is ' || a.word,
       format('alter role %I %s', me.rolname, a.remedy)
from me cross join lateral (values
  (me.rolsuper, 'a superuser', 'nosuperuser'), (me.rolcreaterole, 'CREATEROLE', 'nocreaterole'),
  (me.rolcreatedb, 'CREATEDB', 'nocreatedb'), (me.rolbypassrls, 'BYPASSRLS', 'nobypassrls'),
  (me.rolreplication, 'REPLICATION', 'noreplication')
) as a (has_it, word, remedy)
where a.has_it
union all
select distinct on (u.roleid) 'membership',
       r.oid in (select oid from strong) or r.rolname like 'pg\_%' or r.rolname::text = any ($7)
         or r.rolcreaterole or r.rolbypassrls or r.rolreplication or r.rolcreatedb,
       'role ' || r.rolname,
       'role ' || me.rolname || ' is a member of ' || r.rolname
         || case when cardinality(u.path) > 1 then ' through ' || (
              select p.rolname from pg_catalog.pg_roles p where p.oid = u.path[1]
            ) else '' end
         || case
              when r.rolsuper then ', a superuser'
              when r.rolname::text = any ($7) then ', the role of another store'
              when r.oid in (select oid from strong) then ', which owns what lies outside its schema'
              when r.rolname like 'pg\_%' then ', a role with rights in every schema or on the server'
              else ''
            end,
       format('revoke %I from %I', (select p.rolname from pg_catalog.pg_roles p where p.oid = u.path[1]), me.rolname)
from me, upward u join pg_catalog.pg_roles r on r.oid = u.roleid
union all
select distinct on (d.member) 'membership', m.rolname::text = any ($7), 'role ' || m.rolname,
       'role ' || m.rolname || ' may act as ' || me.rolname
         || case when m.rolname::text = any ($7) then ', though it is the role of another store' else '' end,
       format('revoke %I from %I', me.rolname, m.rolname)
from me, downward d join pg_catalog.pg_roles m on m.oid = d.member
where m.rolname <> current_user and not m.rolsuper

-- Other stores' roles that may enter
union all
select 'entered', true, 'role ' || r.rolname,
       'role ' || r.rolname || ', of another store, may use schema ' || $2,
       format('revoke all on schema %I from %I', $2, r.rolname)
from me, own, pg_catalog.pg_roles r
where r.rolname::text = any ($7) and r.oid <> me.oid and not r.rolsuper
  and pg_catalog.has_schema_privilege(r.oid, own.oid, 'usage')

-- Where a bare name leads
union all
select 'search_path', true, 'role ' || me.rolname,
       case
         when s.path is null then 'role ' || me.rolname || ' has no search_path of its own in this database'
         else 'role ' || me.rolname || ' has search_path ' || s.path
       end,
       format('alter role %I in database %I set search_path = %I', me.rolname, current_database(), $2)
from me left join lateral (
  select pg_catalog.substr(c.setting, 13) as path
  from pg_catalog.pg_db_role_setting d cross join lateral unnest(d.setconfig) as c (setting)
  where d.setrole = me.oid and c.setting like 'search\_path=%'
    and d.setdatabase = (select oid from pg_catalog.pg_database where datname = current_database())
) s on true
where s.path is null
  or (regexp_split_to_array(s.path, ', *'))[1] <> quote_ident($2)
  or exists (
    select from unnest((regexp_split_to_array(s.path, ', *'))[2:]) as p (part)
    where p.part in (select quote_ident(o.nspname) from outside o)
      and p.part <> quote_ident($3)
      and p.part not in (
        select quote_ident(n.nspname) from pg_catalog.pg_namespace n
        where n.oid in (select relnamespace from common union select extnamespace from pg_catalog.pg_extension)
      )
  )
order by 1, 2 desc, 3, 4
