# Offline scripts: what psql makes of them, without the extension, is what
# the extension makes of the history.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use Cwd ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('offline');
my $files = PostgreSQL::Test::Utils::tempdir();
my $shop = Cwd::abs_path("$FindBin::RealBin/../data/shop");

$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(online offline empty);
$node->safe_psql('online', "CREATE EXTENSION migrate; ALTER DATABASE online SET migrate.script_location = '$shop'");

# Run an offline script the way the README says.
sub run_offline
{
	my ($sql, $name) = @_;

	put_file("$files/script.sql", $node->safe_psql('online', "SELECT $sql") . "\n");
	return $node->command_ok(
		[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$files/script.sql", '-d', $node->connstr('offline') ],
		$name);
}

sub versions
{
	my ($database) = @_;

	return $node->safe_psql($database, q{SELECT string_agg(version_num, ' ' ORDER BY version_num) FROM migrate_version});
}

# Both databases are at the same place, with the same schema.
sub same
{
	my ($name) = @_;

	is(dump_schema($node, 'offline'), dump_schema($node, 'online'), "$name: the schema is the same");
	is(versions('offline'), versions('online'), "$name: so are the versions");
}

my $nothing = dump_schema($node, 'empty');
my @revisions = split(/\n/, $node->safe_psql('online', q{SELECT revision FROM migrate_plan('heads') GROUP BY step, revision ORDER BY step}));
my $all = $node->safe_psql('online', 'SELECT count(*) FROM migrate_history()');
cmp_ok($all, '>=', 60, 'the history is a long one');

run_offline(q{migrate_upgrade_sql('heads')}, 'the upgrade runs');
is($node->safe_psql('online', q{SELECT count(*) FROM migrate_upgrade('heads')}), $all, 'all of it runs online');
isnt(dump_schema($node, 'online'), $nothing, 'and leaves a schema');
same('upgrade');
is($node->safe_psql('offline', q{SELECT count(*) FROM pg_extension WHERE extname = 'migrate'}), 0, 'without the extension');

run_offline(q{migrate_downgrade_sql('heads:base')}, 'the downgrade runs');
is($node->safe_psql('online', q{SELECT count(*) FROM migrate_downgrade('base')}), $all, 'all of it runs online');
same('downgrade');
is(dump_schema($node, 'offline'), $nothing, 'nothing is left');

note 'up to somewhere';
for my $middle (@revisions[ $all / 3, $all - 2 ])
{
	$node->safe_psql('offline', 'DROP TABLE migrate_version');
	run_offline("migrate_upgrade_sql('$middle')", "the upgrade to $middle runs");
	$node->safe_psql('online', "SELECT migrate_upgrade('$middle')");
	same($middle);
	run_offline("migrate_downgrade_sql('$middle:base')", 'and back');
	$node->safe_psql('online', q{SELECT migrate_downgrade('base')});
	is(dump_schema($node, 'offline'), $nothing, 'nothing is left');
}

note 'a script for another place';
my ($status, $stdout, $stderr);
put_file("$files/script.sql", $node->safe_psql('online', "SELECT migrate_upgrade_sql('$revisions[0]:$revisions[1]')") . "\n");
IPC::Run::run(
	[ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-f', "$files/script.sql", '-d', $node->connstr('offline') ],
	'>', \$stdout, '2>', \$stderr)
  and fail('it must not run');
like($stderr, qr/ERROR:  .*\b$revisions[0]\b/, 'says where the database must be');
is(dump_schema($node, 'offline'), $nothing, 'and does nothing');

note 'a schema of its own';
$node->safe_psql('online', 'ALTER DATABASE online RESET migrate.script_location; TRUNCATE migrate_script');
register($node, 'online', 'a1', up => 'CREATE TABLE account (id integer, name text); INSERT INTO account VALUES (1, $$a$$);',
	down => 'DROP TABLE account;');
register($node, 'online', 'b2', revises => 'a1', up => "CREATE INDEX CONCURRENTLY i ON account (id);\nSET search_path = public;",
	down => 'DROP INDEX i;');
register($node, 'online', 'c3', revises => 'b2', up => "-- migrate:assert\nSELECT count(*) = 1 FROM account;\nCREATE VIEW v AS SELECT id FROM account;",
	down => 'DROP VIEW v;');
$node->safe_psql('offline', q{CREATE TABLE account (only_in_public integer); DROP TABLE IF EXISTS migrate_version});
my $before = dump_schema($node, 'offline');
for my $schema ('tenant_1', 'Tenant "2"; x')
{
	my $identifier = $node->safe_psql('offline', "SELECT quote_ident('$schema')");
	my $relations = qq{SELECT string_agg(relname, ' ' ORDER BY relname COLLATE "C") FROM pg_class WHERE relnamespace = '$identifier'::regnamespace};

	$node->safe_psql('offline', "CREATE SCHEMA $identifier");
	run_offline("migrate_upgrade_sql('b2', schema => '$schema')", "$schema: the upgrade runs");
	run_offline("migrate_upgrade_sql('b2:c3', schema => '$schema')", "$schema: and goes on");
	is($node->safe_psql('offline', $relations), 'account i migrate_version migrate_version_pkey v', "$schema: all is in the schema");
	is($node->safe_psql('offline', "SELECT * FROM $identifier.migrate_version"), "$schema|c3", "$schema: with its version");
	run_offline("migrate_downgrade_sql('c3:base', schema => '$schema')", "$schema: the downgrade runs");
	is($node->safe_psql('offline', $relations), 'migrate_version migrate_version_pkey', "$schema: and leaves the version table");
	$node->safe_psql('offline', "DROP SCHEMA $identifier CASCADE");
}
is(dump_schema($node, 'offline'), $before, 'nothing else has changed');
put_file("$files/script.sql", $node->safe_psql('online', q{SELECT migrate_upgrade_sql('a1', schema => 'no_such_schema')}) . "\n");
IPC::Run::run([ 'psql', '-Xq', '-f', "$files/script.sql", '-d', $node->connstr('offline') ], '>', \$stdout, '2>', \$stderr);
like($stderr, qr/no_such_schema/, 'a schema that does not exist is an error');
is(dump_schema($node, 'offline'), $before, 'even if psql goes on');

$node->stop;
done_testing();
