--
-- Running scripts: where statements end, what they may do, and where an error
-- is said to be
--
\i tests/sql/helpers.sql

-- Make a script of some statements the only one, not applied.  They begin on
-- its third line.
CREATE PROCEDURE pg_temp.script(statements text)
LANGUAGE plpgsql
AS $$
BEGIN
	CALL pg_temp.reset();
	PERFORM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n' || statements, 'versions/r1.sql');
END
$$;

--
-- Where statements end
--
CALL pg_temp.script($script$
SELECT ';', E'\';', "a;b", $$;$$, $x$;$$;$y$;$x$ FROM (SELECT 1 AS "a;b") AS t; -- ; a comment
/* ; /* nested ; */ ; */ SELECT 2;;
SELECT
	3
;
CREATE FUNCTION regress_plain() RETURNS integer LANGUAGE plpgsql AS '
BEGIN
	RETURN 1;
END';
CREATE OR REPLACE FUNCTION regress_dollar() RETURNS text LANGUAGE plpgsql AS $body$
BEGIN
	EXECUTE $q$ SELECT ';' ; $q$;
	RETURN $$;$$;
END;
$body$;
CREATE FUNCTION regress_atomic(a integer) RETURNS integer
BEGIN ATOMIC
	SELECT 1;
	SELECT CASE WHEN a > 0 THEN (SELECT a AS "end") ELSE 2 END;
END;
CREATE PROCEDURE regress_nested()
BEGIN ATOMIC
	SELECT CASE a WHEN 1 THEN CASE b WHEN 2 THEN 3 END END FROM (SELECT 1 AS a, 2 AS b) AS t;
END;
CREATE FUNCTION regress_return() RETURNS integer RETURN 1 + 1;
DO $$ BEGIN PERFORM 1; PERFORM 2; END $$;
SELECT U&'d\0061t\+000061;' , N';' , B'1' , X'F' , E'a\\'; SELECT a$1$b FROM (SELECT 4) AS t(a$1$b);
CREATE TABLE regress_rules (id integer);
CREATE RULE two AS ON INSERT TO regress_rules DO ALSO (DELETE FROM regress_rules WHERE id = 1; DELETE FROM regress_rules WHERE id = 2);
SELECT 5
$script$);
SELECT statement, line, sql FROM migrate_plan();
SELECT statements FROM migrate_upgrade();
SELECT regress_plain(), regress_dollar(), regress_atomic(1), regress_return();
DROP FUNCTION regress_plain(), regress_dollar(), regress_atomic(integer), regress_return();
DROP PROCEDURE regress_nested();
DROP TABLE regress_rules;

