--
-- migrate_revision(autogenerate => true): the revision from the database to
-- the model, and when there is none
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
CREATE SCHEMA regress_auto;
SET search_path = regress_auto, public;
RESET client_min_messages;

-- The sections of a script, alike on all servers: before 16, columns of views
-- have their table before them; from 18 on, NOT NULL has a name that can be
-- another one.
CREATE FUNCTION pg_temp.sections(script text) RETURNS text
LANGUAGE plpgsql
AS $$
BEGIN
	script := rtrim(substring(script FROM '(-- migrate:upgrade.*)'), E'\n');
	script := regexp_replace(script, '([ (])(account|booking|total)\.', '\1', 'g');
	script := regexp_replace(script, E'[^\n]* RENAME CONSTRAINT \\w+_not_null TO [^\n]*\n', '', 'g');
	RETURN regexp_replace(regexp_replace(script, E'\n{3,}', E'\n\n', 'g'), E'(-- migrate:downgrade\n)\n', '\1');
END
$$;

-- The relations of the schema, and the columns of each.
CREATE FUNCTION pg_temp.relations() RETURNS text
LANGUAGE sql
AS $$
	SELECT string_agg(relname || coalesce((SELECT '(' || string_agg(attname, ' ' ORDER BY attnum) || ')' FROM pg_attribute
			WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'v', 'm')), ''), ' ' ORDER BY relname COLLATE "C")
	FROM pg_class AS c WHERE relnamespace = 'regress_auto'::regnamespace
$$;

-- Upgrade to the head; silent.
CREATE FUNCTION pg_temp.run() RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
BEGIN
	RETURN (SELECT string_agg(revision, ' ' ORDER BY step) FROM migrate_upgrade('head'));
END
$$;

-- Do the last step down, and up again: is there what was before each time?
CREATE FUNCTION pg_temp.back_and_forth() RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
DECLARE
	at_head text := migrate_snapshot()::jsonb ->> 'fingerprint';
	before text;
	result text := '';
BEGIN
	PERFORM migrate_downgrade('-1');
	before := migrate_snapshot()::jsonb ->> 'fingerprint';
	IF before = at_head THEN
		result := 'nothing was undone; ';
	END IF;
	PERFORM migrate_upgrade('head');
	IF migrate_snapshot()::jsonb ->> 'fingerprint' <> at_head THEN
		result := result || 'the upgrade leads elsewhere; ';
	END IF;
	PERFORM migrate_downgrade('-1');
	IF migrate_snapshot()::jsonb ->> 'fingerprint' <> before THEN
		result := result || 'the downgrade leads elsewhere; ';
	END IF;
	PERFORM migrate_upgrade('head');
	RETURN result || migrate_check();
END
$$;

--
-- Without a model there is nothing to compare with
--
SELECT * FROM migrate_revision('x', autogenerate => true);
SELECT count(*) FROM migrate_script;

--
-- The first revision, the second, and none
--
SELECT * FROM migrate_model('account.sql', $$
CREATE TABLE account (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE
);
COMMENT ON TABLE account IS 'who pays';
CREATE VIEW account_name AS SELECT name FROM account;
$$);
SELECT revision, path, data_losses, split_part(script, E'\n', 1) AS message,
	substring(script FROM 'Revises: *([^\n]*)') AS revises
FROM migrate_revision('first', rev_id => 'a1', autogenerate => true);
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.sections(script) FROM migrate_script WHERE revision = 'a1';
\pset tuples_only off
\pset format aligned
-- nothing of it has been run
SELECT pg_temp.relations();
SELECT pg_temp.run();
SELECT pg_temp.relations();
SELECT pg_temp.back_and_forth();

SELECT * FROM migrate_model('entry.sql', $$
CREATE TABLE entry (
	account bigint NOT NULL REFERENCES account,
	cents bigint NOT NULL DEFAULT 0 CHECK (cents <> 0)
);
CREATE INDEX entry_account ON entry (account);
$$);
SELECT data_losses, substring(script FROM 'Revises: *([^\n]*)') AS revises, pg_temp.sections(script) AS script
FROM migrate_revision('second', rev_id => 'b2', autogenerate => true);
-- the database must be at the head first
SELECT * FROM migrate_revision('third', rev_id => 'c3', autogenerate => true);
SELECT pg_temp.run();
SELECT pg_temp.back_and_forth();

