--
-- CALL migrate_run(): a transaction for each revision
--
\i tests/sql/helpers.sql
CREATE PROCEDURE pg_temp.history()
LANGUAGE plpgsql
AS $$
BEGIN
	CALL pg_temp.script('a1', '', 'CREATE TABLE regress_t (id integer);', 'DROP TABLE regress_t;');
	CALL pg_temp.script('b2', 'a1', 'INSERT INTO regress_t VALUES (1), (2);', 'DELETE FROM regress_t;');
	CALL pg_temp.script('c3', 'b2', 'ALTER TABLE regress_t ADD b text;', 'ALTER TABLE regress_t DROP b;');
END
$$;
CREATE VIEW pg_temp.ledger AS
	SELECT run, direction, revision, removed_versions AS removed, added_versions AS added, statements, attempts, rows, sqlstate, error
	FROM migrate_log ORDER BY id;
CALL pg_temp.history();

SELECT revision, statement, transactional, locks FROM migrate_plan();
CALL migrate_run('head');
SELECT pg_temp.versions();
SELECT * FROM pg_temp.ledger;
SELECT count(DISTINCT transaction_id) AS transactions FROM migrate_log;
-- nothing to do
CALL migrate_run();
CALL migrate_run('b2');

--
-- Directions and targets
--
CALL migrate_run('-1');
CALL migrate_run('a1', direction => 'downgrade');
CALL migrate_run('+1', direction => 'upgrade');
CALL migrate_run('+1');
CALL migrate_run('base');
SELECT pg_temp.versions();
CALL migrate_run('sideways', 'sideways');
CALL migrate_run(NULL);
CALL migrate_run('nosuch');
CALL migrate_run('+7');

--
-- An error leaves the revisions before it
--
CALL pg_temp.script('d4', 'c3', E'INSERT INTO regress_t VALUES (3);\nINSERT INTO regress_t VALUES (1/0);');
CALL migrate_run('head');
SELECT pg_temp.versions(), (SELECT count(*) FROM regress_t) AS rows;
SELECT * FROM pg_temp.ledger WHERE revision = 'd4';
SELECT run, revision, statement, line, rows, sqlstate, error FROM migrate_log_statement ORDER BY id DESC, statement DESC LIMIT 1;
-- a deferred constraint belongs to the revision, too
SELECT (migrate_edit('d4', E'-- Revision ID: d4\n-- Revises: c3\n-- migrate:upgrade\nALTER TABLE regress_t ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;\nINSERT INTO regress_t VALUES (2);')).action;
CALL migrate_run('head');
SELECT revision, sqlstate FROM pg_temp.ledger ORDER BY run DESC LIMIT 1;
SELECT (migrate_edit('d4', E'-- Revision ID: d4\n-- Revises: c3\n-- migrate:upgrade\nSET search_path = pg_catalog;\nSET ROLE pg_monitor;')).action;
CALL migrate_run('head');
SELECT current_user = session_user AS own_role, current_setting('search_path') AS path;
-- a syntax error or a missing downgrade stops the run before its first step
CALL migrate_run('base');
SELECT pg_temp.versions();

--
-- Where it may be called
--
BEGIN;
CALL migrate_run('head');
ROLLBACK;
CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL migrate_run('head'); END $$;
\set SHOW_CONTEXT never
SELECT pg_temp.f();
\set SHOW_CONTEXT errors
CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql AS $$ BEGIN CALL migrate_run('head'); END $$;
CREATE PROCEDURE pg_temp.pinned() LANGUAGE plpgsql SET search_path = pg_catalog AS $$ BEGIN CALL public.migrate_run('head'); END $$;
SELECT (migrate_stamp('c3', purge => true)).new_version;
\set SHOW_CONTEXT never
CALL pg_temp.pinned();
\set SHOW_CONTEXT errors
DO $$ BEGIN CALL migrate_run('-1'); CALL migrate_run('-1'); END $$;
CALL pg_temp.p();
-- in a loop over a cursor
SELECT (migrate_stamp('c3', purge => true)).new_version;
DO $$
DECLARE
	target text;
BEGIN
	FOR target IN SELECT unnest(ARRAY['-1', '+1', '-1']) LOOP
		CALL migrate_run(target);
	END LOOP;
	BEGIN
		CALL migrate_run('head');
	EXCEPTION WHEN OTHERS THEN
		RAISE NOTICE 'caught: % (%)', SQLERRM, SQLSTATE;
	END;
END
$$;
SELECT pg_temp.versions();
-- a script that calls for a run
CALL pg_temp.script('e5', 'd4', $$CALL migrate_run('head');$$);
CALL migrate_run('head');
-- ... at its end, by a deferred trigger
CREATE FUNCTION regress_nested() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM migrate_upgrade('head');
	RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER regress_nested AFTER INSERT ON regress_t
	DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION regress_nested();
CALL pg_temp.script('e5', 'd4', $$INSERT INTO regress_t DEFAULT VALUES;$$);
CALL migrate_run('head');
DROP TRIGGER regress_nested ON regress_t;
DROP FUNCTION regress_nested();
SELECT pg_temp.versions();

--
-- Options
--
CALL migrate_run('head', lock_timeout => '0');
CALL migrate_run('head', lock_retry_for => '100 days');
\set VERBOSITY sqlstate
SET migrate.lock_timeout = 0;
\set VERBOSITY default
SELECT (migrate_stamp('c3', purge => true)).new_version;
SET default_transaction_isolation = serializable;
CALL migrate_run('-1');
SET default_transaction_isolation = 'repeatable read';
CALL migrate_run('c3', lock_timeout => '50 ms', lock_retry_for => '1 s');
SET default_transaction_read_only = on;
CALL migrate_run('-1');
RESET default_transaction_read_only;
RESET default_transaction_isolation;

DROP TABLE regress_t;
CALL pg_temp.reset();
