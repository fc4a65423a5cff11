-- create account
--
-- Revision ID: 1a5c0e7d3b42
-- Revises:
-- Create Date: 2026-01-12 09:14:03.511204+00

-- migrate:upgrade
CREATE TABLE account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE CHECK (email LIKE '%_@_%'),
    full_name  text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- migrate:downgrade
DROP TABLE account;
