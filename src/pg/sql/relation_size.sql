-- Bytes of a table with all its partitions and heirs.
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
  sum(pg_catalog.pg_table_size(oid))::int8 as table_bytes,
  sum(pg_catalog.pg_indexes_size(oid))::int8 as index_bytes
from family
