-- Held as they are found: one that is sent anew at this instant isn't over any more.
CREATE OR REPLACE FUNCTION sweep_invitations(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH past AS MATERIALIZED (
        SELECT * FROM (SELECT organization_id, id FROM invitations
            WHERE status <> 'open' AND updated_at < LEAST(before, now()) LIMIT most FOR UPDATE SKIP LOCKED) closed
        UNION ALL SELECT * FROM (SELECT organization_id, id FROM invitations
            WHERE status = 'open' AND expires_at < LEAST(before, now()) LIMIT most FOR UPDATE SKIP LOCKED) ended
        LIMIT most),
    said AS (DELETE FROM audit_payloads WHERE (organization_id, entry_id) IN (
        SELECT a.organization_id, a.id FROM past JOIN audit_entries a ON a.organization_id = past.organization_id
        AND a.entity_type = 'invitation' AND a.entity_id = past.id)),
    gone AS (DELETE FROM invitations WHERE (organization_id, id) IN (SELECT organization_id, id FROM past) RETURNING 1)
    SELECT count(*) FROM gone
$$;
