-- What the decision goes by beside an organization's state: its owner, to whom alone an archived one is open, the
-- modules that it does without, between commas, and whether its members need a second factor.
ALTER TABLE tenants ADD COLUMN owner_id uuid;
ALTER TABLE tenants ADD COLUMN deleted_at timestamptz;
ALTER TABLE tenants ADD COLUMN modules_off text COLLATE "C";
ALTER TABLE tenants ADD COLUMN needs_factor boolean NOT NULL DEFAULT FALSE;
UPDATE tenants SET owner_id = o.owner_id, deleted_at = o.deleted_at FROM organizations o WHERE o.organization_id = tenants.id;

ALTER TABLE organizations ADD COLUMN domain text COLLATE "C";
ALTER TABLE organizations ADD COLUMN logo_id uuid;
ALTER TABLE organizations ADD COLUMN settings text COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE organizations ADD COLUMN metadata text COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE organizations ADD FOREIGN KEY (organization_id, logo_id) REFERENCES files (organization_id, id);
CREATE UNIQUE INDEX organizations_domain ON organizations (domain) WHERE deleted_at IS NULL;
CREATE INDEX organizations_by_logo ON organizations (organization_id, logo_id);

ALTER TABLE memberships ADD COLUMN metadata text COLLATE "C" NOT NULL DEFAULT '{}';

-- Slugs that lead to an organization of another slug now, until an instant. Read before the caller's right is known,
-- as tenants is: no payload, no row-level security.
CREATE TABLE former_slugs (
    slug text COLLATE "C" NOT NULL,
    tenant_id uuid NOT NULL,
    ends_at timestamptz NOT NULL,
    PRIMARY KEY (slug),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);
CREATE INDEX former_slugs_by_tenant ON former_slugs (tenant_id);
CREATE INDEX former_slugs_by_end ON former_slugs (ends_at);
