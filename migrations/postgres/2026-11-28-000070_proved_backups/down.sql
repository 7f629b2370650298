DROP INDEX job_queue_backup;
ALTER TABLE backups DROP CONSTRAINT backups_kind_check;
DELETE FROM backups WHERE made_at < (SELECT MAX(made_at) FROM backups);
DELETE FROM backups WHERE kind = 'unproved' AND (SELECT COUNT(*) FROM backups) > 1;
UPDATE backups SET kind = 'full';
ALTER TABLE backups ADD CONSTRAINT backups_kind_check CHECK (kind IN ('full'));
