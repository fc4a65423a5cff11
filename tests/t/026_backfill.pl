# Backfills that are disturbed: killed at random points and called again, and
# among an application that works on the same table.  Every row is done exactly
# once.
#
# MIGRATE_TEST_KILLS says how often servers and sessions are disturbed (default 8).
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{MIGRATE_TEST_KILLS} // 8;
my $seed = $ENV{MIGRATE_TEST_SEED} // time() % 100000;
srand($seed);
note "MIGRATE_TEST_SEED=$seed";

my $node = new_node('backfill');
$node->append_conf('postgresql.conf', <<'CONF');
restart_after_crash = on
max_prepared_transactions = 2
log_lock_waits = on
deadlock_timeout = 1s
migrate.batch_target = '10 ms'
CONF
$node->restart;

sub value
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

# Start psql with one statement; the handle, and what it says.
sub start_psql
{
	my ($sql, $name) = @_;
	my $client = { name => $name };

	$client->{process} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres') . " application_name=$name",
			map { ('-c', $_) } split(/; (?=CALL)/, $sql) ],
		'<', \undef, '>', \$client->{out}, '2>', \$client->{err});
	return $client;
}

# Is it at its end?  Then its result is known.
sub has_ended
{
	my ($client) = @_;

	return 0 if $client->{process}->pumpable && do { $client->{process}->pump_nb; $client->{process}->pumpable };
	$client->{ok} //= $client->{process}->finish;
	return 1;
}

sub wait_for_end
{
	my ($client) = @_;

	$client->{ok} //= $client->{process}->finish;
	return $client->{ok};
}

# Wait until the server answers again.
sub wait_for_server
{
	for (1 .. 600)
	{
		return if IPC::Run::run([ 'psql', '-XAtqc', 'SELECT 1', '-d', $node->connstr('postgres') ], '>', \my $out, '2>', \my $err);
		sleep(0.05);
	}
	die 'the server did not come back';
}

# ----------
# Disturbed
# ----------

