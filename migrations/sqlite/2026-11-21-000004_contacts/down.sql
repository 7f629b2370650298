DROP TABLE emails;
DROP TABLE deal_contacts;
DROP TABLE contacts;
ALTER TABLE companies DROP COLUMN phone_e164;
