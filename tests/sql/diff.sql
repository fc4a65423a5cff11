--
-- migrate_diff(): two sides, and what turns the one into the other
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_diff;
SET search_path = regress_diff, public;
\set code '\\echo :LAST_ERROR_SQLSTATE'

-- A document of the schema as it is.
CREATE TEMPORARY TABLE document (name text PRIMARY KEY, document text);
CREATE FUNCTION pg_temp.document(wanted text) RETURNS text
LANGUAGE sql
AS $$
	SELECT document FROM pg_temp.document WHERE name = wanted
$$;

-- Differences on one line.
CREATE FUNCTION pg_temp.differences(from_side text, to_side text) RETURNS text
LANGUAGE sql
AS $$
	SELECT coalesce(string_agg(operation || ' ' || object_type || ' ' || identity, '; '), 'none')
	FROM migrate_diff(from_side, to_side)
$$;

--
-- The database, the model, revisions, documents: each with each
--
INSERT INTO document VALUES ('nothing', migrate_snapshot());
SELECT revision FROM migrate_register($$
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer NOT NULL);
-- migrate:downgrade
DROP TABLE account;
$$);
SELECT revision FROM migrate_register($$
-- Revision ID: b2
-- Revises: a1
-- migrate:upgrade
ALTER TABLE account ADD COLUMN name text;
INSERT INTO account VALUES (1, 'a');
-- migrate:downgrade
ALTER TABLE account DROP COLUMN name;
$$);
SELECT action FROM migrate_model('account.sql', 'CREATE TABLE account (id integer NOT NULL, name text, day date)');
SELECT revision FROM migrate_upgrade('a1');
INSERT INTO document VALUES ('a1', migrate_snapshot());
SELECT f AS from_side, t AS to_side,
	pg_temp.differences(coalesce(pg_temp.document(substring(f FROM 'document (.*)')), f), coalesce(pg_temp.document(substring(t FROM 'document (.*)')), t)) AS differences
FROM unnest('{database,model,base,a1,b2,document nothing,document a1}'::text[]) WITH ORDINALITY AS a (f, i),
	unnest('{database,model,base,a1,b2,document nothing,document a1}'::text[]) WITH ORDINALITY AS b (t, j)
ORDER BY i, j;

-- all columns; the defaults are the database and the model
SELECT * FROM migrate_diff();
SELECT * FROM migrate_diff('model', 'database');
SELECT * FROM migrate_diff('b2', 'base');
SELECT * FROM migrate_diff(to_side => 'b2');
-- what runs in the history has not happened: the database is where it was
SELECT version_num FROM migrate_version;
SELECT count(*) FROM account;
SELECT count(*) FROM migrate_log;

-- names of revisions are those of an upgrade
SELECT pg_temp.differences('base', 'heads');
SELECT pg_temp.differences('base', '+1');
SELECT pg_temp.differences('base', 'b2');
SELECT * FROM migrate_diff('nosuch', 'database');
:code
SELECT * FROM migrate_diff('database', 'nosuch');
SELECT * FROM migrate_diff('a1', 'nosuch');
SELECT * FROM migrate_diff('');
SELECT * FROM migrate_diff('a1:b2');
:code
SELECT * FROM migrate_diff('DATABASE', 'model');
SELECT * FROM migrate_diff(NULL, 'model');
SELECT * FROM migrate_diff('{}', 'database');
SELECT * FROM migrate_diff('{"migrate": ', 'database');
:code

-- what somebody has changed by hand
SELECT revision FROM migrate_upgrade();
SELECT pg_temp.differences('head', 'database');
ALTER TABLE account ALTER COLUMN name SET DEFAULT 'x';
CREATE INDEX account_name ON account (name);
SELECT operation, object_type, identity, sql, reverse_sql FROM migrate_diff('head', 'database');
SELECT operation, object_type, identity, sql, reverse_sql FROM migrate_diff('database', 'head');
-- what has no revision yet
SELECT pg_temp.differences('head', 'model');
DROP INDEX account_name;
ALTER TABLE account ALTER COLUMN name DROP DEFAULT;

-- several heads: "heads" is all of them
SELECT revision FROM migrate_register(E'-- Revision ID: c3\n-- Branch Labels: side\n-- migrate:upgrade\nCREATE TABLE side (id integer);\n-- migrate:downgrade\nDROP TABLE side;');
SELECT pg_temp.differences('database', 'heads');
SELECT pg_temp.differences('database', 'head');
SELECT * FROM migrate_diff('database', 'head');
:code
SELECT pg_temp.differences('base', 'side@head');
SELECT pg_temp.differences('side', 'b2');
-- a script that fails says where
SELECT revision FROM migrate_register(E'-- Revision ID: d4\n-- Revises: c3\n-- migrate:upgrade\nDROP TABLE nosuch;');
SELECT * FROM migrate_diff('database', 'd4');
:code
SELECT pg_temp.differences('base', 'c3');
SELECT revision FROM migrate_unregister('d4');
SELECT revision FROM migrate_unregister('c3');

