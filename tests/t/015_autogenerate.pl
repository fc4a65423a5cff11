# Autogenerate where a database lives among others: a script location on disk,
# standbys, dumps, other databases, roles, and databases made by other means.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use File::Path qw(make_path);
use MigrateTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_node('primary', allows_streaming => 1);
my $base = PostgreSQL::Test::Utils::tempdir();
my $location = "$base/shop";

# A new database with the extension, and perhaps a script location.
sub new_database
{
	my ($database, $place) = @_;

	$primary->safe_psql('postgres', "CREATE DATABASE $database");
	$primary->safe_psql($database, 'CREATE EXTENSION migrate');
	$primary->safe_psql('postgres', "ALTER DATABASE $database SET migrate.script_location = '$place'") if $place;
	return;
}

sub value
{
	my ($database, $sql, @options) = @_;

	return $primary->safe_psql($database, $sql, extra_params => \@options);
}

# Write a file of the script location.
sub file
{
	my ($path, $text) = @_;
	my ($directory) = "$location/$path" =~ m{^(.*)/};

	make_path($directory);
	return put_file("$location/$path", $text);
}

# Generate a revision, and return the text of its file.
sub generate
{
	my ($database, $id) = @_;
	my $path = value($database, qq{SELECT path FROM migrate_revision('$id', rev_id => '$id', autogenerate => true)});

	return slurp_file("$location/$path");
}

sub upgrade { value($_[0], q{SELECT string_agg(revision, ' ' ORDER BY step) FROM migrate_upgrade('head')}) }
sub fingerprint { value($_[0], q{SELECT migrate_snapshot()::jsonb ->> 'fingerprint'}) }

