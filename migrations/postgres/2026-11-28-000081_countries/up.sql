-- From which country a session was begun, where a proxy told.
ALTER TABLE sessions ADD COLUMN country text COLLATE "C";
