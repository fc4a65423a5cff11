# Client drivers: one list of checks, in the language of each driver that is
# installed; its program is in tests/drivers.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use Test::More;

use constant NOT_INSTALLED => 77;

# What drivers may take for a parameter, a variable or the end of something.
my $text = "it's %s 100% ?, :x \$1 \\ \"\xC3\xA4\"";
my @scripts = (
	script('a1', message => 'first', up => "CREATE TABLE account AS SELECT '" . ($text =~ s/'/''/gr) . "'::text AS t;",
		down => 'DROP TABLE account;'),
	script('b2', revises => 'a1', message => 'second: %s ? :x $1'),
	script('c3', revises => 'b2', message => 'third', up => "VACUUM account;\nCREATE INDEX CONCURRENTLY account_t ON account (t);"));
my $expected = <<"END";
registered versions/a1.sql
registered versions/b2_second_s_x_1.sql
upgraded a1 b2
rolled back 0
upgraded a1 b2
again 0
again 0
error MG001
text $text
cursor b2 a1
left 0
registered versions/c3_third.sql
in a transaction MG008
run c3 true
END

my $jars = $ENV{CLASSPATH} // '/usr/share/java/postgresql.jar';
my %drivers = (
	'psycopg2' => [ 'python3', 'dbapi.py', 'psycopg2' ],
	'psycopg' => [ 'python3', 'dbapi.py', 'psycopg' ],
	'asyncpg' => [ 'python3', 'with_asyncpg.py' ],
	'DBD::Pg' => [ 'perl', 'with_dbd_pg.pl' ],
	'node-postgres' => [ 'node', 'with_node_pg.js' ],
	'JDBC' => [ 'java', '-cp', $jars, 'WithJdbc.java' ],
	'PDO' => [ 'php', 'with_pdo.php' ]);

my $node = new_node('drivers');
# not every driver knows Unix sockets
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'\n");
$node->restart;

for my $driver (sort keys %drivers)
{
  SKIP:
	{
		my ($program, @arguments) = @{ $drivers{$driver} };
		my ($stdout, $stderr) = ('', '');

		# Debian's packages of Python modules are for Debian's Python
		$program = "/usr/bin/$program" if -x "/usr/bin/$program";
		skip "$driver: there is no $program", 1 unless $program =~ m{/} || grep { -x "$_/$program" } split(/:/, $ENV{PATH});
		s{^(?=\w+\.(?:py|pl|js|php|java)$)}{$FindBin::RealBin/../drivers/} for @arguments;
		$node->safe_psql('postgres', 'TRUNCATE migrate_version, migrate_script, migrate_log; DROP TABLE IF EXISTS account');
		local @ENV{qw(PGHOST PGPORT PGDATABASE PGUSER PGOPTIONS PYTHONIOENCODING PYTHONDONTWRITEBYTECODE)} =
		  ('127.0.0.1', $node->port, 'postgres', $node->safe_psql('postgres', 'SELECT current_user'), '', 'utf-8', 1);
		IPC::Run::run [ $program, @arguments, @scripts ], '<', '/dev/null', '>', \$stdout, '2>', \$stderr,
		  IPC::Run::timeout(120);
		skip "$driver is not installed", 1 if $? >> 8 == NOT_INSTALLED;
		is($stdout, $expected, $driver) or diag($stderr);
	}
}

$node->stop;
done_testing();
