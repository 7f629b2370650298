-- Calls, meetings, notes and e-mails about companies, contacts and deals.
CREATE TABLE activities (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    external_id text COLLATE "C",
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    body text COLLATE "C",
    company_id uuid,
    contact_id uuid,
    deal_id uuid,
    due_at timestamptz,
    done_at timestamptz,
    is_done boolean NOT NULL,
    duration_minutes integer,
    owner_id uuid,
    tags text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    CHECK (kind IN ('CALL', 'MEETING', 'NOTE', 'EMAIL')),
    CHECK (company_id IS NOT NULL OR contact_id IS NOT NULL OR deal_id IS NOT NULL),
    CHECK ((done_at IS NOT NULL) = is_done),
    CHECK (is_done OR kind <> 'NOTE'),
    CHECK (duration_minutes BETWEEN 1 AND 10080)
);
CREATE UNIQUE INDEX activities_external_id ON activities (organization_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX activities_sort_created_at ON activities (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_sort_updated_at ON activities (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_sort_due_at ON activities (organization_id, due_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_sort_done_at ON activities (organization_id, done_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_by_kind ON activities (organization_id, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_by_company_id ON activities (organization_id, company_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_by_contact_id ON activities (organization_id, contact_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_by_deal_id ON activities (organization_id, deal_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_by_is_done ON activities (organization_id, is_done, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_by_owner_id ON activities (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX activities_deleted ON activities (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

ALTER TABLE activities ENABLE ROW LEVEL SECURITY;
CREATE POLICY activities_fence ON activities USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
