-- Ordinary and partitioned tables of a schema, each with its key.
-- $1: schema
with
  relations as (
    select c.oid, c.relname, c.relkind, c.reltuples, c.relpages, c.relrowsecurity, c.relispartition
    from pg_catalog.pg_class c
    where c.oid in (
      select d.objid from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
        and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
    ) and c.relkind in ('r', 'p')
  ),
  -- A key that is checked at commit only, that leaves rows out or that allows nulls does not name a row.
  keys as (
    select distinct on (i.indrelid)
      i.indrelid,
      array(
        select a.attname::text
        from generate_series(0, i.indnkeyatts - 1) at
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[at]
        order by at
      ) as columns
    from relations r
    join pg_catalog.pg_index i on i.indrelid = r.oid
    join pg_catalog.pg_class ic on ic.oid = i.indexrelid
    where i.indisunique
      and i.indisvalid
      and (i.indisprimary or i.indimmediate)
      and i.indpred is null
      and not exists (
        select from generate_series(0, i.indnkeyatts - 1) at
        left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[at] and a.attnum <> 0
        where a.attnotnull is not true
          or exists ( -- since 18 NOT NULL may be NOT VALID
            select from pg_catalog.pg_constraint k
            where k.conrelid = i.indrelid and k.contype = 'n' and k.conkey = array[a.attnum] and not k.convalidated
          )
      )
    order by i.indrelid, i.indisprimary desc, i.indnkeyatts, ic.relname
  )
select
  r.relname::text as name,
  coalesce(k.columns, '{}') as key,
  case
    -- Before 14 a table that was never analysed said 0.
    when current_setting('server_version_num')::int < 140000 and r.reltuples = 0 and r.relpages = 0 then -1
    else r.reltuples::int8
  end as row_estimate,
  r.relrowsecurity as row_security,
  r.relkind = 'p' as is_partitioned,
  r.relispartition as is_partition,
  array(
    select p.relname::text
    from pg_catalog.pg_inherits h
    join pg_catalog.pg_class p on p.oid = h.inhparent
    join pg_catalog.pg_namespace n on n.oid = p.relnamespace
    where h.inhrelid = r.oid and n.nspname = $1::text
    order by h.inhseqno
  ) as parents
from relations r
left join keys k on k.indrelid = r.oid
order by r.relname::text collate "C"
