-- What a mail proves: single use, only the hash is kept. The user may be one who comes to be by it, so there is no
-- reference; what is to be done then is in the payload.
CREATE TABLE verification_tokens (
    hash bytea NOT NULL,
    kind text COLLATE "C" NOT NULL,
    user_id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    payload text COLLATE "C",
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (hash),
    CHECK (kind IN ('verify_email', 'reset_password', 'change_email', 'invitation'))
);
CREATE INDEX verification_tokens_by_user ON verification_tokens (user_id, kind);
CREATE INDEX verification_tokens_by_expiry ON verification_tokens (expires_at);

-- The secret of a user's authenticator, sealed, and the last step of which a code was used.
CREATE TABLE second_factors (
    user_id uuid NOT NULL,
    secret text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- For who has lost the authenticator: each is good for once, only the hash is kept.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL,
    hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash),
    FOREIGN KEY (user_id) REFERENCES users (id)
);

-- How often somebody guessed wrong at an account, from an address or on a device, and from when on one may try
-- there again. Looked at before it is known who calls: the subject is a digest, there is no payload and no row-level security.
CREATE TABLE sign_in_delays (
    subject bytea NOT NULL,
    failures integer NOT NULL,
    failed_at timestamptz NOT NULL,
    free_at timestamptz NOT NULL,
    PRIMARY KEY (subject),
    CHECK (failures >= 1)
);
CREATE INDEX sign_in_delays_by_failure ON sign_in_delays (failed_at);

-- When the password was last given again in a session; before that, its sign-in counts.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;
-- Whether the password is too short to stand alone. Those from before aren't.
ALTER TABLE user_credentials ADD COLUMN needs_factor boolean;

ALTER TABLE verification_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY verification_tokens_fence ON verification_tokens USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
ALTER TABLE second_factors ENABLE ROW LEVEL SECURITY;
CREATE POLICY second_factors_fence ON second_factors USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY;
CREATE POLICY recovery_codes_fence ON recovery_codes USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));

-- The clean-up looks over all users, which firma_app can't: by this alone, and only at what is over.
CREATE FUNCTION sweep_tokens(before timestamptz, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH gone AS (DELETE FROM verification_tokens WHERE hash IN (SELECT hash FROM verification_tokens WHERE expires_at < LEAST(before, now()) LIMIT most) RETURNING 1)
    SELECT count(*) FROM gone
$$;
