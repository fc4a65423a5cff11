--
-- migrate_check(): is the database what the model says?  And what counts:
-- migrate.schemas, migrate.include, migrate.exclude, migrate.compare_*
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_check;
SET search_path = regress_check, public;
-- Print the SQLSTATE of the last error.
\set code '\\echo :LAST_ERROR_SQLSTATE'

-- Make the database what the model says, by way of a document that is left
-- out of the history: the differences that follow are made by hand.
CREATE PROCEDURE pg_temp.settle()
LANGUAGE plpgsql
AS $$
DECLARE
	statement text;
BEGIN
	FOR statement IN SELECT sql FROM migrate_diff() WHERE sql IS NOT NULL LOOP
		EXECUTE statement;
	END LOOP;
END
$$;

--
-- No model
--
SELECT migrate_check();
:code

--
-- Passing and failing
--
SELECT action FROM migrate_model('a.sql', $$
CREATE TABLE account (
	id bigint PRIMARY KEY,
	name varchar(20) DEFAULT 'none',
	balance numeric(10, 2) NOT NULL DEFAULT 0
);
COMMENT ON COLUMN account.name IS 'first and last';
CREATE INDEX account_name ON account (name);
$$);
SELECT migrate_check();
:code
CALL pg_temp.settle();
SELECT migrate_check();
-- another spelling is no difference, another expression is one
SELECT action FROM migrate_model('a.sql', $$
create table "regress_check"."account" (
	balance pg_catalog.numeric(10,2) default (0) not null,
	id int8 not null constraint account_pkey primary key,
	name character varying(20) default 'no' || 'ne'
);
comment on column account.name is e'first and\x20last';
create index if not exists account_name on only regress_check.account using btree (name asc nulls last);
$$);
SELECT migrate_check();
SELECT operation, object_type, identity FROM migrate_diff();
SELECT action FROM migrate_model('a.sql', $$
create table "regress_check"."account" (
	balance pg_catalog.numeric(10,2) default (0) not null,
	id int8 not null constraint account_pkey primary key,
	name character varying(20) default e'\x6eone'
);
comment on column account.name is e'first and\x20last';
create index if not exists account_name on only regress_check.account using btree (name asc nulls last);
$$);
SELECT migrate_check();
-- rows, and what is done to a table otherwise, do not count
INSERT INTO account (id) SELECT n FROM generate_series(1, 100) AS n;
ANALYZE account;
SELECT migrate_check();

-- everything that differs is in the list
ALTER TABLE account ADD COLUMN mail text, ALTER COLUMN name SET NOT NULL, ALTER COLUMN balance TYPE numeric(12, 2);
DROP INDEX account_name;
CREATE TABLE extra (id integer);
CREATE FUNCTION extra() RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT migrate_check();
:code
DROP TABLE extra;
DROP FUNCTION extra();
ALTER TABLE account DROP COLUMN mail, ALTER COLUMN name DROP NOT NULL, ALTER COLUMN balance TYPE numeric(10, 2);
CREATE INDEX account_name ON account (name);
SELECT migrate_check();
-- a hundred of them at most
\set ECHO none
SELECT format('CREATE TABLE many_%s (id integer)', n) FROM generate_series(101, 205) AS n \gexec
\set ECHO all
DO $$
DECLARE
	detail text;
BEGIN
	PERFORM migrate_check();
EXCEPTION WHEN sqlstate 'MG009' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RAISE WARNING '% lines; the last one: %', array_length(string_to_array(detail, E'\n'), 1), substring(detail FROM '[^\n]*$');
END
$$;
\set ECHO none
SELECT format('DROP TABLE many_%s', n) FROM generate_series(101, 205) AS n \gexec
\set ECHO all

--
-- The database must be at the heads
--
CALL pg_temp.graph('a1; b2:a1');
SELECT migrate_check();
:code
CALL pg_temp.at('a1');
SELECT migrate_check();
:code
CALL pg_temp.at('b2');
SELECT migrate_check();
CALL pg_temp.at('zz');
SELECT migrate_check();
:code
CALL pg_temp.at(NULL);
DELETE FROM migrate_script;

