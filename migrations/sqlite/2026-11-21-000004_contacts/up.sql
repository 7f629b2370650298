-- People, and the deals that they have a part in.
ALTER TABLE companies ADD COLUMN phone_e164 TEXT;

CREATE TABLE contacts (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    external_id TEXT,
    company_id BLOB,
    given_name TEXT,
    family_name TEXT,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    position TEXT,
    is_primary BOOLEAN NOT NULL CHECK (is_primary IN (0, 1)),
    emails TEXT NOT NULL,
    phones TEXT NOT NULL,
    phones_e164 TEXT NOT NULL,
    mail_consent BOOLEAN NOT NULL CHECK (mail_consent IN (0, 1)),
    mail_consent_at INTEGER,
    mail_consent_source TEXT,
    owner_id BLOB,
    tags TEXT NOT NULL,
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
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    deal_id BLOB NOT NULL,
    contact_id BLOB NOT NULL,
    is_primary BOOLEAN NOT NULL CHECK (is_primary IN (0, 1)),
    owner_id BLOB,
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
    organization_id BLOB NOT NULL,
    entity_type TEXT NOT NULL,
    email TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, entity_type, email, entity_id)
) WITHOUT ROWID;
CREATE INDEX emails_by_entity ON emails (organization_id, entity_type, entity_id);
