#!/usr/bin/env python3
"""Follow the lines of drawn graphs and compare the edges with the graph's.

    lanes_fuzz.py SHELL COUNT SEED

SHELL is the program built from tests/unit/graph_shell.c.  Draws COUNT random
graphs as text, reads the edges off the drawing, and prints those drawings
that show others than the graph has; the exit status is 1 if there was one.
"""
import random
import re
import sys

from graph_fuzz import Shell

REVISION = re.compile(r"([|/\\_ ]*)[o*] ((?:[| ] )*)(r\d+)")


def random_graph(rng):
    merges, branches = rng.choice([.1, .3, .5]), rng.choice([.1, .3])
    graph = []
    for i in range(rng.choice([5, 10, 20, 40])):
        dice = rng.random()
        if i == 0 or dice < .03:
            down = []
        elif dice < merges and i > 3:
            down = rng.sample(range(max(0, i - 12), i), rng.choice([2, 2, 2, 3]))
        elif dice < merges + branches:
            down = [rng.randrange(max(0, i - 8), i)]
        else:
            down = [i - 1]
        graph.append({"id": "r%d" % i, "down": ["r%d" % d for d in down]})
    rng.shuffle(graph)
    return graph


def is_second_half(line, following, place, slope):
    """Does an edge that crosses a lane go on in the next line?  Such a line
    has nothing but straight lanes and one slope, where the edge arrives."""
    return (not REVISION.match(following) and 0 <= place < len(following) and
            following[place] == slope and following.count(slope) == 1 and
            set(following) <= set("| " + slope) and
            not (slope == "\\" and len(following) > len(line)))


def edges_of(lines):
    """the edges that a drawing shows, as (child, parent)"""
    edges = set()
    lanes = {}          # column -> revisions whose edges come down there
    crossing = {}       # place in the line -> the same, in mid-crossing
    for line, following in zip(lines, lines[1:] + [""]):
        match = REVISION.match(line)
        if match:
            column, revision = len(match.group(1)) // 2, match.group(3)
            edges |= set((child, revision) for child in lanes.get(column, ()))
            drawn = line[:match.start(3)]
            lanes = {c // 2: lanes[c // 2] for c in range(0, len(drawn), 2) if drawn[c] == "|"}
            lanes[column] = {revision}
            crossing = {}
            continue
        after, arriving = {}, {}
        for place, char in enumerate(line):
            if char == "|":
                after.setdefault(place // 2, set()).update(lanes[place // 2])
            if char not in "/\\":
                continue
            step = -2 if char == "/" else 2
            children = crossing.get(place) or lanes[(place - step // 2) // 2]
            end = place
            while 0 <= end + step < len(line) and line[end + step] == "_":
                end += step
            if end != place or (place not in crossing and
                                is_second_half(line, following, end + step, char)):
                arriving[end + step] = children
            else:
                after.setdefault((end + step // 2) // 2, set()).update(children)
        lanes, crossing = after, arriving
    return edges


def main(argv):
    shell, rng, wrong = Shell(argv[1]), random.Random(int(argv[3])), 0
    for _ in range(int(argv[2])):
        graph = random_graph(rng)
        lines = [line[5:] for line in shell.ask(graph, [], "draw", "")]
        want = set((rev["id"], down) for rev in graph for down in rev["down"])
        try:
            got = edges_of(lines)
        except KeyError as err:
            got = err
        if got != want:
            wrong += 1
            print("\n".join(lines), "\nwant", sorted(want), "\ngot ", got)
    print("%s drawings, %d wrong" % (argv[2], wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
