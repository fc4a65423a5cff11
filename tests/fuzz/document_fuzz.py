#!/usr/bin/env python3
"""Compare mutilated documents of schema data.

    document_fuzz.py [--rounds N] [--seed SEED]

A schema with an object of every kind, and the same schema once most of them
were changed, are made in a database of our own and written as documents.  Of
the first each value, name and reference is left out or replaced by nonsense,
once, and then N times two pieces at random; the document gets the fingerprint
that fits, and is compared with itself and the others in both directions.

The server may refuse everything; but it must not crash, hang, or raise an
internal error.  What does is printed, and the exit status is 1.  The
server is found as psql does it; needs a superuser.
"""
import argparse
import copy
import json
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

import pq  # noqa: E402

DATABASE = "migrate_document_fuzz"
# how messages of internal errors read
INTERNAL = re.compile(r"cache lookup failed|unrecognized|unexpected|have no attribute|SPI")
NONSENSE = ("", "x", "{", "'", "-1", "NULL", "{NULL}", "a.b.c", "(" * 100, "\u00e9")

FIRST = """
CREATE TYPE s.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN s.positive AS integer DEFAULT 3 NOT NULL CHECK (VALUE > 0);
CREATE TYPE s.point AS (x float8, y text COLLATE "C");
CREATE TYPE s.span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE SEQUENCE s.numbers START 10 INCREMENT 5;
CREATE TABLE s.account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL DEFAULT 'x' UNIQUE, mood s.mood DEFAULT 'ok', age s.positive,
    number bigint DEFAULT nextval('s.numbers'), parent bigint REFERENCES s.account ON DELETE SET NULL,
    twice integer GENERATED ALWAYS AS (age * 2) STORED, CONSTRAINT sane CHECK (age < 200));
ALTER SEQUENCE s.numbers OWNED BY s.account.number;
ALTER TABLE s.account ALTER name SET STORAGE EXTERNAL, ALTER name SET STATISTICS 5, ALTER age SET (n_distinct = 3),
    REPLICA IDENTITY FULL, CLUSTER ON account_pkey, ENABLE ROW LEVEL SECURITY;
CREATE INDEX account_lower ON s.account (lower(name)) WHERE age > 18;
ALTER INDEX s.account_lower ALTER COLUMN 1 SET STATISTICS 30;
CREATE STATISTICS s.account_stats (dependencies) ON mood, age FROM s.account;
CREATE TABLE s.event (id integer, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE s.event_2026 PARTITION OF s.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE s.plain (a integer);
CREATE TABLE s.child (x integer) INHERITS (s.plain);
CREATE VIEW s.adult WITH (security_barrier) AS SELECT id, name FROM s.account WHERE age >= 18 WITH CHECK OPTION;
CREATE MATERIALIZED VIEW s.counted AS SELECT count(*) AS n FROM s.adult;
CREATE INDEX ON s.counted (n);
CREATE FUNCTION s.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT a + b';
CREATE PROCEDURE s.proc() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE s.total (integer) (sfunc = int4pl, stype = integer);
CREATE FUNCTION s.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION s.event_touch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER touch BEFORE UPDATE ON s.account FOR EACH ROW EXECUTE FUNCTION s.touch();
CREATE POLICY own ON s.account USING (id > 0);
CREATE RULE no_delete AS ON DELETE TO s.plain DO INSTEAD NOTHING;
COMMENT ON TABLE s.account IS 'a table';
COMMENT ON COLUMN s.account.name IS 'a column';
CREATE OPERATOR s.=== (leftarg = integer, rightarg = integer, function = int4eq);
CREATE COLLATION s.coll FROM "C";
CREATE TEXT SEARCH DICTIONARY s.dict (template = simple);
CREATE TEXT SEARCH CONFIGURATION s.conf (copy = english);
CREATE CAST (s.mood AS integer) WITH INOUT;
CREATE CONVERSION s.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
GRANT SELECT ON s.account TO PUBLIC;
CREATE PUBLICATION pub FOR TABLE s.account (id, name) WHERE (id > 3);
CREATE FOREIGN DATA WRAPPER fdw;
CREATE SERVER server FOREIGN DATA WRAPPER fdw OPTIONS (a 'b');
CREATE FOREIGN TABLE s.far (a integer OPTIONS (x 'y')) SERVER server OPTIONS (p 'q');
CREATE EVENT TRIGGER start ON ddl_command_start EXECUTE FUNCTION s.event_touch();
"""
THEN = """
DROP EVENT TRIGGER start;
DROP PUBLICATION pub;
ALTER DOMAIN s.positive DROP NOT NULL;
ALTER DOMAIN s.positive SET DEFAULT 5;
ALTER DOMAIN s.positive ADD CHECK (VALUE < 1000);
ALTER TYPE s.point ADD ATTRIBUTE w integer, ALTER ATTRIBUTE x TYPE integer;
ALTER SEQUENCE s.numbers INCREMENT 7 OWNED BY NONE;
DROP INDEX s.account_lower;
DROP STATISTICS s.account_stats;
CREATE STATISTICS s.account_stats (mcv) ON mood, age FROM s.account;
ALTER TABLE s.account ALTER name SET STORAGE MAIN, ALTER name SET STATISTICS 50, ALTER age RESET (n_distinct),
    REPLICA IDENTITY DEFAULT, SET WITHOUT CLUSTER, ALTER name DROP NOT NULL, ALTER name SET DEFAULT 'z',
    DROP CONSTRAINT sane, ALTER parent TYPE integer, ALTER id DROP IDENTITY, ALTER number DROP DEFAULT,
    DROP CONSTRAINT account_name_key, ADD CONSTRAINT account_name_key UNIQUE (name, age), SET (fillfactor = 50);
CREATE INDEX account_lower ON s.account USING hash (lower(name));
ALTER TABLE s.event DETACH PARTITION s.event_2026;
ALTER TABLE s.child NO INHERIT s.plain;
CREATE OR REPLACE VIEW s.adult AS SELECT id, name, 5 AS five FROM s.account WHERE age >= 19;
CREATE OR REPLACE FUNCTION s.add(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT a - b';
DROP AGGREGATE s.total (integer);
CREATE AGGREGATE s.total (integer) (sfunc = int4pl, stype = integer, initcond = '0');
DROP TRIGGER touch ON s.account;
CREATE TRIGGER touch AFTER UPDATE ON s.account FOR EACH ROW EXECUTE FUNCTION s.touch();
ALTER TABLE s.account DISABLE TRIGGER touch;
ALTER POLICY own ON s.account USING (id > 10);
DROP RULE no_delete ON s.plain;
CREATE RULE no_delete AS ON DELETE TO s.plain WHERE old.a > 0 DO INSTEAD NOTHING;
COMMENT ON TABLE s.account IS 'another';
DROP OPERATOR s.=== (integer, integer);
CREATE OPERATOR s.=== (leftarg = integer, rightarg = integer, function = int4ne);
ALTER TEXT SEARCH CONFIGURATION s.conf DROP MAPPING FOR word;
ALTER TEXT SEARCH DICTIONARY s.dict (accept = false);
GRANT INSERT ON s.account TO PUBLIC;
CREATE PUBLICATION pub FOR TABLE s.account (id);
ALTER FOREIGN TABLE s.far OPTIONS (SET p 'z');
ALTER SERVER server OPTIONS (SET a 'c');
"""


