-- What the schemas $1 hold, a row for each that exists: sizes, rows, and what the server counted.
-- $2: sizes from the disk. It opens every relation, some 40 µs and 5 kB of the session's memory each; without it, the
-- pages that the last vacuum, analyze or index build saw, and with $3 from the disk what none of these has seen yet.
with
  stores as materialized (
    select n.oid, n.nspname::text as schema
    from pg_catalog.pg_namespace n
    where n.nspname::text = any ($1)
  ),
  relations as (
    select c.oid, c.relnamespace as store, c.relkind, c.reltuples, c.relpages
    from pg_catalog.pg_class c
    join stores s on s.oid = c.relnamespace
    where c.relkind in ('r', 'm', 'i')
    union all
    select t.oid, c.relnamespace, 't', 0, t.relpages
    from pg_catalog.pg_class c
    join stores s on s.oid = c.relnamespace
    join pg_catalog.pg_class t on t.oid = c.reltoastrelid
    where c.relkind in ('r', 'm')
    union all
    select i.oid, c.relnamespace, 't', 0, i.relpages
    from pg_catalog.pg_class c
    join stores s on s.oid = c.relnamespace
    join pg_catalog.pg_index x on x.indrelid = c.reltoastrelid
    join pg_catalog.pg_class i on i.oid = x.indexrelid
    where c.relkind in ('r', 'm') and c.reltoastrelid <> 0
  ),
  sized as (
    select r.oid, r.store, r.relkind, r.reltuples,
           case when $2 or ($3 and r.relpages = 0 and pg_catalog.pg_stat_get_blocks_fetched(r.oid) > 0)
                then pg_catalog.pg_relation_size(r.oid, 'main') + pg_catalog.pg_relation_size(r.oid, 'fsm')
                     + pg_catalog.pg_relation_size(r.oid, 'vm') + pg_catalog.pg_relation_size(r.oid, 'init')
                else r.relpages::int8 * pg_catalog.current_setting('block_size')::int8 end as bytes
    from relations r
  ),
  sizes as (
    select z.store,
           sum(z.bytes) filter (where z.relkind in ('r', 'm')) as heap_bytes,
           sum(z.bytes) filter (where z.relkind = 'i') as index_bytes,
           sum(z.bytes) filter (where z.relkind = 't') as toast_bytes,
           sum(pg_catalog.pg_stat_get_numscans(z.oid)) filter (where z.relkind = 'i') as index_scans,
           sum(pg_catalog.pg_stat_get_blocks_fetched(z.oid)) as blocks_fetched,
           sum(pg_catalog.pg_stat_get_blocks_hit(z.oid)) as blocks_hit
    from sized z
    group by z.store
  ),
  counted as (
    select c.oid, c.relnamespace as store, c.reltuples,
           pg_catalog.pg_stat_get_live_tuples(c.oid) as live, pg_catalog.pg_stat_get_dead_tuples(c.oid) as dead,
           pg_catalog.pg_stat_get_tuples_inserted(c.oid) as inserted,
           pg_catalog.pg_stat_get_tuples_updated(c.oid) as updated,
           pg_catalog.pg_stat_get_tuples_deleted(c.oid) as deleted
    from pg_catalog.pg_class c
    join stores s on s.oid = c.relnamespace
    where c.relkind = 'r'
    offset 0 -- the counters are asked for once, not wherever they are used
  ),
  tables as (
    select c.store,
           count(*) as table_count,
           sum(case
               -- After a crash or a restore the counters begin at nothing; then the planner's number is better.
               when c.live = 0 and c.dead = 0 and c.inserted = 0 then greatest(c.reltuples, 0)::int8
               -- An analyze right after a load counts its rows before the load's own count of them has arrived, so they
               -- are there twice. Where the counters have seen every row, they are the better number.
               when c.live > c.inserted - c.deleted and c.inserted - c.deleted >= c.reltuples and c.reltuples >= 0
               then c.inserted - c.deleted
               else c.live end) as row_count,
           sum(c.dead) as dead_rows,
           sum(c.inserted + c.updated + c.deleted) as rows_written,
           sum(pg_catalog.pg_stat_get_numscans(c.oid)) as sequential_scans,
           max(greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                        pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))) as last_vacuum,
           max(greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                        pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))) as last_analyze
    from counted c
    group by c.store
  )
select s.schema,
       coalesce(t.table_count, 0) as table_count,
       coalesce(t.row_count, 0)::int8 as row_count,
       coalesce(t.dead_rows, 0)::int8 as dead_rows,
       coalesce(z.heap_bytes, 0)::int8 as heap_bytes,
       coalesce(z.index_bytes, 0)::int8 as index_bytes,
       coalesce(z.toast_bytes, 0)::int8 as toast_bytes,
       coalesce(t.rows_written, 0)::int8 as rows_written,
       extract(epoch from t.last_vacuum)::int8 as last_vacuum,
       extract(epoch from t.last_analyze)::int8 as last_analyze,
       coalesce(z.blocks_hit, 0)::int8 as blocks_hit,
       coalesce(z.blocks_fetched - z.blocks_hit, 0)::int8 as blocks_read,
       coalesce(z.index_scans, 0)::int8 as index_scans,
       coalesce(t.sequential_scans, 0)::int8 as sequential_scans
from stores s
left join sizes z on z.store = s.oid
left join tables t on t.store = s.oid
