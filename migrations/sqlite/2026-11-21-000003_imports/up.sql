-- Files of rows that were brought into a collection.
CREATE TABLE imports (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    entity TEXT NOT NULL,
    file_name TEXT NOT NULL,
    state TEXT NOT NULL,
    dry_run BOOLEAN NOT NULL CHECK (dry_run IN (0, 1)),
    options TEXT NOT NULL,
    rows_read INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    file_id BLOB,
    job_id BLOB,
    failure TEXT,
    owner_id BLOB,
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
    organization_id BLOB NOT NULL,
    import_id BLOB NOT NULL,
    row_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    made BOOLEAN NOT NULL CHECK (made IN (0, 1)),
    version INTEGER NOT NULL,
    undo TEXT,
    PRIMARY KEY (organization_id, import_id, row_id),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id)
);
CREATE INDEX import_rows_to_undo ON import_rows (organization_id, import_id, line) WHERE made AND undo IS NULL;

-- What an import refused, and why.
CREATE TABLE import_refusals (
    organization_id BLOB NOT NULL,
    import_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    number INTEGER NOT NULL,
    column_name TEXT,
    field TEXT,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (organization_id, import_id, line, number),
    FOREIGN KEY (organization_id, import_id) REFERENCES imports (organization_id, id)
);