class Fuzz:
    def __init__(self, connect):
        self.connect = connect
        self.session = None
        self.failures = 0
        self.compared = 0

    def ask(self, what, from_side, to_side):
        """Compare two documents; returns the message of an error."""
        self.compared += 1
        try:
            self.session.value("SELECT count(*) FROM migrate_diff($1, $2)", from_side, to_side)
        except pq.PqError as error:
            message = str(error)
            if "ERROR:" not in message:
                self.complain(what, message)
                self.session = self.connect()
            elif INTERNAL.search(message):
                self.complain(what, message)
            return message
        return ""

    def complain(self, what, message):
        self.failures += 1
        print("%s: %s" % (what, message.strip().splitlines()[-1]), flush=True)

    def run(self, what, document, others):
        """Seal a document and compare it with the others."""
        text = json.dumps(document)
        match = re.search(r'that of its facts is "(\w+)"', self.ask(what, text, text))
        if match:
            text = json.dumps(dict(document, fingerprint=match.group(1)))
        for other in others:
            if not self.ask(what, text, other):
                self.ask(what, other, text)


def pieces(document):
    """Where something can be left out or replaced: (number of the fact, key, name or None)."""
    for number, fact in enumerate(document["facts"]):
        for key in fact:
            if key in ("values", "parent"):
                yield from ((number, key, name) for name in fact[key])
            yield number, key, None


def mutate(document, piece, instead):
    """Replace a piece in place, or leave it out if instead is None."""
    number, key, name = piece
    holder = document["facts"][number] if name is None else document["facts"][number].get(key, {})
    if instead is None:
        holder.pop(key if name is None else name, None)
    elif name is not None:
        holder[name] = instead
    elif key in ("schema", "name", "arguments"):
        holder[key] = instead


def make_documents(session):
    """The documents of an empty schema, of the first state and of the second."""
    session.execute("CREATE SCHEMA s")
    documents = [session.value("SELECT migrate_snapshot()")]
    for ddl in (FIRST, THEN):
        session.execute(ddl)
        documents.append(session.value("SELECT migrate_snapshot()"))
    return documents


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def connect():
        for _ in range(600):
            try:
                session = pq.Session("dbname=" + DATABASE)
                session.execute("SET client_min_messages = error; SET statement_timeout = '20s'; SET migrate.schemas = 's';"
                                " SET migrate.compare_privileges = on")
                return session
            except pq.PqError:
                time.sleep(0.5)
        raise SystemExit("the server does not come back")

    with pq.Session("dbname=postgres") as admin:
        admin.execute("DROP DATABASE IF EXISTS " + DATABASE)
        admin.execute("CREATE DATABASE " + DATABASE)
        fuzz = Fuzz(connect)
        fuzz.session = connect()
        fuzz.session.execute("CREATE EXTENSION migrate")
        empty, first, second = make_documents(fuzz.session)
        whole = json.loads(first)
        seen = set()
        for piece in pieces(whole):
            fact = whole["facts"][piece[0]]
            shape = (fact["kind"], piece[1:], tuple(fact.get("values", ())))
            for instead in (None, *NONSENSE) if shape not in seen else ():
                document = copy.deepcopy(whole)
                mutate(document, piece, instead)
                fuzz.run("%s %s: %r" % (fact["kind"], piece[1:], instead), document, (empty, first, second))
            seen.add(shape)
        choice = random.Random(options.seed)
        every = list(pieces(whole))
        for number in range(options.rounds):
            document = copy.deepcopy(whole)
            for piece in choice.sample(every, 2):
                mutate(document, piece, choice.choice((None, *NONSENSE)))
            fuzz.run("round %d of seed %d" % (number, options.seed), document, (empty, first, second))
        fuzz.session.__exit__()
        admin.execute("DROP DATABASE " + DATABASE)
    print("%d comparisons, %d failures" % (fuzz.compared, fuzz.failures))
    return 1 if fuzz.failures else 0


if __name__ == "__main__":
    sys.exit(main())
