--
-- The structure of the managed schemas as a document: it says everything,
-- says the same for equal schemas wherever they are, can be compared with
-- other sides, and is not believed blindly
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
SET migrate.schemas = 'regress_snap';

-- Documents, under names.
CREATE TEMPORARY TABLE document (name text PRIMARY KEY, document text);

CREATE FUNCTION pg_temp.document(wanted text) RETURNS text
LANGUAGE sql
AS $$
	SELECT document FROM pg_temp.document WHERE name = wanted
$$;

-- Keep the present structure under a name.
CREATE FUNCTION pg_temp.keep(name text) RETURNS void
LANGUAGE sql
AS $$
	INSERT INTO pg_temp.document VALUES (name, migrate_snapshot())
$$;

-- Is it still the one kept under that name, once a statement has run?
CREATE FUNCTION pg_temp.same_after(statement text) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
	before text := migrate_snapshot()::jsonb ->> 'fingerprint';
BEGIN
	EXECUTE statement;
	RETURN migrate_snapshot()::jsonb ->> 'fingerprint' = before;
END
$$;

--
-- No schema, and an empty one
--
SELECT migrate_snapshot()::jsonb - 'server_version' - 'fingerprint';
CREATE SCHEMA regress_snap;
SELECT migrate_snapshot()::jsonb - 'server_version' - 'fingerprint';
SELECT migrate_snapshot()::jsonb -> 'server_version' = current_setting('server_version_num')::jsonb AS server_version,
	migrate_snapshot()::jsonb ->> 'fingerprint' ~ '^[0-9a-f]{64}$' AS fingerprint;

