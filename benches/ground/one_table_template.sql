create table {{schema}}.messages (
    id bigint not null, store_id integer not null, sent_at timestamptz not null, phone text not null, body jsonb not null
);
-- tenantctl: after the load
alter table {{schema}}.messages add primary key (id);
create index messages_sent_at_idx on {{schema}}.messages (sent_at);
create index messages_phone_idx on {{schema}}.messages (phone);
