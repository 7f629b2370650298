ALTER TABLE sessions DROP COLUMN country;
