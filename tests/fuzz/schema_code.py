"""Views, routines, triggers, rules and policies of random schemas."""

from schema_model import Named, Thing, quoted, text_literal
from schema_types import BUILTIN, Typ, condition, expression, literal, pick_type


class ViewColumn:
    """A column of a view: what an index or another view must know of it."""

    notnull = generated = identity = False

    def __init__(self, view, name, typ):
        self.key, self.table, self.name, self.typ = view.key, view.key, name, typ


class View(Named):
    def __init__(self, kind, schema_name, name, bare=False):
        self.kind, self.keyword = kind, {"view": "VIEW", "matview": "MATERIALIZED VIEW"}[kind]
        super().__init__(schema_name, name, bare)
        self.select = ""
        self.select_needs = []
        self.output = []                # (name, Typ)
        self.options = self.tail = ""
        self.updatable = None           # key of the table

    def needs(self):
        return super().needs() + self.select_needs

    def columns(self, schema):
        return [ViewColumn(self, name, typ) for name, typ in self.output]

    def sql(self, schema):
        return ["CREATE %s %s%s AS %s%s" % (self.keyword, self.qname, self.options, self.select, self.tail)]

    def mutate(self, rng, schema):
        dice = rng.random()
        if dice < 0.25:
            set_view_options(rng, self)
            return "view options changed"
        names = [name for name, _ in self.output]
        if dice < 0.5 and self.kind == "view":
            # more columns at the end
            if not fill_view(rng, schema, self, more=True):
                return None
            return "view with more columns"
        schema.drop_dependents(self.key)
        if not fill_view(rng, schema, self):
            return None
        return "view of something else" if names else None


def set_view_options(rng, view):
    view.options = view.tail = ""
    if view.kind == "view":
        view.options = rng.choice(["", " WITH (security_barrier = true)", " WITH (security_invoker = true)"])
        if view.updatable and rng.random() < 0.4:
            view.tail = rng.choice([" WITH CHECK OPTION", " WITH LOCAL CHECK OPTION"])
    else:
        view.options = rng.choice(["", "", " WITH (fillfactor = 80)", " WITH (autovacuum_enabled = false)"])
        view.tail = rng.choice(["", " WITH NO DATA"])
        if any(key.startswith(("view ", "matview ")) for key in view.select_needs):
            # what is below may have none
            view.tail = " WITH NO DATA"


