DROP TABLE provider_attempts;
DROP TABLE accounts;
DROP TABLE account_logins;
