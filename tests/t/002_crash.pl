# A run that ends in the middle leaves nothing behind, however it ends.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = new_node('crash');
my $location = PostgreSQL::Test::Utils::tempdir();
mkdir "$location/versions" or die;
put_file("$location/versions/a1.sql",
	script('a1', up => 'CREATE TABLE account AS SELECT 1 AS id', down => 'DROP TABLE account'));
put_file("$location/versions/b2.sql",
	script('b2', revises => 'a1', up => "CREATE TABLE entry (id integer);\nSELECT pause();", down => 'DROP TABLE entry'));
$node->append_conf('postgresql.conf',
	"restart_after_crash = on\nmax_prepared_transactions = 1\nmigrate.script_location = '$location'\n");
$node->restart;

# The second revision waits here for its end, except where the setting is off.
$node->safe_psql('postgres', q{
	CREATE FUNCTION pause() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF current_setting('test.pause', true) = 'on' THEN PERFORM pg_sleep(600); END IF;
	END $$});

# Start an upgrade and wait until it is in the middle of the second revision;
# returns the client and the process id of its server process.
sub interrupted_upgrade
{
	my $client = IPC::Run::start(
		[
			'psql', '-XAtq', '-d', $node->connstr('postgres'),
			'-c', 'SET test.pause = on', '-c', q{SELECT migrate_upgrade('head')}
		],
		'>', '/dev/null', '2>', '/dev/null');

	$node->poll_query_until('postgres',
		q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%upgrade%'})
	  or die 'the upgrade did not start';
	return ($client,
		$node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'}));
}

# Nothing of an upgrade is there.
sub left_nothing
{
	my ($how) = @_;

	is($node->safe_psql('postgres', q{SELECT to_regclass('account'), to_regclass('entry')}), '|',
		"$how: no table is left");
	is(rows_of($node, 'postgres'), '0 0 0', "$how: no version, script or ledger row is left");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_class'::regclass}), 0,
		"$how: no lock is left");
}

sub wait_for_server
{
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
}

note 'cancelled, terminated';
for my $how (qw(pg_cancel_backend pg_terminate_backend))
{
	my ($client, $pid) = interrupted_upgrade();

	$node->safe_psql('postgres', "SELECT $how($pid)");
	ok(!$client->finish, "$how: the caller gets an error");
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
	left_nothing($how);
}

note 'the server process is killed';
{
	my ($client, $pid) = interrupted_upgrade();

	kill('KILL', $pid) == 1 or die "could not kill $pid";
	ok(!$client->finish, 'kill -9: the caller gets an error');
	wait_for_server();
	left_nothing('kill -9');
}

note 'the whole server is killed';
{
	my ($client, $pid) = interrupted_upgrade();

	$node->kill9;
	ok(!$client->finish, 'postmaster killed: the caller gets an error');
	# its children notice a little later, and until then it cannot be started
	for (1 .. 1000)
	{
		last unless kill(0, $pid);
		usleep(10_000);
	}
	for (1 .. 100)
	{
		last if $node->start(fail_ok => 1);
		usleep(100_000);
	}
	left_nothing('postmaster killed');
}

note 'the next call does all of it';
is($node->safe_psql('postgres', q{SELECT string_agg(revision, ' ' ORDER BY step) FROM migrate_upgrade('head')}),
	'a1 b2', 'the next call works');
is(rows_of($node, 'postgres'), '1 2 2', 'once');

note 'what is committed survives';
$node->stop('immediate');
$node->start;
is(rows_of($node, 'postgres'), '1 2 2', 'after a crash');

note 'a prepared transaction keeps its run, and the others out';
$node->safe_psql('postgres', q{BEGIN; SELECT migrate_downgrade('base'); PREPARE TRANSACTION 'down'});
$node->stop('immediate');
$node->start;
state_is($node, 'postgres', q{SET lock_timeout = '50ms'; SELECT migrate_downgrade('base')}, '55P03', qr/lock timeout/,
	'another run waits for it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM migrate_upgrade('head')}), 0, 'a caller at head does not');
$node->safe_psql('postgres', q{COMMIT PREPARED 'down'});
is(rows_of($node, 'postgres'), '0 2 4', 'it ends as it was prepared');

$node->stop;
done_testing();
