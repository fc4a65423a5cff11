-- row security for invoices
--
-- Revision ID: 000bb960ddcd
-- Revises: 3ce083847082
-- Create Date: 2026-02-26 16:06:14.356355+00

-- migrate:upgrade
ALTER TABLE billing.customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.invoice ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION billing.me() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('billing.account', true), '')::bigint;
CREATE POLICY own_rows ON billing.customer USING (account_id = billing.me()) WITH CHECK (account_id = billing.me());
CREATE POLICY own_invoices ON billing.invoice AS PERMISSIVE FOR SELECT TO PUBLIC
    USING (account_id IN (SELECT account_id FROM billing.customer WHERE account_id = billing.me()));
CREATE POLICY nothing_old ON billing.invoice AS RESTRICTIVE FOR ALL TO PUBLIC
    USING (issued > DATE '2000-01-01' OR was = ANY ('{paid,shipped}'));
GRANT USAGE ON SCHEMA billing TO PUBLIC;
GRANT SELECT, INSERT (account_id, order_id) ON billing.invoice TO PUBLIC;

-- migrate:downgrade
REVOKE SELECT, INSERT (account_id, order_id) ON billing.invoice FROM PUBLIC;
REVOKE USAGE ON SCHEMA billing FROM PUBLIC;
DROP POLICY nothing_old ON billing.invoice;
DROP POLICY own_invoices ON billing.invoice;
DROP POLICY own_rows ON billing.customer;
DROP FUNCTION billing.me();
ALTER TABLE billing.invoice DISABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer DISABLE ROW LEVEL SECURITY;
