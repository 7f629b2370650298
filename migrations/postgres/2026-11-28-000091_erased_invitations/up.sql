-- Over all organizations: who may register by an invitation, and who invited somebody that is erased.
CREATE INDEX invitations_of_email ON invitations (email);
DROP INDEX invitations_open_email;

-- Where the address of somebody who is erased is left in an invitation, for erasing it there as well: the organizations
-- alone, and of no address that is anybody's.
CREATE FUNCTION organizations_that_invited(person uuid, address text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT DISTINCT organization_id FROM invitations WHERE email = address COLLATE "C"
    AND EXISTS (SELECT 1 FROM users u WHERE u.id = person AND u.deleted_at IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM user_logins l WHERE l.login = address)
$$;
-- Beyond what `firma_app` may, so for nobody else.
REVOKE EXECUTE ON FUNCTION organizations_that_invited(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION organizations_that_invited(uuid, text) TO firma_app;
