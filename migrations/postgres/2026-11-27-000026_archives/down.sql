DROP FUNCTION sweep_archives(timestamptz, bigint);
DROP TABLE user_archives;
