-- the trigger function of the audit trail
--
-- Revision ID: f399f57c48fd
-- Revises: 577f1f2a6d5b
-- Create Date: 2026-03-23 06:25:29.435545+00

-- migrate:upgrade
CREATE FUNCTION audit.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path TO 'audit', 'pg_temp'
AS $function$
DECLARE
    o jsonb;
    n jsonb;
BEGIN
    IF TG_OP IN ('UPDATE', 'DELETE') THEN o := to_jsonb(OLD); END IF;
    IF TG_OP IN ('INSERT', 'UPDATE') THEN n := to_jsonb(NEW); END IF;
    INSERT INTO event (table_name, operation, old_row, new_row) VALUES (TG_RELID, TG_OP, o, n);
    RETURN NULL;
END;
$function$;
REVOKE ALL ON FUNCTION audit.record() FROM PUBLIC;

-- migrate:downgrade
DROP FUNCTION audit.record();
