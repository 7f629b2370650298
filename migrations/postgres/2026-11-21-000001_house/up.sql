-- The house: identity, organizations, access, the sales pipeline, and what stands under every change.

-- What is read of an organization before the caller's right to it is known: no payload, no row-level security.
CREATE TABLE tenants (
    id uuid NOT NULL,
    slug text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (slug),
    CHECK (status IN ('active', 'suspended', 'archived'))
);

-- People with an account.
CREATE TABLE users (
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    email text COLLATE "C" NOT NULL,
    username text COLLATE "C",
    given_name text COLLATE "C",
    family_name text COLLATE "C",
    name text COLLATE "C" NOT NULL,
    is_active boolean NOT NULL,
    is_configured boolean NOT NULL,
    email_verified_at timestamptz,
    last_login_at timestamptz,
    PRIMARY KEY (id),
    CHECK (email ~* '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]{2,}$')
);

-- Where sign-in begins: lower-cased e-mail or username and whose it is; no row-level security.
CREATE TABLE user_logins (
    login text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (login),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX user_logins_by_user ON user_logins (user_id);

-- Password hashes, apart from the user.
CREATE TABLE user_credentials (
    user_id uuid NOT NULL,
    password_hash text COLLATE "C" NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- One for each sign-in; keeps the hash of its current refresh token.
CREATE TABLE sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    ip text COLLATE "C",
    user_agent text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    refresh_hash bytea NOT NULL,
    rotated_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The organization's own row; it carries its id as tenant, so that the same fence stands around it.
CREATE TABLE organizations (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    name text COLLATE "C" NOT NULL,
    slug text COLLATE "C" NOT NULL,
    description text COLLATE "C",
    website text COLLATE "C",
    industry text COLLATE "C",
    size_category text COLLATE "C",
    country text COLLATE "C",
    timezone text COLLATE "C" NOT NULL,
    locale text COLLATE "C" NOT NULL,
    default_currency text COLLATE "C" NOT NULL,
    billing_email text COLLATE "C",
    subscription_plan text COLLATE "C",
    max_users integer,
    status text COLLATE "C" NOT NULL,
    owner_id uuid,
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    email text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_folded text COLLATE "C" NOT NULL,
    title text COLLATE "C",
    department text COLLATE "C",
    joined_at timestamptz,
    invited_by uuid,
    is_active boolean NOT NULL,
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
    slug text COLLATE "C" NOT NULL,
    description text COLLATE "C",
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    is_lead boolean NOT NULL,
    since date,
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
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    resource text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    is_system boolean NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name),
    CHECK (scope IN ('own', 'team', 'org', 'platform'))
);

-- Roles; those of the system carry the nil organization.
CREATE TABLE roles (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    display_name text COLLATE "C" NOT NULL,
    description text COLLATE "C",
    role_type text COLLATE "C" NOT NULL,
    platform_role text COLLATE "C",
    organization_role text COLLATE "C",
    is_system boolean NOT NULL,
    created_by uuid,
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
    CHECK (is_system = (organization_id = '00000000-0000-0000-0000-000000000000'))
);

-- What a role gives.
CREATE TABLE role_permissions (
    organization_id uuid NOT NULL,
    role_id uuid NOT NULL,
    permission_id uuid NOT NULL,
    granted_by uuid,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, role_id, permission_id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id),
    FOREIGN KEY (permission_id) REFERENCES permissions (id)
);
CREATE INDEX role_permissions_by_permission ON role_permissions (permission_id);

-- Who holds which role; a row a member and role.
CREATE TABLE role_assignments (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    role_organization_id uuid NOT NULL,
    assigned_by uuid,
    assigned_at timestamptz,
    expires_at timestamptz,
    is_active boolean NOT NULL,
    reason text COLLATE "C",
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, user_id) REFERENCES memberships (organization_id, id),
    FOREIGN KEY (role_organization_id, role_id) REFERENCES roles (organization_id, id),
    CHECK (role_organization_id = organization_id OR role_organization_id = '00000000-0000-0000-0000-000000000000'),
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    external_id text COLLATE "C",
    name text COLLATE "C" NOT NULL,
    name_folded text COLLATE "C" NOT NULL,
    legal_name text COLLATE "C",
    tax_number text COLLATE "C",
    registration_number text COLLATE "C",
    industry text COLLATE "C",
    size text COLLATE "C",
    website text COLLATE "C",
    phone text COLLATE "C",
    email text COLLATE "C",
    billing_address text COLLATE "C",
    shipping_address text COLLATE "C",
    parent_id uuid,
    owner_id uuid,
    tags text COLLATE "C" NOT NULL,
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    name text COLLATE "C" NOT NULL,
    is_default boolean NOT NULL,
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    pipeline_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    probability integer NOT NULL,
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    external_id text COLLATE "C",
    title text COLLATE "C" NOT NULL,
    company_id uuid,
    pipeline_id uuid NOT NULL,
    stage_id uuid NOT NULL,
    status text COLLATE "C" NOT NULL,
    value_minor bigint,
    value_currency text COLLATE "C",
    probability integer,
    opened_on date,
    expected_close date,
    actual_close date,
    lost_reason text COLLATE "C",
    owner_id uuid,
    tags text COLLATE "C" NOT NULL,
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
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    deal_id uuid NOT NULL,
    stage_id uuid,
    entered_at timestamptz NOT NULL,
    left_at timestamptz,
    changed_by uuid,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id),
    FOREIGN KEY (organization_id, stage_id) REFERENCES stages (organization_id, id),
    CHECK (left_at >= entered_at)
);
CREATE INDEX stage_periods_by_deal ON stage_periods (organization_id, deal_id, entered_at, id);
CREATE INDEX stage_periods_by_stage ON stage_periods (organization_id, stage_id);

