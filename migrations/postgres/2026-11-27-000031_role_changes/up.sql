-- Who did it, where a security event is about somebody else, or about what is common to all.
ALTER TABLE security_events ADD COLUMN actor_id uuid;

-- What programs keep with an assignment.
ALTER TABLE role_assignments ADD COLUMN metadata text COLLATE "C" NOT NULL DEFAULT '{}';

-- What is everybody's, and what is seen before the fence stands, is read, and not changed or deleted.
DROP POLICY roles_fence ON roles;
CREATE POLICY roles_fence ON roles USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY roles_seen ON roles FOR SELECT USING (organization_id = '00000000-0000-0000-0000-000000000000' OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.role_organization_id = roles.organization_id AND a.role_id = roles.id AND a.user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid)));
DROP POLICY role_permissions_fence ON role_permissions;
CREATE POLICY role_permissions_fence ON role_permissions USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
CREATE POLICY role_permissions_seen ON role_permissions FOR SELECT USING (organization_id = '00000000-0000-0000-0000-000000000000');
