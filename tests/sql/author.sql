--
-- migrate_revision() and migrate_merge() without a script location: the new
-- script goes into the store, and its text to the client
--
\i tests/sql/helpers.sql
SET migrate.timezone = 'UTC';

-- The text of a script without the date, which is always another one.
CREATE FUNCTION pg_temp.dateless(script text) RETURNS text
LANGUAGE sql
AS $$
	SELECT regexp_replace(script, 'Create Date: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00', 'Create Date: ...')
$$;

-- the first revision
SELECT revision, path, pg_temp.dateless(script) AS script
FROM migrate_revision('create account', rev_id => 'a1');
-- the next one comes after it
SELECT revision, path, pg_temp.dateless(script) AS script
FROM migrate_revision('Add the balance of each account, in cents (which may be negative)', rev_id => 'b2');
-- without a message
SELECT revision, path, pg_temp.dateless(script) AS script
FROM migrate_revision(rev_id => 'c3');
-- with everything
SELECT revision, path, pg_temp.dateless(script) AS script
FROM migrate_revision('shipping', head => 'a1', splice => true, branch_label => 'ship', depends_on => 'b2, c3', rev_id => 'd4');
-- it is in the store, and it runs
SELECT revision, down_revision, depends_on, branch_labels, message, script IS NOT NULL AS script FROM migrate_script ORDER BY revision COLLATE "C";
SELECT step, revision, statements FROM migrate_upgrade('heads');

-- an id of twelve hexadecimal digits
SELECT revision ~ '^[0-9a-f]{12}$' AS id, path = format('versions/%s_automatic.sql', revision) AS path
FROM migrate_revision('automatic', head => 'c3');

--
-- Places
--
CALL pg_temp.reset();
CALL pg_temp.graph('aaaa1; bbbb2:aaaa1; cccc3:bbbb2#main; dddd4:bbbb2#side; eeee5#other');
-- "head" must be one
SELECT * FROM migrate_revision('x');
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'main@head', rev_id => 'x1');
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'x1', rev_id => 'x2');
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'dd', rev_id => 'x3');
-- a new base
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'base', rev_id => 'x4');
-- "heads" makes a merge
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'heads', rev_id => 'x5');
-- what is no head needs "splice"
SELECT * FROM migrate_revision('x', head => 'bbbb2');
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'bbbb2', splice => true, rev_id => 'x6');
SELECT revision, substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_revision('x', head => 'x6, x5', rev_id => 'x7');
SELECT * FROM migrate_revision('x', head => 'nosuch');
SELECT * FROM migrate_revision('x', head => 'x7, x7');
SELECT * FROM migrate_revision('x', head => 'head+1');

--
-- Labels and dependencies
--
SELECT * FROM migrate_revision('x', branch_label => 'main');
SELECT * FROM migrate_revision('x', branch_label => 'aaaa1');
SELECT * FROM migrate_revision('x', branch_label => 'y1', rev_id => 'y1');
SELECT * FROM migrate_revision('x', branch_label => 'head');
SELECT * FROM migrate_revision('x', branch_label => 'a@b');
SELECT * FROM migrate_revision('x', branch_label => 'v-2');
SELECT * FROM migrate_revision('x', depends_on => 'nosuch');
SELECT * FROM migrate_revision('x', depends_on => 'base');
SELECT * FROM migrate_revision('x', depends_on => 'aaaa1,,bbbb2');
-- a label stays a label, a beginning becomes the whole id
SELECT substring(script FROM 'Depends On: *([^\n]*)') AS depends_on
FROM migrate_revision('x', depends_on => 'side, aaaa, main@cccc', rev_id => 'y2');
SELECT substring(script FROM 'Depends On: *([^\n]*)') AS depends_on
FROM migrate_revision('x', head => 'base', depends_on => 'y2', rev_id => 'y3');

--
-- Ids
--
SELECT * FROM migrate_revision('x', head => 'base', rev_id => 'aaaa1');
SELECT * FROM migrate_revision('x', head => 'base', rev_id => 'side');
SELECT * FROM migrate_revision('x', head => 'base', rev_id => 'a-1');
SELECT * FROM migrate_revision('x', head => 'base', rev_id => 'a@1');
SELECT * FROM migrate_revision('x', head => 'base', rev_id => 'heads');
SELECT * FROM migrate_revision('x', head => 'base', rev_id => '');
SELECT * FROM migrate_revision('x', head => 'base', rev_id => '../../etc/passwd');