--
-- What is compared
--
-- types
ALTER TABLE account ALTER COLUMN name TYPE varchar(30);
SELECT migrate_check();
SET migrate.compare_type = off;
SELECT migrate_check();
SELECT count(*) FROM migrate_diff();
RESET migrate.compare_type;
ALTER TABLE account ALTER COLUMN name TYPE varchar(20);
-- defaults
ALTER TABLE account ALTER COLUMN name SET DEFAULT 'nobody';
SELECT migrate_check();
SET migrate.compare_server_default = off;
SELECT migrate_check();
RESET migrate.compare_server_default;
ALTER TABLE account ALTER COLUMN name DROP DEFAULT;
SELECT migrate_check();
SET migrate.compare_server_default = off;
SELECT migrate_check();
RESET migrate.compare_server_default;
ALTER TABLE account ALTER COLUMN name SET DEFAULT 'none';
-- comments
COMMENT ON COLUMN account.name IS 'all names';
COMMENT ON INDEX account_name IS 'fast';
SELECT migrate_check();
SET migrate.compare_comment = off;
SELECT migrate_check();
RESET migrate.compare_comment;
COMMENT ON COLUMN account.name IS 'first and last';
COMMENT ON INDEX account_name IS NULL;
SELECT migrate_check();
-- privileges
CREATE ROLE regress_check_reader;
GRANT SELECT ON account TO regress_check_reader;
SELECT migrate_check();
SET migrate.compare_privileges = on;
SELECT migrate_check();
SELECT action FROM migrate_model('rights.sql', 'GRANT SELECT ON account TO regress_check_reader');
SELECT migrate_check();
REVOKE ALL ON account FROM regress_check_reader;
SELECT migrate_check();
SELECT operation, object_type, identity, sql, reverse_sql FROM migrate_diff();
RESET migrate.compare_privileges;
SELECT migrate_check();
SELECT action FROM migrate_model('rights.sql', NULL);
DROP ROLE regress_check_reader;
-- what is made anew has its default, whatever is compared
SELECT action FROM migrate_model('b.sql', $$CREATE TABLE tag (name text DEFAULT 'x'); COMMENT ON TABLE tag IS 'y';$$);
SET migrate.compare_server_default = off;
SET migrate.compare_comment = off;
SELECT sql FROM migrate_diff();
RESET migrate.compare_server_default;
RESET migrate.compare_comment;
SELECT action FROM migrate_model('b.sql', NULL);

--
-- Patterns
--
CREATE TABLE audit_log (id integer);
CREATE VIEW audit_view AS SELECT 1 AS one;
CREATE TABLE tmp1 (id integer);
SELECT migrate_check();
SET migrate.exclude = 'audit_*';
SELECT migrate_check();
SET migrate.exclude = 'audit_*, tmp?';
SELECT migrate_check();
SET migrate.exclude = 'view:*, regress_check.tmp?, table:audit_log';
SELECT migrate_check();
SET migrate.exclude = 'view:audit_log, elsewhere.tmp?, index:audit_*';
SELECT migrate_check();
-- patterns are for names as they are stored
SET migrate.exclude = 'AUDIT_*, tmp1';
SELECT migrate_check();
-- what is excluded is excluded on both sides, with all that belongs to it
SET migrate.exclude = 'audit_*, tmp1, account';
SELECT migrate_check();
SET migrate.exclude = 'audit_*, tmp1, account_name';
DROP INDEX account_name;
SELECT migrate_check();
CREATE INDEX account_name ON account (name);
-- what is not included is excluded
SET migrate.exclude = '';
SET migrate.include = 'account*';
SELECT migrate_check();
SET migrate.include = 'account*, tmp1';
SELECT migrate_check();
SET migrate.exclude = 'tmp1';
SELECT migrate_check();
SET migrate.include = 'nosuch';
SELECT migrate_check();
-- patterns that are none
SET migrate.include = '';
SET migrate.exclude = 'a,,b';
SELECT migrate_check();
:code
SET migrate.exclude = 'table:';
SELECT migrate_check();
SET migrate.exclude = ':account';
SELECT migrate_check();
SET migrate.exclude = '.account';
SELECT migrate_check();
SET migrate.exclude = '';
SET migrate.include = ',';
SELECT migrate_check();
RESET migrate.include;
RESET migrate.exclude;
DROP VIEW audit_view;
DROP TABLE audit_log, tmp1;
SELECT migrate_check();

