-- Organizations that go for good.

-- From then on the organization is being purged: nothing brings it back, and its log may go, for it was exported.
ALTER TABLE tenants ADD COLUMN purging_at INTEGER CHECK (purging_at IS NULL OR deleted_at IS NOT NULL);

-- Append-only as before, but for these logs.
DROP TRIGGER audit_entries_no_delete;
DROP TRIGGER audit_checkpoints_no_delete;
DROP TRIGGER security_events_no_delete;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
WHEN (OLD.occurred_at >= (CAST(strftime('%s', 'now') AS INTEGER) - 365 * 86400) * 1000000
    OR NOT EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.organization_id = OLD.organization_id AND c.number >= OLD.number))
    AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = OLD.organization_id AND t.purging_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
WHEN NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = OLD.organization_id AND t.purging_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON security_events
WHEN OLD.occurred_at >= (CAST(strftime('%s', 'now') AS INTEGER) - 90 * 86400) * 1000000
    AND NOT EXISTS (SELECT 1 FROM tenants t WHERE t.id = OLD.organization_id AND t.purging_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
