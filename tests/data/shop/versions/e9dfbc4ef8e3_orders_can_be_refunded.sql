-- orders can be refunded
--
-- Revision ID: e9dfbc4ef8e3
-- Revises: 3d633cb5f0e7
-- Branch Labels: fulfilment
-- Create Date: 2025-12-31 08:27:23.174218+00

-- The value cannot be used before the transaction that adds it is over, and
-- all of this history may be one: only texts that run later may name it.

-- migrate:upgrade
ALTER TYPE shop.order_status ADD VALUE IF NOT EXISTS 'refunded' AFTER 'paid';
ALTER TYPE shop.order_status ADD VALUE 'lost';

-- migrate:downgrade
-- PostgreSQL cannot drop a value: make the type again.
UPDATE shop.orders SET status = 'paid' WHERE status::text IN ('refunded', 'lost');
DROP INDEX shop.orders_open_idx;
ALTER TABLE shop.orders DROP CONSTRAINT orders_placed_at_check;
ALTER TABLE shop.orders ALTER COLUMN status DROP DEFAULT;
ALTER TYPE shop.order_status RENAME TO order_status_old;
CREATE TYPE shop.order_status AS ENUM ('cart', 'placed', 'paid', 'shipped');
ALTER TABLE shop.orders ALTER COLUMN status TYPE shop.order_status USING status::text::shop.order_status;
ALTER TABLE shop.orders ALTER COLUMN status SET DEFAULT 'cart';
ALTER TABLE shop.orders ADD CONSTRAINT orders_placed_at_check CHECK (status = 'cart' OR placed_at IS NOT NULL);
CREATE INDEX orders_open_idx ON shop.orders (account_id, placed_at DESC) WHERE status IN ('placed', 'paid');
DROP TYPE shop.order_status_old;
