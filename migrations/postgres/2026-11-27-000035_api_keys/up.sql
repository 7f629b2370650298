-- Keys by which programs call in the place of the members who made them.

CREATE TABLE api_keys (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    name text COLLATE "C" NOT NULL,
    name_folded text COLLATE "C" NOT NULL,
    prefix text COLLATE "C" NOT NULL,
    permissions text COLLATE "C" NOT NULL,
    expires_at timestamptz,
    allowed_ip_ranges text COLLATE "C" NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
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

-- Who made a key sees it before the fence stands on its organization: the facts of a call are one statement. It is
-- changed behind the fence alone.
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_keys_fence ON api_keys USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY api_keys_seen ON api_keys FOR SELECT USING (created_by = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));

-- What is read before it is known who calls: whose key it is, and what proves it. Written once and never changed, so
-- that a server may keep it in memory. Without a policy, as who calls isn't known yet; a hash of 256 random bits is of
-- no use to anybody.
CREATE TABLE api_key_prefixes (
    prefix text COLLATE "C" NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL,
    key_id uuid NOT NULL,
    user_id uuid NOT NULL,
    hash bytea NOT NULL,
    CHECK (octet_length(hash) = 32),
    FOREIGN KEY (organization_id, key_id) REFERENCES api_keys (organization_id, id)
);
CREATE INDEX api_key_prefixes_by_key ON api_key_prefixes (organization_id, key_id);
CREATE TRIGGER api_key_prefixes_fixed BEFORE UPDATE ON api_key_prefixes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The key by which an actor acted, where it was one.
ALTER TABLE audit_entries ADD COLUMN key_id uuid;
ALTER TABLE job_payloads ADD COLUMN key_id uuid;

-- From where a key was used before.
CREATE INDEX security_events_of_keys ON security_events (organization_id, details, occurred_at) WHERE type = 'api_key_new_address';
