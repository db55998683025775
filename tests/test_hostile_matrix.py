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
import re
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


def _error(error, of, where="__repr__"):
    mark = "!ERROR: %s in %s of %s" % (error, where, of)
    return mark, [((), mark)]


def _printed(name):
    return "<tests.conformance.%s object>" % name, []


def _nested(inner, key, level):
    """What is seen of deep nesting in a place at this level of the line."""
    for _ in range(20 - level):
        inner = {key: inner} if key else [inner]
    return inner, [((key,) * (20 - level), "!DEPTH")]


_KEY = "<tests.conformance.failing_hash.<locals>.Key object>"
_ACCOUNT = "!ERROR: AttributeError in user of tests.blocks.Account"
_UNPRINTABLE = "!ERROR: ValueError in __str__ of tests.blocks.Unprintable"

# What must be seen of each where it is printed: the JSON value, without
# addresses, and below which path what is noted in "degraded".  What has
# no note must be the value itself.
SEEN = {
    "raises in __str__": _printed("Failing"),
    "raises in __repr__": _error("ValueError", "tests.conformance.Failing"),
    "raises RecursionError in __repr__":
        _error("RecursionError", "tests.conformance.Failing"),
    "raises MemoryError in __repr__":
        _error("MemoryError", "tests.conformance.Failing"),
    "returns no text from __repr__":
        _error("TypeError", "tests.conformance.Saying"),
    "returns no text from __str__": _printed("Saying"),
    "has a recursive __repr__":
        _error("RecursionError", "tests.conformance.Recursive"),
    "lies about its class": _printed("Lying"),
    "refuses every attribute": _printed("Untouchable"),
    "is an unhelpful dict":
        _error("ValueError", "tests.conformance.BadItems", "__iter__"),
    "is an unhelpful list": ([1], []),
    "is an unhelpful string": ("text", []),
    "is an int with a strange text": (5, []),
    "is a float with a strange text": (5.0, []),
    "has an untouchable metaclass": _error("ValueError", "?"),
    "has a key whose hash fails": ({_KEY: "value"}, []),
    "refuses comparison": _printed("Failing"),
    "fails as a sequence": _printed("Failing"),
    "fails as an iterable": _printed("Failing"),
    "is NaN": (None, [((), "NaN")]),
    "is infinite": (None, [((), "-Infinity")]),
    "is a huge integer": (hex(10**5000), []),
    "is a 64-bit integer too big": ("9223372036854775808", []),
    "is a lone surrogate": ("a\\ud800b", []),
    "is a surrogate pair": ("\U0001f600", []),
    "has line breaks": ("a\nb\r\u2028\u2029\x85\x00\x7f", []),
    "is a cycle": ({"list": ["!CYCLE"]}, [(("list", 0), "!CYCLE")]),
    "is deep": lambda level: _nested("!DEPTH", "d", level),
    "is a deep list": lambda level: _nested("!DEPTH", 0, level),
    "is wide": ([*range(10_000)], [((), "!CUT 40000")]),
    "is long": ("x" * 3_000_000, []),       # and a note, see Seen.text()
    "has hostile keys": ({"k": 1, "[1]": 2, "NaN": 3, "null": 4,
                          "\\ud800": 5, hex(10**5000): 6}, []),
    "has colliding keys": ({"1": 1, "1_": 2, "null": 3, "null_": 4}, []),
    "is bytes": ("\\xff\0", []),
    "is a set": (["a", 1, [1, 2], None], []),
    "is a signalling NaN": ("sNaN", []),
    "is a date without an offset":
        _error("ValueError", "datetime.datetime", "isoformat"),
    "is an exception without a text": (
        "tests.blocks.Unprintable: " + _UNPRINTABLE, [((), _UNPRINTABLE)]),
    "is a broken dataclass": ({"user": _ACCOUNT, "more": None},
                              [((), _ACCOUNT)]),
    "is a broken enum":
        _error("AttributeError", "tests.blocks.Colour", "value"),
    "is endless": ([0] * 10_000, [((), "!CUT 1")]),
    "is an endless mapping":
        _error("KeyError", "abc.EndlessDict", "__iter__"),
    "is an exception of its own cause": ("ValueError: loop", []),
}


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
    "result of default": lambda value: {"x": Replaced()},
    "field": lambda value: {},
    "mapped record": lambda value: {},
    "mapped extra": lambda value: {"x": 1},
}


