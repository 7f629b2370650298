-- Roles that an organization makes for itself: kept like any other entity.

ALTER TABLE roles ADD COLUMN version integer;
ALTER TABLE roles ADD COLUMN created_at timestamptz;
ALTER TABLE roles ADD COLUMN updated_at timestamptz;
ALTER TABLE roles ADD COLUMN deleted_at timestamptz;
ALTER TABLE roles ADD COLUMN deletion_id uuid;
UPDATE roles SET version = 1, created_at = now(), updated_at = now();
ALTER TABLE roles ALTER COLUMN version SET NOT NULL;
ALTER TABLE roles ALTER COLUMN created_at SET NOT NULL;
ALTER TABLE roles ALTER COLUMN updated_at SET NOT NULL;
ALTER TABLE roles ADD CHECK (version >= 1);
ALTER TABLE roles ADD CHECK ((deleted_at IS NULL) = (deletion_id IS NULL));
-- A name is free again when its role is deleted.
ALTER TABLE roles DROP CONSTRAINT roles_organization_id_name_key;
CREATE UNIQUE INDEX roles_name ON roles (organization_id, name) WHERE deleted_at IS NULL;
CREATE INDEX roles_sort_created_at ON roles (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX roles_sort_updated_at ON roles (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX roles_deleted ON roles (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Who holds a role sees it before the fence stands on its organization: the facts of a call are one statement.
DROP POLICY roles_fence ON roles;
CREATE POLICY roles_fence ON roles USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000' OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.role_organization_id = roles.organization_id AND a.role_id = roles.id AND a.user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid))) WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
