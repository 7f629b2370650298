DROP INDEX tenants_domain;
ALTER TABLE tenants DROP COLUMN domain;
-- Of those who claim the same domain, who has proved it keeps it.
UPDATE organizations SET domain = NULL WHERE domain_verified_at IS NULL AND EXISTS (SELECT 1 FROM organizations other WHERE other.domain = organizations.domain AND other.organization_id <> organizations.organization_id);
ALTER TABLE organizations DROP COLUMN domain_verified_at;
CREATE UNIQUE INDEX organizations_domain ON organizations (domain) WHERE deleted_at IS NULL;