# The places at which the line shows the value itself.
SHOWN = {
    "value": [("x",)],
    "nested value": [("x", "a", 0, 1)],
    "exc_text": [("exception", "traceback")],
    "stack_info": [("stack",)],
    "logger name": [("logger",)],
    "level name": [("level",)],
    "default": [("x",), ("y", 0)],
    "result of default": [("x",)],
    "field": [("x",), ("y", "z", 0)],
    "mapped record": [("x",), ("y", "z", 0)],
    "mapped extra": [("x",)],
}


class Replaced:
    """What the option default replaces."""


def _noted(value):
    error = KeyError("kept")
    error.__notes__ = [value]
    return KeyError, error, None


def _formatter(place, value):
    if place == "default":
        return JSONFormatter(defaults={"x": value, "y": [value]})
    if place == "result of default":
        def default(obj):
            if type(obj) is not Replaced:
                raise TypeError
            return value
        return JSONFormatter(default=default)
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
        formatter.mapExtra = lambda extra: {**extra, "x": value}
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


def wrong(place, what, line):
    """Return what *line* lacks, or shows wrongly, None if nothing."""
    expected = {"timestamp": "2023-11-14T22:13:20.123Z", "level": "INFO",
                "logger": "app", "message": "kept", "other": [1, None]}
    changed = {"created": "timestamp", "level name": "level",
               "logger name": "logger"}.get(place)
    for key, value in expected.items():
        found = line.get(key)
        if key == changed:
            continue
        if (place, what, key) == ("key", "is long", "other") and (
                found == [] and "other: !CUT 2" in line["degraded"]):
            continue        # the key has taken the space: noted, not silent
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
    try:
        Seen(place, what, line).check()
    except (AssertionError, LookupError, TypeError) as error:
        return "%s: %.300s" % (type(error).__name__, error)
    return None


