DROP FUNCTION sweep_jobs(timestamptz, bigint);
DROP FUNCTION sweep_idempotency_keys(timestamptz, bigint);
DROP FUNCTION sweep_sessions(timestamptz, bigint);
DROP TABLE file_sweeps;
DROP TABLE files;
DROP TABLE job_queue;
DROP TABLE job_payloads;
DROP TABLE jobs;
