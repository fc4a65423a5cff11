-- create shipment
--
-- Revision ID: 4d92f0c6b8a3
-- Revises: 2f8b6d914ce0
-- Branch Labels: shipping
-- Create Date: 2026-02-03 16:27:12.704561+00

-- migrate:upgrade
CREATE TABLE shipment (
    shipment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES account,
    product_id  bigint NOT NULL REFERENCES product,
    sent_on     date
);

-- migrate:downgrade
DROP TABLE shipment;
