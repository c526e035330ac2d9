-- What the current transaction made or changed outside the schema ($1). $2: table_settings.sql at its beginning.
-- A row version that we can see and whose transaction is still in progress is our own, subtransactions included; so is
-- one at or beyond the snapshot's xmax, which nobody else's can be. age() counts from our own transaction's id.
-- Tables that our foreign keys refer to get internal triggers and a flag in pg_class; that is no stray, a grant is.
with home as materialized (
    select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text
),
clock as materialized (
    select pg_catalog.pg_current_xact_id()::text::int8 as own,
           pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::int8 as xmax
),
-- Catalogs that we may have written to. The server's counters go on over a session's transactions until it hands them in:
-- they may say too much. Where it does not count they say nothing, and all are read.
touched as materialized (
    select array(
        select c.oid
        from pg_catalog.unnest(array[
            'pg_catalog.pg_namespace', 'pg_catalog.pg_class', 'pg_catalog.pg_attribute', 'pg_catalog.pg_proc',
            'pg_catalog.pg_type', 'pg_catalog.pg_constraint', 'pg_catalog.pg_trigger', 'pg_catalog.pg_rewrite',
            'pg_catalog.pg_policy', 'pg_catalog.pg_attrdef', 'pg_catalog.pg_operator', 'pg_catalog.pg_extension',
            'pg_catalog.pg_event_trigger', 'pg_catalog.pg_publication', 'pg_catalog.pg_cast',
            'pg_catalog.pg_auth_members', 'pg_catalog.pg_db_role_setting'
        ]::regclass[]::oid[]) c (oid)
        where pg_catalog.current_setting('track_counts') <> 'on'
           or pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) > 0
    ) as catalogs
),
-- Each catalog is read by itself, without a join: nearly all its rows are older than we. Where what is written lies is
-- told by its schema (space) or its relation, and asked afterwards. All have the same types: else the planner does not
-- ask in each catalog for what is asked of all.
written as materialized (
    select w.*
    from (
        select 'pg_catalog.pg_namespace'::regclass::oid as catalog, n.oid as oid, n.nspname::text as name,
               n.oid as space, null::oid as relation, 1 as place, n.xmin as xid
        from pg_catalog.pg_namespace n
        union all
        select 'pg_catalog.pg_class'::regclass::oid, c.oid, null::text, c.relnamespace, c.oid, 1, c.xmin
        from pg_catalog.pg_class c
        union all
        select 'pg_catalog.pg_attribute'::regclass::oid, null::oid, a.attname::text, null::oid, a.attrelid,
               a.attnum::int4, a.xmin
        from pg_catalog.pg_attribute a
        union all
        select 'pg_catalog.pg_proc'::regclass::oid, p.oid, null::text, p.pronamespace, null::oid, 1, p.xmin
        from pg_catalog.pg_proc p
        union all
        select 'pg_catalog.pg_type'::regclass::oid, t.oid, t.typname::text, t.typnamespace, null::oid, 1, t.xmin
        from pg_catalog.pg_type t
        union all
        select 'pg_catalog.pg_constraint'::regclass::oid, k.oid, k.conname::text, null::oid, k.conrelid, 1, k.xmin
        from pg_catalog.pg_constraint k
        union all
        select 'pg_catalog.pg_trigger'::regclass::oid, t.oid, t.tgname::text, null::oid, t.tgrelid,
               case when t.tgisinternal then 0 else 1 end, t.xmin
        from pg_catalog.pg_trigger t
        union all
        select 'pg_catalog.pg_rewrite'::regclass::oid, r.oid, r.rulename::text, null::oid, r.ev_class, 1, r.xmin
        from pg_catalog.pg_rewrite r
        union all
        select 'pg_catalog.pg_policy'::regclass::oid, p.oid, p.polname::text, null::oid, p.polrelid, 1, p.xmin
        from pg_catalog.pg_policy p
        union all
        select 'pg_catalog.pg_attrdef'::regclass::oid, d.oid, null::text, null::oid, d.adrelid, 1, d.xmin
        from pg_catalog.pg_attrdef d
        union all
        select 'pg_catalog.pg_operator'::regclass::oid, o.oid, null::text, o.oprnamespace, null::oid, 1, o.xmin
        from pg_catalog.pg_operator o
        union all
        select 'pg_catalog.pg_extension'::regclass::oid, e.oid, e.extname::text, null::oid, null::oid, 1, e.xmin
        from pg_catalog.pg_extension e
        union all
        select 'pg_catalog.pg_event_trigger'::regclass::oid, e.oid, e.evtname::text, null::oid, null::oid, 1, e.xmin
        from pg_catalog.pg_event_trigger e
        union all
        select 'pg_catalog.pg_publication'::regclass::oid, p.oid, p.pubname::text, null::oid, null::oid, 1, p.xmin
        from pg_catalog.pg_publication p
        union all
        select 'pg_catalog.pg_cast'::regclass::oid, c.oid, null::text, null::oid, null::oid, 1, c.xmin
        from pg_catalog.pg_cast c
        union all
        select 'pg_catalog.pg_auth_members'::regclass::oid, null::oid,
               format('membership of role %s in role %s', m.member::regrole, m.roleid::regrole), null::oid, null::oid, 1,
               m.xmin
        from pg_catalog.pg_auth_members m
        union all
        select 'pg_catalog.pg_db_role_setting'::regclass::oid, null::oid, format('settings of %s', s.setdatabase::text),
               null::oid, null::oid, 1, s.xmin
        from pg_catalog.pg_db_role_setting s
    ) w
    where w.catalog = any ((select catalogs from touched)::oid[])
      and pg_catalog.age(w.xid) <= 0
      and case
          when (select own from clock) - pg_catalog.age(w.xid) < (select xmax from clock) then
              pg_catalog.pg_xact_status(((select own from clock) - pg_catalog.age(w.xid))::text::pg_catalog.xid8)
                  = 'in progress'
          else (select own from clock) - pg_catalog.age(w.xid) < (select xmax from clock) + 1000000
      end
),
-- over an index, from the store's side: many schemas refer to the same few tables
referred as materialized (
    select k.confrelid
    from home h
    cross join lateral (
        select d.objid from pg_catalog.pg_depend d
        where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = h.oid
          and d.classid = 'pg_catalog.pg_class'::regclass
        offset 0
    ) d
    cross join lateral (
        select k.confrelid from pg_catalog.pg_constraint k
        where k.conrelid = d.objid and k.contype = 'f' and k.connamespace = h.oid
        offset 0
    ) k
),
own as (
    select case w.catalog
               when 'pg_catalog.pg_namespace'::regclass then format('schema %I', w.name)
               when 'pg_catalog.pg_class'::regclass then
                   format('%s %I.%I', case c.relkind when 'r' then 'table' when 'p' then 'table' when 'v' then 'view'
                              when 'm' then 'materialized view' when 'S' then 'sequence' when 'i' then 'index'
                              else 'relation' end,
                          n.nspname, c.relname)
               when 'pg_catalog.pg_attribute'::regclass then format('column %I.%I.%I', n.nspname, c.relname, w.name)
               when 'pg_catalog.pg_proc'::regclass then format('function %s', w.oid::regprocedure)
               when 'pg_catalog.pg_type'::regclass then format('type %I.%I', n.nspname, w.name)
               when 'pg_catalog.pg_constraint'::regclass then
                   format('constraint %I of %I.%I', w.name, n.nspname, c.relname)
               when 'pg_catalog.pg_trigger'::regclass then format('trigger %I of %I.%I', w.name, n.nspname, c.relname)
               when 'pg_catalog.pg_rewrite'::regclass then format('rule %I of %I.%I', w.name, n.nspname, c.relname)
               when 'pg_catalog.pg_policy'::regclass then format('policy %I of %I.%I', w.name, n.nspname, c.relname)
               when 'pg_catalog.pg_attrdef'::regclass then format('default of a column of %s', w.relation::regclass)
               when 'pg_catalog.pg_operator'::regclass then format('operator %s', w.oid::regoperator)
               when 'pg_catalog.pg_extension'::regclass then format('extension %I', w.name)
               when 'pg_catalog.pg_event_trigger'::regclass then format('event trigger %I', w.name)
               when 'pg_catalog.pg_publication'::regclass then format('publication %I', w.name)
               when 'pg_catalog.pg_cast'::regclass then
                   (select format('cast from %s to %s', k.castsource::regtype, k.casttarget::regtype)
                    from pg_catalog.pg_cast k where k.oid = w.oid)
               else w.name
           end as what
    from written w
    left join lateral (
        select * from pg_catalog.pg_class c where c.oid = w.relation
        offset 0
    ) c on true
    left join lateral (
        select n.nspname from pg_catalog.pg_namespace n where n.oid = coalesce(c.relnamespace, w.space)
        offset 0
    ) n on true
    where w.place > 0 -- no system column, no internal trigger
      and (w.relation is null or c.oid is not null) -- a domain's constraint has none
      and (coalesce(c.relnamespace, w.space) = (select oid from home)) is not true
      and case w.catalog
              when 'pg_catalog.pg_class'::regclass then
                  c.relnamespace <> 'pg_toast'::regnamespace
                  and not (c.oid in (select confrelid from referred)
                           and pg_catalog.md5({{settings}})
                               = coalesce($2::text::pg_catalog.jsonb ->> c.oid::text, pg_catalog.md5('')))
              when 'pg_catalog.pg_attribute'::regclass then c.relnamespace <> 'pg_toast'::regnamespace
              when 'pg_catalog.pg_type'::regclass then w.space <> 'pg_toast'::regnamespace
              -- a range brings the cast to its multirange; any cast of a type goes when the type does
              when 'pg_catalog.pg_cast'::regclass then not exists (
                  select from pg_catalog.pg_cast k
                  cross join lateral (values (k.castsource), (k.casttarget)) e (oid)
                  where k.oid = w.oid
                    and (select t.typnamespace from pg_catalog.pg_type t where t.oid = e.oid) = (select oid from home)
              )
              else true
          end
)
select what from own
union
{{rows_outside}}
order by 1
