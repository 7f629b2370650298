-- What stands under a key as a number, in millionths: numbers are found in their own order.
ALTER TABLE user_profile_terms ADD COLUMN number bigint;
CREATE INDEX user_profile_terms_by_number ON user_profile_terms (kind, term, number, user_id) WHERE number IS NOT NULL;
UPDATE user_profile_terms t
SET number = LEAST(GREATEST(round(e.value::text::numeric * 1000000), -9223372036854775808), 9223372036854775807)::bigint
FROM user_profiles p CROSS JOIN LATERAL jsonb_each(p.metadata::jsonb) e
WHERE p.user_id = t.user_id AND t.kind = 'metadata' AND e.key = t.term AND jsonb_typeof(e.value) = 'number';

-- The platform finds people by it, and reads the terms for that: never the profile.
CREATE POLICY user_profile_terms_platform ON user_profile_terms FOR SELECT USING ((SELECT current_setting('app.platform', true)) = 'on');
