-- What runs or is asked when rows change: triggers, rules, policies; and extended statistics.
with relations as (
  select c.oid, quote_ident(c.relname) as relname, c.relnamespace
  from pg_catalog.pg_class c
  where c.oid in (
    select d.objid from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
      and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
  ) and c.relkind in ('r', 'p', 'v', 'm', 'f')
)
select
  'trigger ' || quote_ident(t.tgname) || ' on ' || r.relname as name,
  pg_catalog.pg_get_triggerdef(t.oid, true) || '; '
    || case t.tgenabled when 'O' then 'on' when 'D' then 'off' when 'R' then 'on a replica only' else 'always' end
    as definition
from relations r
join pg_catalog.pg_trigger t on t.tgrelid = r.oid
where not t.tgisinternal
union all
select
  'rule ' || quote_ident(w.rulename) || ' on ' || r.relname,
  pg_catalog.pg_get_ruledef(w.oid) || ' '
    || case w.ev_enabled when 'O' then 'on' when 'D' then 'off' when 'R' then 'on a replica only' else 'always' end
from relations r
join pg_catalog.pg_rewrite w on w.ev_class = r.oid
where w.rulename <> '_RETURN'
union all
select
  'policy ' || quote_ident(p.polname) || ' on ' || r.relname,
  concat_ws(
    '; ',
    case when p.polpermissive then 'permissive' else 'restrictive' end,
    'for ' || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
      when 'd' then 'delete' else 'all' end,
    'to ' || (
      select string_agg(coalesce(quote_ident(o.rolname), 'public'), ', ' order by o.rolname::text collate "C")
      from unnest(p.polroles) as x (role) left join pg_catalog.pg_roles o on o.oid = x.role
    ),
    'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
  )
from relations r
join pg_catalog.pg_policy p on p.polrelid = r.oid
union all
select
  'statistics ' || quote_ident(s.stxname),
  concat_ws(
    '; ',
    pg_catalog.pg_get_statisticsobjdef(s.oid),
    'target ' || nullif((to_jsonb(s) ->> 'stxstattarget')::int, -1) -- null for none since 17
  )
from pg_catalog.pg_statistic_ext s
join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
where n.nspname = $1::text
