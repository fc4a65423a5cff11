#!/usr/bin/env python3
"""Benchmarks of migrate.  README.md says what the figures mean.

  tests/bench/run.py [options] [case...]

Cases: upgrade delay production tenants backfill latency idle memory register autogen; without one, all of them.
"""

import argparse
import signal
import sys

import autogen
import backfill
import idle
import latency
import memory
import pq
import production
import register
import scratch
import tenants
import upgrade

CASES = {
    "upgrade": upgrade.upgrade,
    "delay": upgrade.delay,
    "production": production.production,
    "tenants": tenants.tenants,
    "backfill": backfill.backfill,
    "latency": latency.latency,
    "idle": idle.idle,
    "memory": memory.memory,
    "register": register.register,
    "autogen": autogen.autogen,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", help="which benchmarks: " + ", ".join(CASES))
    parser.add_argument("--pg", default="15", metavar="VERSION", help="version or path of a pg_config (15)")
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it work at all?")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of upgrade and production (5)")
    parser.add_argument("--revisions", type=int, default=1000, help="revisions of upgrade, delay and production (1000)")
    parser.add_argument("--tenants", type=int, default=1000, help="schemas of tenants (1000)")
    parser.add_argument("--tenant-rounds", type=int, default=3, help="rounds of tenants (3)")
    parser.add_argument("--rows", type=int, default=500000, help="rows of backfill (500000)")
    parser.add_argument("--deployments", type=int, default=8, help="deployments in a round of latency (8)")
    parser.add_argument("--latency-rounds", type=int, default=3, help="rounds of latency (3)")
    parser.add_argument("--delay", type=float, default=5, metavar="MS", help="delay in each direction (5)")
    parser.add_argument("--delay-rounds", type=int, default=3, help="rounds of delay (3)")
    parser.add_argument("--sizes", default="10000,100000", help="revisions known to idle (10000,100000)")
    parser.add_argument("--no-peers", action="store_true", help="without Alembic, dbmate, node-pg-migrate")
    parser.add_argument("--no-fsync", action="store_true", help="run the server with fsync off")
    parser.add_argument("--keep", action="store_true", help="leave the scratch directory")
    options = parser.parse_args()
    options.statements = [1000, 10000, 100000]
    options.registered = [1000, 10000]
    options.tables, options.many_tables = 1000, 10000
    if options.quick:
        options.rounds = options.delay_rounds = options.latency_rounds = options.tenant_rounds = 1
        options.tenants = 50
        options.rows = 50000
        options.deployments = 2
        options.revisions = 50
        options.sizes = "200,2000"
        options.statements = [100, 1000, 10000]
        options.registered = [100, 1000]
        options.tables, options.many_tables = 50, 500
    options.sizes = [int(size) for size in options.sizes.split(",")]
    for case in options.case:
        if case not in CASES:
            parser.error("there is no case \"%s\"; there are: %s" % (case, ", ".join(CASES)))
    # the server must not outlive us
    for number in signal.SIGTERM, signal.SIGHUP, signal.SIGINT:
        signal.signal(number, lambda received, _: sys.exit(128 + received))
    try:
        with scratch.Server(options.pg, not options.no_fsync, options.keep) as server:
            with server.session("postgres") as session:
                print("PostgreSQL %s, fsync %s" % (session.value("SHOW server_version"), session.value("SHOW fsync")))
            for case in options.case or CASES:
                CASES[case](server, options)
    except (scratch.BenchError, pq.PqError) as error:
        sys.exit("run.py: %s" % error)


if __name__ == "__main__":
    main()
