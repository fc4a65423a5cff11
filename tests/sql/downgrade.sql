--
-- migrate_downgrade(): which steps, in which order, and what each one leaves
--
\i tests/sql/helpers.sql

--
-- A run as its caller sees it
--
SELECT revision, path, action FROM migrate_register($$
-- create account
--
-- Revision ID: a1
-- migrate:upgrade
CREATE TABLE account (id integer);
-- migrate:downgrade
DROP TABLE account;
$$);
SELECT revision, path, action FROM migrate_register($$
-- fill account
--
-- Revision ID: b2
-- Revises: a1
-- migrate:up
INSERT INTO account VALUES (1), (2);
INSERT INTO account VALUES (3);
-- migrate:down
DELETE FROM account;
$$);
SELECT step, revision FROM migrate_upgrade();
SELECT step, direction, revision, down_revision, message, statements, duration >= '0' AS has_duration
FROM migrate_downgrade('-1');
SELECT count(*) FROM account;
SELECT step, direction, revision, down_revision, message, statements
FROM migrate_downgrade('base');
SELECT * FROM migrate_version;
SELECT to_regclass('account') IS NULL AS gone;
SELECT id, direction, revision, removed_versions, added_versions, message, path, statements
FROM migrate_log ORDER BY id;

-- nothing is applied: success
SELECT * FROM migrate_downgrade('base');
-- but there is nothing that a step could start from
SELECT * FROM migrate_downgrade('-1');
SELECT * FROM migrate_downgrade('a1');

-- NULL: nothing
SELECT * FROM migrate_downgrade(NULL);

--
-- Irreversible: refused before anything runs, however far down it is
--
CALL pg_temp.reset();
SELECT (migrate_register($$
-- Revision ID: a1
-- migrate:upgrade
$$)).action;
SELECT (migrate_register($$
-- drop what nobody needs
--
-- Revision ID: b2
-- Revises: a1
-- migrate:upgrade
CREATE TABLE kept ();
$$)).action;
SELECT (migrate_register($$
-- Revision ID: c3
-- Revises: b2
-- migrate:upgrade
CREATE TABLE child ();
-- migrate:downgrade
DROP TABLE child;
$$)).action;
SELECT step, revision FROM migrate_upgrade();
SELECT * FROM migrate_downgrade('a1');
SELECT to_regclass('child'), pg_temp.versions();

-- down to it, but not through it
SELECT step, revision, statements FROM migrate_downgrade('b2');

-- "none" says that there is nothing to undo; the change must be accepted
SELECT (migrate_register($$
-- Revision ID: b2
-- Revises: a1
-- migrate:upgrade
CREATE TABLE kept ();
-- migrate:downgrade none
$$, 'versions/b2_drop_what_nobody_needs.sql', accept_changes => true)).action;
SELECT step, revision, statements FROM migrate_downgrade('a1');
SELECT to_regclass('kept'), pg_temp.versions();
DROP TABLE kept;

-- an empty section is a section
SELECT (migrate_register($$
-- Revision ID: a1
-- migrate:upgrade
-- migrate:downgrade
$$, accept_changes => true)).action;
SELECT step, revision, statements FROM migrate_downgrade('base');
SELECT pg_temp.versions();

--
-- Linear.  From here on a line shows "revision{version rows after it} ...".
--
CALL pg_temp.reset();
CALL pg_temp.graph('aaaa1; bbbb2:aaaa1; cccc3:bbbb2; dddd4:cccc3');
CALL pg_temp.at('dddd4');
SELECT pg_temp.downgrade('cc');
SELECT pg_temp.downgrade('cccc3');
SELECT pg_temp.downgrade('-1');
SELECT * FROM migrate_downgrade('dddd4');
CALL pg_temp.at('dddd4');
SELECT pg_temp.downgrade('head');
SELECT pg_temp.downgrade('-2');
CALL pg_temp.at('dddd4');
SELECT pg_temp.downgrade('dddd4-3');
CALL pg_temp.at('dddd4');
SELECT pg_temp.downgrade('aaaa1+1');
CALL pg_temp.at('dddd4');
SELECT pg_temp.downgrade('head-2');
CALL pg_temp.at('dddd4');
SELECT pg_temp.downgrade('-4');
CALL pg_temp.at('dddd4');
SELECT * FROM migrate_downgrade('-5');
SELECT pg_temp.downgrade('dddd4-4');
CALL pg_temp.at('dddd4');
SELECT * FROM migrate_downgrade('dddd4-5');
SELECT pg_temp.downgrade('base');

--
-- Branches and merges
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b; d1:c1; c2:b; d2:c2; e:d1,d2; f:e');
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('base');
CALL pg_temp.at('f');
SELECT pg_temp.downgrade('b');
CALL pg_temp.at('f');
SELECT pg_temp.downgrade('d1');
CALL pg_temp.at('f');
SELECT pg_temp.downgrade('-1');
-- one step below a merge point there are several places
SELECT * FROM migrate_downgrade('-1');
SELECT * FROM migrate_downgrade('e-1');
SELECT * FROM migrate_downgrade('d2@-1');
SELECT pg_temp.versions();

