create table {{schema}}.orders (
    id bigint not null, store_id integer not null, placed_at timestamptz not null, status text not null,
    total numeric(12, 2) not null
);
create table {{schema}}.order_items (
    id bigint not null, order_id bigint not null, sku text not null, quantity integer not null,
    price numeric(12, 2) not null
);
create table {{schema}}.messages (
    id bigint not null, store_id integer not null, sent_at timestamptz not null, phone text not null, body jsonb not null
);
create table {{schema}}.notes (id bigint not null, store_id integer not null, body text);
-- tenantctl: after the load
alter table {{schema}}.orders add primary key (id);
alter table {{schema}}.order_items add primary key (id);
alter table {{schema}}.messages add primary key (id);
alter table {{schema}}.notes add primary key (id);
create index orders_placed_at_idx on {{schema}}.orders (placed_at);
create index order_items_order_id_idx on {{schema}}.order_items (order_id);
create index messages_sent_at_idx on {{schema}}.messages (sent_at);
create index messages_phone_idx on {{schema}}.messages (phone);
alter table {{schema}}.order_items add foreign key (order_id) references {{schema}}.orders (id);
