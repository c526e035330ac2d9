-- Bytes of a table with all its partitions and heirs, and how many rows the planner believes them to have.
-- $1: schema, $2: table
with recursive family (oid) as (
  select c.oid
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname::text = $1 and c.relname::text = $2
  union
  select h.inhrelid from family f join pg_catalog.pg_inherits h on h.inhparent = f.oid
)
select
  sum(pg_catalog.pg_table_size(c.oid))::int8 as table_bytes,
  sum(pg_catalog.pg_indexes_size(c.oid))::int8 as index_bytes,
  -- a partitioned table's own number is the sum of its partitions'
  sum(greatest(c.reltuples::float8, 0)) filter (where c.relkind <> 'p')::int8 as row_estimate
from family f
join pg_catalog.pg_class c on c.oid = f.oid
