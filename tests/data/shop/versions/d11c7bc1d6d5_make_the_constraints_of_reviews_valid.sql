-- make the constraints of reviews valid
--
-- Revision ID: d11c7bc1d6d5
-- Revises: c87e8c914f19
-- Branch Labels: reviews
-- Create Date: 2026-02-07 04:49:38.293003+00

-- migrate:upgrade
INSERT INTO shop.review (product_id, account_id, stars, body)
SELECT product_id, account_id, 5, E'\u2605\u2605\u2605\u2605\u2605 it\x27s \\o/'
FROM shop.product, shop.account WHERE slug = 'gift-card';
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE shop.review VALIDATE CONSTRAINT review_product_id_fkey;
ALTER TABLE shop.review VALIDATE CONSTRAINT review_account_id_fkey;
ALTER TABLE shop.review VALIDATE CONSTRAINT review_stars_check;

-- migrate:downgrade
DELETE FROM shop.review;
ALTER TABLE shop.review
    DROP CONSTRAINT review_product_id_fkey,
    DROP CONSTRAINT review_account_id_fkey,
    DROP CONSTRAINT review_stars_check,
    ADD CONSTRAINT review_product_id_fkey FOREIGN KEY (product_id) REFERENCES shop.product ON DELETE CASCADE NOT VALID,
    ADD CONSTRAINT review_account_id_fkey FOREIGN KEY (account_id) REFERENCES shop.account ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED NOT VALID,
    ADD CONSTRAINT review_stars_check CHECK (stars BETWEEN 1 AND 5) NOT VALID;
