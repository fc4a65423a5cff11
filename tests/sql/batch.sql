--
-- The directive "-- migrate:batch": a statement of a revision in batches
--
\i tests/sql/helpers.sql
CREATE VIEW pg_temp.statements AS
	SELECT revision, direction, statement, line, rows, attempt, sqlstate FROM migrate_log_statement ORDER BY id;
CREATE VIEW pg_temp.backfills AS
	SELECT revision, phase, position, rows_seen, rows_changed, batches FROM migrate_backfill ORDER BY revision;
CREATE TABLE regress_item (id integer PRIMARY KEY, name text, n integer NOT NULL DEFAULT 0, CHECK (n < 100));
INSERT INTO regress_item SELECT g, 'item ' || g FROM generate_series(1, 20) g;
-- each statement that changes something
CREATE TABLE regress_trace (txid xid8, rows bigint);
CREATE FUNCTION regress_note() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO regress_trace SELECT pg_current_xact_id(), count(*) FROM changed;
	RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER UPDATE ON regress_item REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION regress_note();
CREATE FUNCTION pg_temp.batches() RETURNS text
LANGUAGE sql
AS $$
	WITH done AS (DELETE FROM regress_trace RETURNING *)
	SELECT string_agg(rows::text, ' ' ORDER BY txid) || ' in ' || count(DISTINCT txid) FROM done
$$;
-- so that it does not depend on the machine how they grow
SET migrate.batch_target = '1 h';

--
-- In a function it is one statement, in a run many
--
CALL pg_temp.script('a1', '', $$
-- all get a number
-- migrate:batch size=8
UPDATE regress_item SET n = n + 1 WHERE id > 0;
SELECT 1;$$, $$
-- migrate:batch key=ctid
UPDATE regress_item SET n = n - 1 WHERE n > 0;$$);
SELECT revision, statement, transactional, locks FROM migrate_plan();
SELECT revision, statements FROM migrate_upgrade();
SELECT pg_temp.batches();
SELECT revision FROM migrate_downgrade('-1');
SELECT pg_temp.batches();
SELECT * FROM pg_temp.statements;
TRUNCATE migrate_log_detail;
CALL migrate_run();
SELECT pg_temp.batches();
SELECT count(*), sum(n) FROM regress_item;
CALL migrate_run('base');
TRUNCATE regress_trace;
SELECT count(*), sum(n) FROM regress_item;
SELECT * FROM pg_temp.statements;
SELECT pg_temp.versions(), (SELECT count(*) FROM pg_temp.backfills) AS backfills;

--
-- INSERT ... SELECT and DELETE; a key, a table, a pause
--
CREATE TABLE regress_copy (id integer PRIMARY KEY, name text);
CREATE TABLE "Regress Word" ("The Id" bigint, word text);
INSERT INTO "Regress Word" SELECT g % 7, 'word ' || g FROM generate_series(1, 20) g;
CREATE INDEX ON "Regress Word" ("The Id");
CALL pg_temp.script('b2', 'a1', $$
-- migrate:batch size=6 pause=1ms table=i
INSERT INTO regress_copy SELECT i.id, w FROM (VALUES ('w')) AS v (w), regress_item AS i;
-- migrate:batch key="The Id" size=6 table="Regress Word"
DELETE FROM "Regress Word" WHERE word LIKE '%1%'$$, $$
-- migrate:batch
DELETE FROM regress_copy AS c USING regress_item AS i WHERE i.id = c.id AND i.id > 3;
DELETE FROM regress_copy;$$);
CALL migrate_run();
SELECT count(*), (SELECT count(*) FROM "Regress Word") AS words FROM regress_copy;
SELECT statement, line, rows FROM pg_temp.statements WHERE revision = 'b2';
CALL migrate_run('a1', direction => 'downgrade');
SELECT count(*) FROM regress_copy;
SELECT statement, line, rows FROM pg_temp.statements WHERE revision = 'b2' AND direction = 'downgrade';