def fill_view(rng, schema, view, more=False):
    """Choose what a view shows."""
    sources = [thing for thing in schema.usable(("table", "table", "view", "matview"), view.key)
               if thing.key != view.key and thing.columns(schema)]
    if more:
        names = {quoted(column.name) for column in view.columns(schema)}
        head, _, rest = view.select.partition("\n  FROM ")
        table = view.updatable and schema[view.updatable]
        if not table or not rest or not names:
            return None
        column = rng.choice(table.columns(schema))
        name = schema.fresh(rng, "v")
        view.select = "%s,\n    a.%s AS %s\n  FROM %s" % (head, quoted(column.name), quoted(name), rest)
        view.output.append((name, column.typ))
        view.select_needs.append(column.key)
        return view
    if not sources:
        return None
    source = rng.choice(sources)
    columns = source.columns(schema)
    rng.shuffle(columns)
    columns = columns[:rng.randint(1, 5)]
    view.output, view.select_needs, view.updatable = [], [source.key], None
    shown, alias = [], "a"
    dice = rng.random()
    key = primary_key(schema, source)
    grouped = dice < 0.15 and key
    functions = [thing for thing in schema.usable(("function",), view.key) if thing.purpose == "map"]
    for column in columns:
        text, family = alias + "." + quoted(column.name), column.typ.family
        name = column.name if rng.random() < 0.5 else schema.fresh(rng, "v")
        if name in [name for name, _ in view.output]:
            continue
        fitting = [function for function in functions if function.argument.family == family]
        view.select_needs.append(column.key)
        if fitting and rng.random() < 0.3:
            function = rng.choice(fitting)
            shown.append("%s(%s) AS %s" % (function.qname, text, quoted(name)))
            view.select_needs.append(function.key)
            view.output.append((name, function.result))
        elif rng.random() < 0.25 and family != "other":
            made, family = expression(rng, text, family)
            shown.append("%s AS %s" % (made, quoted(name)))
            view.output.append((name, Typ("", family)))
        else:
            shown.append("%s AS %s" % (text, quoted(name)))
            view.output.append((name, column.typ))
    source_text = "%s a" % source.qname
    tail = ""
    if grouped:
        # the other columns depend on the primary key
        shown.append("count(*) AS %s" % quoted("number of rows"))
        view.output.append(("number of rows", Typ("bigint", "int")))
        tail = "\n  GROUP BY " + ", ".join("a." + quoted(schema[part].name) for part in key.columns)
        view.select_needs.append(key.key)
    elif dice < 0.35:
        other = rng.choice(sources)
        theirs = other.columns(schema)
        first = rng.choice(theirs)
        name = schema.fresh(rng, "v")
        source_text += rng.choice([" LEFT JOIN %s b ON true", " CROSS JOIN %s b"]) % other.qname
        shown.append("b.%s AS %s" % (quoted(first.name), quoted(name)))
        view.output.append((name, first.typ))
        view.select_needs += [other.key, first.key]
    elif source.kind == "table":
        if any(" a.%s AS " % quoted(column.name) in " " + " ".join(shown) for column in columns):
            view.updatable = source.key
        typed = [column for column in columns if column.typ.family != "other"]
        if typed and rng.random() < 0.4:
            tail = "\n  WHERE " + condition(rng, schema, "a." + quoted(typed[0].name), typed[0].typ)
    view.select = "SELECT " + ",\n    ".join(shown) + "\n  FROM " + source_text + tail
    set_view_options(rng, view)
    return view


def primary_key(schema, source):
    for thing in schema.of_kind("constraint"):
        if thing.table == source.key and thing.type == "PRIMARY KEY" and not thing.deferrable:
            return thing
    return None


def make_view(rng, schema):
    kind = "view" if rng.random() < 0.7 else "matview"
    view = View(kind, schema.schema_name(rng), schema.fresh(rng, "view"), rng.random() < 0.5)
    return schema.add(view) if fill_view(rng, schema, view) else None


# -- routines

class Function(Named):
    kind, keyword = "function", "FUNCTION"

    def __init__(self, schema_name, name, purpose, bare=False):
        self.arguments = self.signature = ""
        super().__init__(schema_name, name, bare, "function %s.%s" % (schema_name, name))
        self.purpose = purpose          # test, map, value, trigger, misc
        self.argument = self.result = self.family = None
        self.returns = ""
        self.attributes = ""
        self.body = ""
        self.body_needs = []

    def needs(self):
        return super().needs() + self.body_needs

    def comment_target(self, schema):
        return "%s %s(%s)" % (self.keyword, self.qname, self.signature)

    def sql(self, schema):
        return ["CREATE %s %s(%s)%s%s %s" % (self.keyword, self.qname, self.arguments,
                                            " RETURNS " + self.returns if self.returns else "", self.attributes,
                                            self.body)]

    def mutate(self, rng, schema):
        if self.purpose in ("misc", "procedure"):
            if schema.dependents(self.key) != {self.key}:
                return None
            fill_misc(rng, schema, self)
            return "function of another signature"
        if rng.random() < 0.4:
            self.attributes = self.attributes.replace(" COST 10", "") if " COST 10" in self.attributes \
                else self.attributes + " COST 10"
            return "function attributes changed"
        self.body = {"test": test_body, "map": map_body, "value": value_body, "trigger": trigger_body}[self.purpose](
            rng, schema, self)
        return "function body changed"


