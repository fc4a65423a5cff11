-- invoices, which need the states of orders
--
-- Revision ID: 3ce083847082
-- Revises: e7a3217c3cf5
-- Depends On: fulfilment
-- Create Date: 2026-02-24 18:33:58.348436+00

-- migrate:upgrade
CREATE SEQUENCE billing.invoice_number NO CYCLE START WITH 20260001;
SELECT setval('billing.invoice_number', 20260100, false);
CREATE TABLE billing.invoice (
    invoice_id  bigint DEFAULT nextval('billing.invoice_number') PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES billing.customer DEFERRABLE,
    order_id    bigint REFERENCES shop.orders ON DELETE SET NULL,
    was         shop.order_status NOT NULL DEFAULT 'placed',
    issued      date NOT NULL DEFAULT CURRENT_DATE,
    due         date GENERATED ALWAYS AS (issued + 14) STORED,
    total       shop.amount,
    CONSTRAINT invoice_one_per_order UNIQUE (order_id)
);
ALTER SEQUENCE billing.invoice_number OWNED BY billing.invoice.invoice_id;

-- migrate:downgrade
DROP TABLE billing.invoice; -- and the sequence, which it owns
