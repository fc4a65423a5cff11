#!/usr/bin/env python3
"""Autogenerate on random pairs of schemas, judged by pg_dump.

    schema_fuzz.py [--seed SEED] [--cases N] [--jobs N] [--pg VERSION] [--only P2,P4]
    schema_fuzz.py --seed 12345 --cases 1 --show

A case is a random schema (schema_gen.py) and what it becomes by some random
changes.  Of every case:

  P1  both load: the generator writes no nonsense
  P2  a database with the old one, a model with the new one: the revision that
      is generated makes of the one what a database has that loaded the other
  P3  its downgrade brings the old one back
  P4  after the upgrade nothing is left to generate
  P5  nor against the model with its statements in another order
  P6  nor between the model and a database that loaded it
  P7  the statements of migrate_diff(), run one by one, also do it

A refusal (MG011, with a reason) is no failure; refusals are counted by their
reasons.  Failures are sorted by what they look like, and the first of each sort
is made small: things are taken out of both schemas while it still fails in the
same way.  It is written below --report with both schemas and the script.

A private server is made as the benchmarks do it (tests/bench/scratch.py); with
--server DIRECTORY PORT BINDIR a running one is used.
"""

import argparse
import os
import random
import re
import signal
import sys
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

import schema_gen  # noqa: E402
import scratch  # noqa: E402
from schema_model import quoted  # noqa: E402
from schema_judge import Judge, SqlError, difference, prepare  # noqa: E402

PROPERTIES = ("P1", "P2", "P3", "P4", "P5", "P6", "P7")
GENERATE = "SELECT script FROM migrate_revision('fuzz', autogenerate => true)"


class Failure(Exception):
    """A property that does not hold."""

    def __init__(self, property_, detail, sort, script=""):
        super().__init__(detail)
        self.property, self.detail, self.sort, self.script = property_, detail, sort, script


class Refused(Exception):
    pass


def general(message):
    """A message without names and numbers."""
    message = re.sub(r'"(?:[^"]|"")*"|\'[^\']*\'|<[^>]*>', "N", message.split("\n")[0])
    message = re.sub("cannot cast type .*", "cannot cast", message)
    return re.sub(r"\d+", "0", re.sub(r"\w*_\d+\w*(\.\w+)*", "N", message))[:200]


