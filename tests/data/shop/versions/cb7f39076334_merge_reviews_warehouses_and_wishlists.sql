-- merge reviews, warehouses and wishlists
--
-- Revision ID: cb7f39076334
-- Revises: d11c7bc1d6d5, 18726ac56810, 177944c93d72
-- Create Date: 2026-02-19 19:07:53.332598+00

-- migrate:upgrade
CREATE VIEW shop.product_page WITH (security_invoker = on) AS
    SELECT p.product_id, p.title, (SELECT avg(stars) FROM shop.review r WHERE r.product_id = p.product_id) AS stars,
           (SELECT sum(on_hand) FROM shop.stock s WHERE s.product_id = p.product_id) AS on_hand,
           (SELECT count(*) FROM shop.wishlist w WHERE p.product_id = ANY (w.products)) AS wished
    FROM shop.product p;

-- migrate:downgrade
DROP VIEW shop.product_page;
