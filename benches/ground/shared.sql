-- An application of four tables; half of the rows are messages. {stores} and {rows} are filled in.
create table public.stores (id integer primary key, name text not null, schema_name text);
insert into public.stores (id, name) select id, 'Store ' || id from generate_series(1, {stores}) id;
create table public.orders (
    id bigint primary key, store_id integer not null references public.stores (id), placed_at timestamptz not null,
    status text not null, total numeric(12, 2) not null
);
create table public.order_items (
    id bigint primary key, order_id bigint not null references public.orders (id), sku text not null,
    quantity integer not null, price numeric(12, 2) not null
);
create table public.messages (
    id bigint primary key, store_id integer not null references public.stores (id), sent_at timestamptz not null,
    phone text not null, body jsonb not null
);
create table public.notes (id bigint primary key, store_id integer not null references public.stores (id), body text);
insert into public.orders
select id, 1 + id % {stores}, timestamptz '2025-01-01 00:00Z' + id * interval '1 s', 'paid', id % 9999 / 10.0
from generate_series(1, {rows} / 8) id;
insert into public.order_items
select id, 1 + id % ({rows} / 8), 'SKU-' || id % 997, 1 + id % 5, id % 999 / 7.0 from generate_series(1, {rows} / 4) id;
insert into public.messages
select id, 1 + id % {stores}, timestamptz '2025-01-01 00:00Z' + id * interval '1 s', '+52' || 5500000000 + id % 9999,
       jsonb_build_object('text', repeat(md5(id::text), 3), 'from', 'customer', 'read', id % 2 = 0)
from generate_series(1, {rows} / 2) id;
insert into public.notes select id, 1 + id % {stores}, repeat(md5(id::text), 2) from generate_series(1, {rows} / 8) id;
