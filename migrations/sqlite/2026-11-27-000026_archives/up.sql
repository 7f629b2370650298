-- The archive of everything about a person that the person asked for; the bytes stand under the storage key.
CREATE TABLE user_archives (
    user_id BLOB NOT NULL,
    job_id BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ready_at INTEGER,
    storage_key TEXT,
    size BIGINT,
    sha256 TEXT,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK ((storage_key IS NULL) = (ready_at IS NULL) AND (size IS NULL) = (ready_at IS NULL) AND (sha256 IS NULL) = (ready_at IS NULL))
);
CREATE INDEX user_archives_by_expiry ON user_archives (expires_at);
