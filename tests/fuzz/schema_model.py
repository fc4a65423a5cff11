"""What a random schema is made of.

A Schema holds Things: tables, columns, constraints, views...  A thing knows
the keys of the things it needs, so that whatever is dropped takes along what
needs it, and so that the statements can be written in any order that the
server accepts.  Columns and some constraints have no statement of their own:
they are written in that of their home.
"""

import copy
import heapq

WEIRD = ("Order", "select", "user", 'say "hi"', "it's", "ünïcode", "日本語", "UPPER", "two words", "a.b", "back\\slash",
         "$1", "%s", "a;b", "--x", "x$$y", "/*c*/", "check", "Group", "tab\tname", " lead", "{brace}", "table", "né")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def text_literal(text):
    if "\\" in text:
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


class Thing:
    """One object.  Subclasses have kind, keyword (of COMMENT ON), sql()."""

    kind = None
    keyword = None

    def __init__(self, key, home=None):
        self.key = key
        self.home = home
        self.comment = None

    def needs(self):
        """Keys of what it cannot be without."""
        return []

    def node_needs(self):
        """Those of them that must be there before its statement."""
        return self.needs()

    def late_needs(self):
        """And before its late ones."""
        return []

    def sql(self, schema):
        """Statements that make it; not those of its members."""
        return []

    def late_sql(self, schema):
        """Statements that may as well run later."""
        return []

    def comment_target(self, schema):
        return None if self.keyword is None else "%s %s" % (self.keyword, self.qname)

    def mutate(self, rng, schema):
        """Change it; return in words what was done, or None if nothing was."""
        return None


class Named(Thing):
    """An object with a name in a schema; public is sometimes not written."""

    def __init__(self, schema_name, name, bare=False, key=None):
        super().__init__(key or "%s %s.%s" % (self.kind, schema_name, name))
        self.schema_name = schema_name
        self.name = name
        self.bare = bare and schema_name == "public"

    @property
    def qname(self):
        return quoted(self.name) if self.bare else quoted(self.schema_name) + "." + quoted(self.name)

    def needs(self):
        return ["schema " + self.schema_name]


class SchemaThing(Thing):
    kind = "schema"
    keyword = "SCHEMA"

    def __init__(self, name):
        super().__init__("schema " + name)
        self.name = name

    @property
    def qname(self):
        return quoted(self.name)

    def sql(self, schema):
        return [] if self.name == "public" else ["CREATE SCHEMA " + quoted(self.name)]


class Schema:
    """Things by their keys."""

    def __init__(self):
        self.things = {}
        self.counter = 0

    def copy(self):
        return copy.deepcopy(self)

    def add(self, thing):
        assert thing.key not in self.things, thing.key
        self.things[thing.key] = thing
        return thing

    def __getitem__(self, key):
        return self.things[key]

    def __contains__(self, key):
        return key in self.things

    def of_kind(self, *kinds):
        return [thing for thing in self.things.values() if thing.kind in kinds]

    def number(self):
        self.counter += 1
        return self.counter

    def fresh(self, rng, stem):
        """A name that nothing has, nor had in the schema this was made of."""
        number = self.number()
        dice = rng.random()
        if dice < 0.75:
            return "%s_%d" % (stem, number)
        if dice < 0.80:
            name = "%d_%s_" % (number, stem)
            return name + "x" * (63 - len(name))
        if dice < 0.82:
            name = "%d_%s_" % (number, stem)
            return name + "é" * ((63 - len(name)) // 2)
        return "%s %s%d" % (rng.choice(WEIRD), stem, number)

    def schema_name(self, rng):
        names = [thing.name for thing in self.of_kind("schema")]
        return "public" if rng.random() < 0.5 else rng.choice(names)

    # -- dependencies

    def all_needs(self, thing):
        needs = [key for key in thing.needs() if key != thing.key]
        if thing.home:
            needs.append(thing.home)
        return needs

    def dependents(self, key):
        """Keys of what cannot be without it, itself included."""
        users = {}
        for thing in self.things.values():
            for needed in self.all_needs(thing):
                users.setdefault(needed, []).append(thing.key)
        found, todo = {key}, [key]
        while todo:
            for user in users.get(todo.pop(), ()):
                if user not in found:
                    found.add(user)
                    todo.append(user)
        return found

    def drop(self, key):
        gone = self.dependents(key)
        for one in gone:
            self.things.pop(one, None)
        return gone

    def drop_dependents(self, key):
        gone = self.dependents(key) - {key}
        for one in gone:
            self.things.pop(one, None)
        return gone

    def usable(self, kinds, for_key):
        """Things of these kinds that a thing may be made to need."""
        barred = self.dependents(for_key) if for_key in self.things else set()
        home = self.things[for_key].home if for_key in self.things else None
        if home:
            barred |= self.dependents(home)
        return [thing for thing in self.of_kind(*kinds) if thing.key not in barred]

    def members(self, home):
        return [thing for thing in self.things.values() if thing.home == home]

    # -- statements

    def nodes(self):
        """[(name, names of nodes before it, statements)]"""
        home = {thing.key: thing.home or thing.key for thing in self.things.values()}
        nodes = {}
        for thing in self.things.values():
            node = nodes.setdefault(home[thing.key], (set(), []))
            for needed in thing.node_needs():
                if home[needed] != home[thing.key]:
                    node[0].add(home[needed])
        result = []
        for key, (needs, statements) in nodes.items():
            statements.extend(self.things[key].sql(self))
            result.append((key, needs, statements))
            for thing in [self.things[key]] + self.members(key):
                late = list(thing.late_sql(self))
                target = thing.comment_target(self)
                if thing.comment is not None and target:
                    late.append("COMMENT ON %s IS %s" % (target, text_literal(thing.comment)))
                for number, statement in enumerate(late):
                    needs = {key} if number == 0 else {key, "%s late %d" % (thing.key, number - 1)}
                    needs |= {home[needed] for needed in thing.late_needs() if needed in home}
                    result.append(("%s late %d" % (thing.key, number), needs, [statement]))
        return result

    def statements(self, rng=None):
        """All statements in an order that works: always the same one, or a random one."""
        nodes = self.nodes()
        waiting, users, ready, result = {}, {}, [], []
        rank = {name: (rng.random() if rng else number) for number, (name, _, _) in enumerate(nodes)}
        body = {name: statements for name, _, statements in nodes}
        for name, needs, _ in nodes:
            waiting[name] = len(needs)
            for needed in needs:
                users.setdefault(needed, []).append(name)
            if not needs:
                heapq.heappush(ready, (rank[name], name))
        while ready:
            _, name = heapq.heappop(ready)
            result.extend(body[name])
            for user in users.get(name, ()):
                waiting[user] -= 1
                if waiting[user] == 0:
                    heapq.heappush(ready, (rank[user], user))
        left = [name for name, count in waiting.items() if count]
        assert not left, "circle: %r" % left[:10]
        return result

    def text(self, rng=None):
        return "".join(statement + ";\n" for statement in self.statements(rng))
