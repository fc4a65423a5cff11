-- watch tables of the shop
--
-- Revision ID: e4df27ceaae2
-- Revises: f399f57c48fd
-- Depends On: 894286bcf2ec, catalog
-- Create Date: 2026-03-26 07:21:04.443464+00

-- migrate:upgrade
DO LANGUAGE plpgsql $outer$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['account', 'orders', 'order_item', 'price_history'] LOOP
        EXECUTE format($inner$
            CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON shop.%I
            FOR EACH ROW EXECUTE FUNCTION audit.record()$inner$, 'audit ' || t, t);
    END LOOP;
END;
$outer$;
INSERT INTO shop.account (email, full_name) VALUES ('audit@example.org', 'Audit');
DELETE FROM shop.account WHERE email = 'audit@example.org';
DO $$ BEGIN ASSERT (SELECT count(*) >= 2 FROM audit.event WHERE table_name = 'shop.account'::regclass); END $$;

-- migrate:downgrade
DO $outer$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT tgname, tgrelid::regclass AS t FROM pg_trigger WHERE tgfoid = 'audit.record'::regproc LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', r.tgname, r.t);
    END LOOP;
END;
$outer$;
TRUNCATE audit.event;