-- The tags of rows of any kind, for finding; the row itself holds them for reading.
CREATE TABLE tags (
    organization_id uuid NOT NULL,
    entity_type text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    entity_id uuid NOT NULL,
    PRIMARY KEY (organization_id, entity_type, tag, entity_id)
);
CREATE INDEX tags_by_entity ON tags (organization_id, entity_type, entity_id);

-- The last number and the digest of each organization's chain; the last row that a transaction takes.
CREATE TABLE heads (
    organization_id uuid NOT NULL,
    last_number bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (organization_id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id)
) WITH (fillfactor = 10);

-- Who did what, when; append-only. Written with its head in one statement, so it needs no reference to it.
CREATE TABLE audit_entries (
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    id uuid NOT NULL,
    batch_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_id uuid,
    action text COLLATE "C" NOT NULL,
    entity_type text COLLATE "C" NOT NULL,
    entity_id uuid NOT NULL,
    entity_version integer NOT NULL,
    request_id text COLLATE "C",
    payload_digest bytea NOT NULL,
    digest bytea NOT NULL,
    chain bytea NOT NULL,
    PRIMARY KEY (organization_id, number),
    UNIQUE (organization_id, id)
);
CREATE INDEX audit_entries_by_entity ON audit_entries (organization_id, entity_type, entity_id, number);
CREATE INDEX audit_entries_by_actor ON audit_entries (organization_id, actor_id, occurred_at);

-- What changed, and from where; may be erased while the chain stays verifiable.
CREATE TABLE audit_payloads (
    organization_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    salt bytea NOT NULL,
    changes text COLLATE "C" NOT NULL,
    ip text COLLATE "C",
    user_agent text COLLATE "C",
    PRIMARY KEY (organization_id, entry_id)
);

-- What happened, in the order of commits, for those who follow.
CREATE TABLE events (
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    entity_type text COLLATE "C" NOT NULL,
    entity_id uuid NOT NULL,
    entity_version integer NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_id uuid,
    PRIMARY KEY (organization_id, number)
);

-- Stored answers of calls that may be retried.
CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    path text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    request_digest bytea NOT NULL,
    status integer NOT NULL,
    location text COLLATE "C",
    etag text COLLATE "C",
    body text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, actor_id, path, key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- What concerns safety: sign-ins, tokens, roles; append-only.
CREATE TABLE security_events (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    type text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    details text COLLATE "C",
    ip text COLLATE "C",
    user_agent text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (severity IN ('info', 'warning', 'error', 'critical'))
);
CREATE INDEX security_events_by_time ON security_events (organization_id, occurred_at, id);
CREATE INDEX security_events_by_user ON security_events (user_id, occurred_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER security_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON security_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The second fence: each tenant's rows, whatever the code above asks for. Not forced, so that the owner's migrations see all.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_fence ON users USING (id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid) OR EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) AND m.id = users.id)) WITH CHECK (true);
ALTER TABLE user_credentials ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_credentials_fence ON user_credentials USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY sessions_fence ON sessions USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
CREATE POLICY organizations_fence ON organizations USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = organizations.id AND m.id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid))) WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
CREATE POLICY memberships_fence ON memberships USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY teams_fence ON teams USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE team_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_members_fence ON team_members USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE roles ENABLE ROW LEVEL SECURITY;
CREATE POLICY roles_fence ON roles USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000') WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE role_permissions ENABLE ROW LEVEL SECURITY;
CREATE POLICY role_permissions_fence ON role_permissions USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000') WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE role_assignments ENABLE ROW LEVEL SECURITY;
CREATE POLICY role_assignments_fence ON role_assignments USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid)) WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE companies ENABLE ROW LEVEL SECURITY;
CREATE POLICY companies_fence ON companies USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE pipelines ENABLE ROW LEVEL SECURITY;
CREATE POLICY pipelines_fence ON pipelines USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE stages ENABLE ROW LEVEL SECURITY;
CREATE POLICY stages_fence ON stages USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE deals ENABLE ROW LEVEL SECURITY;
CREATE POLICY deals_fence ON deals USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE stage_periods ENABLE ROW LEVEL SECURITY;
CREATE POLICY stage_periods_fence ON stage_periods USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE tags ENABLE ROW LEVEL SECURITY;
CREATE POLICY tags_fence ON tags USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE heads ENABLE ROW LEVEL SECURITY;
CREATE POLICY heads_fence ON heads USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_entries_fence ON audit_entries USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE audit_payloads ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_payloads_fence ON audit_payloads USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY events_fence ON events USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY idempotency_keys_fence ON idempotency_keys USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR (organization_id = '00000000-0000-0000-0000-000000000000' AND actor_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid)));
ALTER TABLE security_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY security_events_fence ON security_events USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid)) WITH CHECK (true);

-- The role that the server takes on. One for the whole cluster, so another database may have made it, or be making it now.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'firma_app') THEN
        CREATE ROLE firma_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
    IF NOT pg_has_role(CURRENT_USER, 'firma_app', 'MEMBER') OR (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN
        EXECUTE format('GRANT firma_app TO %I', CURRENT_USER);
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO firma_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO firma_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO firma_app;
REVOKE UPDATE, DELETE ON audit_entries, security_events FROM firma_app;
REVOKE INSERT, UPDATE, DELETE ON permissions FROM firma_app;
REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM firma_app;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The reserved organization: owner of system roles and of the system's own chain.
INSERT INTO tenants (id, slug, status, currency) VALUES ('00000000-0000-0000-0000-000000000000', '', 'archived', 'EUR');
INSERT INTO heads (organization_id, last_number, digest) VALUES ('00000000-0000-0000-0000-000000000000', 0, '\x0000000000000000000000000000000000000000000000000000000000000000');
