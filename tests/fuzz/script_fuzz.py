#!/usr/bin/env python3
"""Feed mutilated scripts and random texts to the SQL functions.

    script_fuzz.py VERSIONS [--rounds N] [--seed SEED] [--encoding ENCODING]
                   [--phases PHASE,...] [--trace FILE]

VERSIONS is a directory of revision scripts that make a history, as
tests/data/shop/versions.  The phases:

  history   each script is changed at random, registered, shown, planned,
            upgraded to and downgraded from, in the place of the history
            where it belongs; N times each
  statements
            statements that a script has no business to run, between two
            revisions that are well: each alone, then N times two of them
  garbage   scripts made of fragments alone
  files     the same in files of a script location, with odd names as well;
            the server must be of this machine, and may read what we write
  targets   odd texts for all arguments that take text

The server may refuse everything; but it must not crash, leak, hang, or raise
an internal error (XX000).  Whatever it does of these is printed with the
input, and the exit status is 1.  Errors of our own without a hint are listed.
The server is found as psql does it; needs a superuser.  SQL_ASCII as the
encoding lets all bytes through; leave out the phase "history" there, since
the shop's has Unicode escapes.  --trace writes what is about to run to a
file, for crashes.
"""
import argparse
import glob
import os
import random
import re
import shutil
import sys
import tempfile
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import sql_graph  # noqa: E402
from sql_graph import call, literal, rows_of  # noqa: E402

DATABASE = "migrate_script_fuzz"
SETTINGS = ("SET statement_timeout = '10s';", "SET temp_file_limit = '200MB';", "SET lock_timeout = '2s';")
# what a script can leave behind in the session, rolled back or not
CLEAN = ("ROLLBACK;", "RESET SESSION AUTHORIZATION;", "RESET ROLE;", "RESET ALL;", "DEALLOCATE ALL;", *SETTINGS)
BAD_WARNING = re.compile(r"^WARNING:.*(?:leak|not closed|snapshot|reference|invalid|unexpected|TransactionId)", re.M)

