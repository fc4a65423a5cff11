-- a table without a schema: where it lands shows if SET leaked
--
-- Revision ID: 1c4e4d142caf
-- Revises: 94bdc578044b
-- Create Date: 2026-02-02 02:25:19.277165+00

-- migrate:upgrade
CREATE TABLE newsletter (
    email     shop.email PRIMARY KEY,
    confirmed timestamptz
);
INSERT INTO newsletter SELECT email, created_at FROM shop.account;
DO $$
BEGIN
    IF current_schema() <> 'public' OR coalesce(current_setting('shop.who', true), '') <> ''
       OR current_setting('statement_timeout') = '10min' OR current_setting('TimeZone') = 'Asia/Tokyo' THEN
        RAISE EXCEPTION 'settings of another revision leaked into this one';
    END IF;
END
$$;

-- migrate:downgrade
DROP TABLE newsletter;
