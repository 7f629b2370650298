-- A backup counts once it was proved: restored into a database of its own, and compared. What was only read again and
-- found whole isn't that.
ALTER TABLE backups DROP CONSTRAINT backups_kind_check;
UPDATE backups SET kind = 'unproved';
ALTER TABLE backups ADD CONSTRAINT backups_kind_check CHECK (kind IN ('proved', 'unproved'));

-- One at a time, whichever of several servers puts it in.
CREATE UNIQUE INDEX job_queue_backup ON job_queue (kind) WHERE kind = 'backup';
