#!/usr/bin/env python3
"""Compare the SQL functions with Alembic, on a server.

    sql_graph.py CASES...

CASES are files as tests/fuzz/graph_fuzz.py reads them: a graph, rows of the
version table, a command, and what Alembic does then.  Each graph is
registered by migrate_register(), the rows are put into migrate_version, and
the function is called as a user calls it; in a database of its own, which is
dropped in the end.  Connects as psql does (PGHOST, PGPORT, ...), needs a
superuser and the extension installed.

Compared are the steps in order with the rows after each, the lines that
Alembic prints, rebuilt from the columns of the results, or the SQLSTATE.
Whatever one can look at must tell the same: what the scripts themselves saw,
the result, the notices, the ledger and the version table.

Prints every difference that is not a documented one, then lines of counts;
the exit status is 1 if there was a difference.
"""
import json
import os
import re
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "fuzz"))

import graph_fuzz  # noqa: E402

DATABASE = "migrate_sql_graph"
SQLSTATE = dict(graph_fuzz.SQLSTATE, not_a_head="MG002", duplicate_heads="22023", bad_rev_id="MG005",
                not_at_head="MG009", range_required="22023")
RUNS = ("upgrade", "downgrade", "stamp")
ERROR = re.compile(r"^ERROR:  ([0-9A-Z]{5}): (.*?)(?=\n(?:LINE \d+|DETAIL|HINT|QUERY|CONTEXT|LOCATION|STATEMENT|"
                   r"SCHEMA NAME|TABLE NAME|COLUMN NAME|CONSTRAINT NAME|DATATYPE NAME): |\Z)", re.M | re.S)
SETUP = """
CREATE EXTENSION migrate;
CREATE SCHEMA offline;
CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY, direction text, revision text, rows text[]);
"""
# What every script does: say that it runs, and what it sees.  The version
# table is named without a schema, so that an offline script finds its own.
SCRIPT = """%(header)s
-- migrate:upgrade
INSERT INTO public.event (direction, revision, rows)
    SELECT 'up', %(id)s, ARRAY(SELECT version_num FROM migrate_version ORDER BY version_num);

-- migrate:downgrade
INSERT INTO public.event (direction, revision, rows)
    SELECT 'down', %(id)s, ARRAY(SELECT version_num FROM migrate_version ORDER BY version_num);
"""


class SessionLost(Exception):
    """The server has ended the connection."""


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value.replace("'", "''") + "'"


def call(function, *arguments, **named):
    given = [literal(value) for value in arguments]
    given += ["%s => %s" % (name, literal(value)) for name, value in named.items()]
    return "%s(%s)" % (function, ", ".join(given))


class Answer:
    """What psql printed for a statement."""

    def __init__(self, text):
        self.text = text
        self.error = ERROR.search(text)
        self.code = self.error and self.error.group(1)
        self.message = self.error and self.error.group(2)
        self.detail = "".join(re.findall(r"^DETAIL:  (.*)$", text, re.M)[:1])
        self.notices = re.findall(r"^NOTICE:  [0-9A-Z]{5}: (.*)$", text, re.M)
        # the result is last, after what the server had to say
        self.value = None if self.error else text.rpartition("\n")[2]

    def rows(self):
        if self.error:
            raise SystemExit(self.text)
        return json.loads(self.value)


