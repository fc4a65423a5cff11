--
-- migrate_prove(): does each downgrade undo its upgrade, and does the history
-- lead to the model?
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_prove;
SET search_path = regress_prove, public;
\set code '\\echo :LAST_ERROR_SQLSTATE'

-- Register a revision.
CREATE PROCEDURE pg_temp.revision(id text, revises text, upgrade text, downgrade text DEFAULT NULL)
LANGUAGE sql
AS $$
	SELECT FROM migrate_register(format(E'-- message of %s\n\n-- Revision ID: %1$s\n-- Revises: %s\n-- migrate:upgrade\n%s\n', id, revises, upgrade)
		|| coalesce(E'-- migrate:downgrade\n' || downgrade || E'\n', ''))
$$;

-- nothing to prove
SELECT * FROM migrate_prove();

--
-- All verdicts
--
CALL pg_temp.revision('a1', '', 'CREATE TABLE account (id integer, name text);', 'DROP TABLE account;');
CALL pg_temp.revision('b2', 'a1', 'CREATE VIEW pair AS SELECT a.id, b.name FROM account AS a JOIN account AS b ON a.id = b.id; CREATE INDEX account_id ON account (id);',
	'DROP VIEW pair;');
CALL pg_temp.revision('c3', 'b2', 'ALTER TABLE account ALTER COLUMN id TYPE bigint; CREATE TABLE entry (id integer);',
	'DROP TABLE entry; ALTER TABLE account ALTER COLUMN id TYPE smallint;');
-- a view stands on it
SELECT * FROM migrate_prove();
CALL pg_temp.revision('b2', 'a1', 'CREATE VIEW pair AS SELECT a.name, b.name AS other FROM account AS a JOIN account AS b ON a.name = b.name; CREATE INDEX account_id ON account (id);',
	'DROP VIEW pair;');
CALL pg_temp.revision('d4', 'c3', 'ALTER TABLE account ADD COLUMN day date;', E'ALTER TABLE account DROP COLUMN day;\nALTER TABLE account\n\tDROP COLUMN daytime;');
CALL pg_temp.revision('e5', 'd4', 'COMMENT ON TABLE entry IS ''x'';');
CALL pg_temp.revision('f6', 'e5', 'ALTER TABLE entry ADD COLUMN cents bigint NOT NULL DEFAULT 0;', 'ALTER TABLE entry DROP COLUMN cents, DROP COLUMN id;');
SELECT * FROM migrate_prove();
-- nothing of it has happened
SELECT count(*) FROM pg_class WHERE relnamespace = 'regress_prove'::regnamespace;
SELECT count(*) FROM migrate_version;
SELECT count(*) FROM migrate_log;
-- an upgrade that fails ends the proof
CALL pg_temp.revision('g7', 'f6', E'CREATE TABLE seven (id integer);\n\nCREATE TABLE account (id integer);', 'DROP TABLE seven;');
CALL pg_temp.revision('h8', 'g7', 'SELECT 1;', 'SELECT 2;');
SELECT * FROM migrate_prove();

--
-- Ranges: what comes before is run, not proved
--
SELECT revision, verdict FROM migrate_prove('f6:h8');
SELECT revision, verdict FROM migrate_prove('a1:c3');
SELECT revision, verdict FROM migrate_prove(':c3');
SELECT revision, verdict FROM migrate_prove('f6:');
SELECT revision, verdict FROM migrate_prove('h8:h8');
SELECT revision, verdict FROM migrate_prove('base:a1');
SELECT * FROM migrate_prove('nosuch:');
:code
SELECT * FROM migrate_prove('c3:a1');
:code
SELECT * FROM migrate_prove('a1');
:code
SELECT * FROM migrate_prove(NULL);
-- where the database is does not matter, except for ranges that say so
SELECT revision, verdict FROM migrate_prove('-2:current');
SELECT revision FROM migrate_upgrade('c3');
SELECT revision, verdict FROM migrate_prove(':current');
SELECT revision, verdict FROM migrate_prove('current:f6');
SELECT revision FROM migrate_downgrade('base');

--
-- Branches, merges, dependencies
--
CALL pg_temp.reset();
CALL pg_temp.revision('aa', '', 'CREATE TABLE a (id integer);', 'DROP TABLE a;');
CALL pg_temp.revision('b1', 'aa', 'ALTER TABLE a ADD COLUMN b1 integer;', 'ALTER TABLE a DROP COLUMN b1;');
CALL pg_temp.revision('b2', 'aa', 'ALTER TABLE a ADD COLUMN b2 integer;', 'ALTER TABLE a DROP COLUMN b2;');
SELECT revision, verdict FROM migrate_prove();
CALL pg_temp.revision('cc', 'b1, b2', 'ALTER TABLE a ADD COLUMN cc integer;', 'ALTER TABLE a DROP COLUMN cc;');
SELECT revision, verdict FROM migrate_prove();
SELECT revision, verdict FROM migrate_prove('b1:cc');

