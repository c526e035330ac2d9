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
-- Of each catalog that strays_touched.sql names, what strays_written.sql says.
written as materialized (
    select w.*
    from (
        {{written}}
    ) w (catalog, oid, name, space, relation, place, xid)
    where pg_catalog.age(w.xid) <= 0
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
