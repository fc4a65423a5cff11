# CALL migrate_run() from wherever one may call: it works where the caller's
# transaction may be ended, and says how to call it anywhere else; and with
# modules loaded that look at every statement.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('run_callers');
my $directory = PostgreSQL::Test::Utils::tempdir();

register($node, 'postgres', 'r1', up => 'CREATE TABLE trace (id serial, step text);', down => 'DROP TABLE trace;');
register($node, 'postgres', 'r2', revises => 'r1', up => "VACUUM trace;\nINSERT INTO trace (step) VALUES ('a');\n"
	  . "CREATE INDEX CONCURRENTLY trace_step ON trace (step);\nINSERT INTO trace (step) VALUES ('b');",
	down => "DROP INDEX CONCURRENTLY trace_step;\nDELETE FROM trace;");
register($node, 'postgres', 'r3', revises => 'r2', up => "INSERT INTO trace (step) VALUES ('c');");

# A program with some input; returns what it printed, and its status.
sub run_program
{
	my ($input, @command) = @_;
	my ($stdout, $stderr) = ('', '');

	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = ($node->host, $node->port, 'postgres');
	IPC::Run::run [@command], '<', \$input, '>', \$stdout, '2>', \$stderr, IPC::Run::timeout(120);
	return ($? >> 8, "$stdout$stderr");
}

# Everything has run once, or nothing has; then all is undone.
sub state_is_then_base
{
	my ($expected, $name) = @_;

	is( $node->safe_psql('postgres', q{
			SELECT CASE WHEN to_regclass('trace') IS NOT NULL THEN '(SELECT array_agg(step ORDER BY id) FROM trace)' ELSE 'NULL' END AS steps \gset
			SELECT (SELECT count(*) FROM migrate_version WHERE version_num = 'r3'), (SELECT count(*) FROM migrate_unfinished),
				(SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('trace_step') AND indisvalid),
				:steps}),
		$expected, $name);
	$node->safe_psql('postgres', q{CALL migrate_run('base'); TRUNCATE migrate_log, migrate_log_detail});
	return;
}

sub works
{
	my ($name, $input, @command) = @_;
	my ($status, $output) = run_program($input, @command);

	is($status, 0, "$name: works") or diag($output);
	state_is_then_base('1|0|1|{a,b,c}', "$name: all has run once");
	return;
}

sub is_refused
{
	my ($name, $input, @command) = @_;
	my (undef, $output) = run_program($input, @command);

	like($output, qr/MG008: migrate_run\(\) cannot be called in a transaction block or from a function.*HINT:  CALL migrate_run\('head'\);/s,
		"$name: is refused");
	state_is_then_base('0|0|0|', "$name: nothing has run");
	return;
}

my @psql = ('psql', '-XAtq', '-v', 'VERBOSITY=verbose');
my $call = q{CALL migrate_run('head')};
my $file = "$directory/call.sql";
put_file($file, "$call;\n");
$node->safe_psql('postgres', q{
	CREATE PROCEDURE deploy() LANGUAGE plpgsql AS $$ BEGIN CALL migrate_run('head'); END $$;
	CREATE PROCEDURE deploy_steps() LANGUAGE plpgsql AS $$
	DECLARE
		steps integer := 0;
	BEGIN
		WHILE EXISTS (SELECT FROM migrate_history() WHERE NOT is_applied) LOOP
			CALL migrate_run('+1');
			COMMIT;
			steps := steps + 1;
		END LOOP;
		ASSERT steps = 3;
	END $$;
	CREATE PROCEDURE deploy_safely() LANGUAGE plpgsql AS $$
	BEGIN
		CALL migrate_run('head');
	EXCEPTION WHEN division_by_zero THEN
		RAISE NOTICE 'caught';
	END $$;
	CREATE PROCEDURE deploy_as_owner() LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN CALL migrate_run('head'); END $$;
	CREATE PROCEDURE deploy_with_path() LANGUAGE plpgsql SET search_path = public AS $$ BEGIN CALL public.migrate_run('head'); END $$;
	CREATE FUNCTION deploy_function() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL migrate_run('head'); END $$});

note 'psql';
works('psql -c', '', @psql, '-c', $call);
works('psql -f', '', @psql, '-f', $file);
works('psql, several -c', '', @psql, '-c', 'SELECT 1', '-c', $call, '-c', 'SELECT 2');
works('psql, standard input', "SELECT 1;\n$call;\nSELECT 2;\n", @psql);
works('psql, ON_ERROR_ROLLBACK', "\\set ON_ERROR_ROLLBACK on\n$call;\n", @psql);
works('psql, \\gexec', "SELECT \$\$$call\$\$ \\gexec\n", @psql);
is_refused('psql -1', '', @psql, '-1', '-f', $file);
is_refused('psql, AUTOCOMMIT off', "\\set AUTOCOMMIT off\n$call;\nCOMMIT;\n", @psql);
is_refused('psql, BEGIN', "BEGIN;\n$call;\nCOMMIT;\n", @psql);
is_refused('several statements in one message', "SELECT 1 \\; $call;\n", @psql);
is_refused('several statements in one message, the call first', "$call \\; SELECT 1;\n", @psql);

