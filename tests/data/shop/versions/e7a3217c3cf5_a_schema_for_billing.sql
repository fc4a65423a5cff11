-- a schema for billing
--
-- Revision ID: e7a3217c3cf5
-- Revises:
-- Branch Labels: billing
-- Depends On: 64685d9e5847
-- Create Date: 2026-02-23 04:14:11.340517+00

-- migrate:upgrade
CREATE SCHEMA billing
    CREATE TABLE customer (
        account_id bigint PRIMARY KEY REFERENCES shop.account,
        tax_number text,
        "Rechnung an" shop.email
    )
    CREATE VIEW customer_name AS SELECT c.account_id, a.full_name FROM billing.customer c JOIN shop.account a USING (account_id);

-- migrate:downgrade
DROP VIEW billing.customer_name;
DROP TABLE billing.customer;
DROP SCHEMA billing;
