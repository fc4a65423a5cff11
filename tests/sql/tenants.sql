--
-- Lineages of schemas: the argument "schema", migrate_current(schema => '%'),
-- migrate_status()
--
\i tests/sql/helpers.sql
\set code '\\echo :LAST_ERROR_SQLSTATE'
SET client_min_messages = warning;

-- All version rows.
CREATE FUNCTION pg_temp.all_versions() RETURNS text
LANGUAGE sql
AS $$
	SELECT string_agg(schema_name || ':' || version_num, ' ' ORDER BY schema_name, version_num COLLATE "C")
	FROM migrate_version
$$;

CALL pg_temp.script('a1', '', 'CREATE TABLE account (id integer PRIMARY KEY);', 'DROP TABLE account;');
CALL pg_temp.script('b2', 'a1', 'ALTER TABLE account ADD COLUMN name text;', 'ALTER TABLE account DROP COLUMN name;');
CALL pg_temp.script('c3', 'b2', 'CREATE INDEX account_name ON account (name);', 'DROP INDEX account_name;');

--
-- Names
--
SELECT * FROM migrate_upgrade(schema => 'regress_one');
:code
SELECT * FROM migrate_upgrade(schema => 'pg_catalog');
:code
SELECT * FROM migrate_current(schema => 'information_schema');
:code
SELECT * FROM migrate_plan(schema => repeat('x', 64));
:code
SELECT count(*) FROM migrate_plan(schema => repeat('x', 63));
SELECT migrate_check(schema => 'regress_one');
:code
SELECT * FROM migrate_stamp('auto', schema => 'regress_one');
:code

--
-- Upgrades and downgrades
--
CREATE SCHEMA regress_one;
SELECT step, revision FROM migrate_upgrade('b2', schema => 'regress_one');
SELECT step, revision FROM migrate_upgrade(schema => 'regress_two', create_schema => true);
-- a schema of a name that has to be quoted
SELECT step, revision FROM migrate_upgrade('a1', schema => 'Regress "3"; x', create_schema => true);
SELECT pg_temp.all_versions();
SELECT table_schema, string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns
WHERE table_name = 'account' GROUP BY table_schema ORDER BY table_schema COLLATE "C";
SHOW search_path;
SELECT schema_name, direction, revision, added_versions FROM migrate_log ORDER BY id;
-- the ordinary lineage is another one
SELECT * FROM migrate_current();
SELECT step, revision FROM migrate_downgrade('-1', schema => 'regress_two');
SELECT step, revision FROM migrate_upgrade(schema => 'regress_two');
SELECT step, revision FROM migrate_upgrade(schema => 'regress_two');

--
-- Looking
--
SELECT revision, is_head, applied_at IS NOT NULL AS applied, schema_name FROM migrate_current(schema => 'regress_one');
SELECT revision, is_head, schema_name FROM migrate_current(schema => 'Regress "3"; x');
SELECT revision, is_current, is_applied FROM migrate_history(schema => 'regress_one');
SELECT revision FROM migrate_history('current:', schema => 'regress_one');
SELECT revision, is_current FROM migrate_show('current', schema => 'regress_two');
SELECT migrate_graph(schema => 'regress_one');
SELECT step, direction, revision, sql FROM migrate_plan(schema => 'regress_one');
SELECT step, direction, revision, sql FROM migrate_plan('base', schema => 'Regress "3"; x');
-- one that does not exist yet, or was never run
SELECT count(*) FROM migrate_plan(schema => 'regress_new');
SELECT * FROM migrate_current(true, 'regress_one');
:code
SELECT revision FROM migrate_current(true, 'regress_two');

-- several
SELECT schema_name, revision, is_head, applied_at IS NOT NULL AS applied FROM migrate_current(schema => '%');
SELECT schema_name, revision FROM migrate_current(schema => 'regress\_%');
SELECT schema_name, revision FROM migrate_current(check_heads => true, schema => 'regress_t%');
SELECT schema_name, revision FROM migrate_current(check_heads => true, schema => '%');
:code
SELECT * FROM migrate_current(schema => NULL);

