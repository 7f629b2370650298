-- Half an organization would be open again, and nobody would know: the purge of each has to be over.
CREATE TEMP TABLE purges_under_way (organization BLOB CHECK (organization IS NULL));
INSERT INTO purges_under_way SELECT id FROM tenants WHERE purging_at IS NOT NULL;
DROP TABLE purges_under_way;
DROP TRIGGER audit_entries_no_delete;
DROP TRIGGER audit_checkpoints_no_delete;
DROP TRIGGER security_events_no_delete;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
WHEN OLD.occurred_at >= (CAST(strftime('%s', 'now') AS INTEGER) - 365 * 86400) * 1000000
    OR NOT EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.organization_id = OLD.organization_id AND c.number >= OLD.number)
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON security_events
WHEN OLD.occurred_at >= (CAST(strftime('%s', 'now') AS INTEGER) - 90 * 86400) * 1000000
BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
ALTER TABLE tenants DROP COLUMN purging_at;
