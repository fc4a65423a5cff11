-- an audit trail of its own
--
-- Revision ID: 577f1f2a6d5b
-- Revises:
-- Branch Labels: audit
-- Create Date: 2026-03-20 12:43:23.427626+00

-- migrate:upgrade
CREATE SCHEMA audit;
CREATE TABLE audit.event (
    event_id   bigint GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    table_name regclass NOT NULL,
    operation  text NOT NULL,
    old_row    jsonb,
    new_row    jsonb
);
CREATE INDEX event_at_brin ON audit.event USING brin (at);

-- migrate:downgrade
DROP TABLE audit.event;
DROP SCHEMA audit;
