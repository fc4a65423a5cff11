-- first categories
--
-- Revision ID: 1fafdae5e918
-- Revises: 21d14807c65a
-- Create Date: 2025-11-24 00:21:16.063352+00

-- migrate:upgrade
WITH top (slug, title) AS (
    INSERT INTO shop.category (slug, title)
    VALUES ('books', 'Books; magazines'), ('music', E'Music\tand \'noise\''), ('tea', U&'\0427\0430\0439')
    RETURNING category_id, slug
), child (parent, slug, title) AS (
    VALUES ('books', 'novels', 'Novels'),
           ('books', 'sql', 'SELECT ''the books'' FROM shelf; -- all of them'),
           ('tea', 'green-tea', U&'Gr!00fcner Tee' UESCAPE '!')
)
INSERT INTO shop.category (parent_id, slug, title)
SELECT top.category_id, child.slug, child.title
FROM child JOIN (SELECT * FROM top) AS top (category_id, slug) ON top.slug = child.parent;

UPDATE shop.category
SET title = title || ' and '   -- a string may go on
    'more'                     -- on the next line
    ' of it'
WHERE slug = 'novels';

DELETE FROM shop.category WHERE slug = 'music'

-- migrate:downgrade
DELETE FROM shop.category WHERE parent_id IS NOT NULL;
DELETE FROM shop.category;
