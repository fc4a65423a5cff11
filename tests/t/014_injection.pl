# Whatever text an argument or a file name has, it stays a text: in the server,
# and in the scripts for psql.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use File::Find ();
use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('injection');
my $base = PostgreSQL::Test::Utils::tempdir();
my $location = "$base/location";

# pwn() leaves its trace also where its transaction is rolled back.
$node->safe_psql('postgres', 'CREATE DATABASE plain');
$node->safe_psql($_, q{
	CREATE SEQUENCE pwned;
	CREATE FUNCTION pwn() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('pwned') $$}) for qw(postgres plain);
register($node, 'postgres', 'a1', message => 'first');

my @payloads = (
	q{'; SELECT pwn(); --}, q{''; SELECT pwn(); --}, q{\\'; SELECT pwn(); --}, q{E'\\''; SELECT pwn(); --},
	q{"; SELECT pwn(); --}, q{$$; SELECT pwn(); $$}, q{$1; SELECT pwn();}, q{); SELECT pwn(); --}, q{*/ SELECT pwn(); /*},
	qq{x\nSELECT pwn();\n--}, qq{x\rSELECT pwn();\r--}, qq{x\n-- migrate:upgrade\nSELECT pwn();},
	qq{x\r-- migrate:upgrade\rSELECT pwn();}, qq{x\n-- Revises: \n-- migrate:upgrade\nSELECT pwn();}, qq{x\fSELECT pwn();},
	q{SELECT pwn();}, q{a1; SELECT pwn();}, q{\\! touch BASE/pwned}, qq{x\n\\! touch BASE/pwned\n}, q{:'pwn' :pwn},
	q{%s %I %L %(rev)s %(nothing)s}, q({{message}} ${message} ${up_revision} <%= pwn() %>), '../../pwned', '../pwned/%(rev)s', 'BASE/pwned',
	'x' x 300, "\xC3\xA4" x 100, '', ' ', ',', ':', '@', '+', '-', '+-1', 'a1+99999999999999999999', "\xE2\x80\xA8", "\xEF\xBB\xBF");
s/BASE/$base/ for @payloads;

# Every text argument but those that are a script; X is the payload.
my @names = (
	(map { "migrate_$_(X)" } qw(unregister trust export upgrade downgrade stamp upgrade_sql downgrade_sql plan show history graph)),
	q{migrate_edit(X, E'-- Revision ID: a1\n-- migrate:upgrade\n')}, q{migrate_graph('dot', X)}, 'migrate_stamp(X, true)');
my @texts = (
	q{migrate_register(E'-- Revision ID: r1\n-- Revises: a1\n-- migrate:upgrade\n', X)},
	(map { "migrate_revision($_, splice => true)" } q{X, 'a1'}, 'head => X'),
	(map { "migrate_revision('m', 'a1', true, $_ => X)" } qw(branch_label version_path rev_id depends_on)),
	q{migrate_merge('a1', X, true)}, 'migrate_merge(X)');

# What came of a call must be drawn, be a script for psql, and run.
my $follow_up = qq{
SELECT migrate_graph(), migrate_graph('dot'), migrate_graph('mermaid');
SELECT migrate_upgrade_sql('heads') \\g |(echo 'ROLLBACK; DROP TABLE IF EXISTS migrate_version;'; cat) >>$base/offline.sql
SELECT 'ran', count(*) FROM migrate_upgrade('heads');
ROLLBACK;
};

sub unharmed
{
	my ($where) = @_;
	my @strangers;

	is($node->safe_psql($_, 'SELECT is_called FROM pwned'), 'f', "$where: no text becomes a statement in database $_")
	  for qw(postgres plain);
	File::Find::find(
		{
			wanted => sub { push @strangers, $_ if -e && !m{^\Q$base\E(?:/location(?:/versions(?:/[^/]+\.sql)?)?)?\z} },
			no_chdir => 1
		},
		$base);
	is("@strangers", '', "$where: no file is where it should not be");
}

# psql runs all scripts that were made for it.
sub run_offline
{
	my ($where) = @_;
	my ($stdout, $stderr);

	IPC::Run::run([ 'psql', '-XAtq', '-f', "$base/offline.sql", '-d', $node->connstr('plain') ], '>', \$stdout, '2>', \$stderr);
	is(join('', grep { /ERROR|invalid command/ } split(/^/, $stderr)), '', "$where: psql runs what is taken");
	unlink("$base/offline.sql");
}

# Try every payload in every place.
sub attack
{
	my ($where, $follow_up, @calls) = @_;
	my ($refused, $ran, $broken) = (0, 0, '');

	for my $payload (@payloads)
	{
		my $literal = quoted($payload);
		my $sql = join('', map { "BEGIN;\n$_;$follow_up" } @calls) =~ s/\bX\b/$literal/gr;
		my ($stdout, $stderr);

		IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$sql, '>', \$stdout, '2>', \$stderr);
		$ran += () = $stdout =~ /^ran\|/mg;
		$refused += () = $stderr =~ /^ERROR:  (?!current transaction is aborted)/mg;
		$broken .= $stderr if $stderr =~ /syntax error|server closed|XX000/;
		# the files that came of this payload
		unlink(grep { !/a1\.sql$/ } glob("$location/versions/*.sql"));
	}
	is($broken, '', "$where: nothing breaks");
	cmp_ok($refused, '>', @payloads, "$where: some are refused");
	cmp_ok($ran, '>', 0, "$where: and some are taken and run");
}

attack('names', "\nSELECT 'ran', 1;\nROLLBACK;\n", map { "SELECT FROM $_" } @names);
unharmed('names');

@texts = ((map { "SELECT FROM $_" } @texts),
	map { "SET LOCAL migrate.$_ = X;\nSELECT FROM migrate_revision('m', 'a1', true)" } qw(file_template template timezone));
attack('texts', $follow_up, @texts);
run_offline('texts');
unharmed('texts');

mkdir $location or die;
mkdir "$location/versions" or die;
put_file("$location/versions/a1.sql", script('a1', message => 'first'));
$node->safe_psql('postgres', "ALTER DATABASE postgres SET migrate.script_location = '$location'");
attack('texts of files', $follow_up, grep { /\('?X|version_path|rev_id|SET/ } @texts);
run_offline('texts of files');
unharmed('texts of files');

my (@names_of_files, @refused);
push @{ /[\x00-\x1F\\]/ ? \@refused : \@names_of_files }, $_ for grep { $_ ne '' && !m{/} && length() < 200 } @payloads;
for my $name (@refused)
{
	put_file("$location/versions/$name.sql", script('f'));
	state_is($node, 'postgres', 'SELECT migrate_load()', '22021', qr/name of a revision script is not valid/,
		'names of files: no control characters');
	unlink("$location/versions/$name.sql") or die;
}
put_file("$location/versions/$names_of_files[$_].sql", script("f$_", revises => 'a1')) for 0 .. $#names_of_files;
my $ran = $node->safe_psql('postgres', "BEGIN; $follow_up");
like($ran, qr/^ran\|@{[1 + @names_of_files]}$/m, 'names of files: all run');
run_offline('names of files');
unharmed('names of files');

# A statement that got out would have been noticed.
register($node, 'postgres', 'b2', revises => 'a1', up => 'SELECT pwn();');
$node->safe_psql('postgres', "BEGIN; $follow_up");
run_offline('the trap');
is($node->safe_psql($_, 'SELECT is_called FROM pwned'), 't', "the trap works in database $_") for qw(postgres plain);

$node->stop;
done_testing();
