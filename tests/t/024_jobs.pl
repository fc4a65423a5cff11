# Runs in background workers: they outlive their clients, can be waited for,
# paused, cancelled and resumed, have the session of who started them, and go
# on after a crash or a restart of the server, each statement once.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('jobs');
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_worker_processes = 20\n");
$node->restart;

# A database with revisions that each leave a row of what they saw, after the
# time that they are told to sleep for by the table pause.
my $databases = 0;
sub new_database
{
	my ($revisions) = @_;
	my $database = 'jobs' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, q{
		CREATE EXTENSION migrate;
		CREATE TABLE trace (step text, who text, path text, work_mem text);
		CREATE TABLE pause (seconds float8);
		INSERT INTO pause VALUES (0);
		GRANT ALL ON trace, pause TO PUBLIC});
	register($node, $database, "r$_", revises => $_ > 1 ? 'r' . ($_ - 1) : '',
		up => "SELECT pg_sleep(seconds) FROM public.pause;\n"
		  . "INSERT INTO public.trace VALUES ('r$_', current_user, current_setting('search_path'), current_setting('work_mem'));"
		  . ($_ == 2 ? "\nVACUUM public.trace;\nSELECT pg_sleep(seconds) FROM public.pause;\nINSERT INTO public.trace VALUES ('r2 again');" : ''))
	  for 1 .. $revisions;
	return $database;
}

sub value
{
	my ($database, $sql) = @_;

	return $node->safe_psql($database, $sql);
}

sub set_pause { my ($database, $seconds) = @_; value($database, "UPDATE pause SET seconds = $seconds"); return; }
sub steps { my ($database) = @_; return value($database, q{SELECT string_agg(step, ' ' ORDER BY step) FROM trace}); }
sub job_state { my ($database, $run) = @_; return value($database, "SELECT state FROM migrate_jobs WHERE run = $run"); }

sub wait_for
{
	my ($database, $sql, $name) = @_;

	return ok($node->poll_query_until($database, $sql), $name);
}

# Wait until the run sleeps in a statement, in the job or in its worker.
sub wait_for_sleep
{
	my ($database) = @_;

	$node->poll_query_until($database, q{
		SELECT count(*) > 0 FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event = 'PgSleep' AND backend_type LIKE 'migrate%'})
	  or die 'no run sleeps';
	return;
}

sub job_pid
{
	my ($database, $run) = @_;

	return value($database, "SELECT pid FROM migrate_jobs WHERE run = $run");
}

# Wait until the server has come back after a crash.
sub wait_for_server
{
	for (1 .. 600)
	{
		return if ($node->psql('postgres', 'SELECT 1'))[0] == 0;
		sleep(0.05);
	}
	die 'the server did not come back';
}

sub crash
{
	my ($database, $run) = @_;

	kill('KILL', job_pid($database, $run)) == 1 or die 'could not kill';
	sleep(0.2);
	wait_for_server();
	return;
}

# Detached: the call returns at once, and its client goes away.
my $db = new_database(3);
set_pause($db, 1);
my $before = time();
is(value($db, q{CALL migrate_run('r1', detach => true)}), '1', 'a detached run tells its number');
cmp_ok(time() - $before, '<', 0.9, 'and returns before it has run');
is(job_state($db, 1), 'running', 'it runs without its client');
is(value($db, q{SELECT run || ' ' || phase FROM migrate_progress}), '1 running', 'and is shown');
state_is($node, $db, q{CALL migrate_wait(1, '10 ms')}, 'MG004', qr/has not ended in time/, 'who waits for a time is told');
is(value($db, q{CALL migrate_wait(1); SELECT state FROM migrate_jobs}), 'done', 'who waits sees its end');
is(steps($db), 'r1', 'it has run');
state_is($node, $db, 'SELECT migrate_resume(1)', '55000', qr/run 1 is done/, 'what is done is not resumed');
state_is($node, $db, 'SELECT migrate_cancel(77)', '42704', qr/run 77 does not exist/, 'only a run that there is');
is(value($db, 'SELECT migrate_cancel(1), migrate_pause(1)'), 'f|f', 'what is done is not stopped');
state_is($node, $db, 'BEGIN; CALL migrate_wait(1)', 'MG008', qr/transaction block/, 'nobody waits in a transaction');

