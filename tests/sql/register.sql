--
-- migrate_register(), migrate_edit(), migrate_unregister(), migrate_export():
-- scripts as text
--
\i tests/sql/helpers.sql

--
-- What becomes of a script
--
SELECT * FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer);
-- migrate:downgrade
DROP TABLE account;
$$);
-- the same again
SELECT * FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer);
-- migrate:downgrade
DROP TABLE account;
$$);
-- comments, blanks, line ends, the case of words
SELECT * FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade

/* one row per customer */
create table ACCOUNT (
	id Integer -- the key
);

-- migrate:downgrade
Drop Table
	account;
$$);
-- a statement more
SELECT * FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer);
COMMENT ON TABLE account IS 'Customers';
-- migrate:downgrade
DROP TABLE account;
$$);
SELECT revision, path, down_revision, depends_on, branch_labels, message, create_date,
	script, length(checksum) AS checksum_length, file_stamp, registered_by = current_user AS mine
FROM migrate_script;

-- in any order; what is missing shows itself when a command needs it
SELECT * FROM migrate_register(E'-- Revision ID: c3\n-- Revises: b2\n-- migrate:upgrade\n-- migrate:downgrade none');
SELECT * FROM migrate_upgrade();
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade');
SELECT revision FROM migrate_upgrade();

--
-- The script of an applied revision
--
-- cosmetic changes are welcome
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\n-- nothing to do');
-- so is a new message; the path stays
SELECT * FROM migrate_register(E'-- nothing\n\n-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\n');
SELECT message, path FROM migrate_script WHERE revision = 'b2';
-- other statements are not
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 1');
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\n-- migrate:downgrade\n');
-- nor is another place in the history
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- migrate:upgrade\n');
-- also below the current revision, and by the case of quoted words
SELECT * FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer);
COMMENT ON TABLE account IS 'customers';
-- migrate:downgrade
DROP TABLE account;
$$);
-- unless somebody says so
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\n-- migrate:downgrade\n',
	accept_changes => true);
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\n-- migrate:downgrade\n',
	accept_changes => true);

