-- Sessions that wait for a lock, by store: one is a store's where it has or wants a lock on something in its schema ($1),
-- or is its role ($2, of the same place in the list; 0 where there is none).
with
  waiting as materialized (
    -- waitstart came with PostgreSQL 14 and is empty for a moment
    select l.pid, min((to_jsonb(l) ->> 'waitstart')::timestamptz) as since
    from pg_catalog.pg_locks l
    where not l.granted
      and l.pid not in (select a.pid from pg_catalog.pg_stat_activity a
                        where a.application_name = pg_catalog.current_setting('application_name')) -- ourselves
    group by l.pid
  ),
  stores as materialized (
    select * from unnest($1::text[], $2::oid[]) as s (schema, role) where exists (select from waiting)
  ),
  touched as (
    select distinct w.pid, n.nspname::text as schema
    from waiting w
    join pg_catalog.pg_locks l on l.pid = w.pid and l.relation is not null
     and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    union
    select w.pid, s.schema
    from waiting w
    join pg_catalog.pg_stat_activity a on a.pid = w.pid and a.datname = pg_catalog.current_database()
    join stores s on s.role = a.usesysid
  )
select t.schema, count(*) as waits,
       extract(epoch from clock_timestamp() - min(coalesce(w.since, a.query_start)))::float8 as seconds
from touched t
join waiting w on w.pid = t.pid
join stores s on s.schema = t.schema
left join pg_catalog.pg_stat_activity a on a.pid = t.pid
group by t.schema
