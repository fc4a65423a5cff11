# CALL migrate_run() is killed at random points, again and again, and goes on:
# in the end everything has run once, as if nobody had disturbed it.
#
# MIGRATE_TEST_KILLS says how often (default 25).
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{MIGRATE_TEST_KILLS} // 25;
my $seed = $ENV{MIGRATE_TEST_SEED} // time() % 100000;
srand($seed);
note "MIGRATE_TEST_SEED=$seed";

my $node = new_node('kills');
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_connections = 20\n");
$node->restart;

# Every statement leaves a trace, so that one that runs twice, or not, shows.
sub add_history
{
	my ($database) = @_;
	my @revisions = (
		[ 'CREATE TABLE trace (step text); CREATE TABLE item (id integer, kind text, note text)', 'DROP TABLE item; DROP TABLE trace' ],
		[ "INSERT INTO item SELECT i, 'k' || i % 7 FROM generate_series(1, 20000) AS i; INSERT INTO trace VALUES ('rows')", 'DELETE FROM item; DELETE FROM trace' ],
		[ "INSERT INTO trace VALUES ('before index');\nCREATE INDEX CONCURRENTLY item_kind ON item (kind);\nINSERT INTO trace VALUES ('between');\nCREATE UNIQUE INDEX CONCURRENTLY ON item (id);\nINSERT INTO trace VALUES ('after index')",
			"DROP INDEX CONCURRENTLY item_kind;\nDROP INDEX CONCURRENTLY item_id_idx;\nDELETE FROM trace WHERE step ~ 'index|between'" ],
		[ "ALTER TABLE item ADD extra integer DEFAULT 1; UPDATE item SET note = 'x' WHERE id % 10 = 0; INSERT INTO trace VALUES ('extra')",
			"ALTER TABLE item DROP extra; UPDATE item SET note = NULL; DELETE FROM trace WHERE step = 'extra'" ],
		[ "CREATE TYPE state AS ENUM ('new')", 'DROP TYPE state' ],
		[ "ALTER TYPE state ADD VALUE 'old';\nALTER TABLE item ADD s state DEFAULT 'old';\nINSERT INTO trace VALUES ('enum')",
			"ALTER TABLE item DROP s;\nDROP TYPE state;\nCREATE TYPE state AS ENUM ('new');\nDELETE FROM trace WHERE step = 'enum'" ],
		[ "VACUUM item;\nREINDEX INDEX CONCURRENTLY item_kind;\nINSERT INTO trace VALUES ('vacuum')", "DELETE FROM trace WHERE step = 'vacuum'" ],
		[ "INSERT INTO trace VALUES ('last')", "DELETE FROM trace WHERE step = 'last'" ]);
	my $number = 0;

	for my $revision (@revisions)
	{
		$number++;
		register($node, $database, "r$number", revises => $number > 1 ? 'r' . ($number - 1) : '',
			up => "$revision->[0];", down => "$revision->[1];");
	}
	return;
}

# What a database holds, as text.
sub state_of
{
	my ($database) = @_;

	return dump_schema($node, $database) . $node->safe_psql($database, q{
		SELECT version_num FROM migrate_version;
		SELECT count(*), indisvalid FROM pg_index WHERE indrelid >= 16384 GROUP BY 2;
		SELECT revision, statements_done FROM migrate_unfinished;
		SELECT sql FROM (VALUES ('SELECT step, count(*) FROM trace GROUP BY 1 ORDER BY 1'), ('SELECT * FROM item ORDER BY id')) v(sql)
			WHERE to_regclass('trace') IS NOT NULL \gexec
		});
}

# Wait until the server answers; restart it if its postmaster was killed.
sub wait_for_server
{
	for (1 .. 600)
	{
		return if IPC::Run::run([ 'psql', '-XAtqc', 'SELECT 1', '-d', $node->connstr('postgres') ], '>', \my $out, '2>', \my $err);
		sleep(0.05);
	}
	die 'the server did not come back';
}

sub process_of
{
	my ($kind) = @_;

	return $node->safe_psql('postgres', $kind eq 'worker'
		? q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'migrate worker' LIMIT 1}
		: q{SELECT pid FROM pg_stat_activity WHERE application_name = 'deployer' AND backend_type = 'client backend' LIMIT 1});
}

sub kill_something
{
	my $dice = rand();

	if ($dice < 0.1)
	{
		$node->kill9;
		for (1 .. 100)
		{
			# its children notice a little later, and until then it cannot be
			# started, of which the pid file of the old one remains
			sleep(0.1);
			$node->{_pid} = undef;
			return 'kill -9 of the postmaster' if $node->start(fail_ok => 1);
		}
		die 'the server cannot be started';
	}
	my $kind = $dice < 0.55 ? 'worker' : 'caller';
	my $pid = process_of($kind) || process_of('caller');
	return 'nothing' unless $pid;
	if ($dice < 0.4 || $dice > 0.8)
	{
		kill('KILL', $pid);
		return "kill -9 of the $kind";
	}
	my $how = rand() < 0.5 ? 'pg_terminate_backend' : 'pg_cancel_backend';
	$node->safe_psql('postgres', "SELECT $how($pid)");
	return "$how of the $kind";
}

# Run to a target, disturbed up to so many times; returns how often it was.
sub run_disturbed
{
	my ($target, $seconds, $most) = @_;
	my $done = 0;

	for (my $try = 0; $try < $most + 3; $try++)
	{
		my $client = IPC::Run::start(
			[ 'psql', '-XAtq', '-d', $node->connstr('disturbed') . ' application_name=deployer',
				'-c', "CALL migrate_run('$target', lock_retry_for => '20 s')" ], '>', \my $out, '2>', \my $err);

		if ($done < $most)
		{
			sleep(rand($seconds));
			my $what = kill_something();

			$done++ unless $what eq 'nothing';
			note sprintf('%d: %s', $done, $what);
		}
		my $ok = $client->finish;
		wait_for_server();
		return $done if $ok && $out eq '';
		note $err =~ s/\n.*//sr if defined $err;
	}
	die "the run to $target does not end";
}

$node->safe_psql('postgres', "CREATE DATABASE undisturbed; CREATE DATABASE disturbed");
my (%expected, %seconds);
for my $database (qw(undisturbed disturbed))
{
	$node->safe_psql($database, 'CREATE EXTENSION migrate');
	add_history($database);
}
for my $target (qw(head base))
{
	my $start = time();

	$node->safe_psql('undisturbed', "CALL migrate_run('$target')");
	$seconds{$target} = (time() - $start) * 1.1;
	$expected{$target} = state_of('undisturbed');
}
note "an undisturbed run takes $seconds{head} s, back $seconds{base} s";

my $total = 0;
while ($total < $kills)
{
	for my $target (qw(head base))
	{
		$total += run_disturbed($target, $seconds{$target}, 4);
		is(state_of('disturbed'), $expected{$target}, "$target after $total kills: as if nobody had disturbed it");
	}
}
is($node->safe_psql('disturbed', q{SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_class'::regclass}), 0,
	'no lock of a run is left');

$node->stop;
done_testing();
