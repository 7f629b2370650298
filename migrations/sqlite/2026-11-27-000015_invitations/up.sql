-- Who was asked by mail to join an organization. The token of the mail stands in verification_tokens.
CREATE TABLE invitations (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    email TEXT NOT NULL,
    name TEXT,
    role_ids TEXT NOT NULL,
    roles_expire_at INTEGER,
    team_ids TEXT NOT NULL,
    message TEXT,
    expires_at INTEGER,
    status TEXT NOT NULL,
    invited_by BLOB NOT NULL,
    sent_at INTEGER,
    sent_count INTEGER NOT NULL,
    takes_place BOOLEAN NOT NULL CHECK (takes_place IN (0, 1)),
    accepted_at INTEGER,
    accepted_by BLOB,
    declined_at INTEGER,
    revoked_at INTEGER,
    withheld_role_ids TEXT NOT NULL,
    withheld_team_ids TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, invited_by) REFERENCES memberships (organization_id, id),
    FOREIGN KEY (organization_id, accepted_by) REFERENCES memberships (organization_id, id),
    CHECK (status IN ('open', 'accepted', 'declined', 'revoked')),
    CHECK (expires_at IS NOT NULL AND sent_at IS NOT NULL AND sent_count >= 1),
    CHECK ((status = 'accepted') = (accepted_at IS NOT NULL)),
    CHECK ((status = 'accepted') = (accepted_by IS NOT NULL)),
    CHECK ((status = 'declined') = (declined_at IS NOT NULL)),
    CHECK ((status = 'revoked') = (revoked_at IS NOT NULL))
);
CREATE INDEX invitations_sort_created_at ON invitations (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX invitations_sort_updated_at ON invitations (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX invitations_sort_expires_at ON invitations (organization_id, expires_at, id) WHERE deleted_at IS NULL;
CREATE INDEX invitations_by_email ON invitations (organization_id, email, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX invitations_by_status ON invitations (organization_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX invitations_by_invited_by ON invitations (organization_id, invited_by, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX invitations_by_accepted_by ON invitations (organization_id, accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX invitations_deleted ON invitations (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;
-- Over all organizations: who may register by an invitation, and what is to be cleaned up.
CREATE INDEX invitations_open_email ON invitations (email) WHERE status = 'open';
CREATE INDEX invitations_open_expiry ON invitations (expires_at) WHERE status = 'open';
CREATE INDEX invitations_over ON invitations (updated_at) WHERE status <> 'open';
