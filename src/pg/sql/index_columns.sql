-- The plain columns that lead each valid btree index without a predicate, up to the first expression.
-- $1: schema
with
  -- First of all and few: joined in another order, every index of the database would be taken apart.
  indexes as materialized (
    select c.relname as table_name, ic.relname as index_name, i.indrelid, i.indkey, i.indnkeyatts
    from pg_catalog.pg_class c
    join pg_catalog.pg_index i on i.indrelid = c.oid
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    where c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
      and ic.relam = (select am.oid from pg_catalog.pg_am am where am.amname = 'btree')
      and i.indisvalid and i.indpred is null
  ),
  led as materialized (
    select i.table_name, i.index_name,
           array(
             select a.attname::text
             from generate_series(0, i.indnkeyatts - 1) at
             join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[at]
             where not exists (select from generate_series(0, at) before where i.indkey[before] = 0)
             order by at
           ) as columns
    from indexes i
  )
select l.table_name::text as table_name, l.columns
from led l
where l.columns <> '{}'
order by l.table_name::text collate "C", l.index_name::text collate "C"
