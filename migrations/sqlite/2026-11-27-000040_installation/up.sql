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
    user_id BLOB NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (user_id, word),
    FOREIGN KEY (user_id) REFERENCES users (id)
) WITHOUT ROWID;
CREATE INDEX user_words_by_word ON user_words (word, user_id);
