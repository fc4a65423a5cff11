"""Types of random schemas, and what can be said of a column of a type."""

import itertools

from schema_model import Named, quoted, text_literal


class Typ:
    """A type as it is written, and what family of operators it has."""

    def __init__(self, sql, family, needs=(), source=None):
        self.sql = sql
        self.family = family
        self.needs = list(needs)
        self.source = source            # key of the enum below it


BUILTIN = [Typ(sql, family) for family, names in (
    ("int", "smallint|integer|integer|bigint|bigint"), ("num", "numeric|numeric(10,2)|numeric(5)|real|double precision"),
    ("text", "text|text|varchar|varchar(20)|varchar(255)|char(3)|char(10)"), ("bool", "boolean"), ("date", "date"),
    ("ts", "timestamp|timestamp(3)"), ("tstz", "timestamptz|timestamptz(0)"), ("time", "time|time(2)|timetz"),
    ("interval", "interval|interval(3)|interval day to second"), ("uuid", "uuid"), ("json", "json"), ("jsonb", "jsonb"),
    ("bytea", "bytea"), ("inet", "inet|cidr"), ("bits", "bit(3)|bit varying(5)|varbit"), ("money", "money"),
    ("point", "point"), ("box", "box"), ("tsvector", "tsvector"), ("range", "int4range|tstzrange|daterange|numrange"),
    ("multirange", "int4multirange|datemultirange"), ("array", "integer[]|text[]|varchar(5)[]|uuid[]"),
    ("sys", "oid|regclass|name|macaddr|pg_lsn"),
) for sql in names.split("|")]
BUILTIN += [Typ("numeric(6,2)[]", "array"), Typ("integer[][]", "array")]

BTREE = {"int", "num", "text", "bool", "date", "ts", "tstz", "time", "interval", "uuid", "jsonb", "bytea", "inet",
         "bits", "money", "enum", "range", "array"}
HASH = {"int", "num", "text", "bool", "date", "ts", "tstz", "time", "interval", "uuid", "jsonb", "bytea", "inet",
        "enum", "range", "array"}

LITERALS = {
    "int": ("1", "42", "7", "(3 + 4)"), "num": ("0", "1.5", "10", "3"),
    "text": ("'abc'", "'it''s'", "''", "E'a\\\\b'", "'x'::text", "CURRENT_USER", "'ü'"),
    "bool": ("true", "false"), "date": ("'2020-02-29'", "CURRENT_DATE"),
    "ts": ("'2020-01-01 12:00:00'", "LOCALTIMESTAMP", "now()"),
    "tstz": ("now()", "CURRENT_TIMESTAMP", "'2020-01-01 00:00:00+00'", "clock_timestamp()"),
    "time": ("'12:00'", "LOCALTIME"), "interval": ("'1 day'", "'01:02:03'", "make_interval(hours => 2)"),
    "uuid": ("gen_random_uuid()", "'00000000-0000-0000-0000-000000000001'"), "json": ("'{}'", "'[1,2]'"),
    "jsonb": ("'{}'", "'{\"a\": 1}'", "jsonb_build_object('k', 1)"), "bytea": ("'\\x00ff'", "''"),
    "inet": ("'10.0.0.0/8'",), "bits": ("B'101'",), "money": ("0",), "point": ("'(0,1)'", "point(1, 2)"),
    "box": ("'(1,1),(0,0)'",), "tsvector": ("''", "to_tsvector('simple', 'a b')"), "range": ("'empty'",),
    "multirange": ("'{}'",), "array": ("'{}'",),
}


def literal(rng, schema, typ):
    """A constant or function for a default, or None."""
    if typ.family == "enum":
        enum = schema[typ.source]
        label = rng.choice(enum.labels)
        enum.used.add(label)
        return text_literal(label)
    if typ.needs and typ.family in ("int", "num"):
        return "5"
    if typ.needs and typ.family == "text":
        return "'a'"
    choices = LITERALS.get(typ.family)
    return rng.choice(choices) if choices else None


