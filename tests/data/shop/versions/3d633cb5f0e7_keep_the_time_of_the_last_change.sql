-- keep the time of the last change
--
-- Revision ID: 3d633cb5f0e7
-- Revises: f84724f98b70
-- Create Date: 2025-11-30 08:14:19.087109+00

-- migrate:upgrade
ALTER TABLE shop.product ADD COLUMN changed_at timestamptz;
ALTER TABLE shop.orders ADD COLUMN changed_at timestamptz;

CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$-- right after the dollar quote
BEGIN
    -- it's a comment; with a quote in it
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END
$$;

CREATE TRIGGER touch BEFORE UPDATE ON shop.product
    FOR EACH ROW WHEN ((OLD.title, OLD.net_price) IS DISTINCT FROM (NEW.title, NEW.net_price)) EXECUTE FUNCTION shop.touch();
CREATE TRIGGER touch BEFORE UPDATE OF ship_to, placed_at ON shop.orders
    FOR EACH ROW EXECUTE FUNCTION shop.touch();

-- migrate:downgrade
DROP TRIGGER touch ON shop.orders;
DROP TRIGGER touch ON shop.product;
DROP FUNCTION shop.touch();
ALTER TABLE shop.orders DROP COLUMN changed_at;
ALTER TABLE shop.product DROP COLUMN changed_at;
