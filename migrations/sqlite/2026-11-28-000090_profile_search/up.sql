-- What stands under a key as a number, in millionths: numbers are found in their own order.
ALTER TABLE user_profile_terms ADD COLUMN number INTEGER;
CREATE INDEX user_profile_terms_by_number ON user_profile_terms (kind, term, number, user_id) WHERE number IS NOT NULL;
UPDATE user_profile_terms
SET number = (SELECT CAST(round(e.value * 1000000.0) AS INTEGER) FROM user_profiles p, json_each(p.metadata) e
    WHERE p.user_id = user_profile_terms.user_id AND e.key = user_profile_terms.term AND e.type IN ('integer', 'real'))
WHERE kind = 'metadata';
