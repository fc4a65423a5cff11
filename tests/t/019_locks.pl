# How CALL migrate_run() asks for locks: whoever comes after it waits for no
# longer than the lock timeout, it does not queue behind who is there to stay,
# and what stands in its way for good is named.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = new_node('locks');

$node->append_conf('postgresql.conf', "autovacuum_naptime = 1s\nlog_autovacuum_min_duration = 0\nmax_prepared_transactions = 5\n");
$node->restart;
$node->safe_psql('postgres', 'CREATE TABLE account (id integer); CREATE TABLE bill (id integer)');

my $runner = $node->background_psql('postgres', on_error_stop => 0);
my $holder = $node->background_psql('postgres');
$holder->query_safe(q{SET application_name = 'billing'});

my $runner_pid = $runner->query('SELECT pg_backend_pid()');
my $holder_pid = $holder->query('SELECT pg_backend_pid()');

# Revisions a1, a2 ..., each with these statements, on top of each other.
my $nrevisions = 0;
sub next_revision
{
	my ($up) = @_;
	my @revises = $nrevisions > 0 ? (revises => "a$nrevisions") : ();

	$nrevisions++;
	register($node, 'postgres', "a$nrevisions", @revises, up => $up, irreversible => 1);
	return "a$nrevisions";
}

sub version
{
	return $node->safe_psql('postgres', 'SELECT version_num FROM migrate_version');
}

# How many locks on tables of ours the runner has, or waits for.
sub runner_locks
{
	return $node->safe_psql('postgres', qq{
		SELECT count(*) FROM pg_locks WHERE pid = $runner_pid AND locktype = 'relation'
			AND relation IN ('account'::regclass, 'bill'::regclass)});
}

sub wait_for_phase
{
	my ($phase) = @_;

	return $node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM migrate_progress WHERE pid = $runner_pid AND phase = '$phase'");
}

# Who comes after a run that waits.
my $revision = next_revision('ALTER TABLE account ADD COLUMN a integer;');
$holder->query_safe('BEGIN; SELECT count(*) FROM account');
# With little time in all it soon asks for long; and behind a young transaction.
start_query($runner, q{CALL migrate_run(lock_timeout => '4 s', lock_retry_for => '1 min')});
$node->poll_query_until('postgres', qq{
	SELECT count(*) = 1 FROM pg_locks WHERE pid = $runner_pid AND NOT granted AND relation = 'account'::regclass})
  or die 'the run does not wait for its lock';
my $begun = time;
$node->safe_psql('postgres', q{SET statement_timeout = '60 s'; SELECT count(*) FROM account});
my $elapsed = time - $begun;
cmp_ok($elapsed, '<', 6, 'a reader behind a waiting run waits no longer than the lock timeout of the run')
  or diag("it waited $elapsed s");

# By now the transaction in the way is older than the lock timeout.
ok(wait_for_phase('waiting for other transactions'), 'a run does not ask for a lock that an old transaction holds');
my ($locks, $snapshots) = (0, 0);
for (1 .. 20)
{
	$locks += runner_locks();
	$snapshots += $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE pid = $runner_pid AND backend_xmin IS NOT NULL");
	usleep(50_000);
}
is($locks, 0, 'and neither holds nor awaits a lock meanwhile');
cmp_ok($snapshots, '<', 10, 'nor has a snapshot, but for the moments when it looks');
$holder->query_safe('COMMIT');
wait_for_query($runner);
is(version(), $revision, 'it goes on when the transaction has ended');
cmp_ok($node->safe_psql('postgres', "SELECT attempts FROM migrate_log WHERE revision = '$revision'"),
	'>=', 2, 'the ledger counts the attempts');
is( $node->safe_psql('postgres', "SELECT lock_wait >= interval '1 s' FROM migrate_log WHERE revision = '$revision'"),
	't', 'and the time lost');

# What is there to stay is named.
$revision = next_revision('ALTER TABLE account ADD COLUMN b integer;');
my $call = q{CALL migrate_run(lock_timeout => '300 ms', lock_retry_for => '1500 ms')};
my $user = $node->safe_psql('postgres', 'SELECT current_user');
$holder->query_safe('BEGIN; LOCK TABLE account IN ROW EXCLUSIVE MODE');
state_is($node, 'postgres', $call, '55P03',
	qr/process $holder_pid, user \Q$user\E, application "billing", idle in transaction, transaction open for [0-9:]+, query: BEGIN; LOCK TABLE account IN ROW EXCLUSIVE MODE|query: LOCK TABLE account IN ROW EXCLUSIVE MODE/,
	'an old transaction that does not end');
$holder->query_safe('ROLLBACK');
is( $node->safe_psql('postgres', "SELECT sqlstate FROM migrate_log WHERE revision = '$revision' ORDER BY id DESC LIMIT 1"),
	'55P03', 'the failure is in the ledger');

$holder->query_safe(q{BEGIN; LOCK TABLE account IN ACCESS SHARE MODE; PREPARE TRANSACTION 'left behind'});
state_is($node, 'postgres', $call, '55P03', qr/prepared transaction 'left behind', user \Q$user\E, prepared [0-9:]+ ago/,
	'a prepared transaction');
