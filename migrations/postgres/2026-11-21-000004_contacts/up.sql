-- People, and the deals that they have a part in.
ALTER TABLE companies ADD COLUMN phone_e164 text COLLATE "C";

CREATE TABLE contacts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    external_id text COLLATE "C",
    company_id uuid,
    given_name text COLLATE "C",
    family_name text COLLATE "C",
    name text COLLATE "C" NOT NULL,
    name_folded text COLLATE "C" NOT NULL,
    position text COLLATE "C",
    is_primary boolean NOT NULL,
    emails text COLLATE "C" NOT NULL,
    phones text COLLATE "C" NOT NULL,
    phones_e164 text COLLATE "C" NOT NULL,
    mail_consent boolean NOT NULL,
    mail_consent_at timestamptz,
    mail_consent_source text COLLATE "C",
    owner_id uuid,
    tags text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, company_id) REFERENCES companies (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    CHECK (company_id IS NOT NULL OR NOT is_primary),
    CHECK ((mail_consent_at IS NOT NULL) = mail_consent),
    CHECK ((mail_consent_source IS NOT NULL) = mail_consent)
);
CREATE UNIQUE INDEX contacts_external_id ON contacts (organization_id, external_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX contacts_primary ON contacts (organization_id, company_id) WHERE is_primary AND deleted_at IS NULL;
CREATE INDEX contacts_sort_created_at ON contacts (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_sort_updated_at ON contacts (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_sort_name_folded ON contacts (organization_id, name_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_company_id ON contacts (organization_id, company_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_is_primary ON contacts (organization_id, is_primary, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_mail_consent ON contacts (organization_id, mail_consent, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_by_owner_id ON contacts (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX contacts_deleted ON contacts (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- The contacts of deals; the owner is the deal's.
CREATE TABLE deal_contacts (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    deal_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    is_primary boolean NOT NULL,
    owner_id uuid,
    PRIMARY KEY (organization_id, id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, deal_id) REFERENCES deals (organization_id, id),
    FOREIGN KEY (organization_id, contact_id) REFERENCES contacts (organization_id, id),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id)
);
CREATE UNIQUE INDEX deal_contacts_deal_id_contact_id ON deal_contacts (organization_id, deal_id, contact_id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX deal_contacts_primary ON deal_contacts (organization_id, deal_id) WHERE is_primary AND deleted_at IS NULL;
CREATE INDEX deal_contacts_sort_created_at ON deal_contacts (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deal_contacts_sort_updated_at ON deal_contacts (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deal_contacts_by_deal_id ON deal_contacts (organization_id, deal_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deal_contacts_by_contact_id ON deal_contacts (organization_id, contact_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deal_contacts_by_owner_id ON deal_contacts (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX deal_contacts_deleted ON deal_contacts (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- The e-mail addresses of rows of any kind in lower case, for finding; the row itself holds them as typed.
CREATE TABLE emails (
    organization_id uuid NOT NULL,
    entity_type text COLLATE "C" NOT NULL,
    email text COLLATE "C" NOT NULL,
    entity_id uuid NOT NULL,
    PRIMARY KEY (organization_id, entity_type, email, entity_id)
);
CREATE INDEX emails_by_entity ON emails (organization_id, entity_type, entity_id);

ALTER TABLE contacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY contacts_fence ON contacts USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE deal_contacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY deal_contacts_fence ON deal_contacts USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE emails ENABLE ROW LEVEL SECURITY;
CREATE POLICY emails_fence ON emails USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
