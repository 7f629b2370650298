ALTER TABLE provider_attempts DROP COLUMN is_step_up;
