# A standby, and a read-only transaction: functions that look answer, the
# others say why not.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_node('primary', allows_streaming => 1);
my $location = PostgreSQL::Test::Utils::tempdir();
register($primary, 'postgres', 'a1', message => 'create account', up => 'CREATE TABLE account (id integer);',
	down => 'DROP TABLE account;');
register($primary, 'postgres', 'b2', revises => 'a1', message => 'billing', up => 'CREATE TABLE bill (id integer);');
register($primary, 'postgres', 'c3', revises => 'a1', message => 'shipping');
$primary->safe_psql('postgres', q{SELECT migrate_upgrade('b2')});
$primary->safe_psql('postgres', q{SELECT migrate_upgrade('a1', schema => 'tenant', create_schema => true)});
$primary->backup('backup');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my %look = (
	'migrate_current()' => 'b2',
	q{migrate_current(schema => 'tenant')} => 'a1',
	q{migrate_current(schema => '%')} => 'a1|b2',
	'migrate_heads()' => 'b2|c3',
	'migrate_branches()' => 'a1',
	'migrate_history()' => 'a1|b2|c3',
	q{migrate_show('a1')} => 'a1',
	q{migrate_plan('heads')} => 'c3',
	'migrate_export()' => 'a1|b2|c3');

my @change = (
	q{migrate_register(E'-- Revision ID: x\n-- migrate:upgrade\n')}, q{migrate_edit('c3', '')},
	q{migrate_unregister('c3')}, 'migrate_load()', q{migrate_trust('a1')}, 'migrate_init()',
	q{migrate_revision('x', head => 'b2')}, q{migrate_merge('heads')},
	q{migrate_upgrade('heads')}, q{migrate_upgrade('b2')}, q{migrate_downgrade('-1')}, q{migrate_stamp('a1')});

# What can be asked of a node that writes nothing; $begin comes before.
sub looks_only
{
	my ($node, $begin, $where) = @_;

	for my $call (sort keys %look)
	{
		is( $node->safe_psql('postgres', "$begin SELECT string_agg(DISTINCT revision, '|' ORDER BY revision) FROM $call"),
			$look{$call},
			"$where: $call answers");
	}
	like($node->safe_psql('postgres', "$begin SELECT migrate_graph()"), qr/\Qb2 (head, current) billing\E/,
		"$where: migrate_graph() answers");
	like($node->safe_psql('postgres', "$begin SELECT migrate_upgrade_sql('b2')"), qr/CREATE TABLE bill/,
		"$where: migrate_upgrade_sql() answers");
	like($node->safe_psql('postgres', "$begin SELECT migrate_downgrade_sql('a1:base')"), qr/DROP TABLE account/,
		"$where: migrate_downgrade_sql() answers");
	is($node->safe_psql('postgres', "$begin SELECT string_agg(schema_name || ':' || status, ' ') FROM migrate_status()"), ':behind tenant:behind',
		"$where: migrate_status() answers");
	is($node->safe_psql('postgres', "$begin SELECT count(*) FROM migrate_progress"), 0, "$where: migrate_progress answers");
	state_is($node, 'postgres', "$begin SELECT migrate_current(check_heads => true)", 'MG009', qr/head/,
		"$where: the check for a pipeline answers");
	for my $call (@change)
	{
		my ($function) = $call =~ /^(\w+)/;

		state_is($node, 'postgres', "$begin SELECT $call", '25006', qr/cannot execute $function\(\) (?:during recovery|in a read-only transaction)/,
			"$where: $call is refused");
	}
}

$primary->wait_for_catchup($standby);
looks_only($standby, '', 'standby');
looks_only($primary, 'BEGIN READ ONLY;', 'read-only transaction');

note 'files that the standby alone has';
mkdir "$location/versions" or die;
put_file("$location/versions/d4.sql", script('d4', revises => 'c3', message => 'parcels'));
$standby->append_conf('postgresql.conf', "migrate.script_location = '$location'\n");
$standby->reload;
is($standby->safe_psql('postgres', q{SELECT string_agg(revision, '|' ORDER BY revision) FROM migrate_history()}),
	'a1|b2|c3|d4', 'are looked at');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM migrate_plan('d4')}), 2, 'and planned');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM migrate_script}), 3, 'and not written');
looks_only($standby, q{SET migrate.script_location = '';}, 'standby with files');

note 'the standby becomes the primary';
$standby->promote;
is($standby->safe_psql('postgres', q{SELECT string_agg(revision, ' ') FROM migrate_upgrade('heads')}), 'c3 d4',
	'the upgrade goes on there');

$standby->stop;
$primary->stop;
done_testing();
