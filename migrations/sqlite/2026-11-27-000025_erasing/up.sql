-- What erasing and retention take away, and nothing else does.

-- Where a change came from has a digest of its own within the payload's: without IP and user agent it stands here, and
-- what changed can still be compared with its entry.
ALTER TABLE audit_payloads ADD COLUMN origin_digest BLOB;

CREATE INDEX security_events_by_age ON security_events (occurred_at);

-- Security events are append-only but for two things: what names a person may be emptied, and what is old may go.
DROP TRIGGER security_events_no_update;
DROP TRIGGER security_events_no_delete;
CREATE TRIGGER security_events_no_update BEFORE UPDATE ON security_events
WHEN NOT (NEW.organization_id = OLD.organization_id AND NEW.id = OLD.id AND NEW.user_id IS OLD.user_id
    AND NEW.type = OLD.type AND NEW.severity = OLD.severity AND NEW.occurred_at = OLD.occurred_at
    AND NEW.ip IS NULL AND NEW.user_agent IS NULL
    AND (NEW.details IS NULL OR NEW.details IS OLD.details))
BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON security_events
WHEN OLD.occurred_at >= (CAST(strftime('%s', 'now') AS INTEGER) - 90 * 86400) * 1000000
BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
