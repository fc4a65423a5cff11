-- tags of their own table
--
-- Revision ID: eff6e7e5120b
-- Revises: 193fca2c1e25
-- Create Date: 2025-12-24 14:33:34.158380+00

-- migrate:upgrade
CREATE TABLE shop.tag (
    tag_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name   text NOT NULL UNIQUE
);
CREATE TABLE shop.product_tag (
    product_id bigint REFERENCES shop.product ON DELETE CASCADE,
    tag_id     integer REFERENCES shop.tag,
    PRIMARY KEY (product_id, tag_id)
);
COPY shop.tag (name) FROM stdin;
bio
fair trade
second\thand
\.

-- migrate:downgrade
DROP TABLE shop.product_tag;
DROP TABLE shop.tag;
