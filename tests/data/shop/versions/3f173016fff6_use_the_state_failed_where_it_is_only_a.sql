-- use the state "failed", where it is only a text
--
-- Revision ID: 3f173016fff6
-- Revises: 600a8f5b1f98
-- Create Date: 2026-03-06 03:01:56.380112+00

-- migrate:upgrade
CREATE FUNCTION billing.retry(p_payment_id bigint) RETURNS SETOF billing.payment LANGUAGE plpgsql AS $_$
BEGIN
    RETURN QUERY UPDATE billing.payment SET state = 'pending' WHERE payment_id = $1 AND state = 'failed' RETURNING *;
END;
$_$;
ALTER TABLE billing.payment ADD COLUMN failures smallint DEFAULT 0 NOT NULL;
CREATE INDEX payment_failed_idx ON billing.payment (invoice_id) WHERE failures > 0;

-- migrate:downgrade
DROP INDEX billing.payment_failed_idx;
ALTER TABLE billing.payment DROP COLUMN failures;
DROP FUNCTION billing.retry;