class Seen:
    """What the line of one cell shows of its value, and what it notes."""

    def __init__(self, place, what, line):
        self.place, self.what, self.line = place, what, line
        self.value, self.notes = HOSTILE[what](), []

    def check(self):
        """Raise an error if it is not what it should be."""
        place, line = self.place, self.line
        if place in SHOWN:
            for path in SHOWN[place]:
                found = line
                for key in path:
                    found = found[key]
                self.same(found, self.cell(path), path)
        elif "key" in place:
            self.key()
        elif place == "message" or (
                place.endswith("argument") and place[0] != "e"):
            self.message()
        elif place == "exception argument":
            self.exception()
        elif place == "created":
            self.time()
        elif place == "exception note" and sys.version_info >= (3, 11):
            self.note()
            return
        else:
            return
        noted = line.get("degraded", [])
        if place == "exc_text":     # its text is asked for, too
            noted = [*dict.fromkeys(note for note in noted if " in __str__ of "
                                    not in note or note in self.notes)]
        if self.what == "is long":      # cut late, a key even twice
            noted = sorted(note for note in noted if "!CUT" not in note
                           or note in self.notes)
            self.notes.sort()
        if noted != self.notes:
            raise AssertionError("%.200a is noted, not %.200a" % (
                noted, self.notes))

    def cell(self, path):
        """Return what is expected at *path*, after adding its notes."""
        cell = SEEN[self.what]
        cell, notes = cell(len(path)) if callable(cell) else cell
        for below, what in notes:
            self.add((*path, *below), what)
        return cell

    def add(self, path, what):
        """Expect that *what* is noted for *path*."""
        path = "".join("[%d]" % key if type(key) is int else "." + key
                       for key in path).lstrip(".")
        self.notes.append("%s: %s" % (path, what) if path else what)

    def same(self, found, expected, path):
        """Raise AssertionError if *found* is not what is *expected*."""
        if type(found) is type(expected) is str and len(expected) > 100_000:
            cut = re.search("!CUT ([0-9]+)", found)
            if cut:
                head, tail = found[:cut.start()], found[cut.end():]
                if (expected.startswith(head) and expected.endswith(tail)
                        and len(head + tail) > 100_000
                        and len(head + tail) + int(cut[1]) == len(expected)):
                    self.add(path, cut[0])
                    return
        if self.what == "is a set" and type(found) is type(expected) is str:
            # The order is another one in each process.
            found, expected = sorted(found), sorted(expected)
        if _text(found) != _text(expected):
            raise AssertionError("%.100a is not %.100a" % (found, expected))

    def key(self):
        """The value is a key of the line, or of a dict in an array."""
        try:
            hash(self.value)
        except Exception:
            return      # _key() has a name for it
        place, path, before = self.line, (), 1
        if self.place != "key":
            place, path, before = self.line["x"][0], ("x", 0), 2
        keys = [key for key in place if place[key] == "kept"
                and key != "message"]
        if len(keys) != 1:
            raise AssertionError("%.100a are the keys" % keys)
        cell = self.cell(path)
        if type(self.value) is float:
            cell = self.notes.pop().rpartition(": ")[2]     # as json does
        elif not isinstance(cell, str):
            cell = json.dumps(cell, separators=(",", ":"))
        self.same(keys[0], cell, path)

    def message(self):
        """The value is part of the message, whose text Python knows."""
        record = logging.LogRecord("app", 20, "app.py", 1, "kept", None,
                                   None)
        record.__dict__.update(PLACES[self.place](self.value))
        found, args = self.line["message"], record.args
        try:
            if "deep" in self.what:
                raise RecursionError
            expected = _clean(record.getMessage())
        except Exception as error:
            problem = ("!ERROR: %s in getMessage of logging.LogRecord"
                       % type(error).__name__)
        else:
            self.same(found, expected, ("message",))
            return
        template, _, args = found.partition(" " + problem + ", args: ")
        if self.place == "message":
            self.failed_text(template, self.value, ("message",))
            expected, path = None, ()
        else:
            self.same(template, record.msg, ())
            path = {"argument": ("message", 1), "lone argument": ("message",),
                    "mapping argument": ("message", "a")}[self.place]
            expected = self.cell(path)
            if self.place == "argument":
                expected = [1, expected]
            elif self.place == "mapping argument":
                expected = {"a": expected}
        self.same(json.loads(args), expected, path)
        self.add(("message",), problem)

    def failed_text(self, found, value, path, error=None):
        """*found* stands for *value*, which str() fails for."""
        if "deep" in self.what:
            if type(value) is KeyError:
                self.same(json.loads(found), [self.cell((*path, 0))], path)
            else:
                self.same(json.loads(found), self.cell(path), path)
            return
        try:
            str(value)
        except Exception as error:
            cls = type(value)
            name = "%s.%s" % (cls.__module__, cls.__qualname__)
            mark = "!ERROR: %s in __str__ of %s" % (
                type(error).__name__, name.replace("builtins.", ""))
        self.same(found, mark, path)
        self.add(path, mark)

    def exception(self):
        """The value is the argument of an exception."""
        error, path = KeyError(self.value), ("exception", "message")
        found = self.line["exception"]["message"]
        try:
            if "deep" in self.what:
                raise RecursionError
            expected = _clean(str(error))
        except Exception:
            self.failed_text(found, error, path)
            expected = None
        else:
            self.same(found, expected, path)
        found = self.line["exception"]["traceback"]
        if expected is None:
            if not re.search("KeyError: (.* failed>|<unprintable .*|!.*"
                             "|.*!DEPTH.*)$", found):
                raise AssertionError("%.200a is the traceback" % found)
            if found.startswith("!CUT"):
                self.add(("exception", "traceback"), "!CUT")
        else:
            self.same(found, "KeyError: " + expected,
                      ("exception", "traceback"))

    def note(self):
        """The value is a note of an exception, which traceback shows."""
        try:
            if "deep" in self.what:
                raise RecursionError
            expected = _clean(str(self.value))
        except Exception:
            expected = "(<.* failed>|!.*)"
        else:
            expected = re.escape(re.sub(ADDRESS, "", expected)[
                :1 if self.what == "is a set" else 50])
        found = re.sub(ADDRESS, "", self.line["exception"]["traceback"])
        if not (re.search("KeyError: 'kept'\n" + expected, found)
                or "deep" in self.what and found.startswith("!CUT")):
            raise AssertionError("%.200a has no note" % found)

    def time(self):
        """The value is the time, which must be a number."""
        if "timestamp" in self.line:
            if SEEN[self.what][0] not in (5, 5.0):
                raise AssertionError("%.100a is no time" % self.value)
            self.same(self.line["timestamp"], "1970-01-01T00:00:05.000Z", ())
            return
        self.notes = [note for note in self.line["degraded"] if re.fullmatch(
            "timestamp: !ERROR: .*Error in created of logging.LogRecord",
            note)][:1]


ADDRESS = " at 0x[0-9a-fA-F]+"


def _text(value):
    """Return what tells JSON values apart: 5 and 5.0, the order of keys."""
    return re.sub(ADDRESS, "", json.dumps(value))


def _clean(text):
    """Return *text* as JSON can hold it."""
    text = text.encode("utf-16-le", "surrogatepass").decode(
        "utf-16-le", "surrogatepass")
    return text.encode("utf-8", "backslashreplace").decode()


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
            reason = wrong(*cell[5:].partition(" that ")[::2], line)
            if reason:
                found["wrong"].append((cell, reason))
        self.assertEqual({}, dict(found))
        self.assertEqual(len(HOSTILE) * len(PLACES), len(cells))


if __name__ == "__main__":
    unittest.main()