def test_body(rng, schema, function):
    text = rng.choice(["$1 IS NOT NULL", "$1 IS NOT NULL OR true", "($1 IS NULL) IS NOT NULL"])
    function.attributes = " IMMUTABLE" + rng.choice([" STRICT", ""])
    if function.argument.needs or rng.random() < 0.3:
        function.attributes += " LANGUAGE plpgsql"
        return "AS $$BEGIN RETURN %s; -- %d\nEND$$" % (text, rng.randint(1, 99))
    if rng.random() < 0.4:
        return "RETURN " + text
    function.attributes += " LANGUAGE sql"
    return "AS $$SELECT %s -- %d$$" % (text, rng.randint(1, 99))


def map_body(rng, schema, function):
    text = {"int": "($1 + %d)", "text": "lower($1) || '%d'", "num": "($1 * %d)"}[function.argument.family] \
        % rng.randint(1, 99)
    function.attributes = " IMMUTABLE PARALLEL SAFE" + rng.choice([" STRICT", ""])
    if rng.random() < 0.4:
        return "RETURN %s" % text
    if rng.random() < 0.3:
        return "BEGIN ATOMIC\n SELECT %s;\nEND" % text
    function.attributes += " LANGUAGE sql"
    return rng.choice(["AS $$SELECT %s$$", "AS $body$\n  SELECT %s;\n$body$"]) % text


def value_body(rng, schema, function):
    value = literal(rng, schema, function.result) or "NULL"
    function.attributes = rng.choice([" STABLE", " VOLATILE", " STABLE PARALLEL SAFE"])
    if rng.random() < 0.3:
        return "RETURN (%s)::%s" % (value, function.result.sql)
    if rng.random() < 0.4:
        function.attributes += " LANGUAGE plpgsql"
        return "AS $$BEGIN RETURN (%s)::%s; END$$" % (value.replace("$", ""), function.result.sql)
    function.attributes += " LANGUAGE sql"
    return "AS $$SELECT (%s)::%s$$" % (value, function.result.sql)


def trigger_body(rng, schema, function):
    function.attributes = " LANGUAGE plpgsql" + rng.choice(["", " SECURITY DEFINER",
                                                           " SET search_path TO 'pg_catalog', 'pg_temp'"])
    tables = schema.of_kind("table")
    text = "PERFORM count(*) FROM %s; " % rng.choice(tables).qname if tables and rng.random() < 0.3 else ""
    return "AS $fn$BEGIN\n  %s-- %d\n  RETURN COALESCE(NEW, OLD);\nEND$fn$" % (text.replace("$", ""),
                                                                           rng.randint(1, 99))


