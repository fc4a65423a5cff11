-- texts of the reminders
--
-- Revision ID: 9e3575031ed1
-- Revises: 629f4a1af827
-- Create Date: 2026-03-15 22:57:38.411788+00

-- migrate:upgrade
CREATE TABLE billing.reminder_text (
    level    smallint PRIMARY KEY,
    template text NOT NULL
);
INSERT INTO billing.reminder_text VALUES
    (1, 'Dear %s,
-- migrate:downgrade
is no directive within a string; neither is
-- migrate:upgrade
in the middle of a letter.'),
    (2, $t$Dear %s;
-- migrate:downgrade none
$t$),
    (3, E'Dear %s,\n\'-- migrate:upgrade\'\
-- migrate:down
');

-- migrate:downgrade
DROP TABLE billing.reminder_text;
