-- old and new prices by transition tables
--
-- Revision ID: 3f61076f31f9
-- Revises: 0ebb9985e818
-- Create Date: 2026-04-11 04:25:43.490978+00

-- migrate:upgrade
CREATE TABLE shop.price_trail (
    trail_id   bigint GENERATED ALWAYS AS IDENTITY,
    change     int8range NOT NULL DEFAULT 'empty',
    old_price  numeric,
    new_price  numeric
) WITH (fillfactor = 100);
CREATE FUNCTION shop.trail_prices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shop.price_trail (change, old_price, new_price)
    SELECT int8range(o.product_id, o.product_id, '[]'), o.net_price, n.net_price
    FROM old_rows o JOIN new_rows n USING (product_id)
    WHERE o.net_price <> n.net_price
    ORDER BY product_id;
    RETURN NULL;
END
$$
;
CREATE TRIGGER "trail; prices" AFTER UPDATE ON shop.product
    REFERENCING OLD TABLE old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION shop.trail_prices();
UPDATE shop.product SET net_price = net_price * 1.1;
INSERT INTO shop.price_history SELECT product_id, tstzrange('2026-03-01Z', NULL), net_price FROM shop.product;
ALTER TABLE shop.product DISABLE TRIGGER "trail; prices";

-- migrate:downgrade
DELETE FROM shop.price_history;
DROP TRIGGER "trail; prices" ON shop.product;
DROP FUNCTION shop.trail_prices();
UPDATE shop.product p SET net_price = t.old_price FROM shop.price_trail t WHERE t.change @> p.product_id;
DROP TABLE shop.price_trail;
