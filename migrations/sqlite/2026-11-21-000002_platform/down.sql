DROP TABLE file_sweeps;
DROP TABLE files;
DROP TABLE job_queue;
DROP TABLE job_payloads;
DROP TABLE jobs;
