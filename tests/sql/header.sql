--
-- The header and the sections of a revision script, and what is wrong with
-- malformed ones (MG005)
--
\i tests/sql/helpers.sql

-- What was read from a header.
CREATE FUNCTION pg_temp.header(id text,
	OUT down_revision text[], OUT depends_on text[], OUT branch_labels text[], OUT message text, OUT create_date text)
LANGUAGE sql
AS $$
	SELECT down_revision, depends_on, branch_labels, message, create_date FROM migrate_script WHERE revision = id
$$;

--
-- Fields
--
SELECT revision FROM migrate_register($$
-- create account
--
-- Revision ID: 1975ea83b712
-- Revises: ae1027a6acf
-- Branch Labels: billing
-- Depends On: 27c6a30d7c24, auth
-- Create Date: 2026-11-22 11:40:27.089406+00

-- migrate:upgrade
-- migrate:downgrade
$$);
SELECT * FROM pg_temp.header('1975ea83b712');

-- a merge; the names of fields in any case; blanks around colons and commas
SELECT revision FROM migrate_register($$--merge
--
-- REVISION id : m1
--revises:a,b ,  c
--  branch labels :one,two
-- depends on:x
-- migrate:up
$$);
SELECT * FROM pg_temp.header('m1');

-- no field but the id: a base
SELECT revision FROM migrate_register($$
-- Revision ID: base1
-- migrate:upgrade
$$);
SELECT * FROM pg_temp.header('base1');

-- empty fields are absent fields; "<base>" is what Alembic shows for a base
SELECT revision FROM migrate_register($$
-- Revision ID: base2
-- Revises:
-- Branch Labels:
-- Depends On:
-- Create Date:
-- migrate:upgrade
$$);
SELECT * FROM pg_temp.header('base2');
SELECT revision FROM migrate_register(E'-- Revision ID: base3\n-- Revises: <base>\n-- migrate:upgrade');
SELECT * FROM pg_temp.header('base3');

-- the message is the first paragraph of the comments, on one line
SELECT revision FROM migrate_register($$
-- Move the balances
-- into a table of their own

-- They were in the account. This took too long.
-- See: the handbook
--
-- Revision ID: msg1
-- migrate:upgrade
$$);
SELECT * FROM pg_temp.header('msg1');
-- also after the fields, and with what looks like a field
SELECT revision FROM migrate_register($$
-- Revision ID: msg2
--
-- Note: this is no message, it comes after the fields
-- migrate:upgrade
$$);
SELECT * FROM pg_temp.header('msg2');
SELECT revision FROM migrate_register($$
-- fix: revises: nothing
-- Revision ID: msg3
-- migrate:upgrade
$$);
SELECT * FROM pg_temp.header('msg3');
-- block comments are not read; the id may be of any length, and of any letters
SELECT revision FROM migrate_register($$
/* -- Revision ID: nothing
   -- migrate:downgrade */
-- Revision ID: a_revision_id_that_is_much_longer_than_the_thirty_two_characters_of_alembic.Größe/1
-- migrate:upgrade
$$);

--
-- Sections
--
CALL pg_temp.reset();
-- in either order; "up" and "down"; directives in any case
SELECT revision FROM migrate_register($$
-- Revision ID: s1
-- migrate:DOWN
SELECT 'down';
-- Migrate:Up
SELECT 'up';
$$);
SELECT statement, line, sql FROM migrate_plan('s1');
-- a directive is a whole line comment: these are none
SELECT revision FROM migrate_register($$
-- Revision ID: s2
-- migrate:upgrade
SELECT 1, '
-- migrate:downgrade
', $x$
-- migrate:downgrade
$x$; /*
-- migrate:downgrade
*/ -- see migrate:downgrade
-- not migrate:downgrade
SELECT 2;
$$);
SELECT statement, line, sql FROM migrate_plan('s2');
-- no statement at all, comments alone
SELECT revision FROM migrate_register(E'-- Revision ID: s3\n-- migrate:upgrade\n;;\n-- nothing\n/* at all */;\n');
SELECT statement, line, sql FROM migrate_plan('s3');
-- options
SELECT revision FROM migrate_register(E'-- Revision ID: s4\n-- migrate:upgrade transaction:true\nSELECT 1;\n-- migrate:downgrade NONE\n');
SELECT statement, line, sql FROM migrate_plan('s4');

--
-- What is malformed.  The script is named by its path, once it has one.
--
SELECT * FROM migrate_register('');
SELECT * FROM migrate_register('', 'versions/a1.sql');
SELECT * FROM migrate_register(E' \n\t\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- create account\n-- migrate:upgrade\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:downgrade\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\nCREATE TABLE account ();\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'CREATE TABLE account ();\n', 'versions/a1.sql');

-- ids, labels, dependencies
SELECT * FROM migrate_register(E'-- Revision ID:\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Revision ID: a1\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a-1\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a@1\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1, b2\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: head\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: <base>\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a\tb\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Revises: b+2\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Revises: base\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Revises: b2,,c3\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Revises: b2\n-- Revises: c3\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Branch Labels: heads\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Branch Labels: a@b\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Branch Labels: xy-1z\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Branch Labels: one,\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Branch Labels: one\n-- Branch Labels: two\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Depends On: b2:c3\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Depends On: head\n-- migrate:upgrade', 'versions/a1.sql');

-- what looks like a field must be one
SELECT * FROM migrate_register(E'-- create account\n\n-- Revision: a1\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- create account\n\n-- Revision ID: a1\n-- Revise: b2\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Down Revision: b2\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Branch Label: b2\n-- migrate:upgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- Depends: b2\n-- migrate:upgrade', 'versions/a1.sql');

-- directives
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrad', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade none', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade transaction:no', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1; -- migrate:downgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\n-- migrate:up', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\n-- migrate:downgrade\n-- migrate:downgrade', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\n-- migrate:downgrade none\nSELECT 1', 'versions/a1.sql');

-- what would never end
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1,\n''two', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT "two', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT $two$ $2$', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1 /* /* */', 'versions/a1.sql');
SELECT * FROM migrate_register(E'/* Revision ID: a1', 'versions/a1.sql');

-- psql's commands
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\n\\i other.sql\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1 \\gset\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\n\\copy account FROM file\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'\\connect shop\n-- Revision ID: a1\n-- migrate:upgrade\n', 'versions/a1.sql');

-- rows of COPY
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nCOPY account FROM stdin;\n1\n2\n', 'versions/a1.sql');
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nCOPY account FROM stdin; SELECT 1;\n\\.\n', 'versions/a1.sql');

SELECT count(*) FROM migrate_script WHERE revision LIKE 'a%';
CALL pg_temp.reset();
