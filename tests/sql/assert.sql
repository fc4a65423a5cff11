--
-- Assertions: queries whose result decides whether a revision goes on
--
\i tests/sql/helpers.sql
CREATE TABLE regress_account (id integer, name text, found boolean DEFAULT true);
INSERT INTO regress_account VALUES (1, 'Ada'), (2, repeat('ä', 50) || 'o');

-- Make a script the only one, and say that it is applied if "at" says so.
-- The upgrade begins on its third line.
CREATE PROCEDURE pg_temp.script(upgrade text, downgrade text DEFAULT '', at text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
BEGIN
	CALL pg_temp.reset();
	PERFORM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n' || upgrade ||
							 E'\n-- migrate:downgrade\n' || downgrade, 'versions/r1.sql');
	CALL pg_temp.at(at);
END
$$;

-- What a run of assertions comes to, one by one.
CREATE FUNCTION pg_temp.outcomes(VARIADIC assertions text[]) RETURNS TABLE (assertion text, outcome text)
LANGUAGE plpgsql
SET client_min_messages = warning
AS $$
DECLARE
	detail text;
BEGIN
	FOREACH assertion IN ARRAY assertions LOOP
		BEGIN
			CALL pg_temp.script('-- migrate:assert' || assertion);
			PERFORM migrate_upgrade();
			outcome := 'passed';
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
			outcome := concat_ws(', ', SQLSTATE, SQLERRM, detail);
		END;
		RETURN NEXT;
	END LOOP;
END
$$;

-- What the blocks of an offline script come to.
CREATE FUNCTION pg_temp.blocks(script text) RETURNS SETOF text
LANGUAGE plpgsql
AS $$
DECLARE
	block text[];
	detail text;
BEGIN
	FOR block IN SELECT regexp_matches(script, 'DO E??''\n#.*?\nEND\n''', 'g') LOOP
		BEGIN
			EXECUTE block[1];
			RETURN NEXT 'passed';
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
			RETURN NEXT concat_ws(', ', SQLSTATE, SQLERRM, detail);
		END;
	END LOOP;
END
$$;

--
-- Upgrade and downgrade
--
CALL pg_temp.script($$
-- migrate:assert
SELECT count(*) = 2 FROM regress_account;
-- migrate:assert empty
SELECT * FROM regress_account WHERE name IS NULL;

INSERT INTO regress_account VALUES (3, 'Grace');

-- it sees what was done so far
-- migrate:assert
SELECT count(*) = 3 FROM regress_account;
$$, $$
-- migrate:assert
SELECT id <> 3 FROM regress_account ORDER BY id;
DELETE FROM regress_account WHERE id = 3;
$$);
SELECT revision, statements FROM migrate_upgrade();
SELECT revision FROM migrate_downgrade('base');
SELECT pg_temp.versions();
DELETE FROM regress_account WHERE id = 3;
SELECT revision, statements FROM migrate_downgrade('base');
SELECT pg_temp.versions();

-- a failure leaves nothing
CALL pg_temp.script($$
INSERT INTO regress_account VALUES (4, 'Linus');

-- migrate:assert empty
SELECT id, name
FROM regress_account WHERE id > 3;
$$);
SELECT revision FROM migrate_upgrade();
SELECT count(*), pg_temp.versions() FROM regress_account;

--
-- What comes back
--
\pset format unaligned
SELECT * FROM pg_temp.outcomes(
E'\nSELECT true',
E'\nSELECT true FROM regress_account',
E'\nSELECT false',
E'\nSELECT NULL::boolean',
E'\nSELECT true WHERE false',
E'\nSELECT id < 2 FROM regress_account ORDER BY id',
E' empty\nSELECT',
E' empty\nSELECT WHERE false',
E' empty\nSELECT * FROM regress_account WHERE false',
E' empty\nSELECT * FROM regress_account ORDER BY id DESC',
E' empty\nSELECT NULL AS a, 1 AS a, repeat(''x'', 65) AS b, 3 AS c, 4 AS d, 5 AS e, 6 AS f, 7 AS g, 8 AS h',
-- what decides ends the query
E' empty\nSELECT 1 / (3 - i) FROM generate_series(1, 3) AS i',
E'\nSELECT i = 1 OR 1 / (3 - i) > 1 FROM generate_series(1, 3) AS i',
-- every kind of query
E'\nVALUES (true), (true)',
E'\nVALUES (true), (false)',
E' empty\nTABLE regress_account',
E'\nWITH a AS (SELECT count(*) AS n FROM regress_account) SELECT n = 2 FROM a',
E'\n(SELECT true) UNION ALL SELECT false',
E'\n(SELECT true)',
E'\nSELECT found FROM regress_account FOR UPDATE',
-- a condition is one boolean column
E'\nSELECT 1',
E'\nSELECT true, true',
E'\nSELECT',
E'\nSELECT 1 WHERE false',
E'\nSELECT ''t''',
-- an error of the query is its own
E'\nSELECT 1 / 0 = 1');
\pset format aligned
CREATE DOMAIN regress_yes AS boolean;
SELECT * FROM pg_temp.outcomes(E'\nSELECT true::regress_yes', E'\nSELECT false::regress_yes');
DROP DOMAIN regress_yes;
CALL pg_temp.script(E'SELECT 1;\n-- migrate:assert\nSELECT id FROM regress_account;');
SELECT revision FROM migrate_upgrade();
CALL pg_temp.script(E'SELECT 1;\n-- migrate:assert\nSELECT nosuch FROM regress_account;');
SELECT revision FROM migrate_upgrade();

