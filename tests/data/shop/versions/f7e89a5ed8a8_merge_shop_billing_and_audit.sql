-- merge shop, billing and audit
--
-- Revision ID: f7e89a5ed8a8
-- Revises: cb7f39076334, be762f63de1e, fea6365c4e8c
-- Create Date: 2026-04-02 04:50:41.459302+00

-- migrate:upgrade
-- three lineages become one

-- migrate:downgrade none
