#!/usr/bin/env python3
"""Let the extension find the way between pairs of schemas, and check it.

  pairs.py [options] DIRECTORY...

DIRECTORY holds a folder for each pair, with old.sql and new.sql, as
tests/corpus/extract.py makes them of public test cases.  With --steps it
holds files with the states of one schema, in the order of their names, and
each two that follow one another are a pair; with --empty each file is two
pairs, from nothing and to nothing.

For each pair, a database gets old.sql and a row in every table that takes
one; new.sql becomes the model; migrate_revision() writes the script, which
is run up, down and up again.  psql and pg_dump are the judges: after each
run pg_dump -s must be that of a database where psql ran new.sql, or
old.sql.  At the end there must be nothing left to do.  The server is a
private one, built from this tree.

  pass      all of that
  outside   all of that, but for what is in no schema and not in the model
            either, which is left alone; or is of a kind that is not compared
  rows      all of that, but only without the rows
  refused   the extension says that it will not, with an SQLSTATE of its own
  fail      and what failed: generate, up, down, again (an error); differs up,
            differs down (the schema is another); not empty (something is
            left to do); crash; timeout
  skipped   a state does not load in this PostgreSQL
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "bench"), os.path.join(HERE, "corpus")]

import schematext  # noqa: E402
import scratch  # noqa: E402

EXTENSION_SCHEMA = "migrate_ext"
CALL = EXTENSION_SCHEMA + ".migrate_"
LOST = ("server closed the connection", "terminating connection because of crash", "could not connect",
        "connection to server", "in recovery mode", "the database system is")
IN_USE = "55006"
# A subscription keeps its database; its publisher does not exist.
SUBSCRIPTIONS = r"""
SELECT pg_catalog.format('ALTER SUBSCRIPTION %1$I DISABLE; ALTER SUBSCRIPTION %1$I SET (slot_name = NONE); '
    'DROP SUBSCRIPTION %1$I', subname)
FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
WHERE d.datname = pg_catalog.current_database() \gexec
"""
NO_ROLE = re.compile(r'role "((?:[^"]|"")*)" does not exist')
ERROR = re.compile(r"(?:ERROR|FATAL|PANIC): +(?:([0-9A-Z]{5}): )?(.*)")
SCHEMAS = ("SELECT pg_catalog.quote_ident(nspname) FROM pg_catalog.pg_namespace n WHERE nspname !~ '^pg_' "
           "AND nspname NOT IN ('information_schema', '%s') AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d "
           "WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid "
           "AND d.deptype = 'e') ORDER BY nspname" % EXTENSION_SCHEMA)
# Every value of every table, by name: what is in both states must survive.
ROWS = ("SELECT pg_catalog.string_agg(pg_catalog.format('SELECT %%L, pg_catalog.to_jsonb(t) FROM ONLY %%s t', "
        "r.oid::pg_catalog.regclass, r.oid::pg_catalog.regclass), ' UNION ALL ') FROM pg_catalog.pg_class r "
        "JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace "
        "WHERE r.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', '%s')"
        % EXTENSION_SCHEMA)

# Objects in no schema: left alone unless the model has some of that type, or always.
IN_NO_SCHEMA = ("EVENT TRIGGER", "PUBLICATION", "EXTENSION", "SERVER", "FOREIGN DATA WRAPPER")
NEVER_COMPARED = ("USER MAPPING", "SUBSCRIPTION", "DEFAULT ACL", "PROCEDURAL LANGUAGE", "ACCESS METHOD")

MAKES_EXTENSION = re.compile(r"^(?:CREATE EXTENSION IF NOT EXISTS migrate |COMMENT ON EXTENSION migrate ).*\n",
                             re.MULTILINE)

Pair = collections.namedtuple("Pair", "name old new")


class Failed(Exception):
    def __init__(self, kind, code="", message="", detail=""):
        super().__init__(message)
        self.kind, self.code, self.message, self.detail = kind, code or "", message, detail


class Result:
    def __init__(self, name):
        self.name = name
        self.verdict = "fail"
        self.kind = ""
        self.code = ""
        self.message = ""
        self.detail = ""
        self.script = ""
        self.outside = False    # something was left alone
        self.strict = True      # the same with the order of columns, too
        self.seconds = 0.0      # that the generation took


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


# -- Pairs


def pairs_of(directory, mode):
    name = os.path.basename(os.path.normpath(directory))
    if mode == "pairs":
        for folder in sorted(os.listdir(directory)):
            path = os.path.join(directory, folder)
            if os.path.exists(os.path.join(path, "old.sql")):
                yield Pair(name + "/" + folder, read(os.path.join(path, "old.sql")),
                           read(os.path.join(path, "new.sql")))
        return
    files = sorted(file for file in os.listdir(directory) if file.endswith(".sql"))
    texts = {file: read(os.path.join(directory, file)) for file in files}
    if mode == "empty":
        for file in files:
            yield Pair("%s/%s-up" % (name, file[:-4]), "", texts[file])
            yield Pair("%s/%s-down" % (name, file[:-4]), texts[file], "")
    else:
        for old, new in zip(files, files[1:]):
            yield Pair("%s/%s" % (name, new[:-4]), texts[old], texts[new])


# -- The server


class Databases:
    """Scratch databases of the private server, and what psql makes of a schema."""

    def __init__(self, server, options):
        self.server = server
        self.options = options
        self.environment = dict(os.environ, PGOPTIONS="-c client_min_messages=warning -c statement_timeout=%ds"
                                % options.timeout, PGCONNECT_TIMEOUT="30")
        self.cache = options.cache
        if self.cache:
            os.makedirs(self.cache, exist_ok=True)
        self.roles = set()
        self.lock = threading.Lock()

    def run(self, kind, command, text=None):
        """Run psql or pg_dump; return its output."""
        try:
            done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self.environment, encoding="utf-8", errors="replace", check=False,
                                  timeout=self.options.timeout * 3)
        except subprocess.TimeoutExpired:
            raise Failed("timeout", message=kind) from None
        if done.returncode == 0:
            return done.stdout
        found = ERROR.search(done.stderr)
        if any(word in done.stderr for word in LOST) and not (found and found.group(1)):
            raise Failed("crash", message=done.stderr.strip().splitlines()[0] if done.stderr.strip() else kind)
        code, message = found.groups() if found else ("", done.stderr.strip()[:300])
        raise Failed(kind, code, message, done.stderr.strip())

    def psql(self, kind, database, *arguments, text=None):
        return self.run(kind, self.server.psql(database, "-A", "-t", "-v", "VERBOSITY=verbose", *arguments), text)

    def call(self, kind, database, sql):
        return self.psql(kind, database, "-c", sql)

    def dump(self, database):
        command = [os.path.join(self.server.bindir, "pg_dump"), "-s", "-h", self.server.path("data"),
                   "-p", str(self.server.port), "-U", "postgres", "-N", EXTENSION_SCHEMA, "-d", database]
        return self.run("dump", command + ([] if self.options.privileges else ["-O", "-x"]))

    def create(self, name):
        self.drop(name)
        self.psql("create", "postgres", "-c", "CREATE DATABASE %s TEMPLATE template0" % name)

    def drop(self, name):
        statement = "DROP DATABASE IF EXISTS %s WITH (FORCE)" % name
        try:
            self.call("drop", "postgres", statement)
        except Failed as failed:
            if failed.code != IN_USE:
                raise
            self.psql("drop", name, text=SUBSCRIPTIONS)
            self.call("drop", "postgres", statement)

    def need_role(self, role):
        with self.lock:
            if role not in self.roles:
                self.roles.add(role)
                quoted = '"%s"' % role.replace('"', '""')
                self.run("role", self.server.psql("postgres", "-v", "ON_ERROR_STOP=0", "-c", "CREATE ROLE " + quoted))

    def load(self, database, text):
        """Make a database with psql; roles that are missing are made."""
        for _ in range(20):
            self.create(database)
            try:
                self.psql("load", database, "-f", "-", text=text)
                return
            except Failed as failed:
                found = NO_ROLE.search(failed.message)
                if not found or found.group(1) in self.roles:
                    raise
                self.need_role(found.group(1))
        raise Failed("load", message="too many roles")

    def restored(self, dump):
        """The objects of a dump after a dump was restored; None if that does not work."""
        database = "restored_%d" % threading.get_ident()
        try:
            self.create(database)
            self.psql("restore", database, "-f", "-", text=MAKES_EXTENSION.sub("", dump))
            return schematext.objects(self.dump(database))
        except Failed:
            return None
        finally:
            self.drop(database)

    def judge(self, database, text):
        """What psql makes of a schema: (dump, schemas), or the error."""
        key = hashlib.sha256(repr((self.server.bindir, self.options.privileges, text)).encode()).hexdigest()
        path = os.path.join(self.cache, key) if self.cache else None
        if path and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                answer = json.load(file)
        else:
            try:
                self.load(database, text)
                answer = [self.dump(database), self.call("load", database, SCHEMAS).split("\n")]
            except Failed as failed:
                if failed.kind in ("crash", "timeout"):
                    raise
                answer = [None, failed.code + " " + failed.message]
            self.drop(database)
            if path:
                with open(path, "w", encoding="utf-8") as file:
                    json.dump(answer, file)
        if answer[0] is None:
            raise Failed("load", message=answer[1])
        return answer[0], [name for name in answer[1] if name]


# -- One pair


def dollar_quoted(text):
    number = 0
    while "$t%d$" % number in text:
        number += 1
    return "$t%d$%s$t%d$" % (number, text, number)


class Run:
    """One pair on its way."""

    def __init__(self, databases, pair, worker):
        self.databases = databases
        self.pair = pair
        self.database = "pair_%d" % worker
        self.options = databases.options
        self.result = Result(pair.name)
        self.left_alone = ()

    def directory(self):
        path = os.path.join(self.options.output, re.sub(r"[^A-Za-z0-9_.-]+", "_", self.pair.name))
        os.makedirs(path, exist_ok=True)
        return path

    def keep(self, name, text):
        if self.options.output:
            with open(os.path.join(self.directory(), name), "w", encoding="utf-8") as file:
                file.write(text)

    def compare(self, kind, wanted):
        found = self.databases.dump(self.database)
        one, other = schematext.objects(wanted), schematext.objects(found)
        if one != other:
            difference = schematext.difference(*(schematext.without(texts, self.left_alone) for texts in (one, other)))
            if not difference:
                self.result.outside = True
                return
            # what pg_dump prints is not always what it prints of what was restored from that
            restored = [self.databases.restored(dump) for dump in (wanted, found)]
            if restored[0] and restored[0] == restored[1]:
                self.result.strict = False
                return
            self.keep("difference.sql", difference)
            raise Failed(kind, message=difference.splitlines()[0], detail=difference)
        if schematext.objects(wanted, True) != schematext.objects(found, True):
            self.result.strict = False

    def rows(self):
        query = self.databases.call("rows", self.database, ROWS).strip()
        found = {}
        if query:
            for line in self.databases.psql("rows", self.database, "-F", "\t", "-c", query).splitlines():
                table, row = line.split("\t", 1)
                found.setdefault(table, []).append(json.loads(row))
        return found

    def compare_rows(self, before, after):
        """Tables that are in both have their rows, and columns that are in both a value.

        What the script says that it loses may be lost.
        """
        upgrade = self.result.script.split("-- migrate:downgrade")[0]
        told = " ".join(line for line in upgrade.splitlines() if line.startswith("-- loses data"))
        for table in sorted(set(before) - set(after)):
            still = self.databases.call("rows", self.database, "SELECT pg_catalog.to_regclass('%s') IS NOT NULL"
                                        % table.replace("'", "''")).strip()
            if still == "t" and table not in told:
                raise Failed("rows lost", message="of " + table)
        for table in sorted(set(before) & set(after)):
            for one, other in zip(before[table], after[table]):
                gone = [name for name, value in one.items() if value is not None and name in other
                        and other[name] is None]
                gone = [name for name in gone if name not in told]
                if gone or len(before[table]) != len(after[table]):
                    raise Failed("rows lost", message="of %s: %s" % (table, ", ".join(gone)))

    def prepare(self, old, new, schemas, with_rows):
        databases = self.databases
        databases.load(self.database, old)
        settings = ["ALTER DATABASE %s SET migrate.schemas = '%s'" %
                    (self.database, ", ".join(schemas).replace("'", "''"))] if schemas else []
        if self.options.privileges:
            settings.append("ALTER DATABASE %s SET migrate.compare_privileges = on" % self.database)
        databases.psql("install", self.database, text="; ".join(
            ["CREATE SCHEMA %s" % EXTENSION_SCHEMA, "CREATE EXTENSION migrate SCHEMA %s" % EXTENSION_SCHEMA,
             *settings]) + ";")
        if with_rows:
            databases.psql("rows", self.database, "-f", os.path.join(HERE, "corpus", "rows.sql"))
        model = "SELECT %smodel('new', %s);" % (CALL, dollar_quoted(new))
        self.keep("model.sql", model)
        databases.psql("model", self.database, text=model)

    def generate(self, kind):
        return self.databases.call(kind, self.database, "SELECT script FROM %srevision('x', autogenerate => true)"
                                   % CALL).strip("\n")

    def attempt(self, with_rows):
        options, databases = self.options, self.databases
        old, roles = schematext.split_roles(self.pair.old)
        new, more = schematext.split_roles(self.pair.new)
        for role in roles + more:
            databases.need_role(role)
        self.keep("old.sql", old)
        self.keep("new.sql", new)
        wanted, new_schemas = databases.judge(self.database, new)
        before, old_schemas = databases.judge(self.database, old)
        if options.load:
            return
        self.left_alone = NEVER_COMPARED + tuple(
            kind for kind in IN_NO_SCHEMA if "; Type: %s;" % kind not in wanted)
        self.prepare(old, new, sorted(set(old_schemas + new_schemas)), with_rows)
        start = time.monotonic()
        self.result.script = self.generate("generate")
        self.result.seconds = time.monotonic() - start
        self.keep("script.sql", self.result.script + "\n")
        if not self.result.script:
            self.compare("nothing found", wanted)
            return
        rows = self.rows() if with_rows else {}
        databases.call("up", self.database, "SELECT FROM %supgrade('head')" % CALL)
        self.compare("differs up", wanted)
        if with_rows:
            self.compare_rows(rows, self.rows())
        databases.call("down", self.database, "SELECT FROM %sdowngrade('base')" % CALL)
        self.compare("differs down", before)
        databases.call("again", self.database, "SELECT FROM %supgrade('head')" % CALL)
        self.compare("differs again", wanted)
        try:
            databases.call("not empty", self.database, "SELECT FROM %scheck()" % CALL)
        except Failed as failed:
            if failed.kind == "not empty":
                failed.detail += "\n" + self.generate("not empty")
            raise

    def attempt_with_roles(self, with_rows):
        """A state that was judged in an earlier run may need roles that this server has not."""
        while True:
            try:
                return self.attempt(with_rows)
            except Failed as failed:
                found = NO_ROLE.search(failed.message)
                if not found or found.group(1) in self.databases.roles:
                    raise
                self.databases.need_role(found.group(1))

    def judge(self, failed):
        result = self.result
        result.kind, result.code = failed.kind, failed.code
        result.message, result.detail = failed.message, failed.detail
        if failed.kind in ("load", "install"):
            result.verdict = "skipped"
        elif failed.kind in ("generate", "model") and failed.code.startswith("MG"):
            result.verdict = "refused"
        else:
            result.verdict = "fail"

    def run(self):
        result = self.result
        try:
            try:
                self.attempt_with_roles(self.options.rows)
                result.verdict = "outside" if result.outside else "pass"
            except Failed as failed:
                self.judge(failed)
                # data can be in the way of what the schema alone allows
                if self.options.rows and failed.kind in ("up", "down", "again"):
                    self.attempt_with_roles(False)
                    result.verdict = "rows"
        except Failed as failed:
            self.judge(failed)
        except Exception as error:      # a defect of this program must not hide the other results
            self.judge(Failed("harness", message=repr(error)))
        try:
            if not self.options.keep_databases:
                self.databases.drop(self.database)
        except Failed:
            pass
        self.keep("result.txt", "%s %s\n%s %s\n%s\n" % (result.verdict, result.kind, result.code, result.message,
                                                        result.detail))
        return result


# -- All of them


def wait_for_server(databases):
    for _ in range(120):
        try:
            databases.call("wait", "postgres", "SELECT 1")
            return
        except Failed:
            time.sleep(0.5)
    raise scratch.BenchError("the server does not come back after a crash")


def log_of_crash(server):
    lines = read(server.path("data", "log")).splitlines()
    for number in range(len(lines) - 1, -1, -1):
        if "was terminated by signal" in lines[number] or "TRAP:" in lines[number]:
            return "\n".join(lines[max(0, number - 3):number + 4])
    return ""


def run_pairs(databases, pairs, options):
    """Run all, several at once; those that meet a crash again, by themselves."""
    free = list(range(options.jobs))
    lock = threading.Lock()

    def one(pair):
        with lock:
            worker = free.pop()
        try:
            return Run(databases, pair, worker).run()
        finally:
            with lock:
                free.append(worker)

    results, again = [], []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = {pool.submit(one, pair): pair for pair in pairs}
        for future in concurrent.futures.as_completed(futures):
            result = future.result()
            if result.kind == "crash":
                again.append(futures[future])
                wait_for_server(databases)
                continue
            results.append(result)
            report(result, options)
    for pair in again:
        wait_for_server(databases)
        result = one(pair)
        if result.kind == "crash":
            wait_for_server(databases)
            result.detail = log_of_crash(databases.server)
        results.append(result)
        report(result, options)
    return sorted(results, key=lambda result: result.name)


def report(result, options):
    if result.verdict in options.show:
        print("%-8s %-13s %s: %s %s" % (result.verdict, result.kind, result.name, result.code, result.message))
        if options.verbose:
            for text in (result.detail, result.script):
                if text:
                    print("    " + text.replace("\n", "\n    "))


def summary(results, options):
    groups = sorted({result.name.split("/")[0] for result in results})
    verdicts = ["pass", "outside", "rows", "refused", "fail", "skipped"]
    print("\n%-16s" % "" + "".join("%9s" % word for word in ["pairs", *verdicts, "strict"]))
    for group in groups + (["all"] if len(groups) > 1 else []):
        mine = [result for result in results if group in ("all", result.name.split("/")[0])]
        counts = collections.Counter(result.verdict for result in mine)
        strict = sum(result.strict for result in mine if result.verdict in ("pass", "outside", "rows"))
        print("%-16s%9d" % (group, len(mine)) + "".join("%9d" % counts[word] for word in verdicts) + "%9d" % strict)
    kinds = collections.Counter(result.kind for result in results if result.verdict == "fail")
    if kinds:
        print("\nfailures: " + ", ".join("%d %s" % (count, kind) for kind, count in kinds.most_common()))
    if options.output:
        with open(os.path.join(options.output, "results.tsv"), "w", encoding="utf-8") as file:
            for result in results:
                file.write("\t".join([result.name, result.verdict, result.kind, result.code, str(result.strict),
                                      "%.3f" % result.seconds, result.message.replace("\t", " ")]) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="+")
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--steps", dest="mode", action="store_const", const="steps", default="pairs",
                       help="the directory holds the states of one schema")
    modes.add_argument("--empty", dest="mode", action="store_const", const="empty",
                       help="each file of the directory, from nothing and to nothing")
    parser.add_argument("--reverse", action="store_true", help="from new.sql to old.sql")
    parser.add_argument("--only", action="append", metavar="PATTERN", help="names of pairs, with * and ?; may be given "
                        "several times")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth pair")
    parser.add_argument("--pg", default="15", metavar="VERSION", help="version or path of a pg_config (15)")
    parser.add_argument("--tree", metavar="DIRECTORY", help="the tree that is built (this one)")
    parser.add_argument("--jobs", type=int, default=2, help="how many pairs at once (2)")
    parser.add_argument("--timeout", type=int, default=60, metavar="SECONDS", help="of one statement (60)")
    parser.add_argument("--no-rows", dest="rows", action="store_false", help="leave the tables empty")
    parser.add_argument("--privileges", action="store_true", help="compare owners and privileges, too")
    parser.add_argument("--load", action="store_true", help="only see whether the states load")
    parser.add_argument("--cache", metavar="DIRECTORY", help="keep what psql makes of the states for the next time")
    parser.add_argument("--output", metavar="DIRECTORY", help="keep states, scripts, differences, results.tsv")
    parser.add_argument("--show", default="rows,fail", metavar="VERDICTS", help="which to print (rows,fail)")
    parser.add_argument("--verbose", action="store_true", help="with the whole message and the script")
    parser.add_argument("--keep", action="store_true", help="leave the server's directory")
    parser.add_argument("--keep-databases", action="store_true", help="of the last pair of each job; implies --keep")
    options = parser.parse_args()
    options.show = options.show.split(",")
    options.keep = options.keep or options.keep_databases
    pairs = [pair for directory in options.directory for pair in pairs_of(directory, options.mode)]
    if options.reverse:
        pairs = [Pair(name, new, old) for name, old, new in pairs]
    if options.only:
        pairs = [pair for pair in pairs if any(fnmatch.fnmatch(pair.name, pattern) for pattern in options.only)]
    pairs = pairs[::options.every]
    if options.output:
        shutil.rmtree(options.output, ignore_errors=True)
        os.makedirs(options.output)
    sys.stdout.reconfigure(line_buffering=True)
    for number in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    if options.tree:
        scratch.TOP = os.path.abspath(options.tree)
    try:
        server = scratch.Server(options.pg, fsync=False, keep=options.keep)
        if options.load:
            extensions = server.path("stage") + subprocess.run([server.pg_config, "--sharedir"], check=True,
                                                               stdout=subprocess.PIPE,
                                                               encoding="utf-8").stdout.strip() + "/extension"
            server.build = lambda: os.makedirs(extensions)
        with server:
            results = run_pairs(Databases(server, options), pairs, options)
        summary(results, options)
    except scratch.BenchError as error:
        print(error, file=sys.stderr)
        return 2
    return 1 if any(result.verdict == "fail" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
