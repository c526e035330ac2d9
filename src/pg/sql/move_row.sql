select id, shared_schema, store_key, store_name, store_schema, kind, adopted, stage, epoch, run_id, key_type,
       store_url, plan, manifest, manifest_hash, template, template_hash, blueprint,
       ddl_fingerprint, snapshot, verdict_snapshot, registry_before, switch, samples, error,
       to_char(verified_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(switched_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       to_char(copied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), base_digests
from tenantctl.move
