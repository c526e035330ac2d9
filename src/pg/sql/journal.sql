-- The journal, version 1. Readable by people: start at tenantctl.move.
create schema if not exists tenantctl;
comment on schema tenantctl is 'journal of tenantctl: what was moved, how far, and the proof of it';

create table tenantctl.journal_version (
    version      integer primary key,
    tool_version text not null,
    made_at      timestamptz not null default clock_timestamp()
);

-- One row per invocation that works on stores.
create table tenantctl.run (
    id                text primary key check (id ~ '^[0-9a-f]{8}$'),
    command           text not null,
    command_line      text not null, -- secrets masked
    errand            jsonb, -- which stores, how far: what `resume` goes on with
    tool_version      text not null,
    os_user           text not null,
    host              text not null,
    pid               integer not null,
    role_name         text not null,
    database_name     text not null,
    database_oid      oid not null,
    system_identifier text,
    started_at        timestamptz not null default clock_timestamp(),
    ended_at          timestamptz,
    outcome           text check (outcome in ('done', 'refused', 'failed', 'differs', 'partial', 'interrupted')),
    exit_code         integer,
    report            jsonb,
    check ((ended_at is null) = (outcome is null))
);

-- One store's way through the stages; it goes through many runs.
create table tenantctl.move (
    id               bigint generated always as identity primary key,
    shared_schema    text not null,
    store_key        text not null,
    store_name       text,
    store_schema     text not null,
    kind             text not null default 'move' check (kind in ('move', 'new')),
    adopted          boolean not null default false,
    stage            text not null default 'planned' check (stage in
        ('planned', 'created', 'copied', 'verified', 'switched', 'validated', 'purged', 'reversed', 'abandoned')),
    epoch            bigint not null default 1,
    run_id           text not null references tenantctl.run,
    key_type         jsonb not null,
    store_url        text,
    plan             jsonb not null,
    manifest         jsonb not null,
    manifest_hash    text not null,
    template         jsonb not null,
    template_hash    text not null,
    blueprint        jsonb not null,
    ddl_fingerprint  text not null,
    snapshot         text, -- the one at which all loaded rows are true
    verdict_snapshot text, -- the one at which they were read back
    base_digests     jsonb, -- of a new store's tables when it was proven
    registry_before  jsonb,
    switch           jsonb,
    samples          jsonb,
    error            jsonb,
    planned_at       timestamptz not null default clock_timestamp(),
    created_at       timestamptz,
    copied_at        timestamptz,
    verified_at      timestamptz,
    switched_at      timestamptz,
    validated_at     timestamptz,
    purged_at        timestamptz,
    reversed_at      timestamptz,
    abandoned_at     timestamptz,
    check (stage in ('planned', 'abandoned') or created_at is not null),
    check (stage not in ('copied', 'verified', 'switched', 'validated', 'purged') or (copied_at is not null and snapshot is not null)),
    check (stage not in ('verified', 'switched', 'validated', 'purged') or verified_at is not null),
    check (stage not in ('planned', 'created', 'copied') or verified_at is null),
    check (stage not in ('switched', 'validated', 'purged', 'reversed') or switched_at is not null),
    check ((stage = 'reversed') <= (reversed_at is not null)),
    check ((stage = 'abandoned') = (abandoned_at is not null))
);
create unique index move_one_per_store on tenantctl.move (shared_schema, store_key) where stage <> 'abandoned';
create unique index move_one_per_schema on tenantctl.move (store_schema) where stage <> 'abandoned';

-- What is true of one table of one move now; the way there is in tenantctl.event.
create table tenantctl.table_run (
    move_id       bigint not null references tenantctl.move,
    table_name    text not null,
    run_id        text not null references tenantctl.run,
    snapshot      text not null, -- the one at which the loaded rows were read
    rows_read     bigint not null,
    rows_sent     bigint not null,
    rows_loaded   bigint not null,
    rows_back     bigint,
    byte_count    bigint not null,
    digest_name   text not null,
    source_digest text not null,
    target_digest text,
    seconds       double precision not null,
    verdict       text not null default 'not_verified' check (verdict in ('not_verified', 'equal', 'differs', 'stale')), -- stale: to be loaded again
    differences   jsonb,
    difference_count bigint not null default 0,
    loaded_at     timestamptz not null default clock_timestamp(),
    verified_at   timestamptz,
    primary key (move_id, table_name),
    check (rows_read = rows_sent and rows_sent = rows_loaded),
    check (verdict <> 'equal' or (target_digest = source_digest and rows_back = rows_read))
);

-- What was checked beside the rows.
create table tenantctl."check" (
    move_id    bigint not null references tenantctl.move,
    name       text not null,
    run_id     text not null references tenantctl.run,
    verdict    text not null check (verdict in ('pass', 'fail', 'not_checked')),
    detail     text not null,
    items      jsonb not null default '[]',
    checked_at timestamptz not null default clock_timestamp(),
    primary key (move_id, name)
);

-- Append only.
create table tenantctl.event (
    id      bigint generated always as identity primary key,
    at      timestamptz not null default clock_timestamp(),
    run_id  text not null references tenantctl.run,
    move_id bigint references tenantctl.move,
    kind    text not null,
    detail  jsonb not null default '{}'
);
create index event_of_move on tenantctl.event (move_id, id);

-- What we made, and what we took off for the load and must put back.
create table tenantctl.resource (
    id         bigint generated always as identity primary key,
    move_id    bigint not null references tenantctl.move,
    kind       text not null check (kind in ('schema', 'object', 'unit', 'foreign_key', 'trigger')),
    name       text not null,
    definition text, -- what brings it back; of a unit `part/…`, the digest of its rows
    state      text not null check (state in ('made', 'off', 'dropped')),
    changed_at timestamptz not null default clock_timestamp(),
    unique (move_id, kind, name)
);

insert into tenantctl.journal_version (version, tool_version) values (1, '{{tool_version}}');
