-- Another with each change of the roles that a member holds, and of the organization's own roles: what is kept in
-- memory of them is kept under both, and both come with each call.
ALTER TABLE memberships ADD COLUMN access_stamp_id BLOB;
ALTER TABLE tenants ADD COLUMN access_stamp_id BLOB;
-- Without one nothing is kept.
UPDATE memberships SET access_stamp_id = randomblob(16);
