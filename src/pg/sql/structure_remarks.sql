-- Comments, owners that are not the schema's owner, and grants, on everything in the schema and on the schema itself.
with
  home as (select oid, nspname, nspowner, nspacl from pg_catalog.pg_namespace where nspname::text = $1),
  -- Read once: no index finds them by their schema.
  relations as materialized (
    select c.oid, c.relkind, c.relowner, c.relacl, h.nspowner
    from pg_catalog.pg_class c join home h on c.relnamespace = h.oid
  ),
  -- kind: the letter acldefault knows the object by; none where nothing can be granted
  objects (classid, objid, objsubid, owner, acl, kind) as (
    select 'pg_catalog.pg_namespace'::regclass, h.oid, 0, h.nspowner, h.nspacl, 'n' from home h
    union all
    select 'pg_catalog.pg_class'::regclass, c.oid, 0, c.relowner, c.relacl,
           case c.relkind when 'S' then 's' when 'r' then 'r' when 'p' then 'r' when 'v' then 'r' when 'm' then 'r'
             when 'f' then 'r' end
    from relations c
    where c.relkind not in ('t', 'c')
    union all
    select 'pg_catalog.pg_class'::regclass, a.attrelid, a.attnum, c.relowner, a.attacl,
           case when a.attacl is not null then 'c' end
    from relations c
    cross join lateral (
      select * from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      offset 0 -- over its index, whatever the statistics say of how many relations there are
    ) a
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
    union all
    select 'pg_catalog.pg_proc'::regclass, p.oid, 0, p.proowner, p.proacl, 'f'
    from pg_catalog.pg_proc p join home h on p.pronamespace = h.oid
    union all
    select 'pg_catalog.pg_type'::regclass, t.oid, 0, t.typowner, t.typacl, 'T'
    from pg_catalog.pg_type t join home h on t.typnamespace = h.oid
    where (t.typrelid = 0 or (select c.relkind from pg_catalog.pg_class c where c.oid = t.typrelid) = 'c')
      and not exists (select from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid)
      and t.typtype <> 'm'
    union all
    select 'pg_catalog.pg_constraint'::regclass, k.oid, 0, h.nspowner, null, null
    from pg_catalog.pg_constraint k join home h on k.connamespace = h.oid
    union all
    select 'pg_catalog.pg_trigger'::regclass, t.oid, 0, c.nspowner, null, null
    from relations c
    join pg_catalog.pg_trigger t on t.tgrelid = c.oid
    where not t.tgisinternal
    union all
    select 'pg_catalog.pg_rewrite'::regclass, w.oid, 0, c.nspowner, null, null
    from relations c
    join pg_catalog.pg_rewrite w on w.ev_class = c.oid
    union all
    select 'pg_catalog.pg_policy'::regclass, p.oid, 0, c.nspowner, null, null
    from relations c
    join pg_catalog.pg_policy p on p.polrelid = c.oid
    union all
    select 'pg_catalog.pg_statistic_ext'::regclass, s.oid, 0, s.stxowner, null, null
    from pg_catalog.pg_statistic_ext s join home h on s.stxnamespace = h.oid
  ),
  remarks (classid, objid, objsubid, remark, definition) as (
    select o.classid, o.objid, o.objsubid, 'comment on ', d.description
    from objects o
    join pg_catalog.pg_description d
      on d.classoid = o.classid and d.objoid = o.objid and d.objsubid = o.objsubid
    union all
    select o.classid, o.objid, 0, 'owner ' || quote_ident(r.rolname) || ' of ', ''
    from objects o
    join home h on o.owner <> h.nspowner
    join pg_catalog.pg_roles r on r.oid = o.owner
    where o.objsubid = 0 and (o.kind is not null or o.classid = 'pg_catalog.pg_statistic_ext'::regclass)
    union all
    -- What the owner has by default is not worth a line; what others have always is, so that a revoke is seen too.
    select o.classid, o.objid, o.objsubid,
           'grant to ' || case grantee.role when 0 then 'public' when h.nspowner then 'the owner'
             else coalesce(quote_ident(r.rolname), 'nobody') end || ' on ',
           coalesce(held.privileges, 'nothing')
    from objects o
    cross join home h
    cross join lateral (
      select coalesce(o.acl, pg_catalog.acldefault(o.kind::"char", o.owner)) as now,
             pg_catalog.acldefault(o.kind::"char", o.owner) as before
    ) acl
    cross join lateral (select x.grantee as role from pg_catalog.aclexplode(acl.now) x union select o.owner) grantee
    cross join lateral (
      select string_agg(
        lower(x.privilege_type) || case when x.is_grantable then ' with grant option' else '' end,
        ', ' order by x.privilege_type
      ) as privileges
      from pg_catalog.aclexplode(acl.now) x where x.grantee = grantee.role
    ) held
    cross join lateral (
      select string_agg(
        lower(x.privilege_type) || case when x.is_grantable then ' with grant option' else '' end,
        ', ' order by x.privilege_type
      ) as privileges
      from pg_catalog.aclexplode(acl.before) x where x.grantee = grantee.role
    ) usual
    left join pg_catalog.pg_roles r on r.oid = grantee.role
    where o.kind is not null
      -- The store's own role is made beside the template; `verify --isolation` looks at it.
      and pg_catalog.shobj_description(grantee.role, 'pg_authid')
        is distinct from 'tenantctl: schema ' || $1 || ' of database ' || current_database()
      and (grantee.role <> o.owner or held.privileges is distinct from usual.privileges)
  )
select
  r.remark || case r.classid
    when 'pg_catalog.pg_namespace'::regclass then 'the schema'
    else i.type || ' ' || replace(i.identity, quote_ident(h.nspname) || '.', '')
  end as name,
  r.definition
from remarks r
cross join home h
cross join lateral pg_catalog.pg_identify_object(r.classid, r.objid, r.objsubid) i
