"""Tables, columns and sequences of random schemas."""

from schema_model import Named, Thing, quoted, text_literal
from schema_types import BTREE, BUILTIN, HASH, Typ, expression, literal, pick_type

STORAGES = ("PLAIN", "EXTERNAL", "EXTENDED", "MAIN")
VARLENA = {"text", "json", "jsonb", "bytea", "array", "tsvector"}
OPTIONS = ("fillfactor = %d", "autovacuum_enabled = false", "autovacuum_vacuum_threshold = %d", "parallel_workers = 2",
           "toast.autovacuum_enabled = false", "toast_tuple_target = 4096")


class Column(Thing):
    kind, keyword = "column", "COLUMN"

    def __init__(self, table, name, typ):
        super().__init__("column %s/%s" % (table.key, name), table.key)
        self.table = table.key
        self.name = name
        self.typ = typ
        self.notnull = False
        self.default = None
        self.late_default = False       # by ALTER TABLE
        self.default_needs = []
        self.generated = None
        self.serial = None
        self.identity = None            # ALWAYS, BY DEFAULT
        self.identity_options = ""
        self.collation = None
        self.storage = None
        self.compression = None
        self.statistics = None
        self.options = None

    def needs(self):
        return self.node_needs() + (self.default_needs if self.late_default else [])

    def node_needs(self):
        needs = self.typ.needs + ([] if self.late_default else self.default_needs)
        return needs + ([self.collation] if self.collation and " " in self.collation else [])

    def late_needs(self):
        return self.default_needs

    def comment_target(self, schema):
        return "COLUMN %s.%s" % (schema[self.table].qname, quoted(self.name))

    def definition(self, schema):
        text = "%s %s" % (quoted(self.name), self.serial or self.typ.sql)
        if self.compression:
            text += " COMPRESSION " + self.compression
        if self.collation:
            text += " COLLATE " + (schema[self.collation].qname if " " in self.collation else self.collation)
        if self.generated:
            text += " GENERATED ALWAYS AS (%s) STORED" % self.generated
        elif self.identity:
            text += " GENERATED %s AS IDENTITY%s" % (self.identity, self.identity_options)
        elif self.default is not None and not self.late_default:
            text += " DEFAULT " + self.default
        return text + (" NOT NULL" if self.notnull else "")

    def late_sql(self, schema):
        alter = "ALTER TABLE %s ALTER COLUMN %s " % (schema[self.table].qname, quoted(self.name))
        if self.default is not None and self.late_default:
            yield alter + "SET DEFAULT " + self.default
        if self.storage:
            yield alter + "SET STORAGE " + self.storage
        if self.statistics is not None:
            # it would go to the children that there are
            yield alter.replace("TABLE", "TABLE ONLY", 1) + "SET STATISTICS %d" % self.statistics
        if self.options:
            yield alter + "SET (%s)" % self.options

    # -- changes

    def free(self, schema):
        """Neither in a key of a partitioned table nor in a sequence's hands."""
        return not any(self.key in table.key_needs for table in schema.of_kind("table"))

    def plain(self):
        return not (self.generated or self.identity or self.serial)

    def forget(self, schema):
        """What an old type allowed."""
        self.default, self.default_needs, self.generated, self.collation = None, [], None, None
        self.storage = self.compression = None

    def set_type(self, rng, schema):
        if self.serial or not self.free(schema):
            return None
        same = [typ for typ in BUILTIN if typ.family == self.typ.family and typ.sql != self.typ.sql]
        if self.identity:
            same = [typ for typ in same if typ.sql in ("integer", "bigint", "smallint")]
            self.identity_options = ""
        elif rng.random() < 0.3 or not same:
            if not self.plain():
                return None
            self.forget(schema)
            schema.drop_dependents(self.key)
            self.typ = pick_type(rng, schema, self.key)
            return "column of another type"
        if not same:
            return None
        self.typ = rng.choice(same)
        if self.typ.sql.startswith("char") or self.typ.family != "text":
            self.compression = None
        return "column of a related type"

    def set_default(self, rng, schema):
        self.default, self.default_needs = None, []
        functions = [thing for thing in schema.usable(("function",), self.key)
                     if thing.purpose == "value" and thing.result.sql == self.typ.sql]
        sequences = schema.usable(("sequence",), self.key) if self.typ.family == "int" else []
        if functions and rng.random() < 0.5:
            function = rng.choice(functions)
            self.default, self.default_needs = function.qname + "()", [function.key]
            self.late_default = rng.random() < 0.5
        elif sequences and rng.random() < 0.5:
            sequence = rng.choice(sequences)
            self.default = "nextval(%s::regclass)" % text_literal(sequence.qname)
            self.default_needs = [sequence.key]
            self.late_default = False
        else:
            self.default = literal(rng, schema, self.typ)
            self.late_default = False

    def set_identity(self, rng):
        self.default, self.default_needs = None, []
        self.identity = rng.choice(["ALWAYS", "BY DEFAULT"])
        self.identity_options = ""
        if rng.random() < 0.5:
            self.identity_options = " (" + sequence_options(rng) + ")"
        self.notnull = True

    def set_generated(self, rng, schema):
        """From another column of the table."""
        sources = [column for column in schema.of_kind("column") if column.table == self.table
                   and column.key != self.key and not column.generated]
        if not sources:
            return False
        self.default, self.default_needs = None, []
        source = rng.choice(sources)
        functions = [thing for thing in schema.usable(("function",), self.key)
                     if thing.purpose == "map" and thing.argument.family == source.typ.family]
        if functions and rng.random() < 0.5:
            function = rng.choice(functions)
            self.generated, self.default_needs = "%s(%s)" % (function.qname, quoted(source.name)), [function.key]
            self.typ = function.result
        else:
            self.generated, family = expression(rng, quoted(source.name), source.typ.family)
            self.typ = {"int": Typ("bigint", "int"), "num": Typ("double precision", "num"), "text": Typ("text", "text"),
                        "bool": Typ("boolean", "bool"), "date": Typ("date", "date"), "ts": Typ("timestamp", "ts"),
                        "jsonb": Typ("jsonb", "jsonb"), "interval": Typ("interval", "interval")}.get(family)
            if self.typ is None:
                self.generated, self.typ = "(%s IS NULL)" % quoted(source.name), Typ("boolean", "bool")
        self.default_needs = self.default_needs + [source.key]
        self.late_default = False
        return True

    def decorate(self, rng, schema):
        """What else a column can have."""
        if rng.random() < 0.3:
            self.notnull = True
        if self.typ.family == "text" and not self.typ.needs and rng.random() < 0.15:
            own = schema.usable(("collation",), self.key)
            self.collation = rng.choice(own).key if own and rng.random() < 0.5 else rng.choice(['"C"', '"POSIX"'])
        if rng.random() < 0.08:
            self.statistics = rng.choice([0, 10, 500])
        if rng.random() < 0.04:
            self.options = rng.choice(["n_distinct = -0.5", "n_distinct = 100", "n_distinct_inherited = 5"])
        if self.typ.family in VARLENA and not self.typ.needs:
            if rng.random() < 0.1:
                self.storage = rng.choice(STORAGES[1:])
            if rng.random() < 0.06 and not self.typ.sql.startswith("char"):
                self.compression = "pglz"

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.35:
            return self.set_type(rng, schema)
        if dice < 0.5 and self.plain():
            if self.default is not None and rng.random() < 0.5:
                self.default, self.default_needs = None, []
                return "default dropped"
            self.set_default(rng, schema)
            return "default set"
        if dice < 0.65 and not self.identity and not self.serial:
            keys = {key for thing in schema.of_kind("constraint") if thing.type == "PRIMARY KEY" for key in thing.columns}
            if self.key in keys:
                return None
            self.notnull = not self.notnull
            return "NOT NULL changed"
        if dice < 0.75 and self.typ.family == "int" and not self.typ.needs and not self.generated \
                and schema[self.table].ordinary():
            if self.serial:
                self.serial = None
                self.set_identity(rng)
                return "serial becomes identity"
            if self.identity:
                if rng.random() < 0.3:
                    self.identity = None
                    return "identity dropped"
                self.set_identity(rng)
                return "identity changed"
            self.set_identity(rng)
            return "identity set"
        if dice < 0.83 and self.generated:
            if rng.random() < 0.4:
                self.generated, self.default_needs = None, []
                return "generated column becomes an ordinary one"
            old = self.generated
            schema.drop_dependents(self.key)
            self.set_generated(rng, schema)
            return "generated column changed" if old != self.generated else None
        if dice < 0.88 and self.collation:
            self.collation = None
            return "collation dropped"
        if self.plain():
            self.decorate(rng, schema)
            return "column decorated"
        return None