class Case:
    """One pair of schemas before the judge."""

    def __init__(self, judge, only):
        self.judge = judge
        self.only = only
        self.script = ""

    def wanted(self, property_):
        return property_ in self.only

    def fail(self, property_, detail, sort):
        raise Failure(property_, detail, "%s %s" % (property_, sort), self.script)

    def run_sql(self, property_, session, sql, *parameters):
        try:
            return session.execute(sql, *parameters)
        except SqlError as error:
            if error.sqlstate == "MG011":
                raise Refused(general(error.message)) from None
            return self.fail(property_, str(error), "%s: %s" % (error.sqlstate, general(error.message)))

    def compare(self, property_, expected, name):
        found = difference(expected, self.judge.dump(name))
        if found:
            self.fail(property_, "\n".join("%s %s\n%s" % one for one in found),
                      "dump " + " ".join(sorted({sign + type_ for sign, type_, _ in found})))

    def nothing_left(self, property_, session):
        rows = self.run_sql(property_, session, "SELECT * FROM migrate_diff('database', 'model')")
        if rows:
            self.fail(property_, "\n".join("  ".join(row) for row in rows),
                      "left: " + general(" ".join(sorted({row[0] for row in rows}))))

    def load(self, text):
        try:
            return self.judge.database(text or None)
        except SqlError as error:
            return self.fail("P1", "%s\n%s" % (error, text), "%s: %s" % (error.sqlstate, general(error.message)))

    def check(self, old, new):
        """Raise Failure or Refused, or return."""
        old_text, new_text = old.text(), new.text()
        shuffled = new.text(random.Random(len(new_text)))
        old_name, new_name = self.load(old_text), self.load(new_text)
        if not self.only - {"P1"}:
            again = difference(self.judge.dump(new_name), self.judge.dump(self.load(shuffled)))
            if again:
                self.fail("P1", "%r" % again, "another order, another dump")
            return
        names = ", ".join(sorted({quoted(thing.name) for schema in (old, new) for thing in schema.of_kind("schema")}))
        self.settings = "SET migrate.schemas = '%s'" % names.replace("'", "''")
        with self.judge.connect(new_name) as session:
            session.execute(self.settings)
            session.execute("SELECT migrate_model('schema.sql', $1)", new_text)
            if self.wanted("P6"):
                self.nothing_left("P6", session)
        with self.judge.connect(old_name) as session:
            self.move(session, old_name, new_name, new_text, shuffled)

    def move(self, session, old_name, new_name, new_text, shuffled):
        old_dump = self.judge.dump(old_name)
        session.execute(self.settings)
        session.execute("SELECT migrate_model('schema.sql', $1)", new_text)
        if self.wanted("P7"):
            session.execute("BEGIN")
            rows = self.run_sql("P7", session, "SELECT sql FROM migrate_diff('database', 'model')")
            self.script = "".join(row[0] + ";\n" for row in rows)
            for row in rows:
                self.run_sql("P7", session, row[0])
            self.nothing_left("P7", session)
            session.execute("ROLLBACK")
        rows = self.run_sql("P2", session, GENERATE)
        if not rows:
            # nothing to do: then there must be no difference
            self.compare("P2", self.judge.dump(new_name), old_name)
            return
        self.script = rows[0][0]
        self.run_sql("P2", session, "SELECT count(*) FROM migrate_upgrade('head')")
        if self.wanted("P2"):
            self.compare("P2", self.judge.dump(new_name), old_name)
        if self.wanted("P4"):
            self.nothing_left("P4", session)
            self.run_sql("P4", session, "SELECT * FROM migrate_check()")
        if self.wanted("P5"):
            session.execute("BEGIN")
            self.run_sql("P5", session, "SELECT migrate_model('schema.sql', $1)", shuffled)
            self.nothing_left("P5", session)
            session.execute("ROLLBACK")
        if self.wanted("P3"):
            self.run_sql("P3", session, "SELECT count(*) FROM migrate_downgrade('base')")
            self.compare("P3", old_dump, old_name)


def pair(seed, size, changes):
    """(old, new, [what was changed])"""
    rng = random.Random("case %s" % seed)
    old = schema_gen.generate(seed, rng.randint(4, size))
    new = old.copy()
    done = []
    for number in range(rng.randint(1, changes)):
        done.append(schema_gen.mutate("%s %d" % (seed, number), new))
    return old, new, [change for change in done if change]


