-- discounts computed by generated code
--
-- Revision ID: b3b84899ee92
-- Revises: b1d36b20feb5
-- Create Date: 2025-12-12 20:06:29.118785+00

-- migrate:upgrade
CREATE FUNCTION shop.make_discount_function(p_kind text) RETURNS void LANGUAGE plpgsql AS $fn$
DECLARE
    body text;
BEGIN
    body := $q$
        BEGIN
            -- the body of the body; $fn is no end and neither is $$
            RETURN CASE $q$ || quote_literal(p_kind) || $q$
                WHEN 'percent' THEN price * (100 - discount) / 100
                WHEN 'fixed' THEN greatest(price - discount, 0)
                ELSE price
            END;
        END
    $q$;
    EXECUTE format($q$CREATE FUNCTION shop.%I(price numeric, discount numeric) RETURNS numeric
        LANGUAGE plpgsql IMMUTABLE AS $body$%s$body$ $q$, 'discount_' || p_kind, body);
    EXECUTE format($q$COMMENT ON FUNCTION shop.%I IS $c$Made for "%s"; don't edit$c$ $q$, 'discount_' || p_kind, p_kind);
END
$fn$;

SELECT shop.make_discount_function(kind::text)
FROM unnest(enum_range(NULL::shop.promotion_kind)) AS kind;

DO $check$ BEGIN
    ASSERT shop.discount_percent(200, 15) = 170, 'percent';
    ASSERT shop.discount_fixed(3, 5) = 0, 'fixed';
END $check$;

-- migrate:downgrade
DROP FUNCTION shop.discount_gift, shop.discount_fixed, shop.discount_percent;
DROP FUNCTION shop.make_discount_function;
