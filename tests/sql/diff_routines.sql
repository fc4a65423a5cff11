--
-- Functions, procedures and aggregates: what CREATE OR REPLACE can do, and what
-- is made again around what it cannot
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_routines;
SET search_path = regress_routines, public;
\pset format unaligned
\pset tuples_only on
\set qualifiers n|sizes

--
-- The body, and all that is said about a function, change in place
--
SELECT pg_temp.become($$
CREATE FUNCTION half(n numeric) RETURNS numeric LANGUAGE sql AS 'SELECT n / 2';
COMMENT ON FUNCTION half(numeric) IS 'divides';
CREATE VIEW halves AS SELECT half(n) AS h FROM generate_series(1, 3) AS n;
CREATE PROCEDURE "do it"(INOUT n integer) LANGUAGE plpgsql AS 'BEGIN n := n + 1; END';
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE FUNCTION half(n numeric DEFAULT 1) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 5
	SET search_path = pg_catalog RETURN n * 0.5;
COMMENT ON FUNCTION half(numeric) IS 'multiplies';
CREATE VIEW halves AS SELECT half(n) AS h FROM generate_series(1, 3) AS n;
CREATE PROCEDURE "do it"(INOUT n integer) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN n := n + 2; END';
$$, :'qualifiers');

--
-- What is returned, names of arguments, defaults that go, a procedure instead:
-- all that calls it makes way
--
SELECT pg_temp.become($$
CREATE FUNCTION size(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n';
CREATE TABLE crate (
	id integer DEFAULT size(1) CHECK (size(id) > 0),
	name text
);
CREATE INDEX crate_size ON crate (size(id));
CREATE POLICY small ON crate USING (size(id) < 10);
COMMENT ON POLICY small ON crate IS 'not the large ones';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER large AFTER UPDATE ON crate FOR EACH ROW WHEN (size(NEW.id) > 10) EXECUTE FUNCTION note();
ALTER TABLE crate DISABLE TRIGGER large;
CREATE PROCEDURE run() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION two(a integer, b integer DEFAULT 2) RETURNS integer LANGUAGE sql AS 'SELECT 2';
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE FUNCTION size(n integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT n';
CREATE TABLE crate (
	id integer DEFAULT size(1) CHECK (size(id) > 0),
	name text
);
CREATE INDEX crate_size ON crate (size(id));
CREATE POLICY small ON crate USING (size(id) < 10);
COMMENT ON POLICY small ON crate IS 'not the large ones';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER large AFTER UPDATE ON crate FOR EACH ROW WHEN (size(NEW.id) > 10) EXECUTE FUNCTION note();
ALTER TABLE crate DISABLE TRIGGER large;
CREATE FUNCTION run() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION two(a integer, b integer) RETURNS integer LANGUAGE sql AS 'SELECT 2';
$$, :'qualifiers');

--
-- Another argument makes another function; the old one goes first, or calls
-- would not be clear
--
SELECT pg_temp.become($$
CREATE FUNCTION size(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n';
CREATE VIEW sizes AS SELECT size(1) AS a;
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE FUNCTION size(n integer, factor integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n';
CREATE VIEW sizes AS SELECT size(1) AS a, size(2) AS b;
$$, :'qualifiers');

--
-- Aggregates
--
SELECT pg_temp.become($$
CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql STRICT AS 'SELECT $1 + $2';
CREATE AGGREGATE plus(integer) (SFUNC = add, STYPE = integer);
CREATE AGGREGATE everything(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE AGGREGATE share(double precision ORDER BY anyelement)
	(SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON AGGREGATE everything(*) IS 'counts';
CREATE VIEW sums AS SELECT plus(n) AS p, everything(*) AS e, share(0.5) WITHIN GROUP (ORDER BY n) AS s FROM generate_series(1, 3) AS n;
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql STRICT AS 'SELECT $1 + $2';
CREATE FUNCTION text_of(integer) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE AGGREGATE plus(integer) (SFUNC = add, STYPE = integer, FINALFUNC = text_of);
CREATE AGGREGATE everything(*) (SFUNC = int8inc, STYPE = bigint, SSPACE = 64, INITCOND = '1', COMBINEFUNC = int8pl, PARALLEL = SAFE,
	MSFUNC = int8inc, MINVFUNC = int8dec, MSTYPE = bigint, MINITCOND = '1');
CREATE AGGREGATE share(double precision ORDER BY anyelement)
	(SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
COMMENT ON AGGREGATE everything(*) IS 'counts';
CREATE VIEW sums AS SELECT plus(n) AS p, everything(*) AS e, share(0.5) WITHIN GROUP (ORDER BY n) AS s FROM generate_series(1, 3) AS n;
$$, :'qualifiers');

--
-- A function over the row type of a table whose check calls it
--
SELECT pg_temp.become($$
CREATE TABLE crate (id integer, name text);
CREATE FUNCTION is_good(crate) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.id > 0';
ALTER TABLE crate ADD CHECK (is_good(crate));
$$, :'qualifiers');
SELECT pg_temp.become('CREATE TABLE other (id integer)', :'qualifiers');

CALL pg_temp.reset();
DROP SCHEMA regress_routines CASCADE;
