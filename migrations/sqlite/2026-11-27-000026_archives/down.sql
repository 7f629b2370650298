DROP TABLE user_archives;