--
-- An error in the middle: what was done stays, and the next run goes on
--
CALL pg_temp.script('b2', 'a1', $$
INSERT INTO regress_copy VALUES (1, 'b2');
-- migrate:batch size=8
UPDATE regress_item SET n = n + 10 WHERE id > 0;
INSERT INTO regress_copy VALUES (2, 'b2');$$, $$
-- migrate:batch size=8
UPDATE regress_item SET n = n - 10 WHERE n > 0;
DELETE FROM regress_copy;$$);
UPDATE regress_item SET n = 95 WHERE id = 10;
TRUNCATE regress_trace;
CALL migrate_run();
SELECT n, count(*) FROM regress_item GROUP BY n ORDER BY n;
SELECT * FROM pg_temp.backfills;
SELECT phase, revision, statement FROM migrate_progress;
SELECT cardinality(statements_done) FROM migrate_unfinished;
SELECT statement, rows, sqlstate FROM pg_temp.statements WHERE revision = 'b2' AND direction = 'upgrade' ORDER BY 1;
-- not in a function
SELECT revision FROM migrate_upgrade();
-- nothing twice, and another size does no harm
UPDATE regress_item SET n = 0 WHERE id = 10;
\set SHOW_CONTEXT never
CALL pg_temp.script('b2', 'a1', $$
INSERT INTO regress_copy VALUES (1, 'b2');
-- migrate:batch size=1000 pause=1us
UPDATE regress_item SET n = n + 10 WHERE id > 0;$$);
\set SHOW_CONTEXT errors
CALL pg_temp.script('b2', 'a1', $$
INSERT INTO regress_copy VALUES (1, 'b2');
-- migrate:batch size=1000 pause=1ms
update regress_item SET n = n + 10 -- all
WHERE id > 0;
INSERT INTO regress_copy VALUES (2, 'b2');$$, $$
-- migrate:batch size=8
UPDATE regress_item SET n = n - 10 WHERE n > 0;
DELETE FROM regress_copy;$$);
CALL migrate_run();
SELECT n, count(*) FROM regress_item GROUP BY n ORDER BY n;
SELECT statement, rows, sqlstate FROM pg_temp.statements WHERE revision = 'b2' AND direction = 'upgrade' ORDER BY 1;
SELECT pg_temp.versions(), (SELECT count(*) FROM pg_temp.backfills) AS backfills, (SELECT count(*) FROM migrate_unfinished) AS unfinished;
TRUNCATE regress_trace;
-- a downgrade that was begun
UPDATE regress_item SET n = 99 WHERE id = 15;
ALTER TABLE regress_item ADD CHECK (n <> 89);
CALL migrate_run('-1');
SELECT phase, position, rows_changed FROM pg_temp.backfills;
CALL migrate_run('head');
-- a stamp makes it forgotten
SELECT * FROM migrate_stamp('a1');
SELECT (SELECT count(*) FROM pg_temp.backfills) AS backfills, (SELECT count(*) FROM migrate_backfill_skipped) AS skipped;
TRUNCATE regress_trace;

