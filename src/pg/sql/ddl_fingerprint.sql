-- What a move of rows depends on in some tables, as lines of text: no oid, no number of a column, no data.
-- $1: schema, $2: tables, as a JSON list
with recursive
  listed as (
    select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relispartition
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1::text and c.relkind in ('r', 'p', 'f', 'v', 'm')
      and c.relname = any (array(select jsonb_array_elements_text($2::jsonb)::name)) -- over the index
  ),
  attributes as (
    select l.relname, a.*
    from listed l
    join pg_catalog.pg_attribute a on a.attrelid = l.oid
    where a.attnum > 0 and not a.attisdropped
  ),
  chain (first, type) as (
    select distinct atttypid, atttypid from attributes
    union
    select h.first, t.typbasetype
    from chain h
    join pg_catalog.pg_type t on t.oid = h.type
    where t.typtype = 'd'
  )
select l.relname::text as table_name, 'table' as kind, '' as name,
       concat_ws(' ', l.relkind, l.relrowsecurity, l.relforcerowsecurity, l.relispartition) as definition
from listed l
union all
select a.relname::text, 'column', a.attname::text,
       concat_ws(
         ' ',
         pg_catalog.format_type(a.atttypid, a.atttypmod),
         -- a domain's base and its modifier, an enum's labels: what the name of the type does not say
         (select string_agg(
            concat_ws(
              ' ', pg_catalog.format_type(h.type, null), t.typtypmod, t.typnotnull,
              (select string_agg(e.enumlabel::text, ',' order by e.enumsortorder)
               from pg_catalog.pg_enum e where e.enumtypid = h.type)
            ), ' ' order by t.typname::text collate "C", t.typtype)
          from chain h join pg_catalog.pg_type t on t.oid = h.type
          where h.first = a.atttypid and t.typtype in ('d', 'e')),
         case when a.attnotnull then 'not null' end,
         case when a.attidentity <> '' then 'identity ' || a.attidentity::text end,
         case when a.attgenerated <> '' then 'generated ' || a.attgenerated::text end,
         a.attcollation::regcollation::text,
         pg_catalog.pg_get_expr(ad.adbin, ad.adrelid)
       )
from attributes a
left join pg_catalog.pg_attrdef ad on ad.adrelid = a.attrelid and ad.adnum = a.attnum
union all
-- NOT NULL is said with the column (18 has constraints for it); whether old rows were checked changes no row.
select l.relname::text, 'constraint', k.conname::text,
       regexp_replace(pg_catalog.pg_get_constraintdef(k.oid), ' NOT VALID$', '')
from listed l
join pg_catalog.pg_constraint k on k.conrelid = l.oid
where k.contype in ('c', 'f', 'p', 'u', 'x')
union all
select l.relname::text, 'trigger', t.tgname::text, t.tgenabled::text || ' ' || pg_catalog.pg_get_triggerdef(t.oid)
from listed l
join pg_catalog.pg_trigger t on t.tgrelid = l.oid
where not t.tgisinternal
