-- the newsletter moves into the shop
--
-- Revision ID: 0ebb9985e818
-- Revises: 940c36e5178b
-- Create Date: 2026-04-08 12:12:14.483059+00

-- migrate:upgrade
ALTER TABLE public.newsletter SET SCHEMA shop;
ALTER TABLE shop.newsletter ALTER COLUMN email TYPE text, ALTER confirmed TYPE date USING confirmed::date;
CREATE FUNCTION shop."Функция № 1"("имя" text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $тело$
BEGIN
    RETURN $цитата$Привет, $цитата$ || "имя" || $$ 👋; $$; -- "$тело" ends nothing
END
$тело$;
SELECT shop."Функция № 1"(email) FROM shop.newsletter ORDER BY 1 LIMIT 1;

-- migrate:downgrade
DROP FUNCTION shop."Функция № 1";
ALTER TABLE shop.newsletter ALTER COLUMN email TYPE shop.email, ALTER confirmed TYPE timestamptz;
ALTER TABLE shop.newsletter SET SCHEMA public;
