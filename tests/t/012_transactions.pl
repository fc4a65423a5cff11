# Runs inside what SQL has around them: transactions, savepoints, functions,
# DO blocks, cursors, prepared statements, and all protocols of libpq.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::RealBin;

use MigrateTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('transactions');
my $files = PostgreSQL::Test::Utils::tempdir();

register($node, 'postgres', 'a1', up => 'CREATE TABLE account (id integer);', down => 'DROP TABLE account;');
register($node, 'postgres', 'b2', revises => 'a1', up => 'INSERT INTO account VALUES (1);', down => 'DELETE FROM account;');
register($node, 'postgres', 'c3', revises => 'b2', up => 'SELECT 1 / 0;');

# After the statements the database is at this revision, with so many rows in
# the ledger; then it is put back to base.
sub leaves
{
	my ($name, $version, $log, $sql) = @_;

	$node->safe_psql('postgres', $sql);
	is( $node->safe_psql('postgres', q{SELECT (SELECT version_num FROM migrate_version), (SELECT count(*) FROM migrate_log),
			to_regclass('account') IS NOT NULL}),
		"$version|$log|" . ($version eq '' ? 'f' : 't'),
		$name);
	$node->safe_psql('postgres', q{SELECT migrate_downgrade('base'); TRUNCATE migrate_log});
}

leaves('a statement', 'b2', 2, q{SELECT migrate_upgrade('b2')});
leaves('a transaction that rolls back', '', 0, q{BEGIN; SELECT migrate_upgrade('b2'); ROLLBACK});
leaves('a transaction that goes up and down', 'a1', 3,
	q{BEGIN; SELECT migrate_upgrade('b2'); SELECT migrate_downgrade('-1'); COMMIT});
leaves('a savepoint that is rolled back to', 'a1', 1,
	q{BEGIN; SELECT migrate_upgrade('a1'); SAVEPOINT s; SELECT migrate_upgrade('b2'); ROLLBACK TO s; COMMIT});
leaves('what was rolled back can be run again', 'b2', 2,
	q{BEGIN; SAVEPOINT s; SELECT migrate_upgrade('b2'); ROLLBACK TO s; SELECT migrate_upgrade('b2'); COMMIT});
leaves('DO', 'b2', 2, q{DO $$ BEGIN PERFORM migrate_upgrade('b2'); END $$});
leaves('an exception block that catches the error of a script', 'a1', 1, q{
	DO $$ BEGIN
		PERFORM migrate_upgrade('a1');
		BEGIN
			PERFORM migrate_upgrade('head');
		EXCEPTION WHEN division_by_zero THEN NULL;
		END;
	END $$});
leaves('an exception block that is undone', '', 0, q{
	DO $$ BEGIN
		PERFORM migrate_upgrade('b2');
		RAISE EXCEPTION 'enough';
	EXCEPTION WHEN raise_exception THEN NULL;
	END $$});
leaves('a function', 'b2', 2, q{
	CREATE FUNCTION pg_temp.deploy(target text) RETURNS SETOF text LANGUAGE plpgsql
	AS $$ BEGIN RETURN QUERY SELECT revision FROM migrate_upgrade(target); END $$;
	SELECT pg_temp.deploy('b2')});
leaves('a procedure that commits', 'b2', 2, q{
	CREATE PROCEDURE pg_temp.deploy() LANGUAGE plpgsql AS $$
	BEGIN PERFORM migrate_upgrade('a1'); COMMIT; PERFORM migrate_upgrade('b2'); ROLLBACK; PERFORM migrate_upgrade('b2'); END $$;
	CALL pg_temp.deploy()});
leaves('a cursor', 'b2', 2, q{BEGIN; DECLARE c CURSOR FOR SELECT * FROM migrate_upgrade('b2'); FETCH 1 FROM c; FETCH ALL FROM c; COMMIT});
leaves('a cursor that nobody reads', '', 0, q{BEGIN; DECLARE c CURSOR FOR SELECT * FROM migrate_upgrade('b2'); COMMIT});
leaves('a prepared statement, more than once', 'b2', 4, q{
	PREPARE up(text) AS SELECT count(*) FROM migrate_upgrade($1);
	EXECUTE up('b2'); EXECUTE up('b2'); SELECT migrate_downgrade('-1'); EXECUTE up('b2'); EXECUTE up('b2')});
leaves('a join with what the run made', 'b2', 2,
	q{SELECT * FROM migrate_upgrade('b2') JOIN migrate_log USING (revision)});
leaves('CREATE TABLE AS', 'b2', 2, q{CREATE TEMPORARY TABLE steps AS SELECT * FROM migrate_upgrade('b2')});
leaves('COPY', 'b2', 2, q{COPY (SELECT * FROM migrate_upgrade('b2')) TO STDOUT});
leaves('two targets in one statement', 'b2', 2, q{SELECT migrate_upgrade(t) FROM unnest('{a1,b2}'::text[]) t});

state_is($node, 'postgres', q{SELECT migrate_upgrade('head')}, '22012',
	qr/division by zero.*CONTEXT:.*upgrade of revision c3, statement 1/s, 'the error of a script');
is(rows_of($node, 'postgres'), '0 3 0', 'undoes the whole run');

note 'protocols of libpq';
put_file("$files/up.sql", "\\set revision 2\nSELECT count(*) FROM migrate_upgrade('b' || :revision);\n");
for my $protocol (qw(simple extended prepared))
{
	$node->command_ok([ 'pgbench', '-n', '-t2', '-M', $protocol, '-f', "$files/up.sql", $node->connstr('postgres') ], $protocol);
	is(rows_of($node, 'postgres'), '1 3 2', "$protocol: once");
	$node->safe_psql('postgres', q{SELECT migrate_downgrade('base'); TRUNCATE migrate_log});
}

$node->stop;
done_testing();
