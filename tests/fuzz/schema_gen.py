#!/usr/bin/env python3
"""Random schemas, and random changes of them.

    schema_gen.py SEED [--size N] [--changes N]

prints a schema, or what it becomes by so many changes.  The same seed gives
the same schema.  What the parts are: schema_model.py (things and their order),
schema_types.py, schema_tables.py, schema_constraints.py, schema_code.py;
schema_fuzz.py is what uses it.
"""

import argparse
import random
import sys

import schema_code
import schema_constraints
import schema_tables
import schema_types
from schema_model import Schema, SchemaThing


def some_relation(rng, schema, kinds=("table",)):
    relations = schema.of_kind(*kinds)
    return rng.choice(relations) if relations else None


def on_table(make, kinds=("table",)):
    def made(rng, schema):
        relation = some_relation(rng, schema, kinds)
        return make(rng, schema, relation) if relation else None
    return made


def make_partition(rng, schema):
    tables = [table for table in schema.of_kind("table") if table.strategy]
    return schema_tables.make_partition(rng, schema, rng.choice(tables)) if tables else None


def make_schema(rng, schema):
    return schema.add(SchemaThing(schema.fresh(rng, "s")))


MAKERS = {
    schema_tables.make_table: 10,
    on_table(schema_tables.add_column): 8,
    on_table(schema_constraints.make_constraint): 22,
    on_table(schema_constraints.make_index): 10,
    on_table(schema_constraints.make_index, ("matview",)): 2,
    on_table(schema_constraints.make_statistics): 2,
    on_table(schema_code.make_attached): 8,
    on_table(schema_code.make_attached, ("view",)): 2,
    make_partition: 2,
    schema_types.make_type: 7,
    schema_tables.make_sequence: 3,
    schema_code.make_function: 9,
    schema_code.make_aggregate: 1,
    schema_code.make_view: 8,
}


def make(rng, schema):
    """Add something; return it, or None."""
    maker = rng.choices(list(MAKERS), list(MAKERS.values()))[0]
    thing = maker(rng, schema)
    if thing is not None and rng.random() < 0.12 and thing.key in schema:
        schema_code.comment(rng, thing)
    return thing


def generate(seed, size=40):
    """A schema of about so many things."""
    rng = random.Random("schema %s" % seed)
    schema = Schema()
    schema.add(SchemaThing("public"))
    for _ in range(rng.choice([0, 1, 1, 2])):
        make_schema(rng, schema)
    for _ in range(rng.randint(1, 4)):
        schema_tables.make_table(rng, schema)
    while len(schema.things) < size:
        make(rng, schema)
    return schema


def mutate(seed, schema):
    """Change a schema in one random way; return in words how, or None."""
    rng = random.Random("change %s" % seed)
    things = [thing for thing in schema.things.values() if thing.kind != "schema"]
    dice = rng.random()
    if dice < 0.3:
        thing = make(rng, schema)
        return None if thing is None else "added " + thing.key
    if dice < 0.32:
        return "added " + make_schema(rng, schema).key
    if not things:
        return None
    thing = rng.choice(things)
    if dice < 0.5:
        return "dropped %s and %d others" % (thing.key, len(schema.drop(thing.key)) - 1)
    if dice < 0.56:
        if thing.comment is None:
            schema_code.comment(rng, thing)
        else:
            thing.comment = None
        return "comment of " + thing.key
    for _ in range(10):
        # of any kind with the same probability
        kind = rng.choice(sorted({thing.kind for thing in things}))
        thing = rng.choice([thing for thing in things if thing.kind == kind])
        change = thing.mutate(rng, schema)
        if change:
            return "%s: %s" % (thing.key, change)
        if thing.key not in schema:
            return None
        things = [thing for thing in things if thing.key in schema]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed")
    parser.add_argument("--size", type=int, default=40, help="how many things (40)")
    parser.add_argument("--changes", type=int, default=0, help="how many changes (0)")
    options = parser.parse_args()
    schema = generate(options.seed, options.size)
    for number in range(options.changes):
        print("--", mutate("%s %d" % (options.seed, number), schema))
    sys.stdout.write(schema.text())


if __name__ == "__main__":
    main()