--
-- A schema with everything
--
SELECT pg_temp.keep('empty');
CREATE TYPE regress_snap.mood AS ENUM ('sad', 'ok', 'it''s "fine"');
CREATE DOMAIN regress_snap.positive AS integer CHECK (VALUE > 0);
CREATE TYPE regress_snap.point3 AS (x float8, y float8, z float8);
CREATE TYPE regress_snap.span AS RANGE (subtype = float8);
CREATE SEQUENCE regress_snap.numbers START 10 INCREMENT 5;
CREATE TABLE regress_snap.account (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL DEFAULT E'tab\t, quote "\\ é',
	mood regress_snap.mood DEFAULT 'ok',
	age regress_snap.positive,
	number bigint DEFAULT nextval('regress_snap.numbers'),
	parent bigint REFERENCES regress_snap.account ON DELETE SET NULL,
	twice integer GENERATED ALWAYS AS (age * 2) STORED,
	UNIQUE (name),
	CONSTRAINT sane CHECK (age < 200)
);
ALTER SEQUENCE regress_snap.numbers OWNED BY regress_snap.account.number;
CREATE INDEX account_lower ON regress_snap.account (lower(name)) WHERE age > 18;
CREATE STATISTICS regress_snap.account_stats (dependencies) ON mood, age FROM regress_snap.account;
CREATE TABLE regress_snap.event (id integer, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE regress_snap.event_2026 PARTITION OF regress_snap.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE regress_snap."Odd ""name""" ("a b" integer);
CREATE VIEW regress_snap.adult AS SELECT id, name FROM regress_snap.account WHERE age >= 18;
CREATE MATERIALIZED VIEW regress_snap.counted AS SELECT count(*) AS n FROM regress_snap.adult;
CREATE FUNCTION regress_snap.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT a + b';
CREATE AGGREGATE regress_snap.total (integer) (sfunc = int4pl, stype = integer);
CREATE FUNCTION regress_snap.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touch BEFORE UPDATE ON regress_snap.account FOR EACH ROW EXECUTE FUNCTION regress_snap.touch();
ALTER TABLE regress_snap.account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON regress_snap.account USING (id > 0);
CREATE RULE no_delete AS ON DELETE TO regress_snap."Odd ""name""" DO INSTEAD NOTHING;
COMMENT ON TABLE regress_snap.account IS E'two\nlines';
COMMENT ON COLUMN regress_snap.account.name IS 'a column';
COMMENT ON VIEW regress_snap.adult IS 'a view';
SELECT pg_temp.keep('full');
SELECT kind, count(*)
FROM jsonb_to_recordset(pg_temp.document('full')::jsonb -> 'facts') AS fact (kind text, schema text, name text)
WHERE kind NOT IN ('extension', 'comment') OR schema = 'regress_snap'
GROUP BY kind ORDER BY kind COLLATE "C";

-- one line for each fact, in the order of their kinds and identities
SELECT count(*) > 50 AS many, count(*) = jsonb_array_length(pg_temp.document('full')::jsonb -> 'facts') + 2 AS one_each
FROM string_to_table(pg_temp.document('full'), E'\n');
SELECT line FROM string_to_table(pg_temp.document('full'), E'\n') AS line
WHERE line LIKE '{"kind":"enum type"%' OR line LIKE '{"kind":"comment"%regress_snap%' OR line LIKE '{"kind":"sequence owner"%'
	OR line LIKE '{"kind":"table column"%"name":"name"%';

-- nothing of it changes by itself
SELECT pg_temp.document('full') = migrate_snapshot() AS repeatable;

-- nothing of what is in the tables
INSERT INTO regress_snap.account (name, age) VALUES ('a', 20), ('b', 30);
ANALYZE regress_snap.account;
REFRESH MATERIALIZED VIEW regress_snap.counted;
SELECT pg_temp.document('full') = migrate_snapshot() AS repeatable;

--
-- As a side of a comparison
--
SELECT count(*) FROM migrate_diff(pg_temp.document('full'), 'database');
SELECT count(*) FROM migrate_diff('database', pg_temp.document('full'));
SELECT count(*) FROM migrate_diff(pg_temp.document('full'), pg_temp.document('full'));
-- a jsonb has forgotten the order of the keys, but says the same
SELECT count(*) FROM migrate_diff(pg_temp.document('full')::jsonb::text, 'database');
-- all of it can be made, and dropped again
SELECT operation, count(*) > 20 AS many, count(*) = count(reverse_sql) AS reversible
FROM migrate_diff(pg_temp.document('empty'), pg_temp.document('full')) GROUP BY 1 ORDER BY 1;
SELECT operation, count(*) > 10 AS many, bool_or(loses_data) AS loses_data
FROM migrate_diff('database', pg_temp.document('empty')) GROUP BY 1 ORDER BY 1;
BEGIN;
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN SELECT sql FROM migrate_diff('database', pg_temp.document('empty')) LOOP
		EXECUTE statement;
	END LOOP;
END
$$;
SELECT migrate_snapshot() = pg_temp.document('empty') AS nothing_left;
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN SELECT sql FROM migrate_diff('database', pg_temp.document('full')) LOOP
		EXECUTE statement;
	END LOOP;
END
$$;
SELECT migrate_snapshot() = pg_temp.document('full') AS all_back;
ROLLBACK;

-- what has been done since
ALTER TABLE regress_snap.account ADD COLUMN email text;
DROP VIEW regress_snap.adult CASCADE;
SELECT operation, object_type, identity FROM migrate_diff(pg_temp.document('full'), 'database');
SELECT operation, object_type, identity, loses_data FROM migrate_diff('database', pg_temp.document('full'));

--
-- Documents that are none
--
DROP SCHEMA regress_snap CASCADE;
CREATE SCHEMA regress_snap;
CREATE TABLE regress_snap.a (id integer, b text DEFAULT 'x');
SELECT pg_temp.keep('small');

-- The small document, with one piece of it replaced.
CREATE FUNCTION pg_temp.refused(what text, instead text) RETURNS TABLE (sqlstate_ text, message text, detail text, hint text)
LANGUAGE plpgsql
AS $$
DECLARE
	document text := pg_temp.document('small');
BEGIN
	IF strpos(document, what) = 0 THEN
		RAISE 'there is no % in %', what, document;
	END IF;
	PERFORM count(*) FROM migrate_diff(replace(document, what, instead), 'database');
EXCEPTION WHEN invalid_parameter_value OR invalid_text_representation THEN
	GET STACKED DIAGNOSTICS sqlstate_ = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
	-- a fingerprint differs from one server to the next
	detail := regexp_replace(detail, '"[0-9a-f]{64}"', '...', 'g');
	RETURN NEXT;
END
$$;

\pset format unaligned
\pset tuples_only on
-- no JSON
SELECT * FROM migrate_diff('{', 'database');
SELECT * FROM migrate_diff('{"format": 1' || E'\n\n' || ', x', 'database');
SELECT sqlstate_, message FROM pg_temp.refused('{"format":1', '{format:1');
SELECT * FROM migrate_diff('{"format": "\u0000"}', 'database');

-- other JSON
SELECT * FROM migrate_diff('{}', 'database');
SELECT * FROM pg_temp.refused('"format":1', '"format":1000');
SELECT * FROM pg_temp.refused('"format":1', '"format":"1"');
SELECT detail FROM pg_temp.refused('{"format":1', '{"format":1,"format":1');
SELECT detail FROM pg_temp.refused('{"format":1', '{"color":"red","format":1');
SELECT detail FROM pg_temp.refused('"server_version":', '"server_version":"x","path_schema":');
SELECT detail FROM (VALUES ('"format":1,'), ('"fingerprint":"[0-9a-f]*",'), ('"server_version":[0-9]*,')) AS p(pattern),
	pg_temp.refused(substring(pg_temp.document('small') FROM pattern), '');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":{"a":1},"b":[');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[[],');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[1,');

-- facts that are none
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema"},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":null},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":{}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","name":"x"},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","color":"red"},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"elephant","name":"x"},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"regress_snap"},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table column","name":"x"},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table column","name":"x","parent":[]},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table column","name":"x","parent":{"table":1}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table column","name":"x","parent":{"elephant":"x"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table column","name":"x","parent":{"table":"x","schema":"y"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table column","name":"x","parent":{"schema":"regress_snap"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"comment","name":"","values":{"text":"x"},"parent":{"table":"nowhere.x"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table","name":"x","values":{"relkind":"table"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"table","name":"x","schema":"regress_snap"},');
SELECT detail FROM pg_temp.refused('"position":"1"', '"position":"1","identity":"ALWAYS"');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","values":{"color":"red"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"domain","name":"x","values":{"type":null}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"domain","name":"x","values":{"type":"x","type":"x"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","needs":["table"]},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","needs":{"table":"x"}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","needs":{"table":[null]}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","needs":{"elephant":[]}},');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x","needs":{"table":["nowhere.x"]}},');

