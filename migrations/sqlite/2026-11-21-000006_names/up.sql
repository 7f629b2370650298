-- An organization's day is that of its zone: read with its currency, before the caller's right is known.
ALTER TABLE tenants ADD COLUMN timezone TEXT NOT NULL DEFAULT 'UTC';
UPDATE tenants SET timezone = o.timezone FROM organizations o WHERE o.organization_id = tenants.id;

-- The folded words of rows of any kind, for finding by their beginnings; the row itself holds the texts.
CREATE TABLE search_words (
    organization_id BLOB NOT NULL,
    entity_type TEXT NOT NULL,
    word TEXT NOT NULL,
    entity_id BLOB NOT NULL,
    PRIMARY KEY (organization_id, entity_type, word, entity_id)
) WITHOUT ROWID;
CREATE INDEX search_words_by_entity ON search_words (organization_id, entity_type, entity_id, word);
