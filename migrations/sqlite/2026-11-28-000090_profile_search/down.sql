DROP INDEX user_profile_terms_by_number;
ALTER TABLE user_profile_terms DROP COLUMN number;
