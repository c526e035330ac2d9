-- Version 3: schemas that stand ready for stores to come.
alter table tenantctl.move
    add column ready jsonb, -- of a ready schema: what its store will need
    add column ready_ground jsonb, -- the shared schema as it was when that was made
    drop constraint move_kind_check,
    add constraint move_kind_check check (kind in ('move', 'new', 'rehearsal', 'ready')),
    add constraint move_ready_check check (kind <> 'ready'
        or stage in ('planned', 'created', 'copied', 'verified', 'abandoned')),
    add constraint move_is_ready_check check (ready is null or kind = 'ready');

insert into tenantctl.journal_version (version, tool_version) values (3, '{{tool_version}}');
