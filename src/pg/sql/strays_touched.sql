-- Catalogs that the current transaction may have written to. The server's counters go on over a session's transactions until
-- it hands them in: they may say too much. Where it does not count they say nothing, and all are named.
select c.name
from pg_catalog.unnest(array[
  'pg_namespace', 'pg_class', 'pg_attribute', 'pg_proc', 'pg_type', 'pg_constraint', 'pg_trigger', 'pg_rewrite', 'pg_policy',
  'pg_attrdef', 'pg_operator', 'pg_extension', 'pg_event_trigger', 'pg_publication', 'pg_cast', 'pg_auth_members',
  'pg_db_role_setting'
]) c (name)
cross join lateral (select ('pg_catalog.' || c.name)::regclass::oid as oid) o
where pg_catalog.current_setting('track_counts') <> 'on'
   or pg_catalog.pg_stat_get_xact_tuples_inserted(o.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(o.oid) > 0
