# The script location: what becomes of its files, and what is no script.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('location');
my $base = PostgreSQL::Test::Utils::tempdir();
my $number = 0;
my $location;

# Begin with an empty store and an empty script location.
sub fresh
{
	my ($what, @directories) = @_;

	note $what;
	$location = "$base/" . ++$number;
	mkdir $location or die;
	mkdir "$location/$_" or die for @directories ? @directories : ('versions');
	$node->safe_psql('postgres', q{
		TRUNCATE migrate_version, migrate_script, migrate_log RESTART IDENTITY;
		DROP TABLE IF EXISTS account;
		ALTER DATABASE postgres SET migrate.script_location = } . quoted($location));
}

# What migrate_load() says: "revision action" of each file.
sub load
{
	my ($arguments) = @_;

	$arguments //= '';
	return $node->safe_psql('postgres',
		qq{SELECT string_agg(revision || ' ' || action, ', ' ORDER BY revision COLLATE "C") FROM migrate_load($arguments)});
}

sub refused
{
	my ($sqlstate, $pattern, $name) = @_;

	state_is($node, 'postgres', 'SELECT migrate_load()', $sqlstate, $pattern, $name);
	state_is($node, 'postgres', q{SELECT migrate_upgrade('head')}, $sqlstate, $pattern, "$name: so does an upgrade");
}

sub history
{
	return $node->safe_psql('postgres', q{SELECT string_agg(revision, ' ') FROM migrate_history()});
}

# Which paths are known.
sub paths
{
	return $node->safe_psql('postgres', q{SELECT string_agg(path, ' ' ORDER BY path COLLATE "C") FROM migrate_script});
}

sub file { put_file("$location/$_[0]", $_[1]) }

my @account = ('a1', up => 'CREATE TABLE account (id integer);', down => 'DROP TABLE account;');

fresh('files that come, change, move and go');
file('versions/a1.sql', script(@account));
file('versions/b2.sql', script('b2', revises => 'a1'));
is(load(), 'a1 added, b2 added', 'new files');
is(load(), 'a1 unchanged, b2 unchanged', 'the same files');
utime(1, 1, "$location/versions/a1.sql") or die;
is(load(), 'a1 unchanged, b2 unchanged', 'a touched file');
file('versions/b2.sql', script('b2', revises => 'a1', up => 'SELECT 2;'));
is(load(), 'a1 unchanged, b2 replaced', 'a changed file');
my @stat = stat("$location/versions/b2.sql");
file('versions/b2.sql', script('b2', revises => 'a1', up => 'SELECT 3;'));
utime(@stat[ 8, 9 ], "$location/versions/b2.sql") or die;
is(load(), 'a1 unchanged, b2 replaced', 'a changed file of the same size and time');
rename("$location/versions/b2.sql", "$location/versions/renamed.sql") or die;
is(load(), 'a1 unchanged, b2 cosmetic', 'a renamed file');
is(paths(), 'versions/a1.sql versions/renamed.sql', 'its path is the new one');
unlink("$location/versions/renamed.sql") or die;
is(history(), 'a1', 'a vanished file is not looked at');
is(load(), 'a1 unchanged, b2 removed', 'a vanished file');
file('versions/a1.sql', script('b2'));
is(load(), 'a1 removed, b2 added', 'another revision in the same file');

fresh('a command loads by itself');
file('versions/a1.sql', script(@account));
is(history(), 'a1', 'history shows what is not loaded');
is($node->safe_psql('postgres', 'SELECT count(*) FROM migrate_script'), 0, 'and does not load it');
is($node->safe_psql('postgres', q{SELECT revision FROM migrate_upgrade('head')}), 'a1', 'upgrade does');

fresh('files of applied revisions');
file('versions/a1.sql', script(@account));
$node->safe_psql('postgres', q{SELECT migrate_upgrade('head')});
file('versions/a1.sql', "-- reworded\n--\n" . script(@account) =~ s/CREATE TABLE/create\n\ttable/r);
is(load(), 'a1 cosmetic', 'blanks, comments and case are cosmetic');
file('versions/a1.sql', script('a1', up => 'CREATE TABLE other (id integer);', down => 'DROP TABLE other;'));
refused('MG003', qr/a1 was changed, but the revision is applied/, 'other statements');
like($node->safe_psql('postgres', q{SELECT script FROM migrate_show('a1')}), qr/table account/,
	'the store has what was run');
