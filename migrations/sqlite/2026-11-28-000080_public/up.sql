-- SQLite has no functions of its own, and nobody to take them from.
SELECT 1;
