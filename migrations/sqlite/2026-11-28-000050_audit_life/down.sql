DROP TRIGGER audit_entries_no_delete;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
DROP INDEX job_queue_audit_verification;
DROP TABLE audit_verifications;
DROP TABLE audit_checkpoints;
ALTER TABLE tenants DROP COLUMN audit_days;
