-- settings of the shop, made under another search_path
--
-- Revision ID: 94bdc578044b
-- Revises: 927b95a45c56
-- Create Date: 2026-01-29 23:02:53.269246+00

-- migrate:upgrade
SET search_path = shop, pg_catalog;
SET LOCAL standard_conforming_strings = on;
SET SESSION statement_timeout TO '10min';
SET LOCAL TIME ZONE 'Asia/Tokyo';
SELECT set_config('shop.who', 'a revision', false), pg_catalog.set_config('shop.how', 'locally; and "quoted"', true);

CREATE TABLE setting (
    name       text PRIMARY KEY,
    value      jsonb NOT NULL DEFAULT 'null',
    changed_by text DEFAULT current_setting('shop.who', true)
);
INSERT INTO setting (name, value)
VALUES ('currency', '"EUR"'), ('opened', to_jsonb(timestamp '2026-01-01' AT TIME ZONE 'UTC'));
CREATE FUNCTION setting(text) RETURNS jsonb LANGUAGE sql STABLE SET search_path FROM CURRENT
    AS 'SELECT value FROM setting WHERE setting.name = $1';

-- migrate:downgrade
SET search_path TO 'shop';
DROP FUNCTION setting(text);
DROP TABLE setting;