def sequence_options(rng):
    options = []
    if rng.random() < 0.5:
        options.append("START WITH %d" % rng.randint(1, 500))
    if rng.random() < 0.5:
        options.append("INCREMENT BY %d" % rng.choice([2, 5, 10]))
    if rng.random() < 0.3:
        options.append("MAXVALUE %d" % rng.choice([1000, 30000]))
    if rng.random() < 0.3:
        options.append("CACHE %d" % rng.choice([5, 20]))
    if rng.random() < 0.3:
        options.append("CYCLE")
    return " ".join(options) or "MINVALUE 1"


class Sequence(Named):
    kind, keyword = "sequence", "SEQUENCE"

    def __init__(self, schema_name, name, bare=False):
        super().__init__(schema_name, name, bare)
        self.options = ""
        self.owner = None               # key of a column

    def needs(self):
        return self.node_needs() + self.late_needs()

    def node_needs(self):
        return super().needs()

    def late_needs(self):
        return [self.owner] if self.owner else []

    def sql(self, schema):
        return ["CREATE SEQUENCE %s %s" % (self.qname, self.options)]

    def late_sql(self, schema):
        if self.owner:
            column = schema[self.owner]
            yield "ALTER SEQUENCE %s OWNED BY %s.%s" % (self.qname, schema[column.table].qname, quoted(column.name))

    def mutate(self, rng, schema):
        if rng.random() < 0.6:
            self.options = rng.choice(["", "AS integer ", "AS smallint "]) + sequence_options(rng)
            return "sequence options changed"
        if self.owner:
            self.owner = None
            return "sequence no longer owned"
        return self.own(rng, schema)

    def own(self, rng, schema):
        columns = [column for column in schema.of_kind("column")
                   if schema[column.table].schema_name == self.schema_name and column.typ.family == "int"]
        if not columns:
            return None
        self.owner = rng.choice(columns).key
        return "sequence owned by a column"


