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

sub nothing_is_seen
{
	my ($how) = @_;

	is($node->safe_psql('postgres', 'SELECT count(*) FROM migrate_progress'), 0, "$how: nothing is seen");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE classid = 'migrate_log'::regclass}), 0,
		"$how: no lock is left");
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

$gate->quit;
$node->stop;
done_testing();
