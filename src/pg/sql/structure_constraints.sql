-- Constraints of tables and domains. NOT NULL is said with the column, though 18 has constraints for it too. One that
-- is not enforced (18) says so itself, and is never validated.
select
  'constraint ' || quote_ident(k.conname) || ' on '
    || coalesce(quote_ident(c.relname), pg_catalog.format_type(k.contypid, null)) as name,
  concat_ws(
    '; ',
    pg_catalog.pg_get_constraintdef(k.oid),
    case when not k.convalidated and coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) then 'not validated' end,
    case when k.conparentid <> 0 then 'from the parent' end,
    case when k.coninhcount > 0 and k.conislocal then 'inherited and local' when k.coninhcount > 0 then 'inherited' end
  ) as definition
from pg_catalog.pg_constraint k
left join pg_catalog.pg_class c on c.oid = k.conrelid
where (k.conrelid, k.contypid) in (
  select case d.classid when 'pg_catalog.pg_class'::regclass then d.objid else 0 end,
         case d.classid when 'pg_catalog.pg_type'::regclass then d.objid else 0 end
  from pg_catalog.pg_depend d
  where d.classid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass)
    and d.refclassid = 'pg_catalog.pg_namespace'::regclass
    and d.refobjid = (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1::text)
) and k.contype not in ('n', 't')
