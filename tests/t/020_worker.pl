# The background worker of CALL migrate_run(): whoever of the two is stopped,
# the other one ends, too, no lock and no worker is left, and the next call
# goes on.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node('worker');

$node->append_conf('postgresql.conf', "max_worker_processes = 4\nrestart_after_crash = on\n");
$node->restart;
$node->safe_psql('postgres', 'CREATE TABLE t (id integer); INSERT INTO t SELECT generate_series(1, 1000)');

my $worker = q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'migrate worker'};
my $caller = q{SELECT pid FROM migrate_progress WHERE pid IS NOT NULL};

sub count
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', "SELECT count(*) FROM ($sql) s");
}

# How many locks of ours are left, and how many indexes are invalid.
sub left
{
	return $node->safe_psql('postgres', q{
		SELECT count(*) FILTER (WHERE k = 'lock'), count(*) FILTER (WHERE k = 'index') FROM (
			SELECT 'lock' AS k FROM pg_locks WHERE locktype = 'object' AND objsubid <> 0 AND classid = 'pg_class'::regclass
			UNION ALL SELECT 'index' FROM pg_index WHERE NOT indisvalid) s});
}

# A revision that the worker cannot finish while somebody writes to t.
register($node, 'postgres', 'a1', up => "CREATE TABLE made (id integer);\nCREATE INDEX CONCURRENTLY t_id ON t (id);\nINSERT INTO made VALUES (1);",
	down => "DROP INDEX CONCURRENTLY t_id;\nDROP TABLE made;");

my $writer = $node->background_psql('postgres');
my @stops = (
	[ 'the caller is cancelled', "SELECT pg_cancel_backend(pid) FROM ($caller) s" ],
	[ 'the caller is terminated', "SELECT pg_terminate_backend(pid) FROM ($caller) s" ],
	[ 'the worker is cancelled', "SELECT pg_cancel_backend(pid) FROM ($worker) s" ],
	[ 'the worker is terminated', "SELECT pg_terminate_backend(pid) FROM ($worker) s" ]);