FRAGMENTS = [
    b"'", b'"', b"$$", b"$a$", b"$a", b"/*", b"*/", b"--", b"\n", b"\r\n", b"\r", b";", b"\\.", b"\n\\.\n", b"\\",
    b"(", b")", b"[", b"]", b",", b"E'\\", b"E'", b"U&'", b'U&"\\', b" UESCAPE '!'", b"B'2'", b"X'g'", b"1e", b"0x",
    b":=", b"::", b":name", b"$1", b"$0", b"@@", b"\x00", b"\x01", b"\x0b", b"\x1a", b"\x7f", b"\xef\xbb\xbf",
    b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"\xc3", b"\xff", b"\xe2\x80\xa8", b" BEGIN ATOMIC ", b" END ", b" CASE ",
    b" CREATE ", b" AS ", b" LANGUAGE sql ", b" OR REPLACE FUNCTION f() RETURNS int ",
    b"COPY t FROM stdin;\n1\t2\n\\.\n", b"COPY ", b" FROM STDIN ", b" FROM stdin WITH (FORMAT csv, HEADER);\n",
    b"\n-- migrate:upgrade\n", b"\n-- migrate:downgrade\n", b"\n-- migrate:down none\n",
    b"\n-- migrate:up transaction:false\n", b"\n-- migrate:", b"-- migrate:nothing\n", b"\n-- migrate:batch key=a,\"b\" size=9 pause=1s table=a.b\n", b"\n-- Revises: ",
    b"\n-- Revises: a,,b\n", b"\n-- Revision ID: ", b"\n-- Branch Labels: a@b\n", b"\n-- Depends On: heads\n",
    b"\n-- Create Date: \n", b"\n-- Down: x\n", b"\\gexec\n", b"\\copy t from x\n", b"\n\\connect x\n", b"1" * 400,
    b"x" * 5000, b"(" * 3000, b"'" * 999, b"/*" * 2000, b"SELECT " * 50,
]
STATEMENTS = [
    b"BEGIN;", b"COMMIT;", b"ROLLBACK;", b"SAVEPOINT x;", b"ROLLBACK TO x;", b"PREPARE TRANSACTION 'x';", b"VACUUM;",
    b"CREATE INDEX CONCURRENTLY i ON pg_class (oid);", b"CREATE DATABASE x;", b"ALTER SYSTEM SET work_mem = 1;",
    b"SET standard_conforming_strings = off; SELECT 'a\\';", b"SET LOCAL search_path = '';",
    b"SET search_path = nosuch;", b"SELECT set_config('search_path', '', false);", b"SET ROLE nosuch;",
    b"SET ROLE pg_monitor;", b"RESET ALL;", b"SET SESSION AUTHORIZATION pg_monitor;",
    b"SET client_encoding = 'LATIN1';", b"SET client_min_messages = debug5;",
    b"SET transaction_isolation = 'serializable';", b"SET TRANSACTION READ ONLY;",
    b"SET default_transaction_read_only = on;", b"SELECT migrate_upgrade('heads');",
    b"SELECT migrate_downgrade('base');", b"SELECT migrate_stamp('base');", b"SELECT migrate_stamp('head', true);",
    b"SELECT * FROM migrate_history();", b"SELECT * FROM migrate_plan('heads');", b"SELECT migrate_upgrade_sql();",
    b"DROP EXTENSION migrate;", b"DROP EXTENSION migrate CASCADE;", b"CREATE EXTENSION migrate;",
    b"ALTER EXTENSION migrate SET SCHEMA pg_catalog;", b"DELETE FROM migrate_script;", b"TRUNCATE migrate_script;",
    b"UPDATE migrate_script SET script = 'x';", b"UPDATE migrate_script SET revision = 'z' || revision;",
    b"UPDATE migrate_script SET checksum = '';", b"UPDATE migrate_script SET down_revision = '{x}';",
    b"UPDATE migrate_script SET depends_on = ARRAY[NULL]::text[];",
    b"UPDATE migrate_script SET branch_labels = '{{a,b},{c,d}}';", b"UPDATE migrate_script SET path = ' /../x';",
    b"UPDATE migrate_script SET registered_by = 'nosuch';", b"DELETE FROM migrate_version;",
    b"UPDATE migrate_version SET version_num = 'x';", b"INSERT INTO migrate_version VALUES ('', 'nosuch');",
    b"INSERT INTO migrate_summary VALUES ('{a}', '{b}');",
    b"INSERT INTO migrate_summary VALUES ('{a}', '{b}'), ('{c}', '{d}');", b"DELETE FROM migrate_log;",
    b"ALTER TABLE migrate_log DROP COLUMN message;", b"ALTER TABLE migrate_version RENAME TO v;",
    b"ALTER TABLE migrate_script RENAME COLUMN script TO s;",
    b"ALTER TABLE migrate_version ALTER version_num TYPE varchar(3);", b"CREATE TEMP TABLE migrate_version (a int);",
    b"CREATE TEMP TABLE migrate_script (a int);", b"DISCARD ALL;", b"DISCARD TEMP;", b"DEALLOCATE ALL;",
    b"PREPARE p AS SELECT 1;", b"EXECUTE p;", b"DECLARE c CURSOR FOR SELECT 1;", b"FETCH c;", b"CLOSE ALL;",
    b"LISTEN x;", b"NOTIFY x;", b"LOCK TABLE pg_class;", b"CHECKPOINT;", b"LOAD 'migrate';",
    b"EXPLAIN ANALYZE SELECT 1;", b"DO $$ BEGIN COMMIT; END $$;",
    b"DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN NULL; END $$;",
    b"DO $$ BEGIN PERFORM migrate_upgrade('heads'); EXCEPTION WHEN OTHERS THEN RAISE WARNING '%', SQLERRM; END $$;",
    b"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '00000'; END $$;", b"DO $$ BEGIN RAISE WARNING 'x'; END $$;",
    b"CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'; CALL p();", b"COPY (SELECT 1) TO STDOUT;",
    b"COPY pg_class TO STDOUT;", b"CREATE TEMP TABLE t (a int, b text); COPY t FROM STDIN;\n1\tx\n\\N\t\\x41\n\\.\n",
    b"COPY t (a) FROM STDIN WITH (FORMAT binary);\n\\.\n",
    b"CREATE TEMP TABLE u (a int); COPY u FROM STDIN WHERE a > 1;\n1\n2\n\\.\n", b"COPY nosuch FROM STDIN;\n1\n\\.\n",
    b"CREATE VIEW v AS SELECT 1 AS a; COPY v FROM STDIN;\n1\n\\.\n", b"COPY pg_class FROM STDIN;\n1\n\\.\n",
    b"CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END;",
    b"CREATE RULE r AS ON INSERT TO pg_class DO INSTEAD (SELECT 1; SELECT 2);", b"SELECT;", b";;;",
    b"TABLE pg_class;", b"VALUES (1);",
    b"CREATE TABLE x1 (a int) PARTITION BY LIST (a); CREATE TABLE x2 PARTITION OF x1 DEFAULT;", b"SELECT 1 INTO x3;",
    b"CREATE TABLE x4 AS SELECT 1; ALTER TABLE x4 ADD b int DEFAULT random();",
    b"CREATE SCHEMA s CREATE TABLE t (a int) CREATE VIEW v AS TABLE t;",
    b"INSERT INTO x5 DEFAULT VALUES RETURNING *;", b"SET CONSTRAINTS ALL DEFERRED;",
    b"CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION nosuch();",
    b"CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS"
    b" $$BEGIN PERFORM 1 FROM pg_event_trigger_ddl_commands(); END$$;"
    b" CREATE EVENT TRIGGER e2 ON ddl_command_end EXECUTE FUNCTION ev(); CREATE TABLE x6 (a int);",
]
NAMES = [
    "", " ", ",", ":", "::", "@", "@@", "+", "-", "+0", "-0", "+1", "-1", "-2147483648", "+2147483647", "+2147483648",
    "-99999999999999999999", "head", "heads", "base", "current", "HEAD", "nosuch", "x", "%", "_", "*", "\\", "'", "é",
    "😀", "a" * 100, "a" * 70000, "head:base", ":current", "current:", "-3:", ":+2", "head@head", "base@head", "@head",
    "head@", "x,y", "heads,heads", "head,", ",head", "+1,+1", "head+1", "heads-1", "base+1", "base-1", "a@b@c",
    "+1+1", "1-1-1", "\n", "\t", "$1", "text", "dot", "mermaid", "../x", "/etc/passwd", "versions", "versions/..",
    "/", ".", "a/b", "%(rev)s", "%(", "%(nosuch)s", "UTC", "/*", "--", "\r\n", "\u2028",
]


