--
-- The model: its parts, what becomes of each kind of statement, the order they
-- run in, and that nothing remains of running them
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_model;
SET search_path = regress_model, public;
RESET client_min_messages;
-- Print the SQLSTATE of the last error.
\set code '\\echo :LAST_ERROR_SQLSTATE'

-- Make one text the model.
CREATE FUNCTION pg_temp.model(ddl text) RETURNS text
LANGUAGE sql
AS $$
	TRUNCATE migrate_model_part;
	SELECT action FROM migrate_model('model.sql', ddl)
$$;

-- What the model has, while the database has nothing.
CREATE FUNCTION pg_temp.made() RETURNS TABLE (made text)
LANGUAGE sql
AS $$
	SELECT object_type || ' ' || identity AS made FROM migrate_diff() WHERE operation = 'create'
	ORDER BY (object_type || ' ' || identity) COLLATE "C"
$$;

--
-- Parts
--
SELECT * FROM migrate_model('a.sql', 'CREATE TABLE a (id integer)');
SELECT * FROM migrate_model('a.sql', 'CREATE TABLE a (id integer)');
SELECT * FROM migrate_model('a.sql', 'CREATE TABLE a (id bigint)');
SELECT * FROM migrate_model('b/b.sql', 'CREATE TABLE b (id integer)');
SELECT name, ddl, registered_by = current_user AS mine FROM migrate_model_part ORDER BY name;
SELECT * FROM pg_temp.made();
SELECT * FROM migrate_model('a.sql', NULL);
SELECT * FROM migrate_model('a.sql', NULL);
:code
SELECT * FROM migrate_model(NULL, 'CREATE TABLE a (id integer)');
SELECT * FROM migrate_model('', 'CREATE TABLE a (id integer)');
SELECT * FROM migrate_model(E'a\tb', 'CREATE TABLE a (id integer)');
BEGIN READ ONLY;
SELECT * FROM migrate_model('a.sql', 'CREATE TABLE a (id integer)');
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM migrate_diff();
ROLLBACK;

--
-- What is wrong with a text is said when it is pushed
--
SELECT pg_temp.model(E'CREATE TABLE a (id integer);\nCREATE TABEL ü (id integer);');
SELECT pg_temp.model('CREATE TABLE a (id integer); CREATE TABLE b (');
SELECT pg_temp.model('SELECT ''open');
SELECT pg_temp.model(E'CREATE TABLE a ();\n\\i other.sql\n');
SELECT pg_temp.model(E'CREATE TABLE a ();\nROLLBACK;');
SELECT pg_temp.model(E'EXPLAIN SELECT 1');
SELECT pg_temp.model(E'ALTER SYSTEM SET work_mem = 1000');
SELECT pg_temp.model(E'DROP OWNED BY PUBLIC');
SELECT pg_temp.model(E'PREPARE p AS SELECT 1');
SELECT pg_temp.model(E'COPY a FROM stdin;\n1\n');

--
-- A dump: psql's lines, settings, rows, owners, privileges
--
SELECT pg_temp.model($dump$
\restrict abc
SET statement_timeout = 0;
SET lock_timeout = 0;
SET transaction_timeout = 0;
SET no_such_setting = 0;
SET client_encoding = 'SQL_ASCII';
SELECT pg_catalog.set_config('search_path', '', false);
SET ROLE nobody;
\connect postgres
CREATE SCHEMA regress_model;
COMMENT ON SCHEMA regress_model IS 'a comment';
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'nobody may';
CREATE ROLE regress_nobody;
BEGIN;
CREATE TABLE regress_model.t (id bigint NOT NULL, t text DEFAULT '\x;');
ALTER TABLE regress_model.t OWNER TO nobody;
GRANT ALL ON regress_model.t TO nobody;
COMMIT;
COPY regress_model.t (id, t) FROM stdin;
1	a;'b
2	\\.
3	$$
\.
SELECT pg_catalog.setval('regress_model.s', 17, true);
INSERT INTO regress_model.t VALUES (1, 'a');
CREATE INDEX CONCURRENTLY t_i ON regress_model.t (id);
REFRESH MATERIALIZED VIEW regress_model.m;
SELECT 1;
\unrestrict abc
$dump$);
SELECT * FROM pg_temp.made();
-- the session is as it was
SHOW search_path;
SHOW client_encoding;
SELECT current_user = session_user AS same_role;

-- what is dropped first, to be restored over something, is nothing here
SELECT pg_temp.model($$
ALTER TABLE regress_model.t DROP CONSTRAINT t_pkey;
DROP TABLE regress_model.t;
DROP FUNCTION regress_model.f();
DROP TYPE regress_model.e;
DROP SCHEMA regress_model;
CREATE SCHEMA regress_model;
CREATE TABLE regress_model.t (id bigint);
ALTER TABLE ONLY regress_model.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
CREATE TABLE regress_model.u (id bigint);
DROP TABLE regress_model.u;
$$);
SELECT * FROM pg_temp.made();

