-- Schemas outside a store schema ($2): whether the store's role ($1) may enter, and a function of each.
select
  n.nspname::text,
  pg_catalog.has_schema_privilege(me.oid, n.oid, 'usage'),
  (
    select format('%s %I.%I(%s)', case p.prokind when 'p' then 'call' else 'select' end, n.nspname, p.proname, (
      select string_agg('null::' || pg_catalog.format_type(t.type, null), ', ' order by t.place)
      from unnest(p.proargtypes) with ordinality as t (type, place)
    ))
    from pg_catalog.pg_proc p
    where p.pronamespace = n.oid and p.prokind in ('f', 'p')
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
    order by p.oid limit 1
  )
from pg_catalog.pg_roles me, pg_catalog.pg_namespace n
where me.rolname::text = $1 and n.nspname::text not in ($2, 'information_schema') and n.nspname::text !~ '^pg_'
order by 1
