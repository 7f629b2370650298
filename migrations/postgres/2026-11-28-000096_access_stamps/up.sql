-- Another with each change of the roles that a member holds, and of the organization's own roles: what is kept in
-- memory of them is kept under both, and both come with each call.
ALTER TABLE memberships ADD COLUMN access_stamp_id uuid;
ALTER TABLE tenants ADD COLUMN access_stamp_id uuid;
-- Without one nothing is kept.
UPDATE memberships SET access_stamp_id = gen_random_uuid();
