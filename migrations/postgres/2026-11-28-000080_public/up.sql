-- PostgreSQL gives every new function to everybody. Those of the first migrations were left so.
REVOKE EXECUTE ON FUNCTION sweep_sessions(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_sessions(timestamptz, bigint) TO firma_app;
REVOKE EXECUTE ON FUNCTION sweep_idempotency_keys(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_idempotency_keys(timestamptz, bigint) TO firma_app;
REVOKE EXECUTE ON FUNCTION sweep_jobs(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_jobs(timestamptz, bigint) TO firma_app;
REVOKE EXECUTE ON FUNCTION sweep_tokens(timestamptz, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sweep_tokens(timestamptz, bigint) TO firma_app;
-- Those of triggers need no right to be run by them.
REVOKE EXECUTE ON FUNCTION refuse_change() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION keep_security_event() FROM PUBLIC;
-- And those to come. For one schema alone it can't be said: what is given to everybody stands above it.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
