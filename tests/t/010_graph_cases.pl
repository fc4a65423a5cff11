# The SQL functions do what Alembic does: every recorded case, a graph of
# revisions with a command on it, is played through them.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tests = "$FindBin::RealBin/..";

plan skip_all => 'needs python3'
  if system_log('python3', '-c', 'import json, subprocess') != 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;

my ($output, $errors) = run_command([ 'python3', "$tests/sql_graph.py", "$tests/data/graph_cases.json" ]);
my @lines = split /\n/, $output;
note $_ for @lines;
diag $errors if $errors;

# A line per command, as in "upgrade: 60 same, 7 excused"; what differs is
# printed before them.
my %seen;
for my $line (grep { /^[a-z_ ]+: (?:\d+ [a-zA-Z ]+(?:, )?)+$/ } @lines)
{
	my ($command) = $line =~ /^([a-z_ ]+):/;
	$seen{$command} = 1;
	unlike($line, qr/DIFFERENT/, $line);
}
ok($seen{$_}, "$_ was compared")
  for (
	'upgrade', 'upgrade sql', 'downgrade', 'downgrade sql', 'stamp', 'resolve', 'show', 'history', 'heads',
	'branches', 'current', 'check_heads', 'graph', 'revision', 'merge');
like($lines[-1], qr/^300 cases: \d+ the same, \d+ documented differences, \d+ without a function, 0 different$/,
	'all cases');
is_deeply([ grep { /DIFFERENT/ } @lines ], [], 'no case is different') or diag join "\n", @lines;

# What a server says when resources are lost, or worse.
unlike(slurp_file($node->logfile), qr/WARNING:.*(?:leak|not closed|snapshot)|PANIC|TRAP|terminated by signal/,
	'nothing is left behind');

$node->stop;
done_testing();
