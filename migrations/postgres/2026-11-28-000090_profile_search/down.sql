DROP POLICY user_profile_terms_platform ON user_profile_terms;
DROP INDEX user_profile_terms_by_number;
ALTER TABLE user_profile_terms DROP COLUMN number;
