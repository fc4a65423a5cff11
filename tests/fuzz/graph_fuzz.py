#!/usr/bin/env python3
"""Compare the pure core's answers with Alembic's.

    graph_fuzz.py SHELL CASES...

SHELL is the program built from tests/unit/graph_shell.c.  CASES are files of
JSON: the committed tests/data/graph_cases.json, or lines that pair a random
case with Alembic's answer, {"case": {...}, "want": {...}}.  Prints every
difference that is not a documented one, then a line of counts; the exit
status is 1 if there was a difference.
"""
import json
import re
import subprocess
import sys
from collections import Counter

SQLSTATE = {
    "unresolved": "MG001", "multiple_heads": "MG002", "too_few_steps": "MG012",
    "walked_too_far": "MG012", "ambiguous_walk": "MG012",
    "several_current": "MG012", "not_ancestor": "MG012",
    "bad_downgrade_branch": "MG012", "bad_history_range": "22023",
    "range_online": "22023",
    "overlap": "MG006", "label_taken": "MG006", "cycle": "MG006",
    "dep_cycle": "MG006", "self_loop": "MG006", "dep_self_loop": "MG006",
}
COMMANDS = ("upgrade", "downgrade", "stamp", "resolve", "history", "graph")


class Shell:
    def __init__(self, path):
        self.proc = subprocess.Popen([path], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True,
                                     env={"ASAN_OPTIONS": "detect_leaks=0"})

    def ask(self, graph, rows, command, target):
        def names(value):
            if value is None:
                return ""
            return value if isinstance(value, str) else ", ".join(value)
        out = ["graph"]
        for rev in graph:
            out.append("\t".join(["rev", rev["id"], names(rev.get("down")),
                                  names(rev.get("deps")),
                                  names(rev.get("labels")),
                                  rev.get("message") or ""]))
        out.append("rows\t" + ", ".join(rows))
        out.append(command + "\t" + names(target))
        self.proc.stdin.write("\n".join(out) + "\n")
        self.proc.stdin.flush()
        answer = []
        while True:
            line = self.proc.stdout.readline()
            if not line:
                raise SystemExit("the shell died on " + "\n".join(out))
            if line == "\n":
                return answer
            answer.append(line.rstrip("\n"))


def split(text):
    return text.split(",") if text else []


def reaches(graph):
    """id -> ids of its ancestors, by down and deps, itself included"""
    named = {}
    for rev in graph:
        named[rev["id"]] = rev
        for label in rev.get("labels") or []:
            named[label] = rev

    def listed(value):
        return [value] if isinstance(value, str) else list(value or [])
    found = {}

    def visit(rid):
        if rid not in found:
            found[rid] = set([rid])
            for p in listed(named[rid].get("down")) + listed(named[rid].get("deps")):
                if p in named:
                    found[rid] |= visit(named[p]["id"])
        return found[rid]
    for rev in graph:
        visit(rev["id"])
    return found


def maximal(graph, rows):
    """rows without those that others imply"""
    anc = reaches(graph)
    return sorted(r for r in rows
                  if not any(r != o and r in anc.get(o, ()) for o in rows))


def parse(command, lines):
    got = {"ok": True, "code": None}
    if lines and lines[0].startswith("error "):
        return {"ok": False, "code": lines[0].split(" ")[1], "text": lines[0]}
    if any(line.startswith("BUG") for line in lines):
        return {"ok": False, "code": "BUG", "text": lines}
    if command in ("upgrade", "downgrade", "stamp"):
        got["steps"] = []
        for line in lines:
            if line.startswith("step "):
                _, rev, rows = line.split(" ")
                got["steps"].append([rev, split(rows)])
    elif command == "graph":
        got["facts"] = lines
    else:
        got["set"] = split(lines[0].partition(" ")[2])
    return got


def graph_facts(want):
    """what the shell would print"""
    order = list(want["revisions"])
    out = ["heads " + ",".join(want["heads"]) if want["heads"] else "heads",
           "real_heads " + ",".join(want["real_heads"]) if want["real_heads"] else "real_heads",
           "bases " + ",".join(want["bases"]) if want["bases"] else "bases"]
    for rid in order:
        f = want["revisions"][rid]

        def line(what, items):
            return what + (" " + ",".join(items) if items else "")
        out += ["revision " + rid,
                line("next", sorted(f["next"], key=order.index)),
                line("all_next", sorted(f["all_next"], key=order.index)),
                line("parents", f["normalized_down"]),
                line("labels", f["labels"]),
                "flags %d%d%d%d" % (f["is_head"], f["is_real_head"],
                                    f["is_branch_point"], f["is_merge_point"])]
    return out


def start_of_range(case):
    """(start, end) of a range of the history, else (None, None)"""
    text = case.get("target") or ""
    if case["command"] != "history" or text.count(":") != 1:
        return None, None
    start, _, end = text.partition(":")
    return start, end or "heads"


def relative(text):
    return re.search(r"[-+]\d+$", text or "") is not None


def excused_history(case, want, got):
    """the documented differences of history"""
    start, end = start_of_range(case)
    if start is None:
        return None
    if relative(start):
        if not re.match(r"(.*@)?-\d+$", start):
            return "the start of a range takes relative forms"
        labels = [l for r in case["revisions"] for l in r.get("labels") or []]
        if end != "heads" or not want["ok"] or \
                ("@" in start and start.partition("@")[0] not in labels):
            return "-N counts from the end of the range"
    rows = case.get("current") or []
    if not want["ok"] and want["code"] == "overlap" and maximal(case["revisions"], rows) != sorted(rows):
        return "a history can be looked at although the rows overlap"
    if start and end and not want["ok"] and not got["ok"]:
        return "both ends of a range are wrong"
    return None


