-- Keys by which programs call in the place of the members who made them.

CREATE TABLE api_keys (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    prefix TEXT NOT NULL,
    permissions TEXT NOT NULL,
    expires_at INTEGER,
    allowed_ip_ranges TEXT NOT NULL,
    last_used_at INTEGER,
    revoked_at INTEGER,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    -- A key acts as who made it, and is never deleted.
    CHECK (created_by IS NOT NULL),
    CHECK (deleted_at IS NULL),
    FOREIGN KEY (organization_id, created_by) REFERENCES memberships (organization_id, id)
);
CREATE INDEX api_keys_by_prefix ON api_keys (organization_id, prefix, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX api_keys_sort_created_at ON api_keys (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX api_keys_sort_updated_at ON api_keys (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX api_keys_sort_name_folded ON api_keys (organization_id, name_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX api_keys_sort_expires_at ON api_keys (organization_id, expires_at, id) WHERE deleted_at IS NULL;
CREATE INDEX api_keys_by_creator ON api_keys (organization_id, created_by);
CREATE INDEX api_keys_deleted ON api_keys (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- What is read before it is known who calls: whose key it is, and what proves it. Written once and never changed, so
-- that a server may keep it in memory.
CREATE TABLE api_key_prefixes (
    prefix TEXT NOT NULL PRIMARY KEY,
    organization_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    CHECK (length(hash) = 32),
    FOREIGN KEY (organization_id, key_id) REFERENCES api_keys (organization_id, id)
);
CREATE INDEX api_key_prefixes_by_key ON api_key_prefixes (organization_id, key_id);
CREATE TRIGGER api_key_prefixes_fixed BEFORE UPDATE ON api_key_prefixes BEGIN SELECT RAISE(ABORT, 'api_key_prefixes is append-only'); END;

-- The key by which an actor acted, where it was one.
ALTER TABLE audit_entries ADD COLUMN key_id BLOB;
ALTER TABLE job_payloads ADD COLUMN key_id BLOB;

-- From where a key was used before.
CREATE INDEX security_events_of_keys ON security_events (organization_id, details, occurred_at) WHERE type = 'api_key_new_address';
