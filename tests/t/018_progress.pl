# What others see of a run, whatever becomes of it.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('progress');
$node->append_conf('postgresql.conf', "max_prepared_transactions = 2\nmax_parallel_maintenance_workers = 0\n");
$node->restart;

# Wait until this is seen.
sub wait_to_see
{
	my ($expected, $columns) = @_;

	$node->poll_query_until('postgres', "SELECT $columns FROM migrate_progress", $expected)
	  or die "never $expected";
	return;
}

# The lock goes right after what it tells of.
sub no_lock_is_left
{
	my ($how) = @_;

	return ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_locks WHERE classid = 'migrate_log'::regclass}),
		"$how: no lock is left");
}

sub nothing_is_seen
{
	my ($how) = @_;

	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrate_progress'), 0, "$how: nothing is seen");
	no_lock_is_left($how);
	return;
}

# Statements that are in the middle of a run while the gate is closed.
my $gate = $node->background_psql('postgres');
my $at_gate = "CREATE TABLE account (id integer);\nSELECT FROM pg_advisory_xact_lock_shared(18);";
$gate->query_safe('SELECT pg_advisory_lock(18)');
register($node, 'postgres', 'a1', up => $at_gate, down => 'DROP TABLE account');

note 'runs that end in the middle';
for my $how (qw(pg_cancel_backend pg_terminate_backend))
{
	my $client = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', q{SELECT migrate_upgrade('head')} ],
		'>', '/dev/null', '2>', '/dev/null');

	wait_to_see('running|a1|2|2', 'phase, revision, statement, statements');
	$node->safe_psql('postgres', "SELECT $how(pid) FROM migrate_progress");
	$client->finish;
	wait_to_see(0, 'count(*)');
	nothing_is_seen($how);
}

note 'an error that is caught';
$node->safe_psql('postgres', "CREATE FUNCTION fail_late() RETURNS void LANGUAGE plpgsql AS \$\$
	BEGIN RAISE division_by_zero; END \$\$");
register($node, 'postgres', 'b2', revises => '', up => 'SELECT; SELECT fail_late();', down => 'SELECT;');
is( $node->safe_psql('postgres', q{
		BEGIN;
		DO $$ BEGIN PERFORM migrate_upgrade('b2'); EXCEPTION WHEN division_by_zero THEN END $$;
		SELECT count(*) FROM migrate_progress;
		SELECT FROM migrate_downgrade('base');
		SELECT count(*) FROM migrate_progress;
		COMMIT}),
	"0\n0", 'is the end of its run');

note 'one run waits for another';
{
	my ($first, $second) = map { $node->background_psql('postgres') } 1 .. 2;

	start_query($first, q{SELECT FROM migrate_upgrade('a1')});
	wait_to_see('running', 'phase');
	start_query($second, q{SELECT FROM migrate_upgrade('a1')});
	wait_to_see('running waiting for another run', q{string_agg(phase, ' ' ORDER BY phase)});
	$gate->query_safe('SELECT pg_advisory_unlock(18)');
	wait_for_query($_) for $first, $second;
	nothing_is_seen('both have ended');
	$_->quit for $first, $second;
}

note 'a prepared transaction';
is( $node->safe_psql('postgres', q{
		BEGIN;
		SELECT FROM migrate_downgrade('base');
		SELECT phase FROM migrate_progress;
		PREPARE TRANSACTION 'x';
		SELECT count(*) FROM migrate_progress;
		COMMIT PREPARED 'x'}),
	"not committed\n0", 'is no run any more');
nothing_is_seen('committed');

note 'texts that are too long, and not ASCII';
$node->safe_psql('postgres', "SELECT migrate_unregister('b2')");
register($node, 'postgres', 'c3', revises => 'a1', message => 'ab' . "gr\xc3\xb6\xc3\x9fer" x 40);
is( $node->safe_psql('postgres', q{
		BEGIN;
		SELECT FROM migrate_upgrade('head');
		SELECT length(message), octet_length(message), message = left('ab' || repeat('größer', 40), length(message)) FROM migrate_progress;
		ROLLBACK}),
	'95|126|t', 'end with a whole character');

note 'who looks never fails, whoever comes and goes';
{
	my @clients = map {
		IPC::Run::start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
			map { ('-c', q{BEGIN; SELECT FROM migrate_upgrade('a1'); ROLLBACK}) } 1 .. 20 ], '>', '/dev/null')
	} 1 .. 8;

	is($node->safe_psql('postgres', q{
			DO $$ BEGIN FOR i IN 1 .. 300 LOOP PERFORM FROM migrate_progress; COMMIT; END LOOP; END $$; SELECT 1}),
		1, 'reading goes on');
	is((grep { !$_->finish } @clients), 0, 'and so do the runs');
	nothing_is_seen('all have ended');
}

