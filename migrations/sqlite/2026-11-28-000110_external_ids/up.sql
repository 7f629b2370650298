-- Most rows have no id of another program's, and a row that has none isn't found by it.
DROP INDEX companies_external_id;
CREATE UNIQUE INDEX companies_external_id ON companies (organization_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX contacts_external_id;
CREATE UNIQUE INDEX contacts_external_id ON contacts (organization_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX deals_external_id;
CREATE UNIQUE INDEX deals_external_id ON deals (organization_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
DROP INDEX activities_external_id;
CREATE UNIQUE INDEX activities_external_id ON activities (organization_id, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