is(load('accept_changes => true'), 'a1 replaced', 'until somebody accepts them');
is(load(), 'a1 unchanged', 'once');
file('versions/a1.sql', script(@account));
is(load('accept_changes => true'), 'a1 replaced', 'and back');
unlink("$location/versions/a1.sql") or die;
is(load(), 'a1 unchanged', 'a vanished file leaves the script');
is($node->safe_psql('postgres', q{SELECT revision FROM migrate_downgrade('-1')}), 'a1', 'which is needed to downgrade');
is(load(), 'a1 removed', 'and then goes');

fresh('two files with one id');
file('versions/a1.sql', script('a1'));
file('versions/copy.sql', script('a1', message => 'copy'));
refused('MG006', qr/"a1" is used twice.*versions\/a1\.sql.*versions\/copy\.sql/s, 'both new');
unlink("$location/versions/copy.sql") or die;
load();
file('versions/copy.sql', script('a1', message => 'copy'));
refused('MG006', qr/"a1" is used twice.*versions\/a1\.sql.*versions\/copy\.sql/s, 'one known');

fresh('a broken graph changes nothing');
file('versions/a1.sql', script('a1'));
load();
file('versions/b2.sql', script('b2', revises => 'a1'));
file('versions/c3.sql', script('c3', revises => 'nowhere'));
refused('MG006', qr/nowhere/, 'a missing parent');
is($node->safe_psql('postgres', 'SELECT string_agg(revision, $$ $$) FROM migrate_script'), 'a1',
	'no other file was loaded, either');

fresh('bytes');
file('versions/a1.sql', "\xEF\xBB\xBF" . script(@account));
is(load(), 'a1 added', 'a byte-order mark is no part of the script');
unlike($node->safe_psql('postgres', q{SELECT script FROM migrate_show('a1')}), qr/\xEF\xBB\xBF/, 'nor stored');
file('versions/a1.sql', script(@account) =~ s/\n/\r\n/gr);
is($node->safe_psql('postgres', q{SELECT revision FROM migrate_upgrade('head')}), 'a1', 'CRLF');
is($node->safe_psql('postgres', q{SELECT count(*) FROM account}), 0, 'runs');
file('versions/a1.sql', script(@account));
is(load(), 'a1 cosmetic', 'line ends are cosmetic');
file('versions/b2.sql', script('b2', revises => 'a1', up => "COMMENT ON TABLE account IS 'gr\xC3\xBC\xC3\x9F \xE2\x82\xAC';"));
is($node->safe_psql('postgres', q{SELECT migrate_upgrade('head') IS NOT NULL;
	SELECT obj_description('account'::regclass) = U&'gr\00fc\00df \20ac'}), "t\nt", 'UTF-8');
