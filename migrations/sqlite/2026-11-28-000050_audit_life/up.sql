-- Logs that are cut after a while, and looked at by themselves.

-- For how many days the log is kept; for ever where nothing is said. Here, so that the clean-up finds who wants it.
ALTER TABLE tenants ADD COLUMN audit_days INTEGER CHECK (audit_days >= 365);

-- What a cut of a log leaves: up to where, and the head there, from which the rest is verified. Signed by the server.
CREATE TABLE audit_checkpoints (
    organization_id BLOB NOT NULL,
    number BIGINT NOT NULL,
    digest BLOB NOT NULL,
    entry_at INTEGER NOT NULL,
    entries BIGINT NOT NULL,
    cut_at INTEGER NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (organization_id, number),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (entries BETWEEN 1 AND number),
    CHECK (length(digest) = 32)
) WITHOUT ROWID;

-- What the last look at each log found. Read over all organizations for the figures; nothing of what stands in a log is in it.
CREATE TABLE audit_verifications (
    tenant_id BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    entries BIGINT NOT NULL,
    broken_number BIGINT,
    problem TEXT,
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CHECK ((broken_number IS NULL) = (problem IS NULL))
) WITHOUT ROWID;

-- Whoever schedules the verification finds it scheduled.
CREATE UNIQUE INDEX job_queue_audit_verification ON job_queue (kind) WHERE kind = 'audit_verification';

-- Entries are append-only but for what a checkpoint covers and is older than a year; a checkpoint, but for being signed anew.
DROP TRIGGER audit_entries_no_delete;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
WHEN OLD.occurred_at >= (CAST(strftime('%s', 'now') AS INTEGER) - 365 * 86400) * 1000000
    OR NOT EXISTS (SELECT 1 FROM audit_checkpoints c WHERE c.organization_id = OLD.organization_id AND c.number >= OLD.number)
BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
WHEN NOT (NEW.organization_id = OLD.organization_id AND NEW.number = OLD.number AND NEW.digest = OLD.digest
    AND NEW.entry_at = OLD.entry_at AND NEW.entries = OLD.entries AND NEW.cut_at = OLD.cut_at)
BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'audit_checkpoints is append-only'); END;
