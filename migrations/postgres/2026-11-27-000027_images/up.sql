-- The image of a person: a file that belongs to no organization.
ALTER TABLE users ADD COLUMN image_file_id uuid;
