"""String literals in source text of other languages.

The cases of some public corpora are written in Go or Rust.  Their strings are
all that is wanted of them, so nothing more of these languages is known here:
strings, comments, and brackets that are neither.
"""

import re

GO = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<raw> `[^`]*` )
    | (?P<string> "(?:[^"\\]|\\.)*" )
    | (?P<char> '(?:[^'\\]|\\.)+' )
    | (?P<word> \w+ )
    | (?P<other> \S )
    """, re.VERBOSE | re.DOTALL)
RUST = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<raw> r(?P<hashes>\#*)".*?"(?P=hashes) )
    | (?P<string> "(?:[^"\\]|\\.)*" )
    | (?P<char> '(?:[^'\\]|\\.)' )
    | (?P<word> \w+ )
    | (?P<other> \S )
    """, re.VERBOSE | re.DOTALL)

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


class Token:
    __slots__ = ("kind", "text", "start", "end")

    def __init__(self, kind, text, start, end):
        self.kind = kind        # "string", with its value as the text; "word", "other"
        self.text = text
        self.start = start
        self.end = end


def _unescape(text):
    # Rust: a backslash at the end of a line takes away the blanks that follow
    text = re.sub(r"\\\n\s*", "", text)
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found.group(1), found.group(1)), text, flags=re.DOTALL)


def tokens(pattern, text, pos=0):
    """The tokens of the text from a position on, comments left out."""
    for found in pattern.finditer(text, pos):
        kind = found.lastgroup if found.lastgroup != "hashes" else "raw"
        if kind in ("comment", "char"):
            continue
        value = found.group()
        if kind == "raw":
            value = value[1:-1] if value[0] == "`" else value[value.index('"') + 1:value.rindex('"')]
        elif kind == "string":
            value = _unescape(value[1:-1])
        yield Token("string" if kind == "raw" else kind, value, found.start(), found.end())


def bracketed(pattern, text, pos):
    """The tokens between the first bracket after a position and its end."""
    depth = 0
    found = []
    for token in tokens(pattern, text, pos):
        if token.kind == "other" and token.text in "([{":
            depth += 1
            if depth == 1:
                continue
        elif token.kind == "other" and token.text in ")]}":
            depth -= 1
            if depth <= 0:
                break
        if depth:
            found.append(token)
    return found


def strings_of(tokens_found):
    return [token.text for token in tokens_found if token.kind == "string"]


def is_plain(tokens_found):
    """Nothing but strings: no variables, no calls."""
    return all(token.kind == "string" or token.text in "," for token in tokens_found)
