-- create account
--
-- Revision ID: 64685d9e5847
-- Revises: 8eba27a8c2b0
-- Create Date: 2025-11-11 08:32:38.031676+00

-- migrate:upgrade
CREATE TABLE shop.account (
    account_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email       shop.email NOT NULL,
    full_name   text NOT NULL CHECK (full_name <> ''),
    billing     shop.address,
    preferences jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(preferences) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX account_email_key ON shop.account (lower(email::text));
CREATE INDEX account_country_idx ON shop.account (((billing).country)) WHERE billing IS NOT NULL;
COMMENT ON COLUMN shop.account.billing IS 'Can be given at the first order; "NULL" until then';

-- migrate:downgrade
DROP TABLE shop.account;
