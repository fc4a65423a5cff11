-- products of the first day
--
-- Revision ID: 99a92c57a892
-- Revises: 0da86de25ad3
-- Create Date: 2025-12-16 15:50:28.134623+00

-- migrate:upgrade
CREATE TABLE shop.import_row (
    slug text, title text, price numeric, note text
);
COPY shop.import_row (slug, title, price, note) FROM stdin;
green-sencha	Sencha, 100 g	7.50	\N
-- migrate:downgrade	looks like a directive	0.01	drop me; and '$$ me
sql-antipatterns	SQL "Antipatterns"	34.00	a tab\tand a backslash \\ and\na line
-- a comment?	no: a row /* like the others	0.02	\\N is not null; neither is this: \\.
kirpich	Чайный кирпич 🍵	19.9	
\.

-- The next one has other delimiters; its end is the same.
COPY shop.import_row FROM STDIN WITH (FORMAT csv, HEADER true, NULL 'none', ESCAPE '\');
slug,title,price,note
csv-novel,"A novel, in two
lines; with \"quotes\"; ",12.00,none
\.
COPY shop.import_row (slug) FROM STDIN;
\.

INSERT INTO shop.product (category_id, slug, title, net_price, attributes)
SELECT c.category_id, i.slug, i.title, i.price, jsonb_strip_nulls(jsonb_build_object('note', i.note))
FROM shop.import_row i
JOIN shop.category c ON c.slug = CASE
        WHEN i.slug LIKE 'sql%' THEN 'sql'
        WHEN i.slug LIKE '%novel' THEN 'novels'
        ELSE 'green-tea'
    END
WHERE i.price > 1;

DO $$
BEGIN
    IF (SELECT count(*) FROM shop.import_row) <> 6 OR (SELECT count(*) FROM shop.product JOIN shop.import_row USING (slug)) <> 4 THEN
        RAISE EXCEPTION 'rows got lost, there are %', (SELECT count(*) FROM shop.import_row);
    END IF;
    IF (SELECT note FROM shop.import_row WHERE slug LIKE 'sql%') <> E'a tab\tand a backslash \\ and\na line' THEN
        RAISE EXCEPTION 'a row was changed on the way';
    END IF;
END
$$;
DROP TABLE shop.import_row;

-- migrate:downgrade
DELETE FROM shop.product WHERE slug = ANY ('{green-sencha,sql-antipatterns,kirpich,csv-novel}'::text[]);
