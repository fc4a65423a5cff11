# pg_dump and pg_restore keep versions, scripts, ledger, its numbering, and what is not finished.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('dump');
my $dumps = PostgreSQL::Test::Utils::tempdir();

# A history with a bit of everything: applied, undone, stamped and pending
# revisions, a label, a script with what SQL has to quote.
sub make_history
{
	my ($database, $schema) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, qq{
		CREATE SCHEMA IF NOT EXISTS $schema;
		CREATE EXTENSION migrate SCHEMA $schema;
		ALTER DATABASE $database SET search_path = public, $schema});
	register($node, $database, 'a1', message => q{it's "one" \\ $$}, up => 'CREATE TABLE account (id integer);',
		down => 'DROP TABLE account;');
	register($node, $database, 'b2', revises => 'a1', up => "CREATE TABLE entry (t text DEFAULT E'\\t\\n\\\\');",
		down => 'DROP TABLE entry;');
	$node->safe_psql($database, q{SELECT migrate_upgrade('head'); SELECT migrate_downgrade('-1'); SELECT migrate_stamp('base');
		SELECT migrate_stamp('a1')});
	register($node, $database, 'c3', revises => 'b2', up => 'CREATE TABLE invoice (id integer);');
	$node->safe_psql($database, q{INSERT INTO migrate_unfinished
		VALUES ('elsewhere', 'd4', 'upgrade', 7, '{x,y}', '{16384}', now(), now())});
}

# The restored database is the same, and goes on.
sub goes_on
{
	my ($how, $original, $restored, $schema) = @_;

	is(contents($node, $restored, $schema), contents($node, $original, $schema), "$how: nothing is lost or added");
	is( $node->safe_psql($restored, q{SELECT string_agg(revision, ' ' ORDER BY step) FROM migrate_upgrade('head')}),
		'b2 c3',
		"$how: the next upgrade goes on from there");
	is($node->safe_psql($restored, qq{SELECT max(id) = count(*) AND max(run) = 5 FROM $schema.migrate_log}), 't',
		"$how: the ledger counts on");
	is($node->safe_psql($restored, q{SELECT count(*) FROM migrate_upgrade('head')}), 0,
		"$how: then there is nothing to do");
	is( $node->safe_psql($restored,
			qq{SELECT heads, real_heads FROM $schema.migrate_summary}),
		'{c3}|{c3}',
		"$how: the heads are known again");
	$node->safe_psql('postgres', "DROP DATABASE $restored");
}

sub restore_from
{
	my ($how, $original, $schema, $format, @command) = @_;

	$node->command_ok([ 'pg_dump', '--no-sync', "-F$format", '-f', "$dumps/dump", '-d', $node->connstr($original) ],
		"$how: dump");
	$node->safe_psql('postgres', 'CREATE DATABASE restored');
	$node->safe_psql('postgres', "ALTER DATABASE restored SET search_path = public, $schema");
	$node->command_ok([ @command, '-d', $node->connstr('restored'), $format eq 'p' ? ('-f', "$dumps/dump") : "$dumps/dump" ],
		"$how: restore");
	goes_on($how, $original, 'restored', $schema);
	File::Path::remove_tree("$dumps/dump");
}

my @psql = ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null');

make_history('shop', 'public');
restore_from('plain', 'shop', 'public', 'p', @psql);
restore_from('plain in one transaction', 'shop', 'public', 'p', @psql, '-1');
restore_from('custom', 'shop', 'public', 'c', 'pg_restore', '-e');
restore_from('directory, two jobs', 'shop', 'public', 'd', 'pg_restore', '-e', '-j2');

make_history('elsewhere', '"Mig rate"');
restore_from('in another schema', 'elsewhere', '"Mig rate"', 'c', 'pg_restore', '-e');

note 'data alone, into an extension that is there already';
$node->command_ok(
	[ 'pg_dump', '--no-sync', '-Fc', '-f', "$dumps/dump", '-d', $node->connstr('shop') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->safe_psql('restored', 'CREATE EXTENSION migrate; CREATE TABLE account (id integer)');
$node->command_ok([ 'pg_restore', '-e', '-a', '-d', $node->connstr('restored'), "$dumps/dump" ], 'restore of the data');
goes_on('data alone', 'shop', 'restored', 'public');

note 'the extension itself';
my $before = contents($node, 'shop');
$node->safe_psql('shop', 'ALTER EXTENSION migrate UPDATE');
is(contents($node, 'shop'), $before, 'ALTER EXTENSION UPDATE keeps everything');
$node->safe_psql('shop', q{SELECT migrate_upgrade('head'); DROP EXTENSION migrate; CREATE EXTENSION migrate});
is(rows_of($node, 'shop'), '0 0 0', 'a new extension knows nothing');
is($node->safe_psql('shop', q{SELECT to_regclass('invoice')}), 'invoice', 'what was migrated stays when it is dropped');

$node->stop;
done_testing();
