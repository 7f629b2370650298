-- Over all organizations: who may register by an invitation, and who invited somebody that is erased.
CREATE INDEX invitations_of_email ON invitations (email);
DROP INDEX invitations_open_email;