-- CREATE SCHEMA with what is in it
SELECT pg_temp.model($$
CREATE SCHEMA regress_model
	CREATE VIEW v AS SELECT id AS create FROM t
	CREATE TABLE t (id bigint PRIMARY KEY, t text)
	CREATE INDEX t_i ON t (t);
CREATE SCHEMA regress_model_new
	CREATE TABLE t (id bigint);
CREATE TABLE regress_model_new.u (id bigint);
$$);
SELECT * FROM pg_temp.made();

-- code
SELECT pg_temp.model($$
CREATE FUNCTION f(t) RETURNS bigint LANGUAGE sql AS 'SELECT $1.id';
DO 'BEGIN FOR i IN 1..3 LOOP EXECUTE format(''CREATE TABLE n%s (id integer)'', i); END LOOP; END';
CREATE TABLE t (id bigint);
CREATE FUNCTION g() RETURNS integer BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;
CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN CREATE TABLE made_by_p (id integer); END';
CALL p();
SELECT 1 AS one INTO made_by_select;
$$);
SELECT * FROM pg_temp.made();

--
-- Any order
--
TRUNCATE migrate_model_part;
SELECT action FROM migrate_model('1.sql', $$
CREATE TRIGGER child_t BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION child_f();
CREATE VIEW v AS SELECT c.id, d, count(*) FROM child c JOIN w ON w.id = c.id GROUP BY c.id;
CREATE VIEW w AS SELECT * FROM parent;
CREATE TABLE child (id d PRIMARY KEY REFERENCES parent, d d DEFAULT f(1), e e, UNIQUE (d));
CREATE INDEX ON child (f(id));
CREATE FUNCTION f(d) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE TABLE more (n integer DEFAULT nextval('s')) INHERITS (child);
CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1);
COMMENT ON COLUMN parent.id IS 'the id';
$$);
SELECT action FROM migrate_model('2.sql', $$
CREATE FUNCTION child_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE part (id integer, x e) PARTITION BY LIST (id);
ALTER TABLE parent ADD PRIMARY KEY (id);
CREATE DOMAIN d AS integer CHECK (value > 0);
CREATE TYPE e AS ENUM ('a');
CREATE SEQUENCE s;
CREATE TABLE parent (id d);
$$);
SELECT * FROM pg_temp.made();

-- settings count for the statements after them, to the end of the part, even
-- if a statement has to wait
TRUNCATE migrate_model_part;
SELECT action FROM migrate_model('1.sql', $$
SET search_path = regress_model_new, regress_model;
CREATE TABLE a (b integer REFERENCES b);
CREATE FUNCTION f() RETURNS g LANGUAGE sql AS 'SELECT NULL::g';
SET search_path = regress_model;
CREATE TABLE c (id integer);
$$);
SELECT action FROM migrate_model('2.sql', $$
CREATE TABLE b (id integer PRIMARY KEY);
CREATE SCHEMA regress_model_new;
DO 'BEGIN CREATE TYPE g AS (i integer); END';
$$);
SELECT * FROM pg_temp.made();

--
-- What cannot be run
--
SELECT pg_temp.model($$
CREATE TABLE a (id integer, größe integer REFERENCES nowhere);
CREATE VIEW v AS SELECT * FROM a;
CREATE VIEW w AS SELECT * FROM v;
CREATE TABLE b (id integer);
$$);
SELECT * FROM migrate_diff();
:code
SELECT pg_temp.model('CREATE TABLE a (id integer); CREATE TABLE a (id bigint)');
SELECT * FROM migrate_diff();
SELECT pg_temp.model(E'CREATE TABLE a (id integer);\nCREATE VIEW ä AS SELECT ''ä'' AS x, no_such_column FROM a');
SELECT * FROM migrate_diff();
SELECT pg_temp.model('SET default_tablespace = no_such_tablespace; CREATE TABLE a (id integer)');
SELECT * FROM migrate_diff();
SELECT pg_temp.model('DO $$BEGIN COMMIT; END$$');
SELECT * FROM migrate_diff();
-- who runs on a shadow cannot have another one
SELECT pg_temp.model('DO $$BEGIN PERFORM migrate_check(); END$$');
SELECT * FROM migrate_diff();
SELECT pg_temp.model('DO $$BEGIN PERFORM migrate_upgrade(); END$$');
SELECT * FROM migrate_diff();

