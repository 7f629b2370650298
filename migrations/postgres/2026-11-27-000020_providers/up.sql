-- Whose account at a provider that is: what a sign-in by one begins with, before it is known who calls. So it holds no
-- more than that, and has no row-level security.
CREATE TABLE account_logins (
    provider text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (provider, subject),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX account_logins_by_user ON account_logins (user_id);

-- An account at a provider by which a user signs in. The issuer is kept, so that a provider that is another one under
-- the same name signs nobody in. The refresh token is sealed; no other token is kept.
CREATE TABLE accounts (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    issuer text COLLATE "C" NOT NULL,
    email text COLLATE "C",
    refresh_token text COLLATE "C",
    scope text COLLATE "C",
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE UNIQUE INDEX accounts_subject ON accounts (provider, subject);
CREATE INDEX accounts_by_user ON accounts (user_id, id);

-- A sign-in at a provider that is under way, for ten minutes: the SHA-256 of its state, who may end it (a browser by
-- its cookie, a program by its verifier: the SHA-256 of either), and where the browser goes then. A user where an
-- account is to be linked. Looked at before it is known who calls: there is nothing in it that signs somebody in.
CREATE TABLE provider_attempts (
    state bytea NOT NULL,
    provider text COLLATE "C" NOT NULL,
    transport text COLLATE "C" NOT NULL,
    proof bytea NOT NULL,
    return_to text COLLATE "C" NOT NULL,
    is_fresh boolean NOT NULL,
    user_id uuid,
    session_id uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (state),
    FOREIGN KEY (user_id) REFERENCES users (id),
    CHECK (transport IN ('cookie', 'bearer')),
    CHECK ((user_id IS NULL) = (session_id IS NULL))
);
CREATE INDEX provider_attempts_by_expiry ON provider_attempts (expires_at);
CREATE INDEX provider_attempts_by_user ON provider_attempts (user_id);

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_fence ON accounts USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
