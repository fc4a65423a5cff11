--
-- migrate_upgrade(): which steps, in which order, and what each one leaves
--
\i tests/sql/helpers.sql

--
-- A run as its caller sees it: notices, a row per step, version row, ledger
--
SELECT revision, path, action FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer PRIMARY KEY);
CREATE TABLE entry (account integer REFERENCES account);
-- migrate:downgrade
DROP TABLE entry, account;
$$);
SELECT revision, path, action FROM migrate_register($$
-- Revision ID: b2
-- Revises: a1
-- migrate:upgrade
$$);
SELECT revision, path, action FROM migrate_register($$
-- add balance, "now"
--
-- Revision ID: c3
-- Revises: b2
-- migrate:upgrade
ALTER TABLE account ADD balance numeric;
$$);
SELECT step, direction, revision, down_revision, message, statements, duration >= '0' AS has_duration
FROM migrate_upgrade('head');
SELECT * FROM migrate_version;
SELECT id, schema_name, direction, revision, removed_versions, added_versions, message, path, statements
FROM migrate_log ORDER BY id;
SELECT bool_and(l.checksum = s.checksum) AS checksum_of_script,
	bool_and(session_role = session_user AND script_role = current_user) AS who,
	bool_and(application_name = current_setting('application_name')) AS application,
	bool_and(backend_pid = pg_backend_pid()) AS backend,
	count(DISTINCT transaction_id) AS transactions,
	bool_and(started_at <= clock_timestamp() AND duration >= '0') AS times
FROM migrate_log l JOIN migrate_script s USING (revision);
\d account

-- nothing to do: no row, no notice, nothing in the ledger
SELECT * FROM migrate_upgrade();
SELECT * FROM migrate_upgrade('heads');
SELECT * FROM migrate_upgrade('a1');
SELECT * FROM migrate_upgrade('base');
SELECT count(*) FROM migrate_log;

DROP TABLE entry, account;
CALL pg_temp.reset();

-- from nothing to nothing
SELECT * FROM migrate_upgrade();
SELECT * FROM migrate_upgrade('heads');

-- the SELECT list works as well as FROM
CALL pg_temp.graph('a');
SELECT (migrate_upgrade('head')).revision;
SELECT pg_temp.steps();

--
-- Linear.  From here on a line shows "revision{version rows after it} ...".
--
CALL pg_temp.reset();
CALL pg_temp.graph('aaaa1; bbbb2:aaaa1; cccc3:bbbb2; dddd4:cccc3');
SELECT pg_temp.upgrade('bb');
SELECT pg_temp.upgrade('+1');
SELECT pg_temp.upgrade('head');
SELECT pg_temp.upgrade('head');
CALL pg_temp.at(NULL);
SELECT pg_temp.upgrade('+2');
SELECT pg_temp.upgrade('aaaa1+3');
CALL pg_temp.at(NULL);
SELECT pg_temp.upgrade('head-1');
SELECT pg_temp.upgrade('head-1');
CALL pg_temp.at('bbbb2');
SELECT pg_temp.upgrade('dddd4-1');

-- scripts that come in another order give the same steps
CALL pg_temp.reset();
CALL pg_temp.graph('d:c; c:b; b:a; a');
SELECT pg_temp.upgrade('head');

--
-- Branches: the branch of the last head first, completely
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b; d1:c1; c2:b; d2:c2');
SELECT * FROM migrate_upgrade('head');
SELECT pg_temp.upgrade('heads');
CALL pg_temp.at('b');
SELECT pg_temp.upgrade('d1');
SELECT pg_temp.upgrade('d2');

-- a branch that is behind
CALL pg_temp.at('c1,d2');
SELECT pg_temp.upgrade('heads');

-- one more revision on each
CALL pg_temp.graph('e1:d1; e2:d2');
SELECT pg_temp.upgrade('heads');

