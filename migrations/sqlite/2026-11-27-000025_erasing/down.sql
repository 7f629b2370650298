DROP TRIGGER security_events_no_delete;
DROP TRIGGER security_events_no_update;
CREATE TRIGGER security_events_no_update BEFORE UPDATE ON security_events BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON security_events BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
DROP INDEX security_events_by_age;
ALTER TABLE audit_payloads DROP COLUMN origin_digest;
