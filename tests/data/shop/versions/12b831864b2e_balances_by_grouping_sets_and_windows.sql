-- balances by grouping sets and windows
--
-- Revision ID: 12b831864b2e
-- Revises: aadd39ab6f95
-- Create Date: 2026-03-12 13:03:49.395950+00

-- migrate:upgrade
CREATE FUNCTION billing.add(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT RETURN $1 + $2;
CREATE AGGREGATE billing.total(numeric) (SFUNC = billing.add, STYPE = numeric, INITCOND = '0');
CREATE OPERATOR billing.<+> (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = billing.add, COMMUTATOR = OPERATOR(billing.<+>));
CREATE VIEW billing.balance AS
    SELECT a.kind, a.code, billing.total(e.amount) AS total,
           sum(billing.total(e.amount)) OVER (PARTITION BY a.kind ORDER BY a.code ROWS UNBOUNDED PRECEDING) AS running
    FROM billing.ledger_account a JOIN billing.entry e ON a.code IN (e.debit, e.credit)
    GROUP BY GROUPING SETS ((a.kind, a.code), (a.kind), ());

-- migrate:downgrade
DROP VIEW billing.balance;
DROP OPERATOR billing.<+> (numeric, numeric);
DROP AGGREGATE billing.total(numeric);
DROP FUNCTION billing.add(numeric, numeric);
