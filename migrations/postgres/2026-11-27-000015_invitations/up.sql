-- Who was asked by mail to join an organization. The token of the mail stands in verification_tokens.
CREATE TABLE invitations (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    email text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    role_ids text COLLATE "C" NOT NULL,
    roles_expire_at timestamptz,
    team_ids text COLLATE "C" NOT NULL,
    message text COLLATE "C",
    expires_at timestamptz,
    status text COLLATE "C" NOT NULL,
    invited_by uuid NOT NULL,
    sent_at timestamptz,
    sent_count integer NOT NULL,
    takes_place boolean NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid,
    declined_at timestamptz,
    revoked_at timestamptz,
    withheld_role_ids text COLLATE "C" NOT NULL,
    withheld_team_ids text COLLATE "C" NOT NULL,
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

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY invitations_fence ON invitations USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));

-- Whether an address may register where only the invited may: yes or no, and nothing else leaves the fence.
CREATE FUNCTION is_invited(address text, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM invitations WHERE status = 'open' AND deleted_at IS NULL AND email = address COLLATE "C" AND expires_at > at)
$$;

-- The clean-up looks over all organizations, which firma_app can't: by this alone, and only at what is over. What the
-- log says of them goes with them; the entries stay.
CREATE FUNCTION sweep_invitations(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH past AS MATERIALIZED (
        SELECT organization_id, id FROM invitations WHERE status <> 'open' AND updated_at < LEAST(before, now())
        UNION ALL SELECT organization_id, id FROM invitations WHERE status = 'open' AND expires_at < LEAST(before, now())
        LIMIT most),
    said AS (DELETE FROM audit_payloads WHERE (organization_id, entry_id) IN (
        SELECT a.organization_id, a.id FROM past JOIN audit_entries a ON a.organization_id = past.organization_id
        AND a.entity_type = 'invitation' AND a.entity_id = past.id)),
    gone AS (DELETE FROM invitations WHERE (organization_id, id) IN (SELECT organization_id, id FROM past) RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- Beyond what `firma_app` may, so for nobody else.
REVOKE EXECUTE ON FUNCTION is_invited(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_invited(text, timestamptz) TO firma_app;
REVOKE EXECUTE ON FUNCTION sweep_invitations(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_invitations(timestamptz, bigint) TO firma_app;
