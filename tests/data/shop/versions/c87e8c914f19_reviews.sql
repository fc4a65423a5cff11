-- reviews
--
-- Revision ID: c87e8c914f19
-- Revises: 1c4e4d142caf
-- Create Date: 2026-02-05 13:01:14.285084+00

-- migrate:upgrade
CREATE TABLE shop.review (
    review_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL,
    account_id bigint NOT NULL,
    stars      smallint NOT NULL,
    body       text
);
ALTER TABLE shop.review
    ADD CONSTRAINT review_product_id_fkey FOREIGN KEY (product_id) REFERENCES shop.product ON DELETE CASCADE NOT VALID,
    ADD CONSTRAINT review_account_id_fkey FOREIGN KEY (account_id) REFERENCES shop.account ON DELETE CASCADE
        DEFERRABLE INITIALLY DEFERRED NOT VALID,
    ADD CONSTRAINT review_stars_check CHECK (stars BETWEEN 1 AND 5) NOT VALID;

-- migrate:downgrade
DROP TABLE shop.review;
