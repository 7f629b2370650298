-- What runs after a call: jobs and their queue, and files whose bytes stand elsewhere.

-- Work that is done later. What it works on is its payload, in a table of its own.
CREATE TABLE jobs (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    kind text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    owner_id uuid,
    progress_done integer NOT NULL,
    progress_total integer,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    run_at timestamptz NOT NULL,
    finished_at timestamptz,
    cancel_requested boolean NOT NULL,
    result text COLLATE "C",
    problem text COLLATE "C",
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
    organization_id uuid NOT NULL,
    job_id uuid NOT NULL,
    payload text COLLATE "C" NOT NULL,
    place text COLLATE "C",
    PRIMARY KEY (organization_id, job_id),
    FOREIGN KEY (organization_id, job_id) REFERENCES jobs (organization_id, id)
);

-- The jobs that live: what workers look at before there is a tenant. No payload, no row-level security.
CREATE TABLE job_queue (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    run_at timestamptz NOT NULL,
    lease_id uuid,
    lease_ends_at timestamptz,
    attempts integer NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, id) REFERENCES jobs (organization_id, id),
    CHECK ((lease_id IS NULL) = (lease_ends_at IS NULL))
);
CREATE INDEX job_queue_by_run_at ON job_queue (run_at, id);
-- Whoever schedules the clean-up finds it scheduled.
CREATE UNIQUE INDEX job_queue_cleanup ON job_queue (kind) WHERE kind = 'cleanup';

-- What members have stored; the bytes stand under the storage key.
CREATE TABLE files (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deletion_id uuid,
    name text COLLATE "C" NOT NULL,
    name_folded text COLLATE "C" NOT NULL,
    media_type text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    storage_key text COLLATE "C" NOT NULL,
    owner_id uuid,
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
-- deleted files. Read before there is a tenant, so without row-level security.
CREATE TABLE file_sweeps (
    storage_key text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    noted_at timestamptz NOT NULL,
    claimed_at timestamptz,
    PRIMARY KEY (storage_key),
    CHECK (reason IN ('UPLOAD', 'DELETED'))
);
CREATE INDEX file_sweeps_by_reason ON file_sweeps (reason, noted_at);

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY jobs_fence ON jobs USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE job_payloads ENABLE ROW LEVEL SECURITY;
CREATE POLICY job_payloads_fence ON job_payloads USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
CREATE POLICY files_fence ON files USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));

-- The clean-up deletes over all tenants, which `firma_app` can't see: by these alone, and only what is over.
CREATE FUNCTION sweep_sessions(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < LEAST(before, now()) LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;
CREATE FUNCTION sweep_idempotency_keys(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM idempotency_keys WHERE ctid IN (SELECT ctid FROM idempotency_keys WHERE expires_at < LEAST(before, now()) LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;
CREATE FUNCTION sweep_jobs(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH over AS (SELECT organization_id, id FROM jobs WHERE finished_at < LEAST(before, now()) LIMIT most),
    payload AS (DELETE FROM job_payloads p USING over WHERE p.organization_id = over.organization_id AND p.job_id = over.id),
    gone AS (DELETE FROM jobs j USING over WHERE j.organization_id = over.organization_id AND j.id = over.id RETURNING 1)
    SELECT count(*) FROM gone
$$;
