"""Just enough of PostgreSQL's lexical rules to look into SQL text.

This is a second reading of the rules, independent of the extension's: the
tests compare what both make of the same files.  It knows comments, strings,
quoted identifiers, dollar quotes, BEGIN ATOMIC bodies and the rows of
COPY ... FROM STDIN, and takes standard_conforming_strings to be on.
"""

import re

# Kinds of token.
LINE_COMMENT = "line comment"
BLOCK_COMMENT = "block comment"
QUOTED = "quoted"               # string, quoted identifier, dollar quote
WORD = "word"                   # keyword or unquoted identifier
SEMICOLON = "semicolon"         # ends a statement
ROWS = "rows"                   # rows of COPY, with the line that ends them
OTHER = "other"

TOKEN = re.compile(
    r"""
      (?P<space> \s+ )
    | (?P<line> --[^\n]* )
    | (?P<block> /\* )
    | (?P<escape> [eE]' )
    | (?P<string> ' )
    | (?P<ident> " )
    | (?P<dollar> \$ (?: [A-Za-z_\u0080-\U0010ffff] [A-Za-z0-9_\u0080-\U0010ffff]* )? \$ )
    | (?P<word> [A-Za-z_\u0080-\U0010ffff] [A-Za-z0-9_$\u0080-\U0010ffff]* )
    | (?P<number> [0-9]+ | \$[0-9]+ )
    | (?P<char> . )
    """,
    re.VERBOSE | re.DOTALL,
)
BLOCK_EDGE = re.compile(r"/\*|\*/")
ESCAPE_STRING_END = re.compile(r"(?:[^'\\]|\\.|'')*'", re.DOTALL)
ROWS_END = re.compile(r"^\\\.\r?$", re.MULTILINE)


class SqlError(Exception):
    """The text is not SQL: something in it has no end."""

    def __init__(self, message, line):
        super().__init__(message)
        self.line = line


class Token:
    __slots__ = ("kind", "start", "end", "text", "statement")

    def __init__(self, kind, start, end, text, statement):
        self.kind = kind
        self.start = start
        self.end = end
        self.text = text
        self.statement = statement      # number of the statement, from 0

    def is_word(self, *words):
        return self.kind == WORD and self.text.lower() in words


class _Statement:
    """What must be remembered of a statement to find its end."""

    def __init__(self):
        self.words = []         # the first words outside parentheses
        self.previous = None
        self.tokens = 0
        self.parens = 0
        self.atomic = 0
        self.from_stdin = False

    def creates_routine(self):
        words = [w for w in self.words if w not in ("or", "replace")]
        return words[:1] == ["create"] and words[1:2] in (["function"], ["procedure"])

    def add(self, token):
        self.tokens += 1
        if token.text == "(":
            self.parens += 1
        elif token.text == ")":
            self.parens = max(0, self.parens - 1)
        elif token.kind == WORD and self.parens == 0:
            self._add_word(token.text.lower())
        self.previous = token.text.lower()

    def _add_word(self, word):
        if len(self.words) < 4:
            self.words.append(word)
        if self.words[0] == "copy" and word == "stdin" and self.previous == "from":
            self.from_stdin = True
        if not self.creates_routine() or self.previous in ("as", "."):
            return
        if word == "atomic" and self.previous == "begin":
            self.atomic = 1
        elif self.atomic and word == "case":
            self.atomic += 1
        elif self.atomic and word == "end":
            self.atomic -= 1


def line_of(text, offset):
    """The number of the line, from 1, that the offset is on."""
    return text.count("\n", 0, offset) + 1


def _quoted_end(text, match):
    """Where the quoted thing that begins with this match ends."""
    if match.lastgroup == "dollar":
        end = text.find(match.group(), match.end())
        return end + len(match.group()) if end >= 0 else -1
    if match.lastgroup == "escape":
        found = ESCAPE_STRING_END.match(text, match.end())
        return found.end() if found else -1
    quote = match.group()
    pos = match.end()
    while True:
        end = text.find(quote, pos)
        if end < 0:
            return -1
        if not text.startswith(quote, end + 1):
            return end + 1
        pos = end + 2


def _block_end(text, pos):
    depth = 0
    for edge in BLOCK_EDGE.finditer(text, pos):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return -1


def scan(text):
    """Yield the tokens of the text, blanks left out."""
    statement = _Statement()
    number = 0
    pos = 0
    while pos < len(text):
        match = TOKEN.match(text, pos)
        group = match.lastgroup
        end = match.end()
        if group == "space":
            pos = end
            continue
        if group == "line":
            yield Token(LINE_COMMENT, pos, end, match.group(), number)
            pos = end
            continue
        if group == "block":
            end = _block_end(text, pos)
            if end < 0:
                raise SqlError("unterminated comment", line_of(text, pos))
            yield Token(BLOCK_COMMENT, pos, end, text[pos:end], number)
            pos = end
            continue
        if group in ("escape", "string", "ident", "dollar"):
            end = _quoted_end(text, match)
            if end < 0:
                raise SqlError("unterminated quoted text", line_of(text, pos))
            token = Token(QUOTED, pos, end, text[pos:end], number)
        elif group == "word":
            token = Token(WORD, pos, end, match.group(), number)
        elif match.group() == ";" and not statement.parens and not statement.atomic:
            yield Token(SEMICOLON, pos, end, ";", number)
            pos = end
            if statement.from_stdin:
                start = text.find("\n", pos) + 1
                found = ROWS_END.search(text, start) if start else None
                if not found:
                    raise SqlError("rows of COPY have no end", line_of(text, pos))
                yield Token(ROWS, start, found.end(), text[start:found.end()], number)
                pos = found.end()
            if statement.tokens:
                number += 1
            statement = _Statement()
            continue
        else:
            token = Token(OTHER, pos, end, match.group(), number)
        statement.add(token)
        yield token
        pos = end


def statements(text):
    """The statements of the text: lists of tokens, comments left out."""
    found = {}
    for token in scan(text):
        if token.kind in (LINE_COMMENT, BLOCK_COMMENT):
            continue
        if token.kind == SEMICOLON and token.statement not in found:
            continue
        found.setdefault(token.statement, []).append(token)
    return list(found.values())
