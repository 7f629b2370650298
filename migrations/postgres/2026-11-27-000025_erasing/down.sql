CREATE OR REPLACE FUNCTION sweep_tokens(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM verification_tokens WHERE hash IN (SELECT hash FROM verification_tokens WHERE expires_at < LEAST(before, now()) LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;
DROP FUNCTION sweep_security_events(timestamptz, bigint);
DROP FUNCTION erase_tokens(uuid, text);
DROP FUNCTION erase_security_events_by(uuid, uuid);
DROP FUNCTION erase_security_events(uuid);
DROP TRIGGER security_events_no_truncate ON security_events;
DROP TRIGGER security_events_append_only ON security_events;
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON security_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP FUNCTION keep_security_event();
DROP INDEX security_events_by_age;
ALTER TABLE audit_payloads DROP COLUMN origin_digest;
