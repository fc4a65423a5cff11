-- better names
--
-- Revision ID: 940c36e5178b
-- Revises: db4a3100f5c0
-- Create Date: 2026-04-06 03:12:14.475140+00

-- migrate:upgrade
ALTER TABLE shop.review RENAME TO rating;
ALTER TABLE shop.rating RENAME COLUMN body TO "Text";
ALTER TABLE shop.rating RENAME CONSTRAINT review_stars_check TO "rating: 1…5";
ALTER INDEX shop.review_pkey RENAME TO rating_pkey;
ALTER SEQUENCE shop.review_review_id_seq RENAME TO rating_id_seq;
ALTER FUNCTION shop.refund(bigint) RENAME TO give_back;
ALTER TYPE shop.address ADD ATTRIBUTE state text;
ALTER TYPE shop.address RENAME ATTRIBUTE line1 TO street;
ALTER DOMAIN shop.slug ADD CONSTRAINT slug_length CHECK (length(VALUE) < 200);

-- migrate:downgrade
ALTER DOMAIN shop.slug DROP CONSTRAINT slug_length;
ALTER TYPE shop.address RENAME ATTRIBUTE street TO line1;
ALTER TYPE shop.address DROP ATTRIBUTE state;
ALTER FUNCTION shop.give_back(bigint) RENAME TO refund;
ALTER SEQUENCE shop.rating_id_seq RENAME TO review_review_id_seq;
ALTER INDEX shop.rating_pkey RENAME TO review_pkey;
ALTER TABLE shop.rating RENAME CONSTRAINT "rating: 1…5" TO review_stars_check;
ALTER TABLE shop.rating RENAME COLUMN "Text" TO body;
ALTER TABLE shop.rating RENAME TO review;