-- one that was edited
SELECT detail FROM pg_temp.refused('"name":"b"', '"name":"c"');
SELECT * FROM pg_temp.refused('integer', 'bigint');
SELECT detail FROM pg_temp.refused('"facts":[', '"facts":[{"kind":"schema","name":"x"},');
-- a million brackets
SELECT * FROM migrate_diff('{"facts":' || repeat('[', 1000000), 'database');
SELECT * FROM migrate_diff(repeat('{"a":', 1000000), 'database');
\pset format aligned
\pset tuples_only off

-- no document, and nothing else either
SELECT * FROM migrate_diff('[]', 'database');
SELECT * FROM migrate_diff('', 'database');

--
-- The fingerprint: equal for equal schemas
--
SELECT current_database() AS this, current_database() || '_snapshot' AS other \gset
DROP SCHEMA regress_snap CASCADE;
CREATE SCHEMA regress_snap;
CREATE TABLE regress_snap.a (id integer PRIMARY KEY, b text DEFAULT 'x', c integer);
CREATE TABLE regress_snap.b (id integer PRIMARY KEY, a integer REFERENCES regress_snap.a);
CREATE INDEX ON regress_snap.b (a);
CREATE VIEW regress_snap.v AS SELECT b FROM regress_snap.a;
CREATE FUNCTION regress_snap.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
COMMENT ON TABLE regress_snap.a IS 'a';
SELECT migrate_snapshot()::jsonb ->> 'fingerprint' AS fingerprint \gset
-- what changes it, and what does not
SELECT statement, pg_temp.same_after(statement) AS same
FROM unnest(ARRAY[
	'SET migrate.compare_type = off', 'SET migrate.compare_server_default = off', 'RESET migrate.compare_type',
	'RESET migrate.compare_server_default', 'SET search_path = regress_snap, public', 'RESET search_path',
	'ALTER TABLE regress_snap.a ADD COLUMN d integer', 'ALTER TABLE regress_snap.a DROP COLUMN d',
	'ALTER TABLE regress_snap.a ALTER COLUMN c TYPE bigint', 'ALTER TABLE regress_snap.a ALTER COLUMN c TYPE integer',
	'ALTER TABLE regress_snap.b RENAME TO c', 'ALTER TABLE regress_snap.c RENAME TO b',
	'COMMENT ON TABLE regress_snap.a IS ''b''', 'COMMENT ON TABLE regress_snap.a IS ''a''',
	'SET migrate.compare_comment = off', 'RESET migrate.compare_comment',
	'GRANT SELECT ON regress_snap.a TO PUBLIC', 'REVOKE SELECT ON regress_snap.a FROM PUBLIC',
	'ALTER TABLE regress_snap.a SET (fillfactor = 90)', 'ALTER TABLE regress_snap.a RESET (fillfactor)',
	'ALTER TABLE regress_snap.a ALTER COLUMN b SET STATISTICS 5', 'ALTER TABLE regress_snap.a ALTER COLUMN b SET STATISTICS -1'
	]) WITH ORDINALITY AS s(statement, n)
