-- Logs that are cut after a while, and looked at by themselves.

-- For how many days the log is kept; for ever where nothing is said. Here, so that the clean-up finds who wants it.
ALTER TABLE tenants ADD COLUMN audit_days integer CHECK (audit_days >= 365);

-- What a cut of a log leaves: up to where, the head there, from which the rest is verified, and the latest instant of
-- what it took. Signed by the server.
CREATE TABLE audit_checkpoints (
    organization_id uuid NOT NULL,
    number bigint NOT NULL,
    digest bytea NOT NULL,
    entry_at timestamptz NOT NULL,
    entries bigint NOT NULL,
    cut_at timestamptz NOT NULL,
    signature text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, number),
    FOREIGN KEY (organization_id) REFERENCES tenants (id),
    CHECK (entries BETWEEN 1 AND number),
    CHECK (octet_length(digest) = 32)
);
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY;
CREATE POLICY audit_checkpoints_fence ON audit_checkpoints USING (organization_id = (SELECT NULLIF(current_setting('app.organization_id', true), '')::uuid));
REVOKE INSERT, UPDATE, DELETE ON audit_checkpoints FROM firma_app;

-- What the last look at each log found. Read over all organizations for the figures, so without row-level security;
-- nothing of what stands in a log is in it.
CREATE TABLE audit_verifications (
    tenant_id uuid NOT NULL,
    verified_at timestamptz NOT NULL,
    entries bigint NOT NULL,
    broken_number bigint,
    problem text COLLATE "C",
    PRIMARY KEY (tenant_id),
    FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CHECK ((broken_number IS NULL) = (problem IS NULL))
);

-- Whoever schedules the verification finds it scheduled.
CREATE UNIQUE INDEX job_queue_audit_verification ON job_queue (kind) WHERE kind = 'audit_verification';

-- Entries are append-only but for what a checkpoint covers and is older than a year; a checkpoint, but for being
-- signed anew. That holds for the owner of the tables too.
CREATE FUNCTION keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.occurred_at < now() - interval '365 days' AND EXISTS (SELECT 1 FROM audit_checkpoints c
        WHERE c.organization_id = OLD.organization_id AND c.number >= OLD.number) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
DROP TRIGGER audit_entries_append_only ON audit_entries;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION keep_audit_entry();
CREATE FUNCTION keep_audit_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.organization_id = OLD.organization_id AND NEW.number = OLD.number AND NEW.digest = OLD.digest
        AND NEW.entry_at = OLD.entry_at AND NEW.entries = OLD.entries AND NEW.cut_at = OLD.cut_at THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION keep_audit_checkpoint();
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE OR TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The one way in which entries go: all up to a number, in the organization that the fence stands on, as old as the
-- organization says and at least a year, and never without a checkpoint. How many went.
CREATE FUNCTION cut_audit_log(organization uuid, through bigint, head bytea, reached timestamptz, taken bigint, at timestamptz, mark text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
    days integer;
    latest timestamptz;
    upto audit_entries%ROWTYPE;
BEGIN
    IF organization IS DISTINCT FROM NULLIF(current_setting('app.organization_id', true), '')::uuid THEN
        RAISE EXCEPTION 'this is another organization''s log';
    END IF;
    SELECT t.audit_days INTO days FROM tenants t WHERE t.id = organization;
    IF days IS NULL THEN
        RAISE EXCEPTION 'this log is kept for ever';
    END IF;
    -- One cut after the other.
    LOCK TABLE audit_checkpoints IN SHARE ROW EXCLUSIVE MODE;
    SELECT max(a.occurred_at) INTO latest FROM audit_entries a WHERE a.organization_id = organization AND a.number <= through;
    IF latest >= now() - make_interval(days => GREATEST(days, 365)) THEN
        RAISE EXCEPTION 'an audit entry is kept for at least a year, and as long as its organization says';
    END IF;
    SELECT * INTO upto FROM audit_entries a WHERE a.organization_id = organization AND a.number = through;
    IF upto.chain IS DISTINCT FROM head OR latest IS DISTINCT FROM reached OR EXISTS (SELECT 1 FROM audit_entries a
        WHERE a.organization_id = organization AND a.number > through AND a.batch_id = upto.batch_id) THEN
        RAISE EXCEPTION 'a log is cut between two transactions of it';
    END IF;
    INSERT INTO audit_checkpoints (organization_id, number, digest, entry_at, entries, cut_at, signature)
    VALUES (organization, through, head, reached, taken, at, mark);
    DELETE FROM audit_payloads p USING audit_entries a WHERE a.organization_id = organization AND a.number <= through
        AND p.organization_id = organization AND p.entry_id = a.id;
    DELETE FROM audit_entries a WHERE a.organization_id = organization AND a.number <= through;
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone <> taken THEN
        RAISE EXCEPTION 'a cut takes what its checkpoint says';
    END IF;
    RETURN gone;
END $$;
-- After the secret was changed. A wrong mark is found by the next verification.
CREATE FUNCTION sign_audit_checkpoint(organization uuid, at_number bigint, mark text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE audit_checkpoints SET signature = mark WHERE organization_id = organization AND number = at_number
    AND organization = NULLIF(current_setting('app.organization_id', true), '')::uuid
$$;
-- Beyond what `firma_app` may, so for nobody else.
REVOKE EXECUTE ON FUNCTION cut_audit_log(uuid, bigint, bytea, timestamptz, bigint, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cut_audit_log(uuid, bigint, bytea, timestamptz, bigint, timestamptz, text) TO firma_app;
REVOKE EXECUTE ON FUNCTION sign_audit_checkpoint(uuid, bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sign_audit_checkpoint(uuid, bigint, text) TO firma_app;
-- Those of triggers need no right to be run by them.
REVOKE EXECUTE ON FUNCTION keep_audit_entry() FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION keep_audit_checkpoint() FROM PUBLIC;