class Psql:
    """One session of psql, and so of the server."""

    def __init__(self, database):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose", "-d", database]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, encoding="utf-8", errors="backslashreplace",
                                        env=dict(os.environ, PGCLIENTENCODING="UTF8", PGOPTIONS="", LC_MESSAGES="C"))
        self.number = 0

    def run(self, *statements):
        """An Answer for each of the statements."""
        marks = []
        for statement in statements:
            self.number += 1
            marks.append("@end-%d" % self.number)
            self.process.stdin.write("%s\n\\echo %s\n" % (statement, marks[-1]))
        self.process.stdin.flush()
        return [self._read(mark) for mark in marks]

    def _read(self, mark):
        lines = []
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line == mark:
                return Answer("\n".join(lines))
            lines.append(line)
        raise SessionLost("\n".join(lines))

    def query(self, sql):
        """The rows of a query, or of a call, as dictionaries."""
        return self.run(rows_of(sql))[0]

    def must(self, *statements):
        for answer in self.run(*statements):
            if answer.error:
                raise SystemExit(answer.text)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def rows_of(source):
    """A statement whose answer has the rows of a function as JSON."""
    return "SELECT coalesce(jsonb_agg(to_jsonb(x)), '[]') FROM %s x;" % source


def names(value):
    return [value] if isinstance(value, str) else list(value or [])


def script_of(revision):
    header = ["-- " + revision["message"], "--"] if revision.get("message") else []
    header.append("-- Revision ID: " + revision["id"])
    for field, key in (("Revises", "down"), ("Branch Labels", "labels"), ("Depends On", "deps")):
        if names(revision.get(key)):
            header.append("-- %s: %s" % (field, ", ".join(names(revision[key]))))
    return SCRIPT % {"header": "\n".join(header) + "\n", "id": literal(revision["id"])}


