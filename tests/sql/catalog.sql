--
-- What the extension consists of, and who may do what with it: the contract
-- with its users.  A change here is a change for them.
--

-- functions: volatility, parallel safety, strictness, security, settings, and
-- who may execute them apart from the owner
SELECT p.oid::regprocedure AS function,
	pg_get_function_result(p.oid) AS returns,
	CASE p.provolatile WHEN 'v' THEN 'volatile' WHEN 's' THEN 'stable' ELSE 'immutable' END AS volatility,
	CASE p.proparallel WHEN 'u' THEN 'unsafe' WHEN 'r' THEN 'restricted' ELSE 'safe' END AS parallel,
	p.proisstrict AS strict,
	p.prosecdef AS definer,
	p.proconfig AS settings,
	(SELECT coalesce(string_agg(CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END, ',' ORDER BY a.grantee), 'owner')
		FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
		WHERE a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner) AS execute
FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrate')
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- defaults and names of the arguments
SELECT p.proname AS function, pg_get_function_arguments(p.oid) AS arguments
FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrate')
ORDER BY p.proname COLLATE "C";

-- tables and sequences: what pg_dump keeps, and who may read or write them
-- apart from the owner
SELECT c.relname AS relation,
	CASE c.relkind WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' ELSE c.relkind::text END AS kind,
	c.relpersistence AS persistence,
	c.oid = ANY (e.extconfig) AS dumped,
	(SELECT coalesce(string_agg(CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END || ' ' || a.privilege_type, ','
			ORDER BY a.grantee, a.privilege_type), 'owner')
		FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner) AS rights
FROM pg_extension AS e CROSS JOIN pg_class AS c
WHERE e.extname = 'migrate' AND c.relnamespace = e.extnamespace AND c.relname LIKE 'migrate%' AND c.relkind IN ('r', 'S', 'c', 'v', 'm')
ORDER BY c.relname COLLATE "C";

-- conditions under which the rows are dumped: none
SELECT extconfig::regclass[], extcondition FROM pg_extension WHERE extname = 'migrate';

-- columns
SELECT a.attrelid::regclass AS "table", a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type,
	a.attnotnull AS not_null, pg_get_expr(ad.adbin, ad.adrelid) AS "default"
FROM pg_attribute AS a LEFT JOIN pg_attrdef AS ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
WHERE a.attrelid IN ('migrate_version'::regclass, 'migrate_script'::regclass, 'migrate_log'::regclass, 'migrate_summary'::regclass,
		'migrate_model_part'::regclass, 'migrate_model_cache'::regclass)
	AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid::regclass::text COLLATE "C", a.attnum;

-- row types of results
SELECT c.relname AS type, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.oid IN ('migrate_script_action'::regclass, 'migrate_script_details'::regclass, 'migrate_script_text'::regclass, 'migrate_step'::regclass,
	'migrate_model_action'::regclass, 'migrate_new_revision'::regclass)
GROUP BY c.relname ORDER BY c.relname COLLATE "C";

-- keys and checks
SELECT conrelid::regclass AS "table", conname, pg_get_constraintdef(oid) AS definition
FROM pg_constraint
WHERE contype <> 'n'
	AND conrelid IN ('migrate_version'::regclass, 'migrate_script'::regclass, 'migrate_log'::regclass, 'migrate_summary'::regclass,
		'migrate_model_part'::regclass, 'migrate_model_cache'::regclass)
ORDER BY conrelid::regclass::text COLLATE "C", conname COLLATE "C";

-- triggers fire always, for replication and restores, too
SELECT tgrelid::regclass AS "table", tgname, tgenabled FROM pg_trigger
WHERE tgrelid IN ('migrate_version'::regclass, 'migrate_script'::regclass, 'migrate_log'::regclass, 'migrate_summary'::regclass,
		'migrate_model_part'::regclass, 'migrate_model_cache'::regclass)
	AND NOT tgisinternal
ORDER BY tgname COLLATE "C";

-- everything is named after the extension
SELECT pg_describe_object(classid, objid, 0) AS object
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrate')
	AND pg_describe_object(classid, objid, 0) NOT LIKE '%migrate\_%';

-- its objects know the schema that they were made in
SELECT extrelocatable FROM pg_extension WHERE extname = 'migrate';

-- settings: who may set them, and when; the first call loads the library
SELECT * FROM migrate_current();
SELECT name, vartype, context, boot_val, min_val, max_val, unit FROM pg_settings
WHERE name LIKE 'migrate.%' ORDER BY name COLLATE "C";
SELECT name, short_desc, extra_desc FROM pg_settings
WHERE name LIKE 'migrate.%' ORDER BY name COLLATE "C";

-- the prefix is reserved: a misspelt setting is an error
SET migrate.script_locations = '/tmp';

-- values that make no sense
SET migrate.script_location = 'migrations';
SET migrate.timezone = 'Nowhere/Never';
SET migrate.truncate_slug_length = 0;

-- what decides which files of the server are read is a superuser's to set
CREATE ROLE regress_migrate_user;
SET ROLE regress_migrate_user;
SET migrate.script_location = '/tmp';
SET migrate.version_locations = 'a,b';
SET migrate.recursive_version_locations = on;
SET migrate.file_template = '%(slug)s';
RESET migrate.file_template;

-- what everybody may do: look
SELECT has_function_privilege(p.oid, 'EXECUTE') AS allowed, string_agg(p.proname, ', ' ORDER BY p.proname COLLATE "C") AS functions
FROM pg_depend AS d JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'migrate')
GROUP BY allowed ORDER BY allowed;
SELECT count(*) FROM migrate_history();
SELECT count(*) FROM migrate_version;
SELECT count(*) FROM migrate_script;
SELECT count(*) FROM migrate_log;
SELECT migrate_upgrade();
INSERT INTO migrate_version (version_num) VALUES ('a');
RESET ROLE;
DROP ROLE regress_migrate_user;
