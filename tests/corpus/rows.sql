-- A row in each table that takes one, so that migrations have data to lose.
-- Values are the same everywhere, so that most foreign keys are satisfied;
-- passes are repeated, since a table may need rows of another one.
DO $do$
DECLARE
	t record;
	c record;
	names text;
	vals text;
	sample text;
	inserted boolean;
	attempt int;
	wanted text;
	done oid[] := '{}';
BEGIN
	SET LOCAL statement_timeout = '20s';
	SET LOCAL client_min_messages = error;
	-- what fails must fail where it is caught
	SET CONSTRAINTS ALL IMMEDIATE;
	FOR pass IN 1..5 LOOP
		inserted := false;
		FOR t IN
			SELECT r.oid, r.oid::regclass::text AS name
			FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
			WHERE r.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'migrate_ext')
				AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'e')
				AND r.oid <> ALL (done)
			ORDER BY r.oid
		LOOP
			FOR attempt IN 1..4 LOOP
				names := '';
				vals := '';
				FOR c IN
					SELECT a.attname, a.attnotnull, a.atthasdef, b.oid AS base, b.typname, b.typtype, b.typcategory, b.typrelid,
						format_type(a.atttypid, a.atttypmod) AS type
					FROM pg_attribute a
					JOIN pg_type o ON o.oid = a.atttypid
					JOIN LATERAL (
						WITH RECURSIVE base AS (
							SELECT o.oid, o.typtype, o.typbasetype
							UNION ALL
							SELECT p.oid, p.typtype, p.typbasetype FROM base JOIN pg_type p ON p.oid = base.typbasetype)
						SELECT p.* FROM base JOIN pg_type p USING (oid) WHERE base.typbasetype = 0) b ON true
					WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
						AND a.attidentity <> 'a'
					ORDER BY a.attnum
				LOOP
					-- all columns; those without a default; only those that need a value; none
					CONTINUE WHEN attempt = 2 AND c.atthasdef;
					CONTINUE WHEN attempt = 3 AND (c.atthasdef OR NOT c.attnotnull);
					CONTINUE WHEN attempt = 4;
					sample := CASE
						WHEN c.typtype = 'e' THEN (SELECT enumlabel FROM pg_enum WHERE enumtypid = c.base ORDER BY enumsortorder LIMIT 1)
						WHEN c.typtype = 'r' THEN 'empty'
						WHEN c.typtype = 'm' THEN '{}'
						WHEN c.typtype = 'c' THEN '(' || repeat(',', (SELECT greatest(count(*) - 1, 0)::int FROM pg_attribute
							WHERE attrelid = c.typrelid AND attnum > 0 AND NOT attisdropped)) || ')'
						WHEN c.typcategory = 'A' THEN '{}'
						WHEN c.typname = 'uuid' THEN '00000000-0000-4000-8000-000000000001'
						WHEN c.typname IN ('json', 'jsonb') THEN '{}'
						WHEN c.typname = 'xml' THEN '<a/>'
						WHEN c.typname = 'bytea' THEN '\x01'
						WHEN c.typcategory = 'I' THEN '10.0.0.1'
						WHEN c.typname LIKE 'macaddr%' THEN '08:00:2b:01:02:03'
						WHEN c.typname = 'timetz' OR c.typname = 'time' THEN '12:00'
						WHEN c.typcategory = 'D' THEN '2020-01-01'
						WHEN c.typcategory = 'T' THEN '1 day'
						WHEN c.typcategory = 'B' THEN 'true'
						WHEN c.typcategory IN ('N', 'S', 'V') THEN '1'
						WHEN c.typname = 'point' THEN '(1,1)'
						ELSE NULL END;
					CONTINUE WHEN sample IS NULL;
					names := names || CASE WHEN names = '' THEN '' ELSE ', ' END || quote_ident(c.attname);
					vals := vals || CASE WHEN vals = '' THEN '' ELSE ', ' END || quote_literal(sample) || '::' || c.type;
				END LOOP;
				CONTINUE WHEN names = '' AND attempt < 4;
				BEGIN
					IF names = '' THEN
						wanted := format('INSERT INTO %s DEFAULT VALUES', t.name);
					ELSE
						wanted := format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)', t.name, names, vals);
					END IF;
					EXECUTE wanted;
					done := done || t.oid;
					inserted := true;
					EXIT;
				EXCEPTION WHEN OTHERS THEN
					NULL;
				END;
			END LOOP;
		END LOOP;
		EXIT WHEN NOT inserted;
	END LOOP;
END
$do$;
