-- create product
--
-- Revision ID: 21d14807c65a
-- Revises: 20599f12325a
-- Create Date: 2025-11-20 09:49:53.055433+00

-- migrate:upgrade
CREATE TABLE shop.product (
    product_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category_id integer NOT NULL REFERENCES shop.category,
    slug        shop.slug NOT NULL,
    title       text NOT NULL,
    net_price   shop.amount,
    vat_rate    numeric(4, 3) NOT NULL DEFAULT 0.190 CHECK (vat_rate BETWEEN 0 AND 1),
    gross_price numeric GENERATED ALWAYS AS (round(net_price::numeric * (1 + vat_rate), 2)) STORED,
    tags        text[] NOT NULL DEFAULT '{}',
    attributes  jsonb NOT NULL DEFAULT '{}',
    active      boolean NOT NULL DEFAULT true,
    CONSTRAINT product_slug_key UNIQUE (slug) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX product_tags_idx ON shop.product USING gin (tags);
CREATE INDEX product_attributes_idx ON shop.product USING gin (attributes jsonb_path_ops);
CREATE INDEX product_category_idx ON shop.product (category_id, net_price DESC NULLS LAST)
    INCLUDE (title, gross_price) WITH (fillfactor = 80) WHERE active;

-- migrate:downgrade
DROP TABLE shop.product;
