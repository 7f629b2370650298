-- What erasing and retention take away, and nothing else does.

-- Where a change came from has a digest of its own within the payload's: without IP and user agent it stands here, and
-- what changed can still be compared with its entry.
ALTER TABLE audit_payloads ADD COLUMN origin_digest bytea;

CREATE INDEX security_events_by_age ON security_events (occurred_at);

-- Security events are append-only but for two things: what names a person may be emptied, and what is old may go.
CREATE FUNCTION keep_security_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.occurred_at < now() - interval '90 days' THEN
            RETURN OLD;
        END IF;
    ELSIF NEW.organization_id = OLD.organization_id AND NEW.id = OLD.id AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id
        AND NEW.type = OLD.type AND NEW.severity = OLD.severity AND NEW.occurred_at = OLD.occurred_at
        AND NEW.ip IS NULL AND NEW.user_agent IS NULL
        AND (NEW.details IS NULL OR NEW.details = OLD.details) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
DROP TRIGGER security_events_append_only ON security_events;
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE ON security_events FOR EACH ROW EXECUTE FUNCTION keep_security_event();
CREATE TRIGGER security_events_no_truncate BEFORE TRUNCATE ON security_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- `firma_app` may not change security events, nor see other people's tokens: by these alone, and only for who is erased.
CREATE FUNCTION erase_security_events(person uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE security_events SET ip = NULL, user_agent = NULL, details = NULL
    WHERE user_id = person AND EXISTS (SELECT 1 FROM users u WHERE u.id = person AND u.deleted_at IS NOT NULL)
$$;
-- What the person did to others: written at the instant of an entry of theirs.
CREATE FUNCTION erase_security_events_by(person uuid, organization uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE security_events SET ip = NULL, user_agent = NULL
    WHERE organization_id = organization AND (ip IS NOT NULL OR user_agent IS NOT NULL)
    AND occurred_at IN (SELECT a.occurred_at FROM audit_entries a WHERE a.organization_id = organization AND a.actor_id = person)
    AND EXISTS (SELECT 1 FROM users u WHERE u.id = person AND u.deleted_at IS NOT NULL)
$$;
CREATE FUNCTION erase_tokens(person uuid, address text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM verification_tokens WHERE lower(email) = address
    AND EXISTS (SELECT 1 FROM users u WHERE u.id = person AND u.deleted_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM user_logins l WHERE l.login = address)
$$;
CREATE FUNCTION sweep_security_events(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM security_events WHERE (organization_id, id) IN (SELECT organization_id, id FROM security_events WHERE occurred_at < LEAST(before, now() - interval '90 days') ORDER BY occurred_at LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;
-- Beyond what `firma_app` may, so for nobody else.
REVOKE EXECUTE ON FUNCTION erase_security_events(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_security_events(uuid) TO firma_app;
REVOKE EXECUTE ON FUNCTION erase_security_events_by(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_security_events_by(uuid, uuid) TO firma_app;
REVOKE EXECUTE ON FUNCTION erase_tokens(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_tokens(uuid, text) TO firma_app;
REVOKE EXECUTE ON FUNCTION sweep_security_events(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_security_events(timestamptz, bigint) TO firma_app;
-- What a token that is over would have done is of no use to anybody: it goes at once, the rest after its time.
CREATE OR REPLACE FUNCTION sweep_tokens(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM verification_tokens WHERE hash IN (SELECT hash FROM verification_tokens WHERE expires_at < LEAST(before, now()) LIMIT most) RETURNING 1),
    cut AS (UPDATE verification_tokens SET payload = NULL WHERE hash IN (SELECT hash FROM verification_tokens WHERE expires_at < now() AND expires_at >= LEAST(before, now()) AND payload IS NOT NULL LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;
