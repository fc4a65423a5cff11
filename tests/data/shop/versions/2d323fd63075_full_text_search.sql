-- full text search
--
-- Revision ID: 2d323fd63075
-- Revises: 99a92c57a892
-- Create Date: 2025-12-19 00:31:41.142542+00

-- migrate:upgrade
ALTER TABLE shop.product ADD COLUMN search tsvector
    GENERATED ALWAYS AS (setweight(to_tsvector('simple'::regconfig, title), 'A') ||
                         to_tsvector('simple'::regconfig, attributes)) STORED;
CREATE INDEX product_search_idx ON shop.product USING gin (search);
CREATE TEXT SEARCH CONFIGURATION shop.plain (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION shop.plain DROP MAPPING FOR email, url;

-- migrate:downgrade
DROP TEXT SEARCH CONFIGURATION shop.plain;
DROP INDEX shop.product_search_idx;
ALTER TABLE shop.product DROP COLUMN search;
