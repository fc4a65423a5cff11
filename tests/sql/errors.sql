--
-- The errors of class MG, each as its reader sees it: what was found (DETAIL),
-- what to type next (HINT), where (CONTEXT)
--
\i tests/sql/helpers.sql

-- Print the SQLSTATE of the last error.
\set code '\\echo :LAST_ERROR_SQLSTATE'

--
-- MG001: a revision that does not exist, or an ambiguous name
--
CALL pg_temp.graph('aaaa1; bbbb1:aaaa1#side; bbbb2:aaaa1#main');
SELECT * FROM migrate_upgrade('cccc');
:code
SELECT * FROM migrate_upgrade('bbbb');
:code
SELECT * FROM migrate_upgrade('side@bbbb2');
:code
SELECT * FROM migrate_upgrade('left@head');
:code
SELECT * FROM migrate_upgrade('');
:code
SELECT * FROM migrate_upgrade('current');
:code
SELECT * FROM migrate_stamp('aaaa1+1');
:code
SELECT * FROM migrate_edit('base', '');
:code
SELECT * FROM migrate_revision('x', head => 'side', depends_on => 'base');
:code
-- the database is ahead of its scripts
CALL pg_temp.at('zzzz9');
SELECT * FROM migrate_upgrade('heads');
:code
SELECT revision FROM migrate_history();
CALL pg_temp.at(NULL);

--
-- MG002: several heads where one is wanted
--
SELECT * FROM migrate_upgrade();
:code
SELECT * FROM migrate_downgrade('heads');
:code
SELECT * FROM migrate_revision('x', head => 'aaaa1');
:code

--
-- MG003: the script of an applied revision was changed
--
CALL pg_temp.at('bbbb2');
SELECT * FROM migrate_register(E'-- Revision ID: aaaa1\n-- migrate:upgrade\nSELECT 1');
:code
SELECT * FROM migrate_edit('aaaa1', E'-- Revision ID: aaaa1\n-- migrate:upgrade\nSELECT 1');
:code
CALL pg_temp.at(NULL);

--
-- MG004: another run is active
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nSELECT 1;\nSELECT migrate_upgrade(''head'');');
SELECT * FROM migrate_upgrade();
:code

--
-- MG005: malformed scripts (more of them in header.sql and execute.sql)
--
SELECT * FROM migrate_register(E'-- Revision ID: a-1\n-- migrate:upgrade', 'versions/a.sql');
:code
SELECT * FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrad', 'versions/a.sql');
:code
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nSELECT 1;\nCOMMIT;');
SELECT * FROM migrate_upgrade();
:code
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nCOPY a FROM stdin\n');
SELECT * FROM migrate_upgrade();
:code
SELECT * FROM migrate_edit('a', E'-- Revision ID: b\n-- migrate:upgrade');
:code
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\n-- migrate:assert\nVACUUM;');
SELECT * FROM migrate_upgrade();
:code
-- what is no SQL is the parser's to say
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nSELECT 1;\nSELECT FROM WHERE;\n');
SELECT * FROM migrate_upgrade();
:code

--
-- MG006: a broken graph
--
CALL pg_temp.reset();
CALL pg_temp.graph('a:a');
SELECT * FROM migrate_upgrade();
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a>a');
SELECT * FROM migrate_heads();
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a>l#l');
SELECT * FROM migrate_heads();
:code
CALL pg_temp.reset();
CALL pg_temp.graph('b:a');
SELECT * FROM migrate_current();
:code
CALL pg_temp.reset();
CALL pg_temp.graph('b>a');
SELECT * FROM migrate_history();
:code
-- down_revision is an id, never a label
CALL pg_temp.reset();
CALL pg_temp.graph('a#l; b:l');
SELECT * FROM migrate_history();
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a#l; b#l');
SELECT * FROM migrate_plan();
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a; b#a');
SELECT * FROM migrate_graph();
:code
-- cycles; also where all of it is between a base and a head
CALL pg_temp.reset();
CALL pg_temp.graph('a:c; b:a; c:b');
SELECT * FROM migrate_upgrade('heads');
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a,d; c:b; d:c; e:d');
SELECT * FROM migrate_upgrade('heads');
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a>c; c:b; d:c>b');
SELECT * FROM migrate_upgrade('heads');
:code
-- ids and labels
CALL pg_temp.reset();
CALL pg_temp.graph('a#l; b:a; c');
SELECT * FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\n', 'versions/another.sql');
:code
SELECT * FROM migrate_revision('x', head => 'b', rev_id => 'a');
:code
SELECT * FROM migrate_revision('x', head => 'b', branch_label => 'l');
:code
-- targets and rows of which one includes another
SELECT * FROM migrate_stamp('a, b');
:code
CALL pg_temp.at('a,b');
SELECT * FROM migrate_upgrade('heads');
:code
-- a script that changes the version table
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nSELECT 1');
SELECT revision FROM migrate_register(E'-- Revision ID: b\n-- Revises: a\n-- migrate:upgrade\nDELETE FROM migrate_version');
SELECT * FROM migrate_upgrade();
:code

