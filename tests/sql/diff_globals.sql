--
-- What is in no schema: publications, foreign-data wrappers and servers; and
-- operators, casts, collations, text search
--
\i tests/sql/helpers.sql
SET client_min_messages = error;
-- a server that does not log what a publication needs warns
ALTER FUNCTION pg_temp.become(text, text) SET client_min_messages = error;
CREATE SCHEMA regress_globals;
SET search_path = regress_globals, public;
\pset format unaligned
\pset tuples_only on

--
-- A table leaves a publication while the type of a column changes
--
SELECT pg_temp.become($$
CREATE TABLE item (id integer PRIMARY KEY, name text, price integer);
CREATE TABLE sale (id integer PRIMARY KEY);
CREATE PUBLICATION regress_some FOR TABLE item (id, price) WHERE (price > 1), sale WITH (publish = 'insert, update');
CREATE PUBLICATION regress_schema FOR TABLES IN SCHEMA regress_globals WITH (publish_via_partition_root);
CREATE PUBLICATION regress_all FOR ALL TABLES;
$$);
SELECT pg_temp.become($$
CREATE TABLE item (id integer PRIMARY KEY, name text, price bigint);
CREATE PUBLICATION regress_some FOR TABLE item (id, price) WHERE (price > 1) WITH (publish_via_partition_root);
CREATE PUBLICATION regress_all FOR TABLE item;
$$);

--
-- Those that the model does not speak of stay
--
SELECT pg_temp.become($$
CREATE TABLE item (id integer PRIMARY KEY, name text, price bigint);
$$);
DROP PUBLICATION regress_some, regress_all;

--
-- Foreign objects
--
SELECT pg_temp.become($$
CREATE FOREIGN DATA WRAPPER regress_wrapper OPTIONS (a 'it''s', "B c" 'x');
CREATE SERVER regress_server TYPE 't' VERSION '1' FOREIGN DATA WRAPPER regress_wrapper OPTIONS (q '1', r '2');
CREATE FOREIGN TABLE far (id integer OPTIONS (n 'x')) SERVER regress_server OPTIONS (t 'y');
$$);
SELECT pg_temp.become($$
CREATE FOREIGN DATA WRAPPER regress_wrapper OPTIONS (a 'y', c 'z');
CREATE SERVER regress_server TYPE 't' FOREIGN DATA WRAPPER regress_wrapper OPTIONS (r '3', s '4');
CREATE FOREIGN TABLE far (id integer) SERVER regress_server OPTIONS (t 'y', u 'z');
$$);
-- a server of somebody else's
SELECT pg_temp.become('CREATE FOREIGN TABLE far (id integer, name text) SERVER regress_server OPTIONS (t ''y'', u ''z'')');
SELECT pg_temp.become('');
DROP FOREIGN DATA WRAPPER regress_wrapper CASCADE;

--
-- Operators: one comes with the other that it names; estimators change in place
--
CREATE FUNCTION pg_temp.functions() RETURNS text LANGUAGE sql RETURN $$
CREATE TYPE part AS (size integer);
CREATE FUNCTION same(part, part) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).size = ($2).size';
CREATE FUNCTION other(part, part) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).size <> ($2).size';
CREATE FUNCTION print(part) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ($1).size::text';
$$;
SELECT pg_temp.become(pg_temp.functions() || $$
CREATE OPERATOR === (FUNCTION = same, LEFTARG = part, RIGHTARG = part, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
CREATE OPERATOR ~! (FUNCTION = print, RIGHTARG = part);
CREATE CAST (part AS text) WITH FUNCTION print(part);
CREATE COLLATION plain (LOCALE = 'C');
$$);
SELECT pg_temp.become(pg_temp.functions() || $$
CREATE OPERATOR === (FUNCTION = same, LEFTARG = part, RIGHTARG = part, COMMUTATOR = ===, NEGATOR = !==, RESTRICT = neqsel, HASHES);
CREATE OPERATOR !== (FUNCTION = other, LEFTARG = part, RIGHTARG = part, COMMUTATOR = !==, NEGATOR = ===);
CREATE CAST (part AS text) WITH FUNCTION print(part) AS ASSIGNMENT;
CREATE COLLATION plain (LC_COLLATE = 'C', LC_CTYPE = 'POSIX');
$$);

--
-- Text search
--
SELECT pg_temp.become($$
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, LANGUAGE = 'english', STOPWORDS = 'english');
CREATE TEXT SEARCH CONFIGURATION conf (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR asciiword, word WITH stems, simple;
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR url, email WITH simple;
CREATE TABLE page (body text, words tsvector GENERATED ALWAYS AS (to_tsvector('conf', body)) STORED);
$$);
SELECT pg_temp.become($$
CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, LANGUAGE = 'german');
CREATE TEXT SEARCH DICTIONARY exact (TEMPLATE = simple, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION conf (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR asciiword, word WITH exact, stems;
ALTER TEXT SEARCH CONFIGURATION conf ADD MAPPING FOR url, int WITH simple;
CREATE TABLE page (body text, words tsvector GENERATED ALWAYS AS (to_tsvector('conf', body)) STORED);
$$);

--
-- What is not compared is told
--
SELECT migrate_model('model.sql', 'CREATE OPERATOR FAMILY sizes USING btree; CREATE TABLE page (body text, words tsvector)');
SELECT operation, object_type, identity FROM migrate_diff() WHERE operation = 'not compared' AND note = 'model' ORDER BY identity;

CALL pg_temp.reset();
DROP SCHEMA regress_globals CASCADE;
