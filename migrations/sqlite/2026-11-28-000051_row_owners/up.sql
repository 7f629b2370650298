-- Nothing to do: SQLite has no fence between organizations.
SELECT 1;
