-- What ./demo.sh shows.  Every line is echoed, so comments speak to the reader.

-- Migrations are a matter of the server: an extension, and a directory with
-- one SQL file per revision, which only a superuser can name.
CREATE EXTENSION migrate;
ALTER DATABASE shop SET migrate.script_location = '@location@';
\connect

-- The history of a small shop: accounts and products first, then two teams work
-- at the same time, on billing and on shipping, and a merge joins their branches.
SELECT * FROM migrate_graph();

-- Bring the empty database to the newest revision.  It is one transaction: all
-- revisions or none.
SELECT * FROM migrate_upgrade('head');

-- Where is this database?
SELECT revision, message, is_head, applied_at FROM migrate_current();

-- The tables are there, and the rows that came with a revision.
INSERT INTO account (email, full_name) VALUES ('ada@example.org', 'Ada');
SELECT * FROM account_overview;
SELECT * FROM product;

-- The history, newest first.
SELECT revision, down_revision, branch_labels, message, is_applied FROM migrate_history();

-- One step back ...
SELECT * FROM migrate_downgrade('-1');

-- ... and back to where the branches began; an id may be shortened.
SELECT * FROM migrate_downgrade('2f8b');

-- Forward again on one branch alone: shipping is left for later.
SELECT * FROM migrate_upgrade('5e61');
SELECT * FROM migrate_graph();

-- And everything that is still missing.
SELECT * FROM migrate_upgrade('head');

-- Now the other way round: model/*.sql says what the tables shall be.  What
-- differs from that?  A column has another name, invoices have a new state, a
-- larger total and an index; views and functions over them have to make way.
SELECT operation, object_type, identity FROM migrate_diff('database', 'model');

-- Write the revision.  Both directions are executed and compared, on empty
-- schemas that nobody else sees, before it is handed over.
SELECT script FROM migrate_revision('invoices can be reminded', autogenerate => true) \gx

-- Run it; then there is nothing left to do.
SELECT * FROM migrate_upgrade('head');
SELECT migrate_check();
SELECT * FROM account_overview;

-- Does every downgrade of the history undo its upgrade?
SELECT * FROM migrate_prove();

-- Production: this index is built without locking out writers, which no
-- transaction can do, and a query must be true before the run goes on.
SELECT revision AS newest FROM migrate_heads() \gset
SELECT action FROM migrate_register(format($script$-- find invoices by state
--
-- Revision ID: c0ffee5eed42
-- Revises: %s

-- migrate:upgrade
CREATE INDEX CONCURRENTLY invoice_state_idx ON invoice (state);
-- migrate:assert
SELECT indisvalid FROM pg_index WHERE indexrelid = 'invoice_state_idx'::regclass;

-- migrate:downgrade
DROP INDEX CONCURRENTLY invoice_state_idx;
$script$, :'newest'));

-- A production run commits revision by revision, never queues the site behind
-- a lock, and goes on where it was interrupted.
CALL migrate_run('head');
SELECT run, revision, statement, line, duration, wal_bytes FROM migrate_log_statement WHERE revision = 'c0ffee5eed42';

-- Many rows are changed in batches, each committed by itself.
CREATE TABLE visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text, normalized text);
INSERT INTO visit (page) SELECT '/Page/' || g % 1000 FROM generate_series(1, 50000) g;
CALL migrate_backfill('visit', 'UPDATE visit SET normalized = lower(page) WHERE normalized IS NULL');

-- Tenants: the same history for each schema, in parallel, the first one as a
-- canary; detached, so that it would survive this session.
SELECT format('CREATE SCHEMA tenant_%s', n) FROM generate_series(1, 20) n \gexec
CALL migrate_run('4d92', detach => true, schemas => 'tenant_%', jobs => 2, canary => 1) \gset
CALL migrate_wait(:run);
SELECT status, pending, count(*) FROM migrate_status('tenant_%') GROUP BY 1, 2;
