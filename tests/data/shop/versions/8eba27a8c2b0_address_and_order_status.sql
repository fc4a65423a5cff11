-- address and order status
--
-- Revision ID: 8eba27a8c2b0
-- Revises: 2129953dcadd
-- Create Date: 2025-11-08 21:53:11.023757+00

-- migrate:up
CREATE TYPE shop.address AS (
    line1       text,
    line2       text,
    postal_code text,
    city        text,
    country     char(2)
);
CREATE TYPE shop.order_status AS ENUM ('cart', 'placed', 'paid', 'shipped');

-- migrate:down
DROP TYPE shop.order_status;
DROP TYPE shop.address
