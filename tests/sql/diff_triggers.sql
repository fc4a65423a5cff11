--
-- Triggers, rules and policies, and whether they are enabled
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_triggers;
SET search_path = regress_triggers, public;
\pset format unaligned
\pset tuples_only on

SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE TABLE journal (id integer, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER before_all BEFORE INSERT OR UPDATE OF name ON account FOR EACH ROW
	WHEN (NEW.name IS NOT NULL) EXECUTE FUNCTION note('a', 'it''s');
CREATE TRIGGER changes AFTER UPDATE ON account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER "at the end" AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE keep AS ON DELETE TO account DO INSTEAD NOTHING;
CREATE RULE log AS ON UPDATE TO account WHERE OLD.name <> NEW.name
	DO ALSO INSERT INTO journal VALUES (NEW.id, 'renamed; really');
COMMENT ON TRIGGER changes ON account IS 'both sides';
COMMENT ON RULE log ON account IS 'names only';
ALTER TABLE account ENABLE ALWAYS TRIGGER changes, DISABLE RULE log;
$$);

--
-- Only the state; then the definitions, too
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE TABLE journal (id integer, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER before_all BEFORE INSERT OR UPDATE OF name ON account FOR EACH ROW
	WHEN (NEW.name IS NOT NULL) EXECUTE FUNCTION note('a', 'it''s');
CREATE TRIGGER changes AFTER UPDATE ON account REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER "at the end" AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE keep AS ON DELETE TO account DO INSTEAD NOTHING;
CREATE RULE log AS ON UPDATE TO account WHERE OLD.name <> NEW.name
	DO ALSO INSERT INTO journal VALUES (NEW.id, 'renamed; really');
COMMENT ON TRIGGER changes ON account IS 'both sides';
COMMENT ON RULE log ON account IS 'names only';
ALTER TABLE account DISABLE TRIGGER before_all, ENABLE REPLICA TRIGGER "at the end", ENABLE REPLICA RULE keep;
$$);
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE TABLE journal (id integer, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER before_all BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION note('a');
CREATE CONSTRAINT TRIGGER changes AFTER UPDATE ON account FOR EACH ROW EXECUTE FUNCTION note();
CREATE CONSTRAINT TRIGGER "at the end" AFTER INSERT ON account DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE keep AS ON DELETE TO account DO INSTEAD (
	INSERT INTO journal VALUES (OLD.id, 'kept'); UPDATE account SET name = NULL WHERE id = OLD.id);
CREATE RULE log AS ON UPDATE TO account DO ALSO NOTIFY account;
COMMENT ON TRIGGER changes ON account IS 'both sides';
COMMENT ON RULE log ON account IS 'all';
ALTER TABLE account DISABLE TRIGGER before_all, DISABLE RULE keep;
$$);

--
-- A new type of a column that they name; a column that is gone
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name varchar(20), mail text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER names BEFORE UPDATE OF name, mail ON account FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE account DISABLE TRIGGER names;
CREATE POLICY own ON account USING (name = current_user);
$$);
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER names BEFORE UPDATE OF name ON account FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE account DISABLE TRIGGER names;
CREATE POLICY own ON account USING (name = current_user);
$$);

--
-- Triggers of partitioned tables are those of their partitions
--
SELECT pg_temp.become($$
CREATE TABLE event (id integer) PARTITION BY LIST (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER noted_1 AFTER INSERT ON event_1 FOR EACH ROW EXECUTE FUNCTION note();
$$);
SELECT pg_temp.become($$
CREATE TABLE event (id integer) PARTITION BY LIST (id);
CREATE TABLE event_1 PARTITION OF event FOR VALUES IN (1);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted AFTER INSERT OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION note();
$$);

--
-- Policies: roles and conditions change in place, a condition cannot be taken
-- away, nor can the command
--
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account USING (name = current_user);
CREATE POLICY readers ON account AS RESTRICTIVE FOR SELECT TO pg_monitor USING (id > 0);
CREATE POLICY writers ON account FOR UPDATE USING (id > 0) WITH CHECK (id > 1);
COMMENT ON POLICY writers ON account IS 'careful';
$$);
SELECT pg_temp.become($$
CREATE TABLE account (id integer PRIMARY KEY, name text);
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account USING (name = session_user) WITH CHECK (id > 5);
CREATE POLICY readers ON account AS RESTRICTIVE FOR SELECT TO pg_read_all_data, pg_monitor USING (id > 0);
CREATE POLICY writers ON account FOR UPDATE USING (id > 0);
COMMENT ON POLICY writers ON account IS 'careful';
$$);

--
-- Event triggers belong to no schema
--
SELECT pg_temp.become($$
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER regress_triggers_1 ON sql_drop WHEN TAG IN ('DROP VIEW', 'DROP TABLE') EXECUTE FUNCTION note();
ALTER EVENT TRIGGER regress_triggers_1 DISABLE;
$$);
SELECT pg_temp.become($$
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER regress_triggers_1 ON sql_drop WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION note();
CREATE EVENT TRIGGER regress_triggers_2 ON ddl_command_end EXECUTE FUNCTION note();
$$);

CALL pg_temp.reset();
DROP SCHEMA regress_triggers CASCADE;