# a batch has some hundred rows in the time that it is to take
my $slow = q{CREATE FUNCTION slow(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN length(md5(repeat($1, 2000))) = 32; END'};
my $options = "size => 60, pause => '80 ms', lock_retry_for => '30 s'";
my %cases = (
	bigint => [
		'CREATE TABLE by_bigint (id bigint PRIMARY KEY, n integer DEFAULT 0); INSERT INTO by_bigint SELECT i * 7 FROM generate_series(1, 20000) AS i',
		"CALL migrate_backfill('by_bigint', 'UPDATE by_bigint SET n = n + 1 WHERE slow(id::text)', $options)",
		'SELECT count(*), min(n), max(n) FROM by_bigint', '20000|1|1' ],
	uuid => [
		'CREATE TABLE by_uuid (id uuid PRIMARY KEY, n integer DEFAULT 0); INSERT INTO by_uuid SELECT gen_random_uuid() FROM generate_series(1, 20000)',
		"CALL migrate_backfill('u', 'UPDATE by_uuid AS u SET n = u.n + 1 WHERE slow(u.id::text)', $options)",
		'SELECT count(*), min(n), max(n) FROM by_uuid', '20000|1|1' ],
	composite => [
		q{CREATE TABLE by_two (a text, b integer, n integer DEFAULT 0, PRIMARY KEY (a, b));
		INSERT INTO by_two SELECT 'a''"' || i % 37, i FROM generate_series(1, 20000) AS i},
		"CALL migrate_backfill('by_two', 'UPDATE by_two SET n = n + 1 WHERE slow(a)', $options)",
		'SELECT count(*), min(n), max(n) FROM by_two', '20000|1|1' ],
	nullable => [
		q{CREATE TABLE by_nullable (k integer, n integer DEFAULT 0); INSERT INTO by_nullable
		SELECT CASE WHEN i % 10 > 0 THEN i / 3 END FROM generate_series(1, 20000) AS i; CREATE INDEX ON by_nullable (k)},
		"CALL migrate_backfill('by_nullable', 'UPDATE by_nullable SET n = n + 1 WHERE slow(n::text)', key => 'k', $options)",
		'SELECT count(*), min(n), max(n) FROM by_nullable', '20000|1|1' ],
	place => [
		'CREATE TABLE by_place (x integer, n integer DEFAULT 0); INSERT INTO by_place SELECT NULL FROM generate_series(1, 20000)',
		"CALL migrate_backfill('by_place', 'UPDATE by_place SET x = 5, n = n + 1 WHERE x IS NULL AND slow(n::text)', $options)",
		'SELECT count(*), min(n), max(n), count(x) FROM by_place', '20000|1|1|20000' ],
	delete => [
		q{CREATE TABLE deleted (i integer); CREATE TABLE emptied (i integer);
		INSERT INTO emptied SELECT generate_series(1, 20000);
		CREATE FUNCTION note_delete() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.deleted VALUES (OLD.i); RETURN OLD; END';
		CREATE TRIGGER note AFTER DELETE ON emptied FOR EACH ROW EXECUTE FUNCTION note_delete()},
		"CALL migrate_backfill('emptied', 'DELETE FROM emptied WHERE i % 4 > 0 AND slow(i::text)', $options)",
		'SELECT (SELECT count(*) FROM emptied), count(*), count(DISTINCT i) FROM deleted', '5000|15000|15000' ],
	insert => [
		q{CREATE TABLE copied (id integer, t text); CREATE TABLE original (id integer PRIMARY KEY, t text);
		INSERT INTO original SELECT i, 'row ' || i FROM generate_series(1, 20000) AS i},
		"CALL migrate_backfill('original', 'INSERT INTO copied SELECT id, upper(t) FROM original WHERE slow(t)', $options)",
		'SELECT count(*), count(DISTINCT id), min(t) FROM copied', '20000|20000|ROW 1' ]);

# Hold locks of rows, now here and now there, to have rows put aside.
my $locker = q{DO $$ BEGIN LOOP
		PERFORM FROM by_bigint WHERE id % 499 = floor(random() * 499)::integer FOR UPDATE;
		PERFORM FROM by_two WHERE b % 499 = floor(random() * 499)::integer FOR UPDATE;
		PERFORM FROM by_nullable WHERE k % 499 = floor(random() * 499)::integer FOR UPDATE;
		PERFORM FROM by_place TABLESAMPLE system (1) WHERE x IS NULL FOR UPDATE;
		PERFORM pg_sleep(0.3);
		COMMIT;
	END LOOP; END $$};

# The process of one of the calls.
sub some_process
{
	return value(q{SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'case\_%' AND query LIKE 'CALL%'
		ORDER BY random() LIMIT 1});
}

sub disturb
{
	my $dice = rand();

	if ($dice < 0.2)
	{
		$node->stop('immediate');
		$node->start;
		return 'immediate stop';
	}
	my $pid = some_process() or return 'nothing';
	if ($dice < 0.5)
	{
		kill('KILL', $pid);
		return 'kill -9';
	}
	for (1 .. 3)
	{
		$pid = some_process() or last;
		value('SELECT ' . ($dice < 0.75 ? 'pg_terminate_backend' : 'pg_cancel_backend') . "($pid)");
	}
	return $dice < 0.75 ? 'pg_terminate_backend' : 'pg_cancel_backend';
}

sub test_disturbed
{
	my %done;
	my $put_aside = 0;
	my %disturbed;

	value($slow);
	value($_->[0]) for values %cases;
	for my $round (1 .. $kills + 3)
	{
		my @clients = map { start_psql($cases{$_}[1], "case_$_") } grep { !$done{$_} } sort keys %cases;
		my $locks = $round <= $kills ? start_psql($locker, 'locker') : undef;

		last unless @clients;
		if ($round <= $kills)
		{
			sleep(0.3 + rand(0.7));
			$put_aside += value('SELECT count(*) FROM migrate_backfill_skipped');
			note "round $round: " . disturb();
		}
		if ($round < $kills)
		{
			sleep(0.2);
			wait_for_server();
			value(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'case\_%'});
		}
		if ($locks)
		{
			wait_for_server();
			value(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'locker'});
			wait_for_end($locks);
		}
		for my $client (@clients)
		{
			my $name = $client->{name} =~ s/case_//r;

			$done{$name} = wait_for_end($client);
			$disturbed{$name}++ unless $done{$name};
			like($client->{err}, qr/^$|ERROR:  57014|FATAL:  57P01|connection/, "$name fails of nothing else");
		}
		wait_for_server();
	}
	for my $name (sort keys %cases)
	{
		ok($done{$name}, "$name ends, after being disturbed " . ($disturbed{$name} // 0) . ' times');
		is(value($cases{$name}[2]), $cases{$name}[3], "$name: every row exactly once");
	}
	note "$put_aside rows were seen put aside";
	is(value('SELECT (SELECT count(*) FROM migrate_backfill), (SELECT count(*) FROM migrate_backfill_skipped)'), '0|0',
		'nothing is left of them');
	is(value(q{SELECT count(*) FROM pg_locks WHERE locktype IN ('advisory', 'object')}), 0, 'no lock of them is left');
	return;
}

test_disturbed();

# ----------
# Among an application
# ----------

my %transactions = (
	'update@8' => "UPDATE busy SET other = other + 1 WHERE id = :id;",
	'insert@2' => "INSERT INTO busy (id, n) VALUES (2 * :id - 20001, 0) ON CONFLICT DO NOTHING;",
	'delete@1' => "DELETE FROM busy WHERE id = :id;",
	'hold@1' => "BEGIN;\nSELECT FROM busy WHERE id BETWEEN :id AND :id + 20 FOR UPDATE;\n\\sleep 300 ms\nCOMMIT;");

# Even ids are there at the beginning; odd ones come, also before and after all others.
sub create_busy
{
	value(q{
		DROP TABLE IF EXISTS busy, at_first, written;
		CREATE TABLE busy (id bigint PRIMARY KEY, n integer DEFAULT 0, other integer DEFAULT 0);
		INSERT INTO busy SELECT 2 * i FROM generate_series(1, 10000) AS i;
		CREATE TABLE at_first AS SELECT id FROM busy;
		CREATE TABLE written (id bigint, what text, by integer);
		CREATE OR REPLACE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.written VALUES (COALESCE(NEW.id, OLD.id), TG_OP, pg_backend_pid());
			RETURN NULL;
		END $$;
		CREATE TRIGGER note AFTER INSERT OR DELETE OR UPDATE OF other ON busy FOR EACH ROW EXECUTE FUNCTION note_write()});
	return;
}

sub start_application
{
	my ($seconds) = @_;
	my @files;
	my %client;

	for my $name (sort keys %transactions)
	{
		my ($file, $weight) = split /@/, $name;
		my $path = $node->basedir . "/$file.sql";

		put_file($path, "\\set id 2 * random(1, 10000)\n$transactions{$name}\n");
		push @files, '-f', "$path\@$weight";
	}
	$client{process} = IPC::Run::start(
		[ 'pgbench', '-n', '-c', '4', '-R', '200', '-T', $seconds, '--random-seed', $seed, @files, $node->connstr('postgres') . ' application_name=busy' ],
		'<', \undef, '>', \$client{out}, '2>', \$client{err});
	return \%client;
}

sub check_busy
{
	my ($name) = @_;

	is(value(q{SELECT count(*) FROM busy JOIN at_first USING (id)
		WHERE n <> 1 AND NOT EXISTS (SELECT FROM written w WHERE w.id = busy.id AND what = 'DELETE')}), 0,
		"$name: every row that stayed was done exactly once");
	is(value('SELECT count(*) FROM busy WHERE n NOT IN (0, 1)'), 0, 'and no other one twice');
	is(value(q{SELECT count(*) FROM busy WHERE other <> (SELECT count(*) FROM written w WHERE w.id = busy.id AND what = 'UPDATE')}), 0,
		'no write of the application was lost');
	is(value(q{SELECT count(*) FROM at_first a WHERE NOT EXISTS (SELECT FROM busy WHERE id = a.id)
		AND NOT EXISTS (SELECT FROM written w WHERE w.id = a.id AND what = 'DELETE')}), 0, 'nor a row');
	return;
}

sub test_application
{
	my $log_offset = -s $node->logfile;

	create_busy();
	my $application = start_application(8);
	sleep(0.5);
	my $start = time();
	my $backfill = start_psql("CALL migrate_backfill('busy', 'UPDATE busy SET n = n + 1', size => 50, pause => '100 ms', lock_timeout => '500 ms')", 'filler');
	my $aside = 0;
	until (has_ended($backfill))
	{
		$aside += value('SELECT count(*) FROM migrate_backfill_skipped');
		sleep(0.05);
	}
	ok(wait_for_end($backfill), 'a backfill ends while others write') || diag($backfill->{err});
	note sprintf('%.1f s, %d times a row was seen put aside', time() - $start, $aside);
	ok(wait_for_end($application), 'the writers do, too') || diag($application->{err});
	note $1 if $application->{out} =~ /(number of transactions actually processed: .*)/;
	cmp_ok(value('SELECT count(*) FROM written'), '>', 300, 'who wrote a lot');
	check_busy('among writers');
	my @waits = grep { /still waiting for/ && !/ filler / } split /\n/, slurp_file($node->logfile, $log_offset);
	is(join("\n", @waits), '', 'no writer waited for a second');
	return;
}

test_application();

# ----------
# A row that stays locked
# ----------

sub test_locked
{
	my $call = "CALL migrate_backfill('busy', 'UPDATE busy SET n = n + 1', size => 1000, lock_timeout => '300 ms', lock_retry_for => '2 s')";

	create_busy();
	value(q{ALTER TABLE busy DISABLE TRIGGER note; BEGIN; UPDATE busy SET other = 5 WHERE id IN (400, 12000); PREPARE TRANSACTION 'locks'});
	my $start = time();
	state_is($node, 'postgres', $call, '55P03', qr/lock timeout/, 'rows that stay locked are given up');
	my $seconds = time() - $start;
	cmp_ok($seconds, '>', 1.9, 'after lock_retry_for');
	cmp_ok($seconds, '<', 15, 'and not much later');
	is(value('SELECT n, count(*) FROM busy GROUP BY n ORDER BY n'), "0|2\n1|9998", 'all the others are done');
	is(value('SELECT phase, rows_changed, (SELECT string_agg(key::text, NULL ORDER BY id) FROM migrate_backfill_skipped) FROM migrate_backfill'),
		'skipped|9998|{400}{12000}', 'and it is known which are not');
	value("COMMIT PREPARED 'locks'");
	value($call);
	is(value('SELECT n, count(*), sum(other) FROM busy GROUP BY n'), '1|10000|10', 'the next call does just what is left');
	is(value('SELECT count(*) FROM migrate_backfill_skipped'), 0, 'and keeps nothing of it');
	is(value(q{SELECT direction, rows FROM migrate_log WHERE sqlstate IS NULL ORDER BY id DESC LIMIT 1}), 'backfill|10000', 'the ledger has the rows of all calls');
	return;
}

test_locked();

# While one row is waited for in the end, the ones that were put aside with it
# are not kept locked.
sub test_waiting
{
	create_busy();
	value(q{ALTER TABLE busy DISABLE TRIGGER note; BEGIN; UPDATE busy SET other = 5 WHERE id IN (400, 402); PREPARE TRANSACTION 'locks'});
	my $session = $node->background_psql('postgres');
	$session->query_safe('BEGIN; SELECT FROM busy WHERE id BETWEEN 100 AND 200 OR id > 19000 FOR UPDATE');
	my $client = start_psql("SET client_min_messages = notice; CALL migrate_backfill('busy', 'UPDATE busy SET n = n + 1', size => 1)", 'filler');
	ok($node->poll_query_until('postgres', q{SELECT phase = 'skipped' FROM migrate_backfill}), 'rows are put aside');
	$session->query_safe('COMMIT');
	my $slowest = 0;
	for (1 .. 30)
	{
		my $start = time();

		value("UPDATE busy SET other = other + 1 WHERE id IN (100, 150, 200, 19500)");
		$slowest = time() - $start if time() - $start > $slowest;
		sleep(0.1);
	}
	cmp_ok($slowest, '<', 1, 'nobody waits for us while we wait');
	value("COMMIT PREPARED 'locks'");
	ok(wait_for_end($client), 'what was put aside is done') || diag($client->{err});
	is(value('SELECT n, count(*), sum(other) FROM busy GROUP BY n'), '1|10000|130', 'once');
	my ($batches) = $client->{err} =~ /10000 rows in (\d+) batches/;
	cmp_ok($batches // 10000, '<', 1000, 'and batches of a row become larger');
	$session->quit;
	return;
}

test_waiting();

# ----------
# Paused and cancelled
# ----------

# The run of the backfill that is active.
sub run_of
{
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM migrate_progress WHERE rows > 0 AND phase IN ('running', 'pausing')")
	  or die 'the backfill does not begin';
	return value('SELECT run FROM migrate_progress');
}

sub test_paused
{
	my $call = "CALL migrate_backfill('busy', 'UPDATE busy SET n = n + 1', size => 50, pause => '50 ms')";

	create_busy();
	my $client = start_psql($call, 'filler');
	my $run = run_of();

	is(value("SELECT migrate_pause($run)"), 't', 'a backfill is paused');
	ok($node->poll_query_until('postgres', "SELECT phase = 'paused' FROM migrate_progress"), 'and says so');
	my $before = value('SELECT sum(n) FROM busy');
	sleep(1.5);
	is(value('SELECT sum(n) FROM busy'), $before, 'it goes no further');
	cmp_ok($before, '<', 10000, 'and was not at its end');
	is(value(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'filler' AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)}), 0,
		'nor holds a snapshot or a transaction');
	is(value("SELECT migrate_resume($run)"), 't', 'it is resumed');
	ok($node->poll_query_until('postgres', "SELECT sum(n) > $before FROM busy"), 'and goes on');
	is(value("SELECT migrate_cancel($run)"), 't', 'it is cancelled');
	wait_for_end($client);
	like($client->{err}, qr/ERROR:  57014/, 'and ends');
	value($call);
	is(value('SELECT n, count(*) FROM busy GROUP BY n'), '1|10000', 'the next call does what is left');
	return;
}

test_paused();

$node->stop;
done_testing();
