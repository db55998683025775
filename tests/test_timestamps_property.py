"""Properties of RFC 3339 timestamps, against datetime."""

import datetime
import re
import time
import unittest

from hypothesis import assume, example
from hypothesis import strategies as st

from . import strategies
from .strategies import given
from .support import (BaseTest, ISOFormatter, JSONFormatter, make_record,
                      strict_loads)

TIMESPECS = {"seconds": 10**6, "milliseconds": 1000, "microseconds": 1}
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
ZONES = ("UTC", "Africa/Monrovia", "Europe/Amsterdam", "America/New_York",
         "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Pacific/Apia", "America/St_Johns", "XXX-23:59:31", "YYY+24")
# Around changes of the clock: two nights with a repeated hour, two with a
# missing one, a day left out, the end of an offset with seconds.
CHANGES = (1699164000, 1667091600, 1678604400, 1679792400, 1325239200,
           63593070, -1025740772)

stamps = st.sampled_from(sorted(TIMESPECS))
local_times = (strategies.seconds(-5e9, 1e10)
               | st.builds(lambda change, off: change + off / 4,
                           st.sampled_from(CHANGES),
                           st.integers(-30000, 30000)))


def micros(when):
    """Return the aware datetime *when* as microseconds since 1970."""
    return (when - EPOCH) // MICROSECOND


def parse(text):
    """Return what RFC 3339 *text* means: microseconds, offset in minutes."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?"
                         r"(?:Z|([+-])(\d\d):(\d\d))", text)
    offset = int(match[4] or 0) * 60 + int(match[5] or 0)
    if match[3] == "-":
        offset = -offset
    local = datetime.datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    fraction = int((match[2] or "").ljust(6, "0"))
    return micros(local) + fraction - offset * 60 * 10**6, offset


def moment(created):
    """Return *created* as datetime takes it; reject what it does not."""
    try:
        return datetime.datetime.fromtimestamp(created, UTC)
    except (ValueError, OverflowError):
        assume(False)


class UTCTest(BaseTest):
    @given(strategies.seconds(), stamps)
    @example(created=1700000000.123, timespec="milliseconds")
    @example(created=1e9 + 0.0000005, timespec="microseconds")
    @example(created=1e9 + 0.0000015, timespec="microseconds")
    @example(created=-0.0000005, timespec="microseconds")
    @example(created=-62135596800, timespec="seconds")
    @example(created=253402300799.999, timespec="milliseconds")
    def test_equals_datetime(self, created, timespec):
        """In UTC the text is datetime's, with Z, for years 1 to 9999."""
        expected = moment(created).isoformat(timespec=timespec)
        expected = expected.replace("+00:00", "Z")
        record = make_record(created=created)
        self.assertEqual(
            expected, ISOFormatter(timespec=timespec).formatTime(record))
        line = strict_loads(JSONFormatter(timespec=timespec).format(record))
        self.assertEqual(expected, line["timestamp"])

    @given(strategies.seconds(), stamps)
    def test_cut(self, created, timespec):
        """The text read back is created, rounded half-even and then cut."""
        unit = TIMESPECS[timespec]
        text = ISOFormatter(timespec=timespec).formatTime(
            make_record(created=created))
        self.assertEqual((micros(moment(created)) // unit * unit, 0),
                         parse(text))

    @given(strategies.seconds(), st.floats() | st.none() | st.just("x"))
    def test_msecs_unread(self, created, msecs):
        """The time comes from created alone, never from msecs."""
        for formatter in ISOFormatter(), ISOFormatter(utc=False):
            self.assertEqual(
                formatter.formatTime(make_record(created=created)),
                formatter.formatTime(make_record(created=created,
                                                 msecs=msecs)))

    @given(st.lists(strategies.seconds(), min_size=2, max_size=6))
    def test_order(self, times):
        """A clock that goes backwards changes no text, and text sorts."""
        formatter = ISOFormatter(timespec="microseconds")
        texts = [formatter.formatTime(make_record(created=created))
                 for created in times]
        again = [formatter.formatTime(make_record(created=created))
                 for created in reversed(times)]
        self.assertEqual(texts, again[::-1])
        self.assertEqual(sorted(texts), [text for _, text in sorted(
            zip(map(micros, map(moment, times)), texts))])

    @given(strategies.created() | st.floats() | st.integers()
           | strategies.hostile())
    def test_total(self, created):
        """Any created gives a time or a mark in text, and a good line."""
        for utc in True, False:
            record = make_record(created=created)
            text = ISOFormatter("%(asctime)s %(message)s", utc=utc).format(
                record)
            line = strict_loads(JSONFormatter(utc=utc).format(
                make_record(created=created)))
            self.assertEqual("hello", line["message"])
            if "timestamp" in line:
                self.assertEqual(text, line["timestamp"] + " hello")
                parse(line["timestamp"])
            else:
                self.assertRegex(text, r"(?s)^!ERROR: .* hello$")
                self.assertRegex(line["degraded"][0], "^timestamp: !ERROR: ")


class LocalTest(BaseTest):
    @given(local_times, stamps, st.sampled_from(ZONES))
    @example(created=-1025740772, timespec="seconds", zone="Europe/Amsterdam")
    @example(created=0, timespec="milliseconds", zone="Africa/Monrovia")
    @example(created=1699164000.5, timespec="milliseconds",
             zone="America/New_York")
    @example(created=1699167600.5, timespec="milliseconds",
             zone="America/New_York")
    def test_instant(self, created, timespec, zone):
        """Local text means the exact instant, in any zone at any time."""
        self.set_zone(zone)
        unit = TIMESPECS[timespec]
        text = ISOFormatter(utc=False, timespec=timespec).formatTime(
            make_record(created=created))
        exact, offset = parse(text)
        self.assertEqual(micros(moment(created)) // unit * unit, exact, text)
        real = time.localtime(micros(moment(created)) // 10**6).tm_gmtoff
        self.assertLessEqual(abs(offset * 60 - real), 30, text)

    @given(local_times, stamps, st.sampled_from(ZONES))
    def test_equals_datetime(self, created, timespec, zone):
        """With an offset of whole minutes the text is datetime's."""
        assume(zone != "YYY+24")    # datetime allows less than a day
        self.set_zone(zone)
        local = moment(created).astimezone()
        assume(not local.utcoffset() % datetime.timedelta(minutes=1))
        self.assertEqual(
            local.isoformat(timespec=timespec),
            ISOFormatter(utc=False, timespec=timespec).formatTime(
                make_record(created=created)))

    @given(strategies.seconds(), stamps, st.sampled_from(ZONES))
    def test_edges(self, created, timespec, zone):
        """From year 1 to 9999 there is always a time, local or UTC."""
        self.set_zone(zone)
        unit = TIMESPECS[timespec]
        text = ISOFormatter(utc=False, timespec=timespec).formatTime(
            make_record(created=created))
        self.assertEqual(micros(moment(created)) // unit * unit,
                         parse(text)[0], text)

    @given(strategies.seconds(-2e9, 4e9), st.sampled_from(ZONES),
           st.sampled_from(("%Y-%m-%d %H:%M:%S", "%j %H", "%z")))
    def test_datefmt(self, created, zone, datefmt):
        """With datefmt the text is strftime's, in UTC or local time."""
        self.set_zone(zone)
        record = make_record(created=created)
        for utc, convert in (True, time.gmtime), (False, time.localtime):
            self.assertEqual(
                time.strftime(datefmt, convert(created)),
                ISOFormatter(utc=utc).formatTime(record, datefmt))


if __name__ == "__main__":
    unittest.main()
