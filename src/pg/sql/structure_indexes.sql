select
  'index ' || quote_ident(ic.relname) || ' on ' || quote_ident(c.relname) as name,
  concat_ws(
    '; ',
    pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),
    case when not i.indisvalid then 'not valid' end,
    case when not i.indisready then 'not ready' end,
    case when i.indisclustered then 'clustered' end,
    case when i.indisreplident then 'replica identity' end,
    case when i.indisprimary then 'primary key' end,
    'tablespace ' || (select t.spcname from pg_catalog.pg_tablespace t where t.oid = ic.reltablespace),
    'statistics ' || (
      select string_agg(a.attnum || ':' || a.attstattarget, ', ' order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = ic.oid and a.attstattarget >= 0
    )
  ) as definition
from pg_catalog.pg_class c
join pg_catalog.pg_index i on i.indrelid = c.oid
join pg_catalog.pg_class ic on ic.oid = i.indexrelid
where c.oid in (
  select d.objid from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
    and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
) and c.relkind in ('r', 'p', 'm')
