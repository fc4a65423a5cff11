"""Constraints, indexes and statistics of random schemas."""

from schema_model import Named, Thing, quoted
from schema_tables import add_column, comparable, hashable
from schema_types import Typ, condition, expression

ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")


class Constraint(Thing):
    kind = "constraint"

    def __init__(self, rng, schema, table, type_):
        name = schema.fresh(rng, {"PRIMARY KEY": "pk", "UNIQUE": "uq", "CHECK": "ck", "EXCLUDE": "ex",
                                  "FOREIGN KEY": "fk"}[type_])
        super().__init__("constraint %s/%s" % (table.key, name))
        self.table = table.key
        self.name = name
        self.type = type_
        self.unique = type_ in ("PRIMARY KEY", "UNIQUE", "EXCLUDE")
        self.columns = []
        self.body = None                # of CHECK, EXCLUDE
        self.body_needs = []
        self.include = []
        self.nulls = ""
        self.deferrable = ""
        self.tail = ""                  # NO INHERIT, NOT VALID
        self.options = ""
        self.target = None              # of a foreign key: constraint
        self.target_table = None
        self.match = self.on_update = self.on_delete = ""

    def needs(self):
        needs = [self.table] + self.columns + self.include + self.body_needs
        return needs + ([self.target, self.target_table] if self.target else [])

    def comment_target(self, schema):
        return None if self.name is None else "CONSTRAINT %s ON %s" % (quoted(self.name), schema[self.table].qname)

    def identifies(self, schema):
        return self.name is not None and self.type in ("PRIMARY KEY", "UNIQUE") and not self.deferrable \
            and all(schema[key].notnull or self.type == "PRIMARY KEY" for key in self.columns)

    def clusterable(self):
        return self.name is not None and self.type in ("PRIMARY KEY", "UNIQUE")

    def definition(self, schema):
        def names(keys):
            return ", ".join(quoted(schema[key].name) for key in keys)

        text = "CONSTRAINT %s " % quoted(self.name) if self.name is not None else ""
        if self.type in ("PRIMARY KEY", "UNIQUE"):
            text += "%s%s (%s)" % (self.type, self.nulls, names(self.columns))
            if self.include:
                text += " INCLUDE (%s)" % names(self.include)
            text += self.options
        elif self.type == "CHECK":
            text += "CHECK (%s)%s" % (self.body, self.tail)
        elif self.type == "EXCLUDE":
            text += "EXCLUDE " + self.body
        else:
            target = schema[self.target]
            text += "FOREIGN KEY (%s) REFERENCES %s (%s)%s%s%s" % (
                names(self.columns), schema[self.target_table].qname, names(target.columns), self.match,
                self.on_update, self.on_delete)
        return text + self.deferrable + (self.tail if self.type == "FOREIGN KEY" else "")

    def sql(self, schema):
        # inline, it is a member of its table
        return [] if self.home else ["ALTER TABLE %s ADD %s" % (schema[self.table].qname, self.definition(schema))]

    def mutate(self, rng, schema):
        if self.type in ("UNIQUE", "PRIMARY KEY"):
            if [thing for thing in schema.of_kind("constraint") if thing.target == self.key]:
                return None
            if rng.random() < 0.5 and self.type == "UNIQUE":
                self.nulls = "" if self.nulls else " NULLS NOT DISTINCT"
            elif rng.random() < 0.5:
                self.options = "" if self.options else " WITH (fillfactor = 60)"
            else:
                self.deferrable = "" if self.deferrable else deferrable(rng)
            return "constraint changed"
        if self.type == "FOREIGN KEY":
            if rng.random() < 0.4:
                self.deferrable = "" if self.deferrable else deferrable(rng)
            elif rng.random() < 0.3 and self.tail:
                self.tail = ""
            else:
                set_actions(rng, schema, self)
            return "foreign key changed"
        if self.type == "CHECK":
            if rng.random() < 0.3 and "VALID" in self.tail:
                self.tail = ""
                return "check validated"
            self.body, self.body_needs = check_body(rng, schema, self)
            return "check changed"
        self.deferrable = "" if self.deferrable else deferrable(rng)
        return "exclusion changed"


def deferrable(rng):
    return rng.choice([" DEFERRABLE", " DEFERRABLE INITIALLY DEFERRED"])


def check_body(rng, schema, constraint):
    """(condition, keys it needs)"""
    columns = schema[constraint.table].columns(schema)
    column = rng.choice(columns)
    functions = [thing for thing in schema.usable(("function",), constraint.table)
                 if thing.purpose == "test" and thing.family == column.typ.family]
    if functions and rng.random() < 0.5:
        function = rng.choice(functions)
        return "%s(%s)" % (function.qname, quoted(column.name)), [function.key, column.key]
    other = rng.choice(columns)
    text = condition(rng, schema, quoted(column.name), column.typ)
    if other is not column and rng.random() < 0.4:
        text += rng.choice([" OR ", " AND "]) + condition(rng, schema, quoted(other.name), other.typ)
        return text, [column.key, other.key]
    return text, [column.key]


