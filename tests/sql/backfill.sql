--
-- CALL migrate_backfill(): a statement in batches, without a revision
--
\i tests/sql/helpers.sql
CREATE VIEW pg_temp.ledger AS
	SELECT run, direction, message, rows, sqlstate, error FROM migrate_log WHERE direction = 'backfill' ORDER BY id;
CREATE VIEW pg_temp.jobs AS
	SELECT run, state, detached, sqlstate FROM migrate_jobs ORDER BY run;
-- so that it does not depend on the machine how batches grow
SET migrate.batch_target = '1 h';

--
-- UPDATE, DELETE, INSERT ... SELECT: each row once
--
CREATE TABLE regress_fill (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0, name text);
INSERT INTO regress_fill SELECT g, 0, 'item ' || g FROM generate_series(1, 50) g;
CALL migrate_backfill('regress_fill', 'UPDATE regress_fill SET n = n + 1', size => 7);
SELECT n, count(*) FROM regress_fill GROUP BY n;
-- an alias, and conditions with OR
CALL migrate_backfill('f', 'UPDATE regress_fill AS f SET n = f.n + 1 WHERE f.id < 10 OR f.id > 40', size => 7);
SELECT n, count(*) FROM regress_fill GROUP BY n ORDER BY n;
-- a table with its schema
CALL migrate_backfill('public.regress_fill', 'DELETE FROM public.regress_fill WHERE n = 2;', size => 10);
SELECT n, count(*) FROM regress_fill GROUP BY n;
CREATE TABLE regress_copy (id integer, n integer);
CALL migrate_backfill('regress_fill', 'INSERT INTO regress_copy SELECT id, n FROM regress_fill', size => 3);
SELECT count(*), count(DISTINCT id), sum(n) FROM regress_copy;
-- of two tables, that whose name is given is gone through
TRUNCATE regress_copy;
CALL migrate_backfill('b', 'INSERT INTO regress_copy SELECT a.id, b.id FROM regress_fill a JOIN regress_fill b ON a.id = b.id', size => 10);
SELECT count(*), count(DISTINCT id) FROM regress_copy;
-- WITH that reads, FROM, USING
CALL migrate_backfill('regress_fill', 'WITH w AS (SELECT id FROM regress_fill WHERE id % 2 = 0)
UPDATE regress_fill f SET n = 10 FROM w WHERE w.id = f.id', size => 10);
SELECT n, count(*) FROM regress_fill GROUP BY n ORDER BY n;
CALL migrate_backfill('f', 'DELETE FROM regress_fill f USING regress_copy c WHERE c.id = f.id AND f.n = 10', size => 10);
SELECT n, count(*) FROM regress_fill GROUP BY n;
-- no rows, no table name
CALL migrate_backfill(NULL, 'UPDATE regress_fill SET n = 0 WHERE false');
TRUNCATE regress_fill;
CALL migrate_backfill(NULL, 'UPDATE regress_fill SET n = 0');
SELECT * FROM pg_temp.ledger;
SELECT * FROM pg_temp.jobs;
SELECT count(*) FROM migrate_backfill;
SELECT count(*) FROM migrate_progress;
CALL pg_temp.reset();

--
-- Keys
--
-- notices tell the numbers of batches, results that each row was done once
CREATE FUNCTION pg_temp.fill(name regclass) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(n || '': '' || c, '' '' ORDER BY n) FROM (SELECT n, count(*) AS c FROM %s GROUP BY n) s', name)
		INTO result;
	RETURN result;
END
$$;
-- a unique index of columns that are not null is like a primary key
CREATE TABLE regress_unique (id integer NOT NULL UNIQUE, n integer DEFAULT 0);
INSERT INTO regress_unique SELECT g FROM generate_series(1, 20) g;
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = n + 1', size => 6);
SELECT pg_temp.fill('regress_unique');
-- several columns, from the greatest number to the smallest, too
CREATE TABLE regress_two (a integer, "B" text COLLATE "C", n integer DEFAULT 0, PRIMARY KEY (a, "B"));
INSERT INTO regress_two SELECT g / 4, chr(65 + g % 7) FROM generate_series(1, 28) g;
CALL migrate_backfill(NULL, 'UPDATE regress_two SET n = n + 1', size => 5);
CREATE INDEX regress_down ON regress_two (a DESC, "B" DESC);
CALL migrate_backfill(NULL, 'UPDATE regress_two SET n = n + 1', 'a,"B"', size => 5);
-- rows with equal keys are in one batch
CALL migrate_backfill(NULL, 'UPDATE regress_two SET n = n + 1', 'a', size => 5);
SELECT pg_temp.fill('regress_two');
-- types
CREATE TYPE regress_pair AS (x integer, y text);
CREATE TYPE regress_mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN regress_code AS varchar(8) CHECK (VALUE <> '');
CREATE TABLE regress_types (
	id integer PRIMARY KEY, u uuid UNIQUE NOT NULL, t text COLLATE "C" UNIQUE NOT NULL, p regress_pair UNIQUE NOT NULL,
	a integer[] UNIQUE NOT NULL, m regress_mood NOT NULL, d regress_code UNIQUE NOT NULL, c char(6) UNIQUE NOT NULL,
	f float8 UNIQUE NOT NULL, z timestamptz UNIQUE NOT NULL, i interval UNIQUE NOT NULL, j jsonb UNIQUE NOT NULL,
	"select ""it""" numeric UNIQUE NOT NULL, b bytea UNIQUE NOT NULL, o oid UNIQUE NOT NULL, n integer DEFAULT 0);
CREATE INDEX ON regress_types (m);
INSERT INTO regress_types
	SELECT g, md5(g::text)::uuid, E'\\"{,' || g, ROW(g / 3, E'a"b,\\' || g)::regress_pair, ARRAY[g / 5, g, NULL],
		(enum_range(NULL::regress_mood))[1 + g % 3], 'c' || g, 'x' || g, g / 3.0, '2020-01-01'::timestamptz + g * interval '1 day 1 us',
		g * interval '-1 month 1 s', jsonb_build_object('k', g), g / 7.0, decode(lpad(to_hex(g), 4, '0'), 'hex'), g
	FROM generate_series(1, 30) g;
SET DateStyle = 'SQL, DMY';
SET IntervalStyle = 'sql_standard';
SET extra_float_digits = -5;
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'u', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 't', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'p', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'a', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'm', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'd', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'c', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'f', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'z', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'i', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'j', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', '"select ""it"""', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'b', size => 4);
CALL migrate_backfill(NULL, 'UPDATE regress_types SET n = n + 1', 'o', size => 4);
SELECT pg_temp.fill('regress_types');
RESET DateStyle;
RESET IntervalStyle;
RESET extra_float_digits;
-- infinities and what is not a number are in order, too
CREATE TABLE regress_odd (f float8, z timestamptz, n integer DEFAULT 0);
INSERT INTO regress_odd SELECT f::float8, z::timestamptz
	FROM unnest('{-Infinity,-1,0,1,Infinity,NaN}'::text[], '{-infinity,2020-01-01,2020-01-02,2020-01-03,2020-01-04,infinity}'::text[]) AS u (f, z);
CREATE INDEX ON regress_odd (f);
CREATE INDEX ON regress_odd (z, f);
CALL migrate_backfill(NULL, 'UPDATE regress_odd SET n = n + 1', 'f', size => 1);
CALL migrate_backfill(NULL, 'UPDATE regress_odd SET n = n + 1', 'z,f', size => 1);
-- rows with nulls in the key come last, in one batch
INSERT INTO regress_odd VALUES (NULL, NULL), (NULL, 'today'), (5, NULL), (6, 'today');
CALL migrate_backfill(NULL, 'UPDATE regress_odd SET n = n + 1', 'z,f', size => 2);
SELECT pg_temp.fill('regress_odd');
-- a row of nulls is not null
CREATE TABLE regress_row (p regress_pair, n integer DEFAULT 0);
INSERT INTO regress_row (p) VALUES (NULL), (ROW(NULL, NULL)), (ROW(1, NULL)), (ROW(1, 'a'));
CREATE INDEX ON regress_row (p);
CALL migrate_backfill(NULL, 'UPDATE regress_row SET n = n + 1', 'p', size => 1);
SELECT pg_temp.fill('regress_row');

--
-- Without a key
--
CREATE TABLE regress_place (id integer, n integer, note text);
INSERT INTO regress_place SELECT g FROM generate_series(1, 500) g;
SET client_min_messages = warning;
CALL migrate_backfill(NULL, 'UPDATE regress_place SET n = 1 WHERE n IS NULL', size => 100);
SELECT pg_temp.fill('regress_place');
-- what it has changed must not be met again
CALL migrate_backfill(NULL, 'UPDATE regress_place SET n = n + 1', size => 100);
CALL migrate_backfill(NULL, 'UPDATE regress_place SET n = 2 WHERE n > 0', size => 100);
SELECT pg_temp.fill('regress_place');
CALL migrate_backfill(NULL, 'DELETE FROM regress_place WHERE id > 400', size => 100);
SELECT pg_temp.fill('regress_place');
CREATE TABLE regress_place_copy (id integer PRIMARY KEY);
CALL migrate_backfill(NULL, 'INSERT INTO regress_place_copy SELECT id FROM regress_place');
CALL migrate_backfill(NULL, 'INSERT INTO regress_place_copy SELECT id FROM regress_place ON CONFLICT DO NOTHING', size => 100);
SELECT count(*) FROM regress_place_copy;
-- a key, left aside
CALL migrate_backfill(NULL, 'DELETE FROM regress_place_copy WHERE id % 2 = 0', 'ctid', size => 100);
SELECT count(*) FROM regress_place_copy;
CALL pg_temp.reset();

--
-- Partitions, children, views, triggers, rows of others
--
CREATE TABLE regress_part (id integer PRIMARY KEY, n integer DEFAULT 0) PARTITION BY RANGE (id);
CREATE TABLE regress_part_1 PARTITION OF regress_part FOR VALUES FROM (1) TO (15);
CREATE TABLE regress_part_2 PARTITION OF regress_part DEFAULT;
INSERT INTO regress_part SELECT g FROM generate_series(1, 40) g;
CALL migrate_backfill(NULL, 'UPDATE regress_part SET n = n + 1', size => 6);
CALL migrate_backfill(NULL, 'UPDATE regress_part_2 SET n = n + 1', size => 6);
SELECT pg_temp.fill('regress_part');
CREATE TABLE regress_part_bare (id integer, n integer) PARTITION BY RANGE (id);
CALL migrate_backfill(NULL, 'UPDATE regress_part_bare SET n = 1 WHERE n IS NULL');
CALL migrate_backfill(NULL, 'DELETE FROM regress_part', 'ctid');
CREATE TABLE regress_parent (id integer PRIMARY KEY, n integer DEFAULT 0);
CREATE TABLE regress_child () INHERITS (regress_parent);
INSERT INTO regress_parent SELECT g FROM generate_series(1, 10) g;
INSERT INTO regress_child SELECT g FROM generate_series(1, 10) g;
CALL migrate_backfill(NULL, 'UPDATE ONLY regress_parent SET n = n + 1', size => 3);
SELECT pg_temp.fill('regress_parent');
CALL migrate_backfill(NULL, 'UPDATE regress_parent SET n = n + 1', size => 3);
SELECT pg_temp.fill('regress_parent');
CALL migrate_backfill(NULL, 'DELETE FROM regress_parent', 'ctid');
CALL migrate_backfill(NULL, 'DELETE FROM ONLY regress_parent', 'ctid');
SELECT pg_temp.fill('regress_parent');
CREATE VIEW regress_view AS SELECT * FROM regress_unique;
CALL migrate_backfill(NULL, 'UPDATE regress_view SET n = 0');
CALL migrate_backfill('regress_view', 'INSERT INTO regress_copy SELECT id, n FROM regress_view');
-- each statement of a trigger is one of a batch
CREATE TABLE regress_trace (rows bigint);
CREATE FUNCTION regress_note() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
	INSERT INTO regress_trace SELECT count(*) FROM changed;
	RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER UPDATE ON regress_unique REFERENCING NEW TABLE AS changed
	FOR EACH STATEMENT EXECUTE FUNCTION regress_note();
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = n + 1', size => 6);
TABLE regress_trace;
SELECT pg_temp.fill('regress_unique');
-- RETURNING is of no use, and does no harm
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = n + 1 RETURNING id', size => 6);
SELECT pg_temp.fill('regress_unique');
-- policies, and privileges of the caller
CREATE ROLE regress_filler;
ALTER TABLE regress_two ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON regress_two USING (a < 3);
GRANT SELECT, UPDATE ON regress_two TO regress_filler;
GRANT EXECUTE ON PROCEDURE migrate_backfill(text, text, text, integer, interval, interval, interval, text) TO regress_filler;
SET ROLE regress_filler;
CALL migrate_backfill(NULL, 'UPDATE regress_two SET n = -1', size => 2);
CALL migrate_backfill(NULL, 'DELETE FROM regress_two', size => 2);
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0');
RESET ROLE;
REVOKE EXECUTE ON PROCEDURE migrate_backfill(text, text, text, integer, interval, interval, interval, text) FROM regress_filler;
SELECT pg_temp.fill('regress_two');
CALL pg_temp.reset();

--
-- Refused
--
CALL migrate_backfill(NULL, NULL);
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0', size => 0);
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0', pause => '-1 s');
CALL migrate_backfill(NULL, '');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0; SELECT 1');
CALL migrate_backfill(NULL, 'SELECT 1');
CALL migrate_backfill(NULL, 'MERGE INTO regress_unique u USING regress_two t ON t.a = u.id WHEN MATCHED THEN DO NOTHING');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = $1');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0 WHERE CURRENT OF c');
CALL migrate_backfill(NULL, 'WITH d AS (DELETE FROM regress_two RETURNING a) UPDATE regress_unique SET n = 0 FROM d');
CALL migrate_backfill(NULL, 'WITH o AS (WITH d AS (DELETE FROM regress_two RETURNING a) SELECT * FROM d) UPDATE regress_unique SET n = 0 FROM o');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy VALUES (1, 2)');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy DEFAULT VALUES');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT 1, 2');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy TABLE regress_fill UNION TABLE regress_fill');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT DISTINCT id, n FROM regress_fill');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT id, 1 FROM regress_fill GROUP BY id');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT id, n FROM regress_fill ORDER BY id LIMIT 3');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT count(*) FROM regress_fill');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT max(id), max(n) FROM regress_unique');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT id, row_number() OVER () FROM regress_unique');
CALL migrate_backfill('b', 'INSERT INTO regress_copy SELECT a.id, b.id FROM regress_fill a LEFT JOIN regress_fill b USING (id)');
CALL migrate_backfill(NULL, 'INSERT INTO regress_copy SELECT * FROM (SELECT id, n FROM regress_fill) s');
CALL migrate_backfill('regress_two', 'UPDATE regress_unique SET n = 0');
CALL migrate_backfill(NULL, 'UPDATE regress_none SET n = 0');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET nn = 0');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = WHERE');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 1 / (id - 3)', size => 1);
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0', 'none');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0', 'n');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0', 'id,');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET id = id + 1');
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET (n, id) = (1, 2)');
CREATE TABLE regress_index (c text COLLATE "C", p text, a integer, b integer, e integer);
CREATE INDEX ON regress_index (c COLLATE "POSIX");
CREATE INDEX ON regress_index (p text_pattern_ops);
CREATE INDEX ON regress_index (a, b DESC);
CREATE INDEX ON regress_index (e) WHERE e > 0;
CREATE INDEX ON regress_index ((e + 1));
CREATE INDEX ON regress_index USING hash (e);
CALL migrate_backfill(NULL, 'UPDATE regress_index SET b = 0', 'c');
CALL migrate_backfill(NULL, 'UPDATE regress_index SET b = 0', 'p');
CALL migrate_backfill(NULL, 'UPDATE regress_index SET e = 0', 'a,b');
CALL migrate_backfill(NULL, 'UPDATE regress_index SET b = 0', 'e');
BEGIN;
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0');
ROLLBACK;
CREATE FUNCTION regress_call() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0'); END $$;
SELECT regress_call();
SET default_transaction_read_only = on;
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 0');
RESET default_transaction_read_only;
SELECT pg_temp.fill('regress_unique');
CALL pg_temp.reset();

