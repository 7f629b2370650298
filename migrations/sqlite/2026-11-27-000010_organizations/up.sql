-- What the decision goes by beside an organization's state: its owner, to whom alone an archived one is open, the
-- modules that it does without, between commas, and whether its members need a second factor.
ALTER TABLE tenants ADD COLUMN owner_id BLOB;
ALTER TABLE tenants ADD COLUMN deleted_at INTEGER;
ALTER TABLE tenants ADD COLUMN modules_off TEXT;
ALTER TABLE tenants ADD COLUMN needs_factor BOOLEAN NOT NULL DEFAULT FALSE CHECK (needs_factor IN (0, 1));
UPDATE tenants SET owner_id = o.owner_id, deleted_at = o.deleted_at FROM organizations o WHERE o.organization_id = tenants.id;

-- Rebuilt: a column that is part of a composite key can't be added.
CREATE TABLE organizations_new (
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
    domain TEXT,
    logo_id BLOB,
    settings TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    CHECK (organization_id = id),
    UNIQUE (slug),
    CHECK (size_category IN ('startup', 'small', 'medium', 'large', 'enterprise')),
    CHECK (status IN ('active', 'suspended', 'archived')),
    CHECK (max_users >= 1),
    FOREIGN KEY (owner_id) REFERENCES users (id),
    FOREIGN KEY (organization_id, logo_id) REFERENCES files (organization_id, id)
);
INSERT INTO organizations_new (organization_id, id, version, created_at, created_by, updated_at, deleted_at, deletion_id, name, slug, description, website, industry, size_category, country, timezone, locale, default_currency, billing_email, subscription_plan, max_users, status, owner_id, settings, metadata)
SELECT organization_id, id, version, created_at, created_by, updated_at, deleted_at, deletion_id, name, slug, description, website, industry, size_category, country, timezone, locale, default_currency, billing_email, subscription_plan, max_users, status, owner_id, '{}', '{}' FROM organizations;
DROP TABLE organizations;
ALTER TABLE organizations_new RENAME TO organizations;
CREATE INDEX organizations_sort_created_at ON organizations (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_sort_updated_at ON organizations (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_by_owner ON organizations (owner_id);
CREATE INDEX organizations_deleted ON organizations (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX organizations_domain ON organizations (domain) WHERE deleted_at IS NULL;
CREATE INDEX organizations_by_logo ON organizations (organization_id, logo_id);

ALTER TABLE memberships ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';

-- Slugs that lead to an organization of another slug now, until an instant. Read before the caller's right is known,
-- as tenants is: no payload, no row-level security.
CREATE TABLE former_slugs (
    slug TEXT NOT NULL,
    tenant_id BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (slug),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE INDEX former_slugs_by_tenant ON former_slugs (tenant_id);
CREATE INDEX former_slugs_by_end ON former_slugs (ends_at);