def expression(rng, name, family):
    """(immutable expression over a column, its type)"""
    choices = {
        "int": (("(%s + 1)", "int"), ("abs(%s)", "int"), ("(%s %% 7)", "int"), ("(- %s)", "int")),
        "num": (("(%s * 2)", "num"), ("round((%s)::numeric, 1)", "num")),
        "text": (("lower(%s)", "text"), ("length(%s)", "int"), ("(%s || 'x')", "text"), ("upper((%s)::text)", "text"),
                 ("COALESCE(%s, 'none')", "text"), ("NULLIF(%s, '')", "text")),
        "bool": (("(NOT %s)", "bool"),), "date": (("(%s + 1)", "date"), ("date_part('year', %s)", "num")),
        "ts": (("date_trunc('day', %s)", "ts"), ("(%s)::date", "date")),
        "tstz": (("(%s AT TIME ZONE 'UTC')", "ts"),), "interval": (("(%s * 2)", "interval"),),
        "jsonb": (("(%s ->> 'k')", "text"), ("(%s -> 'a')", "jsonb")), "uuid": (("(%s)::text", "text"),),
        "bytea": (("length(%s)", "int"),), "range": (("lower(%s)", "other"), ("isempty(%s)", "bool")),
    }.get(family, ())
    pattern, result = rng.choice(choices + (("(%s IS NULL)", "bool"),))
    return pattern % name if "%s" in pattern else pattern, result


def condition(rng, schema, name, typ):
    """An immutable condition over a column."""
    family = typ.family
    if family == "enum":
        enum = schema[typ.source]
        label = rng.choice(enum.labels)
        enum.used.add(label)
        if typ.sql != enum.qname:
            name = "(%s)::%s" % (name, enum.qname)
        return "(%s <> %s)" % (name, text_literal(label))
    patterns = {
        "int": ("%s > 0", "%s BETWEEN 1 AND 100", "%s IN (1, 2, 3)", "%s <> 5 AND %s < 1000"),
        "num": ("%s >= 0", "%s < 1.5 OR %s > 3"),
        "text": ("%s <> ''", "length(%s) < 100", "%s IN ('a', 'b''c')", "%s ~ '^[a-z]+$'", "%s LIKE 'a%%'"),
        "bool": ("%s", "NOT %s", "%s IS TRUE"), "date": ("%s > '2000-01-01'",), "ts": ("%s > '2000-01-01'",),
        "tstz": ("%s IS DISTINCT FROM NULL",), "jsonb": ("%s ? 'k'", "(%s ->> 'a') IS NOT NULL"),
        "interval": ("%s > '1 hour'",),
    }.get(family, ("%s IS NOT NULL",))
    pattern = rng.choice(patterns + ("%s IS NOT NULL",))
    return "(" + pattern.replace("%%", "\0").replace("%s", name).replace("\0", "%") + ")"


# -- user-defined types

class Enum(Named):
    kind, keyword = "enum", "TYPE"

    def __init__(self, schema_name, name, labels, bare=False):
        super().__init__(schema_name, name, bare)
        self.labels = labels
        self.used = set()

    def typ(self):
        return Typ(self.qname, "enum", [self.key], self.key)

    def sql(self, schema):
        return ["CREATE TYPE %s AS ENUM (%s)" % (self.qname, ", ".join(map(text_literal, self.labels)))]

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.6:
            label = "new %d" % schema.number()
            self.labels.insert(rng.choice([len(self.labels), rng.randint(0, len(self.labels))]), label)
            return "enum label added"
        free = [label for label in self.labels if label not in self.used]
        if dice < 0.8 and free and len(self.labels) > 1:
            self.labels.remove(rng.choice(free))
            return "enum label removed"
        rng.shuffle(self.labels)
        return "enum labels in another order"


class Domain(Named):
    kind, keyword = "domain", "DOMAIN"

    def __init__(self, schema_name, name, base, bare=False):
        super().__init__(schema_name, name, bare)
        self.base = base
        self.default = None
        self.notnull = False
        self.checks = {}                # name -> text
        self.check_needs = []

    def needs(self):
        return super().needs() + self.base.needs + self.check_needs

    def typ(self):
        return Typ(self.qname, self.base.family, [self.key], self.base.source)

    def sql(self, schema):
        text = "CREATE DOMAIN %s AS %s" % (self.qname, self.base.sql)
        if self.default is not None:
            text += " DEFAULT " + self.default
        if self.notnull:
            text += " NOT NULL"
        for name, check in self.checks.items():
            text += " CONSTRAINT %s CHECK (%s)" % (quoted(name), check)
        return [text]

    def add_check(self, rng, schema):
        functions = [thing for thing in schema.usable(("function",), self.key)
                     if thing.purpose == "test" and thing.family == self.base.family]
        name = schema.fresh(rng, "dcheck")
        if functions and rng.random() < 0.4:
            function = rng.choice(functions)
            self.checks[name] = "%s(VALUE)" % function.qname
            self.check_needs.append(function.key)
        else:
            # what literal() gives for it must pass
            self.checks[name] = {"int": "VALUE > %d" % rng.choice([0, 1, 2]), "num": "VALUE >= 0",
                                 "text": "length(VALUE) < %d" % rng.randint(20, 99)}.get(
                                     self.base.family, "VALUE IS NOT NULL OR true")

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.35:
            self.add_check(rng, schema)
            return "domain check added"
        if dice < 0.55 and self.checks:
            del self.checks[rng.choice(list(self.checks))]
            return "domain check dropped"
        if dice < 0.8:
            self.default = None if self.default else literal(rng, schema, self.typ())
            return "domain default changed"
        self.notnull = not self.notnull
        return "domain NOT NULL changed"


