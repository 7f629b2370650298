ALTER TABLE role_assignments DROP COLUMN metadata;
ALTER TABLE security_events DROP COLUMN actor_id;
