-- translations, in names and in rows
--
-- Revision ID: 193fca2c1e25
-- Revises: 2d323fd63075
-- Create Date: 2025-12-21 16:26:23.150461+00

-- migrate:upgrade
CREATE TABLE shop."Перевод" (
    "Товар"          bigint NOT NULL REFERENCES shop.product ON UPDATE CASCADE ON DELETE CASCADE,
    "Язык"           char(2) NOT NULL,
    "Название ""☕"""  text NOT NULL,
    U&"d\0061t\+000061" text,
    "primary"        boolean DEFAULT false NOT NULL,
    CONSTRAINT "Перевод;pk" PRIMARY KEY ("Товар", "Язык")
);
CREATE INDEX "Индекс -- по названию" ON shop."Перевод" (lower("Название ""☕"""));
COMMENT ON TABLE shop."Перевод" IS 'Переводы: 日本語, Русский, 🇩🇪';
INSERT INTO shop."Перевод" ("Товар", "Язык", "Название ""☕""", data, "primary")
SELECT product_id, 'ru', 'Книга «' || title || '»', 'naïve', true FROM shop.product WHERE slug = 'sql-antipatterns';

-- migrate:downgrade
DROP TABLE shop."Перевод";
