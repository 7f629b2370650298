ALTER TABLE verification_tokens DROP COLUMN redeemed_at;
