DROP INDEX security_events_of_keys;
ALTER TABLE job_payloads DROP COLUMN key_id;
ALTER TABLE audit_entries DROP COLUMN key_id;
DROP TABLE api_key_prefixes;
DROP TABLE api_keys;
