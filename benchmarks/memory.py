"""Memory: what a formatter takes, and what stays after many records.

Each function is meant for a process of its own.
"""

import gc
import logging
import os
import sys
import tracemalloc

from .candidates import OURS
from .records import Records, SHAPES, cold_error

__all__ = ["formatter_bytes", "growth"]

FORMATTERS = 100
# Call sites, each with its own logger, file, function and extra.
SITES = 100_000
# Of so many records one has an exception, from code of its own.
EXCEPTIONS = 50


def formatter_bytes(name):
    """
    Return the bytes of one more formatter, when it is new and when it
    has formatted a record.
    """
    def measured():
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    make = OURS[name]
    record = Records().make(SHAPES["plain"])
    make().format(record)
    formatters = [None] * FORMATTERS
    tracemalloc.start()
    start = measured()
    for number in range(FORMATTERS):
        formatters[number] = make()
    new = measured()
    for formatter in formatters:
        formatter.format(record)
    used = measured()
    tracemalloc.stop()
    return {"new": (new - start) // FORMATTERS,
            "used": (used - start) // FORMATTERS}


def _resident():
    """Return the bytes of this process in memory; None if unknown."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _records(count):
    """Yield *count* records from SITES call sites, as different as can be."""
    logger = logging.Logger("shop")
    extra = SHAPES["5 extras"].extra
    for number in range(count):
        site = number % SITES
        record = logger.makeRecord(
            "shop.part%d" % site, logging.INFO, "/srv/shop/part%d.py" % site,
            site, "record %d", (number,),
            None if number % EXCEPTIONS else cold_error(),
            "function%d" % site, {**extra, "extra%d" % site: number})
        record.created = 1_700_000_000 + number / 7
        record.thread = site
        yield record


def growth(name, count):
    """
    Return what *count* records have added to this process, from the first
    record to the last, in bytes (None if unknown) and in memory blocks.
    """
    formatter = OURS[name]()
    states = []
    for number, record in enumerate(_records(count)):
        formatter.format(record)
        if number in (0, count - 1):
            record.exc_info = None
            gc.collect()
            states.append((_resident(), sys.getallocatedblocks()))
    (start, blocks), (end, more) = states[0], states[-1]
    return {"bytes": None if start is None else end - start,
            "blocks": more - blocks}
