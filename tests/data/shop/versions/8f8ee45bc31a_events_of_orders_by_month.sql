-- events of orders, by month
--
-- Revision ID: 8f8ee45bc31a
-- Revises: d1911d4f13ac
-- Create Date: 2026-01-06 10:25:44.197975+00

-- migrate:upgrade
CREATE TABLE shop.order_event (
    order_id   bigint NOT NULL,
    at         timestamptz NOT NULL,
    event      text NOT NULL,
    detail     jsonb,
    PRIMARY KEY (order_id, at)
) PARTITION BY RANGE (at);
CREATE TABLE shop.order_event_2026_01 PARTITION OF shop.order_event
    FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00');
CREATE TABLE shop.order_event_other PARTITION OF shop.order_event DEFAULT;
CREATE INDEX order_event_event_idx ON shop.order_event (event);

INSERT INTO shop.order_event (order_id, at, event)
SELECT n, timestamptz '2026-01-15 12:00+00' + n * interval '3 days', 'placed' FROM generate_series(1, 30) n;

-- migrate:downgrade
DROP TABLE shop.order_event;
