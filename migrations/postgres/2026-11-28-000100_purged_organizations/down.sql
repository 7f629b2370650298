-- Half an organization would be open again, and nobody would know.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM tenants WHERE purging_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the purge of an organization isn''t over: finish it first';
    END IF;
END $$;
DROP TRIGGER audit_checkpoints_no_truncate ON audit_checkpoints;
DROP TRIGGER audit_checkpoints_no_delete ON audit_checkpoints;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE OR TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE FUNCTION keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.occurred_at < now() - interval '365 days' AND EXISTS (SELECT 1 FROM audit_checkpoints c
        WHERE c.organization_id = OLD.organization_id AND c.number >= OLD.number) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE OR REPLACE FUNCTION keep_audit_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.organization_id = OLD.organization_id AND NEW.number = OLD.number AND NEW.digest = OLD.digest
        AND NEW.entry_at = OLD.entry_at AND NEW.entries = OLD.entries AND NEW.cut_at = OLD.cut_at THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE OR REPLACE FUNCTION keep_security_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.occurred_at < now() - interval '90 days' THEN
            RETURN OLD;
        END IF;
    ELSIF NEW.organization_id = OLD.organization_id AND NEW.id = OLD.id AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id
        AND NEW.type = OLD.type AND NEW.severity = OLD.severity AND NEW.occurred_at = OLD.occurred_at
        AND NEW.ip IS NULL AND NEW.user_agent IS NULL
        AND (NEW.details IS NULL OR NEW.details = OLD.details) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
DROP FUNCTION is_purging(uuid);
ALTER TABLE tenants DROP COLUMN purging_at;