class Functions:
    """The SQL functions of the extension."""

    def __init__(self, session):
        self.session = session
        session.must(SETUP)
        self.registered = None
        self.refused = None

    # -- bringing the database to the state of a case

    def register(self, revisions, shuffle):
        """The error of the first script that is refused, if any."""
        self.registered = revisions
        order = ["SELECT %s;" % call("migrate_register", script_of(revision), "versions/%04d.sql" % number)
                 for number, revision in enumerate(revisions)]
        if shuffle:
            shuffle.shuffle(order)
        answers = self.session.run("DELETE FROM migrate_script;", *order)
        self.refused = next((answer for answer in answers if answer.error), None)

    def prepare(self, case, shuffle):
        self.session.must("DELETE FROM migrate_version;", "DELETE FROM migrate_log;", "DELETE FROM event;",
                          "DROP TABLE IF EXISTS offline.migrate_version;")
        if self.registered is None or case["revisions"] != self.registered or case["command"] in ("revision", "merge"):
            self.register(case["revisions"], shuffle)
            if case["command"] in ("revision", "merge"):
                self.registered = None
        rows = case.get("current") or []
        if rows:
            self.session.must("INSERT INTO migrate_version (version_num) VALUES %s;" %
                              ", ".join("(%s)" % literal(row) for row in rows))

    def ask(self, case, shuffle=None):
        """What our function makes of a case."""
        self.prepare(case, shuffle)
        if self.refused:
            return failure(self.refused)
        command = case["command"]
        options = case.get("options") or {}
        if options.get("sql"):
            return self.offline(case) if command in ("upgrade", "downgrade") else None
        if options.get("autogenerate"):
            return None
        if command == "check_heads":
            return self.current(case, check_heads=True)
        method = getattr(self, command, None)
        return method(case) if method else None

    # -- runs

    def upgrade(self, case):
        plan, answer = self.session.run(rows_of(call("migrate_plan", case["target"])),
                                        rows_of(call("migrate_" + case["command"], case["target"])))
        got = self.run_seen(case, answer)
        if not got["ok"]:
            return got
        result = answer.rows()
        seen = [[row["direction"], row["revision"]] for row in result]
        if seen != [[direction_of(row["direction"], long=True), row["revision"]] for row in got["events"]]:
            got["odd"].append("the result has %s, the scripts said %s" % (seen, got["events"]))
        got["log"] = [log_line(case["command"], row) for row in result]
        if got["log"] != ["R" + notice[1:] for notice in answer.notices]:
            got["odd"].append("the notices are %s" % answer.notices)
        if result and not plan.error:
            planned = []
            for row in plan.rows():
                if [row["direction"], row["revision"]] not in planned:
                    planned.append([row["direction"], row["revision"]])
            if planned != seen and planned and planned[0][0] == seen[0][0]:
                got["odd"].append("the plan was %s" % planned)
        return got

    downgrade = upgrade

    def stamp(self, case):
        options = case.get("options") or {}
        answer = self.session.query(call("migrate_stamp", ", ".join(names(case["target"])),
                                         bool(options.get("purge"))))
        got = self.run_seen(case, answer)
        if got["ok"] and got["events"]:
            got["odd"].append("a stamp has run scripts")
        if options.get("purge") and got["ok"] and got["steps"] and case.get("current"):
            got["steps"].pop(0)
        return got

    def run_seen(self, case, answer):
        """What a run has left, looked at from all sides."""
        ledger, events, rows, marks = self.session.run(
            rows_of("(SELECT direction, revision, removed_versions AS removed, added_versions AS added"
                    " FROM migrate_log ORDER BY id)"),
            rows_of("(SELECT direction, revision, rows FROM event ORDER BY id)"),
            rows_of("(SELECT version_num FROM migrate_version ORDER BY version_num COLLATE \"C\")"),
            rows_of("(SELECT revision, is_current FROM migrate_history())"))
        before = sorted(case.get("current") or [])
        final = [row["version_num"] for row in rows.rows()]
        ledger, events, odd = ledger.rows(), events.rows(), []
        if answer.error:
            got = failure(answer)
            if ledger or events or final != before:
                odd.append("after the error: %s, %s, %s" % (ledger, events, final))
            return dict(got, odd=odd)
        steps, now = [], set(before)
        for row in ledger:
            if not set(row["removed"]) <= now or set(row["added"]) & now:
                odd.append("the ledger removes what is not there, or adds what is: %s" % row)
            now = now - set(row["removed"]) | set(row["added"])
            steps.append([row["revision"], sorted(now)])
        if sorted(now) != final:
            odd.append("by the ledger the rows are %s, in the table %s" % (sorted(now), final))
        if events and [row["revision"] for row in events] != [step[0] for step in steps]:
            odd.append("the ledger has %s, the scripts said %s" % (steps, events))
        for step, event in zip([[None, before]] + steps, events):
            if sorted(event["rows"]) != step[1]:
                odd.append("a script saw the rows %s instead of %s" % (event["rows"], step[1]))
        if not marks.error and not set(row["revision"] for row in marks.rows() if row["is_current"]) <= set(final):
            odd.append("the history marks others as current")
        return {"ok": True, "code": None, "steps": steps, "events": events, "rows": final, "odd": odd}

    def offline(self, case):
        """Run the offline script, where the version table is its own."""
        text = case["target"]
        function = "migrate_%s_sql" % case["command"]
        answer = self.session.query("(SELECT %s AS script)" % call(function, text))
        if answer.error:
            return failure(answer)
        start = self.start_of(text)
        if start:
            self.session.must("CREATE TABLE offline.migrate_version (LIKE public.migrate_version INCLUDING ALL);",
                              "INSERT INTO offline.migrate_version (version_num) VALUES (%s);" % literal(start))
        elif case["command"] == "downgrade":
            self.session.must("CREATE TABLE offline.migrate_version (LIKE public.migrate_version INCLUDING ALL);")
        self.session.must("SET search_path = offline, public;")
        ran = self.session.run(answer.rows()[0]["script"])[0]
        if ran.error:
            self.session.run("ROLLBACK;")
        self.session.must("RESET search_path;")
        if ran.error:
            return {"ok": False, "code": "the script fails", "text": ran.text, "odd": []}
        events, rows = self.session.run(
            rows_of("(SELECT direction, revision, rows FROM event ORDER BY id)"),
            rows_of("(SELECT version_num FROM offline.migrate_version ORDER BY version_num COLLATE \"C\")"))
        final = [row["version_num"] for row in rows.rows()]
        events = events.rows()
        after = [sorted(event["rows"]) for event in events[1:]] + [final]
        return {"ok": True, "code": None, "odd": [],
                "steps": [[event["revision"], seen] for event, seen in zip(events, after)]}

    def start_of(self, text):
        start = text.partition(":")[0] if ":" in text else ""
        rows = self.session.query(call("migrate_show", start)).rows() if start else []
        return rows[0]["revision"] if rows else None

    # -- looking

    def look(self, source, render, **more):
        """Lines made of the rows of a function, or the error."""
        answer = self.session.query(source)
        if answer.error:
            return failure(answer)
        history, heads = self.session.run(rows_of("migrate_history()"), rows_of("migrate_heads()"))
        for other in (history, heads):
            if other.error:
                return failure(other)
        facts = {row["revision"]: row for row in history.rows()}
        effective = {row["revision"]: row["is_effective_head"] for row in heads.rows()}
        for revision, fact in facts.items():
            fact["is_down_head"] = revision in effective
            fact["is_effective_head"] = effective.get(revision, False)
        rows = [dict(row, **{key: value for key, value in facts[row["revision"]].items() if key not in row})
                for row in answer.rows()]
        lines = render(rows, facts)
        return dict({"ok": True, "code": None, "stdout": lines, "set": [row["revision"] for row in rows], "odd": []},
                    **more)

    def history(self, case):
        marked = (case.get("options") or {}).get("indicate_current")
        return self.look(call("migrate_history", case.get("target") or ":"),
                         lambda rows, _: [history_line(row, marked) for row in rows])

    def heads(self, case):
        options = case.get("options") or {}

        def render(rows, _):
            if options.get("verbose"):
                return [line for row in rows for line in self.block(row["revision"])]
            return [row["revision"] + labels_of(row) + head_of(row) for row in rows]
        return self.look(call("migrate_heads", bool(options.get("resolve_dependencies"))), render)

    def branches(self, case):
        def render(rows, facts):
            lines = []
            for row in rows:
                lines.append(row["revision"] + labels_of(row) + head_of(row) + points_of(row))
                lines += [" " * len(row["revision"]) + " -> " + child["revision"] + labels_of(child) +
                          head_of(child) + points_of(child)
                          for child in (facts[name] for name in row["branches_into"].split(", "))]
                lines.append("")
            return lines
        return self.look(call("migrate_branches"), render)

    def current(self, case, check_heads=False):
        return self.look(call("migrate_current", check_heads),
                         lambda rows, _: [row["revision"] + head_of(row) + points_of(row) for row in rows])

    def show(self, case):
        return self.look(call("migrate_show", case["target"]),
                         lambda rows, _: [line for row in rows for line in block_of(row)])

    def block(self, revision):
        return self.show({"target": revision})["stdout"]

    def resolve(self, case):
        """Alembic's resolution of a name is what one can be shown."""
        return None if case["target"] == "current" else self.show(case)

    def graph(self, case):
        """The marks of the whole graph."""
        got = self.look(call("migrate_history"), lambda rows, facts: list(facts.values()))
        if not got["ok"]:
            return got
        heads, real, shown = self.session.run(
            rows_of(call("migrate_heads")), rows_of(call("migrate_heads", True)),
            *[rows_of("(SELECT s.revision, s.branches_into FROM migrate_history() h, migrate_show(h.revision) s)")])
        for answer in (heads, real, shown):
            if answer.error:
                return failure(answer)
        into = {row["revision"]: row["branches_into"] for row in shown.rows()}
        facts = {"heads": [row["revision"] for row in heads.rows()],
                 "real_heads": [row["revision"] for row in real.rows()], "revisions": {}}
        for row in got["stdout"]:
            facts["revisions"][row["revision"]] = {
                "labels": (row["branch_labels"] or "").split(", ") if row["branch_labels"] else [],
                "next": sorted(into[row["revision"]].split(", ")) if into[row["revision"]] else None,
                "flags": [row["is_down_head"], row["is_head"], row["is_branch_point"], row["is_merge_point"]]}
        return {"ok": True, "code": None, "facts": facts, "odd": []}

    # -- new scripts

    def revision(self, case):
        options = case.get("options") or {}
        given = dict({"rev_id": "new", "head": "head"}, **{key: value for key, value in options.items()
                                                           if key in ("head", "splice", "branch_label", "rev_id")})
        if "depends_on" in options:
            given["depends_on"] = ", ".join(names(options["depends_on"]))
        return self.new(call("migrate_revision", options.get("message", ""), **given))

    def merge(self, case):
        options = case.get("options") or {}
        given = dict({"rev_id": "new"}, **{key: value for key, value in options.items()
                                           if key in ("splice", "branch_label", "rev_id", "message")})
        return self.new(call("migrate_merge", ", ".join(names(case["target"])), **given))

    def new(self, source):
        answer = self.session.query(source)
        if answer.error:
            return failure(answer)
        row = answer.rows()[0]
        stored = self.session.query("(SELECT * FROM migrate_script WHERE revision = %s)" %
                                    literal(row["revision"])).rows()
        odd = []
        if len(stored) != 1 or stored[0]["script"] != row["script"] or stored[0]["path"] != row["path"]:
            odd.append("the store does not have what was returned")
            return {"ok": True, "code": None, "new_revision": row, "odd": odd}
        fields = dict(re.findall(r"^-- (Revises|Depends On|Branch Labels): (.*)$", row["script"], re.M))
        for field, column in (("Revises", "down_revision"), ("Depends On", "depends_on"),
                              ("Branch Labels", "branch_labels")):
            if [name for name in fields.get(field, "").split(", ") if name] != stored[0][column]:
                odd.append("the store does not have what the script says of %s" % field)
        return {"ok": True, "code": None, "odd": odd, "new_revision": {
            "id": row["revision"], "down": stored[0]["down_revision"], "deps": stored[0]["depends_on"],
            "labels": stored[0]["branch_labels"], "file": re.sub(r"^versions/|\.sql$", "", row["path"])}}


