/* migrate 0.1.0 */

\echo Use "CREATE EXTENSION migrate" to load this file. \quit

-- Every name is qualified, and nothing is CREATE OR REPLACE: an object that
-- somebody planted in the schema must make the installation fail.

-- ---------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------

-- The current heads: one row per newest applied revision.  The ordinary
-- lineage of the database has schema_name ''.
CREATE TABLE @extschema@.migrate_version (
	schema_name name NOT NULL DEFAULT '',
	version_num text NOT NULL,
	PRIMARY KEY (schema_name, version_num)
);

-- The script store: the text of every known revision script.
CREATE TABLE @extschema@.migrate_script (
	revision text NOT NULL PRIMARY KEY,
	path text NOT NULL,
	down_revision text[] NOT NULL,
	depends_on text[] NOT NULL,
	branch_labels text[] NOT NULL,
	message text NOT NULL,
	create_date text,
	script text NOT NULL,
	checksum text NOT NULL,
	-- size, times and inode of the file that it was read from; NULL: pushed
	file_stamp text,
	-- the role whose word it is that this script may run; NULL: a file in
	-- the script location, which only a superuser can set
	registered_by name,
	registered_at timestamp with time zone NOT NULL
);
CREATE INDEX migrate_script_path_idx ON @extschema@.migrate_script (path);

-- Which revisions are heads, kept so that a caller at head need not read the
-- store.  Null means not known; a change of the store makes it so.  There is
-- always one row: a transaction that cannot see its newest version fails when
-- it changes the store, instead of leaving it as it is.
CREATE TABLE @extschema@.migrate_summary (
	heads text[],
	real_heads text[]
);
INSERT INTO @extschema@.migrate_summary DEFAULT VALUES;
-- or a publication of all tables would make its updates fail
ALTER TABLE @extschema@.migrate_summary REPLICA IDENTITY FULL;

-- The model: DDL that says what the managed schemas shall look like.
CREATE TABLE @extschema@.migrate_model_part (
	name text NOT NULL PRIMARY KEY,
	ddl text NOT NULL,
	-- the role whose word it is that this text may run
	registered_by name NOT NULL,
	registered_at timestamp with time zone NOT NULL
);

-- Numbers of runs: one for each call that finds something to do.
CREATE SEQUENCE @extschema@.migrate_run_seq;

-- The ledger: what was run, when, by whom, with what result.
CREATE TABLE @extschema@.migrate_log (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	run bigint NOT NULL,
	schema_name name NOT NULL DEFAULT '',
	direction text NOT NULL CHECK (direction IN ('upgrade', 'downgrade', 'stamp', 'backfill')),
	revision text,
	-- both empty if it failed
	removed_versions text[] NOT NULL,
	added_versions text[] NOT NULL,
	message text,
	path text,
	checksum text,
	statements integer NOT NULL,	-- that have run
	started_at timestamp with time zone NOT NULL,
	duration interval NOT NULL,
	attempts integer NOT NULL,
	-- lost to locks: failed attempts, pauses, waits of the last attempt
	lock_wait interval NOT NULL,
	rows bigint NOT NULL,
	wal_bytes bigint NOT NULL,
	session_role name NOT NULL,
	script_role name NOT NULL,
	application_name text NOT NULL,
	client_addr inet,
	backend_pid integer NOT NULL,
	transaction_id xid8 NOT NULL,
	sqlstate text,				-- NULL: it succeeded
	error text
);

-- for the latest row of each schema, of which there may be ten thousand
CREATE INDEX migrate_log_schema_name_id_idx ON @extschema@.migrate_log (schema_name, id);

ALTER SEQUENCE @extschema@.migrate_run_seq OWNED BY @extschema@.migrate_log.run;

-- The same, statement by statement; see the view migrate_log_statement.  A
-- row has the statements of a transaction, since a row for each would take
-- longer than many a statement.
CREATE TABLE @extschema@.migrate_log_detail (
	id bigint GENERATED ALWAYS AS IDENTITY,
	run bigint NOT NULL,
	schema_name name NOT NULL DEFAULT '',
	direction text NOT NULL,
	revision text NOT NULL,
	attempt integer NOT NULL,
	backend_pid integer NOT NULL,
	statement integer[] NOT NULL,	-- from 1
	line integer[] NOT NULL,
	started_at timestamp with time zone[] NOT NULL,
	duration interval[] NOT NULL,
	lock_wait interval[] NOT NULL,
	rows bigint[] NOT NULL,
	wal_bytes bigint[] NOT NULL,
	sqlstate text[],			-- NULL: all succeeded
	error text[],
	PRIMARY KEY (run, id)
);

