-- stock belongs to a warehouse
--
-- Revision ID: 18726ac56810
-- Revises: 516e0743c7db
-- Create Date: 2026-02-11 08:05:53.308841+00

-- migrate:upgrade
ALTER TABLE shop.stock ADD COLUMN warehouse_id integer DEFAULT 1;
UPDATE shop.stock SET warehouse_id = 2 WHERE product_id % 2 = 0;
ALTER TABLE shop.stock ALTER COLUMN warehouse_id SET NOT NULL,
                       ALTER COLUMN warehouse_id DROP DEFAULT,
                       ADD FOREIGN KEY (warehouse_id) REFERENCES shop.warehouse;
ALTER TABLE shop.stock DROP CONSTRAINT stock_pkey;
ALTER TABLE shop.stock ADD CONSTRAINT stock_pkey PRIMARY KEY (product_id, warehouse_id);
CREATE OR REPLACE FUNCTION shop.move_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO shop.stock AS s (product_id, warehouse_id, on_hand)
    SELECT product_id, 1, sum(quantity) FROM moved GROUP BY product_id
    ON CONFLICT (product_id, warehouse_id) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand;
    RETURN NULL;
END;
$$;
INSERT INTO shop.stock_movement (product_id, quantity) SELECT product_id, 1 FROM shop.stock;

-- migrate:downgrade
CREATE OR REPLACE FUNCTION shop.move_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    MERGE INTO shop.stock s
    USING (SELECT product_id, sum(quantity) AS quantity FROM moved GROUP BY product_id) m
    ON s.product_id = m.product_id
    WHEN MATCHED THEN UPDATE SET on_hand = s.on_hand + m.quantity
    WHEN NOT MATCHED THEN INSERT (product_id, on_hand) VALUES (m.product_id, m.quantity);
    RETURN NULL;
END;
$$;
WITH gone AS (
    DELETE FROM shop.stock a USING shop.stock b
    WHERE a.product_id = b.product_id AND a.warehouse_id < b.warehouse_id
    RETURNING a.product_id, a.on_hand
)
SELECT count(*) FROM gone;
ALTER TABLE shop.stock DROP CONSTRAINT stock_pkey;
ALTER TABLE shop.stock ADD CONSTRAINT stock_pkey PRIMARY KEY (product_id);
ALTER TABLE shop.stock DROP COLUMN warehouse_id;
