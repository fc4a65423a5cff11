-- billing meets shipping
--
-- Revision ID: 6ac48e20d7f5
-- Revises: 5e61a7f3c0d9, 4d92f0c6b8a3
-- Create Date: 2026-02-16 11:33:20.457730+00

-- migrate:upgrade
ALTER TABLE shipment ADD COLUMN invoice_id bigint REFERENCES invoice;

-- migrate:downgrade
ALTER TABLE shipment DROP COLUMN invoice_id;
