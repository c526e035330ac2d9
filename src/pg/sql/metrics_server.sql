-- What decides what can be known: the clock, since when the server counts, and where its extension is.
select extract(epoch from clock_timestamp())::int8 as now,
       extract(epoch from pg_catalog.pg_stat_get_db_stat_reset_time(d.oid))::int8 as counted_since,
       pg_catalog.current_setting('track_counts')::bool as counts,
       (select n.nspname::text from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'pg_stat_statements') as statements_schema,
       (select count(*) + 2 * count(*) filter (where c.reltoastrelid <> 0)
        from pg_catalog.pg_class c
        where c.relkind in ('r', 'm', 'i')
          and c.relnamespace in (select n.oid from pg_catalog.pg_namespace n where n.nspname::text = any ($1))) as relations
from pg_catalog.pg_database d
where d.datname = pg_catalog.current_database()
