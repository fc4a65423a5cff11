-- an overview of accounts
--
-- Revision ID: 7f35b1d8e9c6
-- Revises: 6ac48e20d7f5
-- Create Date: 2026-03-02 14:18:44.619025+00

-- migrate:upgrade
CREATE VIEW account_overview AS
    SELECT a.full_name,
           (SELECT count(*) FROM shipment s WHERE s.account_id = a.account_id) AS shipments,
           (SELECT coalesce(sum(total), 0) FROM invoice i
             WHERE i.account_id = a.account_id AND i.state <> 'paid') AS open_total
      FROM account a;

-- migrate:downgrade
DROP VIEW account_overview;