def make_key(rng, schema, table, type_):
    """A primary key or a unique constraint."""
    must = table.key_columns(schema)
    # that of a partition may become part of that of the parent: in which order were they made?
    if must is None or table.parent:
        return None
    columns = [column for column in comparable(table.columns(schema)) if column.key not in must]
    if type_ == "PRIMARY KEY" and any(thing.type == type_ and thing.table == key
                                      for thing in schema.of_kind("constraint") for key in above(schema, table)):
        return None
    if type_ == "PRIMARY KEY" and any(thing.type == type_ and schema[thing.table].parent and table.key in
                                      above(schema, schema[thing.table]) for thing in schema.of_kind("constraint")):
        return None
    chosen = rng.sample(columns, min(len(columns), rng.choice([1, 1, 1, 2, 3])))
    if not chosen and not must:
        return None
    constraint = Constraint(rng, schema, table, type_)
    constraint.columns = must + [column.key for column in chosen]
    if type_ == "PRIMARY KEY":
        for key in constraint.columns:
            schema[key].notnull = True
        if rng.random() < 0.4:
            constraint.name = None
    elif rng.random() < 0.2:
        constraint.nulls = " NULLS NOT DISTINCT"
    rest = [column for column in table.columns(schema) if column.key not in constraint.columns]
    if rest and rng.random() < 0.15:
        constraint.include = [rng.choice(rest).key]
    if rng.random() < 0.1:
        constraint.options = " WITH (fillfactor = 80)"
    if rng.random() < 0.15:
        constraint.deferrable = deferrable(rng)
    inherited = [key for key in constraint.columns + constraint.include if schema[key].table != table.key]
    if rng.random() < 0.6 and not inherited and not table.parent:
        constraint.home = table.key
    return schema.add(constraint)


def above(schema, table):
    keys = [table.key]
    while schema[keys[-1]].parent:
        keys.append(schema[keys[-1]].parent)
    return keys


def make_check(rng, schema, table):
    if not table.columns(schema):
        return None
    constraint = Constraint(rng, schema, table, "CHECK")
    constraint.body, constraint.body_needs = check_body(rng, schema, constraint)
    if not table.strategy and not table.parent and rng.random() < 0.15:
        constraint.tail = " NO INHERIT"
    elif rng.random() < 0.15 and table.ordinary() and not table.descendants(schema):
        # children made later would have a valid one
        constraint.tail = " NOT VALID"
    own = all(not key.startswith("column") or schema[key].table == table.key for key in constraint.body_needs)
    if own and rng.random() < 0.6 and "VALID" not in constraint.tail and not table.parent:
        constraint.home = table.key
    return schema.add(constraint)


def make_exclusion(rng, schema, table):
    columns = table.columns(schema)
    if table.strategy or table.parent:
        return None
    ranges = [column for column in columns if column.typ.family == "range"]
    constraint = Constraint(rng, schema, table, "EXCLUDE")
    if ranges:
        column = rng.choice(ranges)
        constraint.body = "USING gist (%s WITH &&)" % quoted(column.name)
    else:
        scalars = comparable(columns)
        if not scalars:
            return None
        column = rng.choice(scalars)
        constraint.body = "USING btree (%s WITH =)" % quoted(column.name)
    constraint.body_needs = [column.key]
    if rng.random() < 0.4:
        other = rng.choice(columns)
        constraint.body += " WHERE (%s)" % condition(rng, schema, quoted(other.name), other.typ)
        constraint.body_needs.append(other.key)
    if rng.random() < 0.3:
        constraint.deferrable = deferrable(rng)
    return schema.add(constraint)


def set_actions(rng, schema, constraint):
    free = not any(schema[key].generated or schema[key].identity for key in constraint.columns)
    actions = ACTIONS if free else ACTIONS[:2]
    constraint.on_update = " ON UPDATE " + rng.choice(actions) if rng.random() < 0.4 else ""
    action = rng.choice(actions)
    constraint.on_delete = " ON DELETE " + action if rng.random() < 0.6 else ""
    if constraint.on_delete and action.startswith("SET") and rng.random() < 0.4:
        constraint.on_delete += " (%s)" % quoted(schema[constraint.columns[0]].name)


