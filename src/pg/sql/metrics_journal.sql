-- What the journal knows of the live moves out of the shared schema $1: stage, verdict, role, newest proven backup.
with
  moves as materialized (
    select m.*
    from tenantctl.move m
    where m.shared_schema = $1 and m.stage <> 'abandoned' and m.kind <> 'rehearsal'
  ),
  tables as materialized (
    select t.move_id, sum(t.rows_loaded)::int8 as rows_loaded,
           bool_or(t.verdict = 'differs') as differs, bool_and(t.verdict = 'equal') as equal
    from tenantctl.table_run t
    group by t.move_id
  ),
  failed as materialized (
    select c.move_id from tenantctl."check" c where c.verdict = 'fail' group by c.move_id
  ),
  roles as materialized (
    select distinct on (r.move_id) r.move_id, substr(r.name, 6) as name, substr(r.definition, 5)::oid as role
    from tenantctl.resource r
    where r.kind = 'unit' and r.name like 'role/%' and r.state = 'made' and r.definition ~ '^oid \d+$'
    order by r.move_id, r.id desc
  ),
  backups as materialized (
    select distinct on (e.move_id) e.move_id, extract(epoch from e.at)::int8 as at, e.detail
    from tenantctl.event e
    where e.kind = 'backed_up' and e.detail -> 'proven' = 'true'
    order by e.move_id, e.id desc
  )
select m.store_key,
       m.store_schema,
       m.stage,
       extract(epoch from case m.stage
           when 'planned' then m.planned_at when 'created' then m.created_at when 'copied' then m.copied_at
           when 'verified' then m.verified_at when 'switched' then m.switched_at when 'validated' then m.validated_at
           when 'purged' then m.purged_at when 'reversed' then m.reversed_at end)::int8 as stage_since,
       t.rows_loaded,
       extract(epoch from m.copied_at)::int8 as copied_at,
       case when t.differs or f.move_id is not null then 'differs'
            when t.equal and m.verified_at is not null then 'proven'
            when t.move_id is not null then 'not_verified' end as verdict,
       extract(epoch from m.verified_at)::int8 as verified_at,
       r.name as role,
       r.role as role_oid,
       b.at as backup_at,
       b.detail ->> 'to' as backup_to,
       (b.detail ->> 'bytes')::int8 as backup_bytes,
       (b.detail ->> 'row_count')::int8 as backup_rows
from moves m
left join tables t on t.move_id = m.id
left join failed f on f.move_id = m.id
left join roles r on r.move_id = m.id
left join backups b on b.move_id = m.id
order by m.id
