-- What runs after a call: jobs and their queue, and files whose bytes stand elsewhere.

-- Work that is done later. What it works on is its payload, in a table of its own.
CREATE TABLE jobs (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    owner_id BLOB,
    progress_done INTEGER NOT NULL,
    progress_total INTEGER,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    finished_at INTEGER,
    cancel_requested BOOLEAN NOT NULL CHECK (cancel_requested IN (0, 1)),
    result TEXT,
    problem TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    CHECK (max_attempts >= 1),
    CHECK ((finished_at IS NULL) = (state IN ('QUEUED', 'RUNNING')))
);
CREATE INDEX jobs_sort_created_at ON jobs (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX jobs_sort_updated_at ON jobs (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX jobs_by_kind ON jobs (organization_id, kind, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX jobs_by_state ON jobs (organization_id, state, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX jobs_by_owner_id ON jobs (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX jobs_deleted ON jobs (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX jobs_by_finish ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- What a job works on, and where a long one stands; erased when it has succeeded or was cancelled.
CREATE TABLE job_payloads (
    organization_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    payload TEXT NOT NULL,
    place TEXT,
    PRIMARY KEY (organization_id, job_id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id)
);

-- The jobs that live: what workers look at before there is a tenant. No payload.
CREATE TABLE job_queue (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    run_at INTEGER NOT NULL,
    lease_id BLOB,
    lease_ends_at INTEGER,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES jobs (organization_id, id),
    CHECK ((lease_id IS NULL) = (lease_ends_at IS NULL))
);
CREATE INDEX job_queue_by_run_at ON job_queue (run_at, id);
-- Whoever schedules the clean-up finds it scheduled.
CREATE UNIQUE INDEX job_queue_cleanup ON job_queue (kind) WHERE kind = 'cleanup';

-- What members have stored; the bytes stand under the storage key.
CREATE TABLE files (
    organization_id BLOB NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by BLOB,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    deletion_id BLOB,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    storage_key TEXT NOT NULL,
    owner_id BLOB,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (deletion_id IS NULL)),
    FOREIGN KEY (organization_id, owner_id) REFERENCES memberships (organization_id, id),
    UNIQUE (storage_key),
    CHECK (size > 0),
    CHECK (length(sha256) = 64)
);
CREATE INDEX files_sort_created_at ON files (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX files_sort_updated_at ON files (organization_id, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX files_sort_name_folded ON files (organization_id, name_folded, id) WHERE deleted_at IS NULL;
CREATE INDEX files_by_media_type ON files (organization_id, media_type, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX files_by_sha256 ON files (organization_id, sha256, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX files_by_owner_id ON files (organization_id, owner_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX files_deleted ON files (organization_id, created_at, id) WHERE deleted_at IS NOT NULL;

-- Bytes that go once their time has come, unless somebody takes them up before: uploads under way and
-- deleted files. Read before there is a tenant.
CREATE TABLE file_sweeps (
    storage_key TEXT NOT NULL,
    reason TEXT NOT NULL,
    noted_at INTEGER NOT NULL,
    claimed_at INTEGER,
    PRIMARY KEY (storage_key),
    CHECK (reason IN ('UPLOAD', 'DELETED'))
);
CREATE INDEX file_sweeps_by_reason ON file_sweeps (reason, noted_at);
