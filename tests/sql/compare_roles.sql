--
-- Who may compare and generate, and whose model may run with whose rights
--
\i tests/sql/helpers.sql
SET client_min_messages = warning;
\set code '\\echo :LAST_ERROR_SQLSTATE'
\set superuser :USER
CREATE ROLE regress_root LOGIN SUPERUSER;
CREATE ROLE regress_owner LOGIN;
CREATE ROLE regress_member LOGIN IN ROLE regress_owner;
CREATE ROLE regress_other LOGIN;
ALTER ROLE regress_root SET search_path = regress_roles, public;
ALTER ROLE regress_owner SET search_path = regress_roles, public;
ALTER ROLE regress_member SET search_path = regress_roles, public;
ALTER ROLE regress_other SET search_path = regress_roles, public;
GRANT EXECUTE ON FUNCTION migrate_model, migrate_check, migrate_diff, migrate_snapshot, migrate_prove,
	migrate_stamp, migrate_revision, migrate_register, migrate_upgrade
	TO regress_owner, regress_other;
CREATE SCHEMA regress_roles AUTHORIZATION regress_owner;
GRANT USAGE ON SCHEMA regress_roles TO PUBLIC;

-- It matters who has logged in: a model can end a SET ROLE.

-- the owner of a schema; a member of it does not run what the owner only says,
-- and neither does a superuser who has become the owner
\c - regress_owner
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer)');
SELECT operation, object_type, identity FROM migrate_diff();
SELECT revision FROM migrate_revision('x', rev_id => 'a1', autogenerate => true);
SELECT revision, verdict FROM migrate_prove();
SELECT revision FROM migrate_upgrade();
SELECT migrate_check();
SELECT revision, verdict FROM migrate_prove();
SELECT tableowner FROM pg_tables WHERE tablename = 'account';
\c - regress_member
SELECT migrate_check();
SELECT * FROM migrate_diff('database', 'base');
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer)');
SELECT migrate_check();
\c - regress_root
SET ROLE regress_owner;
SELECT * FROM migrate_diff();
RESET ROLE;

-- somebody else may look, but not stand in for the owner
\c - regress_other
SELECT migrate_snapshot()::jsonb -> 'schemas' AS schemas;
SELECT count(*) FROM migrate_diff('database', 'database');
SELECT * FROM migrate_diff('database', 'base');
:code
SELECT * FROM migrate_prove();
:code
SELECT * FROM migrate_stamp('auto');
:code
-- with rights on the schema, too
\c - regress_root
GRANT ALL ON SCHEMA regress_roles TO regress_other;
\c - regress_other
SELECT * FROM migrate_diff('database', 'base');
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE other (id integer)');
SELECT * FROM migrate_revision('x', autogenerate => true);
:code

-- the text of a lesser role does not run with the rights of a greater one
\c - regress_root
SELECT migrate_check();
:code
SELECT * FROM migrate_revision('x', autogenerate => true);
:code
\c - regress_owner
SELECT * FROM migrate_diff();
:code
-- who has read it may say so by pushing it again
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE other (id integer)');
SELECT operation, object_type, identity FROM migrate_diff();
\c - regress_root
SELECT operation, object_type, identity FROM migrate_diff();
:code
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE other (id integer)');
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE account (id integer)');
SELECT operation, object_type, identity FROM migrate_diff();
-- what a superuser has said is good for all; pushing the same text takes nothing away
\c - regress_owner
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE other (id integer)');
SELECT name, registered_by FROM migrate_model_part ORDER BY name;
\c - regress_root
SELECT name, registered_by FROM migrate_model_part ORDER BY name;
SELECT operation, object_type, identity FROM migrate_diff();
-- another text does
\c - regress_owner
SELECT action FROM migrate_model('b.sql', 'CREATE TABLE other (id bigint)');
\c - regress_root
SELECT operation, object_type, identity FROM migrate_diff();

-- a model cannot become somebody else
SELECT action FROM migrate_model('b.sql', NULL);
\c - regress_owner
SELECT action FROM migrate_model('a.sql', $$
SET ROLE regress_owner;
RESET ROLE;
SET SESSION AUTHORIZATION DEFAULT;
CREATE TABLE account (id integer);
DO 'BEGIN IF current_user <> ''regress_owner'' THEN RAISE EXCEPTION ''I am %'', current_user; END IF; END';
$$);
SELECT operation, object_type, identity FROM migrate_diff();
SELECT action FROM migrate_model('a.sql', $$DO 'BEGIN RESET ROLE; END'$$);
SELECT * FROM migrate_diff();
SELECT current_user;
SELECT action FROM migrate_model('a.sql', $$DO 'BEGIN PERFORM pg_catalog.set_config(''role'', ''none'', false); END'$$);
SELECT * FROM migrate_diff();
SELECT current_user;
-- nor do what its role may not do
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE public.account (id integer)');
SELECT * FROM migrate_diff();
SELECT action FROM migrate_model('a.sql', 'CREATE SCHEMA regress_roles_2');
SELECT * FROM migrate_diff();
SELECT action FROM migrate_model('a.sql', 'CREATE TABLE migrate_version (id integer)');
SELECT operation, object_type, identity FROM migrate_diff();
SELECT action FROM migrate_model('a.sql', 'DROP TABLE public.migrate_version');
SELECT * FROM migrate_diff();
SELECT action FROM migrate_model('a.sql', $$DO 'BEGIN PERFORM pg_catalog.set_config(''session_replication_role'', ''origin'', false); END'$$);
SELECT * FROM migrate_diff();

\c - :superuser
\i tests/sql/helpers.sql
SET client_min_messages = warning;
DROP SCHEMA regress_roles CASCADE;
REVOKE EXECUTE ON FUNCTION migrate_model, migrate_check, migrate_diff, migrate_snapshot, migrate_prove,
	migrate_stamp, migrate_revision, migrate_register, migrate_upgrade
	FROM regress_owner, regress_other;
DROP ROLE regress_member, regress_owner, regress_other, regress_root;
