# What the TAP tests have in common.
#
# Servers find the extension by TEMP_CONFIG, which PostgreSQL::Test::Cluster
# appends to the configuration of every node (tests/run sets it).
package MigrateTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node script quoted register state_is start_query send_query wait_for_query
  contents rows_of put_file dump_schema);

# A running server with the extension in its database postgres.
sub new_node
{
	my ($name, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%params);
	# twenty callers, and notices of runs are not what the tests look at
	$node->append_conf('postgresql.conf', "max_connections = 50\nclient_min_messages = warning\n");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION migrate');
	return $node;
}

# The text of a revision script.
sub script
{
	my ($id, %parts) = @_;
	my $text = '';

	$text .= "-- $parts{message}\n--\n" if defined $parts{message};
	$text .= "-- Revision ID: $id\n";
	$text .= "-- Revises: $parts{revises}\n" if defined $parts{revises};
	$text .= "-- migrate:upgrade\n" . ($parts{up} // 'SELECT;') . "\n";
	$text .= "-- migrate:downgrade\n" . ($parts{down} // '') . "\n" unless $parts{irreversible};
	return $text;
}

# A text as an SQL literal.
sub quoted
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	$text =~ s/\\/\\\\/g;
	return "E'$text'";
}

# Register a script; the arguments are those of script().
sub register
{
	my ($node, $database, @arguments) = @_;

	return $node->safe_psql($database, 'SELECT action FROM migrate_register(' . quoted(script(@arguments)) . ')');
}

# Statements fail with this SQLSTATE, and say so in words that match.  Options
# of psql may follow.
sub state_is
{
	my ($node, $database, $sql, $sqlstate, $pattern, $name, @options) = @_;
	my ($status, $stdout, $stderr) =
	  $node->psql($database, $sql, extra_params => [ '-v', 'VERBOSITY=verbose', @options ]);

	return ok($status != 0 && $stderr =~ /ERROR:  \Q$sqlstate\E: / && $stderr =~ $pattern, $name)
	  || diag("SQLSTATE $sqlstate and $pattern were expected, but psql returned $status:\n$stdout$stderr");
}

# Let a background psql run a statement, without waiting for its end;
# wait_for_query() does that.
sub start_query
{
	my ($psql, $sql) = @_;

	$psql->{migrate_output} = $psql->query_until(qr/called/, "\\echo called\n$sql;\n\\echo returned\n");
	return;
}

# The same; returns when the statement has ended, or waits for a lock.
my $sent = 0;
sub send_query
{
	my ($node, $psql, $sql) = @_;

	$sent++;
	start_query($psql, "$sql /* sent $sent */");
	$node->poll_query_until('postgres', qq{
		SELECT count(*) = 1 FROM pg_stat_activity
		WHERE query LIKE '%/* sent $sent */%' AND pid <> pg_backend_pid()
			AND (state LIKE 'idle%' OR wait_event_type = 'Lock')})
	  or die "neither ended nor waits: $sql";
	return;
}

sub wait_for_query
{
	my ($psql) = @_;

	# what came together with the first line is not seen again
	$psql->query_until(qr/returned/, '') unless $psql->{migrate_output} =~ /returned/;
	return;
}

# All that the extension keeps in a database, as text.
sub contents
{
	my ($node, $database, $schema) = @_;

	$schema //= 'public';
	return $node->safe_psql($database, qq{
		SELECT 'version', v FROM $schema.migrate_version v ORDER BY 2::text;
		SELECT 'script', s FROM $schema.migrate_script s ORDER BY revision COLLATE "C";
		SELECT 'log', l FROM $schema.migrate_log l ORDER BY id;
		SELECT 'statements', d FROM $schema.migrate_log_detail d ORDER BY id;
		SELECT 'unfinished', u FROM $schema.migrate_unfinished u ORDER BY revision;
		SELECT 'next', last_value, is_called FROM $schema.migrate_log_id_seq;
		SELECT 'next statements', last_value, is_called FROM $schema.migrate_log_detail_id_seq;
		SELECT 'next run', last_value, is_called FROM $schema.migrate_run_seq});
}

# How many rows the extension's tables have: versions, scripts, ledger.
sub rows_of
{
	my ($node, $database) = @_;

	return $node->safe_psql($database, q{
		SELECT (SELECT count(*) FROM migrate_version) || ' ' || (SELECT count(*) FROM migrate_script) || ' ' ||
			(SELECT count(*) FROM migrate_log)});
}

# Write a file, as bytes.
sub put_file
{
	my ($path, $bytes) = @_;

	open(my $file, '>:raw', $path) or die "could not write $path: $!";
	print $file $bytes;
	close($file) or die "could not write $path: $!";
	return;
}

# pg_dump -s of all that is not the extension's, nor a version table's.
sub dump_schema
{
	my ($node, $database, @options) = @_;
	my ($dump, $stderr);

	IPC::Run::run [ 'pg_dump', '-s', '--no-sync', @options, '-d', $node->connstr($database) ],
	  '>', \$dump, '2>', \$stderr
	  or die "pg_dump failed: $stderr";
	my @entries = split(/^--\n(?=-- (?:Name: |PostgreSQL database dump complete))/m, $dump);
	@entries = grep { !/^-- Name: (?:EXTENSION )?migrate(?:_version(?: migrate_version_pkey)?)?; / } @entries;
	my $rest = join("--\n", @entries);
	# random words of newer versions of pg_dump
	$rest =~ s/^\\(?:un)?restrict .*\n//mg;
	# these stand before the first table, also one that is left out here
	$rest =~ s/^SET default_\w+ = .*\n\n?//mg;
	return $rest;
}

1;