--
-- Statements that cannot run in a transaction are run in their plain form, or
-- left out; rows are as they are on an empty schema
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register($$
-- Revision ID: a1
-- migrate:upgrade transaction:false
CREATE TABLE account (id integer);
CREATE INDEX CONCURRENTLY account_id ON account (id);
VACUUM account;
-- migrate:downgrade transaction:false
DROP INDEX CONCURRENTLY account_id;
DROP TABLE account;
$$);
SELECT revision FROM migrate_register($$
-- Revision ID: b2
-- Revises: a1
-- migrate:upgrade
INSERT INTO account SELECT n FROM generate_series(1, 10) AS n;
COPY account FROM stdin;
11
12
\.
ALTER TABLE account ADD COLUMN twice integer;
UPDATE account SET twice = 2 * id;
ALTER TABLE account ALTER COLUMN twice SET NOT NULL;
DO 'BEGIN IF (SELECT sum(twice) FROM account) <> 156 THEN RAISE EXCEPTION ''other rows''; END IF; END';
-- migrate:downgrade
ALTER TABLE account DROP COLUMN twice;
DELETE FROM account WHERE id > 10;
$$);
-- rows that a downgrade leaves are no matter of the schema
CALL pg_temp.revision('c3', 'b2', 'INSERT INTO account VALUES (0, 0);', '');
SELECT revision, verdict, detail FROM migrate_prove();

-- scripts that set something, and that make schemas
CALL pg_temp.reset();
CALL pg_temp.revision('a1', '', 'CREATE SCHEMA regress_prove_2; SET search_path = regress_prove_2; CREATE TABLE two (id integer);',
	'DROP TABLE regress_prove_2.two; DROP SCHEMA regress_prove_2;');
CALL pg_temp.revision('b2', 'a1', 'CREATE TABLE one (id integer); CREATE TABLE regress_prove_2.three (id integer);', 'DROP TABLE one;');
SELECT revision, verdict, detail FROM migrate_prove();
SHOW search_path;
-- also where the schema is there
SELECT revision FROM migrate_upgrade('a1');
SELECT revision, verdict, detail FROM migrate_prove();
SELECT revision FROM migrate_downgrade('base');
-- one that cannot be tried out
CALL pg_temp.reset();
CALL pg_temp.revision('a1', '', 'SELECT migrate_prove();', '');
SELECT * FROM migrate_prove();

--
-- The history and the model
--
CALL pg_temp.reset();
CALL pg_temp.revision('a1', '', 'CREATE TABLE account (id integer);', 'DROP TABLE account;');
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer)');
SELECT * FROM migrate_prove();
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer, day date)');
SELECT * FROM migrate_prove();
-- the database does not come into it
CREATE TABLE account (x text);
SELECT * FROM migrate_prove();
DROP TABLE account;
-- only if all of the history was run
CALL pg_temp.revision('b2', 'a1', 'ALTER TABLE account ADD COLUMN day date;', 'ALTER TABLE account DROP COLUMN day;');
SELECT revision, message, verdict FROM migrate_prove(':a1');
SELECT revision, message, verdict FROM migrate_prove();
CALL pg_temp.revision('c3', 'b2', 'SELECT 1 / 0;', '');
SELECT revision, message, verdict, detail FROM migrate_prove();
-- values of enums that were added, and used after a commit
CALL pg_temp.reset();
CALL pg_temp.revision('a1', '', $$CREATE TYPE mood AS ENUM ('sad');$$, 'DROP TYPE mood;');
CALL pg_temp.revision('b2', 'a1', $$ALTER TYPE mood ADD VALUE 'ok'; CREATE TABLE account (mood mood DEFAULT 'ok');$$, NULL);
CALL pg_temp.revision('c3', 'b2', $$ALTER TYPE mood ADD VALUE 'meh';$$, NULL);
CALL pg_temp.revision('d4', 'c3', $$CREATE INDEX ON account (mood) WHERE mood = 'meh';$$, 'DROP INDEX account_mood_idx;');
SELECT revision, verdict, detail FROM migrate_prove();
-- but those of the transaction itself are not to be used after a shadow
BEGIN;
CREATE TYPE regress_mood AS ENUM ('sad');
COMMIT;
BEGIN;
ALTER TYPE regress_mood ADD VALUE 'ok';
SELECT count(*) FROM migrate_prove();
SELECT 'ok'::regress_mood;
ROLLBACK;
DROP TYPE regress_mood;
-- autogenerated revisions are inverse, and lead to the model
CALL pg_temp.reset();
SELECT action FROM migrate_model('a.sql', $$
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood DEFAULT 'ok' NOT NULL);
CREATE VIEW pair AS SELECT a.id, b.mood FROM account AS a JOIN account AS b ON a.id = b.id;
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
$$);
SELECT revision FROM migrate_revision('first', rev_id => 'a1', autogenerate => true);
SELECT revision FROM migrate_upgrade();
SELECT action FROM migrate_model('a.sql', $$
CREATE TYPE mood AS ENUM ('sad', 'meh', 'ok');
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood DEFAULT 'meh', code text UNIQUE);
CREATE VIEW pair AS SELECT a.id, b.mood, b.code FROM account AS a JOIN account AS b ON a.id = b.id;
$$);
SELECT revision FROM migrate_revision('second', rev_id => 'b2', autogenerate => true);
SELECT * FROM migrate_prove();

-- it is refused where there can be no shadow
BEGIN READ ONLY;
SELECT * FROM migrate_prove();
:code
ROLLBACK;

CALL pg_temp.reset();
DROP SCHEMA regress_prove CASCADE;
