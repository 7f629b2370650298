-- Another with each change of the roles that a member holds, and of the organization's own roles: what is kept in
-- memory of them is kept under both, and both come with each call.
ALTER TABLE memberships ADD COLUMN access_stamp_id BLOB;
ALTER TABLE tenants ADD COLUMN access_stamp_id BLOB;
-- Without one nothing is kept.
UPDATE memberships SET access_stamp_id = randomblob(16);
-- No session outlives that its user is active; one that was made at the same moment could, so far.
UPDATE sessions SET revoked_at = (SELECT u.updated_at FROM users u WHERE u.id = sessions.user_id)
WHERE revoked_at IS NULL AND user_id IN (SELECT id FROM users WHERE NOT is_active OR deleted_at IS NOT NULL);
