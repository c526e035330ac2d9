-- What the schemas $1 hold, a row for each that exists: sizes, rows, and what the server counted.
-- $2: sizes from the disk. It opens every relation, some 40 µs and 5 kB of the session's memory each; without it, the
-- pages that the last vacuum, analyze or index build saw, and from the disk only what none of these has seen yet.
with
  stores as materialized (
    select n.oid, n.nspname::text as schema
    from pg_catalog.pg_namespace n
    where n.nspname::text = any ($1)
  ),
  held as materialized (
    select c.oid, c.relnamespace as store, c.relkind, c.reltuples, c.relpages, c.reltoastrelid
    from pg_catalog.pg_class c
    join stores s on s.oid = c.relnamespace
    where c.relkind in ('r', 'm', 'i')
  ),
  relations as materialized (
    select h.oid, h.store, case h.relkind when 'i' then 'index' else 'heap' end as part, h.relkind = 'r' as is_table,
           h.reltuples, h.relpages
    from held h
    union all
    select t.oid, h.store, 'toast', false, 0, t.relpages
    from held h
    join pg_catalog.pg_class t on t.oid = h.reltoastrelid
    union all
    select i.oid, h.store, 'toast', false, 0, i.relpages
    from held h
    join pg_catalog.pg_index x on x.indrelid = h.reltoastrelid
    join pg_catalog.pg_class i on i.oid = x.indexrelid
    where h.reltoastrelid <> 0
  ),
  tuples as materialized (
    select r.*, pg_catalog.pg_stat_get_live_tuples(r.oid) as live, pg_catalog.pg_stat_get_dead_tuples(r.oid) as dead,
           pg_catalog.pg_stat_get_tuples_inserted(r.oid) as inserted,
           pg_catalog.pg_stat_get_tuples_deleted(r.oid) as deleted
    from relations r
  ),
  counted as materialized (
    select r.store, r.part, r.is_table, r.oid,
           case when $2 or (r.relpages = 0 and pg_catalog.pg_stat_get_blocks_fetched(r.oid) > 0)
                then pg_catalog.pg_relation_size(r.oid, 'main') + pg_catalog.pg_relation_size(r.oid, 'fsm')
                     + pg_catalog.pg_relation_size(r.oid, 'vm') + pg_catalog.pg_relation_size(r.oid, 'init')
                else r.relpages::int8 * pg_catalog.current_setting('block_size')::int8 end as bytes,
           case when not r.is_table then null
                -- After a crash or a restore the counters begin at nothing; then the planner's number is better.
                when r.live = 0 and r.dead = 0 and r.inserted = 0 then greatest(r.reltuples, 0)::int8
                -- An analyze right after a load counts its rows before the load's own count of them has arrived, so
                -- they are there twice. Where the counters have seen every row, they are the better number.
                when r.live > r.inserted - r.deleted and r.inserted - r.deleted >= r.reltuples and r.reltuples >= 0
                then r.inserted - r.deleted
                else r.live end as row_count,
           case when r.part <> 'index' then pg_catalog.pg_stat_get_numscans(r.oid) end as table_scans,
           case when r.part = 'index' then pg_catalog.pg_stat_get_numscans(r.oid) end as index_scans
    from tuples r
  )
select s.schema,
       count(*) filter (where c.is_table) as table_count,
       coalesce(sum(c.row_count), 0)::int8 as row_count,
       coalesce(sum(pg_catalog.pg_stat_get_dead_tuples(c.oid)) filter (where c.is_table), 0)::int8 as dead_rows,
       coalesce(sum(c.bytes) filter (where c.part = 'heap'), 0)::int8 as heap_bytes,
       coalesce(sum(c.bytes) filter (where c.part = 'index'), 0)::int8 as index_bytes,
       coalesce(sum(c.bytes) filter (where c.part = 'toast'), 0)::int8 as toast_bytes,
       coalesce(sum(pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_tuples_updated(c.oid)
                    + pg_catalog.pg_stat_get_tuples_deleted(c.oid)) filter (where c.is_table), 0)::int8 as rows_written,
       extract(epoch from max(greatest(pg_catalog.pg_stat_get_last_vacuum_time(c.oid),
                                       pg_catalog.pg_stat_get_last_autovacuum_time(c.oid)))
                          filter (where c.is_table))::int8 as last_vacuum,
       extract(epoch from max(greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                                       pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)))
                          filter (where c.is_table))::int8 as last_analyze,
       coalesce(sum(pg_catalog.pg_stat_get_blocks_hit(c.oid)), 0)::int8 as blocks_hit,
       coalesce(sum(pg_catalog.pg_stat_get_blocks_fetched(c.oid) - pg_catalog.pg_stat_get_blocks_hit(c.oid)), 0)::int8
           as blocks_read,
       coalesce(sum(c.index_scans), 0)::int8 as index_scans,
       coalesce(sum(c.table_scans) filter (where c.is_table), 0)::int8 as sequential_scans
from stores s
left join counted c on c.store = s.oid
group by s.schema
