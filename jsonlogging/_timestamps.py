"""
RFC 3339 text from a POSIX time.

The calendar is worked out here, not by the platform: gmtime() of some
platforms refuses years that RFC 3339 can write.  The platform is asked
for one thing only, the local offset from UTC.
"""

import time
from functools import lru_cache

__all__ = ["TIMESPECS", "microseconds", "rfc3339"]

# As in datetime.isoformat(); how many characters of ".123456" each keeps.
TIMESPECS = {"seconds": 0, "milliseconds": 4, "microseconds": 7}

_FIRST = -62135596800   # 0001-01-01T00:00:00Z
_LAST = 253402300799    # 9999-12-31T23:59:59Z


def rfc3339(created, utc=True, timespec="milliseconds",
            localtime=time.localtime):
    """
    Return the RFC 3339 text of *created*, a number of seconds since 1970.

    It is rounded to the microsecond as datetime.fromtimestamp() rounds
    (half to even) and then cut to *timespec*, one of TIMESPECS.  UTC is
    written "Z"; local time, if *utc* is false, has a numeric offset of
    whole minutes.  Local time that the platform, or a year of four
    digits, cannot express is written as UTC.

    *localtime* stands for time.localtime().  TypeError, ValueError or
    OverflowError is raised for what is no number or lies outside the
    years 1 to 9999.
    """
    seconds, fraction = divmod(microseconds(created), 1000000)
    if not _FIRST <= seconds <= _LAST:
        raise ValueError("the year is not in 1...9999")
    zone = "Z"
    if not utc:
        try:
            offset = 60 * round(localtime(seconds).tm_gmtoff / 60)
            # RFC 3339 has no seconds in an offset.  The rounded offset
            # moves the local time, so that the instant stays the same.
            if _FIRST <= seconds + offset <= _LAST:
                seconds += offset
                zone = "%s%02d:%02d" % ("-" if offset < 0 else "+",
                                        *divmod(abs(offset) // 60, 60))
        except (TypeError, ValueError, OverflowError, OSError):
            pass
    fraction = (".%06d" % fraction)[:TIMESPECS[timespec]]
    return _to_the_second(seconds) + fraction + zone


def microseconds(created):
    """Return *created*, in seconds, as a whole number of microseconds."""
    whole = int(created)
    return whole * 1000000 + round((created - whole) * 1e6)


@lru_cache(maxsize=16)      # records of one second follow one another
def _to_the_second(seconds):
    """
    Return date and time of day of the whole *seconds* since 1970.

    Years begin on the first of March here, so that a leap day is the
    last of its year, and months follow a pattern of 153 days in five.
    """
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    era, day = divmod(days + 719468, 146097)     # 400 years
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    year += era * 400 + month // 10
    return "%04d-%02d-%02dT%02d:%02d:%02d" % (
        year, (month + 2) % 12 + 1, day, hour, minute, second)
