-- Version 3: schemas that stand ready for stores to come, and what is known of alerts.
alter table tenantctl.move
    add column ready jsonb, -- of a ready schema: what its store will need
    drop constraint move_kind_check,
    add constraint move_kind_check check (kind in ('move', 'new', 'rehearsal', 'ready')),
    add constraint move_ready_check check (kind <> 'ready'
        or stage in ('planned', 'created', 'copied', 'verified', 'abandoned')),
    add constraint move_is_ready_check check (ready is null or kind = 'ready');

-- What is amiss now, and what was told of it; how it was before is told by whoever was told.
create table tenantctl.alert (
    shared_schema text not null,
    store_key     text not null,
    rule          text not null,
    severity      text not null check (severity in ('info', 'warning', 'critical')),
    says          text not null,
    since         timestamptz not null,
    fired_at      timestamptz, -- none while it has not been amiss for long enough
    told_at       timestamptz,
    primary key (shared_schema, store_key, rule),
    check (told_at is null or fired_at is not null)
);

-- The newest look at the alerts.
create table tenantctl.alert_look (
    shared_schema text primary key,
    looked_at     timestamptz not null,
    rule_count    integer not null,
    store_count   integer not null,
    teller        text not null -- who is told: webhook, command, nobody
);

insert into tenantctl.journal_version (version, tool_version) values (3, '{{tool_version}}');