--
-- An error in the middle: the same call goes on, however it is written
--
CREATE TABLE regress_broken (id integer PRIMARY KEY, n integer DEFAULT 0, price integer DEFAULT 1, CHECK (n = 0 OR price > 0));
INSERT INTO regress_broken SELECT g FROM generate_series(1, 30) g;
ALTER TABLE regress_broken DROP CONSTRAINT regress_broken_check;
UPDATE regress_broken SET price = -1 WHERE id = 20;
ALTER TABLE regress_broken ADD CHECK (n = 0 OR price > 0) NOT VALID;
SET client_min_messages = notice;
CALL migrate_backfill(NULL, 'UPDATE regress_broken SET n = n + 1', size => 4);
SELECT pg_temp.fill('regress_broken');
SELECT schema_name, revision, run, statement, phase, position, size, rows_seen, rows_changed, batches FROM migrate_backfill;
SELECT * FROM pg_temp.jobs;
CALL migrate_backfill(NULL, 'UPDATE regress_broken SET n = n + 1', size => 4);
UPDATE regress_broken SET price = 1 WHERE id = 20;
CALL migrate_backfill('regress_broken', E'/* again */ UPDATE   regress_broken\n\tSET n = n + 1 -- by one\n;', size => 100);
SELECT pg_temp.fill('regress_broken');
SELECT * FROM pg_temp.ledger;
SELECT * FROM pg_temp.jobs;
SELECT count(*) FROM migrate_backfill;
CALL pg_temp.reset();