def failure(answer):
    got = {"ok": False, "code": answer.code, "text": "%s: %s" % (answer.message, answer.detail), "odd": []}
    if answer.code == "XX000":
        got["odd"].append("an internal error")
    if answer.code.startswith("MG") and "\nHINT: " not in answer.text:
        got["odd"].append("an error without a hint: " + answer.text)
    return got


# -- Alembic's lines

def direction_of(direction, long=False):
    return {"up": "upgrade", "down": "downgrade"}[direction] if long else direction


def log_line(command, row):
    down = row["down_revision"] or ""
    ends = (down, row["revision"]) if command == "upgrade" else (row["revision"], down)
    return "Running %s %s -> %s%s" % (command, ends[0], ends[1], ", " + row["message"] if row["message"] else "")


def labels_of(row):
    return " (%s)" % row["branch_labels"] if row["branch_labels"] else ""


def head_of(row):
    return " (effective head)" if row["is_effective_head"] else " (head)" if row["is_head"] else ""


def points_of(row):
    return (" (branchpoint)" if row["is_branch_point"] else "") + (" (mergepoint)" if row["is_merge_point"] else "")


def history_line(row, marked):
    return "%s%s -> %s%s%s%s%s, %s" % (
        row["down_revision"] or "<base>", " (%s)" % row["depends_on"] if row["depends_on"] else "",
        row["revision"], labels_of(row), head_of(row), " (current)" if marked and row["is_current"] else "",
        points_of(row), row["message"])