note 'SQL';
works('DO', '', @psql, '-c', "DO \$\$ BEGIN $call; END \$\$");
works('DO with commits', '', @psql, '-c', "DO \$\$ BEGIN PERFORM 1; COMMIT; $call; COMMIT; PERFORM 2; END \$\$");
works('DO with a query before', '', @psql, '-c', "DO \$\$ BEGIN PERFORM count(*) FROM migrate_script; $call; END \$\$");
works('DO in a loop over a query', '', @psql, '-c', q{
	DO $$ DECLARE target text; BEGIN
		FOR target IN SELECT revision FROM migrate_history() ORDER BY revision LOOP CALL migrate_run(target); END LOOP;
	END $$});
works('a procedure', '', @psql, '-c', 'CALL deploy()');
works('a procedure with commits', '', @psql, '-c', 'CALL deploy_steps()');
is_refused('EXECUTE', '', @psql, '-c', q{DO $$ BEGIN EXECUTE $x$CALL migrate_run('head')$x$; END $$});
is_refused('a function', '', @psql, '-c', 'SELECT deploy_function()');
is_refused('a procedure with a handler of errors', '', @psql, '-c', 'CALL deploy_safely()');
is_refused('a procedure that is SECURITY DEFINER', '', @psql, '-c', 'CALL deploy_as_owner()');
is_refused('a procedure with SET', '', @psql, '-c', 'CALL deploy_with_path()');

note 'the extended protocol';
my @pgbench = ('pgbench', '-n', '-t', '1');
put_file("$directory/pipeline.sql", "\\startpipeline\n$call;\n\\endpipeline\n");
works('a parsed statement', '', @pgbench, '-M', 'extended', '-f', $file);
works('a prepared statement', '', @pgbench, '-M', 'prepared', '-f', $file);
works('a pipeline', '', @pgbench, '-M', 'extended', '-f', "$directory/pipeline.sql");

note 'modules that look at statements';
my ($pkglibdir) = run_command([ 'pg_config', '--pkglibdir' ]);
my @modules = grep { -e "$pkglibdir/$_.so" } qw(pg_stat_statements auto_explain pgaudit);
note "found: @modules";
$node->append_conf('postgresql.conf', "shared_preload_libraries = '" . join(', ', @modules) . "'\n" . q{
pg_stat_statements.track = all
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
pgaudit.log = 'ddl, write, misc'
log_statement = none
});
$node->restart;
# pgaudit has event triggers, too
$node->safe_psql('postgres', "CREATE EXTENSION $_") for grep { $_ ne 'auto_explain' } @modules;
my $position = -s $node->logfile;
works('with modules', '', @psql, '-c', $call);
my @log = grep { !/migrate_run\('base'\)|DROP|DELETE FROM trace/ } split(/\n/, slurp_file($node->logfile, $position));

my @statements = ('CREATE TABLE,TABLE,.*CREATE TABLE trace', 'VACUUM trace', q{INSERT INTO trace \(step\) VALUES \('a'\)}, 'CREATE INDEX CONCURRENTLY trace_step',
	q{INSERT INTO trace \(step\) VALUES \('b'\)}, q{INSERT INTO trace \(step\) VALUES \('c'\)});
SKIP:
{
	skip 'pgaudit is not installed', scalar(@statements) unless grep { $_ eq 'pgaudit' } @modules;
	for my $statement (@statements)
	{
		is(scalar(grep { /AUDIT: SESSION,/ && /$statement/ } @log), 1, "pgaudit logs once: $statement");
	}
}
SKIP:
{
	skip 'auto_explain is not installed', 3 unless grep { $_ eq 'auto_explain' } @modules;
	for my $step (qw(a b c))
	{
		is(scalar(grep { /Query Text: INSERT INTO trace .*'$step'/ } @log), 1, "auto_explain logs once: $step");
	}
}
SKIP:
{
	skip 'pg_stat_statements is not installed', 1 unless grep { $_ eq 'pg_stat_statements' } @modules;
	$node->safe_psql('postgres', 'SELECT pg_stat_statements_reset()');
	$node->safe_psql('postgres', $call);
	is( $node->safe_psql('postgres', q{
			SELECT query, sum(calls), sum(rows) FROM pg_stat_statements
			WHERE query ~ '^(VACUUM|INSERT INTO trace|CREATE (TABLE|INDEX).* trace)' GROUP BY query ORDER BY query COLLATE "C"}),
		"CREATE INDEX CONCURRENTLY trace_step ON trace (step)|1|0\nCREATE TABLE trace (id serial, step text)|1|0\n"
		  . "INSERT INTO trace (step) VALUES (\$1)|3|3\nVACUUM trace|1|0",
		'pg_stat_statements counts each statement');
}

$node->safe_psql('postgres', $call);
register($node, 'postgres', 'r4', revises => 'r3', up => "SELECT;\nCREATE UNIQUE INDEX CONCURRENTLY trace_unique ON trace ((1));");
state_is($node, 'postgres', $call, '23505', qr/could not create unique index "trace_unique".*statement 2/s, 'an error with modules');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE NOT indisvalid}), 0, 'leaves no invalid index');
$node->safe_psql('postgres', 'DELETE FROM trace WHERE id > 1');
is(join(' ', run_program('', @psql, '-c', $call)), '0 ', 'and the next call goes on');

$node->stop;
done_testing();
