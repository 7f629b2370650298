CREATE TABLE roles_old (
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
-- The names of deleted roles may stand twice, and there is no place for them below.
DELETE FROM role_permissions WHERE (organization_id, role_id) IN (SELECT organization_id, id FROM roles WHERE deleted_at IS NOT NULL);
DELETE FROM role_assignments WHERE (role_organization_id, role_id) IN (SELECT organization_id, id FROM roles WHERE deleted_at IS NOT NULL);
INSERT INTO roles_old (organization_id, id, name, display_name, description, role_type, platform_role, organization_role, is_system, created_by) SELECT organization_id, id, name, display_name, description, role_type, platform_role, organization_role, is_system, created_by FROM roles WHERE deleted_at IS NULL;
DROP TABLE roles;
ALTER TABLE roles_old RENAME TO roles;