ORDER BY n;
-- another database, another encoding, another order, other OIDs and positions
CREATE DATABASE :"other" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\c :"other"
SET client_min_messages = warning;
CREATE EXTENSION migrate;
CREATE SCHEMA regress_snap;
CREATE FUNCTION regress_snap.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE regress_snap.b (gone integer, id integer, a integer);
ALTER TABLE regress_snap.b DROP COLUMN gone;
CREATE INDEX ON regress_snap.b (a);
CREATE TABLE regress_snap.a (gone integer, c integer, id integer, b text);
COMMENT ON TABLE regress_snap.a IS 'a';
ALTER TABLE regress_snap.a ALTER COLUMN b SET DEFAULT 'x', DROP COLUMN gone;
CREATE VIEW regress_snap.v AS SELECT b FROM regress_snap.a;
ALTER TABLE regress_snap.a ADD PRIMARY KEY (id);
ALTER TABLE regress_snap.b ADD PRIMARY KEY (id), ADD FOREIGN KEY (a) REFERENCES regress_snap.a;
SET migrate.schemas = 'regress_snap';
SET search_path = regress_snap, public;
SET DateStyle = 'German';
SELECT migrate_snapshot()::jsonb ->> 'fingerprint' = :'fingerprint' AS equal;
-- also with letters that have another code there
ALTER TABLE regress_snap.a ALTER COLUMN b SET DEFAULT U&'caf\00E9', ADD COLUMN U&"stra\00DFe" integer, ADD COLUMN strb integer;
SELECT migrate_snapshot()::jsonb ->> 'fingerprint' AS fingerprint \gset
\c :"this"
SET client_min_messages = warning;
DROP DATABASE :"other";
SET migrate.schemas = 'regress_snap';
ALTER TABLE regress_snap.a ADD COLUMN U&"stra\00DFe" integer, ADD COLUMN strb integer, ALTER COLUMN b SET DEFAULT U&'caf\00E9';
SELECT migrate_snapshot()::jsonb ->> 'fingerprint' = :'fingerprint' AS equal;

--
-- What came of a model is kept, for this session and for others
--
DROP SCHEMA regress_snap CASCADE;
CREATE SCHEMA regress_snap;
SELECT action FROM migrate_model('a', 'CREATE TABLE regress_snap.a (z integer PRIMARY KEY, b text, a integer)');
SELECT count(*) FROM migrate_model_cache;
SELECT sql FROM migrate_diff();
SELECT count(*), min(document::jsonb ->> 'format') AS format FROM migrate_model_cache;
\c
SET client_min_messages = warning;
SET migrate.schemas = 'regress_snap';
SELECT xmin AS xmin FROM migrate_model_cache \gset
SELECT sql FROM migrate_diff();
SELECT count(*), bool_and(xmin = :'xmin') AS same FROM migrate_model_cache;

-- what it depends on
CREATE FUNCTION pg_temp.executed_after(statement text) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
	before bigint;
BEGIN
	EXECUTE statement;
	SELECT count(*) INTO before FROM migrate_model_cache;
	PERFORM migrate_diff();
	RETURN (SELECT count(*) FROM migrate_model_cache) <> before;
END
$$;
SELECT statement, pg_temp.executed_after(statement) AS executed
FROM unnest(ARRAY[
	'SELECT', 'SET migrate.compare_comment = off', 'SELECT', 'SET migrate.exclude = ''*.b''', 'SET TimeZone = ''Asia/Tokyo''',
	'SET migrate.compare_type = off', 'COMMENT ON SCHEMA regress_snap IS ''x''',
	'SELECT migrate_model(''a'', ''CREATE TABLE regress_snap.a (z integer)'')']) WITH ORDINALITY AS s(statement, n)
ORDER BY n;

-- no more than eight models are kept, the newest ones
DO $$
BEGIN
	FOR i IN 1 .. 10 LOOP
		PERFORM migrate_model('a', format('CREATE TABLE regress_snap.t%s ()', i));
		PERFORM migrate_diff();
	END LOOP;
END
$$;
SELECT substring(document FROM '"name":"(t\d+)"') AS "table" FROM migrate_model_cache ORDER BY created_at;

-- nothing waits, or fails, where it cannot be kept
BEGIN READ ONLY;
SELECT sql FROM migrate_diff();
COMMIT;
TRUNCATE migrate_model_cache;
SELECT action FROM migrate_model('a', 'CREATE TABLE regress_snap.a ()');
BEGIN READ ONLY;
SELECT sql FROM migrate_diff();
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT sql FROM migrate_diff();
COMMIT;
SELECT count(*) FROM migrate_model_cache;
SELECT action FROM migrate_model('a', NULL);

--
-- Clean up
--
DROP SCHEMA regress_snap CASCADE;
\i tests/sql/helpers.sql
