"""RFC 3339 text from a POSIX time: the rules and their edges."""

import fractions
import importlib
import math
import time
import types
import unittest

from .support import PACKAGE, BaseTest

timestamps = importlib.import_module(PACKAGE + "._timestamps")
rfc3339 = timestamps.rfc3339

FIRST = -62135596800    # 0001-01-01T00:00:00Z
LAST = 253402300799     # 9999-12-31T23:59:59Z
# Central Europe by rule, so that no zone database is needed.
EUROPE = "CET-1CEST,M3.5.0,M10.5.0/3"


def offset(seconds):
    """Return a localtime() of a zone *seconds* east of UTC."""
    return lambda when: types.SimpleNamespace(tm_gmtoff=seconds)


def refusing(error):
    """Return a localtime() that raises *error*."""
    def localtime(seconds):
        raise error
    return localtime


class UTCTest(BaseTest):
    def check(self, *cases, timespec="milliseconds"):
        for created, expected in cases:
            with self.subTest(created):
                self.assertEqual(expected, rfc3339(created,
                                                   timespec=timespec))

    def test_default(self):
        """The default is UTC in milliseconds."""
        self.check((1700000000.123, "2023-11-14T22:13:20.123Z"),
                   (1700000000, "2023-11-14T22:13:20.000Z"),
                   (0, "1970-01-01T00:00:00.000Z"),
                   (True, "1970-01-01T00:00:01.000Z"),
                   (fractions.Fraction(1, 4), "1970-01-01T00:00:00.250Z"))

    def test_timespecs(self):
        """timespec cuts, and does not round."""
        for timespec, expected in (
                ("seconds", "2023-11-14T22:13:20Z"),
                ("milliseconds", "2023-11-14T22:13:20.999Z"),
                ("microseconds", "2023-11-14T22:13:20.999900Z")):
            self.assertIn(timespec, timestamps.TIMESPECS)
            self.check((1700000000.9999, expected), timespec=timespec)
        self.assertEqual(3, len(timestamps.TIMESPECS))

    def test_binary_fractions(self):
        """Each millisecond prints as itself, although few are floats."""
        for millisecond in range(1000):
            created = float("1700000000.%03d" % millisecond)
            self.assertEqual("2023-11-14T22:13:20.%03dZ" % millisecond,
                             rfc3339(created))

    def test_ties(self):
        """Half a microsecond is rounded to the even microsecond."""
        self.check((1 / 128, "1970-01-01T00:00:00.007812Z"),
                   (3 / 128, "1970-01-01T00:00:00.023438Z"),
                   (-1 / 128, "1969-12-31T23:59:59.992188Z"),
                   (-3 / 128, "1969-12-31T23:59:59.976562Z"),
                   (0.0000005, "1970-01-01T00:00:00.000000Z"),
                   (0.0000015, "1970-01-01T00:00:00.000002Z"),
                   (-0.0000005, "1970-01-01T00:00:00.000000Z"),
                   timespec="microseconds")

    def test_carry(self):
        """What rounds to a whole second is the next second."""
        self.check((0.9999996, "1970-01-01T00:00:01.000000Z"),
                   (59.9999996, "1970-01-01T00:01:00.000000Z"),
                   (1704067199.9999998, "2024-01-01T00:00:00.000000Z"),
                   (-0.0000004, "1970-01-01T00:00:00.000000Z"),
                   timespec="microseconds")
        self.check((0.9999996, "1970-01-01T00:00:01Z"),
                   (0.9999994, "1970-01-01T00:00:00Z"), timespec="seconds")

    def test_before_1970(self):
        """Times before 1970 count down, and their fractions up."""
        self.check((-1, "1969-12-31T23:59:59.000Z"),
                   (-0.25, "1969-12-31T23:59:59.750Z"),
                   (-0.0001, "1969-12-31T23:59:59.999Z"),
                   (-86400.5, "1969-12-30T23:59:59.500Z"),
                   (-2208988800, "1900-01-01T00:00:00.000Z"))

    def test_calendar(self):
        """Leap days are where the Gregorian calendar has them."""
        self.check((951782400, "2000-02-29T00:00:00Z"),
                   (951868800, "2000-03-01T00:00:00Z"),
                   (1709164800 + 86399, "2024-02-29T23:59:59Z"),
                   (1677628799, "2023-02-28T23:59:59Z"),
                   (1677628800, "2023-03-01T00:00:00Z"),
                   (-2203977600, "1900-02-28T00:00:00Z"),
                   (-2203891200, "1900-03-01T00:00:00Z"),
                   (4107456000, "2100-02-28T00:00:00Z"),
                   (4107542400, "2100-03-01T00:00:00Z"),
                   (FIRST + 59 * 86400, "0001-03-01T00:00:00Z"),
                   timespec="seconds")

    def test_first_and_last(self):
        """The years 1 and 9999 are written in full."""
        self.check((FIRST, "0001-01-01T00:00:00.000Z"),
                   (float(FIRST), "0001-01-01T00:00:00.000Z"),
                   (LAST, "9999-12-31T23:59:59.000Z"),
                   (LAST + 0.75, "9999-12-31T23:59:59.750Z"))

    def test_outside(self):
        """Beyond these years, after rounding, there is a ValueError."""
        for created in (FIRST - 1, FIRST - 0.00001, LAST + 1, LAST + 1.0,
                        1e300, -1e300, 10**400, math.nan):
            with self.subTest(created):
                with self.assertRaises(ValueError):
                    rfc3339(created)
                with self.assertRaises(ValueError):
                    rfc3339(created, utc=False)

    def test_no_number(self):
        """What is no finite number is a TypeError, ValueError or
        OverflowError."""
        for created, error in ((math.inf, OverflowError),
                               (-math.inf, OverflowError),
                               (None, TypeError), ("5", TypeError),
                               ("now", ValueError), (b"1", TypeError),
                               ([], TypeError), (1j, TypeError)):
            with self.subTest(created):
                with self.assertRaises(error):
                    rfc3339(created)

    def test_localtime_unread(self):
        """UTC is arithmetic: the platform is not asked."""
        self.assertEqual("1970-01-01T00:00:00.000Z",
                         rfc3339(0, localtime=refusing(AssertionError)))


