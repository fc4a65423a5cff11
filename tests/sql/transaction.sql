--
-- Runs as part of a transaction, of a function, of a block
--
\i tests/sql/helpers.sql
CREATE PROCEDURE pg_temp.history()
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nCREATE TABLE regress_t (id integer);\n-- migrate:downgrade\nDROP TABLE regress_t;');
	PERFORM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nINSERT INTO regress_t VALUES (1);\n-- migrate:downgrade\nDELETE FROM regress_t;');
	PERFORM migrate_register(E'-- Revision ID: c3\n-- Revises: b2\n-- migrate:upgrade\nINSERT INTO regress_t VALUES (1/0);');
END
$$;
CREATE FUNCTION pg_temp.state(OUT versions text, OUT "table" boolean, OUT ledger bigint)
LANGUAGE sql
AS $$
	SELECT pg_temp.versions(), to_regclass('regress_t') IS NOT NULL, (SELECT count(*) FROM migrate_log)
$$;
CALL pg_temp.history();

--
-- All or nothing
--
SELECT revision FROM migrate_upgrade('head');
SELECT * FROM pg_temp.state();

-- an explicit transaction that rolls back
BEGIN;
SELECT revision FROM migrate_upgrade('b2');
SELECT * FROM pg_temp.state();
ROLLBACK;
SELECT * FROM pg_temp.state();

-- several runs in one transaction
BEGIN;
SELECT revision FROM migrate_upgrade('b2');
SELECT revision FROM migrate_upgrade('b2');
SELECT revision FROM migrate_downgrade('-1');
SELECT revision FROM migrate_upgrade('+1');
SELECT * FROM pg_temp.state();
COMMIT;
SELECT * FROM pg_temp.state();
SELECT direction, revision FROM migrate_log ORDER BY id;
SELECT count(DISTINCT transaction_id) AS transactions FROM migrate_log;
SELECT revision FROM migrate_downgrade('base');

-- scripts that were registered in the same transaction
BEGIN;
SELECT (migrate_register(E'-- Revision ID: x1\n-- migrate:upgrade')).action;
SELECT revision FROM migrate_upgrade('x1');
ROLLBACK;
SELECT revision FROM migrate_script ORDER BY revision COLLATE "C";

--
-- Savepoints
--
BEGIN;
SELECT revision FROM migrate_upgrade('a1');
SAVEPOINT s;
SELECT revision FROM migrate_upgrade('head');
ROLLBACK TO s;
SELECT * FROM pg_temp.state();
SELECT revision FROM migrate_upgrade('b2');
ROLLBACK TO s;
SELECT * FROM pg_temp.state();
-- the settings and the role are those of the session again
SELECT current_user = session_user AS own_role, current_setting('search_path') AS path;
COMMIT;
SELECT * FROM pg_temp.state();
SELECT revision FROM migrate_downgrade('base');

--
-- Blocks and functions
--
DO $$
BEGIN
	PERFORM migrate_upgrade('head');
EXCEPTION WHEN division_by_zero THEN
	RAISE NOTICE 'caught: %', SQLERRM;
END
$$;
SELECT * FROM pg_temp.state();

-- an error caught leaves no trace, and the next run is none within it
DO $$
DECLARE
	step migrate_step;
BEGIN
	FOR i IN 1..2 LOOP
		BEGIN
			PERFORM migrate_upgrade('head');
		EXCEPTION WHEN OTHERS THEN
			RAISE NOTICE 'caught: % (%)', SQLERRM, SQLSTATE;
		END;
	END LOOP;
	FOR step IN SELECT * FROM migrate_upgrade('b2') LOOP
		RAISE NOTICE 'step % is %', step.step, step.revision;
	END LOOP;
END
$$;
SELECT * FROM pg_temp.state();

CREATE FUNCTION pg_temp.again(target text) RETURNS SETOF text
LANGUAGE sql
AS $$
	SELECT revision FROM migrate_downgrade('base');
	SELECT revision FROM migrate_upgrade(target);
$$;
SELECT * FROM pg_temp.again('a1');
SELECT * FROM pg_temp.again('head');
SELECT * FROM pg_temp.state();

-- a procedure that commits between its runs
CREATE PROCEDURE pg_temp.by_steps()
LANGUAGE plpgsql
AS $$
BEGIN
	LOOP
		PERFORM migrate_upgrade('+1');
		COMMIT;
	END LOOP;
END
$$;
\set SHOW_CONTEXT never
CALL pg_temp.by_steps();
\set SHOW_CONTEXT errors
SELECT * FROM pg_temp.state();

-- the extended protocol's way, and a row at a time
PREPARE upgrade(text) AS SELECT revision FROM migrate_upgrade($1);
SELECT revision FROM migrate_downgrade('base');
EXECUTE upgrade('a1');
EXECUTE upgrade('b2');
DEALLOCATE upgrade;
BEGIN;
DECLARE steps CURSOR FOR SELECT revision FROM migrate_downgrade('base');
FETCH steps;
FETCH steps;
COMMIT;
SELECT * FROM pg_temp.state();

-- once per row of a query, and in a query that never asks for it
SELECT target, (SELECT count(*) FROM migrate_upgrade(target)) AS steps FROM (VALUES ('a1'), ('b2'), ('b2')) AS v(target);
SELECT migrate_downgrade('base') WHERE false;
SELECT * FROM pg_temp.state();
EXPLAIN (COSTS OFF) SELECT * FROM migrate_downgrade('base');
SELECT * FROM pg_temp.state();

--
-- Where the snapshot is fixed
--
SELECT revision FROM migrate_downgrade('base');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT revision FROM migrate_upgrade('b2');
SELECT * FROM pg_temp.state();
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT revision FROM migrate_downgrade('base');
SELECT * FROM pg_temp.state();
COMMIT;
SELECT * FROM pg_temp.state();

-- a transaction that may not write
BEGIN READ ONLY;
SELECT revision FROM migrate_downgrade('base');
ROLLBACK;

CALL pg_temp.reset();
