-- Who did it, where a security event is about somebody else, or about what is common to all.
ALTER TABLE security_events ADD COLUMN actor_id BLOB;

-- What programs keep with an assignment.
ALTER TABLE role_assignments ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
