-- What strays.sql looks through: catalog, oid, name, space, relation, place, xid. A part for each catalog, of which only
-- those are asked that may have been written to: to plan them all takes longer than to read them.
-- Each is read by itself, without a join: nearly all its rows are older than we. Where what is written lies is told by its
-- schema (space) or its relation, and asked afterwards. All have the same types: else the planner does not ask in each
-- catalog for what is asked of all.
select 'pg_catalog.pg_namespace'::regclass::oid, n.oid, n.nspname::text, n.oid, null::oid, 1, n.xmin
from pg_catalog.pg_namespace n
union all
select 'pg_catalog.pg_class'::regclass::oid, c.oid, null::text, c.relnamespace, c.oid, 1, c.xmin
from pg_catalog.pg_class c
union all
select 'pg_catalog.pg_attribute'::regclass::oid, null::oid, a.attname::text, null::oid, a.attrelid,
       a.attnum::int4, a.xmin
from pg_catalog.pg_attribute a
union all
select 'pg_catalog.pg_proc'::regclass::oid, p.oid, null::text, p.pronamespace, null::oid, 1, p.xmin
from pg_catalog.pg_proc p
union all
select 'pg_catalog.pg_type'::regclass::oid, t.oid, t.typname::text, t.typnamespace, null::oid, 1, t.xmin
from pg_catalog.pg_type t
union all
select 'pg_catalog.pg_constraint'::regclass::oid, k.oid, k.conname::text, null::oid, k.conrelid, 1, k.xmin
from pg_catalog.pg_constraint k
union all
select 'pg_catalog.pg_trigger'::regclass::oid, t.oid, t.tgname::text, null::oid, t.tgrelid,
       case when t.tgisinternal then 0 else 1 end, t.xmin
from pg_catalog.pg_trigger t
union all
select 'pg_catalog.pg_rewrite'::regclass::oid, r.oid, r.rulename::text, null::oid, r.ev_class, 1, r.xmin
from pg_catalog.pg_rewrite r
union all
select 'pg_catalog.pg_policy'::regclass::oid, p.oid, p.polname::text, null::oid, p.polrelid, 1, p.xmin
from pg_catalog.pg_policy p
union all
select 'pg_catalog.pg_attrdef'::regclass::oid, d.oid, null::text, null::oid, d.adrelid, 1, d.xmin
from pg_catalog.pg_attrdef d
union all
select 'pg_catalog.pg_operator'::regclass::oid, o.oid, null::text, o.oprnamespace, null::oid, 1, o.xmin
from pg_catalog.pg_operator o
union all
select 'pg_catalog.pg_extension'::regclass::oid, e.oid, e.extname::text, null::oid, null::oid, 1, e.xmin
from pg_catalog.pg_extension e
union all
select 'pg_catalog.pg_event_trigger'::regclass::oid, e.oid, e.evtname::text, null::oid, null::oid, 1, e.xmin
from pg_catalog.pg_event_trigger e
union all
select 'pg_catalog.pg_publication'::regclass::oid, p.oid, p.pubname::text, null::oid, null::oid, 1, p.xmin
from pg_catalog.pg_publication p
union all
select 'pg_catalog.pg_cast'::regclass::oid, c.oid, null::text, null::oid, null::oid, 1, c.xmin
from pg_catalog.pg_cast c
union all
select 'pg_catalog.pg_auth_members'::regclass::oid, null::oid,
       format('membership of role %s in role %s', m.member::regrole, m.roleid::regrole), null::oid, null::oid, 1,
       m.xmin
from pg_catalog.pg_auth_members m
union all
select 'pg_catalog.pg_db_role_setting'::regclass::oid, null::oid, format('settings of %s', s.setdatabase::text),
       null::oid, null::oid, 1, s.xmin
from pg_catalog.pg_db_role_setting s