-- a constraint that fails only when the batch is committed
CREATE TABLE regress_late (id integer PRIMARY KEY, n integer REFERENCES regress_broken DEFERRABLE INITIALLY DEFERRED);
INSERT INTO regress_late SELECT g FROM generate_series(1, 20) g;
CALL migrate_backfill(NULL, 'UPDATE regress_late SET n = id + 15', size => 4);
SELECT count(n), max(n) FROM regress_late;
SELECT position, rows_changed, batches FROM migrate_backfill;
SELECT * FROM pg_temp.ledger;
SELECT * FROM pg_temp.jobs;
INSERT INTO regress_broken SELECT g FROM generate_series(31, 40) g;
CALL migrate_backfill(NULL, 'UPDATE regress_late SET n = id + 15', size => 4);
SELECT count(n), max(n) FROM regress_late;
SELECT run, state FROM pg_temp.jobs;
CALL pg_temp.reset();

--
-- The schema of a tenant
--
CREATE SCHEMA regress_tenant;
CREATE TABLE regress_tenant.regress_unique (id integer PRIMARY KEY, n integer DEFAULT 0);
INSERT INTO regress_tenant.regress_unique SELECT g FROM generate_series(1, 5) g;
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 100', schema => 'regress_tenant');
SELECT pg_temp.fill('regress_tenant.regress_unique'), pg_temp.fill('regress_unique');
SHOW search_path;
CALL migrate_backfill(NULL, 'UPDATE regress_unique SET n = 100', schema => 'regress_nowhere');
SELECT schema_name, run, message, rows FROM migrate_log ORDER BY id;
-- everything is put back
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
CALL pg_temp.reset();
DROP SCHEMA regress_tenant CASCADE;
DROP VIEW regress_view;
DROP TABLE regress_fill, regress_copy, regress_unique, regress_two, regress_types, regress_odd, regress_row, regress_place,
	regress_place_copy, regress_part, regress_part_bare, regress_parent, regress_child, regress_trace, regress_index,
	regress_late, regress_broken;
DROP FUNCTION regress_note, regress_call;
DROP TYPE regress_pair, regress_mood;
DROP DOMAIN regress_code;
DROP ROLE regress_filler;
