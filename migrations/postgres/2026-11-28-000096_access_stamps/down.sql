ALTER TABLE tenants DROP COLUMN access_stamp_id;
ALTER TABLE memberships DROP COLUMN access_stamp_id;
