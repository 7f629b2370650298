ALTER TABLE users DROP COLUMN image_file_id;
