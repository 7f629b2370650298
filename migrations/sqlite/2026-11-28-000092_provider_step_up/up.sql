-- Whether who is signed in shows by it anew who they are. Of those from before none does.
ALTER TABLE provider_attempts ADD COLUMN is_step_up BOOLEAN CHECK (is_step_up IN (0, 1));
