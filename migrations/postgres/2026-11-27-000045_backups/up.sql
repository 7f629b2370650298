-- When the database was last written into a file that was read again and found whole.
CREATE TABLE backups (
    kind text COLLATE "C" NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (kind),
    CHECK (kind IN ('full'))
);
REVOKE INSERT, UPDATE, DELETE ON backups FROM firma_app;