$node->safe_psql('postgres', q{ROLLBACK PREPARED 'left behind'});

# A dump is not queued behind, however young it is.
$holder->query_safe(q{SET application_name = 'pg_dump'; BEGIN; LOCK TABLE account IN ACCESS SHARE MODE});
start_query($runner, q{CALL migrate_run(lock_timeout => '60 s', lock_retry_for => '3 min')});
ok(wait_for_phase('waiting for other transactions'), 'a run does not ask for a lock that a dump holds');
is(runner_locks(), 0, 'and has none');
$holder->query_safe(q{COMMIT; SET application_name = 'billing'});
wait_for_query($runner);
is(version(), $revision, 'it goes on when the dump has ended');

# A worker does not queue behind an old transaction, either.
$revision = next_revision('CREATE INDEX CONCURRENTLY account_id ON account (id); VACUUM FULL account;');
$holder->query_safe('BEGIN; LOCK TABLE account IN ACCESS SHARE MODE');
usleep(1_000_000);
start_query($runner, q{CALL migrate_run(lock_timeout => '500 ms', lock_retry_for => '3 min')});
ok(wait_for_phase('waiting for other transactions'), 'a worker does not ask for a lock that an old transaction holds');
is( $node->safe_psql('postgres', q{
		SELECT count(*) FROM pg_locks WHERE relation = 'account'::regclass AND mode = 'AccessExclusiveLock'}),
	0, 'and has none');
$holder->query_safe('COMMIT');
wait_for_query($runner);
is(version(), $revision, 'it goes on when the transaction has ended');

# An index that cannot be built, since an old transaction does not end.
$revision = next_revision('CREATE INDEX CONCURRENTLY account_id_too ON account (id);');
$holder->query_safe('BEGIN; LOCK TABLE account IN ROW EXCLUSIVE MODE');
state_is($node, 'postgres', q{CALL migrate_run(lock_timeout => '100 ms', lock_retry_for => '500 ms')}, '55P03',
	qr/DETAIL:  In the way:\nprocess $holder_pid, .*HINT:  Call again/s, 'a worker tells who is in the way of an index');
$holder->query_safe('COMMIT');
$node->safe_psql('postgres', 'CALL migrate_run()');
is(version(), $revision, 'the next run builds it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE NOT indisvalid}), 0, 'and leaves no invalid one');

# Autovacuum steps aside, though the lock timeout is shorter than deadlock_timeout.
$revision = next_revision('ALTER TABLE bill ADD COLUMN a integer;');
$node->safe_psql('postgres', q{
	ALTER TABLE bill SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
		autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);
	INSERT INTO bill SELECT generate_series(1, 200000);
	DELETE FROM bill WHERE id % 2 = 0});
$node->poll_query_until('postgres', q{
	SELECT count(*) = 1 FROM pg_locks JOIN pg_stat_activity USING (pid)
	WHERE relation = 'bill'::regclass AND mode = 'ShareUpdateExclusiveLock' AND granted AND backend_type = 'autovacuum worker'})
  or die 'no autovacuum';
$node->safe_psql('postgres', q{CALL migrate_run(lock_timeout => '500 ms', lock_retry_for => '3 min')});
is(version(), $revision, 'a run does not wait for autovacuum');
like(slurp_file($node->logfile), qr/canceling autovacuum task/, 'which is cancelled');

# A deadlock: the run is chosen to fail, and comes back.  The first statement
# is not DDL, so that the locks are not taken before it.
$revision = next_revision(q{
	DO $$ BEGIN PERFORM pg_advisory_xact_lock(1); END $$;
	ALTER TABLE account ADD COLUMN c integer;
	SELECT pg_advisory_xact_lock(2);
	ALTER TABLE bill ADD COLUMN c integer;});
$holder->query_safe(q{SET deadlock_timeout = '10 min'; BEGIN; LOCK TABLE bill IN SHARE MODE});
my $gate = $node->background_psql('postgres');
$gate->query_safe('BEGIN; SELECT pg_advisory_xact_lock(2)');
start_query($runner, q{CALL migrate_run(lock_timeout => '5 s', lock_retry_for => '3 min')});
$node->poll_query_until('postgres', qq{
	SELECT count(*) = 1 FROM pg_locks WHERE pid = $runner_pid AND NOT granted AND locktype = 'advisory'})
  or die 'the run does not wait at the gate';
start_query($holder, 'LOCK TABLE account IN SHARE MODE');
$node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_locks WHERE pid = $holder_pid AND NOT granted})
  or die 'the other transaction does not wait';
$gate->query_safe('COMMIT');
wait_for_query($holder);
$holder->query_safe('COMMIT');
wait_for_query($runner);
is(version(), $revision, 'a run that was the victim of a deadlock succeeds');
ok($node->poll_query_until('postgres', q{SELECT deadlocks = 1 FROM pg_stat_database WHERE datname = 'postgres'}),
	'there was one');
cmp_ok($node->safe_psql('postgres', "SELECT attempts FROM migrate_log WHERE revision = '$revision'"),
	'>=', 2, 'and it took two attempts');

$_->quit for $runner, $holder, $gate;
$node->stop;
done_testing();