file('versions/c3.sql', script('c3', revises => 'b2', message => "gr\xFC\xDF"));
refused('22021', qr/versions\/c3\.sql" is not valid UTF-8/, 'another encoding');
file('versions/c3.sql', script('c3', revises => 'b2', up => "SELECT '\0';"));
refused('22021', qr/versions\/c3\.sql" is not valid UTF-8/, 'a null byte');
unlink("$location/versions/c3.sql") or die;
file("versions/c\xFF.sql", script('c3', revises => 'b2'));
refused('22021', qr/name of a revision script is not valid in encoding "UTF8"/, 'a file name in another encoding');
unlink("$location/versions/c\xFF.sql") or die;
file('versions/c3.sql', '');
refused('MG005', qr/versions\/c3\.sql/, 'an empty file');
file('versions/c3.sql', "\xEF\xBB\xBF");
refused('MG005', qr/versions\/c3\.sql/, 'a byte-order mark alone');
file('versions/c3.sql', "SELECT 1;\n");
refused('MG005', qr/versions\/c3\.sql/, 'a file that is no revision script');

fresh('a file of 50 MB');
file('versions/a1.sql',
	script('a1', up => "CREATE TABLE account AS SELECT length('" . ('x' x (50 << 20)) . "') AS bytes;",
		down => 'DROP TABLE account;'));
is($node->safe_psql('postgres', q{SELECT revision FROM migrate_upgrade('head')}), 'a1', 'runs');
is($node->safe_psql('postgres', q{SELECT bytes FROM account}), 50 << 20, 'all of it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM migrate_upgrade('head')}), 0, 'once');

fresh('what cannot be read');
file('versions/a1.sql', script('a1'));
chmod(0, "$location/versions/a1.sql") or die;
refused('42501', qr/could not open revision script "versions\/a1\.sql": Permission denied/, 'an unreadable file');
chmod(0600, "$location/versions/a1.sql") or die;
chmod(0, "$location/versions") or die;
refused('42501', qr/could not open directory .*Permission denied/, 'an unreadable directory');
chmod(0700, "$location/versions") or die;
is(load(), 'a1 added', 'readable again');
$node->safe_psql('postgres', "ALTER DATABASE postgres SET migrate.script_location = '$location/none'");
refused('58P01', qr/could not open directory "[^"]*none".*No such file/, 'no such directory');
$node->safe_psql('postgres', "ALTER DATABASE postgres RESET migrate.script_location");
state_is($node, 'postgres', 'SELECT migrate_load()', '55000', qr/no script location is set/, 'no script location');
state_is($node, 'postgres', q{SELECT migrate_heads(); SET migrate.script_location = 'relative'}, '22023', qr/must be an absolute path/,
	'a relative script location');

fresh('symbolic links', 'versions', 'shared');
file('shared/a1.sql', script('a1'));
put_file("$base/outside.sql", script('secret'));
symlink('../shared/a1.sql', "$location/versions/a1.sql") or die;
is(load(), 'a1 added', 'a link inside');
file('shared/a1.sql', script('a1', up => 'SELECT 2;'));
is(load(), 'a1 replaced', 'is followed to what it leads to');
symlink("$base/outside.sql", "$location/versions/b2.sql") or die;
refused('42501', qr/"versions\/b2\.sql" leads out of the script location/, 'a link out of it');
unlink("$location/versions/b2.sql") or die;
symlink("$location/nowhere", "$location/versions/b2.sql") or die;
refused('58P01', qr/could not follow symbolic link "[^"]*b2\.sql"/, 'a link to nowhere');
unlink("$location/versions/b2.sql") or die;
symlink('b2.sql', "$location/versions/b2.sql") or die;
refused('58P01', qr/could not follow symbolic link "[^"]*b2\.sql"/, 'a link to itself');
unlink("$location/versions/b2.sql") or die;
symlink("$base", "$location/out") or die;
state_is($node, 'postgres', q{SET migrate.version_locations = 'versions, out'; SELECT migrate_load()}, '42501',
	qr/"out" leads out/, 'a version location that is a link out of it');
state_is($node, 'postgres', q{SET migrate.version_locations = '../1/versions'; SELECT migrate_load()}, '42501',
	qr/leads out/, 'a version location that climbs');
state_is($node, 'postgres', qq{SET migrate.version_locations = '$base'; SELECT migrate_load()}, '42501',
	qr/leads out/, 'a version location elsewhere');
state_is($node, 'postgres',
	q{SET migrate.version_locations = 'versions, out/made/new'; SELECT migrate_revision('x', head => 'base', splice => true, version_path => 'out/made/new')},
	'42501', qr/leads out/, 'a new version location behind a link');
ok(!-e "$base/made", 'nothing was made there');
state_is($node, 'postgres', qq{SET migrate.template = '../outside.sql'; SELECT migrate_revision('x')}, '42501',
	qr/leads out/, 'a template elsewhere');
symlink($location, "$base/link") or die;
$node->safe_psql('postgres', "ALTER DATABASE postgres SET migrate.script_location = '$base/link'");
is(load(), 'a1 unchanged', 'the script location itself may be a link');

fresh('what is no script', 'versions', 'versions/sub', 'versions/.hidden', 'versions/named.sql');
file("versions/$_", 'no script') for '.a1.sql', 'a1.sql~', 'a1.sql.bak', 'README', '.sql', 'a1.SQL';
file("versions/.hidden/x.sql", 'no script');
file('versions/sub/b2.sql', script('b2', revises => 'a1'));
file('versions/a1.sql', script('a1'));
is(load(), 'a1 added', 'only NAME.sql in the version location is');
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET migrate.recursive_version_locations = on');
is(load(), 'a1 unchanged, b2 added', 'with recursive_version_locations also below it');
is(paths(), 'versions/a1.sql versions/sub/b2.sql', 'by its whole path');
$node->safe_psql('postgres', 'ALTER DATABASE postgres RESET migrate.recursive_version_locations');

fresh('several version locations', 'z', 'b', 'versions');
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET migrate.version_locations = 'z, b'});
file('b/a1.sql', script('a1'));
file('z/b2.sql', script('b2'));
file('versions/c3.sql', script('c3'));
is(load(), 'a1 added, b2 added', 'all of them, and no other');
is($node->safe_psql('postgres', q{SELECT string_agg(revision, ' ') FROM migrate_export()}), 'b2 a1',
	'their order is the load order');
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET migrate.version_locations = 'b, z'});
is($node->safe_psql('postgres', q{SELECT string_agg(revision, ' ') FROM migrate_export()}), 'a1 b2',
	'whichever it is');
