# Who may do what, and whose rights a script gets.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('roles');
my $boss = $node->safe_psql('postgres', 'SELECT current_user');

# The grants of the README, and a schema for the deployer to work in.
$node->safe_psql('postgres', q{
	CREATE ROLE deployer LOGIN;
	CREATE ROLE dev LOGIN;
	CREATE ROLE stranger LOGIN;
	GRANT EXECUTE ON FUNCTION migrate_register, migrate_upgrade, migrate_downgrade
		TO deployer, dev;
	CREATE SCHEMA app AUTHORIZATION deployer;
	CREATE SCHEMA dev AUTHORIZATION dev});

# Run statements as a role that logs in as itself.
sub as
{
	my ($role, $sql) = @_;

	return $node->safe_psql('postgres', $sql, extra_params => [ '-U', $role ]);
}

sub refused
{
	my ($role, $sql, $sqlstate, $pattern, $name) = @_;

	return state_is($node, 'postgres', $sql, $sqlstate, $pattern, $name, '-U', $role);
}

sub empty
{
	$node->safe_psql('postgres', 'TRUNCATE migrate_version, migrate_script, migrate_log RESTART IDENTITY');
}

sub registration { 'SELECT action FROM migrate_register(' . quoted(script(@_)) . ')' }

note 'a deployer with no other grants';
is(as('deployer', registration('a1', up => 'CREATE TABLE app.account (id integer);', down => 'DROP TABLE app.account;')),
	'added', 'registers');
is(as('deployer', q{SELECT revision FROM migrate_upgrade('head')}), 'a1', 'upgrades');
is($node->safe_psql('postgres', q{SELECT tableowner FROM pg_tables WHERE tablename = 'account'}), 'deployer',
	'by its own rights');
is(as('deployer', q{SELECT count(*) FROM migrate_upgrade('head')}), 0, 'finds nothing to do');
is(as('deployer', q{SELECT revision FROM migrate_current()}), 'a1', 'looks');
is(as('deployer', q{SELECT version_num FROM migrate_version}), 'a1', 'reads the version table');
is(as('deployer', q{SELECT revision FROM migrate_downgrade('-1')}), 'a1', 'downgrades');
is($node->safe_psql('postgres', q{SELECT DISTINCT session_role, script_role FROM migrate_log}), 'deployer|deployer',
	'and the ledger knows who it was');
as('deployer', registration('b2', revises => 'a1', up => 'CREATE TABLE public.intruder (id integer);'));
refused('deployer', q{SELECT migrate_upgrade('head')}, '42501', qr/permission denied for schema public/,
	'a script has no more rights than its caller');
for my $sql (
	'INSERT INTO migrate_version (version_num) VALUES (1)', 'DELETE FROM migrate_script', 'SELECT script FROM migrate_script',
	'SELECT 1 FROM migrate_log', 'TRUNCATE migrate_summary', q{SELECT nextval('migrate_log_id_seq')})
{
	refused('deployer', $sql, '42501', qr/permission denied for (?:table|sequence)/, "it may not: $sql");
}
refused('deployer', q{SELECT migrate_trust('a1')}, '42501', qr/permission denied for function/, 'nor what it was not granted');

note 'PUBLIC';
is( $node->safe_psql('postgres', q{
		SELECT string_agg(proname, ' ' ORDER BY proname)
		FROM pg_proc JOIN pg_depend ON objid = pg_proc.oid AND classid = 'pg_proc'::regclass AND deptype = 'e'
			JOIN pg_extension ON refobjid = pg_extension.oid AND extname = 'migrate'
		WHERE has_function_privilege('stranger', pg_proc.oid, 'EXECUTE')}),
	'migrate_branches migrate_current migrate_graph migrate_heads migrate_history migrate_runs migrate_status',
	'may look at names and positions, and nothing else');
