-- Whether this transaction may have written rows of a table outside a schema ($1): it holds the lock of one until its end.
-- Not asked of a table ($2), nor of the journal.
select exists (
  select
  from pg_catalog.pg_locks l
  join pg_catalog.pg_class c on c.oid = l.relation
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where l.locktype = 'relation' and l.pid = pg_catalog.pg_backend_pid() and l.mode = 'RowExclusiveLock'
    and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
    and c.relkind in ('r', 'p')
    and n.nspname::text not in ($1, 'tenantctl')
    and c.oid is distinct from to_regclass($2)::oid
)
