-- An organization's day is that of its zone: read with its currency, before the caller's right is known.
ALTER TABLE tenants ADD COLUMN timezone text COLLATE "C" NOT NULL DEFAULT 'UTC';
UPDATE tenants SET timezone = o.timezone FROM organizations o WHERE o.organization_id = tenants.id;
ALTER TABLE tenants ALTER COLUMN timezone DROP DEFAULT;

-- The folded words of rows of any kind, for finding by their beginnings; the row itself holds the texts.
CREATE TABLE search_words (
    organization_id uuid NOT NULL,
    entity_type text COLLATE "C" NOT NULL,
    word text COLLATE "C" NOT NULL,
    entity_id uuid NOT NULL,
    PRIMARY KEY (organization_id, entity_type, word, entity_id)
);
CREATE INDEX search_words_by_entity ON search_words (organization_id, entity_type, entity_id, word);

ALTER TABLE search_words ENABLE ROW LEVEL SECURITY;
CREATE POLICY search_words_fence ON search_words USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
