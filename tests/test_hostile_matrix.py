"""
The contract as a matrix: each hostile class in each place of a record.

One process logs them all through a FileHandler; the file is parsed
strictly.  Nothing may be invalid, lost, raised or silently wrong.
"""

import collections
import datetime
import decimal
import json
import logging
import math
import sys
import unittest

from . import blocks, conformance
from .support import BaseTest, JSONFormatter, run_python, strict_loads

HOSTILE = {
    **conformance.HOSTILE,
    "is NaN": lambda: math.nan,
    "is infinite": lambda: -math.inf,
    "is a huge integer": lambda: 10**5000,
    "is a 64-bit integer too big": lambda: 2**63,
    "is a lone surrogate": lambda: "a\ud800b",
    "is a surrogate pair": lambda: "\ud83d\ude00",
    "has line breaks": lambda: "a\nb\r\u2028\u2029\x85\x00\x7f",
    "is a cycle": conformance.cycle,
    "is deep": lambda: conformance.nest(100_000),
    "is a deep list": lambda: conformance.nest(100_000, dicts=False),
    "is wide": lambda: list(range(50_000)),
    "is long": lambda: "x" * 3_000_000,
    "has hostile keys": lambda: {b"k": 1, (1,): 2, math.nan: 3, None: 4,
                                 "\ud800": 5, 10**5000: 6},
    "has colliding keys": lambda: {1: 1, "1": 2, None: 3, "null": 4},
    "is bytes": lambda: b"\xff\x00",
    "is a set": lambda: {1, "a", None, (1, 2)},
    "is a signalling NaN": lambda: decimal.Decimal("sNaN"),
    "is a date without an offset": lambda: datetime.datetime(
        2024, 1, 1, tzinfo=blocks.NoZone()),
    "is an exception without a text": lambda: blocks.Unprintable("x"),
    "is a broken dataclass": blocks.ODD[2],
    "is a broken enum": blocks.ODD[3],
    "is endless": blocks.ODD[4],
    "is an endless mapping": blocks.ODD[5],
    "is an exception of its own cause": lambda: _own_cause(),
}


def _own_cause():
    error = ValueError("loop")
    error.__cause__ = error
    return error


def _key(value):
    try:
        return {value: "kept"}
    except Exception:
        return {(type(value).__name__,): "kept"}    # it has no hash


def _raised(value):
    error = KeyError(value)
    return KeyError, error, error.__traceback__


# Where a hostile value may stand: how a record gets it there, and the
# formatter that is used.  Each leaves "kept" and the sentence in the line.
PLACES = {
    "value": lambda value: {"x": value},
    "key": _key,
    "nested value": lambda value: {"x": {"a": [("kept", value)]}},
    "nested key": lambda value: {"x": [_key(value)]},
    "argument": lambda value: {"msg": "kept %d %s", "args": (1, value)},
    "mapping argument": lambda value: {"msg": "kept %(a)s",
                                       "args": {"a": value}},
    "lone argument": lambda value: {"msg": "kept", "args": value},
    "message": lambda value: {"msg": value},
    "exception argument": lambda value: {"exc_info": _raised(value)},
    "exception note": lambda value: {"exc_info": _noted(value)},
    "exc_info": lambda value: {"exc_info": value},
    "exc_text": lambda value: {"exc_text": value},
    "stack_info": lambda value: {"stack_info": value},
    "logger name": lambda value: {"name": value},
    "level name": lambda value: {"levelname": value},
    "created": lambda value: {"created": value},
    "task name": lambda value: {"taskName": value},
    "default": lambda value: {},
    "field": lambda value: {},
    "mapped record": lambda value: {},
    "mapped extra": lambda value: {"x": 1},
}


def _noted(value):
    error = KeyError("kept")
    error.__notes__ = [value]
    return KeyError, error, None


