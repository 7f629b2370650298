DROP TABLE former_slugs;
ALTER TABLE memberships DROP COLUMN metadata;
CREATE TABLE organizations_old (
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
INSERT INTO organizations_old (organization_id, id, version, created_at, created_by, updated_at, deleted_at, deletion_id, name, slug, description, website, industry, size_category, country, timezone, locale, default_currency, billing_email, subscription_plan, max_users, status, owner_id)
SELECT organization_id, id, version, created_at, created_by, updated_at, deleted_at, deletion_id, name, slug, description, website, industry, size_category, country, timezone, locale, default_currency, billing_email, subscription_plan, max_users, status, owner_id FROM organizations;
DROP TABLE organizations;
ALTER TABLE organizations_old RENAME TO organizations;
CREATE INDEX organizations_sort_created_at ON organizations (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_sort_updated_at ON organizations (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_by_owner ON organizations (owner_id);
CREATE INDEX organizations_deleted ON organizations (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;
ALTER TABLE tenants DROP COLUMN needs_factor;
ALTER TABLE tenants DROP COLUMN modules_off;
ALTER TABLE tenants DROP COLUMN deleted_at;
ALTER TABLE tenants DROP COLUMN owner_id;
