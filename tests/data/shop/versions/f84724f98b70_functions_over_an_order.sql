-- functions over an order
--
-- Revision ID: f84724f98b70
-- Revises: 894286bcf2ec
-- Create Date: 2025-11-27 23:03:29.079190+00

-- migrate:upgrade
CREATE FUNCTION shop.order_total(p_order_id bigint) RETURNS numeric
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT sum(CASE
                       WHEN quantity >= 100 THEN CASE WHEN unit_price > 10 THEN 0.9 ELSE 0.95 END
                       WHEN quantity >= 10 THEN 0.98
                       ELSE 1
                   END * quantity * unit_price)
        FROM shop.order_item AS "end"
        WHERE "end".order_id = p_order_id;
    END;

CREATE FUNCTION shop.empty_order(p_order_id bigint, OUT removed bigint, OUT left_over bigint)
    BEGIN ATOMIC
        DELETE FROM shop.order_item WHERE order_id = p_order_id AND CASE WHEN quantity < 0 THEN false ELSE true END;
        UPDATE shop.orders SET ship_to = NULL WHERE order_id = p_order_id;
        SELECT count(*) FILTER (WHERE i.order_id = p_order_id) AS "begin", count(*) AS "end" FROM shop.order_item i;
    END;

CREATE OR REPLACE PROCEDURE shop.remove_carts(IN older_than interval)
    LANGUAGE SQL
    BEGIN ATOMIC
        DELETE FROM shop.order_item i USING shop.orders o
        WHERE o.order_id = i.order_id AND o.placed_at IS NULL;
        ;
        DELETE FROM shop.account a
        WHERE a.created_at < now() - older_than
          AND NOT EXISTS (SELECT FROM shop.orders o WHERE o.account_id = a.account_id);
    END;
COMMENT ON FUNCTION shop.order_total IS 'BEGIN ATOMIC; CASE … END; END;';

-- migrate:downgrade
DROP PROCEDURE shop.remove_carts;
DROP FUNCTION shop.empty_order;
DROP FUNCTION shop.order_total;