# Cancelled, in a statement that its worker runs.
is(value($db, q{SELECT migrate_start('r2')}), '2', 'a function starts a job as well');
wait_for_sleep($db);
is(value($db, 'SELECT migrate_cancel(2)'), 't', 'a job is cancelled');
state_is($node, $db, 'CALL migrate_wait(2)', '57014', qr/run 2 was cancelled/, 'who waits is told');
is(value($db, q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'migrate %'}), '0', 'no process is left');
is(job_state($db, 2), 'cancelled', 'and so says its row');
is(value($db, 'SELECT migrate_resume(2)'), 't', 'it is resumed');
value($db, 'CALL migrate_wait(2)');
is(steps($db), 'r1 r2 r2 again', 'each statement has run once');

# A run in the foreground can be cancelled, too.
my $caller = $node->background_psql($db, on_error_stop => 0);
start_query($caller, q{CALL migrate_run()});
$node->poll_query_until($db, q{SELECT count(*) = 1 FROM migrate_jobs WHERE run = 3 AND state = 'running' AND NOT detached});
is(value($db, 'SELECT migrate_cancel(3)'), 't', 'a run in the foreground is cancelled');
wait_for_query($caller);
is(job_state($db, 3), 'cancelled', 'its row says so');
is(value($db, 'SELECT migrate_resume(3)'), 't', 'it goes on in the background');
value($db, 'CALL migrate_wait(3)');
is(steps($db), 'r1 r2 r2 again r3', 'to its end');
$caller->quit;

# An error is that of the job; LISTEN tells the end.
register($node, $db, 'r4', revises => 'r3', up => 'SELECT 1/0;');
my $listener = $node->background_psql($db, on_error_stop => 0);
$listener->query('LISTEN migrate');
my $failed = value($db, 'SELECT migrate_start()');
state_is($node, $db, "CALL migrate_wait($failed)", '22012', qr/division by zero/, 'who waits gets the error of the run');
like($listener->query("SELECT 'now'"), qr/now/, 'the listener is there');
is(value($db, "SELECT sqlstate || ' ' || error FROM migrate_jobs WHERE run = $failed"), '22012 division by zero', 'the row has it');
$listener->quit;
my ($status, $out) = $node->psql($db, "LISTEN migrate;\nCALL migrate_run('r3', direction => 'downgrade');\nCALL migrate_run('head');\n",
	on_error_stop => 0);
like($out, qr/"run": \d+, "state": "failed", "sqlstate": "22012"\}/, 'listeners are told how a run ends');

# Paused between revisions.
$db = new_database(3);
set_pause($db, 0.5);
value($db, 'SELECT migrate_start()');
is(value($db, 'SELECT migrate_pause(1)'), 't', 'a run is paused');
wait_for($db, q{SELECT phase = 'paused' FROM migrate_progress}, 'before the next revision');
is(steps($db), 'r1', 'which has not run');
state_is($node, $db, 'CALL migrate_wait(1)', 'MG004', qr/run 1 is paused/, 'nobody waits for it');
is(value($db, 'SELECT migrate_resume(1)'), 't', 'it goes on');
value($db, 'CALL migrate_wait(1)');
is(steps($db), 'r1 r2 r2 again r3', 'to the end');

# A crash: the job is interrupted, and goes on when told to.
$db = new_database(3);
set_pause($db, 1.5);
value($db, 'SELECT migrate_start()');
wait_for($db, q{SELECT count(*) = 1 FROM trace}, 'the first revision has run');
wait_for_sleep($db);
crash($db, 1);
is(job_state($db, 1), 'interrupted', 'after a crash the run is interrupted');
is(value($db, q{SELECT DISTINCT phase FROM migrate_progress}), 'interrupted', 'and shown as that');
state_is($node, $db, 'CALL migrate_wait(1)', 'MG004', qr/run 1 is interrupted/, 'nobody waits for it');
set_pause($db, 0);
is(value($db, 'SELECT migrate_resume(1)'), 't', 'it is resumed');
value($db, 'CALL migrate_wait(1)');
is(steps($db), 'r1 r2 r2 again r3', 'nothing has run twice');

# Sessions: settings and roles of the starter, and who may resume what.
$node->safe_psql('postgres', q{
	CREATE ROLE deployer LOGIN; CREATE ROLE owner NOLOGIN; GRANT owner TO deployer; CREATE ROLE other LOGIN});