def block_of(row):
    lines = ["Rev: %s%s%s" % (row["revision"], " (head)" if row["is_down_head"] else "", points_of(row)),
             "%s: %s" % ("Merges" if row["is_merge_point"] else "Parent", row["down_revision"] or "<base>")]
    for field, key in (("Also depends on", "depends_on"), ("Branches into", "branches_into"),
                       ("Branch names", "branch_labels")):
        if row[key]:
            lines.append("%s: %s" % (field, row[key]))
    return lines + ["Path: versions/%s_.py" % row["revision"], "", "    " + row["message"], ""]


def sorted_names(line):
    """Labels and children come in random order in Alembic, and what is not ASCII as question marks."""
    line = line.encode("ascii", "replace").decode()
    line = re.sub(r"\(([^()]*, [^()]*)\)", lambda m: "(%s)" % ", ".join(sorted(m.group(1).split(", "))), line)
    return re.sub(r"^(Branch names|Branches into): (.*)$",
                  lambda m: "%s: %s" % (m.group(1), ", ".join(sorted(m.group(2).split(", ")))), line)


def same_lines(case, want, got):
    ours, theirs = ([sorted_names(line) for line in lines] for lines in (got, want))
    if case["command"] in ("current", "check_heads"):
        return sorted(ours) == sorted(theirs)
    if case["command"] == "branches":
        return paragraphs(ours) == paragraphs(theirs)
    if case["command"] == "show" and case["target"] == "current":
        return Counter(ours) == Counter(theirs)
    return ours == theirs


