--
-- A script runs with the rights of who runs it; so that nobody gains rights by
-- writing one, it must be trusted by whoever has more than who wrote it
--
\i tests/sql/helpers.sql
CREATE ROLE regress_migrate_root SUPERUSER;
CREATE ROLE regress_migrate_deployer;
CREATE ROLE regress_migrate_developer;
CREATE ROLE regress_migrate_colleague;
GRANT CREATE, USAGE ON SCHEMA public TO regress_migrate_deployer;
GRANT EXECUTE ON FUNCTION migrate_register, migrate_upgrade, migrate_downgrade, migrate_trust
	TO regress_migrate_deployer, regress_migrate_developer, regress_migrate_colleague;
SET SESSION AUTHORIZATION regress_migrate_root;

-- Whose word the scripts are.
CREATE FUNCTION pg_temp.registrants() RETURNS TABLE (revision text, registered_by name)
LANGUAGE sql
AS $$
	SELECT revision, registered_by FROM migrate_script ORDER BY revision COLLATE "C"
$$;

--
-- A lesser role's script is refused for a greater one
--
SET ROLE regress_migrate_developer;
SELECT (migrate_register(E'-- create table\n\n-- Revision ID: a1\n-- migrate:upgrade\nCREATE TABLE regress_t ();\n-- migrate:downgrade\nDROP TABLE regress_t;')).action;
SELECT (migrate_register(E'-- gain rights\n\n-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nALTER ROLE regress_migrate_developer SUPERUSER;\n-- migrate:downgrade none')).action;
RESET ROLE;
SELECT * FROM pg_temp.registrants();
SELECT revision FROM migrate_upgrade('head');
SELECT to_regclass('regress_t'), rolsuper FROM pg_roles WHERE rolname = 'regress_migrate_developer';
-- a stamp runs nothing, but what comes after it does, up or down
SELECT new_version FROM migrate_stamp('a1');
SELECT revision FROM migrate_upgrade('head');
SELECT revision FROM migrate_downgrade('base');
SELECT old_version FROM migrate_stamp('base');
-- one may look, and see what would run
SELECT revision, sql FROM migrate_plan('head');
-- a role that is no greater, but another one
SET ROLE regress_migrate_colleague;
SELECT revision FROM migrate_upgrade('a1');
RESET ROLE;
-- the session's own user counts, since a script could undo SET ROLE
SET ROLE regress_migrate_developer;
SELECT revision FROM migrate_upgrade('a1');
RESET ROLE;

--
-- Said by the greater role: migrate_trust()
--
SELECT * FROM migrate_trust('a1');
SELECT * FROM migrate_trust('a1');
SELECT * FROM pg_temp.registrants();
-- none of the plan runs when one script is not trusted
SELECT revision FROM migrate_upgrade('head');
SELECT to_regclass('regress_t');
SELECT revision FROM migrate_upgrade('a1');
-- a superuser's word is good for everybody, who runs it with his own rights
SET ROLE regress_migrate_developer;
SELECT * FROM migrate_trust('a1');
SELECT revision FROM migrate_downgrade('base');
RESET ROLE;
SELECT revision FROM migrate_downgrade('base');
-- a list, a range
SELECT * FROM migrate_trust('b2, a1');
SELECT * FROM migrate_trust(':');
SELECT * FROM migrate_trust('nosuch');
SELECT * FROM migrate_trust(NULL);
SELECT * FROM pg_temp.registrants();

--
-- Said by registering the same text
--
CALL pg_temp.reset();
SET ROLE regress_migrate_developer;
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;')).action;
RESET ROLE;
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;')).action;
SELECT * FROM pg_temp.registrants();
SELECT revision FROM migrate_upgrade();
-- who has less leaves the greater one's word as it is
SET ROLE regress_migrate_developer;
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;')).action;
RESET ROLE;
SELECT * FROM pg_temp.registrants();
-- but a change is his, even a cosmetic one
SET ROLE regress_migrate_developer;
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1; -- one')).action;
RESET ROLE;
SELECT * FROM pg_temp.registrants();

