-- invoices are paid in time
--
-- Revision ID: 5e61a7f3c0d9
-- Revises: 3b07d5a9e1f4
-- Create Date: 2026-02-09 08:51:59.038812+00

-- migrate:upgrade
ALTER TABLE invoice ADD COLUMN due_on date NOT NULL DEFAULT current_date + 30;

CREATE FUNCTION is_overdue(invoice) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT $1.state = 'sent' AND $1.due_on < current_date;
END;

-- migrate:downgrade
DROP FUNCTION is_overdue(invoice);
ALTER TABLE invoice DROP COLUMN due_on;