def fill_misc(rng, schema, function):
    """A signature and a body of any shape."""
    function.body_needs = []
    if function.purpose == "procedure":
        count = rng.randint(0, 2)
        types = [pick_type(rng, schema, function.key) for _ in range(count)]
        function.body_needs = [key for typ in types for key in typ.needs]
        function.arguments = ", ".join("%s p%d %s" % (rng.choice(["IN", "INOUT"]), number, typ.sql)
                                       for number, typ in enumerate(types))
        function.signature = ", ".join(typ.sql for typ in types)
        function.attributes = " LANGUAGE plpgsql"
        function.body = "AS $$BEGIN NULL; -- %d\nEND$$" % rng.randint(1, 99)
        return
    tables = [table for table in schema.usable(("table", "view"), function.key) if table.columns(schema)]
    dice = rng.random()
    table = rng.choice(tables) if tables else None
    if table and dice < 0.2:
        function.arguments = function.signature = table.qname
        function.returns = "text"
        function.attributes = " LANGUAGE sql STABLE"
        function.body = "AS $$SELECT $1::text -- %d$$" % rng.randint(1, 99)
        function.body_needs = [table.key]
    elif table and dice < 0.4:
        function.arguments, function.signature = "n integer DEFAULT 5", "integer"
        function.returns = "SETOF " + table.qname
        function.attributes = " STABLE ROWS 50" + rng.choice([" LANGUAGE sql", " LANGUAGE plpgsql"])
        text = "SELECT * FROM %s LIMIT n" % table.qname.replace("$", "")
        plpgsql = "plpgsql" in function.attributes
        function.body = "AS $fn$BEGIN RETURN QUERY %s; END$fn$" % text if plpgsql else "AS $fn$%s$fn$" % text
        function.body_needs = [table.key]
        if "$" in table.qname:
            function.body, function.attributes = "AS $fn$BEGIN RETURN; END$fn$", " LANGUAGE plpgsql"
    elif table and dice < 0.6:
        column = rng.choice(table.columns(schema))
        function.arguments = function.signature = ""
        function.returns = "bigint"
        function.attributes = " STABLE"
        function.body = "BEGIN ATOMIC\n SELECT count(a.%s) FROM %s a;\nEND" % (quoted(column.name), table.qname)
        function.body_needs = [table.key, column.key]
    elif dice < 0.75:
        typ = pick_type(rng, schema, function.key)
        function.arguments = "a %s, VARIADIC rest text[] DEFAULT '{}'" % typ.sql
        function.signature = "%s, VARIADIC text[]" % typ.sql
        function.returns, function.attributes = "integer", " LANGUAGE plpgsql IMMUTABLE COST 200"
        function.body = "AS $$BEGIN RETURN cardinality(rest); END$$"
        function.body_needs = list(typ.needs)
    elif dice < 0.88:
        typ = pick_type(rng, schema, function.key)
        function.arguments = "x integer, OUT one %s, OUT \"Two\" text" % typ.sql
        function.signature, function.returns = "integer", ""
        function.attributes = " LANGUAGE plpgsql SECURITY DEFINER LEAKPROOF SET work_mem TO '8MB'"
        function.body = "AS $$BEGIN \"Two\" := x; END$$"
        function.body_needs = list(typ.needs)
    else:
        typ = pick_type(rng, schema, function.key)
        function.arguments, function.signature = "\"Key\" integer", "integer"
        function.returns = "TABLE(a %s, b text)" % typ.sql
        function.attributes = " LANGUAGE plpgsql CALLED ON NULL INPUT PARALLEL RESTRICTED"
        function.body = "AS $$BEGIN RETURN; END$$"
        function.body_needs = list(typ.needs)


def make_function(rng, schema, purpose=None):
    purpose = purpose or rng.choice(["test", "map", "value", "value", "trigger", "misc", "misc", "misc", "procedure"])
    function = Function(schema.schema_name(rng), schema.fresh(rng, "f"), purpose, rng.random() < 0.5)
    if purpose == "procedure":
        function.keyword = "PROCEDURE"
        fill_misc(rng, schema, function)
    elif purpose == "misc":
        fill_misc(rng, schema, function)
    elif purpose == "trigger":
        function.returns = "trigger"
        function.body = trigger_body(rng, schema, function)
    else:
        typ = rng.choice([Typ("bigint", "int"), Typ("text", "text"), Typ("double precision", "num")])
        if purpose == "value":
            typ = rng.choice(BUILTIN)
            if typ.family in ("sys", "json", "point", "box"):
                typ = Typ("text", "text")
            enums = schema.of_kind("enum")
            if enums and rng.random() < 0.2:
                typ = rng.choice(enums).typ()
            function.result, function.returns = typ, typ.sql
            function.body_needs = list(typ.needs)
        else:
            function.argument, function.family = typ, typ.family
            function.arguments = function.signature = typ.sql
            function.result = Typ("boolean", "bool") if purpose == "test" else typ
            function.returns = function.result.sql
        function.body = {"test": test_body, "map": map_body, "value": value_body}[purpose](rng, schema, function)
    return schema.add(function)


