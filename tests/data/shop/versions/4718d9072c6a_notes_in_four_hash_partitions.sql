-- notes, in four hash partitions
--
-- Revision ID: 4718d9072c6a
-- Revises: f904947f286c
-- Create Date: 2026-01-15 03:20:26.221732+00

-- migrate:upgrade
CREATE TABLE shop.order_note (
    order_id bigint NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
    note_id  uuid NOT NULL DEFAULT gen_random_uuid(),
    note     text COLLATE "C" NOT NULL,
    PRIMARY KEY (order_id, note_id)
) PARTITION BY HASH (order_id);
CREATE TABLE shop.order_note_0 PARTITION OF shop.order_note FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE shop.order_note_1 PARTITION OF shop.order_note FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE shop.order_note_2 PARTITION OF shop.order_note FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE shop.order_note_3 PARTITION OF shop.order_note FOR VALUES WITH (MODULUS 4, REMAINDER 3)
    WITH (autovacuum_enabled = false);

-- migrate:downgrade
DROP TABLE shop.order_note_3, shop.order_note_1;
DROP TABLE shop.order_note;
