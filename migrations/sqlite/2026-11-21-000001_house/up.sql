-- The house: identity, organizations, access, the sales pipeline, and what stands under every change.

-- What is read of an organization before the caller's right to it is known: no payload, no row-level security.
CREATE TABLE tenants (
    id BLOB NOT NULL,
    slug TEXT NOT NULL,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug),
    CHECK (status IN ('active', 'suspended', 'archived'))
);

-- People with an account.
CREATE TABLE users (
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    email TEXT NOT NULL,
    username TEXT,
    given_name TEXT,
    family_name TEXT,
    name TEXT NOT NULL,
    is_active BOOLEAN NOT NULL CHECK (is_active IN (0, 1)),
    is_configured BOOLEAN NOT NULL CHECK (is_configured IN (0, 1)),
    email_verified_at INTEGER,
    last_login_at INTEGER,
    PRIMARY KEY (id)
);

-- Where sign-in begins: lower-cased e-mail or username and whose it is; no row-level security.
CREATE TABLE user_logins (
    login TEXT NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (login),
    FOREIGN KEY (user_id) REFERENCES users (id)
) WITHOUT ROWID;
CREATE INDEX user_logins_by_user ON user_logins (user_id);

-- Password hashes, apart from the user.
CREATE TABLE user_credentials (
    user_id BLOB NOT NULL,
    password_hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- One for each sign-in; keeps the hash of its current refresh token.
CREATE TABLE sessions (
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    ip TEXT,
    user_agent TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    refresh_hash BLOB NOT NULL,
    rotated_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The organization's own row; it carries its id as tenant, so that the same fence stands around it.
CREATE TABLE organizations (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    description TEXT,
    website TEXT,
    industry TEXT,
    size_category TEXT,
    country TEXT,
    timezone TEXT NOT NULL,
    locale TEXT NOT NULL,
    default_currency TEXT NOT NULL,
    billing_email TEXT,
    subscription_plan TEXT,
    max_users INTEGER,
    status TEXT NOT NULL,
    owner_id BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    CHECK (organization_id = id),
    UNIQUE (slug),
    CHECK (size_category IN ('startup', 'small', 'medium', 'large', 'enterprise')),
    CHECK (status IN ('active', 'suspended', 'archived')),
    CHECK (max_users >= 1),
    FOREIGN KEY (owner_id) REFERENCES users (id)
);
CREATE INDEX organizations_sort_created_at ON organizations (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_sort_updated_at ON organizations (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_by_owner ON organizations (owner_id);
CREATE INDEX organizations_deleted ON organizations (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- A user in an organization; its id is the user's.
CREATE TABLE memberships (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    title TEXT,
    department TEXT,
    joined_at INTEGER,
    invited_by BLOB,
    is_active BOOLEAN NOT NULL CHECK (is_active IN (0, 1)),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (id) REFERENCES users (id)
);
CREATE INDEX memberships_sort_updated_at ON memberships (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_by_user ON memberships (id);
CREATE INDEX memberships_sort_created_at ON memberships (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_sort_name_folded ON memberships (organization_id, name_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_by_email ON memberships (organization_id, email, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_by_is_active ON memberships (organization_id, is_active, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX memberships_deleted ON memberships (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Groups of members.
CREATE TABLE teams (
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
    slug TEXT NOT NULL,
    description TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL))
);
CREATE INDEX teams_sort_updated_at ON teams (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX teams_slug ON teams (organization_id, slug) WHERE deleted_at IS NULL;
CREATE INDEX teams_sort_created_at ON teams (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX teams_sort_name_folded ON teams (organization_id, name_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX teams_deleted ON teams (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Members of teams.
CREATE TABLE team_members (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    team_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    is_lead BOOLEAN NOT NULL CHECK (is_lead IN (0, 1)),
    since DATE,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, id)
);
CREATE INDEX team_members_sort_updated_at ON team_members (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX team_members_team_id_user_id ON team_members (organization_id, team_id, user_id) WHERE deleted_at IS NULL;
CREATE INDEX team_members_sort_created_at ON team_members (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX team_members_by_team_id ON team_members (organization_id, team_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX team_members_by_user_id ON team_members (organization_id, user_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX team_members_deleted ON team_members (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- The catalogue of permissions, seeded from the code.
CREATE TABLE permissions (
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    resource TEXT NOT NULL,
    action TEXT NOT NULL,
    scope TEXT NOT NULL,
    description TEXT NOT NULL,
    category TEXT NOT NULL,
    is_system BOOLEAN NOT NULL CHECK (is_system IN (0, 1)),
    PRIMARY KEY (id),
    UNIQUE (name),
    CHECK (scope IN ('own', 'team', 'org', 'platform'))
);

-- Roles; those of the system carry the nil organization.
CREATE TABLE roles (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    role_type TEXT NOT NULL,
    platform_role TEXT,
    organization_role TEXT,
    is_system BOOLEAN NOT NULL CHECK (is_system IN (0, 1)),
    created_by BLOB,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (role_type IN ('platform', 'organization', 'custom')),
    CHECK (platform_role IN ('website_owner', 'website_admin')),
    CHECK (organization_role IN ('ceo', 'admin', 'manager', 'product_manager', 'developer', 'designer', 'employee', 'stakeholder', 'client')),
    CHECK (is_system = (role_type <> 'custom')),
    CHECK ((role_type = 'platform') = (platform_role IS NOT NULL)),
    CHECK ((role_type = 'organization') = (organization_role IS NOT NULL)),
    CHECK ((role_type = 'custom') = (created_by IS NOT NULL)),
    CHECK (is_system = (organization_id = x'00000000000000000000000000000000'))
);

-- What a role gives.
CREATE TABLE role_permissions (
    organization_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    permission_id BLOB NOT NULL,
    granted_by BLOB,
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, role_id, permission_id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id),
    FOREIGN KEY (permission_id) REFERENCES permissions (id)
);
CREATE INDEX role_permissions_by_permission ON role_permissions (permission_id);

-- Who holds which role; a row a member and role.
CREATE TABLE role_assignments (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    user_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    role_organization_id BLOB NOT NULL,
    assigned_by BLOB,
    assigned_at INTEGER,
    expires_at INTEGER,
    is_active BOOLEAN NOT NULL CHECK (is_active IN (0, 1)),
    reason TEXT,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, id),
    FOREIGN KEY (role_organization_id, role_id) REFERENCES roles (organization_id, id),
    CHECK (role_organization_id = organization_id OR role_organization_id = x'00000000000000000000000000000000'),
    UNIQUE (organization_id, user_id, role_id)
);
CREATE INDEX role_assignments_sort_updated_at ON role_assignments (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX role_assignments_by_role ON role_assignments (role_organization_id, role_id);
CREATE INDEX role_assignments_sort_created_at ON role_assignments (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX role_assignments_by_role_id ON role_assignments (organization_id, role_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX role_assignments_by_user_id ON role_assignments (organization_id, user_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX role_assignments_deleted ON role_assignments (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Businesses that the organization deals with.
CREATE TABLE companies (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    external_id TEXT,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    legal_name TEXT,
    tax_number TEXT,
    registration_number TEXT,
    industry TEXT,
    size TEXT,
    website TEXT,
    phone TEXT,
    email TEXT,
    billing_address TEXT,
    shipping_address TEXT,
    parent_id BLOB,
    owner_id BLOB,
    tags TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, parent_id) REFERENCES companies (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    CHECK (size IN ('startup', 'small', 'medium', 'large', 'enterprise'))
);
CREATE UNIQUE INDEX companies_external_id ON companies (organization_id, external_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX companies_tax_number ON companies (organization_id, tax_number) WHERE deleted_at IS NULL;
CREATE INDEX companies_sort_created_at ON companies (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_sort_updated_at ON companies (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_sort_name_folded ON companies (organization_id, name_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_by_owner_id ON companies (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_by_parent_id ON companies (organization_id, parent_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_by_industry ON companies (organization_id, industry, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX companies_deleted ON companies (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Ways that deals take.
CREATE TABLE pipelines (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL CHECK (is_default IN (0, 1)),
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL))
);
CREATE INDEX pipelines_sort_updated_at ON pipelines (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX pipelines_name ON pipelines (organization_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX pipelines_default ON pipelines (organization_id) WHERE is_default AND deleted_at IS NULL;
CREATE INDEX pipelines_sort_created_at ON pipelines (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX pipelines_deleted ON pipelines (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Steps of a pipeline.
CREATE TABLE stages (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    pipeline_id BLOB NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    probability INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, pipeline_id) REFERENCES pipelines (organization_id, id),
    UNIQUE (organization_id, pipeline_id, id),
    CHECK (kind IN ('OPEN', 'WON', 'LOST')),
    CHECK (probability BETWEEN 0 AND 10000)
);
CREATE INDEX stages_sort_updated_at ON stages (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX stages_pipeline_id_name ON stages (organization_id, pipeline_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX stages_won ON stages (organization_id, pipeline_id) WHERE kind = 'WON' AND deleted_at IS NULL;
CREATE UNIQUE INDEX stages_lost ON stages (organization_id, pipeline_id) WHERE kind = 'LOST' AND deleted_at IS NULL;
CREATE INDEX stages_sort_created_at ON stages (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX stages_sort_position ON stages (organization_id, position, id) WHERE deleted_at IS NULL;
CREATE INDEX stages_by_pipeline_id ON stages (organization_id, pipeline_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX stages_by_kind ON stages (organization_id, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX stages_deleted ON stages (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Chances to sell.
CREATE TABLE deals (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    external_id TEXT,
    title TEXT NOT NULL,
    company_id BLOB,
    pipeline_id BLOB NOT NULL,
    stage_id BLOB NOT NULL,
    status TEXT NOT NULL,
    value_minor BIGINT,
    value_currency TEXT,
    probability INTEGER,
    opened_on DATE,
    expected_close DATE,
    actual_close DATE,
    lost_reason TEXT,
    owner_id BLOB,
    tags TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id),
    FOREIGN KEY (organization_id, pipeline_id, stage_id) REFERENCES stages (organization_id, pipeline_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    CHECK (status IN ('OPEN', 'WON', 'LOST')),
    CHECK ((value_minor IS NULL) = (value_currency IS NULL)),
    CHECK (value_minor BETWEEN -1000000000000000 AND 1000000000000000),
    CHECK (probability BETWEEN 0 AND 10000),
    CHECK ((status = 'OPEN') = (actual_close IS NULL))
);
CREATE UNIQUE INDEX deals_external_id ON deals (organization_id, external_id) WHERE deleted_at IS NULL;
CREATE INDEX deals_sort_created_at ON deals (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_sort_updated_at ON deals (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_sort_expected_close ON deals (organization_id, expected_close, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_sort_actual_close ON deals (organization_id, actual_close, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_sort_value_minor ON deals (organization_id, value_minor, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_by_status ON deals (organization_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_by_company_id ON deals (organization_id, company_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_by_pipeline_id ON deals (organization_id, pipeline_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_by_stage_id ON deals (organization_id, stage_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_by_owner_id ON deals (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deals_deleted ON deals (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- The times that a deal stood in a stage.
CREATE TABLE stage_periods (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    deal_id BLOB NOT NULL,
    stage_id BLOB,
    entered_at INTEGER NOT NULL,
    left_at INTEGER,
    changed_by BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id),
    FOREIGN KEY (organization_id, stage_id) REFERENCES stages (organization_id, id),
    CHECK (left_at >= entered_at)
);
CREATE INDEX stage_periods_by_deal ON stage_periods (organization_id, deal_id, entered_at, id);
CREATE INDEX stage_periods_by_stage ON stage_periods (organization_id, stage_id);

-- The tags of rows of any kind, for finding; the row itself holds them for reading.
CREATE TABLE tags (
    organization_id BLOB NOT NULL,
    entity_type TEXT NOT NULL,
    tag TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, entity_type, tag, entity_id)
) WITHOUT ROWID;
CREATE INDEX tags_by_entity ON tags (organization_id, entity_type, entity_id);

-- The last number and the digest of each organization's chain; the last row that a transaction takes.
CREATE TABLE heads (
    organization_id BLOB NOT NULL,
    last_number BIGINT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (organization_id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id)
) WITHOUT ROWID;

-- Who did what, when; append-only. Written with its head in one statement, so it needs no reference to it.
CREATE TABLE audit_entries (
    organization_id BLOB NOT NULL,
    number BIGINT NOT NULL,
    id BLOB NOT NULL,
    batch_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    actor_id BLOB,
    action TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    entity_version INTEGER NOT NULL,
    request_id TEXT,
    payload_digest BLOB NOT NULL,
    digest BLOB NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (organization_id, number),
    UNIQUE (organization_id, id)
);
CREATE INDEX audit_entries_by_entity ON audit_entries (organization_id, entity_type, entity_id, number);
CREATE INDEX audit_entries_by_actor ON audit_entries (organization_id, actor_id, occurred_at);

-- What changed, and from where; may be erased while the chain stays verifiable.
CREATE TABLE audit_payloads (
    organization_id BLOB NOT NULL,
    entry_id BLOB NOT NULL,
    salt BLOB NOT NULL,
    changes TEXT NOT NULL,
    ip TEXT,
    user_agent TEXT,
    PRIMARY KEY (organization_id, entry_id)
);

-- What happened, in the order of commits, for those who follow.
CREATE TABLE events (
    organization_id BLOB NOT NULL,
    number BIGINT NOT NULL,
    type TEXT NOT NULL,
    entity_type TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    entity_version INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    actor_id BLOB,
    PRIMARY KEY (organization_id, number)
);

-- Stored answers of calls that may be retried.
CREATE TABLE idempotency_keys (
    organization_id BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    path TEXT NOT NULL,
    key TEXT NOT NULL,
    request_digest BLOB NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    etag TEXT,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, actor_id, path, key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- What concerns safety: sign-ins, tokens, roles; append-only.
CREATE TABLE security_events (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    user_id BLOB,
    type TEXT NOT NULL,
    severity TEXT NOT NULL,
    details TEXT,
    ip TEXT,
    user_agent TEXT,
    occurred_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (severity IN ('info', 'warning', 'error', 'critical'))
);
CREATE INDEX security_events_by_time ON security_events (organization_id, occurred_at, id);
CREATE INDEX security_events_by_user ON security_events (user_id, occurred_at);

CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END;
CREATE TRIGGER security_events_no_update BEFORE UPDATE ON security_events BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;
CREATE TRIGGER security_events_no_delete BEFORE DELETE ON security_events BEGIN SELECT RAISE(ABORT, 'security_events is append-only'); END;

-- The reserved organization: owner of system roles and of the system's own chain.
INSERT INTO tenants (id, slug, status, currency) VALUES (x'00000000000000000000000000000000', '', 'archived', 'EUR');
INSERT INTO heads (organization_id, last_number, digest) VALUES (x'00000000000000000000000000000000', 0, x'0000000000000000000000000000000000000000000000000000000000000000');
