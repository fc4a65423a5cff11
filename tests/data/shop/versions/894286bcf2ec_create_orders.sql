-- create orders
--
-- Revision ID: 894286bcf2ec
-- Revises: 1fafdae5e918
-- Create Date: 2025-11-25 20:06:08.071271+00

-- migrate:upgrade
CREATE TABLE shop.orders (
    order_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES shop.account,
    status     shop.order_status NOT NULL DEFAULT 'cart',
    ship_to    shop.address,
    placed_at  timestamptz,
    CONSTRAINT orders_placed_at_check CHECK (status = 'cart' OR placed_at IS NOT NULL)
);
CREATE TABLE shop.order_item (
    order_id   bigint REFERENCES shop.orders ON DELETE CASCADE,
    line       smallint CHECK (line > 0),
    product_id bigint NOT NULL REFERENCES shop.product,
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_price shop.amount,
    PRIMARY KEY (order_id, line)
);
CREATE INDEX order_item_product_id_idx ON shop.order_item (product_id);
CREATE INDEX orders_open_idx ON shop.orders (account_id, placed_at DESC) WHERE status IN ('placed', 'paid');

-- migrate:downgrade
DROP TABLE shop.order_item;
DROP TABLE shop.orders;
