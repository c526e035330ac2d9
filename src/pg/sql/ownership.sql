-- "alter … owner to" for everything in the schema ($1); the owner's name stands in as a literal. The schema first: the new
-- owner of a table must have CREATE on it. Every name is qualified, whatever the path is.
-- Sequences that belong to a column follow their table, indexes and row types too.
select format('alter schema %I owner to %I', $1::text, {{owner}}::text)
union all
select format('alter %s %I.%I owner to %I',
              case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                             when 'f' then 'foreign table' else 'table' end,
              n.nspname, c.relname, {{owner}}::text)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  and not exists (select from pg_catalog.pg_depend d
                  where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
                    and d.refclassid = 'pg_catalog.pg_class'::regclass and c.relkind = 'S')
union all
select format('alter %s %I.%I owner to %I', case t.typtype when 'd' then 'domain' else 'type' end,
              n.nspname, t.typname, {{owner}}::text)
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_class c on c.oid = t.typrelid
where n.nspname = $1 and t.typtype in ('e', 'd', 'r', 'c') and (t.typtype <> 'c' or c.relkind = 'c')
union all
select format('alter %s %I.%I(%s) owner to %I',
              case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
              n.nspname, p.proname,
              case when p.prokind = 'a' and p.pronargs = 0 then '*'
                   else pg_catalog.pg_get_function_identity_arguments(p.oid) end,
              {{owner}}::text)
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1
