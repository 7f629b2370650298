-- The archive of everything about a person that the person asked for; the bytes stand under the storage key.
CREATE TABLE user_archives (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ready_at timestamptz,
    storage_key text COLLATE "C",
    size bigint,
    sha256 text COLLATE "C",
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK ((storage_key IS NULL) = (ready_at IS NULL) AND (size IS NULL) = (ready_at IS NULL) AND (sha256 IS NULL) = (ready_at IS NULL))
);
CREATE INDEX user_archives_by_expiry ON user_archives (expires_at);

ALTER TABLE user_archives ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_archives_fence ON user_archives USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));

-- The clean-up looks over all users, which firma_app can't: by this alone, and only at what is over.
CREATE FUNCTION sweep_archives(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM user_archives WHERE user_id IN (SELECT user_id FROM user_archives WHERE expires_at < LEAST(before, now()) LIMIT most) RETURNING storage_key),
    noted AS (INSERT INTO file_sweeps (storage_key, reason, noted_at) SELECT storage_key, 'DELETED', to_timestamp(0) FROM gone WHERE storage_key IS NOT NULL)
    SELECT count(*) FROM gone
$$;

-- Beyond what `firma_app` may, so for nobody else.
REVOKE EXECUTE ON FUNCTION sweep_archives(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_archives(timestamptz, bigint) TO firma_app;