def paragraphs(lines):
    found = [[]]
    for line in lines:
        found[-1:] = [sorted(found[-1]), []] if not line else [found[-1] + [line]]
    return found


# -- comparing

def same(case, want, got):
    command = case["command"]
    if want["ok"] != got["ok"]:
        return False
    if not want["ok"]:
        return SQLSTATE.get(want["code"], want["code"]) == got["code"]
    if command in RUNS:
        return graph_fuzz.same(case, want, got)
    if command == "resolve":
        return [name for name in want["resolved"] if name != "base"] == got["set"]
    if command in ("revision", "merge"):
        return dict(want["new_revision"], file=want["new_revision"]["file"][:-3]) == got["new_revision"]
    if command == "graph":
        facts = {"heads": want["heads"], "real_heads": want["real_heads"], "revisions": {}}
        for revision, fact in want["revisions"].items():
            facts["revisions"][revision] = {
                "labels": sorted(fact["labels"]), "next": sorted(fact["next"]) if len(fact["next"]) > 1 else None,
                "flags": [fact["is_head"], fact["is_real_head"], fact["is_branch_point"], fact["is_merge_point"]]}
        return facts == got["facts"]
    return same_lines(case, want.get("stdout") or [], got["stdout"])


def log_of(want):
    if "log" in want:
        return want["log"]
    return [step["log"] for step in want["steps"] if isinstance(step, dict) and "log" in step]


def same_log(case, want, got):
    """The log of a run that went the same way."""
    return case["command"] == "stamp" or "log" not in got or not want["ok"] or log_of(want) == got["log"]


def excused(case, want, got):
    """The documented differences of graph_fuzz.py, and those of what it does not do."""
    command = case["command"]
    if want.get("code") == "not_at_head" and got["ok"]:
        return "heads that something depends on are not counted"
    if command == "check_heads" and want["ok"] and got["code"] == "MG009":
        return "heads that something depends on are not counted"
    if command in ("revision", "merge") and want.get("warns") or (want.get("warnings") and command == "revision"):
        return "a new script is checked before it is written"
    if command in ("revision", "merge") and not got["ok"] and "branch label" in got["text"] and \
            "reserved" in got["text"]:
        return "a label that is a symbol"
    if command == "merge" and not want["ok"] and not got["ok"] and len(names(case["target"])) > 1:
        return "two names of a merge are wrong"
    if (case.get("options") or {}).get("sql") and ":" in (case.get("target") or ""):
        # the planner is asked for the end alone
        end = dict(case, target=case["target"].partition(":")[2])
        return graph_fuzz.excused(end, want, got)
    if command == "show" and case["target"] == "current" and got["ok"] and want["code"] == "unresolved" and \
            set(case.get("current") or []) - set(revision["id"] for revision in case["revisions"]):
        return "what only looks warns of an unknown row"
    if got["code"] == "MG006" and "is not present" in got["text"] and case["target"] == "current":
        return "a broken graph is always an error"
    if command == "stamp" and want["ok"] and got["ok"] and got["steps"] and \
            changes(case, want["steps"]) == changes(case, got["steps"]):
        return "the order of rows"
    if command == "show":
        return graph_fuzz.excused(dict(case, command="resolve"), dict(want, resolved=[]), got)
    return graph_fuzz.excused(case, want, got)


