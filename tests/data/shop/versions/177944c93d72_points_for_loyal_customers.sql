-- points for loyal customers
--
-- Revision ID: 177944c93d72
-- Revises: 4ea01db5eff2
-- Create Date: 2026-02-16 16:14:04.324679+00

-- migrate:upgrade
CREATE TABLE shop.loyalty (account_id, points, level) AS
    SELECT account_id, 0, 'new'::varchar(20) FROM shop.account WITH DATA;
ALTER TABLE shop.loyalty
    ADD PRIMARY KEY (account_id),
    ADD FOREIGN KEY (account_id) REFERENCES shop.account ON DELETE CASCADE,
    ALTER points SET DEFAULT 0,
    ALTER level SET NOT NULL;

CREATE PROCEDURE shop.reckon_points(INOUT changed integer, VARIADIC only_orders bigint[] DEFAULT NULL)
LANGUAGE plpgsql AS $procedure$
DECLARE
    c CURSOR (minimum numeric) FOR SELECT account_id, order_id FROM shop.orders WHERE shop.order_total(order_id) >= minimum;
BEGIN
    changed := 0;
    FOR o IN c (1) LOOP
        CONTINUE WHEN NOT o.order_id = ANY (coalesce(only_orders, ARRAY[o.order_id]));
        UPDATE shop.loyalty SET points = points + CASE WHEN shop.order_total(o.order_id) > 1000 THEN 20 ELSE 1 END
        WHERE account_id = o.account_id;
        changed := changed + 1;
    END LOOP;
    DECLARE
        nothing CONSTANT text := $$it's /* nothing$$;
    BEGIN
        PERFORM 1 / (length(nothing) - 15);
    EXCEPTION WHEN division_by_zero THEN
        NULL; -- END; of it
    END;
END $procedure$;
LOCK TABLE shop.loyalty IN SHARE ROW EXCLUSIVE MODE;
CALL shop.reckon_points(0);
TABLE shop.loyalty ORDER BY account_id OFFSET 1;
VALUES (';'), ('--');

-- migrate:downgrade
DROP PROCEDURE shop.reckon_points;
DROP TABLE shop.loyalty;