CREATE VIEW @extschema@.migrate_log_statement AS
	SELECT d.id, d.run, d.schema_name, d.direction, d.revision, s.statement, s.line, d.attempt, s.started_at, s.duration,
		s.lock_wait, s.rows, s.wal_bytes, d.backend_pid, s.sqlstate, s.error
	FROM @extschema@.migrate_log_detail d CROSS JOIN LATERAL
		ROWS FROM (pg_catalog.unnest(d.statement), pg_catalog.unnest(d.line), pg_catalog.unnest(d.started_at),
			pg_catalog.unnest(d.duration), pg_catalog.unnest(d.lock_wait), pg_catalog.unnest(d.rows),
			pg_catalog.unnest(d.wal_bytes), pg_catalog.unnest(d.sqlstate), pg_catalog.unnest(d.error))
			AS s (statement, line, started_at, duration, lock_wait, rows, wal_bytes, sqlstate, error);

-- Revisions that cannot run in one transaction and were not run to their end.
CREATE TABLE @extschema@.migrate_unfinished (
	schema_name name NOT NULL DEFAULT '',
	revision text NOT NULL,
	direction text NOT NULL CHECK (direction IN ('upgrade', 'downgrade')),
	run bigint NOT NULL,		-- the latest that worked on it
	statements_done text[] NOT NULL,	-- their checksums, in order
	-- those that were there when CONCURRENTLY began to make one
	indexes oid[],
	started_at timestamp with time zone NOT NULL,
	changed_at timestamp with time zone NOT NULL,
	PRIMARY KEY (schema_name, revision)
);

-- Statements that are run in batches, and were not run to their end.
CREATE TABLE @extschema@.migrate_backfill (
	schema_name name NOT NULL DEFAULT '',
	revision text NOT NULL,		-- '': none, but a call of migrate_backfill()
	checksum text NOT NULL,		-- of the statement and its key
	run bigint NOT NULL,		-- the latest that worked on it
	statement text NOT NULL,
	phase text NOT NULL CHECK (phase IN ('ranges', 'nulls', 'skipped')),
	position text[] NOT NULL,	-- the last key that was done, or the next block
	pass integer NOT NULL,
	pass_rows bigint NOT NULL,
	size integer NOT NULL,		-- rows of the next batch
	rows_seen bigint NOT NULL,
	rows_changed bigint NOT NULL,
	batches bigint NOT NULL,
	started_at timestamp with time zone NOT NULL,
	changed_at timestamp with time zone NOT NULL,
	PRIMARY KEY (schema_name, revision, checksum)
);

-- Keys of rows that were locked by others when their batch was run, and are
-- done in the end.
CREATE TABLE @extschema@.migrate_backfill_skipped (
	id bigint GENERATED ALWAYS AS IDENTITY,
	schema_name name NOT NULL,
	revision text NOT NULL,
	checksum text NOT NULL,
	key text[] NOT NULL,
	PRIMARY KEY (schema_name, revision, checksum, id)
);

-- Runs as a whole: how they were called, by whom, and how they ended.  Not
-- dumped: a restored database must not go on with what another one began.
CREATE TABLE @extschema@.migrate_job (
	run bigint NOT NULL PRIMARY KEY,
	-- while nobody has the run locked: running means interrupted
	state text NOT NULL CHECK (state IN ('running', 'paused', 'done', 'failed', 'cancelled')),
	detached boolean NOT NULL,	-- in a background worker
	resumable boolean NOT NULL,	-- the same command goes on where it stopped
	command text NOT NULL,
	session_role oid NOT NULL,
	role oid NOT NULL,			-- of SET ROLE, or 0
	settings text[] NOT NULL,	-- name=value, that the session had set itself
	-- by the server, since somebody started or resumed it
	restarts integer NOT NULL DEFAULT 0,
	started_at timestamp with time zone NOT NULL,
	ended_at timestamp with time zone,
	sqlstate text,
	error text
);

