-- refund an order
--
-- Revision ID: 8714b6ad2de7
-- Revises: e9dfbc4ef8e3
-- Create Date: 2026-01-02 02:14:01.182137+00

-- migrate:upgrade
CREATE FUNCTION shop.refund(p_order_id bigint) RETURNS void LANGUAGE plpgsql AS '
DECLARE
    was shop.order_status;
BEGIN
    -- a body in ordinary quotes, as people wrote it before dollar quotes
    UPDATE shop.orders SET status = ''refunded'' WHERE order_id = p_order_id AND status IN (''paid'', ''shipped'');
    IF NOT FOUND THEN
        RAISE EXCEPTION ''order % can''''t be refunded'', p_order_id USING HINT = ''It was never paid; or is a cart.'';
    END IF;
END;
';
CREATE VIEW shop.order_overview AS
    SELECT o.order_id, o.status::text AS status, o.status::text IN ('refunded', 'lost') AS failed,
           shop.order_total(o.order_id) AS total
    FROM shop.orders o;

-- migrate:downgrade
DROP VIEW shop.order_overview;
DROP FUNCTION shop.refund(bigint);