note 'a revision that was interrupted';
$node->safe_psql('postgres', q{
	INSERT INTO migrate_unfinished (schema_name, revision, direction, run, statements_done, started_at, changed_at)
	VALUES ('', 'a1', 'upgrade', 7, '{x,y}', now(), now())});
is( $node->safe_psql('postgres', 'SELECT run, pid, direction, revision, statement, phase, blocked_by FROM migrate_progress'),
	'7||upgrade|a1|3|interrupted|{}', 'is shown');
$node->safe_psql('postgres', 'DELETE FROM migrate_unfinished');

note 'a procedure';

# Start a call, in a session that stays.
sub call
{
	my $psql = $node->background_psql('postgres', on_error_stop => 0);

	$psql->query_safe(q{SET application_name = 'caller'});
	start_query($psql, q{CALL migrate_run('head')});
	return $psql;
}

# What pg_stat_activity says of it, with N for the number of the run.
sub caller_query_is
{
	my ($expected, $name) = @_;

	return ok(
		$node->poll_query_until('postgres', q{
			SELECT regexp_replace(query, 'run \d+', 'run N') FROM pg_stat_activity
			WHERE application_name = 'caller' AND backend_type = 'client backend'}, $expected),
		$name);
}

$gate->query_safe('SELECT pg_advisory_lock(18)');
{
	my ($first, $second) = (call());

	wait_to_see('a1|2|2', 'revision, statement, statements');
	caller_query_is('migrate run N: upgrade of revision a1, statement 2 of 2', 'is in pg_stat_activity');
	is( $node->safe_psql('postgres', q{
			SELECT p.blocked_by = ARRAY[l.pid] FROM migrate_progress p, pg_locks l
			WHERE l.locktype = 'advisory' AND l.objid = 18 AND l.granted}),
		't', 'and who is in its way in the view');
	$second = $node->background_psql('postgres');
	start_query($second, q{CALL migrate_run('head')});
	wait_to_see('running waiting for another run', q{string_agg(phase, ' ' ORDER BY phase)});
	$gate->query_safe('SELECT pg_advisory_unlock(18)');
	wait_for_query($_) for $first, $second;
	caller_query_is(q{CALL migrate_run('head');}, 'the query is what it was');
	nothing_is_seen('both have ended');
	$_->quit for $first, $second;
}

note 'an index is built concurrently';
$node->safe_psql('postgres', q{
	CREATE FUNCTION slow(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		IF i = 5000 THEN PERFORM pg_catalog.pg_advisory_xact_lock_shared(18); END IF;
		RETURN i;
	END $$;
	CREATE TABLE large AS SELECT i, repeat('x', 100) AS t FROM generate_series(1, 10000) i});
register($node, 'postgres', 'd4', revises => 'c3', up => "SELECT;\nCREATE INDEX CONCURRENTLY large_i ON large (slow(i));\nSELECT;");
$gate->query_safe('SELECT pg_advisory_lock(18)');
my $writer = $node->background_psql('postgres');
$writer->query_safe('BEGIN; LOCK TABLE large IN ROW EXCLUSIVE MODE');

# What interrupts a procedure or its worker leaves a revision that is not run
# to its end, and nothing else.
sub interrupt
{
	my ($caller, $how) = @_;

	$node->safe_psql('postgres', "SELECT $how FROM migrate_progress");
	wait_to_see('d4|2|interrupted', 'revision, statement, phase');
	no_lock_is_left($how);
	$caller->{run}->kill_kill;
	return;
}

my $caller = call();
wait_to_see('d4|2|3|waiting for writers before build', 'revision, statement, statements, detail');
is( $node->safe_psql('postgres', q{
		SELECT p.blocked_by = ARRAY[l.pid] AND p.worker_pid <> p.pid AND p.percent IS NULL AND p.estimate IS NULL
		FROM migrate_progress p, pg_locks l
		WHERE l.relation = 'large'::regclass AND l.mode = 'RowExclusiveLock'}),
	't', 'the worker waits for a writer');
caller_query_is('migrate run N: upgrade of revision d4', 'the caller in pg_stat_activity');
interrupt($caller, 'pg_terminate_backend(pid)');
$writer->query_safe('COMMIT');
for my $how ('pg_terminate_backend(worker_pid)', 'the end')
{
	$caller = call();
	wait_to_see('building index: scanning table|t', 'detail, percent > 0');
	is($node->safe_psql('postgres', q{SELECT percent BETWEEN 40 AND 60 AND estimate > '0' FROM migrate_progress}), 't',
		'how much is done, and the time left');
	interrupt($caller, $how) if $how ne 'the end';
}
$gate->query_safe('SELECT pg_advisory_unlock(18)');
wait_for_query($caller);
nothing_is_seen('the end');

$_->quit for $gate, $writer, $caller;
$node->stop;
done_testing();
