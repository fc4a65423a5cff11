"""Histories to measure with."""

import os


def revision_id(number):
    return "%012x" % (0xA00000000000 + number)


def script(number, upgrade, downgrade, message):
    """A revision script; number 0 is the base, each next one comes after the one before it."""
    return ("-- %s\n--\n-- Revision ID: %s\n-- Revises: %s\n-- Create Date: 2026-11-22 11:40:27.089406+00\n\n"
            "-- migrate:upgrade\n%s\n-- migrate:downgrade\n%s"
            % (message, revision_id(number), revision_id(number - 1) if number else "", upgrade, downgrade))


def path(number, message):
    return "versions/%s_%s.sql" % (revision_id(number), message.replace(" ", "_"))


def table_sql(number):
    """What an application's revision is like: 8 columns, a primary key, an index, a foreign key."""
    name = "item_%05d" % number
    return ["CREATE TABLE %s (\n"
            "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
            "    name text NOT NULL,\n"
            "    code varchar(40) NOT NULL,\n"
            "    amount numeric(12,2) NOT NULL DEFAULT 0,\n"
            "    active boolean NOT NULL DEFAULT true,\n"
            "    note text,\n"
            "    created_at timestamptz NOT NULL DEFAULT now(),\n"
            "    previous_id bigint\n"
            ");\n" % name,
            "CREATE INDEX %s_name_idx ON %s (name);\n" % (name, name),
            "ALTER TABLE %s ADD FOREIGN KEY (previous_id) REFERENCES item_%05d (id);\n" % (name, max(number - 1, 0))]


def tables(count):
    """[(path, script)] of the history of application tables."""
    return [(path(number, "create item %05d" % number),
             script(number, "".join(table_sql(number)), "DROP TABLE item_%05d;\n" % number,
                    "create item %05d" % number)) for number in range(count)]


def small(count):
    """[(path, script)] of revisions that do next to nothing."""
    return [(path(number, "step %06d" % number),
             script(number, "INSERT INTO done VALUES (%d);\n" % number, "DELETE FROM done WHERE step = %d;\n" % number,
                    "step %06d" % number)) for number in range(count)]


def write(directory, scripts):
    os.makedirs(os.path.join(directory, "versions"), exist_ok=True)
    for name, text in scripts:
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            file.write(text)


def register_calls(scripts):
    """One call of migrate_register() a script, for psql."""
    return "".join("SELECT migrate_register($mig$%s$mig$, '%s');\n" % (text, name) for name, text in scripts)


def register_at_once(scripts):
    """One statement for all scripts."""
    return ("SELECT count(migrate_register(text, path)) FROM (VALUES\n%s) v(text, path);\n"
            % ",\n".join("($mig$%s$mig$, '%s')" % (text, name) for name, text in scripts))