is( $node->safe_psql('postgres', q{
		SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
		WHERE relname LIKE 'migrate%' AND relkind IN ('r', 'S', 'v')
			AND (CASE relkind WHEN 'S' THEN has_sequence_privilege('stranger', oid, 'USAGE, SELECT, UPDATE')
				ELSE has_table_privilege('stranger', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES') END)}),
	'migrate_jobs migrate_progress migrate_version',
	'and at the version table, the progress of runs, and how they ended');
refused('stranger', q{SELECT migrate_upgrade('head')}, '42501', qr/permission denied for function migrate_upgrade/,
	'may not upgrade');
is(as('stranger', q{SELECT revision FROM migrate_heads()}), 'b2', 'sees the heads');
refused('stranger', q{SELECT migrate_heads(); SET migrate.script_location = '/'}, '42501',
	qr/permission denied to set parameter/, 'may not set the script location');
is( as('stranger', q{SET migrate.script_location = '/nowhere'; SELECT revision FROM migrate_heads()}),
	'b2', 'nor before the module is loaded');
refused('stranger', q{ALTER ROLE stranger SET migrate.script_location = '/'}, '42501', qr/permission denied to set parameter/,
	'nor for its next sessions');

note 'a script of a lesser role';
my $theft = q{ALTER ROLE dev SUPERUSER;};
my @evil = ('x1', up => $theft, down => $theft);
sub unharmed
{
	my ($name) = @_;

	is($node->safe_psql('postgres', q{SELECT rolsuper FROM pg_roles WHERE rolname = 'dev'}), 'f', "$name: nothing was gained");
	$node->safe_psql('postgres', 'ALTER ROLE dev NOSUPERUSER');
}
empty();
as('dev', registration(@evil));
for my $role ($boss, 'deployer')
{
	refused($role, q{SELECT migrate_upgrade('head')}, '42501', qr/must be trusted by role "$role" first.*migrate_trust/s,
		"is refused for $role");
}
refused($boss, q{SET ROLE dev; SELECT migrate_upgrade('head')}, '42501', qr/must be trusted by role "$boss" first/,
	'also after SET ROLE');
refused($boss, q{SET SESSION AUTHORIZATION dev; SELECT migrate_upgrade('head')}, '42501', qr/must be trusted by role "$boss" first/,
	'also after SET SESSION AUTHORIZATION');
$node->safe_psql('postgres', q{
	CREATE FUNCTION deploy() RETURNS bigint LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT count(*) FROM migrate_upgrade('head') $$});
refused('dev', 'SELECT deploy()', '42501', qr/must be trusted by role "$boss" first/, 'also in a SECURITY DEFINER function');
$node->safe_psql('postgres', 'DROP FUNCTION deploy()');
refused('dev', q{SELECT migrate_upgrade('head')}, '42501', qr/upgrade of revision x1, statement 1/, 'runs for its author');
unharmed('so far');

$node->safe_psql('postgres', 'GRANT dev TO deployer');
refused('deployer', q{SELECT migrate_upgrade('head')}, '42501', qr/must be trusted/, 'a member has more rights than the author');
$node->safe_psql('postgres', 'REVOKE dev FROM deployer; GRANT deployer TO dev');
as('dev', registration('x1', up => 'SELECT;', down => $theft));
is(as('deployer', q{SELECT revision FROM migrate_upgrade('head')}), 'x1', 'an author who is a member has all its rights');
$node->safe_psql('postgres', 'REVOKE deployer FROM dev');
refused('deployer', q{SELECT migrate_downgrade('-1')}, '42501', qr/must be trusted/, 'a downgrade asks, too');
refused($boss, q{SELECT migrate_downgrade('-1')}, '42501', qr/must be trusted/, 'everybody');
unharmed('downgrade');

empty();
as('dev', registration('x1', up => 'SELECT 1;'));
is($node->safe_psql('postgres', registration('x1', up => 'SELECT 1;')), 'unchanged', 'who registers the same text');
is($node->safe_psql('postgres', q{SELECT revision FROM migrate_upgrade('head')}), 'x1', 'has said so');
is(as('dev', registration('x1', up => 'SELECT 1;')), 'unchanged', 'a lesser word');
is($node->safe_psql('postgres', q{SELECT registered_by FROM migrate_script}), $boss, 'does not count against it');

empty();
as('dev', registration('x1', up => 'SELECT 1;'));
is($node->safe_psql('postgres', q{SELECT action FROM migrate_trust('x1')}), 'trusted', 'who trusts it');
is($node->safe_psql('postgres', q{SELECT revision FROM migrate_upgrade('head')}), 'x1', 'has said so');
$node->safe_psql('postgres', q{SELECT migrate_downgrade('base')});
as('dev', registration(@evil));
refused($boss, q{SELECT migrate_upgrade('head')}, '42501', qr/must be trusted/, 'until it is changed');
unharmed('changed');

empty();
as('dev', registration('x1', up => 'SELECT 1;'));
$node->safe_psql('postgres', 'ALTER ROLE dev RENAME TO gone');
refused($boss, q{SELECT migrate_upgrade('head')}, '42501', qr/must be trusted/, 'nobody speaks for a role that is gone');
$node->safe_psql('postgres', 'ALTER ROLE gone RENAME TO dev');

note 'a script that its author replaces at the last moment';

# While the author has not committed the other text, a greater role says that
# it trusts the one that it sees; then the author commits.
sub replaced_while
{
	my ($what, $sql) = @_;

	empty();
	as('dev', registration('x1', up => 'SELECT 1;'));
	my $author = $node->background_psql('postgres', extra_params => [ '-U', 'dev' ]);
	my $trusting = $node->background_psql('postgres', on_error_stop => 0);
	$author->query_safe('BEGIN');
	$author->query_safe(registration(@evil));
	send_query($node, $trusting, $sql);
	$author->query_safe('COMMIT');
	wait_for_query($trusting);
	$author->quit;
	$trusting->quit;
	is($node->safe_psql('postgres', qq{SELECT count(*) FROM migrate_script WHERE script LIKE '%SUPERUSER%' AND registered_by = '$boss'}),
		0, "$what: another text than the one that was there is not trusted");
}

replaced_while('migrate_trust()', q{SELECT migrate_trust('x1')});
replaced_while('migrate_register()', registration('x1', up => 'SELECT 1;'));

# The run takes a moment to parse the first script; meanwhile the second one
# is no longer the one whose registrant was looked at.
empty();
$node->safe_psql('postgres', registration('a1', up => join("\n", ('SELECT 1' . ' + 1' x 100 . ';') x 15000)));
$node->safe_psql('postgres', registration('b2', revises => 'a1', up => 'SELECT 2;'));
my $run = $node->background_psql('postgres', on_error_stop => 0);
start_query($run, q{SELECT count(*) FROM migrate_upgrade('head')});
$node->poll_query_until('postgres',
	q{SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'object' AND objid = 'migrate_version'::regclass});
# it waits for the run, and is refused, or it is taken at once
$node->psql('postgres', registration('b2', revises => 'a1', up => $theft), extra_params => [ '-U', 'dev' ]);
wait_for_query($run);
$run->quit;
unharmed('migrate_upgrade()');

$node->stop;
done_testing();
