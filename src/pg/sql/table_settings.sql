-- What of a table's own settings is not the usual, by its oid, as one JSON object: strays.sql holds it against what it
-- finds at the end.
select coalesce(pg_catalog.jsonb_object_agg(oid::text, pg_catalog.md5(settings)), '{}')::text
from (
  select c.oid, {{settings}} as settings
  from pg_catalog.pg_class c where c.relkind in ('r', 'p')
) own
where settings <> ''