-- with the rights that the script has
CREATE ROLE regress_assert;
CALL pg_temp.script(E'SET ROLE regress_assert;\n-- migrate:assert\nSELECT true FROM regress_account;');
SELECT revision FROM migrate_upgrade();
DROP ROLE regress_assert;

-- far down in a long script, which is parsed in pieces
CALL pg_temp.script(repeat(E'SELECT 1;\n', 30000) || E'-- migrate:assert empty\nSELECT 2;\n' || repeat(E'SELECT 3;\n', 30000));
SELECT revision FROM migrate_upgrade();

--
-- Directives in wrong places
--
SELECT * FROM migrate_register(E'-- Revision ID: r1\n-- migrate:assert\n-- migrate:upgrade\nSELECT true;');
SELECT * FROM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n-- migrate:assert true\nSELECT true;');
SELECT * FROM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\nSELECT 1; -- migrate:assert\nSELECT true;');
SELECT * FROM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n-- migrate:downgrade none\n-- migrate:assert\nSELECT true;');
CALL pg_temp.script(E'SELECT 1;\n-- migrate:assert\n;\n');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script(E'-- migrate:assert\n-- migrate:assert empty\nSELECT true;\nSELECT 1');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script(E'INSERT INTO regress_account\n-- migrate:assert\nSELECT 1');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script(E'-- migrate:assert\nSELECT\n-- migrate:assert\ntrue');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script(E'-- migrate:assert empty\nDELETE FROM regress_account RETURNING *');
SELECT * FROM migrate_upgrade();
CALL pg_temp.script(E'-- migrate:assert empty\nWITH d AS (DELETE FROM regress_account RETURNING *) SELECT * FROM d');
SELECT * FROM migrate_plan();
CALL pg_temp.script(E'-- migrate:assert\nSELECT true INTO regress_x UNION SELECT false');
SELECT migrate_upgrade_sql();

--
-- It is a part of the script: of the checksum, of the plan
--
CALL pg_temp.script(E'SELECT true;', at => 'r1');
SELECT action FROM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n-- migrate:assert\nSELECT true;\n-- migrate:downgrade\n', 'versions/r1.sql');
CALL pg_temp.script(E'-- migrate:assert\nSELECT true;\n-- migrate:assert empty\nSELECT WHERE false;', at => 'r1');
SELECT action FROM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n--MIGRATE:ASSERT\nselect true;\n-- migrate:assert\tempty\nselect where false;\n-- migrate:downgrade\n', 'versions/r1.sql');
SELECT action FROM migrate_register(E'-- Revision ID: r1\n-- migrate:upgrade\n-- migrate:assert\nSELECT true;\nSELECT WHERE false;\n-- migrate:downgrade\n', 'versions/r1.sql');
CALL pg_temp.at(NULL);
SELECT statement, line, sql FROM migrate_plan();
SELECT script FROM migrate_export();

--
-- Without the extension
--
CALL pg_temp.script($$
-- there are accounts
-- migrate:assert
SELECT count(*) = 2 FROM regress_account; -- both
-- migrate:assert
SELECT found FROM regress_account WHERE name <> '\' -- a column, and no variable
;
-- migrate:assert empty
TABLE regress_account$$, $$
-- migrate:assert
SELECT id < 2 FROM regress_account;
-- migrate:assert
VALUES (true), (NULL);
-- migrate:assert
SELECT true WHERE false;
-- migrate:assert
(SELECT true);
-- migrate:assert
SELECT 1;
-- migrate:assert
SELECT true, true;
-- migrate:assert empty
WITH a AS (SELECT 1) SELECT * FROM a WHERE false ORDER BY 1 LIMIT 1 OFFSET 0;
$$);
\pset format unaligned
\pset tuples_only on
SELECT migrate_upgrade_sql();
SELECT pg_temp.blocks(migrate_upgrade_sql());
SELECT pg_temp.blocks(migrate_downgrade_sql('head:base'));
\pset tuples_only off
\pset format aligned

--
-- On a shadow tables are empty: assertions are not asked
--
CREATE SCHEMA regress_assert;
SET migrate.schemas = 'regress_assert';
CALL pg_temp.script(E'CREATE TABLE regress_assert.a (id integer);\n-- migrate:assert\nSELECT count(*) > 0 FROM regress_account;',
					E'-- migrate:assert empty\nSELECT 1;\nDROP TABLE regress_assert.a;');
SELECT revision, verdict, detail FROM migrate_prove() WHERE revision IS NOT NULL;
SELECT operation, object_type, identity FROM migrate_diff('base', 'head');
RESET migrate.schemas;
DROP SCHEMA regress_assert;

DROP TABLE regress_account;
CALL pg_temp.reset();