-- The schema data of models that were executed before, under a hash of all
-- that they depend on.  Not dumped, and free to be emptied.
CREATE TABLE @extschema@.migrate_model_cache (
	hash text NOT NULL PRIMARY KEY,
	document text NOT NULL,
	created_at timestamp with time zone NOT NULL
);

SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_version', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_script', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_model_part', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_log', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_log_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_log_detail', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_log_detail_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_run_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_unfinished', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_backfill', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_backfill_skipped', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.migrate_backfill_skipped_id_seq', '');

GRANT SELECT ON @extschema@.migrate_version TO PUBLIC;

CREATE FUNCTION @extschema@.migrate_script_changed() RETURNS trigger
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_script_changed() FROM PUBLIC;

CREATE TRIGGER migrate_script_changed
	AFTER INSERT OR UPDATE OF revision, down_revision, depends_on OR DELETE OR TRUNCATE
	ON @extschema@.migrate_script
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.migrate_script_changed();
ALTER TABLE @extschema@.migrate_script ENABLE ALWAYS TRIGGER migrate_script_changed;

CREATE FUNCTION @extschema@.migrate_log_is_append_only() RETURNS trigger
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_log_is_append_only() FROM PUBLIC;

CREATE TRIGGER migrate_log_is_append_only
	BEFORE UPDATE OR DELETE OR TRUNCATE ON @extschema@.migrate_log
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.migrate_log_is_append_only();
ALTER TABLE @extschema@.migrate_log ENABLE ALWAYS TRIGGER migrate_log_is_append_only;

CREATE TRIGGER migrate_log_is_append_only
	BEFORE UPDATE OR DELETE OR TRUNCATE ON @extschema@.migrate_log_detail
	FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.migrate_log_is_append_only();
ALTER TABLE @extschema@.migrate_log_detail ENABLE ALWAYS TRIGGER migrate_log_is_append_only;

-- ---------------------------------------------------------------------
-- Row types of results whose columns have the names of arguments
-- ---------------------------------------------------------------------

CREATE TYPE @extschema@.migrate_script_action AS (
	revision text,
	path text,
	action text					-- added, replaced, cosmetic, unchanged, removed,
								-- trusted
);

CREATE TYPE @extschema@.migrate_model_action AS (
	name text,
	action text					-- added, replaced, unchanged, removed
);

CREATE TYPE @extschema@.migrate_script_text AS (
	revision text,
	path text,
	script text
);

CREATE TYPE @extschema@.migrate_new_revision AS (
	revision text,
	path text,
	script text,
	data_losses integer			-- statements of the upgrade that lose data
);

CREATE TYPE @extschema@.migrate_script_details AS (
	revision text,
	down_revision text,
	depends_on text,
	branch_labels text,
	branches_into text,
	message text,
	is_head boolean,
	is_current boolean,
	is_applied boolean,
	is_branch_point boolean,
	is_merge_point boolean,
	create_date text,
	path text,
	checksum text,
	registered_by text,
	registered_at timestamp with time zone,
	script text
);

CREATE TYPE @extschema@.migrate_step AS (
	step integer,
	direction text,
	revision text,
	down_revision text,
	message text,
	statements integer,
	duration interval
);

-- ---------------------------------------------------------------------
-- Scripts
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_register(
	script text,
	path text DEFAULT NULL,
	accept_changes boolean DEFAULT false)
RETURNS @extschema@.migrate_script_action
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_register(text, text, boolean) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_edit(
	revision text,
	script text)
