# A model is run on a shadow of the schemas: others do not notice, nothing
# remains; and the files that it is read from.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use IPC::Run ();
use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('shadow');
my $location = PostgreSQL::Test::Utils::tempdir();

sub model
{
	my ($ddl) = @_;

	return $node->safe_psql('postgres', q{SELECT action FROM migrate_model('model.sql', } . quoted($ddl) . ')');
}

# Let a session of its own run a statement, without waiting for its end.
sub in_background
{
	my ($sql) = @_;
	my ($out, $err);

	return IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $sql ], '>', \$out, '2>', \$err);
}

# Wait until somebody has a shadow.
sub wait_for_shadow
{
	$node->poll_query_until('postgres', q{
		SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'object' AND classid = 'pg_class'::regclass AND objsubid = 2 AND granted})
	  or die 'the shadow did not come';
	return;
}

sub query { return $node->safe_psql('postgres', @_) }

# What tells whether something has remained: the rows of the catalogs, and the
# files of the database.
sub traces
{
	my $catalogs = query(q{
		SELECT string_agg(format('SELECT %L, count(*), md5(string_agg(t::text, '','' ORDER BY t::text)) FROM %s AS t', oid::regclass, oid::regclass),
			' UNION ALL ' ORDER BY relname)
		FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'
			AND relname NOT IN ('pg_statistic', 'pg_class', 'pg_largeobject')});
	my $directory = $node->data_dir . '/base/' . query(q{SELECT oid FROM pg_database WHERE datname = 'postgres'});

	$node->safe_psql('postgres', 'CHECKPOINT');
	return join("\n", sort split(/\n/, query($catalogs))) . "\n"
	  . join(' ', grep { /^\d+$/ } sort(PostgreSQL::Test::Utils::slurp_dir($directory)));
}

$node->append_conf('postgresql.conf', "autovacuum = off\nmax_locks_per_transaction = 10\nmax_connections = 20\n");
$node->restart;
query(q{
	CREATE TABLE account (id serial PRIMARY KEY, name text);
	INSERT INTO account (name) SELECT 'x' FROM generate_series(1, 10);
	CREATE VIEW names AS SELECT name FROM account;
	CREATE TYPE mood AS ENUM ('sad', 'happy');
	CREATE PUBLICATION p FOR TABLE account;
});

