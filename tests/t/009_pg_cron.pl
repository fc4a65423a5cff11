# pg_cron runs an upgrade, by a connection of its own or in a background
# worker.  A job for @reboot runs at once, others within a minute at best.
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
	SELECT cron.schedule('deploy', '@reboot', $$SELECT migrate_upgrade('head')$$)});

my $number = 0;
for my $workers (qw(off on))
{
	$number++;
	register($node, 'postgres', "r$number", revises => $number > 1 ? 'r' . ($number - 1) : '', up => "CREATE TABLE t$number ();");
	$node->safe_psql('postgres', 'TRUNCATE cron.job_run_details');
	$node->append_conf('postgresql.conf', "cron.use_background_workers = $workers\n");
	$node->restart;
	$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')})
	  or die 'the job did not run';
	is($node->safe_psql('postgres', 'SELECT status FROM cron.job_run_details'), 'succeeded', "cron.use_background_workers = $workers: the job runs")
	  or diag($node->safe_psql('postgres', 'SELECT return_message FROM cron.job_run_details'));
	is($node->safe_psql('postgres', "SELECT version_num, to_regclass('t$number') FROM migrate_version"), "r$number|t$number",
		'and has migrated the database');
}

$node->stop;
done_testing();
