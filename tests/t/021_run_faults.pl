# CALL migrate_run() meets what goes wrong in production: each time it says
# what happened, leaves a state that is sound, and the next call finishes what
# was begun, with nothing run twice and nothing left out.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('faults', allows_streaming => 1, extra => [ '--wal-segsize', '1' ]);
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET search_path = app, public});

# Begin anew: revisions r1, r2 ..., each a section or two.  The table "fault"
# makes fail whatever looks into it, as long as it has a row.
sub history
{
	my (@sections) = @_;
	my $number = 0;

	$node->safe_psql('postgres', q{
		SET client_min_messages = error;
		TRUNCATE migrate_version, migrate_script, migrate_log, migrate_log_detail, migrate_unfinished;
		DROP SCHEMA IF EXISTS app CASCADE;
		CREATE SCHEMA app;
		CREATE TABLE trace (id serial, step text);
		CREATE TABLE fault (sqlstate text, message text);
		CREATE FUNCTION fail() RETURNS void LANGUAGE plpgsql AS $$
		DECLARE
			f app.fault;
		BEGIN
			SELECT * INTO f FROM app.fault;
			IF FOUND THEN
				RAISE EXCEPTION USING errcode = f.sqlstate, message = f.message;
			END IF;
		END $$;
		CREATE FUNCTION faulty(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
		BEGIN PERFORM app.fail(); RETURN i; END $$;
		CREATE FUNCTION fail_in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM app.fail(); RETURN new; END $$;
		CREATE FUNCTION fail_in_event() RETURNS event_trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM app.fail(); END $$;
		CREATE TABLE item AS SELECT i, i % 7 AS k FROM generate_series(1, 1000) i});
	for my $section (@sections)
	{
		my ($up, $down) = ref $section ? @$section : ($section, 'SELECT;');

		$number++;
		register($node, 'postgres', "r$number", revises => $number > 1 ? 'r' . ($number - 1) : '', up => $up, down => $down);
	}
	return;
}

# Statements that leave a trace.
sub trace { return map { "INSERT INTO trace (step) VALUES ('$_');\n" } @_; }
sub gate { return "SELECT FROM pg_advisory_xact_lock_shared(21);\n"; }

sub break
{
	my ($sqlstate, $message) = @_;

	return $node->safe_psql('postgres', "INSERT INTO fault VALUES ('$sqlstate', '$message')");
}
sub repair { return $node->safe_psql('postgres', 'TRUNCATE fault'); }

# What has run so far: traces | versions | statements of unfinished revisions
# | revisions in the ledger, with what they failed for.
sub state_of
{
	my ($server) = @_;

	return $server->safe_psql('postgres', q{
		SELECT (SELECT string_agg(step, ' ' ORDER BY id) FROM trace), (SELECT string_agg(version_num, ' ') FROM migrate_version),
			(SELECT string_agg(revision || ':' || cardinality(statements_done), ' ') FROM migrate_unfinished),
			(SELECT string_agg(revision || COALESCE(':' || sqlstate, ''), ' ' ORDER BY id) FROM migrate_log)});
}

# A call fails like this, and leaves this state.
sub fails
{
	my ($name, $sqlstate, $pattern, $state, %with) = @_;

	state_is($node, 'postgres', ($with{set} // 'SELECT') . "; CALL migrate_run(@{[$with{arguments} // q{'head'}]})", $sqlstate, $pattern, $name);
	is(state_of($node), $state, "$name: the state");
	return;
}

# A call succeeds, and after it nothing is left to do or to clean up.
sub succeeds
{
	my ($name, $state, %with) = @_;
	my $server = $with{node} // $node;
	my ($status, $stdout, $stderr) = $server->psql('postgres',
		($with{set} // 'SELECT') . "; CALL migrate_run(@{[$with{arguments} // q{'head'}]})");

	is("$status$stderr", '0', "$name: the next call succeeds");
	is(state_of($server), $state, "$name: all has run once");
	is($server->safe_psql('postgres', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 0, "$name: no invalid index");
	is( $server->safe_psql('postgres', q{
			SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'migrate worker'),
				(SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_class'::regclass)}),
		'0|0', "$name: no worker, no lock");
	return;
}

# Start a call, which comes to the closed gate; returns psql and the gate.
sub start_call
{
	my ($options) = @_;
	my $gate = $node->background_psql('postgres');

	$gate->query_safe('SELECT pg_advisory_lock(21)');
	my $psql = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres') . " application_name=deployer options='$options'", '-c', q{CALL migrate_run('head')} ],
		'>', '/dev/null', '2>', '/dev/null');
	$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 21 AND NOT granted})
	  or die 'the call does not come to the gate';
	return ($psql, $gate);
}

sub call_has_ended
{
	return $node->poll_query_until('postgres', q{
		SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = 'deployer' OR backend_type = 'migrate worker'});
}

note 'no space left';
my @history = (
	join('', trace('1')),
	join('', trace('2'), "SELECT faulty(1);\n"),
	join('', trace('3a'), "CREATE INDEX CONCURRENTLY item_i ON item (faulty(i));\n", trace('3b')));
history(@history);
break('53100', 'no space left');
fails('in a transaction', '53100', qr/no space left/, '1|r1||r1 r2:53100');
repair();
$node->safe_psql('postgres', q{CALL migrate_run('r2')});
break('53100', 'no space left');
fails('in a worker', '53100', qr/no space left.*statement 2/s, '1 2 3a|r2|r3:1|r1 r2:53100 r2 r3:53100');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 0, 'in a worker: no invalid index is left');
repair();
succeeds('in a worker', '1 2 3a 3b|r3||r1 r2:53100 r2 r3:53100 r3');

# A statement that has run, and that cannot be recorded, has not run.  Without
# the statements of a failure the ledger does not have the failure, either.
for my $case ([ 'UPDATE', 'migrate_unfinished', 'r1 r2 r3:53100' ], [ 'INSERT', 'migrate_log_detail', 'r1 r2' ])
{
	my ($event, $table, $ledger) = @$case;
	my $name = "$event of $table by a worker";

	history(@history);
	$node->safe_psql('postgres', qq{
		CALL migrate_run('r2');
		CREATE TRIGGER fault BEFORE $event ON $table FOR EACH ROW EXECUTE FUNCTION fail_in_trigger()});
	break('53100', 'no space left');
	fails($name, '53100', qr/recording statement 1 of the upgrade of revision r3/, "1 2|r2|r3:0|$ledger");
	repair();
	succeeds($name, "1 2 3a 3b|r3||$ledger r3");
	$node->safe_psql('postgres', "DROP TRIGGER fault ON $table");
}

history(@history);
$node->safe_psql('postgres', q{
	CALL migrate_run('r1');
	CREATE TRIGGER fault BEFORE INSERT ON migrate_log FOR EACH ROW EXECUTE FUNCTION fail_in_trigger()});
break('53100', 'no space left');
fails('nothing can be recorded', '53100', qr/WARNING:  53100: could not record in the ledger that revision r2 failed: no space left.*ERROR:  53100: no space left/s,
	'1|r1||r1');
$node->safe_psql('postgres', q{
	CREATE OR REPLACE FUNCTION faulty(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN IF EXISTS (SELECT FROM app.fault) THEN RAISE division_by_zero; END IF; RETURN i; END $$});
fails('the error of the script comes first', '22012', qr/could not record.*no space left.*ERROR:  22012/s, '1|r1||r1');
repair();
$node->safe_psql('postgres', q{CALL migrate_run('r2'); CREATE OR REPLACE FUNCTION faulty(i integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1'});
break('53100', 'no space left');
fails('a worker has run all, and that cannot be recorded', '53100', qr/recording the upgrade of revision r3/, '1 2 3a 3b|r2|r3:3|r1 r2');
repair();
succeeds('a worker has run all', '1 2 3a 3b|r3||r1 r2 r3');
$node->safe_psql('postgres', 'DROP TRIGGER fault ON migrate_log');

SKIP:
{
	# with this limit the server cannot extend a file, as on a full disk
	my $postmaster = (split(/\n/, slurp_file($node->data_dir . '/postmaster.pid')))[0];
	my $limit = sub { IPC::Run::run([ 'prlimit', '--pid', $postmaster, "--fsize=$_[0]:" ], '2>', '/dev/null') };
	my $is_full = sub {
		my ($what, $state) = @_;
		my ($status, $stdout, $stderr) = $node->psql('postgres', q{CALL migrate_run('head')});

		like($stderr, qr/ERROR:  could not (?:extend|write) .*file/, "$what cannot be extended");
		# the server has no SQLSTATE for files that are too large
		is(state_of($node) =~ s/XX000/53100/gr, $state, "$what cannot be extended: the state");
	};

	history(
		join('', trace('1'), "CREATE TABLE list AS SELECT generate_series(1, 40000) AS i;\n"),
		join('', "CREATE TABLE large AS SELECT generate_series(1, 100000) AS i;\n", trace('2')),
		join('', trace('3a'), "CREATE INDEX CONCURRENTLY ON list (lpad(i::text, 100));\n", trace('3b')));
	skip 'the size of files cannot be limited: there is no prlimit', 8 unless eval { $limit->(2_100_000) };
	$is_full->('a table', '1|r1||r1 r2:53100');
	$limit->('unlimited');
	$node->safe_psql('postgres', q{CALL migrate_run('r2'); DROP TABLE large; CHECKPOINT});
	$limit->(2_100_000);
	$is_full->('an index', '1 2 3a|r2|r3:1|r1 r2:53100 r2 r3:53100');
	$limit->('unlimited');
	$node->safe_psql('postgres', q{DELETE FROM migrate_log WHERE sqlstate IS NOT NULL});
	succeeds('space again', '1 2 3a 3b|r3||r1 r2 r3');
}

note 'statement_timeout';
history(join('', trace('1'), gate()), join('', trace('2a'), "VACUUM item;\n", gate(), trace('2b')));
my $gate = $node->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(21)');
fails('in a statement', '57014', qr/statement timeout/, '|||r1:57014', set => q{SET statement_timeout = '1 s'});
$gate->query_safe('SELECT pg_advisory_unlock(21)');
$node->safe_psql('postgres', q{CALL migrate_run('r1')});
$gate->query_safe('SELECT pg_advisory_lock(21)');
fails('in a wait for the worker', '57014', qr/statement timeout/, '1 2a|r1|r2:2|r1:57014 r1 r2:57014', set => q{SET statement_timeout = '2 s'});
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'migrate worker'}), 0,
	'in a wait for the worker: it has ended');
$gate->query_safe('SELECT pg_advisory_unlock(21)');
succeeds('in a wait for the worker', '1 2a 2b|r2||r1:57014 r1 r2:57014 r2');

history(join('', trace('1a'), "VACUUM item;\nSET statement_timeout = '500 ms';\n", gate(), trace('1b')));
$gate->query_safe('SELECT pg_advisory_lock(21)');
fails('of the worker', '57014', qr/statement timeout.*statement 4/s, '1a||r1:3|r1:57014');
$gate->query_safe('SELECT pg_advisory_unlock(21)');
succeeds('of the worker', '1a 1b|r1||r1:57014 r1');

history(join('', trace('1')), join('', trace('2'), 'ALTER TABLE item ADD x integer;'));
$gate->query_safe('BEGIN; LOCK TABLE item IN ACCESS SHARE MODE');
fails('in a pause between two attempts', '57014', qr/statement timeout/, '1|r1||r1 r2:57014', set => q{SET statement_timeout = '2 s'},
	arguments => q{'head', lock_timeout => '50 ms'});
$gate->query_safe('ROLLBACK');
succeeds('in a pause between two attempts', '1 2|r2||r1 r2:57014 r2');

SKIP:
{
	skip 'no transaction_timeout', 6 if $node->pg_version < 17;
	history(join('', trace('1')), join('', trace('2a'), "VACUUM item;\n", gate(), trace('2b')));
	$gate->query_safe('SELECT pg_advisory_lock(21)');
	my (undef, undef, $stderr) = $node->psql('postgres', q{SET transaction_timeout = '2 s'; CALL migrate_run('head')});
	like($stderr, qr/terminating connection due to transaction timeout/, 'transaction_timeout ends the session');
	ok(call_has_ended(), 'and the worker');
	$gate->query_safe('SELECT pg_advisory_unlock(21)');
	succeeds('transaction_timeout', '1 2a 2b|r2||r1 r2');
}
$gate->quit;

note 'the client is gone';
for my $case (
	[ '-c client_connection_check_interval=50ms', '1 2a|r1|r2:2|r1' ],
	[ '', '1 2a 2b 3|r3||r1 r2 r3' ],
	[ '-c client_min_messages=notice', undef ])
{
	my ($options, $state) = @$case;
	my $name = "the client is gone, $options";

	history(join('', trace('1')), join('', trace('2a'), "VACUUM item;\n", gate(), trace('2b')), join('', trace('3')));
	my ($psql, $gate) = start_call($options);
	$psql->signal('KILL');
	$psql->finish;
	# who looks whether the client is there ends at once, the others go on
	call_has_ended() if $options =~ /check_interval/;
	$gate->quit;
	call_has_ended();
	like(state_of($node), qr/^\Q$state\E(?: r2:57P01)?$/, "$name: what has run") if defined $state;
	$node->safe_psql('postgres', q{DELETE FROM migrate_log WHERE sqlstate IS NOT NULL});
	succeeds($name, '1 2a 2b 3|r3||r1 r2 r3');
}

note 'constraints at the end of a transaction';
history(
	join('', trace('1'), "CREATE TABLE checked (i integer);\n",
		"CREATE CONSTRAINT TRIGGER late AFTER INSERT ON checked DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail_in_trigger();\n"),
	join('', trace('2'), "INSERT INTO checked VALUES (2);\n"),
	join('', trace('3a'), "VACUUM item;\n", "INSERT INTO checked VALUES (3);\n", trace('3b')));
break('23514', 'too late');
fails('a deferred trigger', '23514', qr/too late.*deferred constraints and triggers at the end of the upgrade/s, '1|r1||r1 r2:23514');
repair();
$node->safe_psql('postgres', q{CALL migrate_run('r2')});
break('23514', 'too late');
fails('a deferred trigger in a worker', '23514', qr/too late.*statement 3/s, '1 2 3a|r2|r3:2|r1 r2:23514 r2 r3:23514');
repair();
succeeds('a deferred trigger', '1 2 3a 3b|r3||r1 r2:23514 r2 r3:23514 r3');
is($node->safe_psql('postgres', 'SELECT i FROM checked ORDER BY i'), "2\n3", 'and what it was fired by is there once');

# The end of what a worker has run is recorded in a transaction of its own; when
# that cannot be committed the lock of the run is lost with it.
history(join('', trace('1'), "VACUUM item;\n"), join('', trace('2')));
$node->safe_psql('postgres', q{
	CREATE CONSTRAINT TRIGGER late AFTER INSERT ON migrate_log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
		WHEN (new.sqlstate IS NULL) EXECUTE FUNCTION fail_in_trigger()});
break('23514', 'too late');
fails('a commit', '23514', qr/too late/, '1||r1:2|r1:23514');
$node->safe_psql('postgres', q{
	CREATE SEQUENCE failures;
	CREATE OR REPLACE FUNCTION fail() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		IF nextval('app.failures') = 1 THEN
			RAISE deadlock_detected;
		END IF;
		INSERT INTO app.trace (step) SELECT 'locks:' || count(*) FROM pg_locks
		WHERE pid = pg_backend_pid() AND classid = 'pg_class'::regclass AND objid = 'public.migrate_version'::regclass;
	END $$});
succeeds('a commit is tried again', '1 locks:2 2 locks:2|r2||r1:23514 r1 r2');
$node->safe_psql('postgres', 'DROP TRIGGER late ON migrate_log');

note 'event triggers';
history(
	join('', trace('1'), "CREATE TABLE first ();\n"),
	join('', trace('2a'), "CREATE INDEX CONCURRENTLY IF NOT EXISTS item_k ON item (k);\n", trace('2b')));
$node->safe_psql('postgres', q{
	CREATE EVENT TRIGGER fault ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE INDEX') EXECUTE FUNCTION fail_in_event()});
break('P0001', 'not today');
fails('an event trigger', 'P0001', qr/not today/, '|||r1:P0001');
repair();
$node->safe_psql('postgres', q{CALL migrate_run('r1')});
break('P0001', 'not today');
fails('an event trigger in a worker', 'P0001', qr/not today.*statement 2/s, '1 2a|r1|r2:1|r1:P0001 r1 r2:P0001');
repair();
succeeds('an event trigger', '1 2a 2b|r2||r1:P0001 r1 r2:P0001 r2');

note 'a session goes on after an error';
history(@history);
{
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	for my $target (qw(r2 r3))
	{
		break('22000', 'wrong');
		$session->query(q{SET statement_timeout = '1 min'; CALL migrate_run('head')});
		is( $node->safe_psql('postgres', q{
				SELECT (SELECT count(*) FROM pg_locks WHERE classid = 'pg_class'::regclass), (SELECT count(*) FROM migrate_runs()),
					(SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid())}),
			'0|0|0', "$target: no lock, nothing to see, no snapshot");
		is( $session->query(q{SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), current_user = session_user}),
			'1min|0|t', "$target: the settings are what they were");
		repair();
		$session->query("CALL migrate_run('$target')");
	}
	is(state_of($node), '1 2 3a 3b|r3||r1 r2:22000 r2 r3:22000 r3', 'the next calls succeed');
	$session->quit;
}

note 'other transactions than usual';
for my $set (
	'default_transaction_isolation = serializable',
	'default_transaction_isolation = "repeatable read"',
	'default_transaction_isolation = serializable; SET default_transaction_deferrable = on',
	'synchronous_commit = off')
{
	history(@history);
	succeeds($set, '1 2 3a 3b|r3||r1 r2 r3', set => "SET $set");
}

note 'a script that is changed halfway';
my @half = ('SELECT;', trace('1a'), "VACUUM item;\n", "SELECT 1/0;\n", trace('1b'));
history(join('', @half));
fails('halfway', '22012', qr/division by zero/, '1a||r1:3|r1:22012');
my $edit = sub { 'SELECT migrate_edit(' . join(', ', map { quoted($_) } 'r1', script('r1', revises => '', up => join('', @_))) . ')' };
$node->safe_psql('postgres', $edit->(@half[0 .. 1], "VACUUM fault;\n", @half[3 .. 4]));
fails('a statement that has run was changed', 'MG003', qr/statement 3 of revision r1 was changed, but it has run/, '1a||r1:3|r1:22012');
$node->safe_psql('postgres', $edit->(@half[0 .. 1]));
fails('a statement that has run was removed', 'MG003', qr/statement 3 of revision r1 was changed.*has only 2 now/s, '1a||r1:3|r1:22012');
$node->safe_psql('postgres', $edit->("-- nothing yet\nselect ;\n", @half[1 .. 2], trace('corrected'), $half[4]));
succeeds('the rest was corrected', '1a corrected 1b|r1||r1:22012 r1');

history(join('', @half));
fails('halfway', '22012', qr/division by zero/, '1a||r1:3|r1:22012');
$node->safe_psql('postgres', $edit->(trace('anew')));
fails('another script', 'MG003', qr/statement 1 of revision r1 was changed/, '1a||r1:3|r1:22012');
$node->safe_psql('postgres', q{SELECT migrate_stamp('base')});
succeeds('after a stamp', '1a anew|r1||r1:22012 r1');

note 'a downgrade that is half done';
history(
	[ 'SELECT;', 'SELECT;' ],
	[ join('', trace('up')), join('', trace('down a'), "VACUUM item;\n", "SELECT faulty(1);\n", trace('down b')) ]);
$node->safe_psql('postgres', q{CALL migrate_run('head')});
break('P0001', 'not yet');
fails('a downgrade', 'P0001', qr/not yet/, 'up down a|r2|r2:2|r1 r2 r2:P0001', arguments => q{'base'});
register($node, 'postgres', 'r3', revises => 'r2', up => join('', trace('3')));
fails('an upgrade after half a downgrade', '55000', qr/downgrade of revision r2 is not finished.*CALL migrate_run\('-1', direction => 'downgrade'\)/s,
	'up down a|r2|r2:2|r1 r2 r2:P0001');
repair();
succeeds('its second half', 'up down a down b|r1||r1 r2 r2:P0001 r2', arguments => q{'-1', direction => 'downgrade'});
succeeds('and up again', 'up down a down b up 3|r3||r1 r2 r2:P0001 r2 r2 r3');

note 'the server is restarted';
history(join('', trace('1')), join('', trace('2a'), "VACUUM item;\n", gate(), trace('2b')));
{
	my ($psql, $gate) = start_call('');

	$node->restart;
	$psql->finish;
	$gate->{run}->kill_kill;
	like(state_of($node), qr/^1 2a\|r1\|r2:2\|r1(?: r2:57P01)?$/, 'restart: what has run');
	$node->safe_psql('postgres', q{DELETE FROM migrate_log WHERE sqlstate IS NOT NULL});
	succeeds('restart', '1 2a 2b|r2||r1 r2');
}

note 'the extension in another schema, and traps in the path';
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$node->safe_psql('elsewhere', q{
	CREATE SCHEMA "Mi grate";
	CREATE EXTENSION migrate SCHEMA "Mi grate";
	CREATE SCHEMA trap;
	CREATE FUNCTION trap.spring() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
	CREATE TABLE trap.migrate_log (id integer CHECK (id IS NULL AND id IS NOT NULL));
	CREATE TABLE trap.migrate_unfinished (LIKE trap.migrate_log INCLUDING ALL);
	CREATE TABLE trap.migrate_version (LIKE trap.migrate_log INCLUDING ALL);
	CREATE FUNCTION trap.pg_has_role(oid, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT trap.spring(); SELECT true';
	CREATE FUNCTION trap.unnest(oid[]) RETURNS SETOF oid LANGUAGE sql AS 'SELECT trap.spring(); SELECT 0::oid';
	CREATE FUNCTION trap.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT trap.spring(); SELECT true';
	CREATE OPERATOR trap.= (FUNCTION = trap.equal, LEFTARG = text, RIGHTARG = text);
	CREATE TABLE public.item AS SELECT i FROM generate_series(1, 10) i;
	INSERT INTO public.item VALUES (1);
	ALTER DATABASE elsewhere SET search_path = trap, pg_catalog, public});
state_is($node, 'elsewhere', q{SELECT 'a'::text = 'a'::text}, 'P0001', qr/trapped/, 'the traps work');
$node->safe_psql('elsewhere', 'SELECT "Mi grate".migrate_register(' . quoted(script('a1', up => $_->[0], revises => '') =~ s/a1/$_->[1]/r =~ s/Revises: /Revises: $_->[2]/r) . ')')
  for [ 'CREATE TABLE public.t ();', 'a1', '' ], [ "VACUUM public.item;\nCREATE UNIQUE INDEX CONCURRENTLY item_i ON public.item (i);", 'b2', 'a1' ];
state_is($node, 'elsewhere', q{CALL "Mi grate".migrate_run('head')}, '23505', qr/could not create unique index/, 'an error');
$node->safe_psql('elsewhere', q{DELETE FROM public.item WHERE ctid = (SELECT max(ctid) FROM public.item); CALL "Mi grate".migrate_run('head')});
is( $node->safe_psql('elsewhere', q{
		SET search_path = pg_catalog;
		SELECT (SELECT string_agg(version_num, ' ') FROM "Mi grate".migrate_version),
			(SELECT string_agg(revision || COALESCE(':' || sqlstate, ''), ' ' ORDER BY id) FROM "Mi grate".migrate_log),
			(SELECT count(*) FROM "Mi grate".migrate_unfinished), (SELECT count(*) FROM pg_index WHERE NOT indisvalid)}),
	'b2|a1 b2:23505 b2|0|0', 'and the run');

note 'a standby is promoted';
history(
	join('', trace('1')),
	join('', trace('2a'), "VACUUM item;\n", "CREATE FUNCTION wait(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS "
		. "\$\$ BEGIN IF i = 500 THEN PERFORM pg_advisory_xact_lock_shared(21); END IF; RETURN i; END \$\$;\n",
		"CREATE INDEX CONCURRENTLY IF NOT EXISTS item_i ON item (app.wait(i));\n", trace('2b')),
	join('', trace('3')));
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
{
	my ($psql, $gate) = start_call('');

	state_is($standby, 'postgres', q{CALL migrate_run('head')}, '25006', qr/cannot execute migrate_run\(\) during recovery/, 'a standby');
	$node->wait_for_catchup($standby);
	is($standby->safe_psql('postgres', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 1, 'the standby has half an index');
	$standby->promote;
	is(state_of($standby), '1 2a|r1|r2:3|r1', 'the state when it is promoted');
	succeeds('promotion', '1 2a 2b 3|r3||r1 r2 r3', node => $standby);
	is($standby->safe_psql('postgres', q{SELECT indisvalid FROM pg_index WHERE indexrelid = 'item_i'::regclass}), 't', 'the index is there');
	$gate->quit;
	$psql->finish;
	is(state_of($node), '1 2a 2b 3|r3||r1 r2 r3', 'the former primary is not concerned');
}

$standby->stop;
$node->stop;
done_testing();
