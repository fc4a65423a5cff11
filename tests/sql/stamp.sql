--
-- migrate_stamp(): the version rows change, nothing runs
--
\i tests/sql/helpers.sql

CALL pg_temp.graph('aaaa1; bbbb2:aaaa1; cccc3:bbbb2');

-- up, down, away; each step is in the ledger
SELECT * FROM migrate_stamp();
SELECT * FROM migrate_stamp('bb');
SELECT * FROM migrate_stamp('bbbb2');
SELECT * FROM migrate_stamp('aaaa1');
SELECT * FROM migrate_stamp('cccc3');
SELECT * FROM migrate_version;
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_version;
SELECT id, direction, revision, removed_versions, added_versions, message, path, checksum, statements
FROM migrate_log ORDER BY id;

-- nothing has run
SELECT count(*) FROM pg_temp.trace;

-- an upgrade goes on from there
SELECT * FROM migrate_stamp('bbbb2');
SELECT pg_temp.upgrade('head');

-- NULL: nothing; an empty list is the base
SELECT * FROM migrate_stamp(NULL);
SELECT * FROM migrate_stamp('');

--
-- Branches
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b1:a#one; c1:b1; b2:a#two; c2:b2; m:c1,c2; z#other');

-- all heads, on an empty table
SELECT * FROM migrate_stamp('heads');
-- only what is on the line of the target moves
SELECT * FROM migrate_stamp('b1');
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_stamp('c1');
SELECT * FROM migrate_stamp('b2');
SELECT * FROM migrate_stamp('c2');
SELECT * FROM migrate_stamp('m');
-- down to one side of a merge
SELECT * FROM migrate_stamp('b2');

-- several targets, in the order in which they are given
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_stamp('c2, b1, z');
SELECT * FROM migrate_version ORDER BY version_num COLLATE "C";
-- from below a branch point up to both branches
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_stamp('a');
SELECT * FROM migrate_stamp('c1, c2');
-- down from both
SELECT * FROM migrate_stamp('a');
-- from above a merge point down to both
SELECT * FROM migrate_stamp('m');
SELECT * FROM migrate_stamp('c1, c2');
SELECT * FROM migrate_stamp('a');

-- forms with a branch
SELECT * FROM migrate_stamp('one@c1');
SELECT * FROM migrate_stamp('two');
SELECT * FROM migrate_stamp('other@head');
SELECT * FROM migrate_stamp('other@base');
SELECT * FROM migrate_stamp('two@heads');

-- one target includes another
SELECT * FROM migrate_stamp('a, c1');
-- named twice is named once
SELECT * FROM migrate_stamp('base');
SELECT * FROM migrate_stamp('c1, c1, one@c1');

-- dependencies count for the line
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; x; y:x>b');
CALL pg_temp.at('b,x');
SELECT * FROM migrate_stamp('y');
SELECT * FROM migrate_stamp('a');

--
-- Purge: whatever is in the table goes first, known or not
--
CALL pg_temp.at('gone,a');
SELECT * FROM migrate_stamp('b');
SELECT * FROM migrate_stamp('heads');
SELECT * FROM migrate_stamp('b', purge => true);
SELECT * FROM migrate_version;
SELECT * FROM migrate_stamp('b', purge => true);
SELECT * FROM migrate_stamp('base', purge => true);
SELECT * FROM migrate_stamp('base', purge => true);
SELECT * FROM migrate_stamp('heads', purge => true);
SELECT id, direction, revision, removed_versions, added_versions FROM migrate_log ORDER BY id;

-- a purge whose target is refused changes nothing
SELECT * FROM migrate_stamp('nosuch', purge => true);
SELECT * FROM migrate_version;

--
-- What is refused
--
SELECT * FROM migrate_stamp('+1');
SELECT * FROM migrate_stamp('-1');
SELECT * FROM migrate_stamp('a+1');
SELECT * FROM migrate_stamp('x, y-1');
SELECT * FROM migrate_stamp('head');
SELECT * FROM migrate_stamp('nosuch');
SELECT * FROM migrate_stamp('x, nosuch');
SELECT * FROM migrate_stamp('nosuch@head');
SELECT * FROM migrate_stamp('nosuch@base');
SELECT * FROM migrate_stamp('x@b');
SELECT * FROM migrate_stamp('a:b');
SELECT * FROM migrate_stamp('current');
SELECT * FROM migrate_stamp('a,,b');
SELECT * FROM migrate_stamp(',');
SELECT * FROM migrate_version;

CALL pg_temp.reset();