--
-- Hints
--
SELECT pg_temp.model(E'-- migrate:renamed_from old\nCREATE TABLE a (\n  -- migrate:renamed_from "Old"\n  id integer);');
SELECT pg_temp.model(E'CREATE TABLE a (id integer); -- migrate:renamed_from old');
SELECT pg_temp.model(E'-- migrate:renamed_from\nCREATE TABLE a (id integer);');
SELECT pg_temp.model(E'-- migrate:renamed old\nCREATE TABLE a (id integer);');
SELECT pg_temp.model(E'-- migrate:renamed_from a b\nCREATE TABLE a (id integer);');
SELECT pg_temp.model(E'CREATE TABLE a (\n  -- migrate:renamed_from s.b\n  id integer);');
SELECT pg_temp.model(E'CREATE TABLE a (id integer\n  -- migrate:renamed_from b\n);');
SELECT pg_temp.model(E'CREATE TABLE a (id integer,\n  -- migrate:renamed_from b\n  CHECK (id > 0));');
SELECT pg_temp.model(E'-- migrate:renamed_from b\nGRANT SELECT ON a TO PUBLIC;');
SELECT pg_temp.model(E'CREATE TABLE a (id integer);\n-- migrate:renamed_from b\n');

--
-- Nothing remains, in the database or the session
--
CREATE TABLE kept (id serial PRIMARY KEY, t text);
INSERT INTO kept (t) VALUES ('a');
CREATE TABLE before_model AS SELECT 1 AS n WHERE false;
INSERT INTO before_model SELECT count(*) FROM pg_class;
SELECT pg_temp.model($$
CREATE TABLE kept (id serial PRIMARY KEY, t integer);
DO 'BEGIN INSERT INTO kept (t) SELECT generate_series(1, 100); END';
CREATE PUBLICATION regress_model FOR TABLE kept;
CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
SET work_mem = '17MB';
$$);
SET client_min_messages = error;
SELECT count(*) > 0 AS differs FROM migrate_diff();
RESET client_min_messages;
SELECT count(*) - (SELECT n FROM before_model) AS more FROM pg_class;
SELECT * FROM kept;
SELECT nextval('kept_id_seq');
SELECT count(*) FROM pg_publication WHERE pubname = 'regress_model';
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pg\_migrate%';
SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'migrate';
SELECT current_setting('work_mem') = '17MB' AS set, current_setting('session_replication_role') AS role;
DROP TABLE kept, before_model;

-- the database's own publications, event triggers and casts do not get in the way
SET client_min_messages = error;
CREATE TABLE published (id integer PRIMARY KEY);
CREATE PUBLICATION regress_model FOR TABLE published;
CREATE TYPE mood AS ENUM ('sad');
CREATE FUNCTION mood_number(mood) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE CAST (mood AS integer) WITH FUNCTION mood_number(mood);
CREATE FUNCTION public.regress_model_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
CREATE EVENT TRIGGER regress_model ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.regress_model_event();
ALTER EVENT TRIGGER regress_model ENABLE ALWAYS;
SELECT pg_temp.model($$
CREATE TABLE published (id integer PRIMARY KEY);
CREATE PUBLICATION regress_model FOR TABLE published;
CREATE TYPE mood AS ENUM ('sad');
CREATE FUNCTION mood_number(mood) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE CAST (mood AS integer) WITH FUNCTION mood_number(mood);
$$);
SELECT operation, object_type, identity FROM migrate_diff();
DROP EVENT TRIGGER regress_model;
DROP FUNCTION public.regress_model_event();
DROP PUBLICATION regress_model;
DROP TABLE published;
DROP TYPE mood CASCADE;
RESET client_min_messages;

--
-- Rights
--
CREATE ROLE regress_model_owner;
CREATE ROLE regress_model_other;
GRANT EXECUTE ON FUNCTION migrate_model, migrate_diff TO regress_model_owner, regress_model_other;
CREATE SCHEMA regress_model_own AUTHORIZATION regress_model_owner;
GRANT USAGE, CREATE ON SCHEMA regress_model_own TO regress_model_other;
SET search_path = regress_model_own, public;
TRUNCATE migrate_model_part;
-- who may not do it to the schema may not do it to its shadow
SELECT action FROM migrate_model('model.sql', 'CREATE TABLE a (id bigint)');
SET ROLE regress_model_other;
SELECT operation, identity FROM migrate_diff();
SELECT action FROM migrate_model('model.sql', 'CREATE TABLE a (id integer)');
RESET ROLE;
-- a text of somebody else's runs only if that one could do as much
SELECT operation, identity FROM migrate_diff();
SET ROLE regress_model_owner;
SELECT operation, identity FROM migrate_diff();
SELECT action FROM migrate_model('model.sql', 'CREATE TABLE a (id integer)');
SELECT registered_by FROM migrate_model_part;
RESET ROLE;
SELECT registered_by FROM migrate_model_part;
SELECT action FROM migrate_model('model.sql', 'CREATE TABLE a (id integer)');
SELECT operation, identity FROM migrate_diff();
-- the owner needs no right to create schemas
SELECT action FROM migrate_model('model.sql', 'CREATE SCHEMA regress_model_own; CREATE TABLE a (id integer)');
SET ROLE regress_model_owner;
SELECT operation, identity FROM migrate_diff();
RESET ROLE;

SET client_min_messages = error;
DROP SCHEMA regress_model, regress_model_own CASCADE;
DROP OWNED BY regress_model_owner, regress_model_other;
DROP ROLE regress_model_owner, regress_model_other;
CALL pg_temp.reset();
