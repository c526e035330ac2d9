-- Bytes of a table with all its partitions and heirs, and how many rows the planner believes them to have.
-- $1: schema, $2: table
with recursive family (oid) as (
  select c.oid
  from pg_catalog.pg_class c
  where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
    and c.relname = $2::text -- over the index
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
