-- create the shop schema
--
-- Revision ID: b4d849dc519a
-- Revises:
-- Branch Labels: shop
-- Create Date: 2025-11-04 22:12:44.007919+00

-- migrate:upgrade
/* One schema for the shop.  /* Comments nest in PostgreSQL: a ; in here, a
   quote ' or a " or $$ means nothing. /* Not even -- migrate:downgrade
-- migrate:downgrade
   on a line of its own. */ */ Only here it ends. */
CREATE SCHEMA shop;

COMMENT ON SCHEMA shop IS $$The shop; its tables, types -- and this is no comment -- and functions.$$;

-- migrate:downgrade
DROP SCHEMA shop; -- empty by now; "RESTRICT" is the default
