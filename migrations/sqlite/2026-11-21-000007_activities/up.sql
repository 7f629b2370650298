-- Calls, meetings, notes and e-mails about companies, contacts and deals.
CREATE TABLE activities (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    external_id TEXT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT,
    company_id BLOB,
    contact_id BLOB,
    deal_id BLOB,
    due_at INTEGER,
    done_at INTEGER,
    is_done BOOLEAN NOT NULL CHECK (is_done IN (0, 1)),
    duration_minutes INTEGER,
    owner_id BLOB,
    tags TEXT NOT NULL,
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
