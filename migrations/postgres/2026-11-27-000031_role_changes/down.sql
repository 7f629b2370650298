DROP POLICY role_permissions_seen ON role_permissions;
DROP POLICY role_permissions_fence ON role_permissions;
CREATE POLICY role_permissions_fence ON role_permissions USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000') WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
DROP POLICY roles_seen ON roles;
DROP POLICY roles_fence ON roles;
CREATE POLICY roles_fence ON roles USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid) OR organization_id = '00000000-0000-0000-0000-000000000000' OR EXISTS (SELECT 1 FROM role_assignments a WHERE a.role_organization_id = roles.organization_id AND a.role_id = roles.id AND a.user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid))) WITH CHECK (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE role_assignments DROP COLUMN metadata;
CREATE OR REPLACE FUNCTION erase_security_events_by(person uuid, organization uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE security_events SET ip = NULL, user_agent = NULL
    WHERE organization_id = organization AND (ip IS NOT NULL OR user_agent IS NOT NULL)
    AND occurred_at IN (SELECT a.occurred_at FROM audit_entries a WHERE a.organization_id = organization AND a.actor_id = person)
    AND EXISTS (SELECT 1 FROM users u WHERE u.id = person AND u.deleted_at IS NOT NULL)
$$;
ALTER TABLE security_events DROP COLUMN actor_id;