class Table(Named):
    kind, keyword = "table", "TABLE"

    def __init__(self, schema_name, name, bare=False):
        super().__init__(schema_name, name, bare)
        self.persistence = ""
        self.strategy = None            # RANGE, LIST, HASH
        self.key_family = None
        self.partition_key = None
        self.partition_columns = []     # if it is no expression
        self.key_needs = []
        self.bounds = 0                 # partitions so far
        self.parents = []
        self.parent = None              # of which it is a partition
        self.bound = None
        self.options = []
        self.rls = self.force = False
        self.replica = None             # NOTHING, FULL, key of an index or constraint
        self.cluster = None

    def ordinary(self):
        return not self.strategy and not self.parent

    def needs(self):
        return super().needs() + self.parents + ([self.parent] if self.parent else []) + self.key_needs

    def partition_by(self):
        return " PARTITION BY %s (%s)" % (self.strategy, self.partition_key) if self.strategy else ""

    def sql(self, schema):
        own = [member.definition(schema) for member in schema.members(self.key)]
        if self.parent:
            text = "CREATE %sTABLE %s PARTITION OF %s" % (self.persistence, self.qname, schema[self.parent].qname)
            if own:
                text += " (" + ", ".join(own) + ")"
            text += " " + self.bound
        else:
            text = "CREATE %sTABLE %s (%s)" % (self.persistence, self.qname, ",\n    ".join(own))
            if self.parents:
                text += " INHERITS (%s)" % ", ".join(schema[parent].qname for parent in self.parents)
        text += self.partition_by()
        if self.options:
            text += " WITH (%s)" % ", ".join(self.options)
        return [text]

    def late_sql(self, schema):
        alter = "ALTER TABLE %s " % self.qname
        if self.rls:
            yield alter + "ENABLE ROW LEVEL SECURITY"
        if self.force:
            yield alter + "FORCE ROW LEVEL SECURITY"
        if self.replica in ("NOTHING", "FULL"):
            yield alter + "REPLICA IDENTITY " + self.replica
        elif self.replica and self.replica in schema and schema[self.replica].name:
            yield alter + "REPLICA IDENTITY USING INDEX " + quoted(schema[self.replica].name)
        if self.cluster and self.cluster in schema and schema[self.cluster].name:
            yield alter + "CLUSTER ON " + quoted(schema[self.cluster].name)

    def late_needs(self):
        return [key for key in (self.replica, self.cluster) if key]

    def columns(self, schema):
        """Its columns, those of its parents first."""
        found = []
        for parent in self.parents + ([self.parent] if self.parent else []):
            found += [column for column in schema[parent].columns(schema) if column not in found]
        return found + [column for column in schema.members(self.key) if column.kind == "column"]

    def descendants(self, schema):
        return [table for table in schema.of_kind("table") if self.key in table.parents or table.parent == self.key]

    def key_columns(self, schema):
        """Columns that a unique constraint must have; None: it cannot be."""
        keys = []
        for table in [self] + [below for below in schema.of_kind("table") if below.key in schema.dependents(self.key)]:
            if table.strategy and not table.partition_columns:
                return None
            keys += [key for key in table.partition_columns if key not in keys]
        return keys

    def set_options(self, rng):
        self.options = []
        if not self.strategy:
            for option in rng.sample(OPTIONS, rng.randint(1, 2)):
                self.options.append(option % rng.choice([50, 70, 90]) if "%" in option else option)

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.5:
            return add_column(rng, schema, self) and "column added"
        if dice < 0.6 and not self.strategy:
            self.set_options(rng)
            return "storage parameters changed"
        if dice < 0.75:
            if rng.random() < 0.7:
                self.rls = not self.rls
            else:
                self.force = not self.force
            return "row security switched"
        if dice < 0.85 and not self.strategy:
            indexes = [thing for thing in schema.of_kind("index", "constraint")
                       if thing.home == self.key or getattr(thing, "table", None) == self.key]
            unique = [thing.key for thing in indexes if thing.identifies(schema)]
            self.replica = rng.choice([None, "NOTHING", "FULL"] + unique)
            if rng.random() < 0.3:
                clusterable = [thing.key for thing in indexes if thing.clusterable()]
                self.cluster = rng.choice(clusterable) if clusterable else None
            return "replica identity changed"
        if dice < 0.92 and self.ordinary() and not self.parents:
            related = [thing for thing in schema.of_kind("constraint")
                       if thing.type == "FOREIGN KEY" and self.key in (thing.table, thing.target_table)]
            if related or self.descendants(schema):
                return None
            self.persistence = "" if self.persistence else "UNLOGGED "
            return "persistence changed"
        if self.parents and rng.random() < 0.5:
            # what uses it may use a column that it had from there
            own = schema.members(self.key)
            users = [thing.key for thing in schema.things.values()
                     if self.key in thing.needs() or thing in own and thing.kind != "column"]
            for user in users:
                if user in schema:
                    schema.drop(user)
            self.parents.pop()
            return "no longer inherits"
        if self.bound and self.bound != "DEFAULT" and schema[self.parent].strategy != "HASH":
            self.bound = bound(rng, schema[self.parent])
            return "other bounds of a partition"
        return None