def _formatter(place, value):
    if place == "default":
        return JSONFormatter(defaults={"x": value, "y": [value]})
    if place == "field":
        return JSONFormatter({"timestamp": "asctime", "level": "levelname",
                              "logger": "name", "message": "message",
                              "x": lambda record: value,
                              "y": lambda record: {"z": [value]}})
    formatter = JSONFormatter(ensure_ascii=False)
    if place == "mapped record":
        formatter.mapLogRecord = lambda record: {
            **JSONFormatter.mapLogRecord(formatter, record), "x": value,
            "y": {"z": [value]}}
    if place == "mapped extra":
        formatter.mapExtra = lambda extra: {"x": value, **extra}
    return formatter


def write(path):
    """
    Log the whole matrix to the file *path*; print as JSON what was
    raised or lost, by cell.
    """
    failed = {}
    for what, make in HOSTILE.items():
        for place, attributes in PLACES.items():
            cell = "%s that %s" % (place, what)
            value = make()
            record = logging.LogRecord("app", 20, "app.py", 1, "kept", None,
                                       None)
            record.created = 1700000000.123
            record.__dict__.update(attributes(value))
            record.__dict__.update(marker="cell " + cell, other=[1, None])
            log = logging.Logger("matrix")
            handler = logging.FileHandler(path, encoding="utf-8")
            handler.setFormatter(_formatter(place, value))
            handler.handleError = lambda record: failed.setdefault(
                cell, "lost: %s" % sys.exc_info()[0].__name__)
            log.addHandler(handler)
            try:
                log.handle(record)
            except BaseException as error:
                failed[cell] = "raised: %s" % type(error).__name__
            handler.close()
    print(json.dumps(failed))


def wrong(place, line):
    """Return what *line* lacks, None if nothing."""
    expected = {"timestamp": "2023-11-14T22:13:20.123Z", "level": "INFO",
                "logger": "app", "message": "kept", "other": [1, None]}
    changed = {"created": "timestamp", "level name": "level",
               "logger name": "logger"}.get(place)
    for key, value in expected.items():
        found = line.get(key)
        if key == changed:
            continue
        if key == "message":
            if place == "message":
                continue
            if place.endswith("argument") and place[0] != "e":
                found = found[:4]
        if found != value:
            return "%s is %.100a" % (key, found)
    if "key" in place and "kept" not in (
            line.values() if place == "key" else
            [value for item in line["x"] for value in item.values()]):
        return "the value under the key is lost"
    if place == "nested value" and line["x"]["a"][0][0] != "kept":
        return "the neighbour is lost"
    if place[:9] == "exception" and "KeyError" not in line["exception"].get(
            "traceback", ""):
        return "the exception is lost"
    return None


class MatrixTest(BaseTest):
    def test_matrix(self):
        """0 invalid, 0 lost, 0 raised, 0 silently wrong."""
        output = run_python(
            "from tests import test_hostile_matrix as m\n"
            "m.write('matrix.log')\n"
            "print(open('matrix.log', 'rb').read().hex())")
        failed, _, data = output.partition("\n")
        found = collections.defaultdict(list)
        for cell, what in json.loads(failed).items():
            found[what.partition(":")[0]].append((cell, what))
        lines = bytes.fromhex(data).split(b"\n")
        self.assertEqual(b"", lines.pop())
        cells = set()
        for raw in lines:
            try:
                line = strict_loads(raw)
            except ValueError as error:
                found["invalid"].append((str(error), raw[:300]))
                continue
            if len(raw) > 1_000_000:
                found["invalid"].append((line["marker"], len(raw)))
            cell = line.get("marker", "no marker in %.300r" % raw)
            cells.add(cell)
            reason = wrong(cell[5:].partition(" that ")[0], line)
            if reason:
                found["wrong"].append((cell, reason))
        self.assertEqual({}, dict(found))
        self.assertEqual(len(HOSTILE) * len(PLACES), len(cells))


if __name__ == "__main__":
    unittest.main()
