-- Connections of the roles $1 in this database, a row for each that has any. What another role's session does is hidden
-- from who is no member of pg_read_all_stats: then only the number is known.
select a.usesysid as role,
       count(*) as connections,
       case when not bool_or(a.backend_type is null) then count(*) filter (where a.state = 'active') end as active,
       extract(epoch from clock_timestamp() - min(a.xact_start))::float8 as transaction_seconds
from pg_catalog.pg_stat_activity a
where a.usesysid = any ($1) and a.datname = pg_catalog.current_database()
group by a.usesysid