def add_column(rng, schema, table, typ=None):
    if table.parent:
        return None
    column = Column(table, schema.fresh(rng, "c"), typ or pick_type(rng, schema, table.key))
    schema.add(column)
    dice = rng.random()
    if typ is None and dice < 0.08:
        if not column.set_generated(rng, schema):
            column.set_default(rng, schema)
    elif typ is None and dice < 0.15 and not table.strategy:
        column.typ = Typ(rng.choice(["integer", "bigint"]), "int")
        if rng.random() < 0.5:
            column.set_identity(rng)
        else:
            column.serial = {"integer": "serial", "bigint": "bigserial"}[column.typ.sql]
            column.notnull = True
    elif dice < 0.45:
        column.set_default(rng, schema)
    column.decorate(rng, schema) if column.plain() else None
    return column


def make_sequence(rng, schema):
    sequence = schema.add(Sequence(schema.schema_name(rng), schema.fresh(rng, "seq"), rng.random() < 0.5))
    sequence.options = rng.choice(["", "AS integer "]) + (sequence_options(rng) if rng.random() < 0.7 else "")
    if rng.random() < 0.4:
        sequence.own(rng, schema)
    return sequence


def make_table(rng, schema):
    table = schema.add(Table(schema.schema_name(rng), schema.fresh(rng, "t"), rng.random() < 0.5))
    dice = rng.random()
    doubtful = {thing.table for thing in schema.of_kind("constraint") if "NOT VALID" in thing.tail}
    parents = [other for other in schema.of_kind("table") if other.ordinary() and not other.persistence
               and other.key != table.key and other.key not in doubtful]
    if dice < 0.12 and parents:
        table.parents = [rng.choice(parents).key]
    elif dice < 0.27:
        partition(rng, schema, table)
    elif dice < 0.32:
        table.persistence = "UNLOGGED "
    for _ in range(rng.choice([1, 2, 3, 4, 5, 6, 8])):
        add_column(rng, schema, table)
    if rng.random() < 0.2:
        table.set_options(rng)
    if rng.random() < 0.15:
        table.rls = True
        table.force = rng.random() < 0.4
    for _ in range(rng.randint(1, 4) if table.strategy else 0):
        make_partition(rng, schema, table)
    return table


