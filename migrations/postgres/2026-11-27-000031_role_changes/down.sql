DROP POLICY role_permissions_seen ON role_permissions;
DROP POLICY role_permissions_fence ON role_permissions;
CREATE POLICY role_permissions_fence ON role_permissions USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000') WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
DROP POLICY roles_seen ON roles;
DROP POLICY roles_fence ON roles;
CREATE POLICY roles_fence ON roles USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000' OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.role_organization_id = roles.organization_id AND a.role_id = roles.id AND a.user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid))) WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE role_assignments DROP COLUMN metadata;
ALTER TABLE security_events DROP COLUMN actor_id;