class Fuzz:
    def __init__(self, rng, session, encoding, trace):
        self.encoding = encoding
        self.rng = rng
        self.session = session
        self.trace = trace
        self.counts = Counter()
        self.hintless = Counter()
        self.places = Counter()
        self.bad = 0

    def prepare(self):
        self.session.must("\\set ON_ERROR_ROLLBACK on", *SETTINGS)

    def run(self, what, data, *statements):
        """Run statements, look at each answer."""
        if self.trace:
            with open(self.trace, "w", encoding="utf-8") as file:
                file.write("%s\n%r\n%s\n" % (what, data, "\n".join(statements)))
        found = []
        for statement in statements:
            try:
                answer = self.session.run(statement)[0]
            except (sql_graph.SessionLost, BrokenPipeError) as lost:
                self.report(what, data, statement, "the session is lost: %s" % lost)
                raise SystemExit(1) from None
            found.append(answer)
            self.counts[what, answer.code or "ok"] += 1
            if answer.code and (answer.code.startswith("XX") or answer.code == "57014"):
                self.report(what, data, statement, answer.text)
            elif answer.code and answer.code.startswith("MG") and "\nHINT: " not in answer.text:
                self.hintless[re.sub(r'"[^"]*"', '"..."', "%s: %s" % (answer.code, answer.message))] += 1
            elif BAD_WARNING.search(answer.text):
                self.report(what, data, statement, answer.text)
        return found

    def report(self, what, data, statement, text):
        self.bad += 1
        place = re.search(r"^LOCATION: .*", text, re.M)
        self.places[place and place.group()] += 1
        if place and self.places[place.group()] > 3:
            return
        print("BAD %s: %s" % (what, text[:1500]))
        print("   statement: %s" % statement[:300])
        print("   input: %r" % (data[:6000],))
        sys.stdout.flush()

    # -- making bad scripts out of good ones

    def mutate(self, data, others):
        rng = self.rng
        for _ in range(rng.choice([1, 1, 1, 2, 3, 6])):
            at = rng.randrange(len(data) + 1)
            end = min(len(data), at + rng.choice([1, 1, 5, 40, 400]))
            how = rng.randrange(12)
            if how == 0:
                data = data[:at] + data[end:]
            elif how == 1:
                data = data[:at] + rng.choice(FRAGMENTS) + data[at:]
            elif how == 2:
                data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1:]
            elif how == 3:
                data = data[:end] + data[at:end] + data[end:]
            elif how == 4:
                other = rng.choice(others)
                start = rng.randrange(len(other))
                data = data[:at] + other[start:start + rng.choice([20, 200, 2000])] + data[at:]
            elif how == 5:
                data = data[:at]
            elif how == 6:
                data = rng.choice([data.replace(b"\n", b"\r\n"), data.replace(b"\n", b"\r"), data.replace(b"\n", b" "),
                                   data.replace(b";", b""), data.replace(b"--", b"/*"), data.upper()])
            elif how == 7:
                lines = data.split(b"\n")
                one, two = rng.randrange(len(lines)), rng.randrange(len(lines))
                lines[one], lines[two] = lines[two], lines[one]
                data = b"\n".join(lines)
            elif how == 8:
                words = re.findall(rb"\w+", data)
                data = data.replace(rng.choice(words), rng.choice(words), rng.choice([1, -1])) if words else data
            else:
                # a statement where one may stand
                places = [match.end() for match in re.finditer(rb";\n|grade\n|down none\n", data)]
                at = rng.choice(places) if places else at
                data = data[:at] + rng.choice(STATEMENTS) + b"\n" + data[at:]
        return data[:200000]

    def garbage(self):
        rng = self.rng
        parts = []
        if rng.random() < 0.8:
            parts += [b"-- Revision ID: %s\n" % rng.choice([b"aaaa", b"bbbb", b"c d", b"", b"x" * 300])]
            parts += [rng.choice([b"-- Revises: aaaa\n", b"-- Depends On: bbbb\n", b"-- Branch Labels: l\n", b""]),
                      rng.choice([b"-- migrate:upgrade\n", b"-- migrate:up\n", b""])]
        for _ in range(rng.choice([0, 1, 3, 10, 40])):
            parts.append(rng.choice([rng.choice(FRAGMENTS), rng.choice(STATEMENTS), rng.choice(STATEMENTS) + b"\n",
                                     bytes(rng.randrange(256) for _ in range(rng.randrange(20)))]))
        if rng.random() < 0.5:
            parts += [b"\n-- migrate:downgrade\n", rng.choice(STATEMENTS)]
        return b"".join(parts)

    # -- phases

    def sql_text(self, data):
        return "convert_from('\\x%s', '%s')" % (data.hex(), self.encoding)

    def exercise(self, what, data, path):
        """Register a text, and whatever can be done with it; then forget it."""
        if self.encoding == "UTF8" and self.rng.random() < 0.9:
            # what the server's own check of the encoding lets through
            data = data.decode("utf-8", "ignore").replace("\0", "").encode()
        self.session.run("BEGIN;")
        answer = self.run(what + " register", data, "SELECT (migrate_register(%s, %s, true)).revision;" %
                          (self.sql_text(data), literal(path)))[0]
        if not answer.error:
            name = answer.value
            more = [rows_of(call("migrate_" + function, name)) for function in ("show", "plan")]
            more += ["SELECT length(%s);" % call("migrate_upgrade_sql", name), rows_of(call("migrate_upgrade", name)),
                     "SELECT length(%s);" % call("migrate_downgrade_sql", name + ":base"),
                     rows_of(call("migrate_history")), rows_of(call("migrate_downgrade", "-1")),
                     rows_of(call("migrate_current", True))]
            self.run(what + " use", data, *more)
        self.session.run(*CLEAN)
        alive = self.session.run("SELECT count(*) FROM migrate_script;")[0]
        if alive.error:
            self.report(what, data, "ROLLBACK", "afterwards: " + alive.text)

    def registrations(self, scripts):
        return ["SELECT (migrate_register(%s, %s)).action;" % (self.sql_text(data), literal(path))
                for path, data in scripts.items()]

    def history(self, scripts, rounds):
        self.session.must(*self.registrations(scripts))
        steps = self.session.query("(SELECT DISTINCT ON (step) step, revision FROM migrate_plan('heads'))").rows()
        paths = {row["revision"]: row["path"] for row in self.session.query("migrate_history()").rows()}
        others = list(scripts.values())
        for step in steps:
            path = paths[step["revision"]]
            for _ in range(rounds):
                self.exercise("history", self.mutate(scripts[path], others), path)
            self.session.must("SELECT %s;" % call("migrate_upgrade", step["revision"]), "RESET ALL;", *SETTINGS)
        self.session.must("SELECT migrate_downgrade('base');", "RESET ALL;", "DELETE FROM migrate_script;", *SETTINGS)

    def statements(self, rounds):
        plain = b"-- Revision ID: %s\n-- Revises: %s\n-- migrate:upgrade\n%s\n-- migrate:downgrade\n%s\n"
        for name, down in ((b"a", b""), (b"c", b"b")):
            self.session.must("SELECT migrate_register('%s', 'versions/%s.sql');" % (
                (plain % (name, down, b"SELECT 1;", b"SELECT 2;")).decode(), name.decode()))
        pairs = [(statement,) for statement in STATEMENTS]
        pairs += [self.rng.sample(STATEMENTS, 2) for _ in range(rounds * 10)]
        for pair in pairs:
            hostile = b"\n".join(pair)
            sections = (hostile, b"SELECT 1;") if self.rng.random() < 0.7 else (b"SELECT 1;", hostile)
            data = plain % ((b"b", b"a") + sections)
            self.session.run("BEGIN;")
            self.run("statements", data, "SELECT migrate_register(%s, 'versions/b.sql');" % self.sql_text(data),
                     rows_of("migrate_plan()"), rows_of("migrate_upgrade()"), rows_of("migrate_history()"),
                     rows_of("migrate_current()"), rows_of("migrate_downgrade('base')"),
                     rows_of("migrate_upgrade('b')"), rows_of("migrate_stamp()"),
                     "SELECT length(migrate_upgrade_sql()) + length(migrate_downgrade_sql('c:base'));")
            self.session.run(*CLEAN)
            alive = self.session.run("SELECT count(*) FROM migrate_script;")[0]
            if alive.error or alive.value != "2":
                self.report("statements", data, "ROLLBACK", "afterwards: " + alive.text)
        self.session.must("DELETE FROM migrate_script;")

    def files(self, scripts, rounds):
        location = tempfile.mkdtemp(prefix="migrate-fuzz.")
        os.chmod(location, 0o755)
        try:
            self.session.must("SET migrate.script_location = %s;" % literal(location))
            for _ in range(rounds):
                self.files_once(location, scripts)
        finally:
            self.session.run("RESET migrate.script_location;")
            shutil.rmtree(location)

    def files_once(self, location, scripts):
        rng = self.rng
        directory = os.path.join(location, "versions")
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory, 0o755)
        seen = b""
        for number in range(rng.choice([1, 1, 2, 4])):
            name = rng.choice([b"a%d.sql", b"b%d_x.SQL", b"%d \xc3\xa9.sql", b"%d\xff.sql", b"%d\n.sql", b".%d.sql",
                               b"%d'\"\\.sql", b"%d" + b"x" * 200 + b".sql"]) % number
            data = self.mutate(rng.choice(list(scripts.values())), list(scripts.values())) \
                if rng.random() < 0.5 else self.garbage()
            path = os.path.join(directory.encode(), name)
            kind = rng.random()
            if kind < 0.03:
                os.mkdir(path)
            elif kind < 0.06:
                os.symlink(rng.choice([b"/etc/passwd", b"nosuch", b".", name]), path)
            elif kind < 0.08:
                os.mkfifo(path)
            else:
                with open(path, "wb") as file:
                    file.write(data)
                os.chmod(path, 0o644)
            seen += b"\n==== " + name + b"\n" + data
        self.session.run("BEGIN;")
        self.run("files", seen, rows_of("migrate_load()"), rows_of("migrate_history()"),
                 rows_of("migrate_plan('heads')"), rows_of("migrate_upgrade('heads')"), rows_of("migrate_export()"))
        # what is not in the encoding of the database must not have come in
        stored = self.session.run("SELECT count(convert_to(concat(s.path, message, script, create_date), 'UTF8'))"
                                  " FROM migrate_script s;")[0]
        if stored.code == "22021" and self.encoding == "UTF8":
            self.report("files", seen, "SELECT ... FROM migrate_script", stored.text)
        self.session.run(*CLEAN,
                         "SET migrate.script_location = %s;" % literal(location))

    def text(self, ids):
        rng = self.rng
        if rng.random() < 0.4:
            return rng.choice(NAMES)
        parts = NAMES[:40] + ids + ids + ["@", ":", "+1", "-1", ","]
        return "".join(rng.choice(parts) for _ in range(rng.randint(1, 4)))

    def odd_call(self, ids):
        """A statement that calls some function with odd texts."""
        rng = self.rng
        texts = [self.text(ids) for _ in range(6)]
        function = rng.choice(["plan", "stamp", "history", "show", "trust", "export", "unregister", "upgrade_sql",
                               "downgrade_sql", "graph", "graph", "edit", "register", "revision", "merge", "setting"])
        if function in ("graph", "edit"):
            given = texts[:2]
        elif function == "register":
            given = texts[:2] + [True]
        elif function == "stamp":
            given = [texts[0], rng.random() < 0.5]
        elif function in ("revision", "merge"):
            given = [texts[0], "head", True, None, None, None, None] if function == "revision" else \
                ["heads", texts[0], True, None, None, None, None]
            for number in rng.sample([0, 1, 3, 4, 5, 6], rng.choice([1, 1, 1, 6])):
                given[number] = texts[number - 1]
        elif function == "setting":
            name = rng.choice(["file_template", "timezone", "version_locations", "truncate_slug_length", "template"])
            return "SET migrate.%s = %s; SELECT migrate_revision(%s, 'head', true);" % (
                name, literal(texts[0]), literal(texts[1]))
        else:
            given = texts[:1]
        return "SELECT count(*) FROM %s x;" % call("migrate_" + function, *given)

    def targets(self, scripts, rounds):
        self.session.must(*self.registrations(scripts))
        ids = [row["revision"] for row in self.session.query("migrate_history()").rows()]
        ids += [name[:4] for name in ids[:20]]
        for _ in range(rounds):
            self.session.run("BEGIN;", *(["SELECT migrate_stamp('heads');"] if self.rng.random() < 0.5 else []))
            statement = self.odd_call(ids)
            self.run("targets", statement.encode(), statement)
            self.session.run("ROLLBACK;")
        self.session.must("DELETE FROM migrate_script;")