KEY_TYPES = {"RANGE": ("int", "date", "ts"), "LIST": ("int", "text"), "HASH": ("int", "text", "uuid", "num")}


def partition(rng, schema, table):
    """Make it a partitioned one."""
    table.strategy = rng.choice(list(KEY_TYPES))
    family = rng.choice(KEY_TYPES[table.strategy])
    typ = rng.choice([typ for typ in BUILTIN if typ.family == family and not typ.sql.startswith(("char", "numeric("))
                      and typ.sql not in ("smallint", "varchar(20)")])
    key = Column(table, schema.fresh(rng, "k"), typ)
    schema.add(key)
    key.notnull = rng.random() < 0.5
    table.key_needs = [key.key]
    if rng.random() < 0.12 and family == "int":
        table.partition_key = "(%s %% 100)" % quoted(key.name)
        key.notnull = True
    else:
        table.partition_key = quoted(key.name)
        table.partition_columns = [key.key]
    table.key_family = family


def bound(rng, table):
    """The next bound of a partition of this table, or None."""
    number = table.bounds
    table.bounds += 1
    family = table.key_family
    if table.strategy == "HASH":
        return "FOR VALUES WITH (MODULUS 5, REMAINDER %d)" % number if number < 5 else None
    if number == 3:
        return "DEFAULT"
    if table.strategy == "LIST":
        value = str(number) if family == "int" else "'v%d'" % number
        return "FOR VALUES IN (%s%s)" % (value, ", NULL" if number == 1 and not table.partition_key.startswith("(")
                                         else "")
    values = {"int": ("%d", 10), "date": ("'20%02d-01-01'", 1), "ts": ("'20%02d-01-01 00:00:00'", 1)}[family]
    low, high = (values[0] % (place * values[1]) for place in (number, number + 1))
    return "FOR VALUES FROM (%s) TO (%s)" % ("MINVALUE" if number == 0 else low, high)


def make_partition(rng, schema, table):
    text = bound(rng, table)
    if text is None:
        return None
    part = Table(table.schema_name if rng.random() < 0.8 else schema.schema_name(rng), schema.fresh(rng, "part"))
    part.parent, part.bound = table.key, text
    above = [table]
    while above[-1].parent:
        above.append(schema[above[-1].parent])
    unique = [thing for thing in schema.of_kind("constraint", "index")
              if thing.unique and schema[thing.table] in above]
    if rng.random() < 0.2 and text != "DEFAULT" and not unique:
        families = KEY_TYPES["HASH"]
        columns = [column for column in table.columns(schema) if column.typ.family in families
                   and not column.typ.needs and not column.generated]
        if columns:
            part.strategy = "HASH"
            column = rng.choice(columns)
            part.partition_key, part.partition_columns = quoted(column.name), [column.key]
            part.key_needs = [column.key]
            part.key_family = column.typ.family
    schema.add(part)
    for _ in range(rng.randint(1, 3) if part.strategy else 0):
        make_partition(rng, schema, part)
    return part


def comparable(columns, families=BTREE):
    return [column for column in columns if column.typ.family in families]


def hashable(columns):
    return comparable(columns, HASH)