--
-- Messages
--
SELECT path, split_part(script, E'\n', 1) AS message FROM migrate_revision(E'two\nlines', head => 'base', rev_id => 'z1');
SELECT path, split_part(script, E'\n', 1) AS message FROM migrate_revision('Revises: everything', head => 'base', rev_id => 'z2');
SELECT path, split_part(script, E'\n', 1) AS message FROM migrate_revision('migrate:downgrade', head => 'base', rev_id => 'z3');
SELECT path, split_part(script, E'\n', 1) AS message FROM migrate_revision(NULL, head => 'base', rev_id => 'z4');
SELECT path, split_part(script, E'\n', 1) AS message FROM migrate_revision('Größe, "ändern" -- und $$mehr$$ %(rev)s', head => 'base', rev_id => 'z5');

--
-- Paths
--
SELECT * FROM migrate_revision('x', head => 'base', version_path => 'elsewhere');
SELECT path FROM migrate_revision('x', head => 'base', version_path => './versions/', rev_id => 'p1');
SET migrate.version_locations = 'core, addons/billing';
-- a base must say where
SELECT * FROM migrate_revision('x', head => 'base');
SELECT path FROM migrate_revision('x', head => 'base', version_path => 'addons/billing', rev_id => 'p2');
-- others go where their parent is
SELECT path FROM migrate_revision('x', head => 'p2', rev_id => 'p3');
SELECT path FROM migrate_revision('x', head => 'p3', version_path => 'core', rev_id => 'p4');
SELECT * FROM migrate_revision('x', head => 'p4', version_path => 'addons');
SELECT * FROM migrate_revision('x', head => 'p4', version_path => '../core');
RESET migrate.version_locations;
-- names of files
SET migrate.file_template = '%(rev)s-%(slug)s';
SELECT path FROM migrate_revision('a b c', head => 'base', rev_id => 'f1');
SET migrate.file_template = '%(nosuch)s';
SELECT path FROM migrate_revision('a b c', head => 'base', rev_id => 'f4');
SET migrate.file_template = '%(rev)s/../%(slug)s';
SELECT path FROM migrate_revision('a b c', head => 'base', rev_id => 'f4');
SET migrate.file_template = '%(year)d-%(month).2d/%(rev)s';
SELECT path ~ '^versions/\d{4}-\d\d/f5\.sql$' AS path FROM migrate_revision('a b c', head => 'base', rev_id => 'f5');
RESET migrate.file_template;
SET migrate.truncate_slug_length = 5;
SELECT path FROM migrate_revision('add a column', head => 'base', rev_id => 'f6');
RESET migrate.truncate_slug_length;
-- a new script never takes the place of another one
SET migrate.file_template = 'fixed';
SELECT path FROM migrate_revision('a b c', head => 'base', rev_id => 'f2');
SELECT path FROM migrate_revision('a b c', head => 'f2', rev_id => 'f3');
SELECT revision, path FROM migrate_history(':f2');
RESET migrate.file_template;

--
-- migrate_merge()
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b1:a; b2:a; b3:a; x');
SELECT revision, path, pg_temp.dateless(script) AS script FROM migrate_merge('b1, b2', 'join one and two', rev_id => 'm1');
-- all heads, in load order
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_merge(rev_id => 'm2');
-- parents stay in the order in which they are named
CALL pg_temp.graph('y:x; z:x');
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises
FROM migrate_merge('z, m2, y', message => 'all', branch_label => 'whole', splice => true, depends_on => 'a', rev_id => 'm3');
-- one revision makes an ordinary one, none a new base
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_merge('m3', rev_id => 'm4');
SELECT substring(script FROM 'Revises: *([^\n]*)') AS revises FROM migrate_merge('base', rev_id => 'm5');
SELECT * FROM migrate_merge('head');
SELECT * FROM migrate_merge('m4, m4');
SELECT * FROM migrate_merge('m4, heads');
SELECT * FROM migrate_merge('m4, m3');
SELECT * FROM migrate_merge('m4, nosuch');
SELECT revision FROM migrate_merge('', rev_id => 'm6');
SELECT revision FROM migrate_revision('x', head => '', rev_id => 'm6');
SELECT revision FROM migrate_merge('m4,,m5', rev_id => 'm6');
SELECT revision FROM migrate_revision('x', head => 'm4,', rev_id => 'm7');
SELECT revision FROM migrate_history('m4:');

-- what cannot be had without a location
\set VERBOSITY terse
SELECT * FROM migrate_init();
SELECT * FROM migrate_load();
\set VERBOSITY default

-- what is refused leaves nothing behind
SELECT count(*) FROM migrate_script WHERE message = 'x';
RESET migrate.timezone;
CALL pg_temp.reset();