--
-- Schemas
--
CREATE SCHEMA "regress Check 2";
CREATE TABLE "regress Check 2".two (id integer);
-- only that of unqualified names is managed
SELECT migrate_check();
SET migrate.schemas = 'regress_check, "regress Check 2"';
SELECT migrate_check();
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE "regress Check 2".two (id integer PRIMARY KEY)');
SELECT migrate_check();
SELECT sql FROM migrate_diff() ORDER BY sql;
CALL pg_temp.settle();
SELECT migrate_check();
-- each once
SET migrate.schemas = 'regress_check, regress_check, "regress Check 2", REGRESS_CHECK';
SELECT migrate_check();
-- the order does not matter
SET migrate.schemas = '"regress Check 2", regress_check';
SELECT migrate_check();
-- what the model puts elsewhere meets what is there
SET migrate.schemas = 'regress_check';
SELECT migrate_check();
:code
-- a schema that does not exist, and that nobody asks for
SET migrate.schemas = 'regress_check, "regress Check 2", regress_nosuch';
SELECT migrate_check();
-- not well-formed; of the system
SET migrate.schemas = 'regress_check,';
SET migrate.schemas = '"regress_check';
SELECT migrate_check();
SET migrate.schemas = 'pg_catalog';
SELECT migrate_check();
:code
SET migrate.schemas = 'regress_check, information_schema';
SELECT migrate_check();
SET migrate.schemas = 'pg_temp';
SELECT migrate_check();
SET migrate.schemas = 'PG_TOAST';
SELECT migrate_check();
RESET migrate.schemas;
-- search_path has none
SET search_path = regress_nosuch;
SELECT public.migrate_check();
:code
SET search_path = '';
SELECT public.migrate_check();
SET search_path = pg_catalog;
SELECT public.migrate_check();
:code
SET search_path = regress_check, public;

-- schemas that the model makes, and no longer makes
SELECT action FROM migrate_model('b.sql', $$
CREATE SCHEMA regress_check_made;
CREATE TABLE regress_check_made.three (id integer);
CREATE SCHEMA IF NOT EXISTS "regress Check 2" CREATE TABLE two (id integer PRIMARY KEY);
$$);
SELECT action FROM migrate_model('b.sql', $$
CREATE SCHEMA regress_check_made;
CREATE TABLE regress_check_made.three (id integer);
CREATE SCHEMA "regress Check 2" CREATE TABLE two (id integer PRIMARY KEY);
$$);
SELECT migrate_check();
SELECT sql, reverse_sql FROM migrate_diff();
CALL pg_temp.settle();
SELECT migrate_check();
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE "regress Check 2".two (id integer PRIMARY KEY)');
SET migrate.schemas = 'regress_check, "regress Check 2", regress_check_made';
SELECT migrate_check();
SELECT sql, reverse_sql FROM migrate_diff();
CALL pg_temp.settle();
SELECT count(*) FROM pg_namespace WHERE nspname = 'regress_check_made';
SELECT migrate_check();
-- of the system
SELECT action FROM migrate_model('c.sql', 'CREATE SCHEMA pg_mine');
SELECT migrate_check();
SELECT action FROM migrate_model('c.sql', 'CREATE TABLE pg_catalog.mine (id integer)');
SELECT migrate_check();
SELECT action FROM migrate_model('c.sql', NULL);
RESET migrate.schemas;

-- what is managed can be told to the database
ALTER SCHEMA "regress Check 2" RENAME TO "regress ""2"", 'x'";
SELECT action FROM migrate_model('b.sql', $$CREATE TABLE "regress ""2"", 'x'".two (id integer PRIMARY KEY)$$);
SET migrate.schemas = 'regress_check, "regress ""2"", ''x''"';
SELECT migrate_check();
RESET migrate.schemas;

DROP SCHEMA "regress ""2"", 'x'" CASCADE;
CALL pg_temp.reset();

--
-- What remains of it: nothing
--
CREATE SEQUENCE numbers;
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, n bigint DEFAULT nextval('numbers'));
INSERT INTO numbered DEFAULT VALUES;
CREATE TEMPORARY TABLE catalogs (name text, n bigint);
SET client_min_messages = error;
CREATE PUBLICATION regress_check FOR TABLE numbered;

-- How many rows the catalogs have, and where the sequences are.
CREATE PROCEDURE pg_temp.count_catalogs()
LANGUAGE plpgsql
AS $$
DECLARE
	catalog text;
	n bigint;
