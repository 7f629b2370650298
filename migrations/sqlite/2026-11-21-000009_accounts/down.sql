ALTER TABLE user_credentials DROP COLUMN needs_factor;
ALTER TABLE sessions DROP COLUMN authenticated_at;
DROP TABLE sign_in_delays;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
DROP TABLE verification_tokens;
