-- merge shop, billing and audit
--
-- Revision ID: f7e89a5ed8a8
-- Revises: cb7f39076334, be762f63de1e, fea6365c4e8c
-- Create Date: 2026-03-29 14:29:08.451383+00

-- migrate:upgrade
-- three lineages become one

-- migrate:downgrade none