def make_foreign_key(rng, schema, table):
    if table.persistence:
        return None
    targets = [thing for thing in schema.of_kind("constraint")
               if thing.type in ("PRIMARY KEY", "UNIQUE") and not thing.deferrable
               and not schema[thing.table].persistence and not any(
                   schema[key].typ.needs or schema[key].generated or schema[key].typ.family in ("array", "range")
                   for key in thing.columns)]
    below = schema.dependents(table.key) - {table.key} if table.strategy else set()
    targets = [thing for thing in targets if thing.table not in below]
    if rng.random() < 0.2:
        targets = [thing for thing in targets if thing.table == table.key] or targets
    if not targets:
        return None
    target = rng.choice(targets)
    constraint = Constraint(rng, schema, table, "FOREIGN KEY")
    for key in target.columns:
        wanted = schema[key].typ
        fitting = [column for column in table.columns(schema) if column.typ.family == wanted.family
                   and not column.typ.needs and column.key not in constraint.columns and not column.generated
                   and wanted.family not in ("array", "range", "inet", "time", "num", "text")]
        if fitting and rng.random() < 0.5:
            column = rng.choice(fitting)
        else:
            column = add_column(rng, schema, table, Typ(wanted.sql, wanted.family))
            if column is None:
                return None
            column.collation = schema[key].collation
        constraint.columns.append(column.key)
    constraint.target, constraint.target_table = target.key, target.table
    if rng.random() < 0.1:
        constraint.match = " MATCH FULL"
    set_actions(rng, schema, constraint)
    if rng.random() < 0.2:
        constraint.deferrable = deferrable(rng)
    if rng.random() < 0.12 and not table.strategy and not schema[target.table].strategy:
        constraint.tail = " NOT VALID"
    return schema.add(constraint)


def make_constraint(rng, schema, table):
    dice = rng.random()
    if dice < 0.25:
        return make_key(rng, schema, table, "PRIMARY KEY")
    if dice < 0.4:
        return make_key(rng, schema, table, "UNIQUE")
    if dice < 0.65:
        return make_check(rng, schema, table)
    if dice < 0.72:
        return make_exclusion(rng, schema, table)
    return make_foreign_key(rng, schema, table)


class Index(Named):
    """Of a table or a materialized view."""

    kind, keyword = "index", "INDEX"

    def __init__(self, table, name):
        super().__init__(table.schema_name, name, key="index %s.%s" % (table.schema_name, name))
        self.table = table.key
        self.unique = False
        self.body = ""
        self.body_needs = []
        self.where = ""
        self.options = ""
        self.statistics = None
        self.plain_columns = None

    def needs(self):
        return [self.table] + self.body_needs

    def sql(self, schema):
        return ["CREATE %sINDEX %s ON %s %s%s%s" % ("UNIQUE " if self.unique else "", quoted(self.name),
                                                   schema[self.table].qname, self.body, self.options, self.where)]

    def late_sql(self, schema):
        if self.statistics:
            yield "ALTER INDEX %s ALTER COLUMN %d SET STATISTICS %d" % (self.qname, *self.statistics)

    def identifies(self, schema):
        return self.unique and not self.where and self.plain_columns is not None \
            and all(schema[key].notnull for key in self.plain_columns)

    def clusterable(self):
        return not self.where and "USING btree" in self.body

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.4:
            self.options = "" if self.options else self.some_options(rng)
            return "index options changed" if self.options else None
        if dice < 0.7 and "(" in self.body and schema[self.table].kind == "table":
            columns = schema[self.table].columns(schema)
            column = rng.choice(columns)
            self.where = " WHERE " + condition(rng, schema, quoted(column.name), column.typ)
            self.body_needs = self.body_needs + [column.key]
            return "index predicate changed"
        return fill_index(rng, schema, self) and "index changed"

    def some_options(self, rng):
        for method, options in (("btree", "fillfactor = 70"), ("hash", "fillfactor = 60"), ("gin", "fastupdate = off"),
                                ("gist", "buffering = off"), ("brin", "pages_per_range = 32"),
                                ("spgist", "fillfactor = 80")):
            if "USING %s " % method in self.body:
                return " WITH (%s)" % options
        return ""


METHODS = {"gin": {"jsonb": ("", " jsonb_path_ops"), "array": ("",), "tsvector": ("",)},
           "gist": {"range": ("",), "point": ("",), "box": ("",), "tsvector": ("",), "inet": (" inet_ops",)},
           "spgist": {"inet": ("",), "range": ("",), "point": ("", " kd_point_ops")},
           "brin": {"int": ("",), "date": ("",), "ts": ("", " timestamp_minmax_multi_ops"), "uuid": ("",)}}


