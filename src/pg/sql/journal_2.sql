-- Version 2: rehearsals stand beside the moves, and a run keeps what was forecast for it.
alter table tenantctl.run add column forecast jsonb;
alter table tenantctl.move
    drop constraint move_kind_check,
    add constraint move_kind_check check (kind in ('move', 'new', 'rehearsal')),
    add constraint move_rehearsal_check check (kind <> 'rehearsal'
        or stage in ('planned', 'created', 'copied', 'verified', 'abandoned'));
-- A store may have one live move, and one rehearsal beside it.
drop index tenantctl.move_one_per_store;
create unique index move_one_per_store on tenantctl.move (shared_schema, store_key, (kind = 'rehearsal'))
    where stage <> 'abandoned';

insert into tenantctl.journal_version (version, tool_version) values (2, '{{tool_version}}');
