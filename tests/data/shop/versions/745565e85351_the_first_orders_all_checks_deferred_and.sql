-- the first orders, all checks deferred and then made
--
-- Revision ID: 745565e85351
-- Revises: 922d0c1a4130
-- Depends On: 21d14807c65a
-- Create Date: 2026-01-24 12:56:28.253408+00

-- migrate:upgrade
SET CONSTRAINTS shop.order_has_items DEFERRED;
WITH a AS (
    INSERT INTO shop.account (email, full_name, billing)
    VALUES ('anna@example.org', 'Anna O''Brien', ('Hauptstr. 1', NULL, '10115', 'Berlin', 'DE')),
           ('ярослав@example.org', 'Ярослав', NULL)
    RETURNING account_id
)
INSERT INTO shop.orders (account_id, status, placed_at, ship_to)
SELECT account_id, 'placed', '2026-02-03 04:05:06+00', ROW('"Quoted" street; 7', '\', '', 'Köln', 'DE')::shop.address FROM a;

WITH p AS (
    INSERT INTO shop.product (category_id, slug, title, net_price)
    SELECT min(category_id), 'gift-card', 'Gift card', 25 FROM shop.category
    RETURNING product_id, net_price
)
INSERT INTO shop.order_item (order_id, line, product_id, quantity, unit_price)
SELECT o.order_id, 1, p.product_id, 2, p.net_price FROM shop.orders o CROSS JOIN p;
SET CONSTRAINTS shop.order_has_items IMMEDIATE;  -- or the next ALTER TABLE meets pending events

-- migrate:downgrade
DELETE FROM shop.order_item;
DELETE FROM shop.orders;
DELETE FROM shop.product WHERE slug = 'gift-card';
DELETE FROM shop.account;
