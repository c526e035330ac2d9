-- Tables outside the schema ($1) to which this transaction wrote rows. It holds their lock until its end, and only of
-- those the server's counters are asked: they go on over a session's transactions until it hands them in.
select format('rows of %I.%I', n.nspname, c.relname)
from pg_catalog.pg_locks l
join pg_catalog.pg_class c on c.oid = l.relation
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where l.locktype = 'relation' and l.pid = pg_catalog.pg_backend_pid() and l.mode = 'RowExclusiveLock'
  and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
  and c.relkind in ('r', 'p', 'm')
  and n.nspname not in ($1, 'pg_catalog', 'information_schema', 'pg_toast', 'tenantctl')
  and pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
      + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0
