-- wishlists
--
-- Revision ID: 4ea01db5eff2
-- Revises: 1c4e4d142caf
-- Create Date: 2026-02-13 20:33:44.316760+00

-- migrate:upgrade
CREATE TABLE shop.wishlist (
    account_id bigint REFERENCES shop.account ON DELETE CASCADE,
    name       text DEFAULT 'my wishes',
    products   bigint[] NOT NULL DEFAULT ARRAY[]::bigint[] CHECK (cardinality(products) < 1000),
    shared     boolean,
    PRIMARY KEY (account_id, name)
);
PREPARE wish (bigint) AS INSERT INTO shop.wishlist (account_id) SELECT account_id FROM shop.account WHERE account_id > $1;
EXECUTE wish(0);
DEALLOCATE wish;

-- migrate:downgrade
DROP TABLE shop.wishlist;
