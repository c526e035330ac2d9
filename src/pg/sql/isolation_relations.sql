-- Relations outside a store schema, what the store's role may do with them, and those worth a try: one of each schema,
-- every table of the shared schema. Objects of extensions and of PostgreSQL itself are left out.
-- $1: role, $2: its schema, $3: the shared schema
with
  me as (select oid from pg_catalog.pg_roles where rolname::text = $1),
  homes as (
    select n.oid, n.nspname::text as name, pg_catalog.has_schema_privilege(me.oid, n.oid, 'usage') as may_enter
    from me, pg_catalog.pg_namespace n
    where n.nspname::text not in ($2, 'information_schema') and n.nspname::text !~ '^pg_'
  ),
  relations as (
    select
      c.oid, h.name as schema_name, c.relname::text as name, c.relkind, c.relacl,
      row_number() over (partition by h.oid order by c.relkind not in ('r', 'p'), c.oid) as place,
      -- Without a way into the schema no right in it is of use.
      case
        when not h.may_enter then '{}'
        when c.relkind = 'S' then array(
          select p from unnest(array['usage', 'select', 'update']) p
          where pg_catalog.has_sequence_privilege(me.oid, c.oid, p)
        )
        else array(
          select p from unnest(array['select', 'insert', 'update', 'references']) p
          where pg_catalog.has_any_column_privilege(me.oid, c.oid, p)
          union all
          select p from unnest(array['delete', 'truncate', 'trigger']) p
          where pg_catalog.has_table_privilege(me.oid, c.oid, p)
        )
      end as may
    from me, homes h
    join pg_catalog.pg_class c on c.relnamespace = h.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
      )
  ),
  counted as (
    select r.*, sum(case when r.relkind = 'S' then 3 else 7 end) over () as asked
    from relations r
  )
select
  r.schema_name,
  r.name,
  r.may,
  case
    when r.may = '{}' then ''
    when exists (select from pg_catalog.aclexplode(r.relacl) x where x.grantee = me.oid)
      or exists (
        select from pg_catalog.pg_attribute a cross join lateral pg_catalog.aclexplode(a.attacl) x
        where a.attrelid = r.oid and x.grantee = me.oid
      ) then 'role'
    when exists (select from pg_catalog.aclexplode(r.relacl) x where x.grantee = 0)
      or exists (
        select from pg_catalog.pg_attribute a cross join lateral pg_catalog.aclexplode(a.attacl) x
        where a.attrelid = r.oid and x.grantee = 0
      ) then 'public'
    else 'membership'
  end as via,
  -- A column to write to, where a write is to be tried.
  case when r.relkind in ('r', 'p') and (r.place = 1 or r.schema_name = $3) then (
    select a.attname::text from pg_catalog.pg_attribute a
    where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum limit 1
  ) end as to_try,
  r.asked::int8,
  -- Of a sequence, the table that draws from it.
  o.schema_name,
  o.name
from me cross join counted r
left join lateral (
  select n.nspname::text as schema_name, c.relname::text as name
  from pg_catalog.pg_depend d
  join pg_catalog.pg_class c on c.oid = d.refobjid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where r.relkind = 'S' and r.may <> '{}' and d.classid = 'pg_catalog.pg_class'::regclass and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
  limit 1
) o on true
where r.may <> '{}' or (r.relkind in ('r', 'p') and (r.place = 1 or r.schema_name = $3))
order by r.schema_name, r.name
