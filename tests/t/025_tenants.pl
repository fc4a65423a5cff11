# CALL migrate_run() of many schemas: whoever of the leader, its workers and
# the server is stopped, and whatever happens to some of the schemas meanwhile,
# in the end each revision has run once in each schema.
#
# MIGRATE_TEST_KILLS says how often it is killed at random points (default 8).
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

my $node = new_node('tenants');
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_worker_processes = 16\n");
$node->restart;

# What is of the test, not of a schema that is run.
$node->safe_psql('postgres', q{
	CREATE SCHEMA test;
	CREATE TABLE test.fault (schema_name text);
	CREATE FUNCTION test.traces() RETURNS TABLE (schema_name text, step text) LANGUAGE plpgsql AS $$
	BEGIN
		FOR schema_name IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\_%' LOOP
			IF to_regclass(format('%I.trace', schema_name)) IS NOT NULL THEN
				FOR step IN EXECUTE format('SELECT step FROM %I.trace', schema_name) LOOP
					RETURN NEXT;
				END LOOP;
			END IF;
		END LOOP;
	END $$;
	CREATE FUNCTION test.fail() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF EXISTS (SELECT FROM test.fault WHERE schema_name = current_schema) THEN
			RAISE EXCEPTION USING errcode = '22012', message = 'a fault in ' || current_schema;
		END IF;
	END $$});

my @sections = (
	"CREATE TABLE trace (step text);\nCREATE TABLE item (id integer);\n" . join('', map { "ALTER TABLE item ADD c$_ integer DEFAULT $_;\n" } 1 .. 5),
	"SELECT test.fail();\nINSERT INTO trace VALUES ('r2');",
	"CREATE INDEX CONCURRENTLY item_id ON item (id);\nINSERT INTO trace VALUES ('r3');");

# Begin anew, with so many schemas and these revisions.
sub history
{
	my ($count, @revisions) = @_;
	my $number = 0;

	# each schema in a transaction of its own, for the number of locks
	$node->safe_psql('postgres', qq{
		SET client_min_messages = error;
		TRUNCATE migrate_version, migrate_script, migrate_log, migrate_log_detail, migrate_unfinished, test.fault;
		SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE nspname LIKE 'tenant\\_%' \\gexec
		SELECT format('CREATE SCHEMA tenant_%s', to_char(i, 'FM000')) FROM generate_series(1, $count) AS i \\gexec
		});
	for my $up (@revisions)
	{
		$number++;
		register($node, 'postgres', "r$number", revises => $number > 1 ? 'r' . ($number - 1) : '', up => $up, irreversible => 1);
	}
	return;
}