$db = new_database(2);
value($db, q{
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO deployer, other, owner;
	GRANT EXECUTE ON ALL PROCEDURES IN SCHEMA public TO deployer, other, owner;
	CREATE SCHEMA app});
set_pause($db, 1.5);
my $connection = $node->connstr($db) . ' user=deployer';
is($node->safe_psql($db, q{SET search_path = app, public; SET work_mem = '7MB'; SET ROLE owner; SELECT public.migrate_start('r1')},
		connstr => $connection), '1', 'a member starts a job');
is(value($db, q{SELECT session_role || ' ' || role FROM migrate_jobs}), 'deployer owner', 'roles are known');
is($node->safe_psql($db, 'SELECT count(command) FROM migrate_jobs', connstr => $node->connstr($db) . ' user=other'), '0',
	'how it was called others do not see');
wait_for_sleep($db);
crash($db, 1);
set_pause($db, 0);
($status, $out, my $err) = $node->psql($db, 'SELECT migrate_resume(1)', connstr => $node->connstr($db) . ' user=other');
like($err, qr/permission denied to resume run 1/, 'who is no member of its role does not resume it');
($status, $out, $err) = $node->psql($db, 'SELECT migrate_cancel(1)', connstr => $node->connstr($db) . ' user=other');
like($err, qr/permission denied for run 1/, 'nor cancel it');
is(value($db, 'SELECT migrate_resume(1)'), 't', 'a superuser does');
value($db, 'CALL migrate_wait(1)');
is(value($db, q{SELECT who || ' ' || path || ' ' || work_mem FROM trace}), 'owner app, public 7MB',
	'the job has the session of its starter, also when resumed by somebody else');
value($db, q{REVOKE ALL ON trace FROM PUBLIC});
$failed = $node->safe_psql($db, 'SELECT migrate_start()', connstr => $connection);
state_is($node, $db, "CALL migrate_wait($failed)", '42501', qr/permission denied for table/, 'a job has the rights of its role');

# Preloaded: interrupted jobs go on by themselves.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'migrate'\n");
$node->restart;
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'migrate launcher'}), '1',
	'the launcher is there');
for my $way (qw(crash immediate fast))
{
	$db = new_database(3);
	set_pause($db, 1.5);
	value($db, q{SET search_path = pg_catalog, public; SET work_mem = '9MB'; SELECT public.migrate_start()});
	wait_for($db, q{SELECT count(*) = 1 FROM trace}, "$way: the first revision has run");
	wait_for_sleep($db);
	if ($way eq 'crash')
	{
		crash($db, 1);
	}
	else
	{
		$node->stop($way);
		$node->start;
	}
	wait_for($db, q{SELECT state = 'done' FROM migrate_jobs}, "$way: the run goes on by itself");
	is(steps($db), 'r1 r2 r2 again r3', "$way: nothing has run twice");
	is(value($db, q{SELECT DISTINCT path || ' ' || work_mem FROM trace WHERE who IS NOT NULL}), 'pg_catalog, public 9MB',
		"$way: with the settings of its starter");
}

# One that was paused does not, and one whose role is gone has failed.
$db = new_database(3);
set_pause($db, 1);
value($db, 'SELECT migrate_start()');
is(value($db, 'SELECT migrate_pause(1)'), 't', 'a job is paused');
wait_for($db, q{SELECT phase = 'paused' FROM migrate_progress}, 'and waits');
my $db2 = new_database(1);
$node->safe_psql('postgres', 'CREATE ROLE leaver SUPERUSER LOGIN');
set_pause($db2, 30);
$node->safe_psql($db2, 'SELECT migrate_start()', connstr => $node->connstr($db2) . ' user=leaver');
wait_for_sleep($db2);
$node->stop('immediate');
$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
$node->start;
is(job_state($db2, 1), 'interrupted', 'not preloaded, nothing goes on');
$node->safe_psql('postgres', 'DROP ROLE leaver');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'migrate'\n");
$node->restart;
wait_for($db2, q{SELECT state = 'failed' FROM migrate_jobs}, 'a job whose role is gone has failed');
is(job_state($db, 1), 'paused', 'a job that was paused stays so');
is(value($db, 'SELECT migrate_resume(1)'), 't', 'until it is resumed');
value($db, 'CALL migrate_wait(1)');
is(steps($db), 'r1 r2 r2 again r3', 'and then has run once');

$node->stop;
done_testing();