class Aggregate(Named):
    kind, keyword = "aggregate", "AGGREGATE"
    options = "SFUNC = int4pl, STYPE = integer, INITCOND = '0'"

    def comment_target(self, schema):
        return "AGGREGATE %s(integer)" % self.qname

    def sql(self, schema):
        return ["CREATE AGGREGATE %s(integer) (%s)" % (self.qname, self.options)]

    def mutate(self, rng, schema):
        self.options = "SFUNC = %s, STYPE = integer, INITCOND = '%d', PARALLEL = SAFE" % (
            rng.choice(["int4pl", "int4larger"]), rng.randint(0, 9))
        return "aggregate changed"


# -- what hangs on a table or a view

class Attached(Thing):
    """Named within its relation."""

    def __init__(self, relation, name):
        super().__init__("%s %s/%s" % (self.kind, relation.key, name))
        self.table = relation.key
        self.name = name
        self.body_needs = []
        self.body = ""

    def needs(self):
        return [self.table] + self.body_needs

    def comment_target(self, schema):
        return "%s %s ON %s" % (self.keyword, quoted(self.name), schema[self.table].qname)


class Trigger(Attached):
    kind, keyword = "trigger", "TRIGGER"
    constraint, state = "", None

    def sql(self, schema):
        return ["CREATE %sTRIGGER %s %s" % (self.constraint, quoted(self.name), self.body)]

    def late_sql(self, schema):
        if self.state:
            yield "ALTER TABLE %s %s TRIGGER %s" % (schema[self.table].qname, self.state, quoted(self.name))

    def mutate(self, rng, schema):
        if rng.random() < 0.4 and schema[self.table].kind == "table" and not schema[self.table].descendants(schema):
            self.state = rng.choice([None, "DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"])
            return "trigger state changed"
        return fill_trigger(rng, schema, self) and "trigger changed"


def fill_trigger(rng, schema, trigger):
    relation = schema[trigger.table]
    functions = [function for function in schema.of_kind("function") if function.purpose == "trigger"]
    function = rng.choice(functions) if functions else make_function(rng, schema, "trigger")
    columns = relation.columns(schema)
    trigger.body_needs, trigger.constraint, trigger.state = [function.key], "", None
    call = " EXECUTE FUNCTION %s(%s)" % (function.qname, rng.choice(["", "", "'a', 'it''s'"]))
    if relation.kind == "view":
        trigger.body = "INSTEAD OF %s ON %s FOR EACH ROW" % (rng.choice(["INSERT", "UPDATE OR DELETE"]),
                                                            relation.qname) + call
        return trigger
    dice = rng.random()
    plain = relation.ordinary() and not relation.parents
    if dice < 0.2 and plain:
        trigger.body = "AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT" % (*rng.choice(
            [("INSERT", relation.qname, "NEW TABLE AS fresh"), ("DELETE", relation.qname, "OLD TABLE AS gone"),
             ("UPDATE", relation.qname, "OLD TABLE AS gone NEW TABLE AS fresh")]),)
    elif dice < 0.35:
        trigger.constraint = "CONSTRAINT "
        trigger.body = "AFTER INSERT OR DELETE ON %s%s FOR EACH ROW" % (relation.qname, rng.choice(
            ["", " DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"]))
    elif dice < 0.5:
        trigger.body = "BEFORE INSERT OR TRUNCATE ON %s FOR EACH STATEMENT" % relation.qname
    elif columns:
        column = rng.choice(columns)
        of = " OF " + quoted(column.name) if rng.random() < 0.4 else ""
        when = ""
        if rng.random() < 0.5:
            when = " WHEN (OLD.%s IS DISTINCT FROM NEW.%s)" % (quoted(column.name), quoted(column.name))
            if column.typ.family in ("json", "point", "composite", "sys", "box"):
                when = " WHEN (NEW.%s IS NOT NULL)" % quoted(column.name)
        timing = "AFTER" if column.generated else rng.choice(["BEFORE", "AFTER"])
        trigger.body = "%s UPDATE%s ON %s FOR EACH ROW%s" % (timing, of, relation.qname, when)
        trigger.body_needs.append(column.key)
    else:
        return None
    trigger.body += call
    if rng.random() < 0.25 and relation.kind == "table" and not relation.descendants(schema) and not relation.parent:
        trigger.state = rng.choice(["DISABLE", "ENABLE REPLICA", "ENABLE ALWAYS"])
    return trigger


