# pg_cron runs an upgrade, in one transaction or in many, by a connection of its
# own or in a background worker.  A job for @reboot runs at once, others within
# a minute at best.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my ($sharedir) = run_command([ 'pg_config', '--sharedir' ]);
plan skip_all => 'pg_cron is not installed' unless -e "$sharedir/extension/pg_cron.control";

my $node = new_node('cron');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\n"
	  . "cron.host = '@{[$node->host]}'\n");
$node->restart;
$node->safe_psql('postgres', q{
	CREATE EXTENSION pg_cron;
	SELECT cron.schedule('deploy', '@reboot', 'SELECT')});

my $number = 0;
for my $workers (qw(off on))
{
	for my $command (q{SELECT migrate_upgrade('head')}, q{CALL migrate_run('head')})
	{
		my $name = "cron.use_background_workers = $workers, $command";

		$number++;
		register($node, 'postgres', "r$number", revises => $number > 1 ? 'r' . ($number - 1) : '',
			up => "CREATE TABLE t$number (i integer);\n"
			  . 'CREATE INDEX ' . ($command =~ /CALL/ ? 'CONCURRENTLY' : '') . " ON t$number (i);");
		$node->safe_psql('postgres', "TRUNCATE cron.job_run_details; UPDATE cron.job SET command = \$\$$command\$\$");
		$node->append_conf('postgresql.conf', "cron.use_background_workers = $workers\n");
		$node->restart;
		$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')})
		  or die 'the job did not run';
		is($node->safe_psql('postgres', 'SELECT status FROM cron.job_run_details'), 'succeeded', "$name: the job runs")
		  or diag($node->safe_psql('postgres', 'SELECT return_message FROM cron.job_run_details'));
		is( $node->safe_psql('postgres', qq{
				SELECT version_num, indisvalid FROM migrate_version, pg_index WHERE indrelid = to_regclass('t$number')}),
			"r$number|t", "$name: the database is migrated");
	}
}

$node->stop;
done_testing();
