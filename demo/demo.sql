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