def shrink(judge, only, old, new, sort, seconds):
    """Smaller schemas that fail in the same way."""
    def fails(one, other):
        try:
            Case(judge, only).check(one, other)
        except Failure as failure:
            return failure if failure.sort == sort else None
        except (Refused, SqlError, AssertionError, KeyError):
            pass
        finally:
            judge.forget()
        return None

    end = time.monotonic() + seconds
    best = None
    keys = [key for key in {**old.things, **new.things} if key != "schema public"]
    step = max(1, len(keys) // 2)
    while step and time.monotonic() < end:
        place = len(keys)
        while place > 0 and time.monotonic() < end:
            part = keys[max(0, place - step):place]
            one, other = old.copy(), new.copy()
            for key in part:
                for schema in one, other:
                    if key in schema:
                        schema.drop(key)
            failure = fails(one, other)
            if failure:
                old, new, best = one, other, failure
                keys = [key for key in keys if key in old or key in new]
            place = min(place - step, len(keys))
        step //= 2
    return old, new, best


class Run:
    """Cases by several threads, and what became of them."""

    def __init__(self, server, options):
        self.server, self.options = server, options
        self.lock = threading.Lock()
        self.next = options.seed
        self.counts, self.sorts, self.refusals = Counter(), Counter(), Counter()
        self.end = time.monotonic() + options.minutes * 60

    def say(self, text):
        with self.lock:
            print(text, flush=True)

    def take(self):
        with self.lock:
            if self.next >= self.options.seed + self.options.cases or time.monotonic() > self.end:
                return None
            self.next += 1
            return self.next - 1

    def work(self, number):
        judge = Judge(self.server, "fuzz%d" % number)
        while (seed := self.take()) is not None:
            try:
                self.one(judge, seed)
            finally:
                judge.forget()

    def one(self, judge, seed):
        old, new, changes = pair(seed, self.options.size, self.options.changes)
        case = Case(judge, self.options.only)
        try:
            case.check(old, new)
            outcome = "good"
        except Refused as refusal:
            outcome = "refused"
            self.refusals[str(refusal)] += 1
        except Failure as failure:
            outcome = "failed"
            self.failed(judge, seed, old, new, changes, failure)
        self.counts[outcome] += 1
        if self.options.show:
            self.say("-- seed %d: %s\n-- %s\n%s" % (seed, outcome, "\n-- ".join(changes), case.script))

    def failed(self, judge, seed, old, new, changes, failure):
        with self.lock:
            self.sorts[failure.sort] += 1
            first = self.sorts[failure.sort] == 1
        if not first:
            return
        self.say("seed %d: %s" % (seed, failure.sort))
        if self.options.shrink:
            judge.forget()
            old, new, smaller = shrink(judge, self.options.only, old, new, failure.sort, self.options.shrink)
            failure = smaller or failure
        text = "-- %s\n-- seed %d\n-- %s\n\n-- old\n%s\n-- new\n%s\n-- what happened\n%s\n\n-- script\n%s\n" % (
            failure.sort, seed, "\n-- ".join(changes), old.text(), new.text(), failure.detail, failure.script)
        if self.options.report:
            name = re.sub(r"\W+", "_", failure.sort)[:60]
            with open(os.path.join(self.options.report, "%s.%d.sql" % (name, seed)), "w", encoding="utf-8") as file:
                file.write(text)
        else:
            self.say(text)

    def summary(self):
        print("\ncases: %s" % ", ".join("%d %s" % (count, name) for name, count in self.counts.most_common()))
        for title, counts in ("failures", self.sorts), ("refusals", self.refusals):
            if counts:
                print("%s:" % title)
            for text, count in counts.most_common():
                print("%6d  %s" % (count, text))


class Running:
    """A server that is there already."""

    def __init__(self, directory, port, bindir):
        self.directory, self.port, self.bindir = directory, int(port), bindir

    session = scratch.Server.session
    admin = scratch.Server.admin
    create = scratch.Server.create
    drop = scratch.Server.drop

    def path(self, *_):
        return self.directory


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the first one (1)")
    parser.add_argument("--cases", type=int, default=100, help="how many (100)")
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no case after so many")
    parser.add_argument("--jobs", type=int, default=2, help="cases at a time (2)")
    parser.add_argument("--size", type=int, default=40, help="at most so many things in a schema (40)")
    parser.add_argument("--changes", type=int, default=8, help="at most so many changes (8)")
    parser.add_argument("--only", default=",".join(PROPERTIES), help="properties, with commas")
    parser.add_argument("--shrink", type=float, default=60, metavar="SECONDS", help="for making a failure small (60)")
    parser.add_argument("--report", metavar="DIRECTORY", help="write failures to files there")
    parser.add_argument("--show", action="store_true", help="print every script")
    parser.add_argument("--pg", default="15", metavar="VERSION", help="version or path of a pg_config (15)")
    parser.add_argument("--server", nargs=3, metavar=("DIRECTORY", "PORT", "BINDIR"),
                        help="socket directory, port and programs of a running one")
    options = parser.parse_args()
    options.only = set(options.only.split(","))
    if options.report:
        os.makedirs(options.report, exist_ok=True)
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    if options.server:
        sys.exit(run(Running(*options.server), options))
    try:
        with scratch.Server(options.pg, fsync=False) as server:
            status = run(server, options)
    except scratch.BenchError as error:
        sys.exit("schema_fuzz.py: %s" % error)
    sys.exit(status)


def run(server, options):
    prepare(server)
    everything = Run(server, options)
    threads = [threading.Thread(target=everything.work, args=(number,), daemon=True)
               for number in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything.summary()
    return 1 if everything.sorts else 0


if __name__ == "__main__":
    main()