--
-- MG007: irreversible
--
CALL pg_temp.at('a');
SELECT * FROM migrate_downgrade('base');
:code
SELECT migrate_downgrade_sql('a:base');
:code

--
-- MG008: a statement that cannot run in a transaction
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nSELECT 1;\nVACUUM;\n-- migrate:downgrade transaction:false\nSELECT 2;');
SELECT * FROM migrate_upgrade();
:code
CALL pg_temp.at('a');
SELECT * FROM migrate_downgrade('base');
:code

--
-- MG009: the database is not at the heads
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; x; y:x>b');
SELECT * FROM migrate_current(check_heads => true);
:code
CALL pg_temp.at('b,x');
SELECT * FROM migrate_current(check_heads => true);
:code

CALL pg_temp.reset();
CREATE SCHEMA regress_errors;
SET migrate.schemas = 'regress_errors';
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE regress_errors.account (id integer)');
SELECT migrate_check();
:code

--
-- MG010: an assertion that does not hold
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nCREATE TABLE regress_errors.account AS SELECT 1 AS id;\n-- migrate:assert\nSELECT id > 1 FROM regress_errors.account;\n');
SELECT * FROM migrate_upgrade();
:code
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\n-- migrate:assert\nSELECT true WHERE false;\n');
SELECT * FROM migrate_upgrade();
:code
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\n-- migrate:assert empty\nSELECT 1 AS id;\n');
SELECT * FROM migrate_upgrade();
:code
CALL pg_temp.reset();

--
-- MG011: a difference that cannot be made without destroying data
--
CREATE TABLE regress_errors.account (id integer);
CREATE TABLE regress_errors.entry (id integer, day date) PARTITION BY RANGE (day);
SELECT action FROM migrate_model('a.sql', $$
CREATE TABLE regress_errors.account (id integer) PARTITION BY RANGE (id);
CREATE TABLE regress_errors.entry (id integer, day date) PARTITION BY RANGE (id);
$$);
SELECT * FROM migrate_revision('x', autogenerate => true);
:code
SET client_min_messages = warning;
DROP SCHEMA regress_errors CASCADE;
RESET client_min_messages;
RESET migrate.schemas;

--
-- MG012: a target that is not reachable
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b; c2:b#two; m:c1,c2');
CALL pg_temp.at('a');
SELECT * FROM migrate_upgrade('+9');
:code
SELECT * FROM migrate_upgrade('-1');
:code
SELECT * FROM migrate_upgrade('b+1');
:code
SELECT * FROM migrate_downgrade('+1');
:code
SELECT * FROM migrate_downgrade('-2');
:code
SELECT * FROM migrate_downgrade('-0');
:code
SELECT * FROM migrate_downgrade('b');
:code
CALL pg_temp.at('c1');
SELECT * FROM migrate_downgrade('two@-1');
:code
CALL pg_temp.at('m');
SELECT * FROM migrate_downgrade('-1');
:code
SELECT * FROM migrate_downgrade('a@b');
:code
CALL pg_temp.at('c1,c2');
SELECT * FROM migrate_downgrade('-1');
:code
SELECT * FROM migrate_history('c1:c2');
:code
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a');
SELECT * FROM migrate_upgrade('+9');
:code
SELECT * FROM migrate_show('-9');
:code

--
-- Errors of other classes
--
SELECT * FROM migrate_upgrade('a:b');
:code
SELECT * FROM migrate_downgrade('b:a');
:code
SELECT * FROM migrate_history('a');
:code
SELECT * FROM migrate_graph('png');
:code
SELECT * FROM migrate_stamp('a,');
:code
SELECT * FROM migrate_register(NULL);
:code
SELECT * FROM migrate_register('', '/a.sql');
:code
SELECT * FROM migrate_merge('b, b');
:code
-- a parent is named by its id
SELECT action FROM migrate_register(E'-- Revision ID: a1\n-- Branch Labels: lab\n-- migrate:upgrade', 'versions/a1.sql');
SELECT action FROM migrate_register(E'-- Revision ID: b1\n-- Revises: lab\n-- migrate:upgrade', 'versions/b1.sql');
SELECT * FROM migrate_heads();
:code
SELECT action FROM migrate_unregister('b1');
SELECT action FROM migrate_unregister('a1');
SELECT action FROM migrate_unregister('nosuch');
:code
SELECT * FROM migrate_revision('x', version_path => 'a');
:code

CALL pg_temp.reset();