--
-- A member of a role has its rights: the member's scripts run for the role,
-- those of the role must be trusted by the member
--
CALL pg_temp.reset();
GRANT regress_migrate_deployer TO regress_migrate_developer;
SET ROLE regress_migrate_developer;
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;')).action;
RESET ROLE;
SET ROLE regress_migrate_deployer;
SELECT (migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nSELECT 2;')).action;
SELECT revision, action FROM migrate_trust('a1, b2');
RESET ROLE;
SET ROLE regress_migrate_developer;
SELECT revision FROM migrate_upgrade('b2');
SELECT revision, action FROM migrate_trust('a1, b2');
RESET ROLE;
SELECT * FROM pg_temp.registrants();

--
-- A registrant who is no more is trusted by nobody
--
CALL pg_temp.reset();
SET ROLE regress_migrate_colleague;
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nSELECT 1;')).action;
RESET ROLE;
REVOKE ALL ON FUNCTION migrate_register, migrate_upgrade, migrate_downgrade, migrate_trust
	FROM regress_migrate_colleague;
DROP ROLE regress_migrate_colleague;
SELECT revision FROM migrate_upgrade();
SELECT revision, action FROM migrate_trust('a1');
SELECT revision FROM migrate_upgrade();

--
-- A role without rights on the tables of the extension: only by its functions
--
CALL pg_temp.reset();
SELECT (migrate_register(E'-- Revision ID: a1\n-- migrate:upgrade\nCREATE TABLE regress_t ();\n-- migrate:downgrade\nDROP TABLE regress_t;')).action;
SELECT (migrate_register(E'-- Revision ID: b2\n-- Revises: a1\n-- migrate:upgrade\nUPDATE migrate_version SET version_num = ''x'';')).action;
SET ROLE regress_migrate_deployer;
SELECT revision FROM migrate_upgrade('a1');
SELECT * FROM migrate_version;
DELETE FROM migrate_version;
UPDATE migrate_script SET script = '';
SELECT * FROM migrate_log;
SELECT migrate_export();
-- a script has no rights on them either
SELECT revision FROM migrate_upgrade('b2');
RESET ROLE;
SELECT tableowner FROM pg_tables WHERE tablename = 'regress_t';
SELECT direction, revision, session_role, script_role FROM migrate_log ORDER BY id;

-- a search_path full of traps changes nothing
CREATE SCHEMA regress_trap;
CREATE TABLE regress_trap.migrate_version (schema_name name, version_num text);
CREATE TABLE regress_trap.migrate_script (revision text);
CREATE TABLE regress_trap.migrate_log (revision text);
CREATE FUNCTION regress_trap.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''trapped''; END';
CREATE OPERATOR regress_trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = regress_trap.trap);
SET search_path = regress_trap, public, pg_catalog;
SELECT revision FROM public.migrate_current();
SELECT revision FROM public.migrate_history();
SELECT action FROM public.migrate_register(E'-- Revision ID: c3\n-- Revises: b2\n-- migrate:upgrade');
SELECT revision FROM public.migrate_downgrade('base');
RESET search_path;
SELECT * FROM migrate_version;
SET client_min_messages = warning;
DROP SCHEMA regress_trap CASCADE;
RESET client_min_messages;

CALL pg_temp.reset();
RESET SESSION AUTHORIZATION;
REVOKE ALL ON FUNCTION migrate_register, migrate_upgrade, migrate_downgrade, migrate_trust
	FROM regress_migrate_deployer, regress_migrate_developer;
REVOKE CREATE, USAGE ON SCHEMA public FROM regress_migrate_deployer;
DROP FUNCTION pg_temp.registrants();
DROP ROLE regress_migrate_deployer, regress_migrate_developer, regress_migrate_root;
