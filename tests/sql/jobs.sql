--
-- Runs as a whole: rows of migrate_jobs, and runs in background workers
--
\i tests/sql/helpers.sql
ALTER SEQUENCE migrate_run_seq RESTART;
CALL pg_temp.script('a1', '', 'CREATE TABLE regress_job (step text);', 'DROP TABLE regress_job;');
CALL pg_temp.script('b2', 'a1', $$INSERT INTO regress_job VALUES ('b2 ' || current_setting('work_mem'));$$, 'DELETE FROM regress_job;');
CALL pg_temp.script('c3', 'b2', 'SELECT 1/0;', 'SELECT;');
CREATE VIEW pg_temp.jobs AS
	SELECT run, state, detached, pid IS NOT NULL AS active, command, sqlstate, error FROM migrate_jobs ORDER BY run;

-- in the foreground; a run that finds nothing to do is none
SET migrate.lock_retry_for = '10s';
CALL migrate_run('a1');
CALL migrate_run('a1');
SELECT * FROM pg_temp.jobs;
-- in the background
SET work_mem = '7MB';
CALL migrate_run('b2', detach => true);
CALL migrate_wait(2);
SELECT * FROM regress_job;
SELECT migrate_start(lock_timeout => '1 s', lock_retry_for => '5 s');
CALL migrate_wait(3);
-- not detached
CALL migrate_run('b2', detach => false);
CALL migrate_run('b2', NULL);
CALL migrate_run('head', detach => false);
SELECT * FROM pg_temp.jobs;
-- what a target that counts steps was is known
CALL migrate_run('-1', detach => true, run => 0);
CALL migrate_wait(5, '1 min');
SELECT state, command FROM pg_temp.jobs WHERE run = 5;

-- arguments are looked at before anything is started
SELECT migrate_start('head', 'sideways');
SELECT migrate_start(NULL);
SELECT migrate_start(schema => 'regress_nosuch');
SELECT migrate_start(lock_timeout => '0');
-- but not what they mean
SELECT migrate_start('nosuch');
CALL migrate_wait(6);

-- a function starts a job though its transaction is rolled back
BEGIN;
SELECT migrate_start('b2');
ROLLBACK;
CALL migrate_wait(7);
SELECT state FROM pg_temp.jobs WHERE run = 7;
CREATE FUNCTION pg_temp.definer() RETURNS bigint
SECURITY DEFINER
LANGUAGE sql
BEGIN ATOMIC
	SELECT migrate_start();
END;
CREATE ROLE regress_job_user;
GRANT EXECUTE ON FUNCTION pg_temp.definer() TO regress_job_user;
SET ROLE regress_job_user;
SELECT pg_temp.definer();
SELECT count(*), count(command), count(error) FROM migrate_jobs;
RESET ROLE;

-- what there is not, or is over
SELECT migrate_cancel(99);
SELECT migrate_pause(99);
SELECT migrate_resume(99);
CALL migrate_wait(99);
CALL migrate_wait(NULL);
SELECT migrate_cancel(7), migrate_pause(7);
SELECT migrate_resume(7);
BEGIN;
CALL migrate_wait(7);
ROLLBACK;
-- as if the server had crashed
UPDATE migrate_job SET state = 'running' WHERE run = 7;
SELECT state FROM pg_temp.jobs WHERE run = 7;
SELECT run, phase FROM migrate_progress;
CALL migrate_wait(7);
SELECT migrate_pause(7);
SELECT run, phase FROM migrate_progress;
CALL migrate_wait(7);
SELECT migrate_cancel(7);
CALL migrate_wait(7);
SELECT migrate_resume(7);
CALL migrate_wait(7);
UPDATE migrate_job SET state = 'failed', resumable = false WHERE run = 7;
SELECT migrate_resume(7);

-- a backfill
INSERT INTO regress_job SELECT i FROM generate_series(1, 10) AS i;
CREATE UNIQUE INDEX ON regress_job (step);
ALTER TABLE regress_job ADD touched integer NOT NULL DEFAULT 0, ADD id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY;
CALL migrate_backfill('regress_job', 'UPDATE regress_job SET touched = touched + 1', detach => true, size => 3);
CALL migrate_wait(8);
SELECT migrate_start_backfill('regress_job', 'UPDATE regress_job SET touched = touched + 1');
CALL migrate_wait(9);
SELECT touched, count(*) FROM regress_job GROUP BY touched;
SELECT state, command FROM pg_temp.jobs WHERE run IN (8, 9) ORDER BY run;

DROP FUNCTION pg_temp.definer();
DROP ROLE regress_job_user;
DROP TABLE regress_job;
CALL pg_temp.reset();