# The call, with more arguments.
sub call
{
	my ($more) = @_;

	return q{CALL migrate_run('head', schemas => 'tenant\_%'} . ($more ? ", $more" : '') . ')';
}

# Start a call in a psql of its own.
sub start_call
{
	my ($more, $errors, $database) = @_;

	return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr($database // 'postgres') . ' application_name=leader', '-c', call($more) ],
		'>', '/dev/null', '2>', $errors // '/dev/null');
}

# Whether it has succeeded.
sub outcome { return $_[0]->finish ? 'done' : 'failed'; }

# What is not as it should be at the end: schemas that are not at the head,
# traces and rows of the ledger that are missing or too many; what was left
# half done; what came into public.
sub wrong
{
	my ($server) = @_;

	return $server->safe_psql('postgres', q{
		SELECT 'not at head: ' || schema_name FROM migrate_status('tenant\_%') WHERE NOT is_at_head
		UNION ALL SELECT 'traces: ' || n.nspname || ' ' || count(step) FROM pg_namespace n LEFT JOIN test.traces() t ON t.schema_name = n.nspname
			WHERE nspname LIKE 'tenant\_%' GROUP BY n.nspname HAVING count(step) <> 2 OR count(DISTINCT step) <> 2
		UNION ALL SELECT 'ledger: ' || nspname || ' ' || revision || ' ' || count(l.id)
			FROM (pg_namespace CROSS JOIN migrate_script) LEFT JOIN migrate_log l USING (revision)
			WHERE nspname LIKE 'tenant\_%' AND l.schema_name = nspname AND sqlstate IS NULL GROUP BY nspname, revision HAVING count(l.id) <> 1
		UNION ALL SELECT 'ledger: ' || revision FROM migrate_log WHERE schema_name NOT LIKE 'tenant\_%'
		UNION ALL SELECT 'columns: ' || n.nspname FROM pg_namespace n
			LEFT JOIN pg_attribute a ON a.attrelid = to_regclass(n.nspname || '.item') AND attnum > 0
			WHERE nspname LIKE 'tenant\_%' GROUP BY nspname HAVING count(attnum) <> 6
		UNION ALL SELECT 'unfinished: ' || schema_name FROM migrate_unfinished
		UNION ALL SELECT 'invalid: ' || indexrelid::regclass FROM pg_index WHERE NOT indisvalid
		UNION ALL SELECT 'public: ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^migrate'}) . left($server);
}

# Workers that have not ended, and locks that nobody has released.
sub left
{
	my ($server) = @_;

	return $server->safe_psql('postgres', q{
		SELECT 'process: ' || backend_type FROM pg_stat_activity WHERE backend_type ~ 'migrate' OR application_name = 'leader'
		UNION ALL SELECT 'lock: ' || objid || ' ' || mode FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_class'::regclass});
}

# The call succeeds, and all is as it should be.
sub succeeds
{
	my ($name, $more) = @_;
	my ($status, $stdout, $stderr) = $node->psql('postgres', call($more));

	is("$status$stdout$stderr", '0', "$name: the call succeeds");
	is(wrong($node), '', "$name: each revision has run once in each schema");
	return;
}

# Wait until a query says true.
sub await
{
	my ($sql) = @_;

	$node->poll_query_until('postgres', $sql) or die "never true: $sql";
	return;
}

# Schemas that are at the head, and all that a revision was begun in.
sub done { return $node->safe_psql('postgres', q{SELECT count(*) FROM migrate_status('tenant\_%') WHERE is_at_head}); }
sub begun { return $node->safe_psql('postgres', q{SELECT string_agg(DISTINCT ltrim(schema_name, 'tenant_0'), ' ') FROM migrate_log WHERE direction = 'upgrade'}); }

# A session that keeps those who come to a gate waiting.
sub gate { return "SELECT FROM pg_advisory_xact_lock_shared(21);\n"; }

sub close_gate
{
	my $session = $node->background_psql('postgres');

	$session->query_safe('SELECT pg_advisory_lock(21)');
	return $session;
}

sub await_at_gate
{
	my ($count) = @_;

	return await("SELECT count(*) = $count FROM pg_locks WHERE locktype = 'advisory' AND objid = 21 AND NOT granted");
}

sub await_end { return await(q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type ~ 'migrate' OR application_name = 'leader'}); }

# The same, so slow that it can be stopped in the middle, or with a gate in it.
my @slow = ($sections[0], "SELECT pg_sleep(0.05);\n$sections[1]", $sections[2]);
my @gated = ($sections[0], gate() . $sections[1], $sections[2]);

note 'all goes well';
history(30, @slow);
my $begin = time;
succeeds('30 schemas', 'jobs => 2');
my $seconds = time - $begin;
is($node->safe_psql('postgres', q{SELECT count(DISTINCT run), count(DISTINCT backend_pid) FROM migrate_log}), '1|2', 'one run, by two workers');
succeeds('nothing to do', 'jobs => 2');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT run), count(*) FROM migrate_log}), '1|90', 'and nothing was done');

note 'processes are stopped';

sub wait_for_server
{
	for (1 .. 600)
	{
		return if IPC::Run::run([ 'psql', '-XAtqc', 'SELECT 1', '-d', $node->connstr('postgres') ], '>', \my $out, '2>', \my $err);
		sleep(0.05);
	}
	die 'the server did not come back';
}

my %pid_of = (
	worker => q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'migrate schema worker' ORDER BY random() LIMIT 1},
	leader => q{SELECT pid FROM pg_stat_activity WHERE application_name = 'leader' AND backend_type = 'client backend'});
