-- Errors on our side, each kind of them once: what differs from one time to the next isn't in it. The system's, so
-- all of the nil organization. Written in batches, beside the calls that failed.
CREATE TABLE internal_errors (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    fingerprint text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    occurrences bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    last_request_id text COLLATE "C",
    route text COLLATE "C",
    binary_version text COLLATE "C" NOT NULL,
    resolved_at timestamptz,
    resolved_by uuid,
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

ALTER TABLE internal_errors ENABLE ROW LEVEL SECURITY;
CREATE POLICY internal_errors_fence ON internal_errors USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
