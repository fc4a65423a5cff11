# A long history gives, by the extension, by its offline scripts and by psql
# alone, the same schema and the same rows; and the converter that brings in
# other tools' histories does what it says.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tests = "$FindBin::RealBin/..";

# difflib is not in Debian's minimal Python
plan skip_all => 'needs python3'
  if system_log('python3', '-c', 'import difflib, argparse, unittest') != 0;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;

command_checks_all(
	[
		'python3', "$tests/history.py", "$tests/data/shop/versions", 'compare'
	],
	0,
	[
		qr/^upgrade by the extension: \d+ revisions, \d+ statements, the schema and the rows of psql$/m,
		qr/^downgrade by the extension: \d+ revisions, \d+ statements, nothing left$/m,
		qr/^upgrade again by the extension, one revision at a time: the same$/m,
		qr/^upgrade by the offline script, run by psql: the same$/m,
		qr/^downgrade by the offline script, run by psql: nothing left$/m
	],
	[],
	'shop');

is(system_log('python3', "$tests/convert/updown_test.py"), 0, 'converter');

$node->stop;
done_testing();