--
-- Another statement than the one that was begun
--
UPDATE regress_item SET n = CASE id WHEN 10 THEN 95 ELSE 0 END;
CALL pg_temp.script('b2', 'a1', $$
-- migrate:batch size=8
UPDATE regress_item SET n = n + 10 WHERE id > 0;$$);
CALL migrate_run();
SELECT position FROM pg_temp.backfills;
CALL pg_temp.script('b2', 'a1', $$
UPDATE regress_item SET n = 10 WHERE id > 0;$$);
CALL migrate_run();
SELECT n, count(*) FROM regress_item GROUP BY n ORDER BY n;
SELECT count(*) FROM pg_temp.backfills;
CALL migrate_run('-1');
-- the same, with another key, and among other statements
CREATE UNIQUE INDEX ON regress_item (name);
ALTER TABLE regress_item ALTER name SET NOT NULL;
UPDATE regress_item SET n = CASE id WHEN 10 THEN 95 ELSE 0 END;
CALL pg_temp.script('b2', 'a1', $$
SELECT 1;
-- migrate:batch size=8
UPDATE regress_item SET n = n + 10 WHERE id > 0;$$);
CALL migrate_run();
UPDATE regress_item SET n = 0;
CALL pg_temp.script('b2', 'a1', $$
SELECT 1;
-- migrate:batch size=8 key=name
UPDATE regress_item SET n = n + 10 WHERE id > 0;$$);
UPDATE regress_item SET n = 95 WHERE id = 10;
CALL migrate_run();
CALL pg_temp.script('b2', 'a1', $$
SELECT 1;
UPDATE regress_item SET n = 10 WHERE id > 0;$$);
CALL migrate_run();
SELECT count(*) FROM pg_temp.backfills;
CALL migrate_run('-1');

--
-- What cannot be run in batches
--
CREATE PROCEDURE pg_temp.fails(up text)
LANGUAGE plpgsql
AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM migrate_register(E'-- Revision ID: c3\n-- Revises: a1\n-- migrate:upgrade\n' || up || E'\n-- migrate:downgrade\n', 'versions/c3.sql', accept_changes => true);
	PERFORM FROM migrate_plan('c3');
	RAISE NOTICE 'no error';