-- "+N" needs one row to start from, or a branch
SELECT * FROM migrate_upgrade('+1');
CALL pg_temp.at('c1,c2');
SELECT * FROM migrate_upgrade('+1');
SELECT pg_temp.upgrade('d2@+1');
SELECT pg_temp.upgrade('d1@+1');
CALL pg_temp.at('b');
SELECT * FROM migrate_upgrade('+1');

--
-- Merges
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b; d1:c1; c2:b; d2:c2; e:d1,d2; f:e');
CALL pg_temp.at('b');
SELECT pg_temp.upgrade('f');
CALL pg_temp.at('c2');
SELECT pg_temp.upgrade('+2');
CALL pg_temp.at('d1');
SELECT pg_temp.upgrade('e');
CALL pg_temp.at('d1,c2');
SELECT pg_temp.upgrade('heads');

-- three lines become one
CALL pg_temp.reset();
CALL pg_temp.graph('a1; a2; a3; m:a1,a2,a3');
SELECT pg_temp.upgrade('head');

--
-- Several bases that share a branch
--
CALL pg_temp.reset();
CALL pg_temp.graph('a1; b1:a1; c1:b1; a2; b2:a2; c2:b2; d1:c1,c2; d2:c2');
CALL pg_temp.at('d2,b1');
SELECT pg_temp.upgrade('d1');

--
-- depends_on: what is depended on runs first, and is no row of its own once
-- its dependent is one
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; x; y:x>b');
SELECT * FROM migrate_upgrade('head');
SELECT pg_temp.upgrade('heads');
CALL pg_temp.at(NULL);
SELECT pg_temp.upgrade('y');
CALL pg_temp.at('x');
SELECT pg_temp.upgrade('y');

-- by label, with the whole ancestry
CALL pg_temp.reset();
CALL pg_temp.graph('a#lib; b:a; c:b#libc; x>libc#app; y:x');
SELECT pg_temp.upgrade('app@head');
SELECT pg_temp.upgrade('lib@head');

-- a dependency that is applied already
CALL pg_temp.at('b');
SELECT pg_temp.upgrade('x');

--
-- Labels and "label@head"
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a#billing; c:b; s:a#shipping; t:s');
SELECT pg_temp.upgrade('billing@head');
SELECT pg_temp.upgrade('shipping');
SELECT pg_temp.upgrade('shipping@+1');
SELECT pg_temp.upgrade('billing@heads');
CALL pg_temp.at(NULL);
SELECT pg_temp.upgrade('billing@+1');
SELECT pg_temp.upgrade('billing@+1');
SELECT pg_temp.upgrade('billing@+1');
CALL pg_temp.at(NULL);
SELECT pg_temp.upgrade('billing@a+1');
SELECT pg_temp.upgrade('billing@c-1');
SELECT * FROM migrate_upgrade('billing@t');
SELECT * FROM migrate_upgrade('nosuch@head');
-- where the branch has no row of its own, steps begin at what is applied of it
CALL pg_temp.at('c');
SELECT pg_temp.upgrade('shipping@+1');

--
-- What is refused
--
CALL pg_temp.at(NULL);
SELECT * FROM migrate_upgrade('a:b');
SELECT * FROM migrate_upgrade(':head');
SELECT * FROM migrate_upgrade('-1');
SELECT * FROM migrate_upgrade('+0');
SELECT * FROM migrate_upgrade('current');
SELECT * FROM migrate_upgrade('');
SELECT * FROM migrate_upgrade('nosuch');
SELECT * FROM migrate_upgrade('b+7');
SELECT * FROM migrate_upgrade('b-7');
SELECT * FROM migrate_upgrade('billing@+9');
SELECT * FROM migrate_upgrade('+1xyz');
SELECT pg_temp.versions();

-- NULL: nothing
SELECT * FROM migrate_upgrade(NULL);

-- a version table that was edited by hand
CALL pg_temp.at('a,b');
SELECT * FROM migrate_upgrade('heads');
CALL pg_temp.at('gone');
SELECT * FROM migrate_upgrade('heads');

CALL pg_temp.reset();
