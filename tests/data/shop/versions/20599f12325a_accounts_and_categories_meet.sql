-- accounts and categories meet
--
-- Revision ID: 20599f12325a
-- Revises: 64685d9e5847, f985049dd755
-- Create Date: 2025-11-17 02:30:59.047514+00

-- migrate:upgrade

-- migrate:downgrade
