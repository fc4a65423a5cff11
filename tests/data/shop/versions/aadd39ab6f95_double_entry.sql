-- double entry
--
-- Revision ID: aadd39ab6f95
-- Revises: 3f173016fff6
-- Branch Labels: ledger
-- Create Date: 2026-03-09 04:26:08.388031+00

-- migrate:upgrade
SELECT set_config('search_path', 'billing', true);
CREATE TABLE ledger_account (code integer PRIMARY KEY, name text NOT NULL, kind "char" NOT NULL);
COPY ledger_account (code, name, kind) FROM stdin;
1200	Bank	A
1400	Forderungen \\ Debitoren	A
8400	Erlöse 19\t%	R
8401	\N is not at the start of it; so it's N	R
\.
CREATE TABLE entry (
    entry_id bigint NOT NULL,
    debit    integer NOT NULL REFERENCES ledger_account,
    credit   integer NOT NULL REFERENCES ledger_account,
    amount   pg_catalog.numeric(14, 2) NOT NULL
);
CREATE SEQUENCE entry_id_seq OWNED BY entry.entry_id;
ALTER TABLE ONLY entry ALTER COLUMN entry_id SET DEFAULT nextval('entry_id_seq'::regclass);
ALTER TABLE ONLY entry ADD CONSTRAINT entry_pkey PRIMARY KEY (entry_id);
ALTER TABLE ONLY entry CLUSTER ON entry_pkey;
ALTER TABLE ONLY entry REPLICA IDENTITY FULL;

-- migrate:downgrade
DROP TABLE billing.entry;
DROP TABLE billing.ledger_account;
