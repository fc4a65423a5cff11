-- numbers by category
--
-- Revision ID: 0da86de25ad3
-- Revises: 12306a8bbb48
-- Create Date: 2025-12-14 14:21:44.126704+00

-- migrate:upgrade
CREATE MATERIALIZED VIEW shop.category_stats AS
    WITH RECURSIVE tree (category_id, root_id) AS (
        SELECT category_id, category_id FROM shop.category WHERE parent_id IS NULL
        UNION ALL
        SELECT c.category_id, t.root_id FROM shop.category c JOIN tree t ON c.parent_id = t.category_id
    )
    SELECT t.root_id AS category_id, count(p.product_id) AS products, avg(p.net_price::numeric) AS average
    FROM tree t LEFT JOIN shop.product p USING (category_id)
    GROUP BY t.root_id
    WITH NO DATA;
CREATE UNIQUE INDEX category_stats_key ON shop.category_stats (category_id);
CREATE INDEX category_stats_products_idx ON shop.category_stats (products DESC);
REFRESH MATERIALIZED VIEW shop.category_stats;
COMMENT ON MATERIALIZED VIEW shop.category_stats IS 'Refreshed by night';

-- migrate:downgrade
DROP MATERIALIZED VIEW shop.category_stats;
