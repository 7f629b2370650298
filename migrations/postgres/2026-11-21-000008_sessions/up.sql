-- What a person says of themselves; a row from the first change on.
CREATE TABLE user_profiles (
    user_id uuid NOT NULL,
    version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    bio text COLLATE "C",
    title text COLLATE "C",
    timezone text COLLATE "C",
    locale text COLLATE "C",
    tags text COLLATE "C" NOT NULL,
    metadata text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK (version >= 1)
);

-- The tags and the keys of metadata of profiles, for finding; the profile itself holds them for reading.
CREATE TABLE user_profile_terms (
    user_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    term text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, kind, term),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK (kind IN ('tag', 'metadata'))
);
CREATE INDEX user_profile_terms_by_term ON user_profile_terms (kind, term, value, user_id);

-- Ids are in the order of time: one's own events and sessions, the newest first, are a seek.
CREATE INDEX security_events_own ON security_events (user_id, id);
CREATE INDEX sessions_own ON sessions (user_id, id);

ALTER TABLE user_profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_profiles_fence ON user_profiles USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
ALTER TABLE user_profile_terms ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_profile_terms_fence ON user_profile_terms USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
