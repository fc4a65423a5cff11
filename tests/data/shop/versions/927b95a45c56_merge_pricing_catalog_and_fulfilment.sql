-- merge pricing, catalog and fulfilment
--
-- Revision ID: 927b95a45c56
-- Revises: b3b84899ee92, 2a01750b0e53, 745565e85351
-- Create Date: 2026-01-27 02:52:56.261327+00

-- migrate:upgrade
-- nothing to do: the three branches do not touch each other

-- migrate:downgrade none
