--
-- CALL migrate_run(): revisions that cannot run in one transaction
--
\i tests/sql/helpers.sql
CREATE VIEW pg_temp.statements AS
	SELECT revision, statement, line, rows, attempt, sqlstate FROM migrate_log_statement ORDER BY id;
CREATE VIEW pg_temp.unfinished AS
	SELECT revision, direction, cardinality(statements_done) AS done FROM migrate_unfinished;
CREATE VIEW pg_temp.indexes AS
	SELECT indexrelid::regclass AS index, indisvalid FROM pg_index
	WHERE indrelid::regclass::text LIKE 'regress\_%' ORDER BY indexrelid::regclass::text;

--
-- Each statement in a transaction of its own, with what was set before
--
CALL pg_temp.script('a1', '', $$
CREATE TABLE regress_t (id integer, b text);
INSERT INTO regress_t SELECT g, g FROM generate_series(1, 10) g;
SET maintenance_work_mem = '3MB';
CREATE INDEX CONCURRENTLY regress_t_id ON regress_t (id);
CREATE UNIQUE INDEX CONCURRENTLY ON regress_t (b);
DO 'BEGIN RAISE NOTICE ''with %'', current_setting(''maintenance_work_mem''); END';
REINDEX TABLE CONCURRENTLY regress_t;
COPY regress_t FROM STDIN;
11	eleven
\.
VACUUM regress_t;
-- migrate:assert
SELECT count(*) = 11 FROM regress_t;$$, $$
DROP INDEX CONCURRENTLY regress_t_id;
DROP TABLE regress_t;$$);
SELECT revision, statement, transactional, locks FROM migrate_plan();
CALL migrate_run();
SELECT * FROM pg_temp.statements;
SELECT * FROM pg_temp.indexes;
SELECT pg_temp.versions(), (SELECT count(*) FROM pg_temp.unfinished) AS unfinished;
SHOW maintenance_work_mem;
CALL migrate_run('base');
SELECT to_regclass('regress_t') AS t, pg_temp.versions();
CALL migrate_run();

--
-- An enum value wants a commit before it is used
--
CALL pg_temp.script('b2', 'a1', $$
CREATE TYPE regress_e AS ENUM ('a');
ALTER TYPE regress_e ADD VALUE 'b';
CREATE TABLE regress_u (e regress_e DEFAULT 'b');$$, $$
DROP TABLE regress_u;
DROP TYPE regress_e;$$);
CALL migrate_run();
SELECT pg_temp.versions();

--
-- A failure leaves what has run, but no invalid index; the next call goes on
--
CALL pg_temp.script('c3', 'b2', $$
CREATE TABLE regress_d (id integer);
INSERT INTO regress_d VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY regress_d_id ON regress_d (id);
INSERT INTO regress_d VALUES (2);$$);
CALL migrate_run();
SELECT * FROM pg_temp.unfinished;
SELECT * FROM pg_temp.statements WHERE revision = 'c3';
SELECT * FROM pg_temp.indexes WHERE index::text LIKE 'regress_d%';
-- an index that somebody else left, behind IF NOT EXISTS; another one stays
CREATE UNIQUE INDEX CONCURRENTLY regress_d_id ON regress_d (id);
CREATE UNIQUE INDEX CONCURRENTLY regress_d_other ON regress_d (id);
DELETE FROM regress_d;
CALL pg_temp.script('c3', 'b2', $$
CREATE TABLE regress_d (id integer);
INSERT INTO regress_d VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS regress_d_id ON regress_d (id);
INSERT INTO regress_d VALUES (3);$$);
CALL migrate_run();
SELECT * FROM pg_temp.indexes WHERE index::text LIKE 'regress_d%';
SELECT * FROM regress_d;
SELECT * FROM pg_temp.unfinished;

--
-- What errors look like
--
CALL pg_temp.script('d4', 'c3', $$
VACUUM regress_d;
SELECT nosuch FROM regress_d;$$);
CALL migrate_run();
CALL pg_temp.script('d4', 'c3', $$
VACUUM regress_d;
ALTER TABLE regress_d ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO regress_d VALUES (3);$$);
CALL migrate_run();
CALL pg_temp.script('d4', 'c3', $$
VACUUM regress_d;
ALTER TABLE regress_d ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;
-- migrate:assert empty
SELECT * FROM regress_d;$$);
CALL migrate_run();
-- a table of this session does not exist for others
CREATE TEMPORARY TABLE regress_temp (id integer);
CALL pg_temp.script('d4', 'c3', $$
VACUUM regress_d;
ALTER TABLE regress_d ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX CONCURRENTLY ON regress_temp (id);$$);
CALL migrate_run();

--
-- Roles: those of the caller, and what the script makes of them
--
CREATE ROLE regress_boss;
GRANT CREATE ON SCHEMA public TO regress_boss;
CALL pg_temp.script('d4', 'c3', $$
VACUUM regress_d;
ALTER TABLE regress_d ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;
SET ROLE regress_boss;
CREATE TABLE regress_b (id integer);
CREATE INDEX CONCURRENTLY regress_b_id ON regress_nosuch (id);$$);
CALL migrate_run();
-- a SET that has run before is run again
CALL pg_temp.script('d4', 'c3', $$
VACUUM regress_d;
ALTER TABLE regress_d ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;
SET ROLE regress_boss;
CREATE TABLE regress_b (id integer);
CREATE INDEX CONCURRENTLY regress_b_id ON regress_b (id);
CREATE INDEX CONCURRENTLY regress_b_other ON regress_d (id);$$);
CALL migrate_run();
SELECT relowner::regrole FROM pg_class WHERE relname LIKE 'regress\_b%' ORDER BY relname;
SELECT statement, sqlstate FROM pg_temp.statements WHERE revision = 'd4';

DROP TABLE regress_t, regress_u, regress_d, regress_b;
DROP TYPE regress_e;
REVOKE CREATE ON SCHEMA public FROM regress_boss;
DROP ROLE regress_boss;
-- where nothing has run, the corrected script may be one for a transaction
CALL pg_temp.reset();
CALL pg_temp.script('x1', '', 'CREATE INDEX CONCURRENTLY ON regress_missing (id);');
CALL migrate_run();
SELECT * FROM pg_temp.unfinished;
SELECT * FROM migrate_upgrade();
CALL pg_temp.script('x1', '', 'CREATE TABLE regress_missing (id integer); CREATE INDEX ON regress_missing (id);');
CALL migrate_run();
SELECT * FROM pg_temp.unfinished;
SELECT revision, statements, sqlstate FROM migrate_log ORDER BY id;
DROP TABLE regress_missing;

CALL pg_temp.reset();