def main(argv):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("versions")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--encoding", default="UTF8")
    parser.add_argument("--phases", default="statements,history,garbage,files,targets")
    parser.add_argument("--trace")
    options = parser.parse_args(argv[1:])
    scripts = {}
    for path in sorted(glob.glob(os.path.join(options.versions, "*.sql"))):
        with open(path, "rb") as file:
            data = file.read()
        if options.encoding != "UTF8" and data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
        scripts["versions/" + os.path.basename(path)] = data
    print("seed %d" % options.seed)
    with sql_graph.Database(DATABASE, "ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'" % options.encoding) as session:
        fuzz = Fuzz(random.Random(options.seed), session, options.encoding, options.trace)
        session.must("CREATE EXTENSION migrate;")
        fuzz.prepare()
        phases = options.phases.split(",")
        if "statements" in phases:
            fuzz.statements(options.rounds)
        if "history" in phases:
            fuzz.history(scripts, options.rounds)
        if "garbage" in phases:
            for _ in range(options.rounds * 60):
                fuzz.exercise("garbage", fuzz.garbage(), "versions/garbage.sql")
        if "files" in phases:
            fuzz.files(scripts, options.rounds * 10)
        if "targets" in phases:
            fuzz.targets(scripts, options.rounds * 60)
    for (what, code), number in sorted(fuzz.counts.items()):
        print("%s %s: %d" % (what, code, number))
    for place, number in fuzz.places.items():
        print("bad, %d: %s" % (number, place))
    for message, number in sorted(fuzz.hintless.items()):
        print("without a hint, %d: %s" % (number, message))
    print("%d statements, %d bad" % (sum(fuzz.counts.values()), fuzz.bad))
    return 1 if fuzz.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