def excused_stamp(case, want, got):
    """several destinations see each other"""
    if not want["ok"] and not got["ok"] and len(case["target"]) > 1:
        return "both destinations of a stamp are wrong"
    rows = case.get("current") or []
    if want["ok"] and got["ok"] and got["steps"]:
        kept = set(got["steps"][-1][1]) - set(want["rows"])
        moved = set(r for s in want["steps"] for r in s["removed"])
        if kept and kept <= set(rows) & moved:
            return "a destination of a stamp that is a row"
    return None


def excused(case, want, got):
    """the documented differences, by name; None if there is none"""
    target = case.get("target")
    text = target if isinstance(target, str) else ""
    if want.get("internal"):
        return "alembic crashed"
    if case.get("advise") in ("refuse", "accept: match the whole text"):
        return "the whole text must match"
    if any(c.isdigit() for label in (l for r in case["revisions"] for l in r.get("labels") or [])
           for c in label.partition("-")[2][:1]):
        return "label with a sign and a digit"
    if not got["ok"] and "does not exist" in got["text"] and "branch" in got["text"] and \
            (case["command"] == "downgrade" or "@base" in text):
        return "unknown branch"
    if not got["ok"] and "start from several revisions" in got["text"] and \
            case["command"] == "downgrade":
        return "downgrade -N with several rows"
    if not got["ok"] and case["command"] == "stamp" and "overlap" in got["text"]:
        return "overlapping destinations of a stamp"
    if not got["ok"] and case["command"] == "stamp" and "does not take steps" in got["text"]:
        return "steps in a stamp"
    if not got["ok"] and got["code"] == "MG006" and not want["ok"]:
        return "a broken graph is reported before a bad target"
    if not got["ok"] and "whose script is not known" in got["text"] and not want["ok"]:
        return "an unknown row is reported before a bad target"
    if case["command"] == "history" and text.partition("@")[0] not in (
            [r["id"] for r in case["revisions"]] +
            [l for r in case["revisions"] for l in r.get("labels") or []]) and "@" in text.partition(":")[0]:
        return "a prefix as the branch of a range"
    if case["command"] == "resolve" and want["ok"] and None in want["resolved"] and got["code"] == "MG012":
        return "steps that lead below the bases"
    if case["command"] == "history" and excused_history(case, want, got):
        return excused_history(case, want, got)
    if case["command"] == "stamp" and excused_stamp(case, want, got):
        return excused_stamp(case, want, got)
    if not got["ok"] and ("cycle" in got["text"] or "depends on itself" in got["text"]):
        return "hidden cycle"
    return None


def same(case, want, got):
    command = case["command"]
    if want["ok"] != got["ok"]:
        return False
    if not want["ok"]:
        return SQLSTATE.get(want["code"], want["code"]) == got["code"]
    if command in ("upgrade", "downgrade", "stamp"):
        steps = [[s[1], s[2]] if isinstance(s, list) else
                 [s.get("rev"), s["rows"]] for s in want["steps"]]
        if len(steps) != len(got["steps"]):
            return False
        rows = case.get("current") or []
        legal = command != "stamp" and maximal(case["revisions"], rows) == sorted(rows)
        for a, b in zip(steps, got["steps"]):
            if command != "stamp" and a[0] != b[0]:
                return False
            if sorted(a[1]) != b[1] and \
                    maximal(case["revisions"], a[1]) != maximal(case["revisions"], b[1]):
                return False
            if legal and maximal(case["revisions"], b[1]) != b[1]:
                return False
        return True
    if command == "graph":
        return graph_facts(want) == got["facts"]
    if command == "resolve":
        return [r for r in want["resolved"] if r != "base"] == got["set"]
    ids = []
    for line in want.get("stdout") or []:
        ids.append(line.split(" -> ", 1)[1].replace(",", " ").split(" ")[0])
    return ids == got["set"]


def cases_of(path):
    with open(path) as f:
        text = f.read()
    if path.endswith(".jsonl"):
        for line in text.splitlines():
            pair = json.loads(line)
            yield pair["case"], pair["want"]
        return
    data = json.loads(text)
    for case in data["cases"]:
        yield dict(case, revisions=data["graphs"][case["graph"]]), case["expect"]


def main(argv):
    shell = Shell(argv[1])
    counts = Counter()
    for path in argv[2:]:
        for case, want in cases_of(path):
            options = case.get("options") or {}
            if case["command"] not in COMMANDS or options.get("sql"):
                counts["not for the pure core"] += 1
                continue
            rows = [] if options.get("purge") else case.get("current") or []
            command = "facts" if case["command"] == "graph" else case["command"]
            got = parse(case["command"], shell.ask(case["revisions"], rows, command, case.get("target")))
            if same(case, want, got):
                counts["same"] += 1
                continue
            why = excused(case, want, got)
            counts[why or "DIFFERENT"] += 1
            if why is None:
                print(json.dumps(case))
                print("   want", json.dumps(want)[:600])
                print("   got ", json.dumps(got)[:600])
    print(dict(counts))
    return 1 if counts["DIFFERENT"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
