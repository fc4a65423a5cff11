--
-- Enums, domains, composite types and ranges: what ALTER TYPE can do, and what
-- takes another type of the name
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_types;
SET search_path = regress_types, public;
\pset format unaligned
\pset tuples_only on

--
-- All of them; a domain comes with its constraints, unless one is not valid,
-- and after the function of a constraint
--
SELECT pg_temp.become($$
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"');
CREATE TYPE "Nothing" AS ENUM ();
CREATE FUNCTION is_code(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE DOMAIN code AS text COLLATE "C" DEFAULT 'x' NOT NULL CONSTRAINT short CHECK (length(VALUE) < 5) CHECK (is_code(VALUE));
ALTER DOMAIN code ADD CONSTRAINT late CHECK (VALUE <> 'y') NOT VALID;
CREATE TYPE place AS (street text COLLATE "C", "zip code" code, moods mood[]);
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
CREATE TYPE words AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = sentences);
CREATE TABLE visit (place place, span span, words sentences, code code, codes code[]);
$$);
SELECT pg_temp.become('');

--
-- Values are added where they belong, by ALTER TYPE
--
SELECT pg_temp.become($$
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE day (mood mood DEFAULT 'ok' NOT NULL, moods mood[] DEFAULT '{sad}');
CREATE INDEX sad_day ON day (moods) WHERE mood = 'sad';
$$);
SELECT pg_temp.become($$
CREATE TYPE mood AS ENUM ('awful', 'bad', 'sad', 'so so', 'well', 'ok', 'fine', 'glad');
CREATE TABLE day (mood mood DEFAULT 'ok' NOT NULL, moods mood[] DEFAULT '{sad}');
CREATE INDEX sad_day ON day (moods) WHERE mood = 'sad';
$$);

--
-- Not one that the same script uses; and none is removed or moves
--
SELECT pg_temp.become($$
CREATE TYPE mood AS ENUM ('awful', 'bad', 'sad', 'so so', 'well', 'ok', 'fine', 'glad', 'new');
CREATE TABLE day (mood mood DEFAULT 'new' NOT NULL, moods mood[] DEFAULT '{sad}');
CREATE INDEX sad_day ON day (moods) WHERE mood = 'sad';
$$);
INSERT INTO day (mood) VALUES ('ok');
SELECT pg_temp.become($$
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE day (mood mood DEFAULT 'ok' NOT NULL, moods mood[] DEFAULT '{sad}');
CREATE INDEX sad_day ON day (moods) WHERE mood = 'sad';
CREATE FUNCTION next(mood) RETURNS mood LANGUAGE sql AS 'SELECT $1';
$$);
SELECT * FROM day;
DELETE FROM day;

--
-- A domain: its default and constraints, and its type
--
SELECT pg_temp.become($$
CREATE DOMAIN code AS varchar(10) DEFAULT '0' CONSTRAINT positive CHECK (VALUE > '0');
ALTER DOMAIN code ADD CONSTRAINT small CHECK (VALUE < '9') NOT VALID;
CREATE TABLE item (code code);
$$);
SELECT pg_temp.become($$
CREATE DOMAIN code AS varchar(10) NOT NULL CONSTRAINT positive CHECK (VALUE > '1') CONSTRAINT small CHECK (VALUE < '9');
CREATE TABLE item (code code);
$$);
SELECT pg_temp.become($$
CREATE DOMAIN code AS integer CHECK (VALUE > 1);
CREATE TABLE item (code code);
$$);

-- what is in arrays cannot be checked by the server, so the domain is replaced
SELECT pg_temp.become($$
CREATE DOMAIN code AS integer;
CREATE TABLE item (codes code[]);
$$);
SELECT pg_temp.become($$
CREATE DOMAIN code AS integer CHECK (VALUE > 1);
CREATE TABLE item (codes code[]);
$$);

--
-- A composite type: attributes come last and go; one changes its type where no
-- table has values; and they change places
--
SELECT pg_temp.become($$
CREATE TYPE part AS (name text, size integer);
CREATE TYPE pair AS (name text, part part);
CREATE TABLE item (part part, parts part[]);
COMMENT ON COLUMN part.name IS 'as printed';
$$);
INSERT INTO item VALUES (('a', 1), '{"(b,2)"}'), (NULL, NULL);
SELECT pg_temp.become($$
CREATE TYPE part AS (name text, size integer, weight real, color text);
CREATE TYPE pair AS (name varchar(10), part part);
CREATE TABLE item (part part, parts part[]);
$$);
SELECT * FROM item;
SELECT pg_temp.become($$
CREATE TYPE part AS (name text, size bigint, weight real, color text);
CREATE TYPE pair AS (name varchar(10), part part);
CREATE TABLE item (part part, parts part[]);
$$);
SELECT * FROM item;
SELECT pg_temp.become($$
CREATE TYPE part AS (name text, size bigint, weight real, color text);
CREATE TYPE pair AS (name varchar(10), part part);
CREATE TABLE item (part part);
$$);
SELECT pg_temp.become($$
CREATE TYPE part AS (size bigint, name text, weight real, color text);
CREATE TYPE pair AS (name varchar(10), part part);
CREATE TABLE item (part part);
$$);
SELECT * FROM item;
DELETE FROM item;

-- not inside of other values
SELECT pg_temp.become($$
CREATE TYPE part AS (size bigint, name text);
CREATE TABLE item (parts part[]);
$$);
SELECT action FROM migrate_model('model.sql', 'CREATE TYPE part AS (name text, size bigint); CREATE TABLE item (parts part[])');
SELECT operation, object_type, identity, note FROM migrate_diff();

--
-- A range makes place with its multirange type and its constructors
--
SELECT pg_temp.become($$
CREATE TYPE span AS RANGE (SUBTYPE = integer);
CREATE TYPE words AS RANGE (SUBTYPE = text, MULTIRANGE_TYPE_NAME = sentences);
CREATE TABLE visit (span span, spans span_multirange, words words);
$$);
SELECT pg_temp.become($$
CREATE TYPE span AS RANGE (SUBTYPE = bigint);
CREATE TYPE words AS RANGE (SUBTYPE = text, COLLATION = "C", MULTIRANGE_TYPE_NAME = sentences);
CREATE TABLE visit (span span, spans span_multirange, words words);
$$);

CALL pg_temp.reset();
DROP SCHEMA regress_types CASCADE;