-- no model: the other sides can do without
SELECT action FROM migrate_model('account.sql', NULL);
SELECT * FROM migrate_diff();
:code
SELECT * FROM migrate_diff('model', 'b2');
SELECT pg_temp.differences('database', 'b2');

--
-- Rows of their own kind
--
CALL pg_temp.reset();
-- in an order in which they can be run, with what is lost
SELECT action FROM migrate_model('a.sql', $$
CREATE TABLE account (id bigint PRIMARY KEY);
CREATE TABLE entry (id integer REFERENCES account);
CREATE VIEW numbers AS SELECT count(*) AS n FROM entry;
$$);
SELECT operation, object_type, identity, sql, reverse_sql, loses_data, note FROM migrate_diff();
-- what goes and comes with something else says why
DROP TABLE account;
CREATE TABLE account (id integer, code text);
CREATE VIEW codes AS SELECT a.code, b.code AS other FROM account AS a JOIN account AS b ON a.id = b.id;
SELECT action FROM migrate_model('a.sql', $$
CREATE TABLE account (id integer, code varchar(9));
CREATE VIEW codes AS SELECT a.code, b.code AS other FROM account AS a JOIN account AS b ON a.id = b.id;
$$);
SELECT operation, object_type, identity, loses_data, note FROM migrate_diff();
-- a name that may have been another one is proposed
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer, kode text)');
SELECT operation, object_type, identity, loses_data, note FROM migrate_diff();
-- what would destroy data is refused
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer, code text) PARTITION BY RANGE (id)');
SELECT * FROM migrate_diff();
SELECT * FROM migrate_revision('x', autogenerate => true);
:code
SELECT migrate_check();
:code

-- what no rule covers is named on the side that has it, and counts for nothing
SELECT action FROM migrate_model('a.sql', $$
CREATE TABLE account (id integer, code text);
CREATE VIEW codes AS SELECT a.code, b.code AS other FROM account AS a JOIN account AS b ON a.id = b.id;
CREATE TYPE shell;
$$);
SELECT operation, object_type, identity, sql, reverse_sql, loses_data, note FROM migrate_diff();
SELECT migrate_check();
CREATE OPERATOR FAMILY family USING btree;
SELECT operation, object_type, identity, note FROM migrate_diff();
SELECT operation, object_type, identity, note FROM migrate_diff('model', 'database');
DROP OPERATOR FAMILY family USING btree;

-- the statements do what they say, one after the other, and back
SELECT action FROM migrate_model('a.sql', $$
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(20) UNIQUE, mood mood);
CREATE TABLE entry (account bigint REFERENCES account, cents integer CHECK (cents > 0));
CREATE VIEW codes AS SELECT a.code, b.code AS other FROM account AS a JOIN account AS b ON a.id = b.id;
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';
$$);
INSERT INTO document VALUES ('before', migrate_snapshot());
CREATE TEMPORARY TABLE plan AS SELECT row_number() OVER () AS n, sql, reverse_sql FROM migrate_diff() WHERE sql IS NOT NULL;
\set ECHO none
SELECT sql FROM plan ORDER BY n \gexec
\set ECHO all
SELECT migrate_check();
SELECT count(*) FROM plan WHERE reverse_sql IS NULL;
SELECT operation, count(*) FROM migrate_diff('database', pg_temp.document('before')) GROUP BY 1 ORDER BY 1;

-- as a side of a set, a join, a limit; twice in one statement
SELECT count(*) FROM (SELECT * FROM migrate_diff('base', 'model') LIMIT 2) AS d;
SELECT count(*) = 0 AS same FROM (SELECT * FROM migrate_diff() EXCEPT SELECT * FROM migrate_diff()) AS d;
-- in one transaction with what changes
BEGIN;
DROP VIEW codes;
SELECT pg_temp.differences('database', 'model');
ROLLBACK;
SELECT pg_temp.differences('database', 'model');
-- not in one that is read-only, except for what needs no shadow
BEGIN READ ONLY;
SELECT count(*) >= 0 AS fine FROM migrate_diff('database', 'database');
SELECT count(*) >= 0 AS fine FROM migrate_diff('database', pg_temp.document('before'));
SELECT * FROM migrate_diff('database', 'base');
ROLLBACK;

CALL pg_temp.reset();
DROP SCHEMA regress_diff CASCADE;