BEGIN
	DELETE FROM pg_temp.catalogs;
	FOR catalog IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'
			AND relname NOT IN ('pg_largeobject', 'pg_statistic') LOOP
		EXECUTE format('SELECT count(*) FROM pg_catalog.%I', catalog) INTO n;
		INSERT INTO pg_temp.catalogs VALUES (catalog, n);
	END LOOP;
	INSERT INTO pg_temp.catalogs SELECT 'names', sum(hashtext(relname || oid || relnamespace)::bigint) FROM pg_class;
	INSERT INTO pg_temp.catalogs SELECT 'schemas', sum(hashtext(nspname || oid)::bigint) FROM pg_namespace;
	INSERT INTO pg_temp.catalogs SELECT 'depend', sum(hashtext(classid || ' ' || objid || ' ' || refobjid || deptype::text)::bigint) FROM pg_depend;
	INSERT INTO pg_temp.catalogs SELECT 'extensions', sum(hashtext(extname || extnamespace)::bigint) FROM pg_extension;
	INSERT INTO pg_temp.catalogs SELECT sequencename, last_value FROM pg_sequences;
END
$$;

-- Run something; which counts does it change?
CREATE FUNCTION pg_temp.changed(statement text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	before text[];
BEGIN
	CALL pg_temp.count_catalogs();
	before := ARRAY(SELECT name || ' ' || coalesce(n, 0) FROM pg_temp.catalogs);
	BEGIN
		EXECUTE statement;
	EXCEPTION WHEN OTHERS THEN
		RAISE INFO '% %', SQLSTATE, SQLERRM;
	END;
	CALL pg_temp.count_catalogs();
	RETURN (SELECT string_agg(name, ', ' ORDER BY name) FROM pg_temp.catalogs WHERE name || ' ' || coalesce(n, 0) <> ALL (before));
END
$$;

SELECT pg_temp.changed('CREATE TABLE something (id integer)');
DROP TABLE something;
SELECT action FROM migrate_model('a.sql', $$
CREATE SCHEMA regress_check_made;
CREATE TYPE mood AS ENUM ('ok');
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood, serial serial);
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, n bigint);
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE regress_check_made.three (id integer DEFAULT regress_check.one());
CREATE PUBLICATION regress_check FOR TABLE account;
CREATE CAST (mood AS text) WITH INOUT;
DO 'BEGIN PERFORM nextval(''regress_check.account_id_seq''); END';
$$);
SELECT pg_temp.changed('SELECT migrate_check()');
SELECT pg_temp.changed('SELECT count(*) FROM migrate_diff()');
SELECT pg_temp.changed($$SELECT migrate_diff('model', 'database')$$);
SELECT pg_temp.changed('SELECT migrate_snapshot()');
SELECT pg_temp.changed($$SELECT migrate_revision('x', autogenerate => true, rev_id => 'a1')$$);
SELECT revision FROM migrate_unregister('a1');
SELECT revision FROM migrate_register($$
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE numbered (id serial);
CREATE SCHEMA regress_check_made;
SELECT nextval('numbered_id_seq');
-- migrate:downgrade
DROP TABLE numbered;
$$);
SELECT pg_temp.changed('SELECT migrate_prove()');
SELECT pg_temp.changed($$SELECT migrate_diff('head', 'database')$$);
SELECT pg_temp.changed($$SELECT migrate_stamp('auto')$$);
SELECT revision FROM migrate_unregister('a1');
-- nor if it fails
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE one (id integer); CREATE TABLE two (id nosuch);');
SELECT pg_temp.changed('SELECT migrate_check()');
SELECT action FROM migrate_model('a.sql', $$CREATE TABLE one (id integer); DO 'BEGIN PERFORM 1 / 0; END'$$);
SELECT pg_temp.changed('SELECT migrate_diff()');
-- a model may take its time, but not longer than it is given
SELECT action FROM migrate_model('a.sql', $$CREATE TABLE one (id integer); DO 'BEGIN PERFORM pg_catalog.pg_sleep(60); END'$$);
SET statement_timeout = '200ms';
SELECT migrate_check();
RESET statement_timeout;
SELECT count(*) FROM numbered;
SELECT relname FROM pg_class WHERE relnamespace = 'regress_check'::regnamespace AND relkind IN ('r', 'S') ORDER BY 1;

-- what the model makes elsewhere is not passed over silently
CREATE SCHEMA regress_unmanaged;
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE regress_unmanaged.one (id integer)');
SET client_min_messages = warning;
SELECT count(*) FROM migrate_diff() WHERE identity LIKE 'regress_unmanaged%';
SET client_min_messages = error;
DROP SCHEMA regress_unmanaged;
CALL pg_temp.reset();
DROP PUBLICATION regress_check;
DROP SCHEMA regress_check CASCADE;
