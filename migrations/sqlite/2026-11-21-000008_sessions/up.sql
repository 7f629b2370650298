-- What a person says of themselves; a row from the first change on.
CREATE TABLE user_profiles (
    user_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    bio TEXT,
    title TEXT,
    timezone TEXT,
    locale TEXT,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK (version >= 1)
);

-- The tags and the keys of metadata of profiles, for finding; the profile itself holds them for reading.
CREATE TABLE user_profile_terms (
    user_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_id, kind, term),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK (kind IN ('tag', 'metadata'))
);
CREATE INDEX user_profile_terms_by_term ON user_profile_terms (kind, term, value, user_id);

-- Ids are in the order of time: one's own events and sessions, the newest first, are a seek.
CREATE INDEX security_events_own ON security_events (user_id, id);
CREATE INDEX sessions_own ON sessions (user_id, id);