class Rule(Attached):
    kind, keyword = "rule", "RULE"
    state = None

    def sql(self, schema):
        return ["CREATE RULE %s AS ON %s" % (quoted(self.name), self.body)]

    def late_sql(self, schema):
        if self.state:
            yield "ALTER TABLE %s %s RULE %s" % (schema[self.table].qname, self.state, quoted(self.name))

    def mutate(self, rng, schema):
        if rng.random() < 0.4 and schema[self.table].kind == "table":
            self.state = None if self.state else rng.choice(["DISABLE", "ENABLE ALWAYS"])
            return "rule state changed"
        return fill_rule(rng, schema, self) and "rule changed"


def fill_rule(rng, schema, rule):
    relation = schema[rule.table]
    rule.body_needs = []
    columns = [column for column in relation.columns(schema) if column.typ.family not in ("other", "json", "point")]
    if not columns:
        return None
    column = rng.choice(columns)
    if rng.random() < 0.5:
        rule.body = "INSERT TO %s WHERE NEW.%s IS NULL DO INSTEAD NOTHING" % (relation.qname, quoted(column.name))
        rule.body_needs.append(column.key)
    else:
        rule.body = "%s TO %s DO ALSO SELECT count(*) FROM %s" % (rng.choice(["UPDATE", "DELETE"]), relation.qname,
                                                                relation.qname)
    return rule


class Policy(Attached):
    kind, keyword = "policy", "POLICY"

    def sql(self, schema):
        return ["CREATE POLICY %s ON %s%s" % (quoted(self.name), schema[self.table].qname, self.body)]

    def mutate(self, rng, schema):
        return fill_policy(rng, schema, self) and "policy changed"


def fill_policy(rng, schema, policy):
    columns = schema[policy.table].columns(schema)
    if not columns:
        return None
    column = rng.choice(columns)
    policy.body_needs = [column.key]
    command = rng.choice(["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"])
    policy.body = " AS %s FOR %s TO %s" % (rng.choice(["PERMISSIVE", "RESTRICTIVE"]), command,
                                          rng.choice(["PUBLIC", "CURRENT_USER"]))
    test = condition(rng, schema, quoted(column.name), column.typ)
    if rng.random() < 0.2:
        others = [table for table in schema.usable(("table",), policy.table) if table.key != policy.table]
        if others:
            other = rng.choice(others)
            test = "EXISTS (SELECT FROM %s)" % other.qname
            policy.body_needs.append(other.key)
    if command != "INSERT":
        policy.body += " USING (%s)" % test
    if command in ("INSERT", "ALL", "UPDATE") and (command == "INSERT" or rng.random() < 0.5):
        policy.body += " WITH CHECK (%s)" % test
    return policy


def make_attached(rng, schema, relation):
    classes = [Trigger, Trigger, Rule] if relation.kind == "view" else [Trigger, Trigger, Policy, Rule]
    class_ = rng.choice(classes)
    if class_ is Rule and relation.kind == "table" and not relation.ordinary():
        class_ = Policy
    thing = class_(relation, schema.fresh(rng, class_.kind[:4]))
    fill = {Trigger: fill_trigger, Rule: fill_rule, Policy: fill_policy}[class_]
    return schema.add(thing) if fill(rng, schema, thing) else None


def make_aggregate(rng, schema):
    return schema.add(Aggregate(schema.schema_name(rng), schema.fresh(rng, "agg"), rng.random() < 0.5))


def comment(rng, thing):
    thing.comment = rng.choice(["what it is", "it's \"quoted\"", "two\nlines", "ünïcode ✓", "back\\slash; --",
                                text_literal("$$")])