--
-- The script store
--
SELECT migrate_register(E'-- Revision ID: c3\n-- Revises: b2\n-- migrate:upgrade\nSELECT 1;\n');
:code
SELECT migrate_edit('a1', E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;\n');
:code
SELECT migrate_unregister('c3');
:code

--
-- Status
--
SELECT schema_name, revisions, is_at_head, pending, status, last_run, last_error, applied_at IS NOT NULL AS applied
FROM migrate_status();
SELECT schema_name, revisions, pending, status FROM migrate_status('regress\_t%');
-- schemas without rows, if they are asked for
CREATE SCHEMA regress_zero;
SELECT schema_name FROM migrate_status();
SELECT schema_name, revisions, is_at_head, pending, status, last_run, applied_at FROM migrate_status('regress_z%');
SELECT count(*) FROM migrate_status('pg%');
SELECT count(*) FROM migrate_status('information%');
-- nor the extension's own
SELECT count(*) FROM migrate_status('public');
SELECT migrate_stamp('c3');
SELECT schema_name, revisions, status FROM migrate_status('');
SELECT migrate_stamp('c3', schema => 'public');
SELECT schema_name, revisions, status FROM migrate_status('public');
SELECT migrate_stamp('base', schema => 'public');
SELECT migrate_stamp('base');

-- a failure
CREATE TABLE "Regress ""3""; x".other (name text);
ALTER TABLE "Regress ""3""; x".account ADD COLUMN name text;
CALL migrate_run(schema => 'Regress "3"; x');
CREATE TABLE regress_zero.account ();
CALL migrate_run(schema => 'regress_zero');
SELECT schema_name, revisions, is_at_head, pending, status, last_run, last_error FROM migrate_status();
-- for those who may not read the ledger without what went wrong
CREATE ROLE regress_migrate_looker;
SET ROLE regress_migrate_looker;
SELECT schema_name, status, last_run, last_error FROM migrate_status('regress_z%');
SELECT schema_name, revision FROM migrate_current(schema => '%');
RESET ROLE;
-- one who may not use the schema would otherwise run scripts in the next of the path
GRANT EXECUTE ON FUNCTION migrate_upgrade, migrate_diff TO regress_migrate_looker;
SET ROLE regress_migrate_looker;
SELECT * FROM migrate_upgrade(schema => 'regress_one');
:code
SELECT * FROM migrate_diff(schema => 'regress_one');
:code
RESET ROLE;
REVOKE EXECUTE ON FUNCTION migrate_upgrade, migrate_diff FROM regress_migrate_looker;
GRANT SELECT ON migrate_log TO regress_migrate_looker;
SET ROLE regress_migrate_looker;
SELECT schema_name, status, last_run, last_error FROM migrate_status('regress_z%');
RESET ROLE;
REVOKE SELECT ON migrate_log FROM regress_migrate_looker;
DROP ROLE regress_migrate_looker;
-- until it succeeds
ALTER TABLE "Regress ""3""; x".account DROP COLUMN name;
CALL migrate_run('b2', schema => 'Regress "3"; x');
DROP TABLE regress_zero.account;
SELECT schema_name, revisions, pending, status, last_run, last_error FROM migrate_status();

-- run in part
INSERT INTO migrate_unfinished VALUES ('regress_zero', 'a1', 'upgrade', 1, '{x}', NULL, now(), now());
SELECT schema_name, revisions, pending, status FROM migrate_status('%zero');
DELETE FROM migrate_unfinished;

-- dropped
DROP SCHEMA regress_two CASCADE;
SELECT schema_name, revisions, is_at_head, pending, status FROM migrate_status('%two');
SELECT schema_name, revision FROM migrate_current(schema => '%two');
SELECT * FROM migrate_upgrade(schema => 'regress_two', create_schema => true);
:code
SELECT * FROM migrate_stamp('base', schema => 'regress_two');
SELECT count(*) FROM migrate_status('%two');

-- rows that are not known
INSERT INTO migrate_version VALUES ('regress_one', 'gone'), ('regress_zero', 'lost');
SELECT schema_name, revisions, is_at_head, pending, status FROM migrate_status();
SELECT schema_name, revision FROM migrate_current(schema => '%');
SELECT schema_name, revision FROM migrate_current(schema => 'regress_zero');
SELECT schema_name, revision FROM migrate_current(true, 'regress_z%');
SELECT revision, is_applied FROM migrate_history(schema => 'regress_zero');
SELECT migrate_stamp('b2', purge => true, schema => 'regress_one');
SELECT migrate_stamp('base', purge => true, schema => 'regress_zero');
SELECT pg_temp.all_versions();

--
-- Comparisons
--
SELECT migrate_model('app', '
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE VIEW names AS SELECT count(*) AS n FROM account a;
CREATE FUNCTION name_of(account) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT $1.name; END;
CREATE TABLE item (account_id integer REFERENCES account, state text DEFAULT ''new'');
');
SELECT migrate_check(schema => 'regress_one');
:code
SELECT migrate_stamp('c3', schema => 'regress_one');
SELECT migrate_check(schema => 'regress_one');
:code
DROP TABLE "Regress ""3""; x".other;
SELECT operation, object_type, identity, sql FROM migrate_diff('c3', 'database', schema => 'Regress "3"; x');
CREATE INDEX account_name ON regress_one.account (name);
SELECT count(*) FROM migrate_diff('c3', 'database', schema => 'regress_one');
SELECT operation, object_type, identity, sql FROM migrate_diff(schema => 'regress_one');
SELECT revision, verdict FROM migrate_prove(schema => 'regress_one');
-- the script that is written for one schema does for all
SELECT regexp_replace(script, 'Create Date: .*?\n', E'Create Date: now\n') FROM migrate_revision('more', rev_id => 'd4', autogenerate => true, schema => 'regress_one') \g (format=unaligned tuples_only=on)
SELECT revision FROM migrate_upgrade(schema => 'regress_one');
SELECT migrate_check(schema => 'regress_one');
SELECT revision FROM migrate_upgrade(schema => 'Regress "3"; x');
SELECT migrate_check(schema => 'Regress "3"; x');
SELECT * FROM migrate_revision('none', autogenerate => true, schema => 'regress_one');
-- the ordinary schema is not looked at
SELECT migrate_check(schema => 'regress_zero');
SELECT revision, verdict FROM migrate_prove(schema => 'regress_zero');
-- changed by hand
ALTER TABLE regress_one.item ADD COLUMN extra text;
SELECT migrate_check(schema => 'regress_one');
SELECT operation, identity, sql FROM migrate_diff('database', 'd4', schema => 'regress_one');
ALTER TABLE regress_one.item DROP COLUMN extra;
-- where a schema is
SELECT migrate_stamp('base', purge => true, schema => 'Regress "3"; x');
SELECT * FROM migrate_stamp('auto', schema => 'Regress "3"; x');
SELECT pg_temp.all_versions();
-- the setting names the ordinary schemas: that of unqualified names is another one
CREATE SCHEMA regress_app;
SET search_path = regress_app, public;
SET migrate.schemas = regress_app;
SELECT migrate_check(schema => 'regress_one');
SELECT migrate_snapshot(schema => 'regress_one') ~ 'regress_app' AS app, migrate_snapshot(schema => 'regress_one') ~ 'regress_one' AS one,
	migrate_snapshot() ~ 'regress_app' AS ordinary;
RESET migrate.schemas;
RESET search_path;
DROP SCHEMA regress_app;

--
-- Scripts for psql
--
SELECT migrate_upgrade_sql('b2', schema => 'Regress "3"; x') \g (format=unaligned tuples_only=on)
SELECT migrate_upgrade_sql('b2:c3', schema => 'regress_one') \g (format=unaligned tuples_only=on)
SELECT migrate_downgrade_sql('b2:base', schema => 'regress_one') \g (format=unaligned tuples_only=on)
CALL pg_temp.script('e5', 'd4', 'SET lock_timeout = 1; CREATE INDEX CONCURRENTLY i ON account (name);');
SELECT migrate_upgrade_sql('d4:e5', schema => 'regress_one') \g (format=unaligned tuples_only=on)

DROP SCHEMA regress_one, regress_zero, "Regress ""3""; x" CASCADE;
CALL pg_temp.reset();
