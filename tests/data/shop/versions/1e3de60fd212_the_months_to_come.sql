-- the months to come
--
-- Revision ID: 1e3de60fd212
-- Revises: 8f8ee45bc31a
-- Create Date: 2026-01-09 00:50:49.205894+00

-- migrate:upgrade
DO $do$
DECLARE
    month date;
    name  text;
BEGIN
    FOR month IN SELECT generate_series(date '2026-02-01', date '2026-06-01', interval '1 month')::date LOOP
        name := 'order_event_' || to_char(month, 'YYYY_MM');
        EXECUTE format($sql$CREATE TABLE shop.%I (LIKE shop.order_event INCLUDING ALL)$sql$, name);
        EXECUTE format(
            $sql$
                WITH moved AS (
                    DELETE FROM shop.order_event_other WHERE at >= %1$L AND at < %2$L RETURNING *
                )
                INSERT INTO shop.%3$I SELECT * FROM moved;
            $sql$, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00', name);
        EXECUTE format('ALTER TABLE shop.order_event ATTACH PARTITION shop.%I FOR VALUES FROM (%L) TO (%L)',
                       name, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00');
    END LOOP;
END
$do$;

-- migrate:downgrade
DO $do$
DECLARE
    child regclass;
BEGIN
    FOR child IN
        SELECT inhrelid::regclass FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class c ON c.oid = inhrelid
        WHERE inhparent = 'shop.order_event'::regclass AND c.relname BETWEEN 'order_event_2026_02' AND 'order_event_2026_06'
    LOOP
        EXECUTE format('ALTER TABLE shop.order_event DETACH PARTITION %s', child);
        EXECUTE format('INSERT INTO shop.order_event SELECT * FROM %s', child);
        EXECUTE 'DROP TABLE ' || child;
    END LOOP;
END
$do$;
