"""What a record costs: ``python -m benchmarks`` (ratios), ``--memory``.

A figure is a ratio.  All formatters format the same kinds of records in
one process, taking turns, the order rotated every round; each round
gives one ratio of a formatter's time to that of ``logging.Formatter``
with a line of text, and the median over all rounds is printed.  Times
are the thread's own CPU time, with the garbage collector off while it
is measured.  Records are fresh: from 64 call sites and 8 loggers, their
time advancing, a new exception for each.
"""

import argparse
import gc
import logging
import os
import statistics
import sys
import time

from jsonlogging import ISOFormatter, JSONFormatter

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"

ROUNDS = 40
WARM_UP = 3

ASCII_10_KB = "0123456789abcdef" * 640
NON_ASCII = ("Zażółć gęślą jaźń. 日本語のログ記録。 "
             "Съешь ещё этих мягких булок. " * 4)[:200]
NESTED = {
    "user": {"id": 1042, "name": "elvis", "roles": ["admin", "singer"]},
    "cart": [{"sku": "A-17", "count": 2, "price": 9.99},
             {"sku": "B-03", "count": 1, "price": 120.5}],
    "request": {"method": "POST", "path": "/cart", "ms": 12.25,
                "headers": {"accept": "*/*", "host": "shop"}},
    "flags": [True, False, None],
}


def make_error(depth=5):
    """Return the exc_info of a new ValueError raised *depth* calls down."""
    def fail(left):
        if left > 1:
            fail(left - 1)
        raise ValueError("no price per item")
    try:
        fail(depth)
    except ValueError:
        return sys.exc_info()


class Shape:
    """A kind of record, and how many of them make a round."""

    def __init__(self, message, args=(), extra=None, error=False, count=200):
        self.message = message
        self.args = args
        self.extra = extra
        self.error = error
        self.count = count


SHAPES = {
    "plain": Shape("the connection to the database was opened again"),
    "args": Shape("user %s bought %d items for %.2f", ("elvis", 3, 29.97)),
    "5 extras": Shape("the connection to the database was opened again",
                      extra={"host": "db-1", "port": 5432, "seconds": 0.25,
                             "pooled": True, "error": None}),
    "nested": Shape("the cart was saved", extra={"ctx": NESTED}),
    "exception": Shape("the cart was lost", error=True, count=40),
    "non-ASCII": Shape(NON_ASCII),
    "10 KB": Shape(ASCII_10_KB, count=40),
}


class Records:
    """Make records as Logger.log does, from many places and moments."""

    def __init__(self):
        self.loggers = [logging.getLogger("shop.part%d" % number)
                        for number in range(8)]
        self.number = 0

    def make(self, shape):
        number = self.number
        self.number += 1
        site = number % 64
        logger = self.loggers[site % 8]
        record = logger.makeRecord(
            logger.name, logging.INFO, "/srv/shop/part%d.py" % (site % 16),
            site, shape.message, shape.args,
            make_error() if shape.error else None,
            "function%d" % site, shape.extra)
        record.created = 1_700_000_000 + number * 1e-5
        return record


def format_all(formatter, records):
    """Return the nanoseconds that formatting *records* takes."""
    clock = time.thread_time_ns
    format = formatter.format
    gc.disable()
    try:
        start = clock()
        for record in records:
            format(record)
        return clock() - start
    finally:
        gc.enable()


def measure(shape, formatters, rounds=ROUNDS):
    """Return the median ratio of each formatter to the first."""
    names = list(formatters)
    base = names[0]
    source = Records()
    ratios = {name: [] for name in names}
    for number in range(-WARM_UP, rounds):
        gc.collect()
        turn = number % len(names)
        times = {}
        for name in names[turn:] + names[:turn]:
            records = [source.make(shape) for _ in range(shape.count)]
            times[name] = format_all(formatters[name], records)
        if number >= 0:
            for name in names:
                ratios[name].append(times[name] / times[base])
    return {name: statistics.median(ratios[name]) for name in names}


def print_ratios(rounds):
    formatters = {
        "text": logging.Formatter(TEXT),
        "ISO text": ISOFormatter(TEXT),
        "JSON": JSONFormatter(),
    }
    print("CPU time as a multiple of logging.Formatter(%r)," % TEXT)
    print("median of %d rounds, Python %s"
          % (rounds, sys.version.split()[0]))
    print()
    print("%-10s" % "record", *("%10s" % name for name in formatters))
    for name, shape in SHAPES.items():
        ratios = measure(shape, formatters, rounds)
        print("%-10s" % name, *("%10.2f" % ratio
                                for ratio in ratios.values()), flush=True)


def resident_kilobytes():
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def print_memory(count):
    """Format *count* records, no two alike; print what stays allocated."""
    formatter = JSONFormatter()
    source = Records()
    shapes = [SHAPES[name] for name in ("plain", "args", "5 extras",
                                        "nested", "non-ASCII")]
    print("Memory while %d records are formatted, no two alike, Python %s"
          % (count, sys.version.split()[0]))
    print()
    print("%10s %16s %14s" % ("records", "blocks in use", "resident KB"))
    step = max(1, count // 10)
    for number in range(count + 1):
        if number % step == 0:
            gc.collect()
            print("%10d %16d %14s" % (number, sys.getallocatedblocks(),
                                      resident_kilobytes() or "unknown"),
                  flush=True)
        if number % 50 == 0:
            shape = SHAPES["exception"]
        else:
            shape = shapes[number % len(shapes)]
        record = source.make(shape)
        record.name = "shop.part%d" % number
        record.lineno = number
        record.thread = number
        setattr(record, "extra%d" % number, number)
        formatter.format(record)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS,
                        help="rounds for a ratio (default: %(default)s)")
    parser.add_argument("--memory", action="store_true",
                        help="show how much memory stays in use instead")
    parser.add_argument("--count", type=int, default=10**6,
                        help="records for --memory (default: %(default)s)")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if args.memory:
        print_memory(args.count)
    else:
        print_ratios(args.rounds)


if __name__ == "__main__":
    main()
