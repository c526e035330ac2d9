-- Tables, views, sequences of a schema. Every structure question: $1 is the schema, search_path is that schema alone.
select
  case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
    when 'f' then 'foreign table ' when 'c' then 'type ' else 'table ' end || quote_ident(c.relname) as name,
  concat_ws(
    '; ',
    case c.relkind when 'p' then 'partitioned' when 'c' then 'composite' end,
    case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
    'partition by ' || pg_catalog.pg_get_partkeydef(c.oid),
    (select 'inherits ' || string_agg(h.inhparent::regclass::text, ', ' order by h.inhseqno)
     from pg_catalog.pg_inherits h where h.inhrelid = c.oid),
    pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    'of type ' || pg_catalog.format_type(nullif(c.reloftype, 0), null),
    'access method ' || (select am.amname from pg_catalog.pg_am am where am.oid = c.relam and am.amname <> 'heap'),
    'tablespace ' || (select t.spcname from pg_catalog.pg_tablespace t where t.oid = c.reltablespace),
    'with (' || array_to_string(c.reloptions, ', ') || ')',
    'toast with (' || (
      select array_to_string(t.reloptions, ', ') from pg_catalog.pg_class t where t.oid = c.reltoastrelid
    ) || ')',
    case when c.relkind in ('r', 'p') then
      case c.relreplident when 'n' then 'replica identity nothing' when 'f' then 'replica identity full'
        when 'i' then 'replica identity by index' end
    end,
    case when c.relrowsecurity then 'row security' end,
    case when c.relforcerowsecurity then 'force row security' end,
    case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
    'server ' || (
      select s.srvname || coalesce(' options ' || array_to_string(ft.ftoptions, ', '), '')
      from pg_catalog.pg_foreign_table ft join pg_catalog.pg_foreign_server s on s.oid = ft.ftserver
      where ft.ftrelid = c.oid
    ),
    (
      select concat_ws(
        ' ', pg_catalog.format_type(q.seqtypid, null), 'start', q.seqstart, 'increment', q.seqincrement,
        'min', q.seqmin, 'max', q.seqmax, 'cache', q.seqcache, case when q.seqcycle then 'cycle' end
      )
      from pg_catalog.pg_sequence q where q.seqrelid = c.oid
    ),
    (
      select case d.deptype when 'i' then 'identity of ' else 'owned by ' end
             || d.refobjid::regclass::text || '.' || quote_ident(a.attname)
      from pg_catalog.pg_depend d
      join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where c.relkind = 'S' and d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    )
  ) as definition
from relations c
where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
