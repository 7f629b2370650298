-- Files of rows that were brought into a collection.
CREATE TABLE imports (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    entity text COLLATE "C" NOT NULL,
    file_name text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    dry_run boolean NOT NULL,
    options text COLLATE "C" NOT NULL,
    rows_read integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    refused integer NOT NULL,
    undone integer NOT NULL,
    kept integer NOT NULL,
    file_id uuid,
    job_id uuid,
    failure text COLLATE "C",
    owner_id uuid,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    FOREIGN KEY (organization_id, file_id) REFERENCES files (organization_id, id),
    CHECK (state IN ('WAITING', 'RUNNING', 'DONE', 'REFUSED', 'FAILED', 'UNDOING', 'UNDONE')),
    CHECK (created + updated + unchanged + refused <= rows_read),
    CHECK (undone + kept <= created)
);
CREATE INDEX imports_sort_created_at ON imports (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX imports_sort_updated_at ON imports (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX imports_by_entity ON imports (organization_id, entity, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX imports_by_state ON imports (organization_id, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX imports_by_owner_id ON imports (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX imports_by_file_id ON imports (organization_id, file_id);
CREATE INDEX imports_deleted ON imports (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- What an import did to which row, so that it can be undone; `undo` says what an undo did to it.
CREATE TABLE import_rows (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    row_id uuid NOT NULL,
    line integer NOT NULL,
    made boolean NOT NULL,
    version integer NOT NULL,
    undo text COLLATE "C",
    PRIMARY KEY (organization_id, import_id, row_id),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id)
);
CREATE INDEX import_rows_to_undo ON import_rows (organization_id, import_id, line) WHERE made AND undo IS NULL;

-- What an import refused, and why.
CREATE TABLE import_refusals (
    organization_id uuid NOT NULL,
    import_id uuid NOT NULL,
    line integer NOT NULL,
    number integer NOT NULL,
    column_name text COLLATE "C",
    field text COLLATE "C",
    code text COLLATE "C" NOT NULL,
    detail text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, import_id, line, number),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id)
);

ALTER TABLE imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY imports_fence ON imports USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE import_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY import_rows_fence ON import_rows USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE import_refusals ENABLE ROW LEVEL SECURITY;
CREATE POLICY import_refusals_fence ON import_refusals USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