-- no difference: no revision
SELECT * FROM migrate_revision('third', rev_id => 'c3', autogenerate => true);
SELECT migrate_revision('third', rev_id => 'c3', autogenerate => true) IS NULL AS none;
SELECT revision FROM migrate_script ORDER BY 1;
-- unless an empty one is asked for
SELECT data_losses, script ~ 'migrate:upgrade' AS upgrade, script ~ 'migrate:downgrade' AS downgrade, script ~ '(CREATE|ALTER|DROP)' AS ddl
FROM migrate_revision('third', rev_id => 'c3', autogenerate => true, allow_empty => true);
SELECT pg_temp.run();
-- without autogenerate, allow_empty is what there always was
SELECT revision, data_losses FROM migrate_revision('fourth', rev_id => 'd4', allow_empty => false);
SELECT revision FROM migrate_unregister('d4');
-- NULL is false
SELECT revision, data_losses FROM migrate_revision('fourth', rev_id => 'd4', autogenerate => NULL, allow_empty => NULL);
SELECT revision FROM migrate_unregister('d4');

--
-- What is lost is said
--
INSERT INTO account (name) VALUES ('a');
SELECT action FROM migrate_model('account.sql', $$
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
COMMENT ON TABLE account IS 'who pays';
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('narrow', rev_id => 'd4', autogenerate => true);
SELECT revision FROM migrate_unregister('d4');
SELECT action FROM migrate_model('account.sql', NULL);
SELECT action FROM migrate_model('entry.sql', $$
CREATE TABLE entry (account integer NOT NULL, cents bigint NOT NULL DEFAULT 0 CHECK (cents <> 0));
CREATE INDEX entry_account ON entry (account);
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('narrow', rev_id => 'd4', autogenerate => true);
SELECT pg_temp.run();
SELECT pg_temp.back_and_forth();

--
-- Renames
--
SELECT action FROM migrate_model('entry.sql', $$
-- migrate:renamed_from entry
CREATE TABLE booking (
	account integer NOT NULL,
	-- migrate:renamed_from cents
	amount bigint NOT NULL DEFAULT 0 CHECK (amount <> 0)
);
CREATE INDEX booking_account ON booking (account);
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('rename', rev_id => 'e5', autogenerate => true);
INSERT INTO entry VALUES (1, 2);
SELECT pg_temp.run();
SELECT * FROM booking;
SELECT pg_temp.back_and_forth();
SELECT * FROM booking;
-- the hints may stay
SELECT revision FROM migrate_revision('again', autogenerate => true);
-- also when there is something else to do
SELECT action FROM migrate_model('entry.sql', $$
-- migrate:renamed_from entry
CREATE TABLE booking (
	account integer NOT NULL,
	-- migrate:renamed_from cents
	amount bigint NOT NULL DEFAULT 0 CHECK (amount <> 0),
	day date
);
CREATE INDEX booking_account ON booking (account);
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('day', rev_id => 'f6', autogenerate => true);
SELECT pg_temp.run();
-- and when something new has the old name: that is not what was renamed
SELECT action FROM migrate_model('old.sql', 'CREATE TABLE entry (id integer)');
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('entry', rev_id => 'g7', autogenerate => true);
SELECT pg_temp.run();
SELECT migrate_check();
-- without a hint it is proposed only
SELECT action FROM migrate_model('old.sql', 'CREATE TABLE entries (id integer)');
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('entries', rev_id => 'h8', autogenerate => true);
SELECT revision FROM migrate_unregister('h8');
-- a hint about what never was does nothing
SELECT action FROM migrate_model('old.sql', E'-- migrate:renamed_from nosuch\nCREATE TABLE entry (id integer)');
SELECT revision FROM migrate_revision('nothing', autogenerate => true);
-- one that nothing can be made of is refused when it is pushed
SELECT * FROM migrate_model('old.sql', E'-- migrate:renamed_from nosuch\nSELECT 1');
SELECT * FROM migrate_model('old.sql', E'-- migrate:renamed_from\nCREATE TABLE entry (id integer)');
SELECT * FROM migrate_model('old.sql', E'CREATE TABLE entry (id integer)\n-- migrate:renamed_from nosuch\n');

--
-- What stands on something that changes is made again
--
SELECT action FROM migrate_model('old.sql', NULL);
SELECT action FROM migrate_model('entry.sql', $$
CREATE TABLE booking (account integer NOT NULL, amount bigint NOT NULL DEFAULT 0 CHECK (amount <> 0), day date);
CREATE INDEX booking_account ON booking (account);
CREATE VIEW total AS SELECT account, sum(amount) AS amount FROM booking GROUP BY account;
COMMENT ON VIEW total IS 'by account';
CREATE MATERIALIZED VIEW rich AS SELECT account FROM total WHERE amount > 1000;
CREATE UNIQUE INDEX rich_account ON rich (account);
CREATE FUNCTION totals() RETURNS SETOF total LANGUAGE sql AS 'SELECT * FROM regress_auto.total';
$$);
SELECT data_losses FROM migrate_revision('views', rev_id => 'h8', autogenerate => true);
SELECT pg_temp.run();
SELECT pg_temp.back_and_forth();
SELECT action FROM migrate_model('entry.sql', $$
CREATE TABLE booking (account integer NOT NULL, amount numeric NOT NULL DEFAULT 0 CHECK (amount <> 0), day date);
CREATE INDEX booking_account ON booking (account);
CREATE VIEW total AS SELECT account, sum(amount) AS amount FROM booking GROUP BY account;
COMMENT ON VIEW total IS 'by account';
CREATE MATERIALIZED VIEW rich AS SELECT account FROM total WHERE amount > 1000;
CREATE UNIQUE INDEX rich_account ON rich (account);
CREATE FUNCTION totals() RETURNS SETOF total LANGUAGE sql AS 'SELECT * FROM regress_auto.total';
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('numeric', rev_id => 'i9', autogenerate => true);
SELECT pg_temp.run();
SELECT pg_temp.back_and_forth();

--
-- A value of an enum that is added, and used by the same script
--
SELECT action FROM migrate_model('mood.sql', $$
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE person (mood mood NOT NULL DEFAULT 'ok');
$$);
SELECT data_losses FROM migrate_revision('mood', rev_id => 'j10', autogenerate => true);
SELECT pg_temp.run();
INSERT INTO person VALUES ('sad'), ('ok');
-- added only
SELECT action FROM migrate_model('mood.sql', $$
CREATE TYPE mood AS ENUM ('sad', 'meh', 'ok');
CREATE TABLE person (mood mood NOT NULL DEFAULT 'ok');
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('meh', rev_id => 'k11', autogenerate => true);
SELECT pg_temp.run();
-- and used
SELECT action FROM migrate_model('mood.sql', $$
CREATE TYPE mood AS ENUM ('sad', 'meh', 'ok', 'happy');
CREATE TABLE person (mood mood NOT NULL DEFAULT 'happy');
$$);
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('happy', rev_id => 'l12', autogenerate => true);
SELECT pg_temp.run();
SELECT * FROM person;
SELECT pg_temp.back_and_forth();
SELECT * FROM person;

--
-- Together with the other arguments
--
CALL pg_temp.reset();
DROP SCHEMA regress_auto CASCADE;
CREATE SCHEMA regress_auto;
CALL pg_temp.graph('aa; bb:aa#left; cc:aa#right; dd');
CALL pg_temp.at('bb,cc,dd');
SELECT action FROM migrate_model('one.sql', 'CREATE TABLE one (id integer)');
-- several heads: which one is meant has to be said
SELECT * FROM migrate_revision('one', autogenerate => true);
SELECT revision, path, substring(script FROM 'Revises: *([^\n]*)') AS revises, substring(script FROM 'Depends On: *([^\n]*)') AS depends_on,
	substring(script FROM 'Branch Labels: *([^\n]*)') AS branch_labels, pg_temp.sections(script) AS script
FROM migrate_revision('one', head => 'dd@head', branch_label => 'third', rev_id => 'ee', depends_on => 'left', autogenerate => true);
-- the others are at their heads, this one is not
SELECT * FROM migrate_revision('two', head => 'left@head', autogenerate => true);
SELECT revision FROM migrate_unregister('ee');
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('one', head => 'heads', rev_id => 'ee', autogenerate => true);
SELECT revision FROM migrate_unregister('ee');
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('one', head => 'aa', splice => true, rev_id => 'ee', autogenerate => true);
SELECT revision FROM migrate_unregister('ee');
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('one', head => 'base', rev_id => 'ee', autogenerate => true);
SELECT revision FROM migrate_unregister('ee');
-- what is refused without autogenerate is refused with it
SELECT * FROM migrate_revision('one', head => 'aa', autogenerate => true);
SELECT * FROM migrate_revision('one', head => 'nosuch', autogenerate => true);
SELECT * FROM migrate_revision('one', head => 'dd', rev_id => 'aa', autogenerate => true);
SELECT * FROM migrate_revision('one', head => 'dd', branch_label => 'left', autogenerate => true);
SELECT * FROM migrate_revision('one', head => 'dd', depends_on => 'nosuch', autogenerate => true);
SELECT count(*) FROM migrate_script;

--
-- Errors of the model
--
CALL pg_temp.reset();
SELECT action FROM migrate_model('one.sql', E'CREATE TABLE one (id integer);\n\nCREATE VIEW v AS SELECT * FROM nosuch;\nCREATE VIEW w AS SELECT nosuch FROM one;');
SELECT * FROM migrate_revision('one', autogenerate => true);
SELECT * FROM migrate_model('two.sql', E'CREATE TABLE two (id integer);\nCREATE TABLE;');
SELECT * FROM migrate_model('two.sql', 'ROLLBACK');
SELECT action FROM migrate_model('one.sql', E'CREATE TABLE one (id integer);\nINSERT INTO one VALUES (1);\nSELECT 1;');
SELECT data_losses FROM migrate_revision('one', rev_id => 'a1', autogenerate => true);
-- a part without statements is a model: that of nothing
CALL pg_temp.reset();
CREATE TABLE one (id integer);
SELECT action FROM migrate_model('one.sql', '-- nothing');
SELECT data_losses, pg_temp.sections(script) AS script FROM migrate_revision('none', rev_id => 'a1', autogenerate => true);
SELECT * FROM migrate_model('one.sql', NULL);
SELECT * FROM migrate_model('one.sql', NULL);

--
-- Where it cannot be called
--
SELECT action FROM migrate_model('one.sql', 'CREATE TABLE one (id integer, day date)');
BEGIN READ ONLY;
SELECT * FROM migrate_revision('one', autogenerate => true);
ROLLBACK;
-- from a model, or from a script that is tried out
CALL pg_temp.reset();
SELECT action FROM migrate_model('one.sql', $$DO 'BEGIN PERFORM public.migrate_check(); END'$$);
SELECT * FROM migrate_revision('one', autogenerate => true);
-- it can in a transaction that has more in it, and is undone with it
CALL pg_temp.reset();
SELECT action FROM migrate_model('one.sql', 'CREATE TABLE one (id integer, day date)');
BEGIN;
INSERT INTO one VALUES (1);
SELECT revision FROM migrate_revision('one', rev_id => 'a1', autogenerate => true);
SELECT revision FROM migrate_upgrade();
SELECT * FROM one;
SELECT migrate_check();
ROLLBACK;
SELECT count(*) FROM migrate_script;
SELECT pg_temp.relations();

CALL pg_temp.reset();
SET client_min_messages = warning;
DROP SCHEMA regress_auto CASCADE;
