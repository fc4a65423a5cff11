-- an order that is placed has items
--
-- Revision ID: bc81d1e28b66
-- Revises: 7a35d7f5a851
-- Create Date: 2026-01-20 06:41:59.237570+00

-- migrate:upgrade
CREATE FUNCTION shop.check_order_has_items() RETURNS trigger LANGUAGE plpgsql AS $_$
BEGIN
    IF NEW.status <> 'cart' AND NOT EXISTS (SELECT FROM shop.order_item i WHERE i.order_id = NEW.order_id) THEN
        RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',
            MESSAGE = format('order %s has no items', NEW.order_id);
    END IF;
    RETURN NULL;
END $_$;
CREATE CONSTRAINT TRIGGER order_has_items AFTER INSERT OR UPDATE OF status ON shop.orders
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION shop.check_order_has_items();

-- migrate:downgrade
DROP TRIGGER order_has_items ON shop.orders;
DROP FUNCTION shop.check_order_has_items();
