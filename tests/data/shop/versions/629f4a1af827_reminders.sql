-- reminders
--
-- Revision ID: 629f4a1af827
-- Revises: 000bb960ddcd
-- Branch Labels: dunning
-- Create Date: 2026-03-14 02:53:59.403869+00

-- migrate:upgrade
CREATE TABLE billing.reminder (
    invoice_id bigint NOT NULL REFERENCES billing.invoice ON DELETE CASCADE,
    level      smallint NOT NULL CHECK (level IN (1, 2, 3)),
    sent_at    timestamptz DEFAULT now(),
    PRIMARY KEY (invoice_id, level)
);
CREATE FUNCTION billing.overdue(OUT invoice_id bigint, OUT days integer) RETURNS SETOF record
    LANGUAGE sql STABLE ROWS 50 COST 500
    BEGIN ATOMIC
        SELECT i.invoice_id, CASE WHEN i.due < CURRENT_DATE THEN CURRENT_DATE - i.due END
        FROM billing.invoice i
        WHERE CASE i.was WHEN 'placed' THEN true ELSE false END
        ORDER BY CASE WHEN i.total > 1000 THEN 0 ELSE 1 END, i.due;
    END;

-- migrate:downgrade
DROP FUNCTION billing.overdue;
DROP TABLE billing.reminder;
