# Twenty sessions call at once: nothing fails, nothing is done twice.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

use constant CALLERS => 20;

my $node = new_node('callers');
my $location = PostgreSQL::Test::Utils::tempdir();
mkdir "$location/versions" or die;
$node->safe_psql('postgres', 'CREATE TABLE trace (revision text, pid integer)');

# A revision that takes a moment, so that the callers meet.
sub traced
{
	my ($number) = @_;

	return (
		"r$number",
		revises => $number > 1 ? 'r' . ($number - 1) : '',
		up => "CREATE TABLE t$number (id integer);\n"
		  . "INSERT INTO trace VALUES ('up $number', pg_backend_pid());\nSELECT pg_sleep(0.02);",
		down => "DROP TABLE t$number;\nINSERT INTO trace VALUES ('down $number', pg_backend_pid());");
}

# Let all callers run the same statements at once; returns what each printed.
sub together
{
	my (@statements) = @_;
	my $gate = $node->background_psql('postgres');
	my (@callers, @out, @err);

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	for my $i (0 .. CALLERS - 1)
	{
		push @callers, IPC::Run::start(
			[
				'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
				map { ('-c', $_) } 'SELECT FROM pg_advisory_lock_shared(1)', @statements
			],
			'>', \$out[$i], '2>', \$err[$i]);
	}
	$node->poll_query_until('postgres',
		"SELECT count(*) = @{[CALLERS]} FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
	  or die 'the callers did not come';
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	$gate->quit;
	my $failed = grep { !$_->finish } @callers;
	chomp @out;
	is($failed, 0, 'no caller fails') or diag(join('', @err));
	is(join('', @err), '', 'no caller is told anything') unless $failed;
	return map { s/^\n+//r } @out;
}

# The whole history has run once, in one session, in order.
sub ran_once
{
	my ($what, @numbers) = @_;

	is($node->safe_psql('postgres', 'SELECT revision FROM trace'), join("\n", map { "$what $_" } @numbers),
		'every revision ran once, in order');
	is($node->safe_psql('postgres', 'SELECT count(DISTINCT pid) FROM trace'), 1, 'in one session');
	is( $node->safe_psql('postgres', 'SELECT revision FROM migrate_log ORDER BY id'),
		join("\n", map { "r$_" } @numbers),
		'the ledger says the same');
	$node->safe_psql('postgres', 'TRUNCATE trace, migrate_log');
}

note 'registered scripts';
register($node, 'postgres', traced($_)) for 1 .. 5;
my @steps = together(q{SELECT count(*) FROM migrate_upgrade('head')});
is(join(' ', sort @steps), join(' ', (0) x (CALLERS - 1), 5), 'one caller works, the others report no step');
ran_once('up', 1 .. 5);
is($node->safe_psql('postgres', 'SELECT version_num FROM migrate_version'), 'r5', 'the database is at head');

note 'downgrade';
@steps = together(q{SELECT count(*) FROM migrate_downgrade('base')});
is(join(' ', sort @steps), join(' ', (0) x (CALLERS - 1), 5), 'one caller works, the others report no step');
ran_once('down', reverse 1 .. 5);
is(rows_of($node, 'postgres'), '0 5 0', 'the database is at base');

note 'new files, which every caller finds';
put_file("$location/versions/r$_.sql", script(traced($_))) for 1 .. 8;
$node->safe_psql('postgres', 'TRUNCATE migrate_script');
@steps = together("SET migrate.script_location = '$location'",
	q{SELECT count(*) FROM migrate_upgrade('head')});
is(join(' ', sort @steps), join(' ', (0) x (CALLERS - 1), 8), 'one caller works, the others report no step');
ran_once('up', 1 .. 8);
is(rows_of($node, 'postgres'), '1 8 0', 'every file is known once');

note 'a relative target';
$node->safe_psql('postgres', q{SELECT migrate_downgrade('base'); TRUNCATE trace, migrate_log});
put_file("$location/versions/r$_.sql", script(traced($_))) for 9 .. CALLERS;
@steps = together("SET migrate.script_location = '$location'",
	q{SELECT revision FROM migrate_upgrade('+1')});
is(join(' ', sort @steps), join(' ', sort map { "r$_" } 1 .. CALLERS), 'each caller goes one step further');

note 'registering';
$node->safe_psql('postgres', 'TRUNCATE migrate_script, migrate_version');
my @actions = together('SELECT action FROM migrate_register(' . quoted(script('x1')) . ')');
is(join(' ', sort @actions), join(' ', 'added', ('unchanged') x (CALLERS - 1)), 'one caller adds the script');

note 'a script that is changed or removed while it runs';

# Another session calls this in the middle of the upgrade.
sub during_the_run
{
	my ($name, $sql) = @_;
	my ($gate, $run, $author) = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 3;

	$gate->query_safe('SELECT pg_advisory_lock(2)');
	send_query($node, $run, q{SELECT migrate_upgrade('head')});
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}), 1,
		"$name: the run is in the middle");
	send_query($node, $author, $sql);
	$gate->query_safe('SELECT pg_advisory_unlock(2)');
	wait_for_query($_) for $run, $author;
	$_->quit for $gate, $run, $author;
	is($node->safe_psql('postgres', q{
			SELECT count(*) FROM migrate_version v
			WHERE (SELECT checksum FROM migrate_script s WHERE revision = version_num) IS DISTINCT FROM
				(SELECT checksum FROM migrate_log l WHERE revision = version_num ORDER BY id DESC LIMIT 1)}),
		0, "$name: an applied revision has the script that ran");
	$node->safe_psql('postgres', 'TRUNCATE migrate_script, migrate_version');
}

my @waiting = ('x1', up => 'SELECT pg_advisory_xact_lock(2);');
register($node, 'postgres', @waiting);
during_the_run('migrate_register()', 'SELECT migrate_register(' . quoted(script('x1', up => 'SELECT 2;')) . ')');
register($node, 'postgres', @waiting);
during_the_run('migrate_edit()', q{SELECT migrate_edit('x1', } . quoted(script('x1', up => 'SELECT 2;')) . ')');
register($node, 'postgres', @waiting);
during_the_run('migrate_unregister()', q{SELECT migrate_unregister('x1')});

unlink(glob("$location/versions/*.sql"));
my $load = "SET migrate.script_location = '$location'; SELECT migrate_load()";
put_file("$location/versions/x1.sql", script(@waiting));
$node->safe_psql('postgres', $load);
put_file("$location/versions/x1.sql", script('x1', up => 'SELECT 2;'));
during_the_run('migrate_load() of a changed file', $load);
put_file("$location/versions/x1.sql", script(@waiting));
$node->safe_psql('postgres', $load);
unlink("$location/versions/x1.sql") or die;
during_the_run('migrate_load() of a vanished file', $load);

$node->stop;
done_testing();
