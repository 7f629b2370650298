DROP INDEX sessions_own;
DROP INDEX security_events_own;
DROP TABLE user_profile_terms;
DROP TABLE user_profiles;
