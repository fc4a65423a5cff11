-- reports, the last word
--
-- Revision ID: 10c5a516cc43
-- Revises: 2a0cb9ef9c84
-- Create Date: 2026-04-17 10:32:08.506816+00

-- migrate:upgrade
-- A comment may mention migrate:downgrade, or end in one: -- migrate:downgrade
SELECT 'nothing' /* -- migrate:downgrade */ AS "-- migrate:upgrade";
CREATE MATERIALIZED VIEW shop.report ("day; of order", orders, "sum $$") AS
    SELECT date_trunc('day', o.placed_at, 'UTC')::date, count(*), sum(shop.order_total(o.order_id))
    FROM shop.orders o
    WHERE o.status > 'cart'
    GROUP BY 1;
CREATE UNIQUE INDEX ON shop.report ("day; of order");
COMMENT ON INDEX shop."report_day; of order_idx" IS 'one row a day';
REFRESH MATERIALIZED VIEW shop.report

-- migrate:downgrade
DROP MATERIALIZED VIEW shop.report
-- the end, without a semicolon; and without a line end