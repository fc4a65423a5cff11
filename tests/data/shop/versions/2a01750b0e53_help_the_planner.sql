-- help the planner
--
-- Revision ID: 2a01750b0e53
-- Revises: eff6e7e5120b
-- Create Date: 2025-12-27 19:54:14.166299+00

-- migrate:upgrade
CREATE STATISTICS shop.product_price_vat (dependencies, ndistinct, mcv) ON category_id, vat_rate, active FROM shop.product;
CREATE STATISTICS shop.account_domain ON (split_part(email::text, '@', 2)) FROM shop.account;
ALTER STATISTICS shop.product_price_vat SET STATISTICS 500;
ALTER TABLE shop.product ALTER COLUMN category_id SET STATISTICS 1000, ALTER COLUMN title SET STORAGE EXTERNAL;
ANALYZE shop.product (category_id, vat_rate, active);

-- migrate:downgrade
ALTER TABLE shop.product ALTER COLUMN category_id SET STATISTICS -1, ALTER COLUMN title SET STORAGE EXTENDED;
DROP STATISTICS shop.account_domain, shop.product_price_vat;
