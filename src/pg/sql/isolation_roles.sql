-- Roles that are worth becoming: of other stores ($3), superusers, owners of what lies outside the store schema ($2), and
-- PostgreSQL's own; whether the store's role ($1) may become them. {{become}} is what that right is called.
select
  r.rolname::text,
  r.rolsuper,
  pg_catalog.pg_has_role(me.oid, r.oid, '{{become}}'),
  count(*) over ()
from pg_catalog.pg_roles me, pg_catalog.pg_roles r
where me.rolname::text = $1 and r.oid <> me.oid
  and (
    r.rolsuper or r.rolname like 'pg\_%' or r.rolname::text = any ($3)
    or exists (select from pg_catalog.pg_namespace n where n.nspowner = r.oid and n.nspname::text <> $2)
    or exists (
      select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relowner = r.oid and n.nspname::text <> $2
    )
  )
order by 1