note 'a script location';
make_path($location);
new_database('shop', $location);
my $empty = dump_schema($primary, 'shop');
value('shop', 'SELECT migrate_init()');
ok(-d "$location/model", 'the directory is made');
state_is($primary, 'shop', q{SELECT migrate_revision('x', autogenerate => true)}, '55000', qr/there is no model/, 'an empty directory is no model');
file('model/billing/invoice.sql', "CREATE TABLE invoice (id integer PRIMARY KEY, account integer REFERENCES account, total numeric(10,2));\n");
file('model/account.sql', "\xEF\xBB\xBFCREATE TABLE account (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'gr\xC3\xBC\xC3\x9F');\r\n");
file('model/views/deep/er/names.sql', "CREATE VIEW names AS SELECT name FROM account;\n");
file('model/notes.txt', "CREATE TABLE no_model ();\n");
file('model/.hidden.sql', "CREATE TABLE no_model ();\n");
my $script = generate('shop', 'a1');
like($script, qr/^CREATE TABLE account \(\n.*^CREATE TABLE invoice \(\n/ms, 'files in subdirectories belong to it');
like($script, qr/^CREATE VIEW names AS/m, 'at any depth');
like($script, qr/'gr\xC3\xBC\xC3\x9F'/, 'in UTF-8');
unlike($script, qr/no_model/, 'other files do not');
like($script, qr/^-- Revision ID: a1\n.*^-- migrate:upgrade\n.*^-- migrate:downgrade\n.*^DROP TABLE account/ms, 'it is a revision script');
state_is($primary, 'shop', 'SELECT migrate_check()', 'MG009', qr/not at the heads/, 'the check says that it is not applied');
is(upgrade('shop'), 'a1', 'it runs');
is(value('shop', 'SELECT migrate_check()'), 'no differences', 'then the check passes');
is(value('shop', q{SELECT count(*) FROM migrate_downgrade('base')}), 1, 'it can be undone');
is(dump_schema($primary, 'shop'), $empty, 'and leaves nothing');
upgrade('shop');

note 'the model changes';
file('model/account.sql', "CREATE TABLE account (id integer PRIMARY KEY, name text NOT NULL, email text);\n");
unlink("$location/model/views/deep/er/names.sql") or die;
state_is($primary, 'shop', 'SELECT migrate_check()', 'MG009', qr/the database and the model differ\n.*drop view public\.names/s, 'the check sees the file');
file('script.sql.tmpl', slurp_file("$location/script.sql.tmpl") =~ s/^-- migrate:upgrade$/-- house rules\n\n-- migrate:upgrade/mr);
$script = generate('shop', 'b2');
like($script, qr/^-- house rules$/m, 'the template of the script location is used');
like($script, qr/^DROP VIEW names;\n\nALTER TABLE account\n.*^    ADD COLUMN email text;/ms, 'what is in no file any more is dropped');
is(upgrade('shop'), 'b2', 'it runs');
is(value('shop', 'SELECT migrate_check()'), 'no differences', 'and the check passes');
is(value('shop', q{SELECT string_agg(revision || ' ' || verdict, ', ' ORDER BY revision) FROM migrate_prove() WHERE revision IN ('a1', 'b2')}),
	'a1 inverse, b2 inverse', 'the history proves');
is(value('shop', q{SELECT count(revision) FROM migrate_revision('x', autogenerate => true)}), 0, 'nothing more to generate');
ok(!glob("$location/versions/*_x.sql"), 'writes no file');

note 'a pushed text and a file';
is(value('shop', q{SELECT action FROM migrate_model('model/extra.sql', 'CREATE TABLE extra (pushed integer)')}), 'added', 'both are the model');
is(value('shop', q{SELECT string_agg(identity, ' ') FROM migrate_diff() WHERE object_type = 'table'}), 'public.extra', 'of the database');
file('model/extra.sql', "CREATE TABLE extra_of_file ();\n");
is(value('shop', q{SELECT string_agg(identity, ' ') FROM migrate_diff() WHERE object_type = 'table'}), 'public.extra_of_file', 'a file hides the text of its name');
file('model/extra.sql', "CREATE TABLE extra (;\n");
state_is($primary, 'shop', 'SELECT migrate_diff()', '42601', qr{model/extra\.sql}, 'an error says in which file it is');
unlink("$location/model/extra.sql") or die;
value('shop', q{SELECT migrate_model('model/extra.sql', NULL)});

note 'two databases';
new_database('twin', $location);
upgrade('twin');
is(fingerprint('twin'), fingerprint('shop'), 'the same history, the same fingerprint');
my $document = value('shop', 'SELECT migrate_snapshot()');
is(value('twin', 'SELECT count(*) FROM migrate_diff(' . quoted($document) . q{, 'database')}), 0, 'no difference');
value('twin', 'ALTER TABLE account ADD COLUMN by_hand integer; CREATE INDEX by_hand ON account (by_hand)');
isnt(fingerprint('twin'), fingerprint('shop'), 'what is done by hand shows');
is( value('shop',
		'SELECT string_agg(operation || $$ $$ || identity, $$, $$ ORDER BY identity) FROM migrate_diff($$database$$, '
		  . quoted(value('twin', 'SELECT migrate_snapshot()')) . ')'),
	'create public.account.by_hand, create public.by_hand',
	'by name');
is(value('twin', q{SELECT count(*) FROM migrate_diff('head', 'database')}), 2, 'also against the history');
value('twin', 'ALTER TABLE account DROP COLUMN by_hand');
is(fingerprint('twin'), fingerprint('shop'), 'and goes again');

note 'a standby';
value('shop', q{SELECT migrate_model('later', 'CREATE TABLE later (id integer)')});
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
is($standby->safe_psql('shop', q{SELECT migrate_snapshot()::jsonb ->> 'fingerprint'}), fingerprint('shop'), 'its structure can be read');
is($standby->safe_psql('shop', q{SELECT count(*) FROM migrate_diff('database', } . quoted($document) . ')'), 0, 'and compared with a document');
for my $call (q{migrate_diff()}, 'migrate_check()', 'migrate_prove()', q{migrate_diff('a1', 'database')}, q{migrate_revision('x', autogenerate => true)},
	q{migrate_model('x', 'CREATE TABLE x ()')}, q{migrate_stamp('auto')})
{
	state_is($standby, 'shop', "SELECT $call", '25006', qr/cannot execute \w+\(\) during recovery/, "$call is refused");
}
value('shop', 'SELECT migrate_diff()');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('shop', q{SELECT string_agg(sql, ';') FROM migrate_diff()}) =~ /CREATE TABLE later/ ? 1 : 0, 1,
	'a model that the primary has executed is known there');
state_is($standby, 'shop', 'SELECT migrate_check()', 'MG009', qr/create table public\.later/, 'so the check answers');
$standby->stop;
value('shop', q{SELECT migrate_model('later', NULL)});

note 'dumps';
new_database('pushed');
value('pushed', q{
	SELECT migrate_model('account', 'CREATE TABLE account (id integer PRIMARY KEY, name text DEFAULT ''\\it''''s'')');
	SELECT migrate_model('b/entry', E'CREATE TABLE entry (account integer REFERENCES account);\n-- \\\\. \t\n')});
value('pushed', q{SELECT migrate_revision('first', rev_id => 'a1', autogenerate => true); SELECT migrate_upgrade('head')});
my $parts = q{SELECT string_agg(p::text, '' ORDER BY name) FROM migrate_model_part AS p};
isnt(value('pushed', 'SELECT count(*) FROM migrate_model_cache'), 0, 'what came of the model is kept');

sub copy_database
{
	my ($from, $to, @options) = @_;

	$primary->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-f', "$base/dump", @options, '-d', $primary->connstr($from) ], "dump of $from");
	$primary->safe_psql('postgres', "CREATE DATABASE $to");
	$primary->command_ok([ 'pg_restore', '-e', '-d', $primary->connstr($to), "$base/dump" ], "restored as $to");
	return;
}

copy_database('pushed', 'restored');
is(value('restored', $parts), value('pushed', $parts), 'pushed parts of the model are dumped');
is(value('restored', 'SELECT count(*) FROM migrate_model_cache'), 0, 'what came of them is not');
is(value('restored', 'SELECT migrate_check()'), 'no differences', 'the check passes there');

note 'a dump of the schema alone';
copy_database('pushed', 'schema_only', '-s');
is(rows_of($primary, 'schema_only'), '0 0 0', 'has lost the versions');
register($primary, 'schema_only', 'a1', message => 'first', up => value('pushed', q{SELECT regexp_replace(script, '.*-- migrate:upgrade\n|-- migrate:downgrade.*', '', 'g') FROM migrate_script}));
register($primary, 'schema_only', 'b2', revises => 'a1', up => 'CREATE TABLE not_yet (id integer);', down => 'DROP TABLE not_yet;');
is(value('schema_only', q{SELECT new_version FROM migrate_stamp('auto')}), 'a1', 'its revision is found');
is(upgrade('schema_only'), 'b2', 'the next upgrade goes on from there');

note 'a database made by other means';
new_database('adopted', $location);
value('adopted', q{
	CREATE TABLE invoice (id integer, account integer, total numeric(10,2));
	CREATE TABLE account (email text, id integer, name text NOT NULL);
	ALTER TABLE invoice ADD PRIMARY KEY (id);
	ALTER TABLE account ADD PRIMARY KEY (id);
	ALTER TABLE invoice ADD FOREIGN KEY (account) REFERENCES account});
is(value('adopted', q{SELECT new_version FROM migrate_stamp('auto')}), 'b2', 'is found by its structure');
is(value('adopted', 'SELECT migrate_check()'), 'no differences', 'and is what the model says');
is(value('adopted', q{SELECT old_version || coalesce(new_version, '') FROM migrate_stamp('base')}), 'b2', 'unstamped');
value('adopted', 'CREATE TABLE unknown (id integer)');
state_is($primary, 'adopted', q{SELECT migrate_stamp('auto')}, 'MG009', qr/b2.*public\.unknown/s, 'another structure: the nearest revision, and what differs');
is(value('adopted', 'SELECT count(*) FROM migrate_version'), 0, 'is not stamped');
value('adopted', 'DROP TABLE unknown, invoice, account');
is(value('adopted', q{SELECT count(*) FROM migrate_stamp('auto')}), 0, 'an empty database is at base');

note 'roles';
value('postgres', 'CREATE ROLE stranger LOGIN; CREATE ROLE deployer LOGIN');
for my $call (q{migrate_diff()}, 'migrate_check()', 'migrate_snapshot()', 'migrate_prove()', q{migrate_revision('x', autogenerate => true)},
	q{migrate_model('x', 'CREATE TABLE x ()')}, q{migrate_stamp('auto')})
{
	state_is($primary, 'pushed', "SELECT $call", '42501', qr/permission denied for function/, "$call is not for everybody", '-U', 'stranger');
}
value('pushed', q{
	GRANT EXECUTE ON FUNCTION migrate_diff, migrate_check, migrate_snapshot, migrate_model TO deployer;
	CREATE SCHEMA app AUTHORIZATION deployer;
	TRUNCATE migrate_model_cache});
is(value('pushed', q{SELECT migrate_snapshot() ~ '"name":"account"'}, '-U', 'deployer'), 't', 'who may look need not own what there is');
value('pushed', q{SELECT migrate_model('c', 'CREATE TABLE app.box (id integer)')}, '-U', 'deployer');
state_is($primary, 'pushed', 'SELECT migrate_diff()', '42501', qr/model part "c" must be trusted by role/, 'a text of a lesser role is not run for a greater one');
is(value('pushed', q{SELECT migrate_model('c', NULL)}, '-U', 'deployer'), '(c,removed)', 'it takes it back');
is(value('pushed', 'SELECT migrate_check()'), 'no differences', 'nothing has come of it');

$primary->stop;
done_testing();
