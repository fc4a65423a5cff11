-- merge ledger and dunning
--
-- Revision ID: be762f63de1e
-- Revises: 12b831864b2e, 9e3575031ed1
-- Create Date: 2026-03-18 02:13:46.419707+00

-- migrate:upgrade

-- migrate:downgrade none
