-- January goes to the archive
--
-- Revision ID: f904947f286c
-- Revises: 1e3de60fd212
-- Create Date: 2026-01-11 22:29:23.213813+00

-- migrate:upgrade
ALTER TABLE shop.order_event DETACH PARTITION shop.order_event_2026_01;
ALTER TABLE shop.order_event_2026_01 RENAME TO order_event_archive;
CREATE VIEW shop.all_order_event AS
    SELECT tableoid::regclass::text AS part, * FROM shop.order_event
    UNION ALL
    SELECT 'archive', * FROM shop.order_event_archive;

-- migrate:downgrade
DROP VIEW shop.all_order_event;
ALTER TABLE shop.order_event_archive RENAME TO order_event_2026_01;
ALTER TABLE shop.order_event ATTACH PARTITION shop.order_event_2026_01
    FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
