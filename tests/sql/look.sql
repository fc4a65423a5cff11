--
-- migrate_current(), migrate_heads(), migrate_branches(), migrate_history(),
-- migrate_show(), migrate_plan(), migrate_graph(): they change nothing
--
\i tests/sql/helpers.sql

--
-- An empty database
--
SELECT * FROM migrate_current();
SELECT * FROM migrate_current(check_heads => true);
SELECT * FROM migrate_heads();
SELECT * FROM migrate_branches();
SELECT * FROM migrate_history();
SELECT * FROM migrate_plan();
SELECT * FROM migrate_graph();
SELECT * FROM migrate_graph('dot');
SELECT * FROM migrate_graph('mermaid');
SELECT * FROM migrate_show();
SELECT * FROM migrate_show('current');

--
-- Two branches, which meet, and a third one that depends on one of them
--
CALL pg_temp.graph('a; b:a; c1:b#left; d1:c1; c2:b#right; d2:c2; e:d1,d2; x#lib; y:x>c1');
SELECT step, revision FROM migrate_upgrade('d1');
SELECT step, revision FROM migrate_upgrade('c2');
TRUNCATE pg_temp.trace;

SELECT revision, down_revision, branch_labels, message, is_head, path, applied_at <= now() AS applied_before
FROM migrate_current();
-- the heads, and those that count
SELECT * FROM migrate_heads();
SELECT * FROM migrate_heads(resolve_dependencies => true);
SELECT * FROM migrate_branches();
SELECT revision, down_revision, depends_on, branch_labels, message, is_head AS head, is_current AS current,
	is_applied AS applied, is_branch_point AS branch, is_merge_point AS merge, create_date, path
FROM migrate_history();

-- current by dependency: c1 is the newest applied revision on its line
CALL pg_temp.at('y');
SELECT revision, is_head FROM migrate_current();
-- never run here: when is not known
SELECT revision, applied_at FROM migrate_current() WHERE revision = 'y';

--
-- At the heads?
--
SELECT revision FROM migrate_current(check_heads => true);
CALL pg_temp.at('e,y');
SELECT revision, is_head FROM migrate_current(check_heads => true);
CALL pg_temp.at('e,x');
SELECT revision FROM migrate_current(check_heads => true);
-- an effective head is no row of its own
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; x; y:x>b');
CALL pg_temp.at('y');
SELECT revision, is_head FROM migrate_current(check_heads => true);
SELECT revision, is_effective_head FROM migrate_heads();

--
-- A version whose script is not known: one may look, with a warning
--
CALL pg_temp.at('gone,b');
SELECT revision, is_current FROM migrate_history();
SELECT * FROM migrate_heads();
SELECT * FROM migrate_graph();
SELECT * FROM migrate_current();

--
-- Ranges
--
CALL pg_temp.reset();
CALL pg_temp.graph('a; b:a; c1:b#left; d1:c1; c2:b#right; d2:c2; e:d1,d2; x#lib; y:x>c1');
CALL pg_temp.at('d1,c2');
CREATE FUNCTION pg_temp.history(range text) RETURNS text
LANGUAGE sql
AS $$
	SELECT coalesce(string_agg(revision, ' '), '-') FROM migrate_history(range)
$$;
SELECT range, pg_temp.history(range) AS history
FROM unnest(ARRAY[
	':', 'base:heads', 'base:', ':heads', ':e', ':y', 'b:', 'b:e', 'b:d1', 'c1:e', 'c1:', 'e:e', 'base:base',
	'current:', ':current', 'c1:current', 'current:e', 'left:', 'left@base:', 'lib@base:', 'left@head:', ':left@head',
	'-1:y', '-2:y', '-9:y', '-1:current', '-2:current', ':y-1', 'a:+1', 'a:left+1', 'c1:+1', 'c1:+9', ' b : e '
]) WITH ORDINALITY AS ranges(range, n)
ORDER BY n;
SELECT pg_temp.history(NULL);
-- what is none
SELECT * FROM migrate_history('b');
SELECT * FROM migrate_history('a:b:c');
SELECT * FROM migrate_history('');
SELECT * FROM migrate_history('e:b');
SELECT * FROM migrate_history('c1:d2');
SELECT * FROM migrate_history('x:e');
SELECT * FROM migrate_history('nosuch:');
SELECT * FROM migrate_history(':nosuch');
SELECT * FROM migrate_history(':head');
SELECT * FROM migrate_history(':-1');
SELECT * FROM migrate_history('-1:e');
SELECT * FROM migrate_history('current:current');

