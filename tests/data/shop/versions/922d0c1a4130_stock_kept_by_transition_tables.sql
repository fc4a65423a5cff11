-- stock, kept by transition tables
--
-- Revision ID: 922d0c1a4130
-- Revises: bc81d1e28b66
-- Create Date: 2026-01-22 06:12:29.245489+00

-- migrate:upgrade
CREATE TABLE shop.stock (
    product_id bigint PRIMARY KEY REFERENCES shop.product ON DELETE CASCADE,
    on_hand    integer NOT NULL DEFAULT 0
);
CREATE UNLOGGED TABLE shop.stock_movement (
    product_id bigint NOT NULL,
    quantity   integer NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE FUNCTION shop.move_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    MERGE INTO shop.stock s
    USING (SELECT product_id, sum(quantity) AS quantity FROM moved GROUP BY product_id) m
    ON s.product_id = m.product_id
    WHEN MATCHED THEN UPDATE SET on_hand = s.on_hand + m.quantity
    WHEN NOT MATCHED THEN INSERT (product_id, on_hand) VALUES (m.product_id, m.quantity);
    RETURN NULL;
END;
$$;
CREATE TRIGGER move_stock AFTER INSERT ON shop.stock_movement
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION shop.move_stock();
CREATE FUNCTION shop.forbid() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% of % is forbidden', TG_OP, TG_TABLE_NAME; END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON shop.stock_movement
    FOR EACH STATEMENT EXECUTE FUNCTION shop.forbid();
ALTER TABLE shop.stock_movement ENABLE ALWAYS TRIGGER only_grows;

INSERT INTO shop.stock_movement (product_id, quantity)
SELECT product_id, n FROM shop.product, (VALUES (50), (-3)) AS v (n);
DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM shop.stock WHERE on_hand <> 47); END $$ LANGUAGE plpgsql;

-- migrate:downgrade
DROP TABLE shop.stock_movement, shop.stock;
DROP FUNCTION shop.forbid, shop.move_stock;
