-- A session that sits idle in a transaction and holds a lock on one of the tables ($1) that SHARE conflicts with.
select a.pid, coalesce(nullif(a.application_name, ''), 'no application name'),
       to_char(a.state_change at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
       l.relation::regclass::text
from pg_catalog.pg_locks l
join pg_catalog.pg_stat_activity a on a.pid = l.pid
where l.locktype = 'relation' and l.granted
  and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
  and l.relation = any (select to_regclass(name)::oid from unnest($1::text[]) as name)
  and l.mode in ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
  and a.state in ('idle in transaction', 'idle in transaction (aborted)')
  and a.state_change < clock_timestamp() - interval '50 milliseconds'
  and a.pid <> pg_backend_pid()
order by a.state_change
limit 1
