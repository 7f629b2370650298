DROP FUNCTION sweep_invitations(timestamptz, bigint);
DROP FUNCTION is_invited(text, timestamptz);
DROP TABLE invitations;
