-- When somebody showed the token, and so read the address's mail. A token may be used up without: a newer one voids it.
ALTER TABLE verification_tokens ADD COLUMN redeemed_at INTEGER;
-- Of these kinds none was voided; of the others nobody can tell any more.
UPDATE verification_tokens SET redeemed_at = used_at WHERE kind IN ('verify_email', 'invitation');
