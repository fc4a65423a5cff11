#!/usr/bin/env python3
"""Make pairs of schemas of the test cases of public schema-diff tools.

  extract.py LAYOUT CHECKOUT DIRECTORY

CHECKOUT is a working tree of the tool's repository; it is not part of this
project, and neither is what is made of it.  DIRECTORY gets a folder for each
case, with old.sql and new.sql; tests/pairs.py runs them.  What both states of
a case need first (extensions, other schemas) is put before either.

Layouts, and the repositories that have them:

  ab            folders with a.sql and b.sql
                    djrobstep/migra, supabase/pg-toolbelt (packages/pg-delta),
                    bikeshedder/tusker
  oldnew        folders with old.sql and new.sql, and perhaps setup.sql
                    pgplex/pgschema
  original      NAME_original.sql and NAME_new.sql         fordfrog/apgdiff
  fromto        from-NAME.sql and to-NAME.sql              eulerto/pgquarrel
  pgschemadiff  Go: oldSchemaDDL, newSchemaDDL             stripe/pg-schema-diff
  pgmt          Rust: run_migration_test(both, old, new)   gdpotter/pgmt
  sqldef        YAML: current, desired                     sqldef/sqldef (cmd/psqldef)
  pistachio     YAML: init, desired                        winebarrel/pistachio

The YAML ones need PyYAML.
"""

import argparse
import hashlib
import os
import re
import sys

import literals

SKIP_FOLDERS = {".git", "node_modules", "target"}
# What old dumps say, and every new database has.
ALREADY_THERE = re.compile(r"^CREATE (?:(?:OR REPLACE )?(?:PROCEDURAL )?LANGUAGE plpgsql|SCHEMA public);$", re.MULTILINE)


class Case:
    def __init__(self, name, old, new):
        self.name = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_")[:120]
        self.old = ALREADY_THERE.sub("", old)
        self.new = ALREADY_THERE.sub("", new)


def read(*names):
    path = os.path.join(*names)
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def walk(top):
    """(folder, files) of a tree, in a fixed order."""
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(set(folders) - SKIP_FOLDERS)
        yield folder, sorted(files)


def last_names(top, folder):
    """A name for a case: the last two folders that lead to it."""
    return "-".join(os.path.relpath(folder, top).split(os.sep)[-2:])


def folders(top, old, new, setup=None):
    for folder, files in walk(top):
        if old in files and new in files:
            common = read(folder, setup) + "\n" if setup in files else ""
            yield Case(last_names(top, folder), common + read(folder, old), common + read(folder, new))


def affixed(top, old, new, setup=None):
    """Pairs of files: the name of the new one, from the old one's by a pattern."""
    for folder, files in walk(top):
        for file in files:
            found = re.fullmatch(old, file)
            if found:
                other = new % found.group(1)
                if other in files:
                    common = read(folder, setup) + "\n" if setup in files else ""
                    yield Case(found.group(1), common + read(folder, file), common + read(folder, other))


def from_ab(top):
    return folders(top, "a.sql", "b.sql")


def from_oldnew(top):
    return folders(top, "old.sql", "new.sql", "setup.sql")


def from_original(top):
    return affixed(top, r"(.*)_original\.sql", "%s_new.sql")


def from_fromto(top):
    return affixed(top, r"from-(.*)\.sql", "to-%s.sql", "dellstore.sql")


def from_pgschemadiff(top):
    for folder, files in walk(top):
        for file in files:
            if not file.endswith("_cases_test.go"):
                continue
            text = read(folder, file)
            starts = [found.start() for found in re.finditer(r"^\t\tname:", text, re.MULTILINE)] + [len(text)]
            for start, end in zip(starts, starts[1:]):
                case = text[start:end]
                name = literals.strings_of(literals.tokens(literals.GO, case))[0]
                lists = {}
                for which in ("roles", "oldSchemaDDL", "newSchemaDDL"):
                    found = re.search(which + r":\s*(\[\]string|nil)", case)
                    inner = literals.bracketed(literals.GO, case, found.end()) \
                        if found and found.group(1) != "nil" else []
                    lists[which] = literals.strings_of(inner) if literals.is_plain(inner) else None
                if None in lists.values():
                    continue
                roles = "".join("CREATE ROLE %s;\n" % role for role in lists["roles"])
                yield Case(file[:-len("_cases_test.go")] + "-" + name,
                           roles + "\n".join(lists["oldSchemaDDL"]), roles + "\n".join(lists["newSchemaDDL"]))


def from_pgmt(top):
    for folder, files in walk(top):
        for file in files:
            if not file.endswith(".rs"):
                continue
            text = read(folder, file)
            for found in re.finditer(r"run_migration_test\(", text):
                name = re.findall(r"fn (\w+)", text[:found.start()])[-1:]
                parts, pos = [], found.end()
                for _ in range(3):
                    start = text.find("[", pos)
                    inner = literals.bracketed(literals.RUST, text, start)
                    if not literals.is_plain(inner):
                        break
                    parts.append("".join(statement + ";\n" for statement in literals.strings_of(inner)))
                    pos = text.find("]", inner[-1].end if inner else start)
                if len(parts) == 3 and name:
                    yield Case(file[:-3] + "-" + name[0], parts[0] + parts[1], parts[0] + parts[2])


def from_yaml(top, old, new, wanted):
    import yaml
    for folder, files in walk(top):
        for file in files:
            if not file.endswith(".yml") or not wanted(folder, file):
                continue
            content = yaml.safe_load(read(folder, file)) or {}
            cases = {file[:-4]: content} if new in content else \
                {file[:-4] + "-" + name: case for name, case in content.items()}
            for name, case in cases.items():
                if isinstance(case, dict) and isinstance(case.get(new), str):
                    yield Case(name, case.get(old) or "", case[new])


def from_sqldef(top):
    return from_yaml(top, "current", "desired",
                     lambda folder, file: "psqldef" in folder and file.startswith("tests_"))


def from_pistachio(top):
    return from_yaml(top, "init", "desired", lambda folder, file: os.path.basename(folder) in ("apply", "plan"))


LAYOUTS = {name[len("from_"):]: function for name, function in list(globals().items())
           if name.startswith("from_") and name != "from_yaml"}


def write(cases, directory):
    """Write the cases that are not there yet under any name; return how many."""
    known, names, count = set(), set(), 0
    for case in cases:
        digest = hashlib.sha256((case.old + "\0" + case.new).encode()).digest()
        if digest in known or case.old.split() == case.new.split() == []:
            continue
        known.add(digest)
        name, number = case.name, 1
        while name in names:
            number += 1
            name = "%s-%d" % (case.name, number)
        names.add(name)
        os.makedirs(os.path.join(directory, name), exist_ok=True)
        for which in ("old", "new"):
            with open(os.path.join(directory, name, which + ".sql"), "w", encoding="utf-8") as file:
                file.write(getattr(case, which))
        count += 1
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layout", choices=sorted(LAYOUTS))
    parser.add_argument("checkout")
    parser.add_argument("directory")
    arguments = parser.parse_args()
    count = write(LAYOUTS[arguments.layout](arguments.checkout), arguments.directory)
    print("%s: %d pairs" % (arguments.directory, count))
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
