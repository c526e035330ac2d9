-- How many rows of each table this session wrote and has not handed in to the statistics yet, as one JSON object.
select coalesce(pg_catalog.jsonb_object_agg(relid::text, n_tup_ins + n_tup_upd + n_tup_del), '{}')::text
from pg_catalog.pg_stat_xact_all_tables
where n_tup_ins + n_tup_upd + n_tup_del > 0
