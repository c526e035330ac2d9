-- What is left of the server's connections for the roles of $1: the setting, what is kept, what others use; the
-- database's own limit, and what others use of that.
select
  s.max_connections,
  s.reserved,
  b.others,
  case when d.datconnlimit >= 0 then d.datconnlimit::int8 end,
  b.others_here
from pg_catalog.pg_database d,
  (
    select current_setting('max_connections')::int8 as max_connections,
           current_setting('superuser_reserved_connections')::int8
             + coalesce(current_setting('reserved_connections', true)::int8, 0) as reserved
  ) s,
  (
    select count(*) as others, count(*) filter (where a.datname = current_database()) as others_here
    from pg_catalog.pg_stat_activity a
    where (a.backend_type = 'client backend' or a.backend_type is null)
      and not coalesce(a.usename::text = any ($1::text[]), false)
      and a.application_name not like 'tenantctl/%'
  ) b
where d.datname = current_database()
