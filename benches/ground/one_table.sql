-- An application of one table. {stores} and {rows} are filled in.
create table public.stores (id integer primary key, name text not null, schema_name text);
insert into public.stores (id, name) select id, 'Store ' || id from generate_series(1, {stores}) id;
create table public.messages (
    id bigint primary key, store_id integer not null references public.stores (id), sent_at timestamptz not null,
    phone text not null, body jsonb not null
);
insert into public.messages
select id, 1 + id % {stores}, timestamptz '2025-01-01 00:00Z' + id * interval '1 s', '+52' || 5500000000 + id % 9999,
       jsonb_build_object('text', repeat(md5(id::text), 3), 'from', 'customer', 'read', id % 2 = 0)
from generate_series(1, {rows}) id;
