-- From which country a sign-in came, where a trusted proxy says it (ISO 3166, alpha-2).
ALTER TABLE sessions ADD COLUMN country TEXT;
