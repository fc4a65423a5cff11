# Deployers of both kinds, while one of them builds an index concurrently:
# nobody waits for ever, and nothing runs twice.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant {
	UPGRADES => 5,
	RUNS => 5,
	WRITERS => 3,
	ROWS => 100_000,
	# far more than it takes, and less than anybody waits by default
	LIMIT => 120
};

my $node = new_node('deployers');
my $timer = IPC::Run::timeout(LIMIT);
my $upgrade = q{SELECT revision FROM migrate_upgrade('head')};
my $run = q{CALL migrate_run('head')};

# A background psql that goes on after errors.
sub session
{
	return $node->background_psql('postgres', on_error_stop => 0);
}

# Start psql with some statements; finish() returns its exit status.
sub start_psql
{
	my ($out, $err, @statements) = @_;

	return IPC::Run::start(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
			map { ('-c', $_) } @statements
		],
		'>', $out, '2>', $err, $timer);
}

# How often a revision has been run to its end.
sub times_run
{
	my ($revision) = @_;

	return $node->safe_psql('postgres', qq{
		SELECT count(*) FROM migrate_log WHERE revision = '$revision' AND direction = 'upgrade' AND sqlstate IS NULL});
}

# The indexes of the table, and whether they can be used.
sub indexes
{
	return $node->safe_psql('postgres', q{
		SELECT string_agg(indexrelid::regclass || ' ' || indisvalid, ', ' ORDER BY indexrelid::regclass::text)
		FROM pg_index WHERE indrelid = 'account'::regclass});
}

# No lock of a run is left.
sub is_unlocked
{
	my ($name) = @_;

	return is($node->safe_psql('postgres', q{
			SELECT count(*) FROM pg_locks
			WHERE locktype = 'object' AND classid = 'pg_class'::regclass AND objid = 'migrate_version'::regclass}),
		0, $name);
}

$node->safe_psql('postgres', qq{
	CREATE TABLE account (id integer PRIMARY KEY, balance integer, note text);
	INSERT INTO account SELECT n, n, repeat('x', 100) FROM generate_series(1, @{[ROWS]}) n;
	CREATE TABLE trace (revision text)});

note 'ten deployers start together under load';
register($node, 'postgres', 'a1', up => q{INSERT INTO trace VALUES ('a1');});
register($node, 'postgres', 'b2', revises => 'a1', up => 'CREATE INDEX CONCURRENTLY account_balance ON account (balance);');
register($node, 'postgres', 'c3', revises => 'b2', up => q{INSERT INTO trace VALUES ('c3');});

my $load = PostgreSQL::Test::Utils::tempdir() . '/load.sql';
put_file($load, q{
	WITH one AS (SELECT (1 + random() * 90000)::integer AS id),
		changed AS (UPDATE account a SET balance = balance + 1 FROM one WHERE a.id = one.id)
	INSERT INTO account SELECT max(id) + 1, 0, '' FROM account ON CONFLICT DO NOTHING \watch 0.01
});
my (@writers, @writer_err, @out, @err);
push @writers, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $load ],
	'>', '/dev/null', '2>', \$writer_err[$_])
  for 0 .. WRITERS - 1;
$node->poll_query_until('postgres', "SELECT count(*) > @{[ROWS]} FROM account") or die 'nobody writes';

