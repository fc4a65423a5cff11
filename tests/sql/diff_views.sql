--
-- Views and materialized views: what changes in place, what is made again, and
-- what comes back with it
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_views;
SET search_path = regress_views, public;
\pset format unaligned
\pset tuples_only on
\set qualifiers 'account|entry|total|sums|"Numbers"|"[*]VALUES[*]"'

--
-- One by one on top of each other
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name varchar(20), notes text);
CREATE TABLE entry (account integer, cents bigint);
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name varchar(20), notes text);
CREATE TABLE entry (account integer, cents bigint);
CREATE VIEW a_first AS SELECT account, cents FROM entry WHERE cents > 0 WITH CHECK OPTION;
CREATE MATERIALIZED VIEW total WITH (fillfactor = 50) AS
	SELECT id, name, count(*) AS entries FROM account LEFT JOIN entry ON account = id GROUP BY id;
CREATE UNIQUE INDEX total_id ON total (id);
CREATE RECURSIVE VIEW "Numbers" (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM "Numbers" WHERE n < 10;
CREATE VIEW sums WITH (security_barrier) AS SELECT id, name FROM total;
COMMENT ON VIEW sums IS 'by account';
COMMENT ON COLUMN sums.name IS 'of whom';
$$, :'qualifiers');

--
-- Columns that are added at the end, options and another query need no new view
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name varchar(20), notes text);
CREATE TABLE entry (account integer, cents bigint);
CREATE VIEW a_first AS SELECT account, cents FROM entry WHERE cents > 0 WITH LOCAL CHECK OPTION;
CREATE MATERIALIZED VIEW total WITH (fillfactor = 60) AS
	SELECT id, name, count(*) AS entries FROM account LEFT JOIN entry ON account = id GROUP BY id;
CREATE UNIQUE INDEX total_id ON total (id);
CREATE RECURSIVE VIEW "Numbers" (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM "Numbers" WHERE n < 100;
CREATE VIEW sums WITH (security_barrier) AS SELECT id, name, entries FROM total;
COMMENT ON VIEW sums IS 'by account';
COMMENT ON COLUMN sums.entries IS 'how many';
ALTER VIEW sums ALTER COLUMN name SET DEFAULT 'nobody';
$$, :'qualifiers');

--
-- A column whose type changes takes everything on it along, and it all comes
-- back: indexes, comments, triggers, rules
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name varchar(20), notes text);
CREATE TABLE entry (account integer, cents bigint);
CREATE MATERIALIZED VIEW total AS SELECT id, name FROM account;
CREATE UNIQUE INDEX total_id ON total (id);
COMMENT ON INDEX total_id IS 'to refresh';
CREATE VIEW sums AS SELECT id, name FROM total;
COMMENT ON COLUMN sums.name IS 'of whom';
CREATE RULE no_delete AS ON DELETE TO sums DO INSTEAD NOTHING;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER note INSTEAD OF INSERT ON sums FOR EACH ROW EXECUTE FUNCTION note();
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text, notes text);
CREATE TABLE entry (account integer, cents bigint);
CREATE MATERIALIZED VIEW total AS SELECT id, name FROM account;
CREATE UNIQUE INDEX total_id ON total (id);
COMMENT ON INDEX total_id IS 'to refresh';
CREATE VIEW sums AS SELECT id, name FROM total;
COMMENT ON COLUMN sums.name IS 'of whom';
CREATE RULE no_delete AS ON DELETE TO sums DO INSTEAD NOTHING;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER note INSTEAD OF INSERT ON sums FOR EACH ROW EXECUTE FUNCTION note();
$$, :'qualifiers');

--
-- Names change hands: a view that becomes a materialized view, another that
-- becomes a table, two that stand on each other the other way round
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE VIEW total AS SELECT id, name FROM account;
CREATE VIEW sums AS SELECT id, name FROM total;
CREATE VIEW entry AS SELECT name FROM account;
$$, :'qualifiers');
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE MATERIALIZED VIEW sums AS SELECT name, id FROM account;
CREATE VIEW total AS SELECT name, id FROM sums;
CREATE TABLE entry (name text);
$$, :'qualifiers');

--
-- What a view is made by, and what it is made again from, are the same view
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name varchar(20));
CREATE VIEW total AS SELECT id FROM account WHERE name IN ('a', 'b');
CREATE VIEW sums (x, y) AS VALUES (1, 'a;'), (2, ';');
CREATE VIEW nothing AS SELECT;
$$, :'qualifiers');
SELECT pg_temp.become(ddl) FROM migrate_model_part;

CALL pg_temp.reset();
DROP SCHEMA regress_views CASCADE;