foreach my $stop (@stops)
{
	my ($name, $sql) = @$stop;
	my $runner = $node->background_psql('postgres', on_error_stop => 0);
	my $begun;

	$writer->query_safe('BEGIN; INSERT INTO t VALUES (0)');
	start_query($runner, 'CALL migrate_run()');
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($worker AND wait_event_type = 'Lock') s")
	  or die 'the worker does not wait';
	is($node->safe_psql('postgres', "SELECT backend_xmin IS NULL FROM pg_stat_activity WHERE pid = ($caller)"), 't',
		"$name: until then it held no snapshot");
	$begun = time;
	$node->safe_psql('postgres', $sql);
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM ($worker) s");
	cmp_ok(time - $begun, '<', 10, "$name: the worker ends");
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM ($caller) s");
	cmp_ok(time - $begun, '<', 10, "$name: the caller ends");
	$writer->query_safe('ROLLBACK');
	is(left() =~ s/\|.*//r, '0', "$name: no lock is left");
	is($node->safe_psql('postgres', 'SELECT cardinality(statements_done) FROM migrate_unfinished'), '1',
		"$name: what had run is noted");
	$node->safe_psql('postgres', 'CALL migrate_run()');
	is(left(), '0|0', "$name: the next call leaves neither lock nor invalid index");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM made'), '1', "$name: nothing ran twice");
	$node->safe_psql('postgres', q{CALL migrate_run('base')});
	$runner->{run}->kill_kill;
}
$writer->quit;

# A crash of the worker is one of the server.
{
	my $runner = $node->background_psql('postgres', on_error_stop => 0);

	register($node, 'postgres', 'b2', revises => 'a1', irreversible => 1,
		up => "VACUUM t;\nCREATE TABLE once (id integer);\nSELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM t WHERE id = -1) THEN 0 ELSE 60 END);\nINSERT INTO once VALUES (1);");
	start_query($runner, 'CALL migrate_run()');
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM ($worker AND wait_event = 'PgSleep') s");
	kill 'KILL', $node->safe_psql('postgres', $worker);
	$runner->{run}->kill_kill;
	$node->poll_query_until('postgres', 'SELECT true');
	$node->safe_psql('postgres', 'INSERT INTO t VALUES (-1)');
	$node->safe_psql('postgres', 'CALL migrate_run()');
	is($node->safe_psql('postgres', 'SELECT count(*), (SELECT version_num FROM migrate_version) FROM once'), '1|b2',
		'kill -9 of the worker: the next call goes on');
}

# Timeouts, of the statement and of the call.
register($node, 'postgres', 'c3', revises => 'b2', irreversible => 1,
	up => "VACUUM t;\nSET statement_timeout = '100ms';\nSELECT pg_sleep(CASE WHEN EXISTS (SELECT FROM t WHERE id = -2) THEN 0 ELSE 60 END);");
state_is($node, 'postgres', 'CALL migrate_run()', '57014', qr/statement timeout.*upgrade of revision c3, statement 3/s,
	'statement_timeout counts for a statement');
$node->safe_psql('postgres', 'INSERT INTO t VALUES (-2)');
$node->safe_psql('postgres', 'CALL migrate_run()');

# No worker can be had.
{
	my @runners;

	$node->safe_psql('postgres', 'CREATE DATABASE other' . $_) for 1 .. 4;
	foreach my $n (1 .. 4)
	{
		$node->safe_psql("other$n", 'CREATE EXTENSION migrate');
		register($node, "other$n", 'x1', irreversible => 1, up => "SELECT pg_sleep(60);\nCREATE DATABASE never;");
		push @runners, $node->background_psql("other$n", on_error_stop => 0);
	}
	register($node, 'postgres', 'd4', revises => 'c3', irreversible => 1, up => 'VACUUM t;');
	start_query($_, 'CALL migrate_run()') foreach @runners;
	$node->poll_query_until('postgres',
		q{SELECT count(*) >= 3 FROM pg_stat_activity WHERE backend_type IN ('migrate worker')});
	state_is($node, 'postgres', 'CALL migrate_run()', '53400', qr/could not start a background worker.*max_worker_processes/s,
		'a full table of workers is a clear error');
	$node->safe_psql('postgres', qq{SELECT pg_terminate_backend(pid) FROM ($worker) s});
	$_->{run}->kill_kill foreach @runners;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM ($worker) s");
	$node->safe_psql('postgres', 'CALL migrate_run()');
	is($node->safe_psql('postgres', 'SELECT version_num FROM migrate_version'), 'd4', 'and it goes on later');
}

# A role without rights is not helped by the worker.
$node->safe_psql('postgres', q{
	CREATE ROLE guest LOGIN;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO guest;
	GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO guest});
register($node, 'postgres', 'e5', revises => 'd4', irreversible => 1, up => 'CREATE INDEX CONCURRENTLY t_guest ON t (id);');
state_is($node, 'postgres', 'SET ROLE guest; CALL migrate_run()', '42501', qr/must be owner of table t/, 'a role without rights');
is(left(), '0|0', 'nothing is left');

# A statement is known by its checksum, however strings are read when it runs.
SKIP:
{
	skip 'strings are always standard', 3 if $node->safe_psql('postgres', 'SHOW server_version_num') >= 190000;
	register($node, 'postgres', 'f6', revises => 'e5', irreversible => 1, up => q{VACUUM t;
SET standard_conforming_strings = off;
SELECT '\', ' AS a; --';
SELECT 1 / count(*) FROM t WHERE id = -3;});
	state_is($node, 'postgres', 'CALL migrate_run()', '22012', qr/revision f6, statement 4/, 'an error after a statement with a backslash');
	$node->safe_psql('postgres', 'INSERT INTO t VALUES (-3); CALL migrate_run()');
	is($node->safe_psql('postgres', 'SELECT version_num FROM migrate_version'), 'f6', 'the next call goes on');
	register($node, 'postgres', 'g7', revises => 'f6', irreversible => 1, up => q{VACUUM t;
SET standard_conforming_strings = off;
SELECT '\'' ; SELECT 1 --';});
	state_is($node, 'postgres', 'CALL migrate_run()', 'MG005', qr/not one any more.*revision g7, statement 3/s, 'two statements instead of one');
}

$node->stop;
done_testing();