RETURNS @extschema@.migrate_script_action
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_edit(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_unregister(
	revision text)
RETURNS @extschema@.migrate_script_action
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_unregister(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_load(
	accept_changes boolean DEFAULT false)
RETURNS SETOF @extschema@.migrate_script_action
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_load(boolean) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_trust(
	revisions text)
RETURNS SETOF @extschema@.migrate_script_action
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_trust(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_export(
	range text DEFAULT ':')
RETURNS SETOF @extschema@.migrate_script_text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_export(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_init(OUT path text)
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_init() FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_revision(
	message text DEFAULT '',
	head text DEFAULT 'head',
	splice boolean DEFAULT false,
	branch_label text DEFAULT NULL,
	version_path text DEFAULT NULL,
	rev_id text DEFAULT NULL,
	depends_on text DEFAULT NULL,
	autogenerate boolean DEFAULT false,
	allow_empty boolean DEFAULT false,
	schema text DEFAULT '')
RETURNS @extschema@.migrate_new_revision
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_revision(text, text, boolean, text, text, text, text, boolean, boolean, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_merge(
	revisions text DEFAULT 'heads',
	message text DEFAULT '',
	splice boolean DEFAULT false,
	branch_label text DEFAULT NULL,
	version_path text DEFAULT NULL,
	rev_id text DEFAULT NULL,
	depends_on text DEFAULT NULL)
RETURNS @extschema@.migrate_script_text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_merge(text, text, boolean, text, text, text, text) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- The model
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_model(
	name text,
	ddl text)
RETURNS @extschema@.migrate_model_action
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_model(text, text) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Running
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_upgrade(
	target text DEFAULT 'head',
	schema text DEFAULT '',
	create_schema boolean DEFAULT false)
RETURNS SETOF @extschema@.migrate_step
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_upgrade(text, text, boolean) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_downgrade(
	target text,
	schema text DEFAULT '')
RETURNS SETOF @extschema@.migrate_step
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_downgrade(text, text) FROM PUBLIC;

-- Commits, so it can have neither a SET clause nor SECURITY DEFINER.
CREATE PROCEDURE @extschema@.migrate_run(
	target text DEFAULT 'head',
	direction text DEFAULT NULL,
	lock_timeout interval DEFAULT NULL,
	lock_retry_for interval DEFAULT NULL,
	schema text DEFAULT '',
	schemas text DEFAULT NULL,
	jobs integer DEFAULT 1,
	canary integer DEFAULT 0,
	max_failures integer DEFAULT 0)
AS 'MODULE_PATHNAME'
LANGUAGE C;
REVOKE ALL ON PROCEDURE @extschema@.migrate_run(text, text, interval, interval, text, text, integer, integer, integer) FROM PUBLIC;

-- Commits, as migrate_run() does.
CREATE PROCEDURE @extschema@.migrate_backfill(
	table_name text,
	statement text,
	key text DEFAULT NULL,
	size integer DEFAULT NULL,
	pause interval DEFAULT NULL,
	lock_timeout interval DEFAULT NULL,
	lock_retry_for interval DEFAULT NULL,
	schema text DEFAULT '')
AS 'MODULE_PATHNAME'
LANGUAGE C;
REVOKE ALL ON PROCEDURE @extschema@.migrate_backfill(text, text, text, integer, interval, interval, interval, text) FROM PUBLIC;

-- The same, where detach => true does not wait for the end.
CREATE PROCEDURE @extschema@.migrate_run(
	target text,
	detach boolean,
	direction text DEFAULT NULL,
	lock_timeout interval DEFAULT NULL,
	lock_retry_for interval DEFAULT NULL,
	schema text DEFAULT '',
	schemas text DEFAULT NULL,
	jobs integer DEFAULT 1,
	canary integer DEFAULT 0,
	max_failures integer DEFAULT 0,
	INOUT run bigint DEFAULT NULL)
AS 'MODULE_PATHNAME', 'migrate_run_detached'
LANGUAGE C;
REVOKE ALL ON PROCEDURE @extschema@.migrate_run(text, boolean, text, interval, interval, text, text, integer, integer, integer, bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_start(
	target text DEFAULT 'head',
	direction text DEFAULT NULL,
	lock_timeout interval DEFAULT NULL,
	lock_retry_for interval DEFAULT NULL,
	schema text DEFAULT '',
	schemas text DEFAULT NULL,
	jobs integer DEFAULT 1,
	canary integer DEFAULT 0,
	max_failures integer DEFAULT 0)
RETURNS bigint
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_start(text, text, interval, interval, text, text, integer, integer, integer) FROM PUBLIC;

CREATE PROCEDURE @extschema@.migrate_backfill(
	table_name text,
	statement text,
	detach boolean,
	key text DEFAULT NULL,
	size integer DEFAULT NULL,
	pause interval DEFAULT NULL,
	lock_timeout interval DEFAULT NULL,
	lock_retry_for interval DEFAULT NULL,
	schema text DEFAULT '',
	INOUT run bigint DEFAULT NULL)
AS 'MODULE_PATHNAME', 'migrate_backfill_detached'
LANGUAGE C;
REVOKE ALL ON PROCEDURE @extschema@.migrate_backfill(text, text, boolean, text, integer, interval, interval, interval, text, bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_start_backfill(
	table_name text,
	statement text,
	key text DEFAULT NULL,
	size integer DEFAULT NULL,
	pause interval DEFAULT NULL,
	lock_timeout interval DEFAULT NULL,
	lock_retry_for interval DEFAULT NULL,
	schema text DEFAULT '')
RETURNS bigint
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_start_backfill(text, text, text, integer, interval, interval, interval, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_cancel(run bigint)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_cancel(bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_pause(run bigint)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_pause(bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_resume(run bigint)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_resume(bigint) FROM PUBLIC;

CREATE PROCEDURE @extschema@.migrate_wait(
	run bigint,
	timeout interval DEFAULT NULL)
AS 'MODULE_PATHNAME'
LANGUAGE C;
REVOKE ALL ON PROCEDURE @extschema@.migrate_wait(bigint, interval) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_stamp(
	target text DEFAULT 'head',
	purge boolean DEFAULT false,
	schema text DEFAULT '',
	OUT step integer,
	OUT old_version text,
	OUT new_version text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_stamp(text, boolean, text) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Offline SQL, and the plan: they show the text of scripts
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_upgrade_sql(
	range text DEFAULT 'head',
	schema text DEFAULT '')
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_upgrade_sql(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_downgrade_sql(
	range text,
	schema text DEFAULT '')
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_downgrade_sql(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_plan(
	target text DEFAULT 'head',
	schema text DEFAULT '',
	OUT step integer,
	OUT direction text,
	OUT revision text,
	OUT down_revision text,
	OUT message text,
	OUT statement integer,
	OUT line integer,
	OUT sql text,
	OUT transactional boolean,
	OUT locks text[])
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_plan(text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_show(
	revision text DEFAULT 'head',
	schema text DEFAULT '')
RETURNS SETOF @extschema@.migrate_script_details
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_show(text, text) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Comparing: they run the model and show the structure of schemas
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_diff(
	from_side text DEFAULT 'database',
	to_side text DEFAULT 'model',
	schema text DEFAULT '',
	OUT operation text,
	OUT object_type text,
	OUT identity text,
	OUT sql text,
	OUT reverse_sql text,
	OUT loses_data boolean,
	OUT note text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_diff(text, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_check(
	schema text DEFAULT '')
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_check(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_snapshot(
	schema text DEFAULT '')
RETURNS text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_snapshot(text) FROM PUBLIC;

CREATE FUNCTION @extschema@.migrate_prove(
	range text DEFAULT ':',
	schema text DEFAULT '',
	OUT revision text,
	OUT message text,
	OUT verdict text,
	OUT detail text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
REVOKE ALL ON FUNCTION @extschema@.migrate_prove(text, text) FROM PUBLIC;

-- ---------------------------------------------------------------------
-- Looking: names, messages and positions, which everybody may see
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_current(
	check_heads boolean DEFAULT false,
	schema text DEFAULT '',
	OUT revision text,
	OUT down_revision text,
	OUT branch_labels text,
	OUT message text,
	OUT is_head boolean,
	OUT path text,
	OUT applied_at timestamp with time zone,
	OUT schema_name text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.migrate_status(
	schemas text DEFAULT NULL,
	OUT schema_name text,
	OUT revisions text[],
	OUT is_at_head boolean,
	OUT pending integer,
	OUT status text,			-- at head, behind, in part, failed,
								-- unknown revision, missing
	OUT last_run bigint,
	OUT last_error text,		-- for those who may read migrate_log
	OUT applied_at timestamp with time zone)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.migrate_heads(
	resolve_dependencies boolean DEFAULT false,
	OUT revision text,
	OUT down_revision text,
	OUT branch_labels text,
	OUT message text,
	OUT is_effective_head boolean,
	OUT path text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.migrate_branches(
	OUT revision text,
	OUT branch_labels text,
	OUT message text,
	OUT branches_into text,
	OUT path text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.migrate_history(
	range text DEFAULT ':',
	schema text DEFAULT '',
	OUT revision text,
	OUT down_revision text,
	OUT depends_on text,
	OUT branch_labels text,
	OUT message text,
	OUT is_head boolean,
	OUT is_current boolean,
	OUT is_applied boolean,
	OUT is_branch_point boolean,
	OUT is_merge_point boolean,
	OUT create_date text,
	OUT path text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION @extschema@.migrate_graph(
	format text DEFAULT 'text',
	range text DEFAULT ':',
	schema text DEFAULT '',
	OUT graph text)
RETURNS SETOF text
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- ---------------------------------------------------------------------
-- Progress of runs, for everybody
-- ---------------------------------------------------------------------

CREATE FUNCTION @extschema@.migrate_runs(
	OUT run bigint,
	OUT pid integer,
	OUT worker_pid integer,
	OUT schema_name text,
	OUT direction text,
	OUT target text,
	OUT step integer,
	OUT steps integer,
	OUT revision text,
	OUT message text,
	OUT statement integer,
	OUT statements integer,
	OUT line integer,
	OUT phase text,
	OUT attempt integer,
	OUT started_at timestamp with time zone,
	OUT statement_started_at timestamp with time zone,
	OUT rows bigint,
	OUT rows_total bigint,
	OUT rate double precision,
	OUT held_by text,
	OUT schemas integer,
	OUT schemas_done integer,
	OUT schemas_failed integer)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;

-- Runs as a whole.  Who is at work on one has its number locked.  How it was
-- called, and its error, may tell secrets.
CREATE VIEW @extschema@.migrate_jobs AS
	WITH active (run, pid) AS MATERIALIZED (
		SELECT l.objid::pg_catalog.int8 + (l.objsubid::pg_catalog.int8 & 65535) * 4294967296, l.pid
		FROM pg_catalog.pg_locks l
		WHERE l.locktype = 'object' AND l.mode = 'ExclusiveLock' AND l.granted AND l.pid IS NOT NULL
			AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d
				WHERE d.datname = pg_catalog.current_database())
			AND l.classid = '@extschema@.migrate_job'::pg_catalog.regclass
	)
	SELECT j.run,
		CASE WHEN j.state = 'running' AND a.pid IS NULL THEN 'interrupted' ELSE j.state END AS state,
		j.detached, a.pid,
		pg_catalog.pg_get_userbyid(j.session_role) AS session_role,
		CASE WHEN j.role <> 0 THEN pg_catalog.pg_get_userbyid(j.role) END AS role,
		CASE WHEN p.may_read THEN j.command END AS command,
		j.started_at, j.ended_at, j.sqlstate,
		CASE WHEN p.may_read THEN j.error END AS error
	FROM @extschema@.migrate_job j LEFT JOIN active a ON a.run = j.run,
		LATERAL (
			SELECT COALESCE(pg_catalog.pg_has_role(j.session_role, 'USAGE'), false) OR
				pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS may_read
		) p;
GRANT SELECT ON @extschema@.migrate_jobs TO PUBLIC;

-- Runs that are active or not committed, and revisions and runs that wait for
-- being run to their end.  What the server tells of a long command is about its
-- present phase; time left can be told only where that has begun with the
-- statement.  A backfill tells how many rows it has gone through.
CREATE VIEW @extschema@.migrate_progress AS
	WITH runs AS MATERIALIZED (
		SELECT r.*, COALESCE(r.worker_pid, r.pid) AS acting_pid,
			CASE WHEN r.phase = 'running'
				THEN pg_catalog.clock_timestamp() - r.statement_started_at
			END AS statement_elapsed
		FROM @extschema@.migrate_runs() r
	), commands (pid, detail, is_first, done, total) AS (
		SELECT c.pid, c.phase, c.phase ~ '^building index(: scanning table)?$',
			CASE WHEN c.phase ~ 'loading tuples' THEN c.tuples_done
				WHEN c.phase ~ 'scanning|^building index$' THEN c.blocks_done END,
			CASE WHEN c.phase ~ 'loading tuples' THEN c.tuples_total
				WHEN c.phase ~ 'scanning|^building index$' THEN c.blocks_total END
		FROM pg_catalog.pg_stat_progress_create_index c
		UNION ALL
		SELECT c.pid, c.phase, true,
			CASE WHEN c.phase = 'seq scanning heap' THEN c.heap_blks_scanned END,
			CASE WHEN c.phase = 'seq scanning heap' THEN c.heap_blks_total END
		FROM pg_catalog.pg_stat_progress_cluster c
		UNION ALL
		SELECT c.pid, c.phase, true,
			CASE WHEN c.phase = 'scanning heap' THEN c.heap_blks_scanned END,
			CASE WHEN c.phase = 'scanning heap' THEN c.heap_blks_total END
		FROM pg_catalog.pg_stat_progress_vacuum c
		UNION ALL
		SELECT c.pid, c.phase, true,
			CASE WHEN c.phase = 'acquiring sample rows' THEN c.sample_blks_scanned END,
			CASE WHEN c.phase = 'acquiring sample rows' THEN c.sample_blks_total END
		FROM pg_catalog.pg_stat_progress_analyze c
		UNION ALL
		SELECT c.pid, 'copying rows', true, c.bytes_processed, c.bytes_total
		FROM pg_catalog.pg_stat_progress_copy c
	), shares AS (
		SELECT c.pid, c.detail, c.is_first,
			CASE WHEN c.total > 0
				THEN LEAST(1.0, c.done::pg_catalog.numeric / c.total::pg_catalog.numeric) END AS share
		FROM commands c
	)
	SELECT r.run, r.pid, r.worker_pid, r.schema_name, r.direction, r.target, r.step, r.steps, r.revision, r.message,
		r.statement, r.statements, r.line, r.phase, r.attempt,
		pg_catalog.pg_blocking_pids(r.acting_pid) AS blocked_by,
		pg_catalog.clock_timestamp() - r.started_at AS elapsed,
		r.statement_elapsed,
		s.detail,
		pg_catalog.round(100.0 * CASE WHEN r.rows_total IS NULL THEN s.share
			ELSE LEAST(1.0, r.rows::pg_catalog.numeric / r.rows_total::pg_catalog.numeric) END, 1) AS percent,
		CASE WHEN r.rows_total > r.rows THEN (r.rows_total - r.rows) / r.rate * interval '1 second'
			WHEN s.is_first AND s.share > 0
				THEN r.statement_elapsed * ((1.0 - s.share) / s.share)::pg_catalog.float8
		END AS estimate,
		r.rows, r.rows_total, r.rate, r.held_by, r.schemas, r.schemas_done, r.schemas_failed
	FROM runs r LEFT JOIN shares s ON s.pid = r.acting_pid
	UNION ALL
	SELECT u.run, NULL, NULL, u.schema_name::pg_catalog.text, u.direction, NULL, NULL, NULL, u.revision, NULL,
		pg_catalog.cardinality(u.statements_done) + 1, NULL, NULL, 'interrupted', NULL,
		'{}', NULL, NULL, NULL, NULL, NULL,
		(SELECT pg_catalog.max(b.rows_seen) FROM @extschema@.migrate_backfill b
			WHERE b.schema_name = u.schema_name AND b.revision = u.revision),
		NULL, NULL, NULL, NULL, NULL, NULL
	FROM @extschema@.migrate_unfinished u
	WHERE NOT EXISTS (
		SELECT FROM runs r
		WHERE r.schema_name = u.schema_name::pg_catalog.text
			AND r.revision = u.revision)
	UNION ALL
	-- jobs, and calls of migrate_backfill() whoever made them
	SELECT COALESCE(j.run, b.run), NULL, NULL, b.schema_name::pg_catalog.text, NULL, NULL, NULL, NULL, NULL, NULL,
		NULL, NULL, NULL, COALESCE(j.state, 'interrupted'), NULL,
		'{}', NULL, NULL, NULL, NULL, NULL,
		b.rows_seen, NULL, NULL, NULL, NULL, NULL, NULL
	FROM (
			SELECT i.run, i.state
			FROM @extschema@.migrate_jobs i
			WHERE i.detached AND i.state IN ('interrupted', 'paused') AND i.pid IS NULL
		) j FULL JOIN (
			SELECT c.run, c.schema_name, c.rows_seen
			FROM @extschema@.migrate_backfill c
			WHERE c.revision = ''
		) b ON b.run = j.run
	WHERE NOT EXISTS (SELECT FROM @extschema@.migrate_unfinished u WHERE u.run = j.run)
		AND NOT EXISTS (SELECT FROM runs r WHERE r.run = b.run);
GRANT SELECT ON @extschema@.migrate_progress TO PUBLIC;
