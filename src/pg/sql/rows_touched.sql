-- What strays.sql holds against what it finds at the end, as one JSON object. touched: how many rows of each table this
-- session wrote and has not handed in to the statistics yet. relations: what of a table's own settings is not the usual.
select pg_catalog.jsonb_build_object(
  'touched', (
    select coalesce(pg_catalog.jsonb_object_agg(c.oid::text, {{written}}), '{}')
    from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'm') and {{written}} > 0
  ),
  'relations', (
    select coalesce(pg_catalog.jsonb_object_agg(oid::text, pg_catalog.md5(settings)), '{}')
    from (
      select c.oid, {{settings}} as settings
      from pg_catalog.pg_class c where c.relkind in ('r', 'p')
    ) own
    where settings <> ''
  )
)::text
