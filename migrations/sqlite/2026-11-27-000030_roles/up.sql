-- Roles that an organization makes for itself: kept like any other entity. A CHECK can't be added, so the table is made anew.

CREATE TABLE roles_new (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT,
    role_type TEXT NOT NULL,
    platform_role TEXT,
    organization_role TEXT,
    is_system BOOLEAN NOT NULL CHECK (is_system IN (0, 1)),
    created_by BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    CHECK (role_type IN ('platform', 'organization', 'custom')),
    CHECK (platform_role IN ('website_owner', 'website_admin')),
    CHECK (organization_role IN ('ceo', 'admin', 'manager', 'product_manager', 'developer', 'designer', 'employee', 'stakeholder', 'client')),
    CHECK (is_system = (role_type <> 'custom')),
    CHECK ((role_type = 'platform') = (platform_role IS NOT NULL)),
    CHECK ((role_type = 'organization') = (organization_role IS NOT NULL)),
    CHECK ((role_type = 'custom') = (created_by IS NOT NULL)),
    CHECK (is_system = (organization_id = x'00000000000000000000000000000000'))
);
INSERT INTO roles_new (organization_id, id, name, display_name, description, role_type, platform_role, organization_role, is_system, created_by, version, created_at, updated_at) SELECT organization_id, id, name, display_name, description, role_type, platform_role, organization_role, is_system, created_by, 1, CAST(strftime('%s', 'now') AS INTEGER) * 1000000, CAST(strftime('%s', 'now') AS INTEGER) * 1000000 FROM roles;
DROP TABLE roles;
ALTER TABLE roles_new RENAME TO roles;
-- A name is free again when its role is deleted.
CREATE UNIQUE INDEX roles_name ON roles (organization_id, name) WHERE deleted_at IS NULL;
CREATE INDEX roles_sort_created_at ON roles (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX roles_sort_updated_at ON roles (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX roles_deleted ON roles (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;
