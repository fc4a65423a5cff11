-- create product
--
-- Revision ID: 2f8b6d914ce0
-- Revises: 1a5c0e7d3b42
-- Create Date: 2026-01-19 15:40:48.902177+00

-- migrate:upgrade
CREATE TABLE product (
    product_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    price      numeric(10,2) NOT NULL CHECK (price >= 0)
);

-- A revision may bring rows, too; a semicolon in a string is no end.
INSERT INTO product (name, price) VALUES
    ('tea; green, 100 g', 6.50),
    ('teapot', 24.00);

COMMENT ON TABLE product IS $$what the shop sells; prices include VAT$$;

-- migrate:downgrade
DROP TABLE product;
