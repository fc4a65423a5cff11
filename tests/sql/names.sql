--
-- Every form of revision identifier, with every command that takes one
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;

-- Run a query that returns a text, undo what it did, and return the text, or
-- the SQLSTATE of its error.
CREATE FUNCTION pg_temp.try(query text) RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	result text;
BEGIN
	EXECUTE query INTO result;
	RAISE EXCEPTION SQLSTATE 'UNDO0';
EXCEPTION
	WHEN SQLSTATE 'UNDO0' THEN
		RETURN coalesce(result, '-');
	WHEN OTHERS THEN
		RETURN SQLSTATE;
END
$$;

-- What a name means.  upgrade, downgrade, stamp: the version rows afterwards.
-- from and upto: the history of "name:" and ":name".
CREATE FUNCTION pg_temp.meaning(name text,
	OUT upgrade text, OUT downgrade text, OUT stamp text,
	OUT "from" text, OUT upto text, OUT show text)
LANGUAGE sql
AS $$
	SELECT pg_temp.try(format('SELECT pg_temp.versions() FROM (SELECT count(*) FROM migrate_upgrade(%L)) AS run', name)),
		pg_temp.try(format('SELECT pg_temp.versions() FROM (SELECT count(*) FROM migrate_downgrade(%L)) AS run', name)),
		pg_temp.try(format('SELECT pg_temp.versions() FROM (SELECT count(*) FROM migrate_stamp(%L)) AS run', name)),
		pg_temp.try(format('SELECT string_agg(revision, '','') FROM migrate_history(%L)', name || ':')),
		pg_temp.try(format('SELECT string_agg(revision, '','') FROM migrate_history(%L)', ':' || name)),
		pg_temp.try(format('SELECT string_agg(revision, '','') FROM migrate_show(%L)', name))
$$;

--
-- One line, in the middle of it
--
CALL pg_temp.graph('aaaa; bbbb:aaaa; cccc:bbbb#label; dddd:cccc; eeee:dddd');
CALL pg_temp.at('cccc');
SELECT name, meaning.*
FROM unnest(ARRAY[
	-- names
	'bbbb', 'b', 'label', 'lab', 'dddd', 'BBBB', 'xxxx',
	-- symbols
	'head', 'heads', 'base', 'current',
	-- steps from where the database is
	'+1', '+2', '+3', '-1', '-3', '-4', '+0', '-0',
	-- steps from a revision
	'bbbb+1', 'b+1', 'bbbb+4', 'dddd-1', 'dddd-4', 'dddd-5', 'label+1', 'head-1', 'base+1', 'bbbb+0', 'bbbb-0',
	-- with a branch
	'label@dddd', 'label@d', 'label@head', 'label@heads', 'label@base', 'aaaa@head', 'lab@eeee',
	'label@+1', 'label@-1', 'label@bbbb+1', 'label@dddd-1', 'xxxx@head', 'xxxx@base', 'label@xxxx', 'label@', '@head',
	-- what only looks like one of these
	'+1x', 'bbbb+1x', '+', '-', 'b b', '1', '+-1', '--1', '@', 'label@@dddd',
	-- ranges
	'aaaa:bbbb', ':'
]) WITH ORDINALITY AS form(name, n), pg_temp.meaning(name)
ORDER BY n;

-- nothing is applied
CALL pg_temp.at(NULL);
SELECT name, meaning.*
FROM unnest(ARRAY['current', 'base', '+1', '+6', '-1', 'label@+1', 'label@-1', 'label@base'])
	WITH ORDINALITY AS form(name, n), pg_temp.meaning(name)
ORDER BY n;

--
-- Two branches, with a dependency; both of them are under way
--
CALL pg_temp.reset();
CALL pg_temp.graph('root; left1:root#left; left2:left1; right1:root#right; right2:right1>left2');
CALL pg_temp.at('left1,right1');
SELECT name, meaning.*
FROM unnest(ARRAY[
	'left', 'left1', 'l', 'r', 'right', 'head', 'heads', 'base', 'current', 'root',
	'+1', '-1', 'root+1', 'left1+1', 'right2-1',
	'left@head', 'left@heads', 'right@head', 'right@heads', 'root@head', 'root@heads', 'left@base', 'right@root',
	'left@right1', 'right@left2',
	'left@+1', 'right@+1', 'right@+2', 'left@-1', 'right@-1', 'right@-2', 'right@-3',
	'left@root+1', 'right@root+1', 'left@left2-1', 'left@right2-1'
]) WITH ORDINALITY AS form(name, n), pg_temp.meaning(name)
ORDER BY n;

-- one of them is not begun
CALL pg_temp.at('left1');
SELECT name, meaning.*
FROM unnest(ARRAY['+1', '-1', 'right@+1', 'right@-1', 'left@-1', 'right@base', 'root@+1'])
	WITH ORDINALITY AS form(name, n), pg_temp.meaning(name)
ORDER BY n;

-- all is implied by one row
CALL pg_temp.at('right2');
SELECT name, meaning.*
FROM unnest(ARRAY['left', 'left@-1', 'left@+1', 'left2', 'left1', '-1', 'right@-1', 'left@base', 'current'])
	WITH ORDINALITY AS form(name, n), pg_temp.meaning(name)
ORDER BY n;

--
-- Prefixes
--
CALL pg_temp.reset();
CALL pg_temp.graph('1a2b; 1a2c:1a2b; abc; abcdef:1a2c#abcdxy; xyz1>abc');

-- one letter is enough if it is unique; two candidates are listed
SELECT string_agg(revision, ',') FROM migrate_show('x');
SELECT string_agg(revision, ',') FROM migrate_show('1a2');
SELECT string_agg(revision, ',') FROM migrate_show('1');
-- an id and its own label are two names, but an exact name wins
SELECT string_agg(revision, ',') FROM migrate_show('abcd');
SELECT string_agg(revision, ',') FROM migrate_show('abcde');
SELECT string_agg(revision, ',') FROM migrate_show('abcdxy');
-- names of less than four characters cannot be shortened
SELECT string_agg(revision, ',') FROM migrate_show('abc');
SELECT string_agg(revision, ',') FROM migrate_show('ab');
-- a branch narrows the candidates
SELECT string_agg(revision, ',') FROM migrate_show('abcdef@1a2');
SELECT string_agg(revision, ',') FROM migrate_show('abcdef@a');
SELECT string_agg(revision, ',') FROM migrate_show('xyz1@a');
-- the branch may be a prefix
SELECT string_agg(revision, ',') FROM migrate_show('xy@head');

-- many candidates: the first ten
CALL pg_temp.reset();
CALL pg_temp.graph('rev01; rev02; rev03; rev04; rev05; rev06; rev07; rev08; rev09; rev10; rev11; rev12');
SELECT string_agg(revision, ',') FROM migrate_show('rev');

--
-- Names with characters beyond letters and digits
--
CALL pg_temp.reset();
CALL pg_temp.graph('2.1_rc; 2.2:2.1_rc; über:2.2#v-next; naïve:über');
SELECT name, meaning.*
FROM unnest(ARRAY['2.1', '2.1_rc+1', '2.2-1', 'üb', 'ü', 'über+1', 'v-next', 'v-n', 'v-next@head', 'v-next+1', 'v-next@+3'])
	WITH ORDINALITY AS form(name, n), pg_temp.meaning(name)
ORDER BY n;

RESET client_min_messages;
CALL pg_temp.reset();
