"""The fast path against the plain core: the same bytes, always."""

import functools
import importlib
import logging
import math
import unittest

from hypothesis import strategies as st

from . import PACKAGE, blocks, fuzz, strategies
from .strategies import given
from .support import (BaseTest, JSONFormatter, make_record, plain,
                      run_threads)

timestamps = importlib.import_module(PACKAGE + "._timestamps")

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata",
         "Australia/Lord_Howe", "Africa/Monrovia", "Asia/Kathmandu")
# The ends of a second, an hour, a day, a year, and of summer time in
# Berlin (both), New York and on Lord Howe (by half an hour); a zone
# whose offset had seconds; the ends of what can be written.
EDGES = (1700000000, 1699999200, 1700006400, 1704067200, 1711846800,
         1698541200, 1699164000, 1712412000, 63593070, 0, -1,
         2**31, 2**32, 253402300799, -62135596800)
STEPS = (0, 1e-6, -1e-6, 2e-6, 5e-7, 0.001, 0.000999, -0.001, 1, -1,
         0.9999995, 0.9999994, 0.0005, 3600, -3600, 86400)

times = st.lists(st.sampled_from(STEPS) | st.floats(-2, 2), min_size=2,
                 max_size=12)


def lines(formatter, records):
    """Return the lines of twins of *records*."""
    made = []
    for record in records:
        twin = logging.LogRecord.__new__(type(record))
        twin.__dict__.update(record.__dict__)
        made.append(formatter.format(twin))
    return made


class OracleTest(BaseTest):
    @given(st.lists(strategies.records(), min_size=2, max_size=6),
           strategies.options())
    def test_sequences(self, records, options):
        """What came before a record does not show in its line."""
        formatter = JSONFormatter(**options)
        expected = lines(plain(formatter), records)
        self.assertEqual(expected, lines(formatter, records))
        self.assertEqual(expected[::-1], lines(formatter, records[::-1]))
        self.assertEqual(expected, lines(formatter, records))

    @given(strategies.usual_records(), strategies.options())
    def test_usual(self, record, options):
        """Usual records: here the fast path serves, not its fallback."""
        formatter = JSONFormatter(**options)
        formatter.fmt = options["fmt"]
        fuzz.check(formatter, record)
        odd = options.get("datefmt") or options.get("defaults")
        if (options["fmt"] is None and not odd
                and options["max_bytes"] == 1_000_000):
            formatter._fast.line(formatter, record)

    @given(st.sampled_from(EDGES), times, st.sampled_from(ZONES),
           st.sampled_from([*timestamps.TIMESPECS]), st.booleans())
    def test_times(self, edge, steps, zone, timespec, utc):
        """Clocks that go on, stand or go back, over every kind of edge."""
        self.set_zone(zone)
        formatter = JSONFormatter(["asctime"], timespec=timespec, utc=utc)
        records, created = [], float(edge)
        for step in steps:
            created += step
            records += [make_record(created=time) for time in (
                created, math.nextafter(created, 0), round(created, 3),
                int(created))]
        self.assertEqual(lines(plain(formatter), records),
                         lines(formatter, records))

    @given(strategies.seconds(-2.0**33, 2.0**33),
           st.lists(st.integers(-2500, 2500), min_size=1, max_size=30))
    def test_microseconds(self, start, steps):
        """Every microsecond around a time, in any order."""
        formatter = JSONFormatter(["asctime"])
        records = [make_record(created=start + step / 1e6)
                   for step in (0, *steps)]
        self.assertEqual(lines(plain(formatter), records),
                         lines(formatter, records))

    @given(st.lists(strategies.exc_infos(), min_size=1, max_size=4))
    def test_exceptions(self, infos):
        """Exceptions of every kind, one after the other."""
        formatter = JSONFormatter()
        records = [make_record(exc_info=info) for info in infos * 2]
        self.assertEqual(lines(plain(formatter), records),
                         lines(formatter, records))

    @given(strategies.containers())
    def test_containers(self, value):
        """Containers of any shape, about as large as the fast path takes."""
        for ensure_ascii in True, False:
            formatter = JSONFormatter(ensure_ascii=ensure_ascii)
            records = [make_record(x=value, y=[value])]
            self.assertEqual(lines(plain(formatter), records),
                             lines(formatter, records))

    @given(st.lists(strategies.usual_records(), min_size=8, max_size=40))
    def test_threads(self, records):
        """Eight threads that share a formatter, none sees another's."""
        formatter = JSONFormatter()
        expected, failures = lines(plain(formatter), records), []

        def run(number):
            order = [*range(number, len(records)), *range(number)]
            made = lines(formatter, [records[index] for index in order])
            failures.extend(index for line, index in zip(made, order)
                            if line != expected[index])
        run_threads(*[functools.partial(run, number) for number in range(8)])
        self.assertEqual([], failures)


class FuzzTest(unittest.TestCase):
    def test_usual(self):
        """Of the fuzzer's sane records the fast path serves most."""
        formatter, served = JSONFormatter(), 0
        for number in range(500):
            record = blocks.usual(blocks.Chooser("usual:%d" % number))
            try:
                line = formatter._fast.line(formatter, record)
            except Exception:
                continue
            self.assertEqual(line, plain(formatter).format(record))
            served += 1
        self.assertGreater(served, 450)


if __name__ == "__main__":
    unittest.main()
