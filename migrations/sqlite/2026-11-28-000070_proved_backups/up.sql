-- A backup counts once it was proved: restored into a database of its own, and compared. What was only read again and
-- found whole isn't that.
CREATE TABLE backups_new (
    kind TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (kind),
    CHECK (kind IN ('proved', 'unproved'))
);
INSERT INTO backups_new (kind, made_at) SELECT 'unproved', made_at FROM backups;
DROP TABLE backups;
ALTER TABLE backups_new RENAME TO backups;

-- One at a time, whichever of several servers puts it in.
CREATE UNIQUE INDEX job_queue_backup ON job_queue (kind) WHERE kind = 'backup';
