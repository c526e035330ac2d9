-- Enums, domains, ranges; composites are said with the relations and their columns.
select
  case t.typtype when 'd' then 'domain ' else 'type ' end || quote_ident(t.typname) as name,
  case t.typtype
    when 'e' then 'enum (' || coalesce(
      (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
       from pg_catalog.pg_enum e where e.enumtypid = t.oid), '') || ')'
    when 'd' then concat_ws(
      ' ',
      pg_catalog.format_type(t.typbasetype, t.typtypmod),
      case when t.typcollation <> b.typcollation then 'collate ' || t.typcollation::regcollation::text end,
      case when t.typnotnull then 'not null' end,
      'default ' || t.typdefault
    )
    when 'r' then (
      select concat_ws(
        ' ', 'range of', pg_catalog.format_type(r.rngsubtype, null),
        'operator class', oc.opcname,
        'collate ' || nullif(r.rngcollation, 0)::regcollation::text,
        'canonical ' || nullif(r.rngcanonical::oid, 0)::regprocedure::text,
        'difference ' || nullif(r.rngsubdiff::oid, 0)::regprocedure::text,
        'multirange ' || pg_catalog.format_type((to_jsonb(r) ->> 'rngmultitypid')::oid, null) -- 14
      )
      from pg_catalog.pg_range r
      join pg_catalog.pg_opclass oc on oc.oid = r.rngsubopc
      where r.rngtypid = t.oid
    )
    else concat_ws(' ', 'base type, input', t.typinput::text, 'output', t.typoutput::text)
  end as definition
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_type b on b.oid = t.typbasetype
where n.nspname = $1::text
  and t.typtype in ('e', 'd', 'r', 'b')
  and not exists (select from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid)
