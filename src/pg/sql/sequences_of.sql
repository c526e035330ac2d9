-- Sequences of a schema, once for each column that uses them.
-- $1: schema
with
  -- What a schema holds is found over pg_depend's index; pg_class has none for it, and of many stores it is large.
  sequences as materialized (
    select c.oid, c.relname::text as name
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class c on c.oid = d.objid
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_namespace'::regclass
      and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text) and c.relkind = 'S'
  ),
  uses as materialized (
    select d.objid as sequence, d.refobjid as relation, d.refobjsubid as attnum,
           case d.deptype when 'i' then 'identity' else 'owned' end as how
    from sequences s
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = s.oid
    where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    union all
    select d.refobjid, ad.adrelid, ad.adnum, 'default'
    from sequences s
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = s.oid
    join pg_catalog.pg_attrdef ad on ad.oid = d.objid
    -- `is true`: with old statistics the planner would take the index over classid, which leads to all defaults there are
    where (d.classid = 'pg_catalog.pg_attrdef'::regclass) is true and d.deptype = 'n'
  )
select
  s.name,
  pg_catalog.format_type(q.seqtypid, null) as data_type,
  q.seqincrement as increment,
  q.seqmin as min,
  q.seqmax as max,
  q.seqcycle as cycle,
  un.nspname::text as user_schema,
  uc.relname::text as user_table,
  ua.attname::text as user_column,
  u.how
from sequences s
join pg_catalog.pg_sequence q on q.seqrelid = s.oid
left join uses u on u.sequence = s.oid
left join pg_catalog.pg_class uc on uc.oid = u.relation
left join pg_catalog.pg_namespace un on un.oid = uc.relnamespace
left join pg_catalog.pg_attribute ua on ua.attrelid = u.relation and ua.attnum = u.attnum
order by s.name collate "C", un.nspname::text collate "C", uc.relname::text collate "C", u.attnum, u.how
