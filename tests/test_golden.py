"""
The golden corpus: records, and their lines byte for byte.

data/golden.input.jsonl has one case on each line, and the same line of
data/golden.expected.jsonl what is printed.  Output is API: a line may
change in a major version only, and is the same on every Python.

    python -m tests.test_golden --write

writes the second file anew, from the first, and prints what changes;
without --write it only prints.  To add a case, add a line to the first
file, run this, and read what it prints.

A case has a sentence ("case"); "options" of the formatter; the attributes
of the "record", those of support.make_record() aside.  It may have a
"formatter", if not JSONFormatter, and a "zone", a value of TZ.  What JSON
cannot hold is {"py": an expression}, in which the names below can be used.
"""

import collections
import dataclasses
import datetime
import decimal
import difflib
import enum
import json
import pathlib
import sys
import uuid

from .support import (BaseTest, ISOFormatter, JSONFormatter, make_record,
                      strict_loads)

DATA = pathlib.Path(__file__).parent / "data"
INPUT = DATA / "golden.input.jsonl"
EXPECTED = DATA / "golden.expected.jsonl"

# What expressions may name, besides modules.
NAMES = {module.__name__: module
         for module in (collections, datetime, decimal, pathlib, uuid)}


def named(obj):
    """Put the class or function *obj* into NAMES, and a module "shop"."""
    obj.__module__, obj.__qualname__ = "shop", obj.__name__
    NAMES[obj.__name__] = obj
    return obj


@named
class Plain:
    def __repr__(self):
        return "<plain>"


@named
class Broken:
    def __repr__(self):
        raise ValueError("secret")


@named
class AppError(Exception):
    pass


@named
class Color(enum.Enum):
    RED = "red"
    BOTH = (1, 2)


@named
@dataclasses.dataclass
class Account:
    name: object
    password: str = dataclasses.field(default="hunter2", repr=False)


NAMES["Point"] = collections.namedtuple("Point", "x y")


@named
def ring(cls):
    """Return a list or dict that holds itself."""
    made = cls()
    if cls is dict:
        made["self"] = made
    else:
        made.append([made])
    return made


@named
def nest(levels):
    """Return lists within lists."""
    made = []
    for _ in range(levels - 1):
        made = [made]
    return made


@named
def raised(error, cause=None, context=None):
    """Return exc_info without frames, whose text no Python changes."""
    error.__cause__, error.__context__ = cause, context
    error.__suppress_context__ = cause is not None
    return type(error), error, None


@named
def lineno(record):
    return record.lineno


@named
def nothing(record):
    return None


@named
def fail(*args):
    raise KeyError("secret")


@named
def pair(obj):
    if isinstance(obj, complex):
        return [obj.real, obj.imag]
    raise TypeError


@named
class Small(JSONFormatter):
    max_depth, max_items = 4, 3


@named
class Shouting(JSONFormatter):
    def mapExtra(self, extra):
        return {key.upper(): value for key, value in extra.items()
                if key != "password"}


@named
class Nested(JSONFormatter):
    def mapLogRecord(self, record):
        return {"event": super().mapLogRecord(record), "kind": ("log", 1)}


@named
class Forgetful(JSONFormatter):
    def mapLogRecord(self, record):
        super().mapLogRecord(record)


@named
class FailingExtra(JSONFormatter):
    mapExtra = fail


@named
class FailingTime(JSONFormatter):
    formatTime = fail


@named
class FailingException(JSONFormatter):
    formatException = fail


@named
class FailingStack(JSONFormatter):
    formatStack = fail


@named
class FailingRecord(JSONFormatter):
    mapLogRecord = fail


@named
class Untimed(JSONFormatter):
    def usesTime(self):
        return False


@named
class Brief(JSONFormatter):
    def formatException(self, ei):
        return "withheld"


NAMES.update(ISOFormatter=ISOFormatter, JSONFormatter=JSONFormatter)


def decoded(data):
    """Return what the *data* of a case stands for."""
    if isinstance(data, list):
        return [decoded(item) for item in data]
    if not isinstance(data, dict):
        return data
    if list(data) == ["py"]:
        return eval(data["py"], dict(NAMES))
    return {key: decoded(value) for key, value in data.items()}


def cases():
    """Return the cases, as they stand in the file."""
    with open(INPUT, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def print_line(case):
    """Return the line for *case*."""
    formatter = NAMES[case.get("formatter", "JSONFormatter")](
        **decoded(case.get("options", {})))
    record = make_record()
    record.__dict__.update(decoded(case.get("record", {})))
    return formatter.format(record)


class GoldenTest(BaseTest):
    def lines(self):
        for case in cases():
            self.set_zone(case.get("zone", "UTC"))
            yield print_line(case)

    def test_lines(self):
        """Each line is what it has always been."""
        expected = EXPECTED.read_bytes().split(b"\n")
        self.assertEqual(b"", expected.pop())
        self.assertEqual(len(cases()), len(expected))
        for case, wanted, line in zip(cases(), expected, self.lines()):
            with self.subTest(case["case"]):
                self.assertEqual(wanted, line.encode())

    def test_valid(self):
        """Each line of JSON is strict JSON, and no longer than allowed."""
        for case, line in zip(cases(), self.lines()):
            if case.get("formatter") != "ISOFormatter":
                with self.subTest(case["case"]):
                    strict_loads(line)
                    self.assertLessEqual(
                        len(line.encode()),
                        case.get("options", {}).get("max_bytes", 1_000_000))

    def test_cases(self):
        """There are many cases, each with a sentence of its own."""
        found = [case["case"] for case in cases()]
        self.assertGreaterEqual(len(found), 60)
        self.assertEqual(len(found), len(set(found)))
        for case in cases():
            self.assertRegex(case["case"], r"^[A-Za-z].*\.$")
            self.assertLessEqual(set(case), {"case", "formatter", "options",
                                             "record", "zone"})


def main():
    test = GoldenTest()
    new = [line + "\n" for line in test.lines()]
    old = []
    if EXPECTED.exists():
        with open(EXPECTED, encoding="utf-8", newline="\n") as file:
            old = file.readlines()
    sys.stdout.writelines(difflib.unified_diff(old, new, "old", "new", n=0))
    if "--write" in sys.argv[1:]:
        with open(EXPECTED, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(new)
        print("%s has %d lines now, %d before"
              % (EXPECTED.name, len(new), len(old)))


if __name__ == "__main__":
    main()
