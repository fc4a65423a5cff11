"""What pg_dump -s says of a schema, in a form that two databases can share.

A dump lists objects in an order that depends on names and dependencies, and
columns in the order in which they were made.  Neither is what is wanted of a
schema, so objects are compared as a set; columns as a set, too, unless the
comparison is strict.
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "convert"))

import sqltext  # noqa: E402

HEADER = re.compile(r"^--\n-- (?:Data for )?Name: (?P<name>.*); Type: (?P<type>[A-Z ]+); Schema: (?P<schema>.*); "
                    r"Owner:.*\n--\n", re.MULTILINE)
NOISE = re.compile(r"^(?:\\(?:un)?restrict .*|SET default_tablespace = '';|SET default_table_access_method = heap;|"
                   r"-- Dumped (?:from|by) .*|-- PostgreSQL database dump.*|--)\n?", re.MULTILINE)
OPTIONS = re.compile(r"(\bWITH \(|\bWHEN TAG IN \()([^()]*)\)")
EXTENSION = "EXTENSION migrate"
ROLE_STATEMENTS = {"create", "alter", "drop"}
ROLE_WORDS = {"role", "user", "group"}


def _cut(text, tokens):
    return text[tokens[0].start:tokens[-1].end] if tokens else ""


def _elements(text, tokens):
    """Split what stands between the outermost parentheses at its commas."""
    depth, parts, part, head, tail = 0, [], [], [], []
    for token in tokens:
        if token.text == "(" and token.kind == sqltext.OTHER:
            depth += 1
            if depth == 1 and not parts and not tail:
                continue
        elif token.text == ")" and token.kind == sqltext.OTHER:
            depth -= 1
            if depth == 0 and not tail and (part or not parts):
                parts.append(part)
                part = []
                tail.append(token)
                continue
        if tail:
            tail.append(token)
        elif depth == 0:
            head.append(token)
        elif depth == 1 and token.text == "," and token.kind == sqltext.OTHER:
            parts.append(part)
            part = []
        else:
            part.append(token)
    return _cut(text, head), [_cut(text, part) for part in parts], _cut(text, tail)


def _without_column_order(body):
    """Of the statements that make a table or a composite type."""
    try:
        statements = sqltext.statements(body)
    except sqltext.SqlError:
        return body
    found = []
    for tokens in statements:
        if tokens[0].is_word("create") and any(token.text == "(" for token in tokens):
            head, parts, tail = _elements(body, tokens)
            found.append("%s (\n    %s\n%s" % (head, ",\n    ".join(sorted(parts)), tail))
        else:
            found.append(_cut(body, tokens))
    return "\n".join(found[:1] + sorted(found[1:]))


def _sorted_lists(body):
    """Storage parameters and tags, whose order means nothing."""
    return OPTIONS.sub(lambda found: found.group(1) + ", ".join(sorted(found.group(2).split(", "))) + ")", body)


def objects(dump, strict=False):
    """The objects of a dump, a sorted list of texts.

    The schema public is always there, and printed if its owner is another.
    """
    found = []
    headers = list(HEADER.finditer(dump))
    for header, following in zip(headers, headers[1:] + [None]):
        kind, name = header.group("type"), header.group("name")
        if kind == "EXTENSION" and name == "migrate" or kind == "COMMENT" and name == EXTENSION:
            continue
        if kind == "SCHEMA" and name == "public":
            continue
        body = NOISE.sub("", dump[header.end():following.start() if following else len(dump)]).strip()
        if kind == "ACL":
            body = "\n".join(sorted(body.splitlines()))
        elif not strict:
            body = _sorted_lists(body)
        if not strict and (kind in ("TABLE", "FOREIGN TABLE") or kind == "TYPE" and " AS (" in body):
            body = _without_column_order(body)
        found.append("-- %s %s\n%s" % (kind, name, body))
    return sorted(found)


def without(texts, kinds):
    """Leave out the objects of some types, what is in them, and the comments on them."""
    starts = tuple("-- %s%s" % (word, kind) for kind in kinds for word in ("", "COMMENT ", "ACL "))
    return [text for text in texts if not text.startswith(starts)]


def difference(wanted, found):
    """Texts only in one of two lists of objects; empty if they are the same."""
    lines = []
    for sign, one, other in (("-", wanted, found), ("+", found, wanted)):
        rest = list(other)
        for item in one:
            if item in rest:
                rest.remove(item)
            else:
                lines.extend(sign + line for line in item.splitlines())
    return "\n".join(lines)


def split_roles(text):
    """Take the statements about roles out of a script.

    Roles belong to the whole server, so they are made before a case and are no
    part of it.  Returns the rest and the names of the roles that are created.
    """
    roles, pieces, pos = [], [], 0
    try:
        statements = sqltext.statements(text)
    except sqltext.SqlError:
        return text, []
    for tokens in statements:
        words = [token.text for token in tokens if token.kind != sqltext.SEMICOLON]
        lower = [word.lower() for word in words[:3]]
        about_roles = lower[:1] and lower[0] in ROLE_STATEMENTS and lower[1:2] and lower[1] in ROLE_WORDS \
            and lower[2:3] != ["mapping"]
        if lower[:1] == ["grant"] and "on" not in [word.lower() for word in words]:
            about_roles = True
        if not about_roles:
            continue
        if lower[0] == "create":
            name = words[2]
            roles.append(name[1:-1].replace('""', '"') if name.startswith('"') else name.lower())
        pieces.append(text[pos:tokens[0].start])
        pos = tokens[-1].end
    return "".join(pieces) + text[pos:], roles
