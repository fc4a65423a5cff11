\set ECHO none
--
-- What the other tests begin with: "\i tests/sql/helpers.sql".  All of it is
-- temporary, and nothing of it is printed.
--

-- Empty the extension's tables: every test begins and ends so.
CREATE PROCEDURE pg_temp.reset()
LANGUAGE sql
AS $$
	TRUNCATE migrate_version, migrate_script, migrate_log, migrate_log_detail, migrate_unfinished, migrate_backfill,
		migrate_backfill_skipped, migrate_job, migrate_model_part, migrate_model_cache RESTART IDENTITY
$$;

-- What the scripts of a graph leave: when they ran, and the version rows then.
CREATE TEMPORARY TABLE trace (
	step bigint GENERATED ALWAYS AS IDENTITY,
	direction text,
	revision text,
	versions text
);

-- The rows of the version table.
CREATE FUNCTION pg_temp.versions() RETURNS text
LANGUAGE sql
AS $$
	SELECT '{' || coalesce(string_agg(version_num, ',' ORDER BY version_num COLLATE "C"), '') || '}'
	FROM migrate_version
$$;

-- Register revisions, written like this:
--
--		a; b:a; c:b,x >y #label
--
-- is a base a, then b which revises a, then c which revises b and x, depends
-- on y and carries a label.  The message of b is "add b".
CREATE PROCEDURE pg_temp.graph(graph text)
LANGUAGE plpgsql
AS $$
DECLARE
	parts text[];
BEGIN
	FOR parts IN
		SELECT regexp_match(item, '^\s*([^\s:>#]+)\s*(?::([^\s>#]+))?\s*(?:>([^\s#]+))?\s*(?:#(\S+))?\s*$')
		FROM unnest(string_to_array(graph, ';')) AS item
	LOOP
		PERFORM migrate_register(format(
E'-- add %1$s\n\n-- Revision ID: %1$s\n-- Revises: %2$s\n-- Depends On: %3$s\n-- Branch Labels: %4$s\n'
'-- migrate:upgrade\nINSERT INTO pg_temp.trace (direction, revision, versions) VALUES (''up'', %1$L, pg_temp.versions());\n'
'-- migrate:downgrade\nINSERT INTO pg_temp.trace (direction, revision, versions) VALUES (''down'', %1$L, pg_temp.versions());\n',
			parts[1], parts[2], parts[3], parts[4]));
	END LOOP;
END
$$;

-- Register a script, or replace it; the sections are statements as they are.
CREATE PROCEDURE pg_temp.script(id text, revises text, up text, down text DEFAULT '')
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM migrate_register(format(E'-- Revision ID: %s\n-- Revises: %s\n-- migrate:upgrade\n%s\n-- migrate:downgrade\n%s\n',
									id, revises, up, down), accept_changes => true);
END
$$;

-- Bring the version rows where a test begins.
CREATE PROCEDURE pg_temp.at(rows text)
LANGUAGE sql
AS $$
	DELETE FROM migrate_version;
	INSERT INTO migrate_version (version_num) SELECT unnest(string_to_array(rows, ','));
$$;

-- The steps that ran since the last call, each with the version rows that it
-- left: "a{a} b{b}".
CREATE FUNCTION pg_temp.steps() RETURNS text
LANGUAGE sql
AS $$
	WITH done AS (DELETE FROM pg_temp.trace RETURNING *)
	SELECT string_agg(revision || coalesce(next, pg_temp.versions()), ' ' ORDER BY step)
	FROM (SELECT *, lead(versions) OVER (ORDER BY step) AS next FROM done) AS s
$$;

-- Upgrade or downgrade a graph.
CREATE FUNCTION pg_temp.upgrade(target text) RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
BEGIN
	PERFORM migrate_upgrade(target);
	RETURN pg_temp.steps();
END
$$;

CREATE FUNCTION pg_temp.downgrade(target text) RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
BEGIN
	PERFORM migrate_downgrade(target);
	RETURN pg_temp.steps();
END
$$;

-- Bring the database to a model: what the script does, if it leads there and
-- back.  In views, servers before 16 write the table before every column; the
-- qualifiers, a pattern, are taken away.
CREATE FUNCTION pg_temp.become(model text, qualifiers text DEFAULT '') RETURNS text
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
DECLARE
	before text := migrate_snapshot()::jsonb ->> 'fingerprint';
	script text;
BEGIN
	PERFORM migrate_model('model.sql', model);
	SELECT r.script INTO script FROM migrate_revision('change', autogenerate => true) AS r;
	IF script IS NULL THEN
		RETURN '-- nothing to do';
	END IF;
	script := regexp_replace(rtrim(substring(script FROM '-- migrate:upgrade\n(.*)'), E'\n'),
							 '(?<=[ (])(?<!COLUMN )(' || qualifiers || ')\.', '', 'g');
	PERFORM migrate_upgrade('head');
	IF EXISTS (SELECT FROM migrate_diff()) THEN
		RETURN script || E'\n-- leads elsewhere';
	END IF;
	PERFORM migrate_downgrade('-1');
	IF migrate_snapshot()::jsonb ->> 'fingerprint' <> before THEN
		RETURN script || E'\n-- leads back elsewhere';
	END IF;
	PERFORM migrate_upgrade('head');
	RETURN script;
END
$$;

CALL pg_temp.reset();
\set ECHO all
