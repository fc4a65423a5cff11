# What backfills wait for: standbys that lag, slots that retain WAL, people who
# ask for a pause, and sessions that they get in the way of.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = new_node('primary', allows_streaming => 1);
$node->safe_psql('postgres', q{
	CREATE ROLE deployer LOGIN;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO deployer;
	GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO deployer;
	CREATE TABLE item (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0, filler text NOT NULL DEFAULT repeat('x', 1000));
	ALTER TABLE item OWNER TO deployer;
	INSERT INTO item (id) SELECT g FROM generate_series(1, 2000) g});
$node->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
# more than one character has to be quoted
$standby->append_conf('postgresql.conf', q{primary_conninfo = '} . $node->connstr . q{ application_name=''the standby'''});
$standby->start;
$node->wait_for_catchup('the standby');

# A statement that takes a millisecond for each row, in a revision and without.
my $statement = 'UPDATE item SET n = n + 1 + length(pg_sleep(0.001)::text)';
my @calls = ('CALL migrate_run()', "CALL migrate_backfill('item', '$statement', size => 50, pause => '20 ms')");

register($node, 'postgres', 'r1', up => "-- migrate:batch size=50 pause=20ms\n$statement;");
$node->safe_psql('postgres', q{UPDATE migrate_script SET registered_by = 'deployer'});

# A session that begins a run, with some settings.
sub begin_run
{
	my ($settings, $call, $user) = @_;
	my $psql = $node->background_psql('postgres', on_error_stop => 1,
		extra_params => [ '-U', $user // 'deployer' ]);

	$psql->query_safe("SET migrate.batch_target = '20ms'; $settings");
	start_query($psql, $call);
	return $psql;
}

sub end_run
{
	my ($psql) = @_;

	wait_for_query($psql);
	$psql->quit;
	return;
}

sub await { return $node->poll_query_until('postgres', $_[0]) || die "not seen: $_[0]"; }
sub changed { return $node->safe_psql('postgres', 'SELECT count(*) FROM item WHERE n > 0'); }

# It does not go on, and has no transaction meanwhile.
sub stands_still
{
	my ($name) = @_;
	my $before;

	# the batch that may just run is over when the phase is seen
	$before = changed();
	cmp_ok($before, '<', 2000, "$name: in the middle");
	sleep(2);
	is(changed(), $before, "$name: nothing is done");
	is( $node->safe_psql('postgres', q{
			SELECT bool_and(xact_start IS NULL OR clock_timestamp() - xact_start < '1 s') FROM pg_stat_activity
			WHERE pid IN (SELECT COALESCE(worker_pid, pid) FROM migrate_progress)}),
		't', "$name: no transaction is open");
	return;
}

# All rows have been changed once; begin anew.
sub is_complete
{
	my ($name) = @_;

	is($node->safe_psql('postgres', q{SELECT n, count(*) FROM item GROUP BY n}), '1|2000', "$name: then all is done, once");
	$node->safe_psql('postgres', q{
		SET client_min_messages = warning;
		SELECT FROM migrate_stamp('base', purge => true);
		UPDATE item SET n = 0 WHERE n > 0});
	return;
}

note 'a standby that lags';
for my $call (@calls)
{
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	my $psql = begin_run(q{SET migrate.batch_max_lag = '300 ms'}, $call);

	await(q{SELECT count(*) = 1 FROM migrate_progress WHERE phase = 'held back' AND held_by ~ '^standby "the standby" is \d+ m?s behind$'});
	stands_still("$call: a standby lags");
	is($node->safe_psql('postgres', 'SELECT percent BETWEEN 0 AND 99 AND rows > 0 FROM migrate_progress'), 't', "$call: progress is told");
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	end_run($psql);
	is_complete("$call: the standby goes on");
}

note 'a slot that retains WAL';
for my $call (@calls)
{
	$node->safe_psql('postgres', q{SELECT pg_create_physical_replication_slot('abandoned', true)});
	my $psql = begin_run(q{SET migrate.batch_max_retained_wal = '1 MB'}, $call);

	await(q{SELECT count(*) = 1 FROM migrate_progress WHERE phase = 'held back' AND held_by ~ '^replication slot "abandoned" retains .* of WAL$'});
	stands_still("$call: a slot retains WAL");
	$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('abandoned')});
	end_run($psql);
	is_complete("$call: the slot is gone");
}

note 'nothing to wait for';
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$node->safe_psql('postgres', q{SELECT pg_create_physical_replication_slot('abandoned', true)});
end_run(begin_run(q{SET migrate.batch_max_lag = -1; SET migrate.batch_max_retained_wal = -1}, 'CALL migrate_run()'));
is_complete('neither counts');
end_run(begin_run(q{SET migrate.batch_max_lag = '1 d'; SET migrate.batch_max_retained_wal = '1 TB'}, 'CALL migrate_run()'));
is_complete('there is room');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$node->safe_psql('postgres', q{SELECT pg_drop_replication_slot('abandoned')});

note 'on request';
{
	my $psql = begin_run('', 'CALL migrate_run()');
	my $run;

	await('SELECT count(*) = 1 FROM migrate_progress WHERE rows > 0');
	$run = $node->safe_psql('postgres', 'SELECT run FROM migrate_progress');
	$node->safe_psql('postgres', "SELECT migrate_pause($run)");
	await(q{SELECT count(*) = 1 FROM migrate_progress WHERE phase = 'paused'});
	stands_still('paused');
	$node->safe_psql('postgres', "SELECT migrate_resume($run)");
	end_run($psql);
	is_complete('resumed');
}

note 'somebody waits for the batch';
{
	# a table whose rows lie in the order in which they are changed
	$node->safe_psql('postgres', q{
		CREATE TABLE other (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0);
		ALTER TABLE other OWNER TO deployer;
		INSERT INTO other SELECT g FROM generate_series(1, 100) g});
	my $waiting = $node->background_psql('postgres');
	my $psql = begin_run(q{SET migrate.batch_target = '1 h'},
		q{CALL migrate_backfill('other', 'UPDATE other SET n = n + 1 + length(pg_sleep(0.1)::text)', size => 20)});

	# the first row is changed when it is the turn of the third one
	await(q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'});
	sleep(0.3);
	send_query($node, $waiting, 'UPDATE other SET n = n WHERE id = 1');
	await('SELECT batches >= 1 FROM migrate_backfill');
	is($node->safe_psql('postgres', 'SELECT batches, size FROM migrate_backfill'), '1|20', 'the first batch');
	await('SELECT batches >= 2 FROM migrate_backfill');
	is($node->safe_psql('postgres', 'SELECT batches, size FROM migrate_backfill'), '2|10', 'the second one was smaller');
	await('SELECT batches >= 3 FROM migrate_backfill');
	is($node->safe_psql('postgres', 'SELECT batches, size FROM migrate_backfill'), '3|15', 'nobody waited for that');
	end_run($psql);
	wait_for_query($waiting);
	$waiting->quit;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM other WHERE n = 1'), 100, 'all is done, once');
}

$standby->stop;
$node->stop;
done_testing();
