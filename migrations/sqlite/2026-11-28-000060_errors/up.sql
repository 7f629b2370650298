-- Errors on our side, each kind of them once: what differs from one time to the next isn't in it. The system's, so
-- all of the nil organization. Written in batches, beside the calls that failed.
CREATE TABLE internal_errors (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    fingerprint TEXT NOT NULL,
    kind TEXT NOT NULL,
    place TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL,
    occurrences INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_request_id TEXT,
    route TEXT,
    binary_version TEXT NOT NULL,
    resolved_at INTEGER,
    resolved_by BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    UNIQUE (organization_id, fingerprint),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    CHECK (kind IN ('ANSWER', 'PANIC', 'JOB', 'DEAD_LETTER')),
    CHECK (state IN ('OPEN', 'RESOLVED')),
    CHECK (occurrences >= 1),
    CHECK (first_at <= last_at),
    CHECK ((resolved_at IS NULL) = (state = 'OPEN'))
);
CREATE INDEX internal_errors_sort_created_at ON internal_errors (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_sort_updated_at ON internal_errors (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_sort_first_at ON internal_errors (organization_id, first_at, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_sort_last_at ON internal_errors (organization_id, last_at, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_sort_occurrences ON internal_errors (organization_id, occurrences, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_by_kind ON internal_errors (organization_id, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_by_state ON internal_errors (organization_id, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX internal_errors_deleted ON internal_errors (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;
