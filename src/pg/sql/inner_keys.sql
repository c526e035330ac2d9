-- Foreign keys of the schema ($1) between its own tables; not those that a partition has from its parent.
select c.relname::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid),
       pg_catalog.obj_description(k.oid, 'pg_constraint')
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = k.confrelid
where n.nspname = $1 and p.relnamespace = n.oid and k.contype = 'f' and k.conparentid = 0
order by c.relname, k.conname
