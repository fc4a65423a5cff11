"""Medians, ratios and tables."""

import os
import subprocess
import sys
import time
from statistics import median

import scratch


# Asked last in a session: the processor time of its backend, which other work
# on the machine disturbs much less than the time on the clock.
BACKEND_STAT = "SELECT pg_read_file('/proc/self/stat')"


def processor_seconds(stat):
    """User and system time of /proc/PID/stat."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed_process(arguments, **options):
    """(seconds that a program took, its start included; what it printed)."""
    start = time.perf_counter()
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            encoding="utf-8", errors="replace", check=False, **options)
    seconds = time.perf_counter() - start
    if result.returncode:
        raise scratch.BenchError("%s failed\n%s" % (" ".join(arguments[:3]), (result.stdout + result.stderr)[-2000:]))
    return seconds, result.stdout


def timed_psql(arguments, **options):
    """(seconds of a psql, processor seconds of its backend)."""
    seconds, output = timed_process(arguments + ["-A", "-t", "-c", BACKEND_STAT], **options)
    return seconds, processor_seconds(output.strip().splitlines()[-1])


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" + text[:100])
        sys.stderr.flush()


def title(text):
    progress("")
    print("\n%s\n%s" % (text, "-" * len(text)))


def load():
    return "load of the machine %.1f on %d processors" % (os.getloadavg()[0], os.cpu_count() or 1)


def table(header, rows):
    """Print columns, the first one to the left, the others to the right."""
    progress("")
    rows = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  " + "  ".join(cells).rstrip())
    sys.stdout.flush()


def verdict(value, target):
    return "  target %g: %s" % (target, "met" if value <= target else "MISSED")


def alternate(contestants, rounds, reference):
    """Run every contestant once a round, each round beginning with another one.

    contestants: {name: function that returns (seconds, processor seconds or
    None)}.  Returns {name: (median, least and most seconds, median of their
    ratios to the reference in the same round, median processor seconds, median
    of their ratios)}.
    """
    names = list(contestants)
    seconds, processor = {name: [] for name in names}, {name: [] for name in names}
    for number in range(rounds):
        for name in names[number % len(names):] + names[:number % len(names)]:
            progress("round %d of %d: %s" % (number + 1, rounds, name))
            wall, cpu = contestants[name]()
            seconds[name].append(wall)
            processor[name].append(cpu)

    def ratio(values, name):
        return median(one / other for one, other in zip(values[name], values[reference]))

    return {name: (median(seconds[name]), min(seconds[name]), max(seconds[name]), ratio(seconds, name),
                   None if None in processor[name] else median(processor[name]),
                   None if None in processor[name] else ratio(processor, name))
            for name in names}


def repeat(function, times):
    """(median, least, most) of what the function returns."""
    values = [function() for _ in range(times)]
    return median(values), min(values), max(values)
