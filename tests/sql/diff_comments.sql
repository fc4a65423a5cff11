--
-- Comments, whatever they are on
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_comments;
SET search_path = regress_comments, public;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.objects() RETURNS text LANGUAGE sql RETURN $$
CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN code AS text CONSTRAINT short CHECK (length(VALUE) < 5);
CREATE TYPE part AS (size integer); CREATE SEQUENCE number;
CREATE TABLE item (id integer CONSTRAINT item_pk PRIMARY KEY, name text CONSTRAINT named CHECK (name <> ''));
CREATE INDEX item_name ON item (name); CREATE STATISTICS item_stats ON id, name FROM item;
CREATE VIEW items AS SELECT 1 AS id; CREATE MATERIALIZED VIEW counted AS SELECT 1 AS id;
CREATE FUNCTION f(a integer, OUT b integer, VARIADIC c text[]) LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE p(x text) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
CREATE AGGREGATE counter(*) (SFUNC = int8inc, STYPE = bigint, INITCOND = '0');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER note AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note();
CREATE POLICY everybody ON item USING (true); CREATE RULE also AS ON UPDATE TO item DO ALSO NOTHING;
CREATE FUNCTION same(part, part) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (FUNCTION = same, LEFTARG = part, RIGHTARG = part); CREATE CAST (part AS text) WITH INOUT;
CREATE COLLATION plain (LOCALE = 'C'); CREATE CONVERSION old FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION conf (PARSER = default);
$$;

CREATE FUNCTION pg_temp.comments() RETURNS text LANGUAGE sql RETURN $$
COMMENT ON TYPE mood IS 'mood'; COMMENT ON DOMAIN code IS 'code';
COMMENT ON CONSTRAINT short ON DOMAIN code IS 'short'; COMMENT ON TYPE part IS 'part';
COMMENT ON COLUMN part.size IS 'size'; COMMENT ON SEQUENCE number IS 'number'; COMMENT ON TABLE item IS 'item';
COMMENT ON COLUMN item.name IS 'it''s a name'; COMMENT ON CONSTRAINT item_pk ON item IS 'pk';
COMMENT ON CONSTRAINT named ON item IS 'named'; COMMENT ON INDEX item_name IS 'index';
COMMENT ON STATISTICS item_stats IS 'statistics'; COMMENT ON VIEW items IS 'view';
COMMENT ON COLUMN items.id IS 'column'; COMMENT ON MATERIALIZED VIEW counted IS 'view';
COMMENT ON FUNCTION f(integer, text[]) IS 'f'; COMMENT ON PROCEDURE p(text) IS 'p';
COMMENT ON AGGREGATE total(integer) IS 'total'; COMMENT ON AGGREGATE counter(*) IS 'counter';
COMMENT ON TRIGGER note ON item IS 'trigger'; COMMENT ON POLICY everybody ON item IS 'policy';
COMMENT ON RULE also ON item IS 'rule'; COMMENT ON OPERATOR === (part, part) IS 'operator';
COMMENT ON CAST (part AS text) IS 'cast'; COMMENT ON COLLATION plain IS 'collation';
COMMENT ON CONVERSION old IS 'conversion'; COMMENT ON TEXT SEARCH DICTIONARY dict IS 'dictionary';
COMMENT ON TEXT SEARCH CONFIGURATION conf IS 'configuration'; COMMENT ON SCHEMA regress_comments IS 'schema';
$$;

--
-- They are added, and are taken away
--
SELECT length(pg_temp.become(pg_temp.objects())) > 0 AS created;
SELECT pg_temp.become(pg_temp.objects() || pg_temp.comments());
SELECT pg_temp.become(replace(pg_temp.objects() || pg_temp.comments(), '''item''', '''what is sold'''));
SELECT pg_temp.become(pg_temp.objects());

--
-- Not if they are not compared
--
SET migrate.compare_comment = off;
SELECT pg_temp.become(pg_temp.objects() || pg_temp.comments());
RESET migrate.compare_comment;

CALL pg_temp.reset();
DROP SCHEMA regress_comments CASCADE;
