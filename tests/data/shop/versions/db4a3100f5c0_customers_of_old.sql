-- customers of old
--
-- Revision ID: db4a3100f5c0
-- Revises: f7e89a5ed8a8
-- Create Date: 2026-04-04 00:24:43.467221+00

-- migrate:upgrade
INSERT INTO billing.customer (account_id)
SELECT account_id FROM shop.account
ON CONFLICT DO NOTHING;
ALTER TABLE billing.customer ADD since date;
UPDATE billing.customer c SET since = a.created_at FROM shop.account a WHERE a.account_id = c.account_id;
CREATE TEMPORARY TABLE total_of (order_id bigint PRIMARY KEY, total numeric) ON COMMIT DROP;
INSERT INTO total_of SELECT order_id, shop.order_total(order_id) FROM shop.orders;
INSERT INTO billing.invoice (account_id, order_id, total)
SELECT account_id, order_id, total FROM shop.orders JOIN pg_temp.total_of USING (order_id) WHERE total > 0;
DROP TABLE pg_temp.total_of;

-- migrate:downgrade
DELETE FROM billing.invoice;
ALTER TABLE billing.customer DROP since;
DELETE FROM billing.customer;