-- an edit is refused in any case
SELECT * FROM migrate_edit('b2', E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 1');

-- once it is undone, it may change again
SELECT revision FROM migrate_downgrade('a1');
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 1');
SELECT * FROM migrate_edit('b2', E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 2');
SELECT sql FROM migrate_plan('b2');
-- but it stays the script of its revision
SELECT * FROM migrate_edit('b2', E'-- Revision ID: bb\n-- Revises: a1\n-- migrate:upgrade\nSELECT 2');
SELECT * FROM migrate_edit('nosuch', E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 2');
SELECT * FROM migrate_edit('base', E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 2');
SELECT * FROM migrate_edit('b2', 'SELECT 2');

-- taken back, by its whole id, if it is not applied
SELECT * FROM migrate_unregister('c3');
SELECT * FROM migrate_unregister('b2');
SELECT * FROM migrate_unregister('b2');
SELECT * FROM migrate_unregister('a1');
SELECT revision FROM migrate_script;
DROP TABLE account;

--
-- Paths
--
CALL pg_temp.reset();
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade', 'versions/first.sql');
SELECT * FROM migrate_register(E'-- Revision ID: b2\n-- migrate:upgrade', './versions//2026/../second.sql');
SELECT * FROM migrate_register(E'-- Revision ID: c3\n-- migrate:upgrade', 'versions/2026/third.sql');
-- a script without a path keeps the one that it has
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1');
-- one id, two paths: two scripts
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 2', 'versions/other.sql');
-- the same script under another name has been renamed
SELECT * FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1', 'versions/renamed.sql');
-- one path, another id: what was there gives way
SELECT * FROM migrate_register(E'-- Revision ID: d4\n-- migrate:upgrade\n', 'versions/renamed.sql');
SELECT revision, path FROM migrate_script ORDER BY revision COLLATE "C";
-- unless it is applied
SELECT revision FROM migrate_upgrade('d4');
SELECT * FROM migrate_register(E'-- Revision ID: e5\n-- migrate:upgrade\n', 'versions/renamed.sql');
SELECT revision, path FROM migrate_script ORDER BY revision COLLATE "C";

SELECT * FROM migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade', '/etc/passwd');
SELECT * FROM migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade', '../first.sql');
SELECT * FROM migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade', 'versions/../../first.sql');
SELECT * FROM migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade', E'versions/a\nb.sql');
SELECT * FROM migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade', 'versions\first.sql');
SELECT * FROM migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade', '');

-- also when the id would make it
SELECT * FROM migrate_register(E'-- Revision ID: ../../x1\n-- migrate:upgrade');

-- paths that the message makes
CALL pg_temp.reset();
SELECT path FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade');
SELECT path FROM migrate_register(E'-- Add  FOO_bar, "baz" & 2 more!\n\n-- Revision ID: a2\n-- migrate:upgrade');
SELECT path FROM migrate_register(E'-- Größe ändern\n\n-- Revision ID: a3\n-- migrate:upgrade');
SELECT path FROM migrate_register(E'-- the quick brown fox jumps over the lazy dog and back\n\n-- Revision ID: a4\n-- migrate:upgrade');
SELECT path FROM migrate_register(E'-- ../../etc/passwd\n\n-- Revision ID: a5\n-- migrate:upgrade');
SELECT path FROM migrate_register(E'-- ...\n\n-- Revision ID: a6\n-- migrate:upgrade');
SET migrate.truncate_slug_length = 10;
SET migrate.version_locations = 'core, addons';
SELECT path FROM migrate_register(E'-- the quick brown fox\n\n-- Revision ID: a7\n-- migrate:upgrade');
SELECT path FROM migrate_register(E'-- Donaudampfschifffahrtsgesellschaft\n\n-- Revision ID: a8\n-- migrate:upgrade');
RESET migrate.truncate_slug_length;
-- the order of locations, then of paths, is the load order
SELECT * FROM migrate_register(E'-- Revision ID: a9\n-- migrate:upgrade', 'addons/first.sql');
SELECT * FROM migrate_register(E'-- Revision ID: aa\n-- migrate:upgrade', 'nowhere/first.sql');
SELECT revision, path FROM migrate_heads();
RESET migrate.version_locations;
SELECT revision, path FROM migrate_heads();

--
-- Texts as files have them
--
CALL pg_temp.reset();
-- a byte-order mark is not part of the text
SELECT * FROM migrate_register(E'\uFEFF-- with mark\n\n-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;\n');
SELECT * FROM migrate_register(E'-- with mark\n\n-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;\n');
SELECT left(script, 5) FROM migrate_script;
-- line ends of Windows are cosmetic, within literals, too
SELECT * FROM migrate_register(E'-- with CRLF\n\n-- Revision ID: b2\n-- Branch Labels: win\n-- migrate:upgrade\nSELECT ''a\nb'', $x$c\nd$x$;\n-- migrate:downgrade none\n');
SELECT * FROM migrate_register(E'-- with CRLF\r\n\r\n-- Revision ID: b2\r\n-- Branch Labels: win\r\n-- migrate:upgrade\r\nSELECT ''a\r\nb'', $x$c\r\nd$x$;\r\n-- migrate:downgrade none\r\n');
SELECT revision, branch_labels, message, path FROM migrate_script WHERE revision = 'b2';
SELECT sql FROM migrate_plan('b2');
-- no line end at the end
SELECT * FROM migrate_register('-- Revision ID: c3
-- migrate:upgrade
SELECT 1 -- one');
-- tabs, blanks, dashes
SELECT * FROM migrate_register(E'--tight\n--\n--Revision ID:d4\n--\tRevises:\ta1 ,b2\n  -- migrate:upgrade  \n\t--migrate:DOWN\n');
SELECT revision, down_revision, message FROM migrate_script WHERE revision = 'd4';

-- NULL
SELECT * FROM migrate_register(NULL);
SELECT * FROM migrate_register('-- Revision ID: a1', NULL, NULL);

--
-- Back to files
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b#one; c2:b#two');
SELECT revision, path, script LIKE '-- add ' || revision || E'\n%' AS script FROM migrate_export();
SELECT revision, path FROM migrate_export('a:b');
SELECT revision, path FROM migrate_export('c2, one, c2');
SELECT revision, path FROM migrate_export(':one');
SELECT revision, path FROM migrate_export('base:base');
SELECT revision, path FROM migrate_export('nosuch');
SELECT revision, path FROM migrate_export('one:two');
-- what is exported is what was registered
SELECT action, count(*) FROM migrate_export(), LATERAL migrate_register(script, path) GROUP BY action;

CALL pg_temp.reset();