--
-- One revision in full
--
\x
SELECT revision, down_revision, depends_on, branch_labels, branches_into, message, is_head, is_current, is_applied,
	is_branch_point, is_merge_point, create_date, path, length(checksum) AS checksum, registered_by = current_user AS mine,
	registered_at <= now() AS registered_before, script
FROM migrate_show('y');
SELECT revision, down_revision, branches_into, is_head, is_current, is_applied, is_branch_point, is_merge_point FROM migrate_show('b');
\x
SELECT revision, is_head, is_current, is_applied, is_merge_point FROM migrate_show('heads');
SELECT revision, is_head, is_current, is_applied FROM migrate_show('current');
SELECT revision FROM migrate_show('left@head');
SELECT revision FROM migrate_show('-1');
SELECT revision FROM migrate_show('base');
SELECT revision FROM migrate_show();
SELECT revision FROM migrate_show('nosuch');
SELECT revision FROM migrate_show('b+1');

--
-- The plan: the statements that would run, and the lines on which they are
--
SELECT step, direction, revision, down_revision, message, statement, line, sql FROM migrate_plan('heads');
SELECT step, direction, revision, down_revision, message, statement, line, sql FROM migrate_plan('b');
SELECT step, direction, revision FROM migrate_plan('left@-1');
SELECT step, direction, revision FROM migrate_plan('right@+1');
SELECT step, direction, revision FROM migrate_plan('base');
SELECT step, direction, revision FROM migrate_plan('d1');
SELECT * FROM migrate_plan();
SELECT * FROM migrate_plan('nosuch');
SELECT * FROM migrate_plan('right@-5');
SELECT * FROM migrate_plan('+1');
SELECT * FROM migrate_plan('a:b');
SELECT pg_temp.versions(), pg_temp.steps();

--
-- Pictures
--
SELECT * FROM migrate_graph();
SELECT * FROM migrate_graph(range => 'b:e');
SELECT * FROM migrate_graph('dot');
SELECT * FROM migrate_graph('mermaid');
SELECT * FROM migrate_graph('ascii');
SELECT * FROM migrate_graph(range => 'b');
-- names and messages that could break out of them
CALL pg_temp.reset();
SELECT revision FROM migrate_register(E'-- a "quoted" \\ <b>message</b> | {with} [all] #1; %% and "]\n\n-- Revision ID: a"b\\c\n-- Branch Labels: l"x\n-- migrate:upgrade', 'versions/1.sql');
SELECT revision FROM migrate_register(E'-- Größe 😀 漢字\n\n-- Revision ID: end\n-- Revises: a"b\\c\n-- migrate:upgrade');
SELECT * FROM migrate_graph();
SELECT * FROM migrate_graph('dot');
SELECT * FROM migrate_graph('mermaid');

-- in a transaction that must not write
BEGIN READ ONLY;
SELECT revision FROM migrate_current();
SELECT revision FROM migrate_heads();
SELECT revision FROM migrate_plan();
SELECT revision FROM migrate_export();
SELECT length(migrate_upgrade_sql()) > 0 AS sql;
ROLLBACK;
BEGIN READ ONLY;
SELECT revision FROM migrate_upgrade();
ROLLBACK;

CALL pg_temp.reset();