note 'a second session';
model(q{
	CREATE TABLE account (id serial PRIMARY KEY, name varchar(20), note text);
	CREATE TYPE mood AS ENUM ('other');
	CREATE TABLE news (id integer PRIMARY KEY REFERENCES account, m mood);
	CREATE PUBLICATION p FOR TABLE news;
	DO $do$ BEGIN WHILE NOT pg_try_advisory_xact_lock(1) LOOP PERFORM pg_sleep(0.01); END LOOP; END $do$;
});
my $before = traces();
my $gate = $node->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(1)');
my $differ = in_background(q{SELECT count(*) FROM migrate_diff()});
wait_for_shadow();
my $timeout = q{SET lock_timeout = '2s';};
for my $statement (
	'SELECT * FROM account', q{INSERT INTO account (name) VALUES ('y')}, q{UPDATE account SET name = 'z'},
	q{SELECT nextval('account_id_seq')}, q{SELECT 'sad'::mood}, 'SELECT * FROM names',
	'DELETE FROM account WHERE id = 1', 'CREATE TABLE other (id integer REFERENCES account, m mood)',
	'ALTER TABLE account ADD COLUMN age integer', 'CREATE INDEX account_age ON account (age)',
	'ALTER TABLE account DROP COLUMN age', 'DROP TABLE other', 'VACUUM account', 'ANALYZE account',
	q{CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'}, 'DROP FUNCTION f()',
	'CREATE OR REPLACE VIEW names AS SELECT name FROM account', 'CREATE SCHEMA apart', 'DROP SCHEMA apart',
	'GRANT SELECT ON account TO PUBLIC', 'REVOKE SELECT ON account FROM PUBLIC', 'BEGIN; LOCK TABLE account; COMMIT',
	q{ALTER TYPE mood ADD VALUE 'calm'}, 'SELECT count(*) FROM migrate_history()',
	q{SELECT action FROM migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nCREATE TABLE a1 ();')},
	'SELECT revision FROM migrate_upgrade()')
{
	my ($result, $out, $err) = $node->psql('postgres', "$timeout $statement;");
	is($result, 0, $statement) or diag($err);
}
is(query('SELECT count(*) FROM pg_class WHERE relname = \'news\''), 0, 'it sees nothing of the shadow');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
$gate->quit;
$differ->finish or die 'the shadow failed';

note 'what remains';
query(q{DROP TABLE a1; ALTER TABLE account DROP COLUMN IF EXISTS age; TRUNCATE migrate_model_cache});
model('CREATE TABLE account (id integer); CREATE TABLE b (id integer PRIMARY KEY); CREATE MATERIALIZED VIEW m AS SELECT * FROM b');
query('SELECT count(*) FROM migrate_diff()');
query('TRUNCATE migrate_model_cache; VACUUM');
$before = traces();
my $value = query('SELECT last_value FROM account_id_seq');
for (1 .. 2)
{
	# without the row of the cache, which is the only thing that it writes
	query('BEGIN; SELECT count(*) FROM migrate_diff(); ROLLBACK');
}
model('CREATE TABLE account (id integer); CREATE TABLE b (id no_such_type)');
state_is($node, 'postgres', 'SELECT * FROM migrate_diff()', '42704', qr/no_such_type/, 'a model that fails');
is(traces(), $before, 'neither in the catalogs nor in the file system');
is(query('SELECT last_value FROM account_id_seq'), $value, 'nor in a sequence');

note 'a killed session';
model('CREATE TABLE b (id integer); DO $do$ BEGIN PERFORM pg_sleep(60); END $do$');
$differ = in_background(q{SELECT count(*) FROM migrate_diff()});
wait_for_shadow();
query(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%migrate_diff%' AND pid <> pg_backend_pid()});
$differ->finish;
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'object' AND objsubid = 2}) or die;
is(traces(), $before, 'leaves nothing either');

note 'too many locks';
model(join("\n", map { "CREATE TABLE t$_ (id integer PRIMARY KEY, t text);" } 1 .. 1000));
state_is($node, 'postgres', 'SELECT * FROM migrate_diff()', '53400', qr/too large for the lock table/, 'seen before it begins');
model(join("\n", "DO \$do\$ BEGIN FOR i IN 1..1000 LOOP EXECUTE 'CREATE TABLE t' || i || '(id integer)'; END LOOP; END \$do\$"));
my ($result, $out, $err) = $node->psql('postgres', 'SELECT * FROM migrate_diff()');
like($err, qr/out of shared memory.*Set "max_locks_per_transaction" to/s, 'or by the server');
is(query('SELECT count(*) FROM account') > 0, 1, 'and all is as before');
query('TRUNCATE migrate_model_part');

note 'files';
sub file { put_file("$location/$_[0]", $_[1]) }

sub tables
{
	return query(q{SELECT string_agg(identity, ' ' ORDER BY identity COLLATE "C") FROM migrate_diff()
		WHERE operation = 'create' AND object_type = 'table'});
}

mkdir "$location/$_" or die for ('versions', 'model', 'model/deep', 'model/.hidden');
query(q{ALTER DATABASE postgres SET migrate.script_location = } . quoted($location));
file('model/b.sql', "\xEF\xBB\xBFCREATE TABLE b (id integer REFERENCES c);");
file('model/deep/c.sql', 'CREATE TABLE c (id integer PRIMARY KEY);');
file('model/.hidden/d.sql', 'CREATE TABLE d (id integer);');
file('model/.e.sql', 'CREATE TABLE e (id integer);');
file('model/f.txt', 'CREATE TABLE f (id integer);');
file('g.sql', 'CREATE TABLE g (id integer);');
is(tables(), 'public.b public.c', 'files of the directory, at any depth');
query(q{SELECT migrate_model('pushed', 'CREATE TABLE h (id integer)'), migrate_model('model/b.sql', 'CREATE TABLE i (id integer)')});
is(tables(), 'public.b public.c public.h', 'and texts; a file hides the text of its name');
file('model/b.sql', "CREATE TABLE b (\n  id integer,\n  broken);");
state_is($node, 'postgres', 'SELECT * FROM migrate_diff()', '42601', qr{LINE 3:.*model, at model/b\.sql:3}s, 'an error says which file');
file('model/b.sql', "CREATE TABLE \xFF (id integer);");
state_is($node, 'postgres', 'SELECT * FROM migrate_diff()', '22021', qr{model/b\.sql}, 'a file that is not UTF-8');
unlink("$location/model/b.sql") or die;
symlink('/etc/passwd', "$location/model/out.sql") or die;
state_is($node, 'postgres', 'SELECT * FROM migrate_diff()', '42501', qr/leads out of the script location/, 'a link that leads out');
unlink("$location/model/out.sql") or die;
PostgreSQL::Test::Utils::system_log('rm', '-r', "$location/model");
is(tables(), 'public.h public.i', 'no directory at all');

$node->stop;
done_testing();