-- a statement is analyzed after those before it have run
CALL pg_temp.script('
CREATE TABLE regress_t (id integer);
ALTER TABLE regress_t ADD name text;
INSERT INTO regress_t (id, name) VALUES (1, ''one'');
CREATE VIEW regress_v AS SELECT name FROM regress_t;
DROP VIEW regress_v;
DROP TABLE regress_t;
CREATE TABLE regress_t (other integer);
INSERT INTO regress_t (other) SELECT 1;
');
SELECT statements FROM migrate_upgrade();
SELECT * FROM regress_t;
DROP TABLE regress_t;

--
-- Statements of all kinds: results are thrown away, notices come through
--
CREATE TABLE regress_t (id integer);
CALL pg_temp.script($script$
INSERT INTO regress_t VALUES (1), (2) RETURNING id;
SELECT * FROM regress_t;
VALUES (1), (2);
TABLE regress_t;
EXPLAIN (COSTS OFF) SELECT * FROM regress_t;
SHOW search_path;
PREPARE regress_p (integer) AS INSERT INTO regress_t VALUES ($1) RETURNING id;
EXECUTE regress_p (3);
DEALLOCATE regress_p;
DECLARE regress_c CURSOR FOR SELECT id FROM regress_t ORDER BY id;
FETCH 2 FROM regress_c;
MOVE regress_c;
CLOSE regress_c;
LOCK TABLE regress_t IN ACCESS EXCLUSIVE MODE;
TRUNCATE regress_t;
CREATE PROCEDURE regress_call(INOUT a integer) LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'called with %', a; a := a + 1; END $$;
CALL regress_call(1);
DO $$ BEGIN RAISE NOTICE 'from a block'; RAISE WARNING 'beware'; END $$;
NOTIFY regress_channel;
LISTEN regress_channel;
UNLISTEN regress_channel;
SET CONSTRAINTS ALL IMMEDIATE;
COMMENT ON TABLE regress_t IS 'truncated';
SELECT 4 AS id INTO regress_into;
CREATE TABLE regress_as AS SELECT 5 AS id;
CREATE TABLE IF NOT EXISTS regress_as (id integer);
DROP TABLE IF EXISTS regress_nothing;
MERGE INTO regress_t USING (VALUES (6)) AS v(id) ON false WHEN NOT MATCHED THEN INSERT VALUES (v.id);
ANALYZE regress_t;
$script$);
SELECT statements FROM migrate_upgrade();
SELECT * FROM regress_t;
SELECT i.id, a.id FROM regress_into AS i, regress_as AS a;
DROP TABLE regress_t, regress_into, regress_as;
DROP PROCEDURE regress_call(integer);

--
-- Settings end with the script
--
SET statement_timeout = '1h';
CALL pg_temp.script('
SET statement_timeout = ''2h'';
SET LOCAL lock_timeout = ''1h'';
SELECT set_config(''application_name'', ''script'', false);
SET search_path = pg_catalog;
SET TIME ZONE ''Etc/GMT+5'';
CREATE TABLE public.regress_t AS SELECT current_setting(''statement_timeout'') AS timeout, current_setting(''lock_timeout'') AS lock,
	current_setting(''application_name'') AS application, current_setting(''TimeZone'') AS zone;
');
BEGIN;
SELECT statements FROM migrate_upgrade();
SELECT * FROM regress_t;
SELECT current_setting('statement_timeout') AS timeout, current_setting('lock_timeout') AS lock,
	current_setting('application_name') <> 'script' AS application, current_setting('search_path') AS path, current_setting('TimeZone') <> 'Etc/GMT+5' AS zone;
COMMIT;
SHOW statement_timeout;
RESET statement_timeout;
DROP TABLE regress_t;

-- the role, too; and it is that of the script's statements, not of the ledger
CREATE ROLE regress_migrate_other;
GRANT CREATE, USAGE ON SCHEMA public TO regress_migrate_other;
CALL pg_temp.script('
SET ROLE regress_migrate_other;
CREATE TABLE regress_t ();
');
SELECT statements FROM migrate_upgrade();
SELECT current_user = session_user AS own_role;
SELECT tableowner FROM pg_tables WHERE tablename = 'regress_t';
SELECT script_role = current_user AS own_role FROM migrate_log;
DROP TABLE regress_t;
CALL pg_temp.script('
SET SESSION AUTHORIZATION regress_migrate_other;
CREATE TABLE regress_t ();
');
SELECT statements FROM migrate_upgrade();
SELECT current_user = session_user AND session_user <> 'regress_migrate_other' AS own_role;
SELECT tableowner FROM pg_tables WHERE tablename = 'regress_t';
DROP TABLE regress_t;
-- as in psql, what the other role may not do is refused
CALL pg_temp.script('
SET ROLE regress_migrate_other;
SELECT * FROM migrate_log;
');
SELECT statements FROM migrate_upgrade();
SELECT current_user = session_user AS own_role;
REVOKE CREATE, USAGE ON SCHEMA public FROM regress_migrate_other;
DROP ROLE regress_migrate_other;

--
-- Where an error is said to be: the line and the caret are those of the script
--
CALL pg_temp.script('SELECT 1;
SELECT nosuch;
');
SELECT * FROM migrate_upgrade();
-- before anything runs
CALL pg_temp.script('CREATE TABLE regress_t ();

SELECT 1 FORM regress_t;
');
SELECT * FROM migrate_upgrade();
SELECT to_regclass('regress_t');
-- in the middle of a line, after another statement, after letters of several bytes
CALL pg_temp.script('SELECT ''Größe 漢字 😀''; SELECT ''😀'' AS "ä", nosuch; SELECT 3;
');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script('SELECT ''Größe 漢字 😀'' AS "ä" FORM x;
');
SELECT * FROM migrate_upgrade();
-- at the end
CALL pg_temp.script('SELECT (1
');
SELECT * FROM migrate_upgrade();
-- after the rows of a COPY
CREATE TABLE regress_t (id integer, name text);
CALL pg_temp.script('COPY regress_t FROM stdin;
1	Größe
\.
SELECT nosuch;
');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_t FROM stdin;
1	Größe
\.
SELEKT 1;
');
SELECT * FROM migrate_upgrade();
-- without a position
CALL pg_temp.script('SELECT 1;
SELECT
	1/0;
');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script('INSERT INTO regress_nosuch VALUES (1);
');
SELECT * FROM migrate_upgrade();
-- DETAIL, HINT and SQLSTATE stay
CALL pg_temp.script('
DO $$ BEGIN RAISE EXCEPTION ''no more'' USING ERRCODE = ''ZZ001'', DETAIL = ''The detail.'', HINT = ''The hint.''; END $$;
');
SELECT * FROM migrate_upgrade();
\echo :LAST_ERROR_SQLSTATE
-- a downgrade says so
CALL pg_temp.script('SELECT 1;
-- migrate:downgrade
SELECT nosuch;
');
CALL pg_temp.at('r1');
SELECT * FROM migrate_downgrade('base');

-- a script of more than 2 kB: the statement alone is shown, the line is in the context
SELECT repeat(E'-- what psql would print in full\n', 70) AS filler \gset
CALL pg_temp.script(:'filler' || 'SELECT 1;
SELECT 2,
	nosuch;
');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script(:'filler' || 'SELECT 1;
SELECT ''ä'',
	nosuch FORM x;
SELECT 3;
');
SELECT * FROM migrate_upgrade();

--
-- An error inside of a function has the position in the function
--
CREATE FUNCTION regress_f(a integer) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT nosuch + a);
END
$$;
CALL pg_temp.script('
SELECT 1; SELECT regress_f(1);
');
SELECT * FROM migrate_upgrade();
-- or in the query that it runs
CALL pg_temp.script('
DO $$ BEGIN EXECUTE ''SELECT nosuch''; END $$;
');
SELECT * FROM migrate_upgrade();
-- a body that does not compile: the position is in the body
CALL pg_temp.script('
SELECT 1;
CREATE FUNCTION regress_g() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
	RETURN 1
END
$$;
');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script('
CREATE FUNCTION regress_g() RETURNS integer LANGUAGE sql AS $$
	SELECT nosuch
$$;
');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script('
CREATE FUNCTION regress_g() RETURNS integer
BEGIN ATOMIC
	SELECT 1;
	SELECT nosuch;
END;
');
SELECT * FROM migrate_upgrade();
DROP FUNCTION regress_f(integer);

--
-- COPY FROM STDIN with the rows in the script
--
CALL pg_temp.script('COPY regress_t (id, name) FROM stdin;
1	one
2	\N
3	tab\tand\\backslash
4	
\.

COPY public.regress_t FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER '';'');
id;name
10;"semi;colon"
11;"two
lines"
12;
\.
COPY regress_t(name) FROM stdin WHERE name <> ''left out'';
left out
; SELECT 1; -- $$
-- migrate:downgrade
\.
copy regress_t from stdin (format ''csv'', null ''NULL'') where id between 20 and 21;
19,no
20,NULL
21,"\."
22,no
\.
COPY regress_t FROM stdin;
\.
');
SELECT statement, line, sql FROM migrate_plan();
SELECT statements FROM migrate_upgrade();
SELECT * FROM regress_t ORDER BY id, name COLLATE "C";
-- carriage returns
TRUNCATE regress_t;
CALL pg_temp.script(E'COPY regress_t FROM stdin;\r\n1\tone\r\n2\ttwo\r\n\\.\r\nINSERT INTO regress_t VALUES (3);\r\n');
SELECT statements FROM migrate_upgrade();
SELECT id, name, length(name) FROM regress_t ORDER BY id;
-- triggers, defaults, generated columns, checks
CREATE TABLE regress_copy (id integer DEFAULT 7, twice integer GENERATED ALWAYS AS (id * 2) STORED, CHECK (id > 0));
CALL pg_temp.script('COPY regress_copy (id) FROM stdin;
1
2
-3
4
\.
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_copy (id) FROM stdin;
1
x
\.
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_copy (id) FROM stdin;
1
2	3
\.
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_copy (id) FROM stdin;
1
2
\.
');
SELECT statements FROM migrate_upgrade();
SELECT * FROM regress_copy ORDER BY id;
DROP TABLE regress_copy;
-- what is wrong with the statement
CALL pg_temp.script('SELECT 1; COPY regress_nosuch FROM stdin;
\.
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_t (id, nosuch) FROM stdin;
\.
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_t FROM stdin WHERE nosuch;
\.
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_t TO stdout;
');
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('COPY regress_t FROM stdin
');
SELECT statements FROM migrate_upgrade();
-- rights, and row security
CREATE ROLE regress_migrate_copy;
CALL pg_temp.script('SET ROLE regress_migrate_copy;
COPY regress_t FROM stdin;
1	one
\.
');
SELECT statements FROM migrate_upgrade();
GRANT INSERT (id) ON regress_t TO regress_migrate_copy;
SELECT statements FROM migrate_upgrade();
CALL pg_temp.script('SET ROLE regress_migrate_copy;
COPY regress_t (id) FROM stdin;
42
\.
');
SELECT statements FROM migrate_upgrade();
GRANT INSERT, SELECT ON regress_t TO regress_migrate_copy;
ALTER TABLE regress_t ENABLE ROW LEVEL SECURITY;
CALL pg_temp.at(NULL);
SELECT statements FROM migrate_upgrade();
ALTER TABLE regress_t DISABLE ROW LEVEL SECURITY;
DROP TABLE regress_t;
DROP ROLE regress_migrate_copy;

--
-- What a script must not do: the transaction is its caller's
--
CREATE FUNCTION pg_temp.refused(statement text, OUT code text, OUT message text, OUT detail text)
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
BEGIN
	CALL pg_temp.script('SELECT 1;' || E'\n' || statement);
	PERFORM migrate_upgrade();
	message := 'runs';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END
$$;
SELECT statement, refused.*
FROM unnest(ARRAY['BEGIN', 'START TRANSACTION', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'SAVEPOINT a', 'RELEASE a', 'ROLLBACK TO a',
	'PREPARE TRANSACTION ''a''', 'COMMIT PREPARED ''a''', 'ROLLBACK PREPARED ''a''', 'COMMIT AND CHAIN'])
	WITH ORDINALITY AS s(statement, n), pg_temp.refused(statement)
ORDER BY n;
-- hidden ones are refused by the server
SELECT statement, refused.code, refused.message
FROM unnest(ARRAY['DO $x$ BEGIN COMMIT; END $x$', 'DO $x$ BEGIN ROLLBACK; END $x$', 'DO $x$ BEGIN EXECUTE ''COMMIT''; END $x$'])
	WITH ORDINALITY AS s(statement, n), pg_temp.refused(statement)
ORDER BY n;

-- statements that refuse a transaction block
SELECT statement, refused.*
FROM unnest(ARRAY['CREATE INDEX CONCURRENTLY ON t (a)', 'CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)', 'DROP INDEX CONCURRENTLY i',
	'REINDEX TABLE CONCURRENTLY t', 'REINDEX (VERBOSE, CONCURRENTLY) INDEX i', 'REINDEX SCHEMA s', 'REINDEX SYSTEM regression', 'REINDEX DATABASE regression',
	'ALTER TABLE t DETACH PARTITION p CONCURRENTLY', 'VACUUM', 'VACUUM (FULL) t', 'CLUSTER', 'ALTER SYSTEM SET work_mem = 1',
	'CREATE DATABASE d', 'DROP DATABASE d', 'CREATE TABLESPACE t LOCATION ''/tmp''', 'DROP TABLESPACE t', 'DISCARD ALL',
	'ALTER DATABASE d SET TABLESPACE t', 'ALTER SUBSCRIPTION s REFRESH PUBLICATION', 'ALTER SUBSCRIPTION s SET PUBLICATION p',
	'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p', 'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p WITH (create_slot = true)'])
	WITH ORDINALITY AS s(statement, n), pg_temp.refused(statement)
ORDER BY n;
-- relatives of theirs that run
CREATE TABLE regress_t (a integer) PARTITION BY LIST (a);
CREATE TABLE regress_p PARTITION OF regress_t FOR VALUES IN (1);
CREATE INDEX regress_i ON regress_p (a);
SELECT statement, refused.*
FROM unnest(ARRAY['CREATE INDEX ON regress_p (a)', 'REINDEX INDEX regress_i', 'REINDEX (CONCURRENTLY false) TABLE regress_p',
	'CLUSTER regress_p USING regress_i', 'ANALYZE regress_p', 'DISCARD PLANS', 'ALTER TABLE regress_t DETACH PARTITION regress_p', 'DROP INDEX regress_i'])
	WITH ORDINALITY AS s(statement, n), pg_temp.refused(statement)
ORDER BY n;
DROP TABLE regress_t, regress_p;

-- a run within a run
SELECT statement, refused.*
FROM unnest(ARRAY['SELECT migrate_upgrade()', 'SELECT migrate_downgrade(''base'')', 'SELECT migrate_stamp()',
	'DO $x$ BEGIN PERFORM migrate_upgrade(''head''); END $x$'])
	WITH ORDINALITY AS s(statement, n), pg_temp.refused(statement)
ORDER BY n;
-- but it may look, and after an error the next run is not a nested one
SELECT refused.* FROM pg_temp.refused('SELECT * FROM migrate_current(); SELECT * FROM migrate_history();');

-- the version table is not for scripts to change
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a');
SELECT revision FROM migrate_register(E'-- Revision ID: c\n-- Revises: b\n-- migrate:upgrade\nDELETE FROM migrate_version;');
SELECT revision FROM migrate_upgrade('c');
SELECT pg_temp.versions();

CALL pg_temp.reset();