is($node->safe_psql('postgres', q{SELECT path FROM migrate_revision('x', head => 'b2', rev_id => 'd4')}), 'z/d4_x.sql',
	'a new revision is written beside its parent');
state_is($node, 'postgres', q{SELECT migrate_revision('x', head => 'base')}, '22023', qr/several version locations/,
	'a new base must say where');
is($node->safe_psql('postgres', q{SELECT path FROM migrate_revision('x', head => 'base', version_path => 'b', rev_id => 'e5')}),
	'b/e5_x.sql', 'and then is there');
$node->safe_psql('postgres', q{ALTER DATABASE postgres RESET migrate.version_locations});

note 'a new script location';
$location = "$base/new";
$node->safe_psql('postgres', "ALTER DATABASE postgres SET migrate.script_location = '$location'");
is($node->safe_psql('postgres', 'SELECT migrate_init()'), "versions/\nmodel/\nscript.sql.tmpl\nREADME",
	'migrate_init() lays it out');
ok(-d "$location/versions" && -d "$location/model" && -s "$location/README", 'as it says');
is(sprintf('%o', (stat "$location/versions")[2] & oct 7777), '755', 'where others may read');
state_is($node, 'postgres', 'SELECT migrate_init()', '55000', qr/is not empty/, 'but only where nothing is');
$node->safe_psql('postgres', 'TRUNCATE migrate_script, migrate_version');

note 'authoring';
my $row = $node->safe_psql('postgres',
	q{SELECT path FROM migrate_revision('Create the "Account" table; it''s new', rev_id => 'a1')});
