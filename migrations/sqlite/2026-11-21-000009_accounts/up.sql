-- What a mail proves: single use, only the hash is kept. The user may be one who comes to be by it, so there is no
-- reference; what is to be done then is in the payload.
CREATE TABLE verification_tokens (
    hash BLOB NOT NULL,
    kind TEXT NOT NULL,
    user_id BLOB NOT NULL,
    email TEXT NOT NULL,
    payload TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (hash),
    CHECK (kind IN ('verify_email', 'reset_password', 'change_email', 'invitation'))
);
CREATE INDEX verification_tokens_by_user ON verification_tokens (user_id, kind);
CREATE INDEX verification_tokens_by_expiry ON verification_tokens (expires_at);

-- The secret of a user's authenticator, sealed, and the last step of which a code was used.
CREATE TABLE second_factors (
    user_id BLOB NOT NULL,
    secret TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    last_step INTEGER,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- For who has lost the authenticator: each is good for once, only the hash is kept.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, hash),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- How often somebody guessed wrong at an account, from an address or on a device, and from when on one may try
-- there again. Looked at before it is known who calls: the subject is a digest, there is no payload and no row-level security.
CREATE TABLE sign_in_delays (
    subject BLOB NOT NULL,
    failures INTEGER NOT NULL,
    failed_at INTEGER NOT NULL,
    free_at INTEGER NOT NULL,
    PRIMARY KEY (subject),
    CHECK (failures >= 1)
);
CREATE INDEX sign_in_delays_by_failure ON sign_in_delays (failed_at);

-- When the password was last given again in a session; before that, its sign-in counts.
ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER;
-- Whether the password is too short to stand alone. Those from before aren't.
ALTER TABLE user_credentials ADD COLUMN needs_factor BOOLEAN CHECK (needs_factor IN (0, 1));
