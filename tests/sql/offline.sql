--
-- migrate_upgrade_sql(), migrate_downgrade_sql(): runs as scripts for psql
--
\i tests/sql/helpers.sql
\pset format unaligned
\pset tuples_only on

SELECT revision FROM migrate_register($$
-- create account
-- '; DROP TABLE account; --
--
-- Revision ID: a1
-- migrate:upgrade

-- one row per customer
CREATE TABLE account (id integer PRIMARY KEY, name text); -- the key comes first
COPY account (id, name) FROM stdin;
1	Ada
2	\N
\.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN; RETURN NEW; END $f$;
-- migrate:downgrade
DROP FUNCTION touch();
DROP TABLE account
$$);
SELECT revision FROM migrate_register($$
-- add balance
--
-- Revision ID: b'2
-- Revises: a1
-- migrate:upgrade
SET LOCAL lock_timeout = '1s';
ALTER TABLE account ADD balance numeric
-- no semicolon, and a comment at the end
-- migrate:downgrade
ALTER TABLE account DROP balance;
$$);
SELECT revision FROM migrate_register($$
-- Revision ID: c3
-- Revises: b'2
-- migrate:upgrade
CREATE INDEX CONCURRENTLY account_balance ON account (balance);
ANALYZE account;
-- migrate:downgrade none
$$);

-- from nothing
SELECT migrate_upgrade_sql();
-- the same
SELECT migrate_upgrade_sql() = migrate_upgrade_sql('head') AND migrate_upgrade_sql() = migrate_upgrade_sql('base:heads')
	AND migrate_upgrade_sql() = migrate_upgrade_sql(':');
-- from a revision on: the script checks that the database is there
SELECT migrate_upgrade_sql('a1:b''2');
SELECT migrate_downgrade_sql('c3:a1');
SELECT migrate_downgrade_sql('b''2:base');
-- relative to the start
SELECT migrate_upgrade_sql('a1:+1') = migrate_upgrade_sql('a1:b''2');
SELECT migrate_downgrade_sql('head:-1') = migrate_downgrade_sql('head:b''2');
SELECT migrate_downgrade_sql('b''2:') = migrate_downgrade_sql('b''2:base');
-- nothing to do
SELECT migrate_upgrade_sql('c3:a1');
SELECT migrate_upgrade_sql('base');
SELECT migrate_downgrade_sql('a1:a1');
SELECT migrate_downgrade_sql('base:base');
-- where the database is does not matter
CALL pg_temp.at('a1');
SELECT migrate_upgrade_sql('b''2') = migrate_upgrade_sql('base:b''2');

--
-- What changes settings is undone after its step
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register($$
-- Revision ID: s1
-- migrate:upgrade
SET search_path = shop;
SELECT 1;
-- migrate:downgrade
SET ROLE owner;
SELECT 2
$$);
SELECT migrate_upgrade_sql();
SELECT migrate_downgrade_sql('s1:base');

--
-- A section that is marked
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register($$
-- Revision ID: t1
-- migrate:upgrade transaction:false
SELECT 1;
SELECT 2;
$$);
SELECT migrate_upgrade_sql();

--
-- Branches and merges: the rows of the version table after each step
--
CALL pg_temp.reset();
CREATE PROCEDURE pg_temp.empty(id text, revises text, depends_on text)
LANGUAGE sql
AS $$
	SELECT migrate_register(format(E'-- Revision ID: %s\n-- Revises: %s\n-- Depends On: %s\n-- migrate:upgrade\n-- migrate:downgrade', id, revises, depends_on))
$$;
CALL pg_temp.empty('a', '', '');
CALL pg_temp.empty('b', 'a', '');
CALL pg_temp.empty('c', 'a', '');
CALL pg_temp.empty('d', 'b, c', '');
CALL pg_temp.empty('x', '', '');
CALL pg_temp.empty('y', 'x', 'd');
SELECT migrate_upgrade_sql('heads');
SELECT migrate_downgrade_sql('y:a');

--
-- What is refused
--
SELECT migrate_downgrade_sql('head');
SELECT migrate_downgrade_sql('base');
SELECT migrate_upgrade_sql('a:b:c');
SELECT migrate_upgrade_sql('nosuch');
SELECT migrate_upgrade_sql('nosuch:head');
SELECT migrate_upgrade_sql('head');
SELECT migrate_upgrade_sql('b:-1');
SELECT migrate_upgrade_sql('a:+9');
SELECT migrate_upgrade_sql('heads@x');
SELECT migrate_downgrade_sql('b:d');
CALL pg_temp.empty('z', '', '');
SELECT migrate_upgrade_sql('');
SELECT migrate_upgrade_sql('heads:z');
SELECT migrate_downgrade_sql(':a');
-- irreversible
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade');
SELECT migrate_downgrade_sql('a:base');
-- not SQL
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nCREATE TABEL a;');
SELECT migrate_upgrade_sql();

--
-- An enum value that is added and used wants a commit between
--
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nALTER TYPE mood ADD VALUE \'sad\';\nINSERT INTO account VALUES (\'sad\');');
SELECT migrate_upgrade_sql();

--
-- The script runs: here in the place of another table of versions
--
\pset format aligned
\pset tuples_only off
CALL pg_temp.reset();
CREATE SCHEMA regress_offline;
SELECT revision FROM migrate_register(E'-- Revision ID: a\n-- migrate:upgrade\nCREATE TABLE account (id integer);\n-- migrate:downgrade\nDROP TABLE account');
SELECT revision FROM migrate_register(E'-- Revision ID: b\n-- Revises: a\n-- migrate:upgrade\nINSERT INTO account VALUES (1) -- one\n-- migrate:downgrade\nDELETE FROM account -- all');
SELECT migrate_upgrade_sql() AS up, migrate_upgrade_sql('a:b') AS again, migrate_downgrade_sql('b:base') AS down \gset
SET search_path = regress_offline;
:up
SELECT version_num, (SELECT count(*) FROM account) FROM migrate_version;
-- not where it starts
:again
:down
SELECT version_num, to_regclass('account') FROM migrate_version;
SELECT count(*) FROM migrate_version;
RESET search_path;
SELECT * FROM migrate_version;
SET client_min_messages = warning;
DROP SCHEMA regress_offline CASCADE;
RESET client_min_messages;

CALL pg_temp.reset();
