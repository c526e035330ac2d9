-- Foreign keys of the schema ($1) between its own tables; not those that a partition has from its parent.
select c.relname::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid),
       pg_catalog.obj_description(k.oid, 'pg_constraint')
from pg_catalog.pg_namespace n
join pg_catalog.pg_depend d
  on d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid and d.classid = 'pg_catalog.pg_class'::regclass
cross join lateral (
  select k.oid, k.conname, k.conrelid, k.confrelid from pg_catalog.pg_constraint k
  where k.conrelid = d.objid and k.contype = 'f' and k.conparentid = 0
  offset 0 -- over its index: other stores have as many
) k
join pg_catalog.pg_class c on c.oid = k.conrelid and c.relnamespace = n.oid
join pg_catalog.pg_class p on p.oid = k.confrelid and p.relnamespace = n.oid
where n.nspname = $1
order by c.relname, k.conname
