-- What the current transaction made or changed outside the schema ($1). $2: table_settings.sql at its beginning.
-- A row version that we can see and whose transaction is still in progress is our own, subtransactions included; so is
-- one at or beyond the snapshot's xmax, which nobody else's can be. age() counts from our own transaction's id.
-- Tables that our foreign keys refer to get internal triggers and a flag in pg_class; that is no stray, a grant is.
with clock as materialized (
    select pg_catalog.pg_current_xact_id()::text::int8 as own,
           pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 as xmax
),
own as (
    select s.what from (
        select format('schema %I', n.nspname) as what, n.xmin as xid
        from pg_catalog.pg_namespace n where n.nspname <> $1
        union all
        select format('%s %I.%I', case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view'
                      when 'm' then 'materialized view' when 'S' then 'sequence' when 'i' then 'index' else 'relation' end,
                      n.nspname, c.relname), c.xmin
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname not in ($1, 'pg_toast')
          and not (exists (select from pg_catalog.pg_constraint k
                          join pg_catalog.pg_class kc on kc.oid = k.conrelid
                          join pg_catalog.pg_namespace kn on kn.oid = kc.relnamespace
                          where k.contype = 'f' and k.confrelid = c.oid and kn.nspname = $1)
                   and pg_catalog.md5({{settings}})
                       = coalesce($2::text::pg_catalog.jsonb ->> c.oid::text, pg_catalog.md5('')))
        union all
        select format('column %I.%I.%I', n.nspname, c.relname, a.attname), a.xmin
        from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname not in ($1, 'pg_toast') and a.attnum > 0
        union all
        select format('function %s', p.oid::regprocedure), p.xmin
        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname <> $1
        union all
        select format('type %I.%I', n.nspname, t.typname), t.xmin
        from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
        where n.nspname not in ($1, 'pg_toast')
        union all
        select format('constraint %I of %I.%I', k.conname, n.nspname, c.relname), k.xmin
        from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname <> $1
        union all
        select format('trigger %I of %I.%I', t.tgname, n.nspname, c.relname), t.xmin
        from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname <> $1 and not t.tgisinternal
        union all
        select format('rule %I of %I.%I', r.rulename, n.nspname, c.relname), r.xmin
        from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname <> $1
        union all
        select format('policy %I of %I.%I', p.polname, n.nspname, c.relname), p.xmin
        from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname <> $1
        union all
        select format('default of a column of %s', d.adrelid::regclass), d.xmin
        from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname <> $1
        union all
        select format('operator %s', o.oid::regoperator), o.xmin
        from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace where n.nspname <> $1
        union all
        select format('extension %I', e.extname), e.xmin from pg_catalog.pg_extension e
        union all
        select format('event trigger %I', e.evtname), e.xmin from pg_catalog.pg_event_trigger e
        union all
        select format('publication %I', p.pubname), p.xmin from pg_catalog.pg_publication p
        union all
        select format('cast from %s to %s', c.castsource::regtype, c.casttarget::regtype), c.xmin from pg_catalog.pg_cast c
        -- a range brings the cast to its multirange; any cast of a type goes when the type does
        where not exists (select from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
                          where t.oid in (c.castsource, c.casttarget) and n.nspname = $1)
        union all
        select format('membership of role %s in role %s', m.member::regrole, m.roleid::regrole), m.xmin
        from pg_catalog.pg_auth_members m
        union all
        select format('settings of %s', s.setdatabase::text), s.xmin from pg_catalog.pg_db_role_setting s
    ) s
    cross join clock
    cross join lateral (select clock.own - pg_catalog.age(s.xid) as xid8) full_id
    -- Asked in each catalog before a row's name is written: the names cost most, and nearly all rows are older than we.
    where pg_catalog.age(s.xid) <= 0 and case
        when full_id.xid8 < clock.xmax then
            pg_catalog.pg_xact_status(full_id.xid8::text::pg_catalog.xid8) = 'in progress'
        else full_id.xid8 < clock.xmax + 1000000
    end
)
select what from own
union
{{rows_outside}}
order by 1
