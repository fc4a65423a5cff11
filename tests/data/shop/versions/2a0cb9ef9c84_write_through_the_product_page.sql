-- write through the product page
--
-- Revision ID: 2a0cb9ef9c84
-- Revises: 3f61076f31f9
-- Create Date: 2026-04-14 03:52:41.498897+00

-- migrate:upgrade
CREATE FUNCTION shop.write_product_page() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN UPDATE shop.product SET title = NEW.title WHERE product_id = OLD.product_id; RETURN NEW; END
$$;
CREATE TRIGGER write INSTEAD OF UPDATE ON shop.product_page FOR EACH ROW EXECUTE FUNCTION shop.write_product_page();
UPDATE shop.product_page SET title = upper(title) WHERE title LIKE 'Gift%';

-- migrate:downgrade
UPDATE shop.product_page SET title = initcap(title) WHERE title LIKE 'GIFT%';
DROP TRIGGER write ON shop.product_page;
DROP FUNCTION shop.write_product_page();
