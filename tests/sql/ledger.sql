--
-- The ledger: what was run, statement by statement; and what was interrupted
--
\i tests/sql/helpers.sql
CALL pg_temp.script('a1', '', E'CREATE TABLE regress_t (id integer);\nINSERT INTO regress_t\nSELECT generate_series(1, 10);\nUPDATE regress_t SET id = -id\nWHERE id > 3;',
	'DROP TABLE regress_t;');
CALL pg_temp.script('b2', 'a1', E'COPY regress_t FROM STDIN;\n1\n2\n3\n\\.\nSELECT pg_sleep(0.02);', 'SELECT count(*) FROM regress_t;');
CALL pg_temp.script('c3', 'b2', '', '');

--
-- Runs
--
SELECT revision FROM migrate_upgrade('head');
SELECT revision FROM migrate_downgrade('a1');
-- nothing to do is no run
SELECT revision FROM migrate_upgrade('a1');
SELECT * FROM migrate_stamp('a1');
-- nor is one that was rolled back, but its number is not used again
BEGIN;
SELECT revision FROM migrate_upgrade('b2');
ROLLBACK;
SELECT revision FROM migrate_upgrade('b2');
SELECT run, direction, revision, removed_versions AS removed, added_versions AS added, statements, attempts, rows, lock_wait, sqlstate, error
FROM migrate_log ORDER BY id;
SELECT run, direction, revision, statement, line, attempt, rows, lock_wait, sqlstate, error
FROM migrate_log_statement ORDER BY id, statement;

-- what was measured fits together
SELECT l.run, l.direction, l.revision, l.rows = sum(s.rows) AS rows, l.wal_bytes = sum(s.wal_bytes) AS wal_bytes,
	l.wal_bytes > 0 OR l.direction = 'downgrade' AS has_written, sum(s.duration) <= l.duration AS duration, min(s.started_at) >= l.started_at AS started,
	bool_and(s.backend_pid = l.backend_pid) AS pid
FROM migrate_log l JOIN migrate_log_statement s USING (run, schema_name, direction, revision)
GROUP BY l.id ORDER BY l.id;
SELECT statement FROM migrate_log_statement WHERE duration >= '20 milliseconds' AND revision = 'b2' AND direction = 'upgrade';
SELECT DISTINCT session_role = session_user AND script_role = current_user AND application_name = current_setting('application_name')
	AND backend_pid = pg_backend_pid() AS who
FROM migrate_log;

-- a stamp says where the database is, not when it came there
SELECT revision, applied_at = (SELECT started_at FROM migrate_log ORDER BY id DESC LIMIT 1) AS of_last_run FROM migrate_current();
-- and what failed was not applied
INSERT INTO migrate_log (run, direction, revision, removed_versions, added_versions, statements, started_at, duration,
	attempts, lock_wait, rows, wal_bytes, session_role, script_role, application_name, backend_pid, transaction_id, sqlstate)
SELECT run + 1, direction, revision, '{}', '{}', 1, started_at + '1 hour', duration,
	attempts, lock_wait, rows, wal_bytes, session_role, script_role, application_name, backend_pid, transaction_id, '22012'
FROM migrate_log ORDER BY id DESC LIMIT 1;
SELECT revision, applied_at < now() AS of_success FROM migrate_current();

--
-- Append-only
--
CREATE ROLE regress_clerk;
GRANT ALL ON migrate_log, migrate_log_detail, migrate_log_statement TO regress_clerk;
SET ROLE regress_clerk;
UPDATE migrate_log SET error = NULL;
UPDATE migrate_log SET error = NULL WHERE false;
DELETE FROM migrate_log;
TRUNCATE migrate_log;
UPDATE migrate_log_detail SET error = NULL;
DELETE FROM migrate_log_detail;
TRUNCATE migrate_log_detail;
ALTER TABLE migrate_log DISABLE TRIGGER ALL;
SELECT count(*) FROM migrate_log;
RESET ROLE;
-- a superuser may, whatever it is good for
SET session_replication_role = replica;
DELETE FROM migrate_log WHERE sqlstate IS NOT NULL;
RESET session_replication_role;
REVOKE ALL ON migrate_log, migrate_log_detail, migrate_log_statement FROM regress_clerk;
DROP ROLE regress_clerk;
SELECT migrate_log_is_append_only();

--
-- What was interrupted is not run again from its beginning
--
CREATE PROCEDURE pg_temp.interrupted(revision text, direction text, done integer)
LANGUAGE sql
AS $$
	DELETE FROM migrate_unfinished;
	INSERT INTO migrate_unfinished (revision, direction, run, statements_done, started_at, changed_at)
	SELECT revision, direction, 7, array_agg('checksum'::text), now(), now() FROM generate_series(1, done);
$$;
SELECT revision FROM migrate_downgrade('a1');
CALL pg_temp.interrupted('b2', 'upgrade', 1);
SELECT * FROM migrate_upgrade('head');
SELECT * FROM migrate_upgrade('b2');
SELECT pg_temp.versions();
-- nothing to do, nothing to refuse
SELECT * FROM migrate_upgrade('a1');
-- a stamp settles it
SELECT * FROM migrate_stamp('b2');
SELECT count(*) FROM migrate_unfinished;
CALL pg_temp.interrupted('b2', 'downgrade', 1);
SELECT * FROM migrate_downgrade('base');
SELECT pg_temp.versions();
SELECT * FROM migrate_stamp('b2');
SELECT count(*) FROM migrate_unfinished;
SELECT revision FROM migrate_upgrade('head');

--
-- An enum value that is added and used
--
CREATE TYPE regress_mood AS ENUM ('glad');
CALL pg_temp.script('d4', 'c3', E'ALTER TYPE regress_mood ADD VALUE ''sad'';\nSELECT 1;\nSELECT ''sad''::regress_mood;');
SELECT * FROM migrate_upgrade('head');
DROP TYPE regress_mood;
SELECT revision FROM migrate_downgrade('base');
CALL pg_temp.reset();
