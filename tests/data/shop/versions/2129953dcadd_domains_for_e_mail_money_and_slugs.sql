-- domains for e-mail, money and slugs
--
-- Revision ID: 2129953dcadd
-- Revises: b4d849dc519a
-- Create Date: 2025-11-06 18:26:13.015838+00

-- migrate:upgrade
CREATE DOMAIN shop.email AS text
    CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+$');  -- ' a quote in a comment
CREATE DOMAIN shop.amount AS numeric(12, 2) DEFAULT 0 NOT NULL
    CONSTRAINT amount_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN shop.slug AS text COLLATE "C"
    CONSTRAINT slug_form CHECK (VALUE ~ E'^[a-z0-9]+(\\-[a-z0-9]+)*$');
COMMENT ON DOMAIN shop.slug IS E'What stands in a URL:\n\tlower case, digits and \'-\'';

-- migrate:downgrade
DROP DOMAIN shop.slug;
DROP DOMAIN shop.amount;
DROP DOMAIN shop.email;