EXCEPTION WHEN SQLSTATE 'MG005' THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RAISE NOTICE E'%\n  %\n  %', message, detail, hint;
END
$$;
DELETE FROM migrate_script WHERE revision = 'b2';
CALL pg_temp.fails(E'-- migrate:batch size=many\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch rows=5\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch key=id key=id\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch key=id,\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch pause=soon\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch table=a.b.c\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batching\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'SELECT 1; -- migrate:batch\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'DELETE FROM\n-- migrate:batch\nregress_copy;');
CALL pg_temp.fails(E'-- migrate:batch\nDELETE FROM\n-- migrate:assert\nregress_copy;');
CALL pg_temp.fails(E'-- migrate:batch\n-- migrate:batch size=5\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch\n-- migrate:assert\nDELETE FROM regress_copy;');
CALL pg_temp.fails(E'-- migrate:assert\n-- migrate:batch\nSELECT true;');
CALL pg_temp.fails(E'DELETE FROM regress_copy;\n-- migrate:batch');
CALL pg_temp.fails(E'-- migrate:batch\nINSERT INTO regress_copy VALUES (1);');
CALL pg_temp.fails(E'-- migrate:batch\nINSERT INTO regress_copy DEFAULT VALUES;');
CALL pg_temp.fails(E'-- migrate:batch\nSELECT 1;');
CALL pg_temp.fails(E'-- migrate:batch\nTRUNCATE regress_copy;');
CALL pg_temp.fails(E'-- migrate:batch\nCREATE TABLE regress_x AS SELECT 1;');
CALL pg_temp.fails(E'-- migrate:batch\nDELETE FROM regress_copy;\nSELECT 1;\n-- migrate:batch\n-- and why\nUPDATE regress_copy SET name = '''';');
-- found out by the run
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch\nINSERT INTO regress_copy SELECT DISTINCT id, name FROM regress_item;');
CALL migrate_run('b2');
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch key=n\nDELETE FROM regress_item;');
CALL migrate_run('b2');
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch\nUPDATE regress_item SET nosuch = 1;');
CALL migrate_run('b2');
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch\nUPDATE nosuch SET n = 1;');
CALL migrate_run('b2');
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch\nUPDATE regress_item SET n = 100 WHERE id = 7;');
CALL migrate_run('b2');
-- the position of an error is that in the script
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch\nUPDATE regress_item SET n = 1 / (id - 7);');
CALL migrate_run('b2');
-- in a function all of them are only statements
SELECT migrate_stamp('a1');
CALL pg_temp.script('b2', 'a1', E'-- migrate:batch key=name\nINSERT INTO regress_copy SELECT DISTINCT id, name FROM regress_item WHERE id = 1;', 'DELETE FROM regress_copy;');
TRUNCATE regress_copy;
SELECT revision FROM migrate_upgrade('b2');
TABLE regress_copy;

--
-- It is no part of the checksum; on a shadow, and for psql, it is a comment
--
SELECT action FROM migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nINSERT INTO regress_copy SELECT DISTINCT id, name FROM regress_item WHERE id = 1;\n-- migrate:downgrade\nDELETE FROM regress_copy;');
SELECT migrate_upgrade_sql('a1:b2');
CALL migrate_run('base');
SELECT * FROM migrate_stamp('base');
CALL pg_temp.script('a1', '', E'CREATE TABLE regress_shadow (id integer PRIMARY KEY);\n-- migrate:batch size=5\nUPDATE regress_shadow SET id = 2;', E'-- migrate:batch\nDELETE FROM regress_shadow;\nDROP TABLE regress_shadow;');
DELETE FROM migrate_script WHERE revision <> 'a1';
SELECT migrate_upgrade_sql('head');
SELECT * FROM migrate_prove();

--
-- Each schema has its own cursors
--
DELETE FROM migrate_script;
TRUNCATE migrate_log_detail;
CREATE SCHEMA regress_tenant_a;
CREATE SCHEMA regress_tenant_b;
CREATE TABLE regress_tenant_a.item (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0, CHECK (n < 100));
CREATE TABLE regress_tenant_b.item (LIKE regress_tenant_a.item INCLUDING ALL);
INSERT INTO regress_tenant_a.item SELECT g FROM generate_series(1, 20) g;
INSERT INTO regress_tenant_b.item SELECT g, CASE g WHEN 10 THEN 95 ELSE 0 END FROM generate_series(1, 20) g;
CALL pg_temp.script('a1', '', E'-- migrate:batch size=8\nUPDATE item SET n = n + 10;', E'-- migrate:batch size=8\nUPDATE item SET n = n - 10;');
CALL migrate_run(schema => 'regress_tenant_a');
CALL migrate_run(schema => 'regress_tenant_b');
SELECT schema_name, position FROM migrate_backfill;
UPDATE regress_tenant_b.item SET n = 0 WHERE id = 10;
SET client_min_messages = warning;
CALL migrate_run(schemas => 'regress_tenant_%');
RESET client_min_messages;
SELECT DISTINCT a.n, b.n FROM regress_tenant_a.item a JOIN regress_tenant_b.item b USING (id);
SELECT schema_name, rows, sqlstate FROM migrate_log_statement ORDER BY id;
-- a downgrade that stops in both; a stamp of one leaves the other
UPDATE regress_tenant_a.item SET n = 30 + id;
UPDATE regress_tenant_b.item SET n = 30 + id;
ALTER TABLE regress_tenant_a.item ADD CHECK (n <> 30);
ALTER TABLE regress_tenant_b.item ADD CHECK (n <> 30);
CALL migrate_run('base', schema => 'regress_tenant_a');
CALL migrate_run('base', schema => 'regress_tenant_b');
SELECT schema_name, position FROM migrate_backfill ORDER BY 1;
SELECT * FROM migrate_stamp('base', schema => 'regress_tenant_a');
SELECT schema_name, position FROM migrate_backfill ORDER BY 1;
DELETE FROM regress_tenant_b.item WHERE id = 10;
CALL migrate_run('base', schema => 'regress_tenant_b');
SELECT count(*), bool_and(n = 20 + id) AS once FROM regress_tenant_b.item;
SET client_min_messages = warning;
DROP SCHEMA regress_tenant_a, regress_tenant_b CASCADE;
RESET client_min_messages;

DROP TABLE regress_item, regress_trace, regress_copy, "Regress Word";
DROP FUNCTION regress_note;
CALL pg_temp.reset();
