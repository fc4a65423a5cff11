CREATE TYPE invoice_state AS ENUM ('draft', 'sent', 'reminded', 'paid');

CREATE TABLE invoice (
    invoice_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    state      invoice_state NOT NULL DEFAULT 'draft',
    total      numeric(12,2) NOT NULL CHECK (total >= 0),
    due_on     date NOT NULL DEFAULT current_date + 30
);
CREATE INDEX invoice_account_id_idx ON invoice (account_id);
CREATE INDEX invoice_due_on_idx ON invoice (due_on) WHERE state <> 'paid';

CREATE FUNCTION is_overdue(invoice) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT $1.state = 'sent' AND $1.due_on < current_date;
END;

CREATE TABLE product (
    product_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    price      numeric(10,2) NOT NULL CHECK (price >= 0)
);
COMMENT ON TABLE product IS $$what the shop sells; prices include VAT$$;

CREATE TABLE shipment (
    shipment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  bigint NOT NULL REFERENCES account,
    product_id  bigint NOT NULL REFERENCES product,
    sent_on     date,
    invoice_id  bigint REFERENCES invoice
);
