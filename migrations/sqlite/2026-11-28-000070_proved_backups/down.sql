DROP INDEX job_queue_backup;
CREATE TABLE backups_old (
    kind TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (kind),
    CHECK (kind IN ('full'))
);
INSERT INTO backups_old (kind, made_at) SELECT 'full', MAX(made_at) FROM backups HAVING COUNT(*) > 0;
DROP TABLE backups;
ALTER TABLE backups_old RENAME TO backups;