class LocalTest(BaseTest):
    def check(self, created, localtime, expected, timespec="seconds"):
        self.assertEqual(expected, rfc3339(created, False, timespec,
                                           localtime))

    def test_offsets(self):
        """Local time has its offset, also one of zero."""
        for seconds, expected in (
                (0, "1970-01-01T00:00:00+00:00"),
                (3600, "1970-01-01T01:00:00+01:00"),
                (-3600, "1969-12-31T23:00:00-01:00"),
                (20700, "1970-01-01T05:45:00+05:45"),
                (-12600, "1969-12-31T20:30:00-03:30"),
                (50400, "1970-01-01T14:00:00+14:00"),
                (-86400, "1969-12-31T00:00:00-24:00")):
            with self.subTest(seconds):
                self.check(0, offset(seconds), expected)

    def test_offsets_with_seconds(self):
        """An offset is rounded to a minute, and local time moves along."""
        for seconds, expected in (
                (1172, "1970-01-01T00:20:00+00:20"),    # Amsterdam, 1936
                (1169, "1970-01-01T00:19:00+00:19"),
                (-2670, "1969-12-31T23:16:00-00:44"),   # Monrovia, 1971
                (29, "1970-01-01T00:00:00+00:00"),
                (-29, "1970-01-01T00:00:00+00:00"),
                (-31, "1969-12-31T23:59:00-00:01")):
            with self.subTest(seconds):
                self.check(0, offset(seconds), expected)

    def test_whole_seconds(self):
        """The platform is asked for the rounded time, in whole seconds."""
        asked = []

        def localtime(seconds):
            asked.append(seconds)
            return types.SimpleNamespace(tm_gmtoff=3600)
        self.check(0.9999996, localtime, "1970-01-01T01:00:01.000000+01:00",
                   "microseconds")
        self.check(-0.25, localtime, "1970-01-01T00:59:59.750+01:00",
                   "milliseconds")
        self.assertEqual([1, -1], asked)

    def test_refused(self):
        """Local time that the platform refuses is written as UTC."""
        for localtime in (refusing(OverflowError), refusing(OSError),
                          refusing(ValueError), offset(None)):
            self.check(0, localtime, "1970-01-01T00:00:00Z")

    def test_edges(self):
        """Local time in the years 0 and 10000 is written as UTC."""
        self.check(FIRST, offset(-3600), "0001-01-01T00:00:00Z")
        self.check(FIRST + 3600, offset(-3600), "0001-01-01T00:00:00-01:00")
        self.check(LAST, offset(3600), "9999-12-31T23:59:59Z")
        self.check(LAST - 3600, offset(3600), "9999-12-31T23:59:59+01:00")

    def test_clock_changes(self):
        """The repeated and the missing hour are told by their offsets."""
        self.set_zone(EUROPE)
        for created, expected in (
                (1698539400, "2023-10-29T02:30:00+02:00"),
                (1698543000, "2023-10-29T02:30:00+01:00"),
                (1679792399, "2023-03-26T01:59:59+01:00"),
                (1679792400, "2023-03-26T03:00:00+02:00")):
            with self.subTest(created):
                self.check(created, time.localtime, expected)
                self.assertEqual(expected, rfc3339(created, False, "seconds"))


if __name__ == "__main__":
    unittest.main()
