#!/usr/bin/env python3
"""Turn folders of up and down SQL files into revision scripts.

Layouts:

  diesel          <version>_<name>/up.sql, down.sql and metadata.toml
  golang-migrate  <version>_<name>.up.sql and <version>_<name>.down.sql
  dbmate          <version>_<name>.sql with "-- migrate:up", "-- migrate:down"
  flyway          V<version>__<name>.sql and U<version>__<name>.sql

Each migration becomes <revision>_<slug>.sql in the output directory.  The
revision id is the version without its punctuation; each revision revises the
one before it.  SQL is copied as it is, with these exceptions:

  * a migration without a down file gets no downgrade section: it cannot be
    undone; a down file without statements says that nothing is to be undone;
  * a comment of the source that would be taken for a directive of ours is
    put in quotes;
  * BEGIN as the first and COMMIT as the last statement are made comments,
    since every revision is run in a transaction anyway.
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import sqltext  # noqa: E402

DIRECTIVE = re.compile(r"--\s*migrate:", re.IGNORECASE)
SLUG_LENGTH = 40


class ConvertError(Exception):
    pass


class Section:
    """One direction of a migration."""

    def __init__(self, path, sql, transaction=True):
        self.path = path
        self.sql = sql
        self.transaction = transaction


class Migration:
    def __init__(self, version, name, up, down):
        self.version = version          # as the file says
        self.name = name
        self.up = up
        self.down = down                # None: cannot be undone
        self.revision = None


def warn(path, message):
    print("%s: warning: %s" % (path, message), file=sys.stderr)


def read_text(path):
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConvertError("%s: not UTF-8: byte %d" % (path, error.start)) from None
    except OSError as error:
        raise ConvertError("%s: %s" % (path, error.strerror)) from None


def listed(source):
    try:
        return sorted(os.listdir(source))
    except OSError as error:
        raise ConvertError("%s: %s" % (source, error.strerror)) from None


# ----------
# Layouts: each yields (sort key, Migration)
# ----------

DIESEL_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.*)$", re.DOTALL)
GOLANG_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)\.(?P<direction>up|down)\.sql$", re.DOTALL)
DBMATE_NAME = re.compile(r"(?P<version>[0-9]+)(?:_(?P<name>.*))?\.sql$", re.DOTALL)
FLYWAY_NAME = re.compile(r"(?P<kind>[VU])(?P<version>[0-9]+(?:[._][0-9]+)*)__(?P<name>.*)\.sql$", re.DOTALL)
FLYWAY_OTHER = re.compile(r"(?:R__|B[0-9]).*\.sql$", re.DOTALL)

# as dbmate finds them: by line, whatever the line is part of
DBMATE_UP = re.compile(r"^--\s*migrate:up(?P<options>[^\n]*)$", re.MULTILINE)
DBMATE_DOWN = re.compile(r"^--\s*migrate:down(?P<options>[^\n]*)$", re.MULTILINE)


def read_diesel(source):
    for entry in listed(source):
        folder = os.path.join(source, entry)
        match = DIESEL_NAME.match(entry)
        if not match or not os.path.isdir(folder):
            continue
        up = os.path.join(folder, "up.sql")
        down = os.path.join(folder, "down.sql")
        metadata = os.path.join(folder, "metadata.toml")
        transaction = True
        if os.path.exists(metadata):
            transaction = not re.search(r"^\s*run_in_transaction\s*=\s*false\b",
                                        read_text(metadata), re.MULTILINE)
        version = match.group("version")
        yield version.replace("-", ""), Migration(
            version, match.group("name"),
            Section(up, read_text(up), transaction),
            Section(down, read_text(down), transaction) if os.path.exists(down) else None)


def read_golang_migrate(source):
    found = {}
    for entry in listed(source):
        match = GOLANG_NAME.match(entry)
        if not match:
            continue
        sections = found.setdefault(int(match.group("version")), {})
        direction = match.group("direction")
        path = os.path.join(source, entry)
        if direction in sections:
            raise ConvertError("%s: version %s has two %s files, the other is %s" %
                               (path, match.group("version"), direction, sections[direction][1]))
        sections[direction] = (match, path)
    for key, sections in found.items():
        if "up" not in sections:
            raise ConvertError("%s: has no up file" % sections["down"][1])
        match, path = sections["up"]
        down = sections.get("down")
        yield key, Migration(match.group("version"), match.group("name"),
                             Section(path, read_text(path)),
                             Section(down[1], read_text(down[1])) if down else None)


def read_dbmate(source):
    for entry in listed(source):
        match = DBMATE_NAME.match(entry)
        if not match:
            continue
        path = os.path.join(source, entry)
        text = read_text(path)
        up = DBMATE_UP.search(text)
        down = DBMATE_DOWN.search(text)
        if not up:
            raise ConvertError('%s: has no line "-- migrate:up"' % path)
        if down and down.start() < up.start():
            raise ConvertError('%s: "-- migrate:down" stands before "-- migrate:up"' % path)
        if split_statements(Section(path, text[:up.start()])):
            raise ConvertError('%s: has a statement before "-- migrate:up"' % path)
        up_end = down.start() if down else len(text)
        yield match.group("version"), Migration(
            match.group("version"), match.group("name") or "",
            Section(path, text[up.end():up_end], "transaction:false" not in up.group("options")),
            Section(path, text[down.end():], "transaction:false" not in down.group("options"))
            if down else None)


def flyway_section(path):
    transaction = True
    if os.path.exists(path + ".conf"):
        transaction = not re.search(r"^\s*executeInTransaction\s*=\s*false\b",
                                    read_text(path + ".conf"), re.MULTILINE)
    section = Section(path, read_text(path), transaction)
    placeholder = re.search(r"\$\{[A-Za-z_][\w:.]*\}", section.sql)
    if placeholder:
        warn(path, "placeholder %s on line %d is not replaced" %
             (placeholder.group(), sqltext.line_of(section.sql, placeholder.start())))
    return section


def read_flyway(source):
    found = {}
    for entry in listed(source):
        path = os.path.join(source, entry)
        if FLYWAY_OTHER.match(entry):
            warn(path, "only versioned and undo migrations have a place in a history; not converted")
        match = FLYWAY_NAME.match(entry)
        if not match:
            continue
        key = tuple(int(part) for part in re.split(r"[._]", match.group("version")))
        while len(key) > 1 and key[-1] == 0:
            key = key[:-1]
        sections = found.setdefault(key, {})
        kind = match.group("kind")
        if kind in sections:
            raise ConvertError("%s: version %s is also that of %s" %
                               (path, match.group("version"), sections[kind][1]))
        sections[kind] = (match, path)
    for key, sections in found.items():
        if "V" not in sections:
            raise ConvertError("%s: undoes a version that has no V file" % sections["U"][1])
        match, path = sections["V"]
        undo = sections.get("U")
        yield key, Migration(match.group("version"), match.group("name"), flyway_section(path),
                             flyway_section(undo[1]) if undo else None)


LAYOUTS = {
    "diesel": read_diesel,
    "golang-migrate": read_golang_migrate,
    "dbmate": read_dbmate,
    "flyway": read_flyway,
}


def detect_layout(source):
    for entry in listed(source):
        path = os.path.join(source, entry)
        if DIESEL_NAME.match(entry) and os.path.exists(os.path.join(path, "up.sql")):
            return "diesel"
        if GOLANG_NAME.match(entry):
            return "golang-migrate"
        if FLYWAY_NAME.match(entry):
            return "flyway"
        if DBMATE_NAME.match(entry) and DBMATE_UP.search(read_text(path)):
            return "dbmate"
    raise ConvertError("%s: holds no migrations of a known layout" % source)


# ----------
# From a migration to a revision script
# ----------

def split_statements(section):
    try:
        return sqltext.statements(section.sql)
    except sqltext.SqlError as error:
        raise ConvertError("%s: %s, which begins on line %d of the section" %
                           (section.path, error, error.line)) from None


def edit(sql, edits):
    """Replace the given (start, end, text) parts."""
    for start, end, text in sorted(edits, reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql


def is_begin(statement):
    return statement[0].is_word("begin") or (
        statement[0].is_word("start") and statement[1:2] and statement[1].is_word("transaction"))


def is_commit(statement):
    return statement[0].is_word("commit", "end")


def section_sql(section):
    """The SQL of a section, such that we read it as its own tool does."""
    statements = split_statements(section)
    edits = []
    for token in sqltext.scan(section.sql):
        if token.kind == sqltext.LINE_COMMENT and DIRECTIVE.match(token.text):
            edits.append((token.start, token.end, '-- "%s"' % token.text[2:].strip()))
    if len(statements) >= 2 and is_begin(statements[0]) and is_commit(statements[-1]):
        for statement in (statements.pop(0), statements.pop()):
            start, end = statement[0].start, statement[-1].end
            edits.append((start, end, "/* %s */" % section.sql[start:end].rstrip(";")))
    for statement in statements:
        if is_begin(statement) or is_commit(statement) or statement[0].is_word("rollback"):
            warn(section.path, "line %d controls transactions, which a revision script must not" %
                 sqltext.line_of(section.sql, statement[0].start))
    sql = edit(section.sql, edits).strip("\n")
    return sql + "\n" if sql.strip() else ""


def section_text(direction, section):
    directive = "-- migrate:" + direction
    if direction == "downgrade" and not split_statements(section):
        directive += " none"
    elif not section.transaction:
        directive += " transaction:false"
    return directive + "\n" + section_sql(section)


def slug(name):
    words = re.findall(r"\w+", name.lower())
    text = "_".join(words)
    if len(text) > SLUG_LENGTH:
        text = text[:SLUG_LENGTH].rsplit("_", 1)[0]
    return text


def create_date(version):
    digits = version.replace("-", "")
    match = re.match(r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)", digits)
    if not match or not 1 <= int(match.group(2)) <= 12:
        return None
    return "%s-%s-%s %s:%s:%s+00" % match.groups()


def script_text(migration, previous):
    message = re.sub(r"[\s_:-]+", " ", migration.name).strip() or "version " + migration.revision
    lines = ["-- " + message, "--", "-- Revision ID: " + migration.revision, "-- Revises: " + previous]
    date = create_date(migration.version)
    if date:
        lines.append("-- Create Date: " + date)
    lines = [line.rstrip() for line in lines]
    text = "\n".join(lines) + "\n\n" + section_text("upgrade", migration.up)
    if migration.down is not None:
        text += "\n" + section_text("downgrade", migration.down)
    return text


def revision_id(version):
    return re.sub(r"[._]", "_", version.replace("-", ""))


def convert(migrations, output, down_revision, force):
    """Write the scripts; return their number."""
    seen = {}
    previous = down_revision
    scripts = []
    for migration in migrations:
        migration.revision = revision_id(migration.version)
        if migration.revision in seen:
            raise ConvertError("%s: revision %s is also that of %s" %
                               (migration.up.path, migration.revision, seen[migration.revision]))
        seen[migration.revision] = migration.up.path
        name = "_".join(filter(None, (migration.revision, slug(migration.name)))) + ".sql"
        scripts.append((os.path.join(output, name), script_text(migration, previous)))
        previous = migration.revision

    os.makedirs(output, exist_ok=True)
    for path, text in scripts:
        try:
            with open(path, "w" if force else "x", encoding="utf-8", newline="") as file:
                file.write(text)
        except FileExistsError:
            raise ConvertError("%s: exists already (--force overwrites)" % path) from None
        except OSError as error:
            raise ConvertError("%s: %s" % (path, error.strerror)) from None
    return len(scripts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="directory with the migrations")
    parser.add_argument("output", help="directory to write the revision scripts to, usually versions")
    parser.add_argument("--layout", choices=["auto"] + list(LAYOUTS), default="auto",
                        help="how the source is laid out (default: what the first migration looks like)")
    parser.add_argument("--down-revision", metavar="REVISION", default="",
                        help="revision that the first one revises (default: none)")
    parser.add_argument("--force", action="store_true", help="overwrite scripts that exist")
    arguments = parser.parse_args()
    try:
        layout = arguments.layout
        if layout == "auto":
            layout = detect_layout(arguments.source)
        found = sorted(LAYOUTS[layout](arguments.source), key=lambda item: item[0])
        if not found:
            raise ConvertError("%s: holds no migrations of layout %s" % (arguments.source, layout))
        count = convert([migration for _, migration in found], arguments.output,
                        arguments.down_revision, arguments.force)
    except ConvertError as error:
        print(error, file=sys.stderr)
        return 1
    irreversible = sum(migration.down is None for _, migration in found)
    print("%d revisions from %s files, %d of them irreversible" % (count, layout, irreversible))
    return 0


if __name__ == "__main__":
    sys.exit(main())