is($row, 'versions/a1_create_the_account_table_it_s_new.sql', 'a revision is a file');
my $text = slurp_file("$location/$row");
like($text, qr/\A-- Create the "Account" table; it's new\n.*^-- Revision ID: a1$/ms, 'with a header');
is($node->safe_psql('postgres', q{SELECT script FROM migrate_show('a1')}), $text, 'which the store has, too');
is(load(), 'a1 unchanged', 'without being loaded');
my @left = grep { !/^\.\.?$|^a1/ } do { opendir(my $d, "$location/versions") or die; readdir($d) };
is("@left", '', 'no other file is left');
is(sprintf('%o', (stat "$location/$row")[2] & oct 7777), '644', 'others may read it');
state_is($node, 'postgres', q{SELECT migrate_revision('x', rev_id => 'a1')}, 'MG006', qr/"a1" is taken/, 'an id that is taken');
$node->safe_psql('postgres', q{SELECT migrate_edit('a1', } . quoted(script(@account)) . ')');
is(slurp_file("$location/$row"), script(@account), 'migrate_edit() writes the file');
$node->safe_psql('postgres', q{SELECT migrate_upgrade('head')});
state_is($node, 'postgres', q{SELECT migrate_edit('a1', } . quoted(script(@account)) . ')', 'MG003', qr/applied/,
	'but not of what is applied');
is( $node->safe_psql('postgres',
		q{SET migrate.file_template = '%(year)d-%(rev)s-%(slug)s'; SET migrate.truncate_slug_length = 8;
		SELECT path ~ '^versions/\d{4}-b2-a_long_\.sql$' FROM migrate_revision('a long message', rev_id => 'b2')}),
	't',
	'file_template and truncate_slug_length');
file('script.sql.tmpl', slurp_file("$location/script.sql.tmpl") . "-- house rules\n");
$node->safe_psql('postgres', q{SELECT migrate_revision('x', rev_id => 'c3')});
like(slurp_file("$location/versions/c3_x.sql"), qr/^-- house rules$/m, 'the template of the script location');
file('other.tmpl', slurp_file("$location/script.sql.tmpl") =~ s/house/other/r);
$node->safe_psql('postgres', q{SET migrate.template = 'other.tmpl'; SELECT migrate_revision('x', rev_id => 'd4')});
like(slurp_file("$location/versions/d4_x.sql"), qr/^-- other rules$/m, 'another template');
file('other.tmpl', "-- migrate:upgrade\n");
state_is($node, 'postgres', q{SET migrate.template = 'other.tmpl'; SELECT migrate_revision('x', rev_id => 'e5')}, 'MG005',
	qr/./, 'a template that makes no script');
ok(!-e "$location/versions/e5_x.sql", 'writes none');
chmod(0500, "$location/versions") or die;
state_is($node, 'postgres', q{SELECT migrate_revision('x', rev_id => 'f6')}, '42501', qr/could not write file/,
	'a directory that cannot be written');
chmod(0700, "$location/versions") or die;
$node->safe_psql('postgres', q{SELECT migrate_merge('heads', 'x') FROM migrate_revision('y', rev_id => 'g7', head => 'c3', splice => true)});
is($node->safe_psql('postgres', q{SELECT count(*) FROM migrate_heads()}), 1, 'a merge is a file, too');

note 'databases with other encodings';
$node->safe_psql('postgres', "CREATE DATABASE $_ ENCODING '$_' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0") for qw(latin1 sql_ascii);
for my $database (qw(latin1 sql_ascii))
{
	fresh($database);
	file('versions/a1.sql',
		"\xEF\xBB\xBF" . script('a1', message => "gr\xC3\xBC\xC3\x9F", up => "CREATE TABLE account AS SELECT 'gr\xC3\xBC\xC3\x9F'::text AS t;"));
	$node->safe_psql($database, "CREATE EXTENSION migrate; ALTER DATABASE $database SET migrate.script_location = '$location'");
	$node->safe_psql($database, q{SELECT migrate_upgrade('head')});
	is($node->safe_psql($database, 'SELECT octet_length(t) FROM account'), $database eq 'latin1' ? 4 : 6,
		'the script is in the encoding of the database');
	$node->safe_psql($database, q{SET client_encoding = 'UTF8'; SELECT migrate_revision(E'\u00e4', rev_id => 'b2')}) if $database eq 'latin1';
	like(slurp_file((glob("$location/versions/b2*.sql"))[0]), qr/\A-- \xC3\xA4$/m, 'and its file in UTF-8') if $database eq 'latin1';
}
file('versions/c3.sql', script('c3', message => "\xE2\x82\xAC"));
$node->safe_psql('latin1', "ALTER DATABASE latin1 SET migrate.script_location = '$location'");
state_is($node, 'latin1', 'SELECT migrate_load()', '22P05', qr/has no equivalent/, 'a character that the encoding lacks');

$node->stop;
done_testing();