my $gate = session();
$gate->query_safe('SELECT pg_advisory_lock(1)');
my @deployers;
for my $i (0 .. UPGRADES + RUNS - 1)
{
	push @deployers, start_psql(\$out[$i], \$err[$i], 'SELECT FROM pg_advisory_lock_shared(1)',
		'SELECT pg_advisory_unlock_shared(1)', $i < UPGRADES ? $upgrade : $run);
}
$node->poll_query_until('postgres',
	"SELECT count(*) = @{[UPGRADES + RUNS]} FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
  or die 'the deployers did not come';
$gate->query_safe('SELECT pg_advisory_unlock(1)');
my @ended = map { $_->finish ? 1 : 0 } @deployers;
pass('all come to an end');
for my $i (0 .. UPGRADES + RUNS - 1)
{
	if ($i < UPGRADES)
	{
		ok($ended[$i] || $err[$i] =~ /ERROR:  MG00[48]: /, 'upgrade: nothing to do, another run, or no transaction')
		  or diag($err[$i]);
	}
	else
	{
		ok($ended[$i], 'run: succeeds') or diag($err[$i]);
	}
}
is(join(' ', map { times_run($_) } 'a1', 'b2', 'c3'), '1 1 1', 'every revision ran once');
is($node->safe_psql('postgres', 'SELECT revision FROM trace'), "a1\nc3", 'and so did its statements');
is(indexes(), 'account_balance true, account_pkey true', 'the index is usable');
is($node->safe_psql('postgres', 'SELECT version_num FROM migrate_version'), 'c3', 'the database is at head');
is_unlocked('nothing stays locked');
ok((grep { $_->pumpable } @writers) == WRITERS, 'the others write on');
$_->kill_kill for @writers;
is(join('', map { $_ // '' } @writer_err), '', 'and are told nothing');

# An index cannot be finished as long as somebody has an old snapshot.
my $holder = session();

sub hold_snapshot
{
	$holder->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
	return;
}

# Call for a run, and return when its worker waits for that snapshot.
sub start_phase
{
	my ($psql) = @_;

	start_query($psql, $run);
	$node->poll_query_until('postgres', q{
		SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted})
	  or die 'the worker does not wait';
	return;
}

note 'while a worker waits for a snapshot';
register($node, 'postgres', 'd4', revises => 'c3', up => 'CREATE INDEX CONCURRENTLY account_note ON account (note);');
my ($first, $second) = (session(), session());
my ($first_pid, $second_pid) = map { $_->query_safe('SELECT pg_backend_pid()') } $first, $second;
hold_snapshot();
start_phase($first);
state_is($node, 'postgres', $upgrade, 'MG004', qr/phase that waits for all older snapshots/, 'upgrade leaves at once');
state_is($node, 'postgres', q{SELECT migrate_downgrade('base')}, 'MG004', qr/another run/, 'downgrade leaves at once');
state_is($node, 'postgres', q{SELECT migrate_stamp('head')}, 'MG004', qr/another run/, 'stamp leaves at once');
state_is($node, 'postgres',
	'SELECT migrate_register(' . quoted(script('c3', revises => 'b2', up => 'SELECT 3;')) . ', accept_changes => true)',
	'MG004', qr/another run/, 'who replaces a script leaves at once');
state_is($node, 'postgres', q{SELECT migrate_unregister('d4')}, 'MG004', qr/another run/,
	'who removes a script leaves at once');
is(register($node, 'postgres', 'e5', revises => 'd4', up => q{INSERT INTO trace VALUES ('e5');}),
	'added', 'a new script can be registered');
start_query($second, $run);
$node->poll_query_until('postgres', qq{
	SELECT bool_and(state = 'active' AND backend_xmin IS NULL AND wait_event_type IN ('IPC', 'Extension'))
	FROM pg_stat_activity WHERE pid IN ($first_pid, $second_pid)})
  or die 'runs have a snapshot';
pass('runs wait without a snapshot');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_index WHERE NOT indisvalid}), 1, 'the index is not finished');
$holder->query_safe('COMMIT');
wait_for_query($_) for $first, $second;
is(join(' ', map { times_run($_) } 'd4', 'e5'), '1 1', 'every revision ran once');
is(indexes(), 'account_balance true, account_note true, account_pkey true', 'the index is usable');
is_unlocked('nothing stays locked');

note 'who began to wait before the worker begins gets through';
register($node, 'postgres', 'f6', revises => 'e5', up => q{SELECT pg_advisory_xact_lock(2); INSERT INTO trace VALUES ('f6');});
register($node, 'postgres', 'g7', revises => 'f6', up => 'CREATE INDEX CONCURRENTLY account_both ON account (id, note);');
my $waiter = session();
$gate->query_safe('SELECT pg_advisory_lock(2)');
start_query($first, q{CALL migrate_run('head', lock_timeout => '1min')});
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted})
  or die 'the run does not wait';
send_query($node, $waiter, q{INSERT INTO trace SELECT 'waited ' || count(*) FROM migrate_upgrade('f6')});
$gate->query_safe('SELECT pg_advisory_unlock(2)');
wait_for_query($_) for $waiter, $first;
is($node->safe_psql('postgres', q{SELECT string_agg(revision, ', ') FROM trace WHERE revision ~ 'f6|waited'}),
	'f6, waited 0', 'it finds nothing to do');
is(join(' ', map { times_run($_) } 'f6', 'g7'), '1 1', 'every revision ran once');
is_unlocked('nothing stays locked');

note 'a run is interrupted while its worker waits';
register($node, 'postgres', 'h8', revises => 'g7', up => 'CREATE INDEX CONCURRENTLY account_last ON account (note, id);');
hold_snapshot();
start_phase($first);
is($node->safe_psql('postgres', "SELECT pg_terminate_backend($first_pid, 60000)"), 't', 'the caller is terminated');
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'virtualxid' AND NOT granted})
  or die 'the worker goes on';
is_unlocked('nothing stays locked');
start_phase($second);
$holder->query_safe('COMMIT');
wait_for_query($second);
is(times_run('h8'), 1, 'the next run finishes the revision');
is(indexes(), 'account_balance true, account_both true, account_last true, account_note true, account_pkey true',
	'no index is unusable');
$_->quit for $gate, $holder, $second, $waiter;

$node->stop;
done_testing();
