DROP TABLE search_words;
ALTER TABLE tenants DROP COLUMN timezone;
