-- prices over time
--
-- Revision ID: 12306a8bbb48
-- Revises: 3d633cb5f0e7
-- Branch Labels: catalog
-- Create Date: 2025-12-03 00:37:38.095028+00

-- migrate:upgrade
CREATE TABLE shop.price_history (
    product_id bigint NOT NULL REFERENCES shop.product,
    valid      tstzrange NOT NULL CHECK (NOT isempty(valid)),
    net_price  shop.amount,
    -- no two prices at the same time; a range of one element does for "="
    CONSTRAINT price_history_no_overlap EXCLUDE USING gist
        (int8range(product_id, product_id, '[]') WITH &&, valid WITH &&)
);

CREATE FUNCTION shop.price_at(p_product_id bigint, p_at timestamptz DEFAULT now()) RETURNS numeric
    LANGUAGE sql STABLE
    RETURN (SELECT net_price FROM shop.price_history WHERE product_id = p_product_id AND valid @> p_at);

-- migrate:downgrade
DROP FUNCTION shop.price_at;
DROP TABLE shop.price_history;
