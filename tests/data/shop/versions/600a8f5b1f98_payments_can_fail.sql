-- payments can fail
--
-- Revision ID: 600a8f5b1f98
-- Revises: 90548d5415cc
-- Create Date: 2026-03-03 08:50:13.372193+00

-- migrate:upgrade
ALTER TYPE billing.payment_state ADD VALUE 'failed' BEFORE 'done';
ALTER TYPE billing.payment_state RENAME VALUE 'new' TO 'pending';

-- migrate:downgrade
ALTER TYPE billing.payment_state RENAME VALUE 'pending' TO 'new';
UPDATE billing.payment SET state = 'new' WHERE state::text = 'failed';
ALTER TABLE billing.payment DROP CONSTRAINT payment_check;
ALTER TABLE billing.payment ALTER COLUMN state DROP DEFAULT;
ALTER TYPE billing.payment_state RENAME TO "payment_state; old";
CREATE TYPE billing.payment_state AS ENUM ('new', 'done');
ALTER TABLE billing.payment
    ALTER COLUMN state SET DATA TYPE billing.payment_state USING (state::text)::billing.payment_state,
    ALTER COLUMN state SET DEFAULT 'new';
ALTER TABLE billing.payment ADD CHECK ((state = 'done') = (paid_at IS NOT NULL));
DROP TYPE billing."payment_state; old"