def changes(case, steps):
    """What the steps of a stamp do, in whatever order."""
    found, before = [], set(case.get("current") or [])
    for step in steps:
        after = set(step["rows"] if isinstance(step, dict) else step[-1])
        found.append((sorted(before - after), sorted(after - before)))
        before = after
    return sorted(found)


def compare(functions, case, want, counts, shuffle=None):
    """Count a case, and print it if it is different."""
    command = case["command"] + (" sql" if (case.get("options") or {}).get("sql") else "")
    got = functions.ask(case, shuffle)
    if got is None:
        counts[command, "not ours"] += 1
        return
    if got["odd"]:
        verdict = "DIFFERENT"
    elif same(case, want, got) and same_log(case, want, got):
        verdict = "same"
    else:
        verdict = excused(case, want, got) or "DIFFERENT"
    counts[command, verdict] += 1
    if verdict == "DIFFERENT":
        print(json.dumps(case))
        print("   want", json.dumps(want)[:1000])
        print("   got ", json.dumps(got)[:1000])


def print_counts(counts):
    """One line per command, then one per documented difference, then the sum.  True: no difference."""
    commands, reasons = {}, Counter()
    for (command, verdict), n in counts.items():
        kind = verdict if verdict in ("same", "not ours", "DIFFERENT") else "excused"
        commands.setdefault(command, Counter())[kind] += n
        if kind == "excused":
            reasons[verdict] += n
    for command, kinds in sorted(commands.items()):
        print("%s: %s" % (command, ", ".join("%d %s" % (kinds[kind], kind)
                                             for kind in ("same", "excused", "not ours", "DIFFERENT") if kinds[kind])))
    for reason, n in reasons.most_common():
        print("    %d: %s" % (n, reason))
    total = sum(commands.values(), Counter())
    print("%d cases: %d the same, %d documented differences, %d without a function, %d different" % (
        sum(total.values()), total["same"], total["excused"], total["not ours"], total["DIFFERENT"]))
    return total["DIFFERENT"] == 0


class Database:
    """A database for the comparison, dropped in the end."""

    def __init__(self, name=DATABASE, options=""):
        self.name = name
        self.options = options

    def __enter__(self):
        admin = Psql("postgres")
        admin.must("DROP DATABASE IF EXISTS %s;" % self.name,
                   "CREATE DATABASE %s TEMPLATE template0 %s;" % (self.name, self.options))
        admin.close()
        self.session = Psql(self.name)
        return self.session

    def __exit__(self, *_):
        self.session.close()
        admin = Psql("postgres")
        admin.run("DROP DATABASE IF EXISTS %s WITH (FORCE);" % self.name)
        admin.close()


def compare_files(paths, shuffle=None):
    counts = Counter()
    with Database() as session:
        functions = Functions(session)
        for path in paths:
            for case, want in graph_fuzz.cases_of(path):
                compare(functions, case, want, counts, shuffle)
    return print_counts(counts)


def main(argv):
    if len(argv) < 2 or argv[1].startswith("-"):
        sys.exit(__doc__)
    return 0 if compare_files(argv[1:]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
