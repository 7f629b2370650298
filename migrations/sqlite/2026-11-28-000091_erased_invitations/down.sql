CREATE INDEX invitations_open_email ON invitations (email) WHERE status = 'open';
DROP INDEX invitations_of_email;
