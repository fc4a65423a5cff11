# Whatever others put on the search_path: the extension finds its own tables,
# and PostgreSQL's own functions and operators.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use Test::More;

my $node = new_node('search_path');

# Names that the extension or its queries use, taken by somebody else; a
# planted function says so, and a planted table has other rows.
my $planted = q{
	CREATE FUNCTION S.caught(what text) RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN RAISE EXCEPTION USING errcode = 'XXPLA', message = 'planted: ' || what; END $$;
	CREATE TABLE S.migrate_version AS SELECT 'planted'::name AS schema_name, 'planted'::text AS version_num;
	CREATE TABLE S.migrate_script AS SELECT 'planted'::text AS revision, 'planted'::text AS script;
	CREATE TABLE S.migrate_log AS SELECT 1::bigint AS id;
	CREATE TABLE S.migrate_log_detail AS SELECT 1::bigint AS id;
	CREATE TABLE S.migrate_unfinished AS SELECT 'planted'::text AS revision;
	CREATE TABLE S.migrate_summary AS SELECT '{planted}'::text[] AS heads, '{planted}'::text[] AS real_heads;
	CREATE TABLE S.pg_extension AS SELECT 1 AS oid;
	CREATE DOMAIN S.text AS pg_catalog.text CHECK (false);
	CREATE DOMAIN S.name AS pg_catalog.name CHECK (false)};
for my $type (qw(text name oid int4 int8 text[]))
{
	my $function = 'S.compare_' . ($type =~ s/\W/_/gr);

	$planted .= ";\nCREATE FUNCTION $function(a pg_catalog.$type, b pg_catalog.$type) RETURNS boolean LANGUAGE sql"
	  . " AS \$\$ SELECT S.caught('operator of $type') \$\$";
	$planted .= ";\nCREATE OPERATOR S.$_ (FUNCTION = $function, LEFTARG = pg_catalog.$type, RIGHTARG = pg_catalog.$type)"
	  for qw(= <> < >);
}
for my $function ('cardinality(a pg_catalog.text[])', 'current_setting(a pg_catalog.text)', 'clock_timestamp()',
	'pg_current_xact_id()', 'inet_client_addr()', 'migrate_script_changed()', 'nextval(a pg_catalog.regclass)',
	'migrate_log_is_append_only()', 'pg_has_role(a pg_catalog.oid, b pg_catalog.oid, c pg_catalog.text)',
	'has_schema_privilege(a pg_catalog.oid, b pg_catalog.oid, c pg_catalog.text)')
{
	$planted .= ";\nCREATE FUNCTION S.$function RETURNS boolean LANGUAGE sql AS \$\$ SELECT S.caught('$function') \$\$";
}
$planted .= ";\nCREATE FUNCTION S.unnest(a pg_catalog.text[]) RETURNS SETOF pg_catalog.text LANGUAGE sql AS \$\$ SELECT S.caught('unnest')::pg_catalog.text \$\$";

$node->safe_psql('postgres', q{
	CREATE ROLE attacker LOGIN;
	CREATE SCHEMA evil AUTHORIZATION attacker;
	GRANT USAGE ON SCHEMA evil TO PUBLIC;
	CREATE SCHEMA app});
$node->safe_psql('postgres', $planted =~ s/\bS\./evil./gr, extra_params => [ '-U', 'attacker' ]);
# operators of pg_temp are never found, and its functions only by their whole name
my $temporary = join(";\n", grep { !/CREATE OPERATOR/ } split(/;\n/, $planted)) =~ s/\bS\./pg_temp./gr;

my @work = (
	'SELECT public.migrate_register(' . quoted(script('a1', up => 'CREATE TABLE app.account (id pg_catalog.int4);',
			down => 'DROP TABLE app.account;')) . '::pg_catalog.text)',
	'SELECT public.migrate_register(' . quoted(script('b2', revises => 'a1')) . '::pg_catalog.text)',
	'SELECT public.migrate_register(' . quoted(script('b2', revises => 'a1', message => 'again')) . '::pg_catalog.text)',
	map { "SELECT public.$_" } q{migrate_trust('a1')}, q{migrate_plan('head')}, q{migrate_upgrade_sql('head')},
	q{migrate_upgrade('head')}, q{migrate_upgrade('head')}, 'migrate_current()', 'migrate_heads(true)', 'migrate_branches()',
	'migrate_history()', q{migrate_show('head')}, 'migrate_graph()', 'migrate_export()', q{migrate_downgrade_sql('head:base')},
	q{migrate_downgrade('-1')}, q{migrate_stamp('head', true)}, q{migrate_revision('x', rev_id => 'c3')},
	q{migrate_unregister('c3')}, q{migrate_downgrade('base')}, q{migrate_edit('b2', } . quoted(script('b2', revises => 'a1')) . ')');
push @work,
  'SELECT public.migrate_register(' . quoted(script('d4', revises => 'b2',
		up => "SET lock_timeout = '1 s';\nVACUUM app.account;\nCREATE INDEX CONCURRENTLY account_id ON app.account (id);")) . '::pg_catalog.text)',
  q{CALL public.migrate_run('head')}, q{CALL public.migrate_run('base')}, q{SELECT public.migrate_unregister('d4')};

for my $path ('evil, public', 'evil, pg_catalog, public', 'evil', 'pg_temp, evil, pg_catalog, public')
{
	$node->safe_psql('postgres', 'TRUNCATE migrate_version, migrate_script, migrate_log RESTART IDENTITY');
	my ($status, $stdout, $stderr) = $node->psql('postgres',
		join(";\n", ($path =~ /pg_temp/ ? $temporary : ()), "SET search_path = $path", @work));
	is("$status $stderr", '0 ', "search_path = $path: nothing planted is met");
	is(rows_of($node, 'postgres'), '0 2 13', "search_path = $path: the rows are in the extension's own tables");
}
is( $node->safe_psql('postgres', 'SELECT version_num, revision, (SELECT count(*) FROM evil.migrate_log) FROM evil.migrate_version, evil.migrate_script'),
	'planted|planted|1',
	'and not in others');

# The traps would have been noticed.
state_is($node, 'postgres', q{SET search_path = evil, pg_catalog; SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text}, 'XXPLA',
	qr/planted: operator of text/, 'the traps work');

note 'a schema of the same name';
$node->safe_psql('postgres', 'CREATE DATABASE planted');
$node->safe_psql('planted', q{CREATE SCHEMA theirs; CREATE TABLE theirs.migrate_version (x integer)});
state_is($node, 'planted', 'CREATE EXTENSION migrate SCHEMA theirs', '42P07', qr/"migrate_version" already exists/,
	'what is there already is not taken over');

$node->stop;
done_testing();
