-- Everything that lies in a schema itself: what pg_depend binds to it. Indexes, triggers and the like hang on a table.
-- $1: schema
select i.type || ' ' || case
    when i.name is not null and i.type not in ('type', 'operator') then i.name
    else replace(i.identity, quote_ident(n.nspname) || '.', '')
  end as object
from pg_catalog.pg_namespace n
join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid
cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i
where n.nspname = $1::text and d.deptype = 'n'
order by 1
