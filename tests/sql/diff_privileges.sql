--
-- Owners and privileges, which are compared only if that is asked for
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE ROLE regress_reader;
CREATE ROLE "regress Writer";
CREATE SCHEMA regress_privileges;
SET search_path = regress_privileges, public;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.objects() RETURNS text LANGUAGE sql RETURN $$
CREATE TABLE item (id integer, name text); CREATE VIEW items AS SELECT 1 AS id; CREATE SEQUENCE number;
CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN code AS text;
CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE p(x text) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
$$;

CREATE FUNCTION pg_temp.granted() RETURNS text LANGUAGE sql RETURN $$
GRANT SELECT, INSERT ON item TO regress_reader; GRANT UPDATE ON item TO "regress Writer" WITH GRANT OPTION;
GRANT SELECT (name), UPDATE (name) ON item TO "regress Writer"; GRANT SELECT ON items TO PUBLIC;
GRANT USAGE ON SEQUENCE number TO regress_reader; REVOKE EXECUTE ON FUNCTION f(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f(integer) TO regress_reader; REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON DOMAIN code TO regress_reader; REVOKE EXECUTE ON FUNCTION total(integer) FROM PUBLIC;
GRANT USAGE ON SCHEMA regress_privileges TO regress_reader;
$$;

SELECT length(pg_temp.become(pg_temp.objects())) > 0 AS created;
SELECT pg_temp.become(pg_temp.objects() || pg_temp.granted());

SET migrate.compare_privileges = on;
SELECT pg_temp.become(pg_temp.objects() || pg_temp.granted());

--
-- Others, with and without grant option; what is the default needs no GRANT
--
SELECT pg_temp.become(pg_temp.objects() || $$
GRANT SELECT ON item TO regress_reader WITH GRANT OPTION;
GRANT UPDATE ON item TO "regress Writer";
GRANT SELECT (name, id) ON item TO "regress Writer";
GRANT EXECUTE ON PROCEDURE p(text) TO PUBLIC;
REVOKE EXECUTE ON FUNCTION f(integer) FROM PUBLIC;
$$);

--
-- What is made again gets its privileges again
--
SELECT pg_temp.become(pg_temp.objects() || $$
DROP VIEW items;
CREATE VIEW items AS SELECT 'x'::text AS id;
GRANT SELECT ON items TO regress_reader;
$$);
SELECT pg_temp.become(pg_temp.objects() || 'GRANT SELECT ON items TO regress_reader;');

--
-- Owners
--
SELECT replace(pg_temp.become(pg_temp.objects() || $$
ALTER TABLE item OWNER TO "regress Writer";
ALTER TYPE mood OWNER TO regress_reader;
ALTER FUNCTION f(integer) OWNER TO regress_reader;
CREATE DOMAIN more AS text;
ALTER DOMAIN more OWNER TO regress_reader;
$$), 'OWNER TO ' || quote_ident(current_user), 'OWNER TO whoever runs this');

RESET migrate.compare_privileges;
CALL pg_temp.reset();
DROP SCHEMA regress_privileges CASCADE;
DROP ROLE regress_reader, "regress Writer";
