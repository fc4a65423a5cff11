-- create invoice
--
-- Revision ID: 3b07d5a9e1f4
-- Revises: 2f8b6d914ce0
-- Branch Labels: billing
-- Create Date: 2026-02-02 10:05:31.220943+00

-- migrate:upgrade
CREATE TYPE invoice_state AS ENUM ('draft', 'sent', 'paid');

CREATE TABLE invoice (
    invoice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    state      invoice_state NOT NULL DEFAULT 'draft',
    total      numeric(10,2) NOT NULL CHECK (total >= 0)
);
CREATE INDEX invoice_account_id_idx ON invoice (account_id);

-- migrate:downgrade
DROP TABLE invoice;
DROP TYPE invoice_state;