-- several rows: a step needs a branch to start on
CALL pg_temp.at('d1,d2');
SELECT * FROM migrate_downgrade('-1');
SELECT pg_temp.downgrade('d1@-1');
SELECT pg_temp.downgrade('d2@-1');
SELECT pg_temp.versions();
-- the other branch stays
SELECT pg_temp.downgrade('c2@b');
-- without a branch all of them go
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('b');

-- a row that is a target: success, nothing done, even if others are higher
CALL pg_temp.at('c1,d2');
SELECT pg_temp.downgrade('c1');

-- three lines become three again
CALL pg_temp.reset();
CALL pg_temp.graph('a1; a2; a3; m:a1,a2,a3');
CALL pg_temp.at('m');
SELECT pg_temp.downgrade('a2');
CALL pg_temp.at('m');
SELECT pg_temp.downgrade('base');

--
-- Several bases
--
CALL pg_temp.reset();
CALL pg_temp.graph('a1; b1:a1; c1:b1; a2; b2:a2; c2:b2; d1:c1,c2; d2:c2');
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('b1');
CALL pg_temp.at('c1,d2');
SELECT pg_temp.downgrade('c1@base');
CALL pg_temp.at('c1,d2');
SELECT pg_temp.downgrade('d2@base');
CALL pg_temp.at('c1,d2');
SELECT pg_temp.downgrade('base');

--
-- depends_on: dependents go, too; what was implied comes back as a row
--
CALL pg_temp.reset();
CALL pg_temp.graph('a1; a2; a3; am:a1,a2,a3; b1; b2; bm:b1,b2; c1; c2; c3; cm:c1,c2,c3; d1>a3,b2,c1');
CALL pg_temp.at('am,bm,cm,d1');
SELECT pg_temp.downgrade('b2');
CALL pg_temp.at('am,b1,cm,d1');
SELECT pg_temp.downgrade('d1@base');

CALL pg_temp.reset();
CALL pg_temp.graph('a1; a2:a1; b1; b2:b1>a2; b3:b2; a3:a2>b1');
CALL pg_temp.at('a3,b2');
SELECT pg_temp.downgrade('b1');

CALL pg_temp.reset();
CALL pg_temp.graph('a1; b1>a1; bm:a1,b1');
CALL pg_temp.at('bm');
SELECT pg_temp.downgrade('a1');

CALL pg_temp.reset();
CALL pg_temp.graph('a1; a2:a1; a3:a2; b1; b2:b1>a3; b3:b2; b4:b3>a3');
CALL pg_temp.at('b4');
SELECT pg_temp.downgrade('b3');
SELECT pg_temp.downgrade('b1');

-- what only depends on the target is not above it
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; x; y:x>b');
CALL pg_temp.at('y');
SELECT * FROM migrate_downgrade('b');
SELECT pg_temp.downgrade('a');
CALL pg_temp.at('y');
SELECT pg_temp.downgrade('x');

-- a dependency that is an ancestor as well: undone without overlapping rows
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c:b>a; z');
CALL pg_temp.at('c,z');
SELECT pg_temp.downgrade('b');
SELECT pg_temp.upgrade('heads');

--
-- Labels
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b#L1; d1:c1; c2:b#L2; d2:c2>c1');
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('L1@b');
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('L2@b');
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('L1@-1');
CALL pg_temp.at('d2');
-- no row on the branch: the newest that is applied there by dependency
SELECT pg_temp.downgrade('L1@-1');
CALL pg_temp.at('c2');
SELECT * FROM migrate_downgrade('L1@-1');
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('L1@d1-1');

-- with one base "label@base" is "base"
CALL pg_temp.at('d1,d2');
SELECT pg_temp.downgrade('L1@base');

-- an unknown branch removes nothing, even where it would not be needed
CALL pg_temp.at('d1,d2');
SELECT * FROM migrate_downgrade('nosuch@base');
SELECT * FROM migrate_downgrade('nosuch@a');
SELECT * FROM migrate_downgrade('nosuch@-1');
-- the branch must come after the target
SELECT * FROM migrate_downgrade('a@b');
SELECT pg_temp.versions();

--
-- What is refused
--
SELECT * FROM migrate_downgrade('heads');
SELECT * FROM migrate_downgrade('head');
SELECT * FROM migrate_downgrade('+1');
SELECT * FROM migrate_downgrade('-0');
SELECT * FROM migrate_downgrade('L1@+1');
SELECT * FROM migrate_downgrade('d1:b');
SELECT * FROM migrate_downgrade('current');
SELECT * FROM migrate_downgrade('');
SELECT * FROM migrate_downgrade('nosuch');
SELECT * FROM migrate_downgrade('b-3');
SELECT * FROM migrate_downgrade('-1xyz');
CALL pg_temp.at('c1');
SELECT * FROM migrate_downgrade('d2');
CALL pg_temp.at('gone');
SELECT * FROM migrate_downgrade('base');
SELECT pg_temp.versions();

CALL pg_temp.reset();
