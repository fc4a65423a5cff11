--
-- migrate_stamp('auto'): which revision has the schema that the database has?
--
\i tests/sql/helpers.sql
SET client_min_messages = notice;
CREATE SCHEMA regress_stamp;
SET search_path = regress_stamp, public;
\set code '\\echo :LAST_ERROR_SQLSTATE'

-- Register a revision.
CREATE PROCEDURE pg_temp.revision(id text, revises text, upgrade text)
LANGUAGE sql
AS $$
	SELECT FROM migrate_register(format(E'-- Revision ID: %s\n-- Revises: %s\n-- migrate:upgrade\n%s\n', id, revises, upgrade))
$$;

-- no history: the base, as long as there is nothing
SELECT * FROM migrate_stamp('auto');
CREATE TABLE account (id integer);
SELECT * FROM migrate_stamp('auto');
:code
DROP TABLE account;

CALL pg_temp.revision('a1', '', 'CREATE TABLE account (id integer);');
CALL pg_temp.revision('b2', 'a1', 'ALTER TABLE account ADD COLUMN name text; INSERT INTO account VALUES (1, ''a'');');
CALL pg_temp.revision('c3', 'b2', 'CREATE INDEX account_name ON account (name);');

-- from nothing, and from each step on the way
SELECT * FROM migrate_stamp('auto');
CREATE TABLE account (id integer);
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();
SELECT * FROM migrate_stamp('auto');
ALTER TABLE account ADD COLUMN name text;
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();
CREATE INDEX account_name ON account (name);
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();
-- and back
DROP TABLE account;
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();
-- scripts ran on the shadow only, and what was done is in the ledger
SELECT direction, revision, removed_versions, added_versions, statements FROM migrate_log ORDER BY id;

-- the order of columns does not matter, other things do
CREATE TABLE account (name text, id integer);
SELECT * FROM migrate_stamp('auto');
ALTER TABLE account ALTER COLUMN id SET NOT NULL;
SELECT * FROM migrate_stamp('auto');
:code
SELECT pg_temp.versions();
-- what no revision is to know is left out
ALTER TABLE account ALTER COLUMN id DROP NOT NULL;
CREATE TABLE by_hand (id integer);
SELECT * FROM migrate_stamp('auto');
SET migrate.exclude = 'by_*';
SELECT * FROM migrate_stamp('auto');
RESET migrate.exclude;
DROP TABLE by_hand;

-- revisions that change rows only cannot be told apart: the newest is taken
CALL pg_temp.revision('d4', 'b2', 'UPDATE account SET name = upper(name);');
SELECT revision FROM migrate_unregister('c3');
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();

-- branches: the rows are those that an upgrade to all heads has had by then
CALL pg_temp.reset();
DROP TABLE account;
CALL pg_temp.revision('aa', '', 'CREATE TABLE aa (id integer);');
CALL pg_temp.revision('b1', 'aa', 'CREATE TABLE b1 (id integer);');
CALL pg_temp.revision('b2', 'aa', 'CREATE TABLE b2 (id integer);');
CREATE TABLE aa (id integer);
CREATE TABLE b1 (id integer);
CREATE TABLE b2 (id integer);
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();
-- a way that an upgrade to all heads would not take
DROP TABLE b2;
SELECT * FROM migrate_stamp('auto');
DROP TABLE b1;
CREATE TABLE b2 (id integer);
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();
CREATE TABLE b1 (id integer);
CALL pg_temp.revision('cc', 'b1, b2', 'CREATE TABLE cc (id integer);');
SELECT * FROM migrate_stamp('auto');
CREATE TABLE cc (id integer);
SELECT * FROM migrate_stamp('auto');
SELECT pg_temp.versions();

-- with purge, whatever was there is gone first
UPDATE migrate_version SET version_num = 'unknown';
SELECT * FROM migrate_stamp('auto');
:code
SELECT * FROM migrate_stamp('auto', purge => true);
SELECT pg_temp.versions();

-- a script of the history that fails is an error
CALL pg_temp.revision('dd', 'cc', 'SELECT 1 / 0;');
SELECT * FROM migrate_stamp('auto');
:code
SELECT revision FROM migrate_unregister('dd');

-- schemas that scripts create: not there before, whatever the database has
CALL pg_temp.reset();
DROP TABLE aa, b1, b2, cc;
CALL pg_temp.revision('a1', '', 'CREATE TABLE account (id integer);');
CALL pg_temp.revision('b2', 'a1', 'CREATE SCHEMA regress_stamp_2; CREATE TABLE regress_stamp_2.two (id integer);');
CALL pg_temp.revision('c3', 'b2', 'DROP TABLE regress_stamp_2.two;');
CREATE TABLE account (id integer);
SELECT * FROM migrate_stamp('auto');
CREATE SCHEMA regress_stamp_2;
SELECT * FROM migrate_stamp('auto');
CREATE TABLE regress_stamp_2.two (id integer);
SELECT * FROM migrate_stamp('auto');
DROP TABLE regress_stamp_2.two;
DROP SCHEMA regress_stamp_2;
SELECT * FROM migrate_stamp('auto');
DROP TABLE account;

-- extensions, and other things that are in no schema, do not count if no
-- revision makes one
CALL pg_temp.reset();
CALL pg_temp.revision('a1', '', 'CREATE TABLE account (id integer);');
CREATE TABLE account (id integer);
SET client_min_messages = error;
CREATE PUBLICATION regress_stamp FOR TABLE account;
RESET client_min_messages;
SELECT * FROM migrate_stamp('auto');
DROP PUBLICATION regress_stamp;
-- the model does not come into it
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE other (id nosuch)');
SELECT * FROM migrate_stamp('auto');

BEGIN READ ONLY;
SELECT * FROM migrate_stamp('auto');
ROLLBACK;

CALL pg_temp.reset();
SET client_min_messages = warning;
DROP SCHEMA regress_stamp CASCADE;
