-- Security events and audit entries are read in pages, in the order of their ids.
CREATE INDEX security_events_all ON security_events (id);
CREATE INDEX security_events_of_type ON security_events (type, id);
CREATE INDEX security_events_of_severity ON security_events (severity, id);
CREATE INDEX security_events_by_type ON security_events (organization_id, type, id);
CREATE INDEX security_events_by_severity ON security_events (organization_id, severity, id);
CREATE INDEX security_events_by_member ON security_events (organization_id, user_id, id);
DROP INDEX audit_entries_by_actor;
CREATE INDEX audit_entries_by_actor ON audit_entries (organization_id, actor_id, id);
CREATE INDEX audit_entries_by_action ON audit_entries (organization_id, action, id);

-- The platform lists organizations and users.
CREATE INDEX organizations_by_status ON organizations (status, organization_id) WHERE deleted_at IS NULL;
CREATE INDEX users_inactive ON users (id) WHERE deleted_at IS NULL AND NOT is_active;

-- The folded words of a user's name and logins.
CREATE TABLE user_words (
    user_id uuid NOT NULL,
    word text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, word),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
CREATE INDEX user_words_by_word ON user_words (word, user_id);

-- What the platform sees: people, organizations' own rows, what concerns safety. The server sets it with the facts of
-- a call by who holds a platform role, and for nothing else.
ALTER TABLE user_words ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_words_fence ON user_words USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid) OR (SELECT current_setting('app.platform', true)) = 'on') WITH CHECK (true);
CREATE POLICY users_platform ON users FOR SELECT USING ((SELECT current_setting('app.platform', true)) = 'on');
CREATE POLICY organizations_platform ON organizations FOR SELECT USING ((SELECT current_setting('app.platform', true)) = 'on');
CREATE POLICY security_events_platform ON security_events FOR SELECT USING ((SELECT current_setting('app.platform', true)) = 'on');

-- Counts over all organizations, for the platform: nothing of what stands in the rows.
CREATE FUNCTION platform_counts(at timestamptz) RETURNS TABLE (users bigint, active_users bigint, sessions bigint, failed_jobs bigint, files bigint, bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (SELECT count(*) FROM users WHERE deleted_at IS NULL),
        (SELECT count(*) FROM users WHERE deleted_at IS NULL AND is_active),
        (SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND expires_at > at),
        (SELECT count(*) FROM jobs WHERE deleted_at IS NULL AND state = 'FAILED' AND organization_id = '00000000-0000-0000-0000-000000000000'),
        (SELECT count(*) FROM files),
        (SELECT COALESCE(sum(size), 0)::bigint FROM files)
    WHERE current_setting('app.platform', true) = 'on'
$$;

-- In whose log a row stands that somebody named in vain: the organization alone, for who knows the row's id.
CREATE FUNCTION organization_of_row(kind text, row_id uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT t.id FROM tenants t WHERE EXISTS (SELECT 1 FROM audit_entries a WHERE a.organization_id = t.id AND a.entity_type = kind AND a.entity_id = row_id) LIMIT 1
$$;

-- Beyond what `firma_app` may, so for nobody else.
REVOKE EXECUTE ON FUNCTION platform_counts(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform_counts(timestamptz) TO firma_app;
REVOKE EXECUTE ON FUNCTION organization_of_row(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION organization_of_row(text, uuid) TO firma_app;
