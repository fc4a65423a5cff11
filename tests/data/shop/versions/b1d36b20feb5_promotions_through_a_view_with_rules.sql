-- promotions through a view with rules
--
-- Revision ID: b1d36b20feb5
-- Revises: 6f9215746185
-- Create Date: 2025-12-09 07:03:43.110866+00

-- migrate:upgrade
CREATE VIEW shop.running_promotion WITH (security_barrier = true) AS
    SELECT promotion_id, code, kind, value, CASE WHEN kind = 'gift' THEN '🎁' ELSE '%' END AS sign
    FROM shop.promotion
    WHERE runs @> CURRENT_DATE;

CREATE RULE running_promotion_insert AS ON INSERT TO shop.running_promotion DO INSTEAD (
    INSERT INTO shop.promotion (code, kind, value, runs)
    VALUES (NEW.code, coalesce(NEW.kind, 'percent'), NEW.value, datemultirange(daterange(CURRENT_DATE, NULL)));
    NOTIFY promotion;
);
CREATE RULE running_promotion_delete AS ON DELETE TO shop.running_promotion DO INSTEAD
    UPDATE shop.promotion SET runs = runs - datemultirange(daterange(CURRENT_DATE, NULL))
    WHERE promotion_id = OLD.promotion_id;

INSERT INTO shop.running_promotion (code, value) VALUES ('WELCOME', 10);

-- migrate:downgrade
DELETE FROM shop.promotion WHERE code = 'WELCOME';
DROP VIEW shop.running_promotion;