def fill_index(rng, schema, index):
    """Choose what an index is on."""
    relation = schema[index.table]
    columns = [column for column in relation.columns(schema) if column.typ.family != "other"]
    plain = [column for column in columns if not column.typ.needs or column.typ.family == "enum"]
    index.where = index.options = ""
    index.unique, index.plain_columns, index.statistics = False, None, None
    method = rng.choice(["btree"] * 5 + ["hash"] + list(METHODS))
    found = [column for column in plain if column.typ.family in METHODS.get(method, ())]
    if method == "hash" and hashable(plain):
        column = rng.choice(hashable(plain))
        if relation.kind == "table" and relation.strategy and column.typ.family == "enum":
            return None
        parts, index.body_needs = [quoted(column.name)], [column.key]
    elif found:
        column = rng.choice(found)
        parts = [quoted(column.name) + rng.choice(METHODS[method][column.typ.family])]
        index.body_needs = [column.key]
    else:
        method, parts = "btree", []
        chosen = comparable(columns)
        chosen = rng.sample(chosen, min(len(chosen), rng.choice([1, 1, 2, 3])))
        if not chosen:
            return None
        index.body_needs = [column.key for column in chosen]
        index.plain_columns = list(index.body_needs)
        for column in chosen:
            text, family = quoted(column.name), column.typ.family
            functions = [thing for thing in schema.usable(("function",), index.table)
                         if thing.purpose == "map" and thing.argument.family == family]
            if rng.random() < 0.25 and relation.kind == "table":
                index.plain_columns = None
                if functions and rng.random() < 0.5:
                    function = rng.choice(functions)
                    text = "%s(%s)" % (function.qname, text)
                    index.body_needs.append(function.key)
                    if schema.dependents(index.table) & {function.key}:
                        return None
                else:
                    text = "(%s)" % expression(rng, text, family)[0]
                    if rng.random() < 0.3 and not schema[index.table].strategy and not index.statistics:
                        index.statistics = (len(parts) + 1, rng.choice([50, 200]))
            elif family == "text" and column.typ.sql in ("text", "varchar") and rng.random() < 0.2:
                text += rng.choice([" text_pattern_ops", ' COLLATE "C"', ' COLLATE "POSIX" text_pattern_ops'])
            parts.append(text + rng.choice(["", "", "", " DESC", " NULLS FIRST", " DESC NULLS LAST"]))
    index.body = "USING %s (%s)" % (method, ", ".join(parts))
    if method == "btree":
        others = [column for column in columns if column.key not in index.body_needs]
        if others and rng.random() < 0.15:
            index.body += " INCLUDE (%s)" % quoted(others[0].name)
            index.body_needs.append(others[0].key)
        strategy = relation.kind == "table" and relation.key_columns(schema) != []
        if rng.random() < 0.2 and not strategy:
            index.unique = True
            if rng.random() < 0.3:
                index.body += " NULLS NOT DISTINCT"
    if rng.random() < 0.2:
        index.options = index.some_options(rng)
    if rng.random() < 0.2 and relation.kind == "table":
        column = rng.choice(columns)
        index.where = " WHERE " + condition(rng, schema, quoted(column.name), column.typ)
        index.body_needs.append(column.key)
    return index


def make_index(rng, schema, relation):
    index = fill_index(rng, schema, Index(relation, schema.fresh(rng, "idx")))
    # one like that of the parent becomes part of it if it is made first
    if index and getattr(relation, "parent", None) and not index.where:
        return None
    return schema.add(index) if index else None


class Statistics(Named):
    kind, keyword = "statistics", "STATISTICS"

    def __init__(self, schema_name, name, table):
        super().__init__(schema_name, name)
        self.table = table.key
        self.kinds = self.parts = ""
        self.part_needs = []
        self.target = None

    def needs(self):
        return super().needs() + [self.table] + self.part_needs

    def sql(self, schema):
        return ["CREATE STATISTICS %s%s ON %s FROM %s" % (self.qname, self.kinds, self.parts,
                                                         schema[self.table].qname)]

    def late_sql(self, schema):
        if self.target is not None:
            yield "ALTER STATISTICS %s SET STATISTICS %d" % (self.qname, self.target)

    def mutate(self, rng, schema):
        if rng.random() < 0.5:
            self.target = None if self.target else rng.choice([100, 300])
            return "statistics target changed"
        return fill_statistics(rng, schema, self) and "statistics changed"


def fill_statistics(rng, schema, statistics):
    columns = [column for column in comparable(schema[statistics.table].columns(schema)) if not column.generated]
    if len(columns) < 2:
        return None
    chosen = rng.sample(columns, min(len(columns), rng.choice([2, 2, 3])))
    parts = [quoted(column.name) for column in chosen]
    if rng.random() < 0.3:
        parts[0] = "(%s)" % expression(rng, parts[0], chosen[0].typ.family)[0]
    statistics.parts = ", ".join(parts)
    statistics.part_needs = [column.key for column in chosen]
    statistics.kinds = rng.choice(["", " (ndistinct)", " (dependencies, mcv)", " (mcv)"])
    return statistics


def make_statistics(rng, schema, table):
    statistics = Statistics(table.schema_name, schema.fresh(rng, "stat"), table)
    return schema.add(statistics) if fill_statistics(rng, schema, statistics) else None
