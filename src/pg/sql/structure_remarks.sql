-- Comments, owners that are not the schema's owner, and grants, on everything in the schema and on the schema itself.
-- Each step is a look into an index (OFFSET 0), never a whole catalog: that has the rows of every store.
with
  home as materialized (select oid, nspname, nspowner, nspacl from pg_catalog.pg_namespace where nspname = $1::text),
  -- Row types, array types, indexes and the relations of composite types are not among them. What only names the schema
  -- ('store'::regnamespace) is.
  members as materialized (
    select distinct d.classid, d.objid
    from home h
    cross join lateral (
      select d.classid, d.objid from pg_catalog.pg_depend d
      where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = h.oid
      offset 0
    ) d
  ),
  types as materialized (
    select t.*
    from members m
    cross join lateral (
      select t.oid, t.typowner, t.typacl, t.typtype, t.typrelid from pg_catalog.pg_type t
      where t.oid = m.objid and t.typnamespace = (select oid from home) and t.typtype <> 'm'
      offset 0
    ) t
    where m.classid = 'pg_catalog.pg_type'::regclass
  ),
  relations as materialized (
    select c.*
    from (
      select m.objid as oid from members m where m.classid = 'pg_catalog.pg_class'::regclass
      union all
      select t.typrelid from types t where t.typtype = 'c'
    ) m
    cross join lateral (
      select c.oid, c.relkind, c.relowner, c.relacl from pg_catalog.pg_class c
      where c.oid = m.oid and c.relnamespace = (select oid from home) and c.relkind not in ('i', 'I')
      offset 0
    ) c
  ),
  functions as materialized (
    select p.*
    from members m
    cross join lateral (
      select p.oid, p.proowner, p.proacl from pg_catalog.pg_proc p
      where p.oid = m.objid and p.pronamespace = (select oid from home)
      offset 0
    ) p
    where m.classid = 'pg_catalog.pg_proc'::regclass
  ),
  statistics as materialized (
    select s.*
    from members m
    cross join lateral (
      select s.oid, s.stxowner from pg_catalog.pg_statistic_ext s
      where s.oid = m.objid and s.stxnamespace = (select oid from home)
      offset 0
    ) s
    where m.classid = 'pg_catalog.pg_statistic_ext'::regclass
  ),
  -- kind: the letter acldefault knows the object by; none where nothing can be granted
  owned (classid, objid, objsubid, owner, acl, kind) as materialized (
    select 'pg_catalog.pg_namespace'::regclass, h.oid, 0, h.nspowner, h.nspacl, 'n' from home h
    union all
    select 'pg_catalog.pg_class'::regclass, c.oid, 0, c.relowner, c.relacl,
           case c.relkind when 'S' then 's' when 'r' then 'r' when 'p' then 'r' when 'v' then 'r' when 'm' then 'r'
             when 'f' then 'r' end
    from relations c
    where c.relkind <> 'c'
    union all
    select 'pg_catalog.pg_class'::regclass, c.oid, a.attnum, c.relowner, a.attacl, 'c'
    from relations c
    cross join lateral (
      select a.attnum, a.attacl from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null
      offset 0
    ) a
    where c.relkind <> 'S'
    union all
    select 'pg_catalog.pg_proc'::regclass, p.oid, 0, p.proowner, p.proacl, 'f' from functions p
    union all
    select 'pg_catalog.pg_type'::regclass, t.oid, 0, t.typowner, t.typacl, 'T' from types t
    union all
    select 'pg_catalog.pg_statistic_ext'::regclass, s.oid, 0, s.stxowner, null, null from statistics s
  ),
  remarks (classid, objid, objsubid, remark, definition) as (
    select o.classid, o.objid, d.objsubid, 'comment on ', d.description
    from (
      select o.classid::oid, o.objid from owned o where o.objsubid = 0
      union all
      select 'pg_catalog.pg_class'::regclass, c.oid from relations c where c.relkind = 'c'
      union all
      select x.classid, x.objid
      from relations c
      cross join lateral (
        select 'pg_catalog.pg_class'::regclass as classid, i.indexrelid as objid
        from pg_catalog.pg_index i where i.indrelid = c.oid
        union all
        select 'pg_catalog.pg_constraint'::regclass, k.oid from pg_catalog.pg_constraint k where k.conrelid = c.oid
        union all
        select 'pg_catalog.pg_trigger'::regclass, t.oid
        from pg_catalog.pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal
        union all
        select 'pg_catalog.pg_rewrite'::regclass, w.oid from pg_catalog.pg_rewrite w where w.ev_class = c.oid
        union all
        select 'pg_catalog.pg_policy'::regclass, p.oid from pg_catalog.pg_policy p where p.polrelid = c.oid
        offset 0
      ) x
      where c.relkind not in ('S', 'c')
      union all
      select 'pg_catalog.pg_constraint'::regclass, k.oid
      from types t
      cross join lateral (select k.oid from pg_catalog.pg_constraint k where k.contypid = t.oid offset 0) k
      where t.typtype = 'd'
    ) o (classid, objid)
    cross join lateral (
      -- a column's is there under its relation
      select d.objsubid, d.description from pg_catalog.pg_description d
      where d.objoid = o.objid and d.classoid = o.classid and d.objsubid >= 0
      offset 0
    ) d
    union all
    select o.classid, o.objid, 0, 'owner ' || quote_ident(pg_catalog.pg_get_userbyid(o.owner)) || ' of ', ''
    from owned o
    join home h on o.owner <> h.nspowner
    where o.objsubid = 0 and (o.kind is not null or o.classid = 'pg_catalog.pg_statistic_ext'::regclass)
    union all
    -- What the owner has by default is not worth a line; what others have always is, so that a revoke is seen too.
    select o.classid, o.objid, o.objsubid,
           'grant to ' || case grantee.role when 0 then 'public' when h.nspowner then 'the owner'
             else coalesce(
               (select quote_ident(r.rolname) from pg_catalog.pg_roles r where r.oid = grantee.role), 'nobody'
             ) end || ' on ',
           coalesce(held.privileges, 'nothing')
    from owned o
    cross join home h
    cross join lateral (
      select coalesce(o.acl, pg_catalog.acldefault(o.kind::"char", o.owner)) as now,
             pg_catalog.acldefault(o.kind::"char", o.owner) as before
    ) acl
    cross join lateral (
      select x.grantee as role from pg_catalog.aclexplode(acl.now) x union select o.owner offset 0
    ) grantee
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
    -- Of what was never granted or revoked, only functions and types give others anything.
    where (o.acl is not null or o.kind in ('f', 'T'))
      and (grantee.role <> o.owner or held.privileges is distinct from usual.privileges)
      -- The store's own role is made beside the template; `verify --isolation` looks at it.
      and (
        select d.description from pg_catalog.pg_shdescription d
        where d.objoid = grantee.role and d.classoid = 'pg_catalog.pg_authid'::regclass
      ) is distinct from 'tenantctl: schema ' || $1 || ' of database ' || current_database()
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
