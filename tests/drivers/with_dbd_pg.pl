# The checks of 008_drivers.pl with DBI: statements prepared in the server.
use strict;
use warnings;
use utf8;

eval { require DBI; require DBD::Pg; 1 } or exit 77;
binmode(STDOUT, ':encoding(UTF-8)');
utf8::decode($_) for @ARGV;
my ($first, $second, $third) = @ARGV;
my $db = DBI->connect('dbi:Pg:', undef, undef,
	{ AutoCommit => 1, RaiseError => 1, PrintError => 0, pg_server_prepare => 1 });

sub column { join(' ', @{ $db->selectcol_arrayref($_[0], undef, @_[ 1 .. $#_ ]) }) }

print 'registered ', column('SELECT path FROM migrate_register(?, ?)', $first, 'versions/a1.sql'), "\n";
print 'registered ', column('SELECT path FROM migrate_register(?)', $second), "\n";
$db->begin_work;
print 'upgraded ', column('SELECT revision FROM migrate_upgrade(?)', 'head'), "\n";
$db->rollback;
print 'rolled back ', column('SELECT count(*) FROM migrate_version'), "\n";
print 'upgraded ', column('SELECT revision FROM migrate_upgrade(?)', 'head'), "\n";
my $again = $db->prepare('SELECT count(*) FROM migrate_upgrade(?)');
print 'again ', $db->selectrow_array($again, undef, 'head'), "\n" for 1 .. 2;
eval { column('SELECT migrate_upgrade(?)', 'nowhere') };
print 'error ', $db->state, "\n";
print 'text ', column('SELECT t FROM account'), "\n";
$db->begin_work;
$db->do('DECLARE part CURSOR FOR SELECT revision FROM migrate_downgrade(?)', undef, 'base');
print 'cursor ', column('FETCH part'), ' ', column('FETCH part'), "\n";
$db->commit;
print 'left ', column('SELECT count(*) FROM migrate_version'), "\n";
print 'registered ', column('SELECT path FROM migrate_register(?)', $third), "\n";
my $run = $db->prepare('CALL migrate_run(?)');
$db->begin_work;
eval { $run->execute('head') };
print 'in a transaction ', $db->state, "\n";
$db->rollback;
$run->execute('head');
print 'run ', column(q{SELECT version_num || ' ' || indisvalid
	FROM migrate_version, pg_index WHERE indexrelid = 'account_t'::regclass}), "\n";
