-- Of each schema of $1 the sequence with the smallest share of values left. Without $2 only those whose values end below
-- 2^53: each is opened to be read, and nobody has used up a bigint. A column of a smaller type ends a sequence earlier.
with
  stores as materialized (
    select n.oid, n.nspname::text as schema
    from pg_catalog.pg_namespace n
    where n.nspname::text = any ($1)
  ),
  held as materialized (
    select c.oid, s.schema, c.relname::text as name, q.seqtypid, q.seqincrement, q.seqmin, q.seqmax
    from stores s
    join pg_catalog.pg_class c on c.relnamespace = s.oid and c.relkind = 'S'
    join pg_catalog.pg_sequence q on q.seqrelid = c.oid
    where not q.seqcycle
  ),
  columns as materialized (
    select d.objid as sequence, min(case a.atttypid when 21 then 32767::int8 when 23 then 2147483647 end) as most
    from held h
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = h.oid
     and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
    join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where h.seqtypid = 'int8'::regtype -- before PostgreSQL 10 a serial had one
    group by d.objid
  ),
  bounds as materialized (
    select h.*, least(h.seqmax, c.most) as most
    from held h
    left join columns c on c.sequence = h.oid
  ),
  stands as materialized (
    select b.schema, b.name, b.seqincrement > 0 as runs_up, b.seqmin, b.most,
           pg_catalog.pg_sequence_last_value(b.oid) as last
    from bounds b
    where ($2 or b.most < 9007199254740992)
      and pg_catalog.has_sequence_privilege(b.oid, 'SELECT, USAGE')
  )
select distinct on (schema) schema, name, left_ratio
from (
    select schema, name,
           case when last is null then 1
                when runs_up then greatest(most::float8 - last, 0) / nullif(most::float8 - seqmin + 1, 0)
                else greatest(last::float8 - seqmin, 0) / nullif(most::float8 - seqmin + 1, 0) end::float8 as left_ratio
    from stands) each
where left_ratio is not null
order by schema, left_ratio, name
