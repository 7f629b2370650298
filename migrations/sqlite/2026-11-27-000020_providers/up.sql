-- Whose account at a provider that is: what a sign-in by one begins with, before it is known who calls. So it holds no
-- more than that, and has no row-level security.
CREATE TABLE account_logins (
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL,
    PRIMARY KEY (provider, subject),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX account_logins_by_user ON account_logins (user_id);

-- An account at a provider by which a user signs in. The issuer is kept, so that a provider that is another one under
-- the same name signs nobody in. The refresh token is sealed; no other token is kept.
CREATE TABLE accounts (
    id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    email TEXT,
    refresh_token TEXT,
    scope TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE UNIQUE INDEX accounts_subject ON accounts (provider, subject);
CREATE INDEX accounts_by_user ON accounts (user_id, id);

-- A sign-in at a provider that is under way, for ten minutes: the SHA-256 of its state, who may end it (a browser by
-- its cookie, a program by its verifier: the SHA-256 of either), and where the browser goes then. A user where an
-- account is to be linked. Looked at before it is known who calls: there is nothing in it that signs somebody in.
CREATE TABLE provider_attempts (
    state BLOB NOT NULL,
    provider TEXT NOT NULL,
    transport TEXT NOT NULL,
    proof BLOB NOT NULL,
    return_to TEXT NOT NULL,
    is_fresh BOOLEAN NOT NULL CHECK (is_fresh IN (0, 1)),
    user_id BLOB,
    session_id BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (state),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK (transport IN ('cookie', 'bearer')),
    CHECK ((user_id IS NULL) = (session_id IS NULL))
);
CREATE INDEX provider_attempts_by_expiry ON provider_attempts (expires_at);
CREATE INDEX provider_attempts_by_user ON provider_attempts (user_id);
