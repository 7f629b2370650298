-- When the database was last written into a file that was read again and found whole.
CREATE TABLE backups (
    kind TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (kind),
    CHECK (kind IN ('full'))
);
