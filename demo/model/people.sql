-- The wanted state of the shop, in any order: what migrate_revision() compares
-- the database with.

CREATE TABLE account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE CHECK (email LIKE '%_@_%'),
    -- migrate:renamed_from full_name
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW account_overview AS
    SELECT a.name AS full_name,
           (SELECT count(*) FROM shipment s WHERE s.account_id = a.account_id) AS shipments,
           (SELECT coalesce(sum(total), 0) FROM invoice i
             WHERE i.account_id = a.account_id AND i.state <> 'paid') AS open_total
      FROM account a;
