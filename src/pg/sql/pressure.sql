-- What presses on the server now, and whether run $1 is paused; $2 is the beginning of its sessions' names. Of lag ($3),
-- active backends ($4) and WAL ($5) only what a limit asks for is looked at.
-- Those who wait for a lock count only where one of our sessions that holds it is at work: our snapshot's, which sits idle
-- in its transaction, would hold it all the longer the longer nothing goes on.
select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       extract(epoch from clock_timestamp())::float8,
       case when $3 then (select max(extract(epoch from replay_lag))::float8 from pg_catalog.pg_stat_replication) end,
       case when $3 then exists (select from pg_catalog.pg_stat_replication where state is null) else false end,
       case when $4 then (select count(*) from pg_catalog.pg_stat_activity
            where datname = current_database() and backend_type = 'client backend' and state = 'active'
              and not starts_with(application_name, $2)) end,
       case when $4 then exists (select from pg_catalog.pg_stat_activity
            where datname = current_database() and backend_type is null) else false end,
       case when $5 then pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::int8 end,
       (select count(distinct l.pid) from pg_catalog.pg_locks l
            where not l.granted
              and exists (select from unnest(pg_catalog.pg_blocking_pids(l.pid)) as b (pid)
                          join pg_catalog.pg_stat_activity o on o.pid = b.pid
                          where starts_with(o.application_name, $2) and o.state = 'active')
              and not exists (select from pg_catalog.pg_stat_activity o
                              where o.pid = l.pid and starts_with(o.application_name, $2))),
       p.since, p.by
from (select) one
left join lateral (
    select e.kind, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since, e.detail ->> 'by' as by
    from tenantctl.event e
    where e.move_id is null and e.run_id = $1 and e.kind in ('paused', 'continued') -- over the index of a move's events
    order by e.id desc limit 1) p on p.kind = 'paused'
