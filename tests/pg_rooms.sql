create schema {{schema}};
set search_path = {{schema}};
comment on schema {{schema}} is 'the schema {{schema}}';
create type status as enum ('new', 'paid', 'it''s "sent"');
create domain money_base as numeric(12,2);
create domain price as money_base constraint price_check check (value >= 0);
create domain rate as int default 7;
create domain store_no as int;
create type place as (street text, status status);
create type own_range as range (subtype = float8, subtype_diff = float8mi);
create type box2 as (what int[], p price);
create sequence ticket;
create sequence "loose seq" as smallint increment -5 minvalue -100 maxvalue -1 cycle;
create table orders (
  id bigserial primary key, store_id store_no not null, status status default 'new', amount price, rate rate, tags text[],
  history status[], place place, span int4range, own_span own_range, prices price[], boxed box2,
  own_spans own_multirange, -- since 14
  body jsonb, note text collate "C" default '{{schema}}' || 'x', total numeric default 0,
  total_with_tax numeric generated always as (total * 1.16) stored,
  ticket bigint default nextval('ticket'), ticket2 bigint default nextval('ticket'),
  constraint orders_store unique (store_id, id)
) with (fillfactor = 90);
comment on column orders.id is 'id';
comment on table orders is 'orders of {{schema}}';
create index orders_store_idx on orders (store_id, lower(note)) where id > 0;
comment on index orders_store_idx is 'x';
create statistics orders_stat on id, store_id from orders;
create table "order" (
  no int generated always as identity primary key, "order store" int, "order id" bigint,
  constraint "line of order" foreign key ("order store", "order id") references orders (store_id, id) deferrable
);
create table "Weird ""Name""" ("a.b" int not null, "sélect" text not null, x int);
create unique index "weird idx" on "Weird ""Name""" ("sélect", "a.b") include (x);
create table ñandú (id uuid primary key default gen_random_uuid(), "größe" text);
create table pairs (a int not null, b int not null, c int, code varchar(3), u uuid);
create unique index pairs_ba on pairs (b, a);
create unique index pairs_lower on pairs (a, lower(code));
create unique index pairs_part on pairs (a) where b > 0;
create unique index pairs_nulls on pairs (c) nulls not distinct; -- since 15
alter table pairs add constraint pairs_late unique (a) deferrable initially deferred;
create table bookings (during tsrange, exclude using gist (during with &&));
create table events (at date not null, order_id bigint references orders, primary key (at, order_id)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create table logs (line text);
alter table logs add n int default 5, add o text[] default '{a}';
insert into logs values ('x');
alter table logs add p int default 9;
create rule keep as on delete to logs do instead nothing;
create table notes (id int primary key, t text);
create table special_notes (extra int) inherits (notes);
alter table notes enable row level security;
create policy own on notes for select using (id > 0 and t <> '{{schema}}');
create view open_orders as select id, note from orders where status = 'new';
create materialized view counts as select count(*) from orders;
create function greet(who int) returns text language plpgsql as $$
begin
  -- {{schema}} is where we are
  return (select note from {{schema}}.orders where id = who);
end $$;
create procedure clean() language sql as 'delete from {{schema}}.logs';
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0');
create function stamp() returns trigger language plpgsql as $$ begin new.note = 'stamped'; return new; end $$;
create trigger stamp before insert on orders for each row when (new.note = '{{schema}}') execute function stamp();
create trigger quiet before insert on notes for each row execute function stamp();
alter table notes disable trigger quiet;
set search_path = '';