class Composite(Named):
    kind, keyword = "composite", "TYPE"

    def __init__(self, schema_name, name, bare=False):
        super().__init__(schema_name, name, bare)
        self.attributes = {}

    def needs(self):
        return super().needs() + list(itertools.chain(*(typ.needs for typ in self.attributes.values())))

    def typ(self):
        return Typ(self.qname, "composite", [self.key])

    def sql(self, schema):
        return ["CREATE TYPE %s AS (%s)" % (self.qname, ", ".join(
            "%s %s" % (quoted(name), typ.sql) for name, typ in self.attributes.items()))]

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.5 or len(self.attributes) < 2:
            self.attributes[schema.fresh(rng, "attr")] = pick_type(rng, schema, self.key)
            return "attribute added"
        if dice < 0.8:
            del self.attributes[rng.choice(list(self.attributes))]
            return "attribute dropped"
        self.attributes[rng.choice(list(self.attributes))] = pick_type(rng, schema, self.key)
        return "attribute of another type"


class RangeType(Named):
    kind, keyword = "range", "TYPE"

    def __init__(self, schema_name, name, subtype, bare=False):
        super().__init__(schema_name, name, bare)
        self.subtype = subtype

    def typ(self):
        return Typ(self.qname, "range", [self.key])

    def needs(self):
        return super().needs() + self.subtype.needs

    def sql(self, schema):
        return ["CREATE TYPE %s AS RANGE (SUBTYPE = %s)" % (self.qname, self.subtype.sql)]

    def mutate(self, rng, schema):
        if schema.dependents(self.key) != {self.key}:
            return None
        self.subtype = Typ(rng.choice(["integer", "float8", "text", "time"]), "other")
        return "range of another subtype"


class Collation(Named):
    kind, keyword = "collation", "COLLATION"

    def sql(self, schema):
        return ['CREATE COLLATION %s FROM "C"' % self.qname]


def make_type(rng, schema):
    """Add a type of any kind."""
    where, bare = schema.schema_name(rng), rng.random() < 0.5
    dice = rng.random()
    if dice < 0.4:
        labels = ["l%d" % number for number in range(rng.randint(1, 6))] + rng.sample(["Ä", "it's", "", "a b"], 2)
        return schema.add(Enum(where, schema.fresh(rng, "enum"), labels, bare))
    if dice < 0.7:
        base = pick_type(rng, schema, "", domains=rng.random() < 0.2)
        domain = schema.add(Domain(where, schema.fresh(rng, "domain"), base, bare))
        for _ in range(rng.choice([0, 1, 1, 2])):
            domain.add_check(rng, schema)
        domain.notnull = rng.random() < 0.1
        if rng.random() < 0.2:
            domain.default = literal(rng, schema, domain.typ())
        return domain
    if dice < 0.87:
        composite = Composite(where, schema.fresh(rng, "composite"), bare)
        for _ in range(rng.randint(1, 4)):
            composite.attributes[schema.fresh(rng, "attr")] = pick_type(rng, schema, "")
        return schema.add(composite)
    if dice < 0.95:
        return schema.add(RangeType(where, schema.fresh(rng, "range"), Typ(rng.choice(
            ["integer", "float8", "text", "time", "timestamptz", "inet"]), "other"), bare))
    return schema.add(Collation(where, schema.fresh(rng, "collation"), bare))


def pick_type(rng, schema, for_key, domains=True):
    """A type that the thing with this key may have."""
    if rng.random() < 0.25:
        kinds = ("enum", "domain", "composite", "range") if domains else ("enum", "range")
        types = schema.usable(kinds, for_key)
        if types:
            typ = rng.choice(types).typ()
            if rng.random() < 0.15:
                return Typ(typ.sql + "[]", "array", typ.needs)
            return typ
    return rng.choice(BUILTIN)
