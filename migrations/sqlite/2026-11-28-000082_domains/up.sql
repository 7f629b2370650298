-- Whose a domain is, a DNS record proves. Only a proved one is unique: a claim keeps nobody from what is theirs.
DROP INDEX organizations_domain;
ALTER TABLE organizations ADD COLUMN domain_verified_at INTEGER;
ALTER TABLE tenants ADD COLUMN domain TEXT;
CREATE UNIQUE INDEX tenants_domain ON tenants (domain) WHERE deleted_at IS NULL;
