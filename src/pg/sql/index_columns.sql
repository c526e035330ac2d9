-- The plain columns that lead each valid btree index without a predicate, up to the first expression.
-- $1: schema
select c.relname::text as table_name, l.columns
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_index i on i.indrelid = c.oid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
join pg_catalog.pg_am am on am.oid = ic.relam
cross join lateral (
  select array(
    select a.attname::text
    from generate_series(0, i.indnkeyatts - 1) at
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[at]
    where not exists (select from generate_series(0, at) before where i.indkey[before] = 0)
    order by at
  ) as columns
) l
where n.nspname::text = $1 and am.amname = 'btree' and i.indisvalid and i.indpred is null and l.columns <> '{}'
order by c.relname::text collate "C", ic.relname::text collate "C"
