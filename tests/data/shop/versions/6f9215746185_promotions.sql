-- promotions
--
-- Revision ID: 6f9215746185
-- Revises: 12306a8bbb48
-- Branch Labels: pricing
-- Create Date: 2025-12-06 00:14:26.102947+00

-- migrate:upgrade
CREATE TYPE shop.promotion_kind AS ENUM ('percent', 'fixed', 'gift');
CREATE TABLE shop.promotion (
    promotion_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text NOT NULL,
    kind         shop.promotion_kind NOT NULL DEFAULT 'percent',
    value        numeric NOT NULL,
    runs         datemultirange NOT NULL,
    UNIQUE NULLS NOT DISTINCT (code, kind),
    CHECK (CASE kind WHEN 'percent' THEN value BETWEEN 0 AND 100 WHEN 'fixed' THEN value > 0 ELSE true END)
);
CREATE INDEX promotion_runs_idx ON shop.promotion USING gist (runs);
INSERT INTO shop.promotion (code, kind, value, runs) VALUES
    ('SUMMER', 'percent', 15, '{[2026-06-01,2026-07-01), [2026-08-01,2026-09-01)}'),
    ('БЕСПЛАТНО', 'gift', 0, '{[2026-01-01,)}'),
    ('🎁', 'fixed', 5, datemultirange(daterange('2026-12-01', '2026-12-24', '[]')));

-- migrate:downgrade
DROP TABLE shop.promotion;
DROP TYPE shop.promotion_kind;
