DROP INDEX activities_external_id;
CREATE UNIQUE INDEX activities_external_id ON activities (organization_id, external_id) WHERE deleted_at IS NULL;
DROP INDEX deals_external_id;
CREATE UNIQUE INDEX deals_external_id ON deals (organization_id, external_id) WHERE deleted_at IS NULL;
DROP INDEX contacts_external_id;
CREATE UNIQUE INDEX contacts_external_id ON contacts (organization_id, external_id) WHERE deleted_at IS NULL;
DROP INDEX companies_external_id;
CREATE UNIQUE INDEX companies_external_id ON companies (organization_id, external_id) WHERE deleted_at IS NULL;