my @stops = (
	[ 'kill -9 of a worker', sub { my $pid = $node->safe_psql('postgres', $pid_of{worker}); kill('KILL', $pid) if $pid } ],
	[ 'kill -9 of the leader', sub { my $pid = $node->safe_psql('postgres', $pid_of{leader}); kill('KILL', $pid) if $pid } ],
	[ 'pg_terminate_backend() of a worker', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM ($pid_of{worker}) s") } ],
	[ 'pg_terminate_backend() of the leader', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM ($pid_of{leader}) s") } ],
	[ 'pg_cancel_backend() of a worker', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM ($pid_of{worker}) s") } ],
	[ 'pg_cancel_backend() of the leader', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM ($pid_of{leader}) s") } ],
	[ 'an immediate stop of the server', sub { $node->stop('immediate'); $node->start } ]);

my $cut_short = 0;

for my $number (0 .. $kills - 1)
{
	my ($name, $stop) = @{ $stops[ $number % @stops ] };
	my $done;

	history(30, @slow);
	my $psql = start_call('jobs => 2', \my $errors);
	sleep(0.05 + rand($seconds - 0.1));
	$stop->();
	$psql->finish;
	wait_for_server();
	await_end();
	is(left($node), '', "$name: no process and no lock is left");
	$done = done();
	note "$done schemas were done: " . ($errors =~ s/\n.*//sr);
	$cut_short++ if $done < 30;
	succeeds($name, 'jobs => 2');
}
cmp_ok($cut_short, '>=', $kills / 2, 'most of them came in the middle');

note 'a schema was changed by hand';
history(12, @sections);
$node->safe_psql('postgres', 'CREATE TABLE tenant_005.trace (step text, more text)');
state_is($node, 'postgres', call('max_failures => 0'), '42P07',
	qr/1 of 12 schemas failed.*The first one was "tenant_005": relation "trace" already exists.*7 others were not begun/s, 'no failure is allowed');
is(done() . ': ' . begun(), '4: 1 2 3 4 5', 'no failure is allowed: the others were not begun');
state_is($node, 'postgres', call('jobs => 2, max_failures => NULL'), '42P07', qr/1 of 8 schemas failed/, 'any number of failures');
is(done(), 11, 'any number of failures: the others are made');
$node->safe_psql('postgres', 'DROP TABLE tenant_005.trace');
succeeds('repaired', 'jobs => 2');
history(12, @sections);
$node->safe_psql('postgres', "INSERT INTO test.fault VALUES ('tenant_002'), ('tenant_004'), ('tenant_006')");
state_is($node, 'postgres', call('max_failures => 1'), '22012', qr/2 of 12 schemas failed.*"tenant_002": a fault in tenant_002.*8 others/s, 'two are too many');
is(done() . ': ' . begun(), '2: 1 2 3 4', 'two are too many: then it stops');
$node->safe_psql('postgres', 'TRUNCATE test.fault');
succeeds('no fault any more', 'jobs => 2');

note 'canaries';
history(12, @sections);
$node->safe_psql('postgres', "INSERT INTO test.fault VALUES ('tenant_002')");
state_is($node, 'postgres', call('jobs => 4, canary => 3, max_failures => NULL'), '22012',
	qr/1 of 12 schemas failed.*9 others were not begun, since it was a canary/s, 'a canary fails');
is(begun(), '1 2 3', 'a canary fails: nobody else was begun');
$node->safe_psql('postgres', 'TRUNCATE test.fault');
succeeds('the canaries succeed', 'jobs => 4, canary => 3');

note 'a schema is dropped';
# before its turn, and in it, between two transactions
for my $number (3, 1)
{
	history(6, @gated);
	my $gate = close_gate();
	my $psql = start_call('', \my $errors);
	my $dropper = $node->background_psql('postgres');

	await_at_gate(1);
	send_query($node, $dropper, "DROP SCHEMA tenant_00$number CASCADE");
	$gate->quit;
	is(outcome($psql) . $errors, qq{doneWARNING:  schema "tenant_00$number" was dropped before its turn was over\n},
		"schema $number is dropped: a warning");
	wait_for_query($dropper);
	$dropper->quit;
	$node->safe_psql('postgres', "SELECT * FROM migrate_stamp('base', purge => true, schema => 'tenant_00$number')") if $number == 1;
	is(done(), 5, "schema $number is dropped: the others are made");
	is(wrong($node), '', "schema $number is dropped: as they should be");
}

note 'two leaders';
history(20, @slow);
{
	my @leaders = map { start_call('jobs => 2') } 1 .. 2;

	is(join(' ', map { outcome($_) } @leaders), 'done done', 'two leaders: both succeed');
	is(wrong($node), '', 'two leaders: each revision has run once in each schema');
}

note 'a schema is locked';
history(12, @sections, 'ALTER TABLE item ALTER c1 DROP DEFAULT');
$node->safe_psql('postgres', q{CALL migrate_run('r3', schemas => 'tenant\_%', jobs => 2)});
{
	my $holder = $node->background_psql('postgres');

	$holder->query_safe('BEGIN; SELECT FROM tenant_004.item');
	my $psql = start_call(q{jobs => 2, lock_timeout => '100 ms'});
	await(q{SELECT count(*) = 11 FROM migrate_status('tenant\_%') WHERE is_at_head});
	pass('a schema is locked: the others are made');
	await(q{SELECT bool_or(phase ~ '^(waiting|pausing)') FROM migrate_progress WHERE schema_name = 'tenant_004'});
	$holder->query_safe('COMMIT');
	is(outcome($psql), 'done', 'a schema is locked: it is tried again');
	is(wrong($node), '', 'a schema is locked: in the end it is made, too');
	$holder->quit;
}

note 'scripts change while it runs';
{
	history(6, @gated);
	my $gate = close_gate();
	my $psql = start_call('jobs => 2', \my $errors);
	my $author = $node->background_psql('postgres', on_error_stop => 0);

	await_at_gate(2);
	# r3 is applied by the time that the runs of two schemas have ended
	my $other = quoted(script('r3', revises => 'r2', up => "INSERT INTO trace VALUES ('other');", irreversible => 1));
	send_query($node, $author, "SELECT migrate_register($other)");
	register($node, 'postgres', 'r4', revises => 'r3', up => 'SELECT;', irreversible => 1);
	$gate->quit;
	is(outcome($psql) . $errors, 'done', 'scripts change: the run succeeds');
	wait_for_query($author);
	$author->quit;
	succeeds('scripts change', 'jobs => 2');
}

note 'roles';
history(6, @sections);
$node->safe_psql('postgres', q{
	CREATE ROLE deployer LOGIN;
	GRANT USAGE ON SCHEMA test TO deployer;
	GRANT SELECT ON test.fault TO deployer;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO deployer;
	GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO deployer;
	SELECT format('ALTER SCHEMA tenant_%s OWNER TO deployer', to_char(i, 'FM000')) FROM generate_series(1, 5) AS i \gexec
	});
for my $way ([ 'SELECT', 'deployer' ], [ 'SET ROLE deployer', 'postgres' ])
{
	my ($before, $user) = @$way;
	my ($status, $stdout, $stderr) = $node->psql('postgres', "$before; " . call('jobs => 2, max_failures => NULL'), connstr => $node->connstr('postgres') . " user=$user");

	like($stderr, qr/permission denied for schema tenant_006.*1 of \d schemas failed/s, "a schema of somebody else: $user may not");
	is(done(), 5, 'a schema of somebody else: the others are made');
	is($node->safe_psql('postgres', q{SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname LIKE 'tenant\_%'}), 'deployer', 'by the caller');
}
succeeds('the owner of all');

note 'many schemas';
$node->safe_psql('postgres', 'CREATE DATABASE many');
$node->safe_psql('many', q{CREATE EXTENSION migrate; SELECT format('CREATE SCHEMA tenant_%s', i) FROM generate_series(1, 300) AS i \gexec});
register($node, 'many', 'r1', irreversible => 1, up => join('', map { "CREATE TABLE t$_ (id integer PRIMARY KEY);\n" } 1 .. 5));
my $errors = '';
is(outcome(start_call('jobs => 2', \$errors, 'many')) . $errors, 'done', '300 schemas: one call makes them, with the locks of the default');
is($node->safe_psql('many', q{SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'tenant\_%'}), 1500, 'they are there');

# each schema leaves something in the memory of the session
history(60, q{DO $$ BEGIN EXECUTE format('PREPARE %I AS SELECT %L', current_schema, repeat('x', 1000000)); END $$});
is(outcome(start_call('', \$errors)) . $errors, 'done', 'a session that grows too large');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT schema_name), count(DISTINCT backend_pid) > 1 FROM migrate_log'), '60|60|t',
	'another worker takes over');

note 'too few workers';
$node->append_conf('postgresql.conf', "max_worker_processes = 4\n");
$node->restart;
history(12, @slow[ 0, 1 ]);
is(outcome(start_call('jobs => 8', \$errors)), 'done', 'fewer workers than jobs: the call succeeds');
like($errors, qr/^WARNING:  the run goes on with 3 instead of 8 jobs\nDETAIL:  All 4 of "max_worker_processes" are in use\.\nHINT: .*\n$/, 'fewer workers than jobs: a warning');
is(done(), 12, 'fewer workers than jobs: all is made');
# with three of them an index that is built concurrently needs one of them
history(12, @slow);
is(outcome(start_call('jobs => 3', \$errors)), 'done', 'no worker for an index: the call succeeds');
like($errors, qr/^WARNING:  schema "tenant_0\d\d" is put off, and the run goes on with fewer jobs: could not start a background worker\n/,
	'no worker for an index: a warning');
is(wrong($node), '', 'no worker for an index: each revision has run once in each schema');
$node->append_conf('postgresql.conf', "max_worker_processes = 2\n");
$node->restart;
history(12, @slow);
state_is($node, 'postgres', call('jobs => 3'), '53400', qr/1 of 12 schemas failed.*could not start a background worker/s, 'never one for an index');
is(begun(), '1', 'never one for an index: then it stops');
$node->append_conf('postgresql.conf', "max_worker_processes = 1\n");
$node->restart;
history(12, @slow[ 0, 1 ]);
state_is($node, 'postgres', call('jobs => 8'), '53400', qr/could not start a background worker/, 'no worker at all');
is(done(), 0, 'no worker at all: nothing was begun');

$node->stop;
done_testing();
