-- Functions and procedures as they are written; pg_get_functiondef refuses aggregates, so these are summed up.
select
  case p.prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end
    || quote_ident(p.proname) || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as name,
  case p.prokind
    when 'a' then (
      select concat_ws(
        ' ', 'returns', pg_catalog.format_type(p.prorettype, null),
        'kind', g.aggkind, 'state', pg_catalog.format_type(g.aggtranstype, null), 'step', g.aggtransfn,
        'final', g.aggfinalfn, 'combine', g.aggcombinefn, 'initial', quote_nullable(g.agginitval),
        'moving', g.aggmtransfn, 'direct', g.aggnumdirectargs, 'parallel', p.proparallel,
        'sort operator', g.aggsortop::regoperator
      )
      from pg_catalog.pg_aggregate g where g.aggfnoid = p.oid
    )
    else pg_catalog.pg_get_functiondef(p.oid)
  end as definition
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1::text
