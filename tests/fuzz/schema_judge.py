"""Databases that are compared by what pg_dump says of them.

pg_dump knows nothing of this project, so that what the extension does not read
is seen all the same.  Its output is cut into entries, which are compared as a
set; the order of columns is not compared, and names that the server gives to
indexes of partitions are replaced, since it depends on the order of creation
what they are.
"""

import os
import re
import subprocess
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

import pq  # noqa: E402

ENTRY = re.compile(r"^--\n-- (?:Data for )?Name: (.*?); Type: (.*?); Schema: (.*?); Owner: .*\n--\n\n", re.M)
NAME = r'(?:"(?:[^"]|"")+"|[^\s".]+)'
ATTACH = re.compile(r"^ALTER INDEX (%s\.%s) ATTACH PARTITION (%s)\.(%s);" % ((NAME,) * 4), re.M)
ON_TABLE = re.compile(r"^CREATE (?:UNIQUE )?INDEX (%s) ON (?:ONLY )?(%s)\.(%s) |"
                      r"^ALTER TABLE ONLY (%s)\.(%s)\n    ADD CONSTRAINT (%s) " % ((NAME,) * 6), re.M)
SQLSTATE = re.compile(r"ERROR:  ([A-Z0-9]{5}): (.*)")

pq._pq.PQsetErrorVerbosity.argtypes = [pq.ctypes.c_void_p, pq.ctypes.c_int]


class SqlError(Exception):
    def __init__(self, error):
        super().__init__(str(error))
        found = SQLSTATE.search(str(error))
        self.sqlstate, self.message = found.groups() if found else ("?????", str(error))


class Connection(pq.Session):
    """A session whose errors have SQLSTATEs."""

    def __init__(self, conninfo):
        super().__init__(conninfo)
        pq._pq.PQsetErrorVerbosity(self.connection, 2)

    def execute(self, sql, *parameters):
        try:
            return super().execute(sql, *parameters)
        except pq.PqError as error:
            raise SqlError(error) from None


def _names_of_partitions(text):
    """Replace the names of attached indexes by those of what they are attached to."""
    tables = {}
    for found in ON_TABLE.finditer(text):
        index, schema, table, schema2, table2, constraint = found.groups()
        tables[(schema or schema2, index or constraint)] = table or table2
    parents = {(schema, child): parent for parent, schema, child in
               (found.groups() for found in ATTACH.finditer(text))}

    def canonical(schema, child):
        parent = parents[(schema, child)]
        found = re.fullmatch("(%s)\\.(%s)" % (NAME, NAME), parent)
        if found and found.groups() in parents:
            parent = canonical(*found.groups())
        return "<%s of %s>" % (parent, tables.get((schema, child), "?"))

    names = {child: canonical(schema, child) for schema, child in parents}
    for child in sorted(names, key=len, reverse=True):
        text = re.sub(r"(?<![\w\"])%s(?![\w\"])" % re.escape(child), lambda _, child=child: names[child], text)
    return text


def _any_order(statement):
    """A CREATE TABLE or TYPE with its columns in the order of their names."""
    def ordered(found):
        lines = [line.rstrip(",") for line in found.group(2).split("\n")]
        return found.group(1) + "\n".join(sorted(lines)) + "\n)"
    return re.sub(r"^(CREATE (?:UNLOGGED |FOREIGN )?(?:TABLE|TYPE) [^\n]*\(\n)(.*?)\n\)", ordered, statement,
                  flags=re.M | re.S)


def _sorted_list(found):
    return found.group(1) + ", ".join(sorted(found.group(2).split(", "))) + found.group(3)


def _cast_elements(found):
    elements = re.findall(r"'(?:[^']|'')*'::[a-z ]+", found.group(1))
    return "ARRAY[%s]" % ", ".join("(%s)::%s" % (element, found.group(2)) for element in elements)


def _parameters(text):
    """Storage parameters, and columns of statistics, in any order."""
    text = re.sub(r"^(WITH \()(.*)(\)[;\n])", _sorted_list, text + "\n", flags=re.M).strip()
    # what is read back of the first is the second
    text = re.sub(r"\(ARRAY\[((?:'(?:[^']|'')*'::[a-z ]+(?:, )?)+)\]\)::(text)\[\]", _cast_elements, text)
    return re.sub(r"^(CREATE STATISTICS .* ON )(.*)( FROM )", _sorted_list, text)


def entries(dump):
    """{(type, number of equal ones): text} of an output of pg_dump, as a list of (type, text)."""
    dump = "\n".join(line for line in dump.split("\n")
                     if not line.startswith(("SET default_", "\\restrict", "\\unrestrict", "-- PostgreSQL database")))
    parts = ENTRY.split(_names_of_partitions(dump))
    result = []
    for name, type_, text in zip(parts[1::4], parts[2::4], parts[4::4]):
        if (type_ == "EXTENSION" and name == "migrate") or (type_ == "COMMENT" and name == "EXTENSION migrate"):
            continue
        text = "\n".join(line for line in text.split("\n") if line.strip("- "))
        # statements in any order; a statement begins at the start of a line
        statements = re.split(r"(?<=;)\n(?=[A-Z])", _parameters(_any_order(text)))
        result.append((type_, "\n".join(statements[:1] + sorted(statements[1:]))))
    return sorted(result)


def _bare(entry):
    """Without parentheses: (a AND b) AND c is read back as a AND b AND c."""
    return entry[0], re.sub(r"[() ]", "", entry[1])


def difference(expected, found):
    """[(sign, type, text)]: - what is missing, + what should not be there."""
    missing = Counter(map(_bare, expected)) - Counter(map(_bare, found))
    more = Counter(map(_bare, found)) - Counter(map(_bare, expected))
    return ([("-",) + entry for entry in expected if _bare(entry) in missing]
            + [("+",) + entry for entry in found if _bare(entry) in more])


class Judge:
    """Makes databases and compares them."""

    def __init__(self, server, prefix="fuzz"):
        self.server = server
        self.prefix = prefix
        self.made = []
        self.count = 0

    def database(self, sql=None):
        """A new database with the extension, and what the SQL makes."""
        self.count += 1
        name = "%s_%d" % (self.prefix, self.count)
        self.server.create(name, "fuzz_template")
        self.made.append(name)
        if sql is not None:
            with self.connect(name) as session:
                session.execute(sql)
        return name

    def connect(self, name):
        return Connection("host=%s port=%d dbname=%s user=postgres application_name=fuzz"
                          % (self.server.path("data"), self.server.port, name))

    def dump(self, name):
        result = subprocess.run([os.path.join(self.server.bindir, "pg_dump"), "-h", self.server.path("data"), "-p",
                                 str(self.server.port), "-U", "postgres", "-s", "-O", "-x", name],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                encoding="utf-8", check=False)
        if result.returncode:
            raise SqlError("ERROR:  XX000: pg_dump: " + result.stderr)
        return entries(result.stdout)

    def forget(self):
        """Drop the databases that were made."""
        self.server.drop(*self.made)
        self.made = []


def prepare(server):
    """The template of all databases."""
    server.admin("DROP DATABASE IF EXISTS fuzz_template", "CREATE DATABASE fuzz_template TEMPLATE template0")
    with server.session("fuzz_template") as session:
        session.execute("CREATE EXTENSION migrate")
