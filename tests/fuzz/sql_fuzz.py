#!/usr/bin/env python3
"""Compare the SQL functions with Alembic on random cases.

    sql_fuzz.py ORACLE [--python PYTHON] [--cases N] [--seed SEED] [--keep FILE]

ORACLE is the program that makes random cases and answers them with the real
library (alembic_oracle.py); PYTHON one that has alembic and sqlalchemy:

    python3 -m venv venv && venv/bin/pip install alembic==1.19.1 sqlalchemy
    tests/fuzz/sql_fuzz.py ORACLE --python venv/bin/python --cases 5000

The generator knows six commands; a part of its cases is turned into cases of
the others: heads, branches, current, show, revision, merge and the offline
scripts.  Scripts are registered in random order, since only their paths count.
The comparison is that of tests/sql_graph.py; the server is found as psql does
it.  The exit status is 1 if something was different.  --keep writes the cases
with Alembic's answers to a file, NAME.jsonl, which sql_graph.py and
graph_fuzz.py read.
"""
import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import sql_graph  # noqa: E402

MESSAGES = ("", "one", "Add a column: x", "it's 100% \"quoted\" $$ \\ text", "élan vital, ça", "a-b -> c (head), d",
            "one two three four five six seven eight nine ten eleven twelve")


def other_case(rng, case):
    """Another command on the same graph and the same rows."""
    ids = [revision["id"] for revision in case["revisions"]]
    labels = [label for revision in case["revisions"] for label in revision.get("labels") or []]

    def name():
        text = rng.choice(ids + labels)
        return rng.choice([text, text, text, text[:rng.randint(1, 6)], "head", "heads", "base", "nosuch",
                           text + "@head", text + "@" + rng.choice(ids), text + "@heads", text + "@base"])
    command = rng.choice(["heads", "branches", "current", "check_heads", "show", "show", "history", "revision",
                          "revision", "merge", "sql", "sql", "sql"])
    case = dict(case, command=command, target=None, options={})
    if command == "heads":
        case["options"] = rng.choice([{}, {"verbose": True}, {"resolve_dependencies": True}])
    elif command == "history":
        case["options"] = {"indicate_current": True}
    elif command == "show":
        case["target"] = rng.choice([name(), name(), "current"])
    elif command == "revision":
        options = {"message": rng.choice(MESSAGES), "head": name(), "splice": rng.random() < 0.5}
        if rng.random() < 0.3:
            options["depends_on"] = [name() for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.3:
            options["branch_label"] = rng.choice(labels + ["fresh", "fresh label", "head"])
        if rng.random() < 0.1:
            options["rev_id"] = rng.choice(ids + ["a.b", "x@y", "a-b", "r+1", "c:d"])
        case["options"] = options
    elif command == "merge":
        case["target"] = [name() for _ in range(rng.randint(1, 3))]
        case["options"] = {"splice": rng.random() < 0.7}
    elif command == "sql":
        case["command"] = rng.choice(["upgrade", "downgrade"])
        case["options"] = {"sql": True}
        case["current"] = []
        start = rng.choice([rng.choice(ids), rng.choice(ids + labels), name()])
        end = rng.choice([name(), "heads", "base", "+1", "+2", "-1", rng.choice(ids) + "-1"])
        case["target"] = rng.choice([start + ":" + end] * 4 + [end])
    return case


def make_cases(oracle, number, seed):
    rng = random.Random(seed)
    text = subprocess.run([sys.executable, oracle, "--generate", str(number), str(seed)], stdout=subprocess.PIPE,
                          check=True, encoding="utf-8").stdout
    for count, line in enumerate(text.splitlines()):
        # "lb-3" is a label that we refuse: keep a few of them
        case = json.loads(line if count % 20 == 0 else line.replace("lb-", "lb_"))
        for revision in case["revisions"]:
            if rng.random() < 0.2:
                revision["message"] = rng.choice(MESSAGES[1:])
        if rng.random() < 0.4:
            case = other_case(rng, case)
        yield case


def answers(oracle, python, cases):
    text = "\n".join(json.dumps(case) for case in cases)
    done = subprocess.run([python, oracle, "--canonical"], input=text, stdout=subprocess.PIPE, check=True,
                          encoding="utf-8", env=dict(os.environ, PYTHONIOENCODING="utf-8", PYTHONUTF8="1"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def main(argv):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("oracle")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--keep")
    options = parser.parse_args(argv[1:])
    cases = list(make_cases(options.oracle, options.cases, options.seed))
    pairs = list(zip(cases, answers(options.oracle, options.python, cases)))
    if options.keep:
        with open(options.keep, "w", encoding="utf-8") as file:
            for case, want in pairs:
                file.write(json.dumps({"case": case, "want": want}) + "\n")
    counts = Counter()
    print("seed %d" % options.seed)
    with sql_graph.Database() as session:
        functions = sql_graph.Functions(session)
        shuffle = random.Random(options.seed)
        for case, want in pairs:
            sql_graph.compare(functions, case, want, counts, shuffle)
    return 0 if sql_graph.print_counts(counts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
