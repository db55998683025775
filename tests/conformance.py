"""
A conformance kit for JSON formatters of the standard logging package.

    python conformance.py package.module:Class [--key message=event] [--quick]

Each case is one sentence about what a JSON log line owes its reader, one
log call, and checks on the line.  The call goes through a real Logger
and a real FileHandler; the file's bytes are read back and parsed by a
strict parser.  A case fails in one of five ways:

    invalid   a line that is no JSON text of one line, or too many lines
    lost      nothing was written
    raised    the exception reached the caller of the log call
    crashed   the process died or did not end
    wrong     a good line that does not hold what it should

The kit imports the standard library only and judges any
logging.Formatter: it looks for fields under the names people use (see
KEYS), and for a caller's data at any depth.  From Python:
run(formatter_factory) returns one Result for every case.
"""

import argparse
import collections
import contextlib
import dataclasses
import datetime
import decimal
import enum
import functools
import importlib
import json
import logging
import logging.handlers
import math
import os
import pathlib
import pickle
import queue
import re
import signal
import sys
import tempfile
import threading
import time
import traceback
import uuid
import warnings

__all__ = ["CASES", "KEYS", "OUTCOMES", "Result", "run", "strict_loads"]

KEYS = {
    "time": ("timestamp", "@timestamp", "time", "asctime", "ts"),
    "level": ("level", "levelname", "log.level", "severity"),
    "logger": ("logger", "name", "log.logger", "logger_name"),
    "message": ("message", "msg", "event", "short_message"),
}
OUTCOMES = ("passed", "invalid", "lost", "raised", "crashed", "wrong")
MAX_BYTES = 1_000_000  # of a line, when the data has no end
MAX_SECONDS = 60  # for a case in a process of its own

Case = collections.namedtuple("Case", "sentence log checks alone raises")
Result = collections.namedtuple("Result", "sentence outcome reason")


# ---- The strict parser ----------------------------------------------

_RAW = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _refuse(token):
    raise ValueError("%s is not a JSON number" % token)


def _unique(pairs):
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("duplicate key among %r" % [k for k, _ in pairs])
    return result


def strict_loads(line, parse_int=None):
    """
    Return the object that *line* (bytes or str, no newline) holds.

    ValueError for anything but RFC 8259 text in UTF-8 with unique keys,
    finite numbers and no lone surrogate, all control characters and
    U+2028 and U+2029 escaped, and an object at the top.
    """
    text = line.decode("utf-8") if isinstance(line, bytes) else line
    raw = _RAW.search(text)
    if raw:
        raise ValueError("a raw %a" % raw.group())
    data = json.loads(text, parse_constant=_refuse, parse_int=parse_int,
                      object_pairs_hook=_unique)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    json.dumps(data, allow_nan=False, ensure_ascii=False).encode("utf-8")
    return data


# ---- What a case looks at -------------------------------------------

class Line:
    """One parsed line, with the record it came from."""

    def __init__(self, raw, record, keys):
        self.raw = raw
        self.data = strict_loads(raw)
        self.record = record
        self.keys = keys

    def field(self, name):
        """Return the field people call *name*, None if there is none."""
        for key in self.keys[name]:
            value = self.data
            for part in key.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            if value is None:
                value = self.data.get(key)
            if value is not None:
                return value
        return None

    def nodes(self):
        """Yield (key, value) of everything in the line, outermost first."""
        level = [(None, self.data)]
        while level:
            below = []
            for key, value in level:
                yield key, value
                if isinstance(value, dict):
                    below.extend(value.items())
                elif isinstance(value, list):
                    below.extend((None, item) for item in value)
            level = below

    def find(self, key):
        """Return [value] for the outermost *key* of the line, else []."""
        for name, value in self.nodes():
            if name == key:
                return [value]
        return []

    def strings(self):
        """Yield every string of the line, keys too."""
        for key, value in self.nodes():
            if key is not None:
                yield key
            if isinstance(value, str):
                yield value


# ---- Checks: each returns None or a reason ---------------------------

def field(name, expected):
    """Field *name* is *expected*."""
    def check(line):
        found = line.field(name)
        if found != expected:
            return "%s is %.200a, not %.200a" % (name, found, expected)
    return check


def holds(key, expected):
    """The caller's *key* holds exactly the JSON value *expected*."""
    def check(line):
        found = line.find(key)
        if not found:
            return "no %r" % key
        if json.dumps(found[0]) != json.dumps(expected):
            return "%s is %.200a, not %.200a" % (key, found[0], expected)
    return check


def one_of(key, *expected):
    """The caller's *key* holds one of these values."""
    def check(line):
        reasons = [holds(key, value)(line) for value in expected]
        return reasons[0] if all(reasons) else None
    return check


def typed(key, *types):
    """The caller's *key* holds a value of one of these types."""
    def check(line):
        found = line.find(key)
        if not found or type(found[0]) not in types:
            return "%s is %.200a" % (key, found)
    return check


def exact(number):
    """The caller's "x" is the integer *number*, or its text in any base."""
    def check(line):
        for found in line.find("x"):
            if isinstance(found, str):
                with contextlib.suppress(ValueError):
                    found = int(found, 16 if found[:2] == "0x" else 10)
            if type(found) is int and found == number:
                return None
        return "no %.50s" % hex(number)
    return check


def tells(*texts):
    """Each text is somewhere in the line's strings."""
    def check(line):
        strings = list(line.strings())
        for text in texts:
            if not any(text in string for string in strings):
                return "%.200a is nowhere in the line" % text
    return check


def hides(*texts):
    """No text is anywhere in the line."""
    def check(line):
        for text in texts:
            if any(text in string for string in line.strings()):
                return "%.200a is in the line" % text
    return check


_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)"
                      r"(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))")


def instant(text):
    """Return the POSIX time of RFC 3339 *text* in ns, None if it is not."""
    match = isinstance(text, str) and _RFC3339.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    try:
        days = datetime.date(year, month, day).toordinal() - 719163
    except ValueError:
        return None
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    if match[8]:
        offset = (int(match[9]) * 60 + int(match[10])) * 60
        seconds -= offset if match[8] == "+" else -offset
    return seconds * 10**9 + int((match[7] or "0").ljust(9, "0"))


def timed(nanoseconds):
    """The time is RFC 3339 and this instant, give or take 1 ms."""
    def check(line):
        found = line.field("time")
        ns = instant(found)
        if ns is None or abs(ns - nanoseconds) > 10**6:
            return "time is %a" % (found,)
    return check


def untimed(line):
    """No time is made up."""
    found = line.field("time")
    if found is not None and instant(found) is not None:
        return "time is %a" % (found,)


def traced(line):
    """The text that traceback prints is in the line."""
    text = "".join(traceback.format_exception(*line.record.exc_info))
    return tells(text.rstrip("\n"))(line)


def bounded(line):
    """The line ends somewhere."""
    if len(line.raw) > MAX_BYTES:
        return "%d bytes" % len(line.raw)


def shallow(line):
    """The line is nested at most 100 deep."""
    if line.raw.count(b"[") + line.raw.count(b"{") > 100:
        depth = deepest = 0
        for token in re.findall(rb'"(?:[^"\\]|\\.)*"|[][{}]', line.raw):
            depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token, 0)
            deepest = max(deepest, depth)
        if deepest > 100:
            return "%d levels" % deepest


BASIC = (field("level", "INFO"), field("logger", "kit"),
         field("message", "hello"))
WARNED = (field("level", "ERROR"), field("logger", "kit"))

CASES = []


def case(sentence, log, *checks, alone=False, raises=None):
    """
    Add a case: *log* is called with a Logger and makes one line, or
    returns a container of the numbers of lines that are right.  *alone*:
    in a process of its own, as it may crash or takes much memory;
    *raises*: what the call must raise instead of making a line.
    """
    CASES.append(Case(sentence, log, checks, alone, raises))


def case_of(sentence, **options):
    """Add a case whose log call takes more than an expression."""
    def add(log):
        case(sentence, log, *options.pop("checks", ()), **options)
        return log
    return add


def extra_case(sentence, value, *checks, **options):
    """Add a case that logs what *value*() returns as extra "x"."""
    case(sentence, lambda log: log.info("hello", extra={"x": value()}),
         *BASIC, *checks, **options)


def record(log, **attributes):
    """Handle a hand-made record with these attributes."""
    made = logging.LogRecord("kit", logging.INFO, "kit.py", 1, "hello",
                             None, None)
    made.__dict__.update(attributes)
    log.handle(made)


# ---- Clause 1: one line of strict JSON ------------------------------

case("A record has its message, level and logger.",
     lambda log: log.info("hello"), *BASIC)
case("The message is the template filled with its arguments.",
     lambda log: log.info("%s of %d", "one", 2), field("message", "one of 2"))
case("A mapping as only argument fills named places.",
     lambda log: log.info("%(a)s", {"a": "hello"}), *BASIC)
case("An empty message is an empty string.",
     lambda log: log.info(""), field("message", ""))
case("A percent sign without arguments is itself.",
     lambda log: log.info("100%"), field("message", "100%"))
case("A message that is not a string is its str.",
     lambda log: log.info(["hello"]), field("message", "['hello']"))
case("An own level keeps its name.",
     lambda log: log.log(25, "hello"), field("level", "Level 25"))

CONTROLS = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0x2029]))
for _text, _what in (
    ("a\nb\r\nc", "Line breaks"), (CONTROLS, "Control characters"),
    ("\\ud800 \\n \" / \\", "Quotes and backslashes"),
    ("\x1b[31mred\x1b[0m", "Terminal escapes"),
    ("h\xe9 \u4e2d \U0001f600 \ufffe\uffff \ufeff", "Any other characters"),
    ('"}\n{"level":"CRITICAL"}', "Forged second lines"),
):
    case(_what + " in a message stay what they are, in one line.",
         lambda log, text=_text: log.info("%s", text),
         field("message", _text))
    case(_what + " in an extra and its key stay what they are.",
         lambda log, text=_text: log.info("hello", extra={
             "x": [text], "y": {"k" + text: 1}}),
         *BASIC, holds("x", [_text]), holds("y", {"k" + _text: 1}))
    case(_what + " in a logger's name stay what they are.",
         lambda log, text=_text: record(log, name="k" + text),
         field("logger", "k" + _text))

for _number in (math.nan, math.inf, -math.inf):
    extra_case("%r as a value leaves valid JSON: null or text." % _number,
               lambda number=_number: number, typed("x", type(None), str))
    extra_case("%r inside containers leaves valid JSON." % _number,
               lambda number=_number: {"a": [1.5, number, 2.5]}, tells("a"))
    case("%r as a key leaves valid JSON." % _number,
         lambda log, number=_number: log.info(
             "hello", extra={"x": {number: "value"}}),
         *BASIC, tells("value"))

for _bits in (64, 1000, 2049, 20_000):
    extra_case("An integer of %d bits is exact or text." % _bits,
               lambda bits=_bits: 1 << bits - 1,
               exact(1 << _bits - 1))
for _number in (0, -1, 2**53 + 1, 2**63 - 1, -2**63):
    extra_case("The integer %d stays a number." % _number,
               lambda number=_number: number, holds("x", _number))
extra_case("An integer too long for text in a container costs no record.",
           lambda: [10**5000, 1], tells("x"))
case("An integer too long for text as an argument costs no record.",
     lambda log: log.info("hello %s", 10**5000), tells("hello"))

LONE = "a\ud800b\udc00"
case("Lone surrogates in a message leave valid JSON and the rest.",
     lambda log: log.info("%s hello", LONE), field("level", "INFO"),
     tells("b", "hello"))
case("Lone surrogates in a value leave valid JSON and the rest.",
     lambda log: log.info("hello", extra={"x": LONE, "y": [LONE]}),
     *BASIC, typed("x", str))
case("Lone surrogates in keys leave valid JSON and the rest.",
     lambda log: log.info("hello", extra={LONE: 1, "x": {LONE: "value"}}),
     *BASIC, tells("value"))
case("Lone surrogates in a logger's name leave valid JSON and the rest.",
     lambda log: record(log, name=LONE), field("message", "hello"))
case("A surrogate pair is its character or its escape.",
     lambda log: log.info("hello", extra={"x": "\ud83d\ude00"}),
     one_of("x", "\U0001f600", "\\ud83d\\ude00"))


@case_of("Lone surrogates in an exception leave valid JSON and its type.",
         checks=[*WARNED, tells("ValueError")])
def _(log):
    try:
        raise ValueError(LONE)
    except ValueError:
        log.exception("hello")


# ---- Clause 2: total, nothing lost; and the values ------------------

for _value, _what in (
    (None, "None"), (True, "True"), (False, "False"), (1, "An int"),
    (-0.0, "A negative zero"), (1.5, "A float"), (1e300, "A big float"),
    ("text", "A string"), ("", "An empty string"), ([], "An empty list"),
    ({}, "An empty dict"), ([1, [2, [3]]], "A nested list"),
    ({"a": {"b": None}}, "A nested dict"), ((1, 2), "A tuple"),
):
    extra_case(_what + " is what json.dumps makes of it.",
               lambda value=_value: value,
               one_of("x", _value, *[None] * (_value in ([], {}))))

Point = collections.namedtuple("Point", "x y")


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class Account:
    user: str
    password: str = dataclasses.field(repr=False)


class Plain:
    def __repr__(self):
        return "<plain>"


class Secretive:
    def __init__(self):
        self.password = "hunter2"


_ZONE = datetime.timezone(datetime.timedelta(hours=5))
_UUID = uuid.UUID(int=7)
for _what, _value, _check in (
    ("An aware datetime keeps its offset",
     datetime.datetime(2024, 1, 2, 3, 4, 5, 6, _ZONE),
     one_of("x", "2024-01-02T03:04:05.000006+05:00")),
    ("A naive datetime is ISO 8601", datetime.datetime(2024, 1, 2, 3, 4),
     one_of("x", "2024-01-02T03:04:00")),
    ("A date is ISO 8601", datetime.date(2024, 1, 2),
     holds("x", "2024-01-02")),
    ("A time of day is ISO 8601", datetime.time(3, 4, 5),
     holds("x", "03:04:05")),
    ("A UUID is its text", _UUID, holds("x", str(_UUID))),
    ("A path is its text", pathlib.PurePosixPath("/tmp/a"),
     holds("x", "/tmp/a")),
    ("A Decimal is a number or its text", decimal.Decimal("1.50"),
     one_of("x", "1.50", 1.5)),
    ("A Decimal NaN leaves valid JSON", decimal.Decimal("NaN"),
     one_of("x", "NaN", None)),
    ("An enum's member is its value", Colour.RED, holds("x", "red")),
    ("An IntEnum's member is a number", Number.ONE, holds("x", 1)),
    ("A namedtuple keeps its items", Point(1, 2),
     one_of("x", [1, 2], {"x": 1, "y": 2})),
    ("A set is an array", {2, 1}, one_of("x", [1, 2], [2, 1])),
    ("A frozenset is an array", frozenset("a"), holds("x", ["a"])),
    ("A deque is an array", collections.deque([1, 2]), holds("x", [1, 2])),
    ("A mapping is an object", collections.ChainMap({"a": 1}),
     holds("x", {"a": 1})),
    ("Bytes are text", b"abc", typed("x", str)),
    ("Bytes that are no UTF-8 leave valid JSON", b"\xff\x00", typed("x", str)),
    ("A dataclass is an object of its fields", Account("joe", "hunter2"),
     typed("x", dict)),
    ("A dataclass does not show a field with repr=False",
     Account("joe", "hunter2"), hides("hunter2")),
    ("An object without a JSON form is its repr", Plain(),
     holds("x", "<plain>")),
    ("An object's attributes are not dumped", Secretive(), hides("hunter2")),
    ("A class costs no record", Plain, tells("Plain")),
    ("A function costs no record", len, tells("len")),
    ("A generator costs no record", (i for i in ()), tells("x")),
    ("A lock costs no record", threading.Lock(), tells("x")),
):
    extra_case(_what + ".", lambda value=_value: value, _check)
extra_case("An exception as a value is told with its text.",
           lambda: ValueError("boom"), tells("boom"))

for _key, _texts in (
    (1, ("1",)), (1.5, ("1.5",)), (True, ("true", "True", "1")),
    (None, ("null", "None")),
):
    case("The dict key %r is text." % (_key,),
         lambda log, key=_key: log.info("hello", extra={"x": {key: "v"}}),
         *BASIC, one_of("x", *({text: "v"} for text in _texts)))


def failing(name, error=ValueError):
    """Return an object whose method *name* raises *error*."""
    def fail(self, *args):
        raise error("no " + name)
    return type("Failing", (), {name: fail, "__hash__": object.__hash__}
                if name != "__hash__" else {name: fail})()


def saying(name, result):
    """Return an object whose method *name* returns *result*."""
    return type("Saying", (), {name: lambda self, *args: result})()


def failing_hash():
    """Return a dict with a key whose hash now fails."""
    class Key:
        def __hash__(self):
            if self.bad:
                raise ValueError("no hash")
            return 1
    key = Key()
    key.bad = False
    result = {key: "value"}
    key.bad = True
    return result


class Lying:
    __class__ = dict


class Untouchable:
    def __getattribute__(self, name):
        raise ValueError(name)


class Recursive:
    def __repr__(self):
        return repr(self)


class BadItems(dict):
    def items(self):
        raise ValueError("no items")

    keys = __iter__ = __len__ = items


class BadList(list):
    def __iter__(self):
        raise ValueError("no iterator")

    __len__ = __iter__


class BadStr(str):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __len__ = encode = __str__


class BadInt(int):
    def __repr__(self):
        return "NaN"

    __str__ = __repr__


class BadFloat(float):
    def __repr__(self):
        return "}{"

    __str__ = __repr__


class Meta(type):
    def __getattribute__(cls, name):
        raise ValueError(name)


class Strange(metaclass=Meta):
    __slots__ = ()


HOSTILE = {
    "raises in __str__": lambda: failing("__str__"),
    "raises in __repr__": lambda: failing("__repr__"),
    "raises RecursionError in __repr__":
        lambda: failing("__repr__", RecursionError),
    "raises MemoryError in __repr__": lambda: failing("__repr__", MemoryError),
    "returns no text from __repr__": lambda: saying("__repr__", 5),
    "returns no text from __str__": lambda: saying("__str__", None),
    "has a recursive __repr__": Recursive,
    "lies about its class": Lying,
    "refuses every attribute": Untouchable,
    "is an unhelpful dict": lambda: BadItems(a=1),
    "is an unhelpful list": lambda: BadList([1]),
    "is an unhelpful string": lambda: BadStr("text"),
    "is an int with a strange text": lambda: BadInt(5),
    "is a float with a strange text": lambda: BadFloat(5),
    "has an untouchable metaclass": Strange,
    "has a key whose hash fails": failing_hash,
    "refuses comparison": lambda: failing("__eq__"),
    "fails as a sequence": lambda: failing("__len__"),
    "fails as an iterable": lambda: failing("__iter__"),
}
for _what, _make in HOSTILE.items():
    extra_case("A value that %s costs no record." % _what, _make, tells("x"))
    case("A value that %s does not harm its neighbours." % _what,
         lambda log, make=_make: log.info("hello", extra={
             "x": {"before": [1], "bad": [make()], "after": {"a": None}},
             "y": 2}),
         *BASIC, holds("before", [1]), holds("after", {"a": None}),
         holds("y", 2))
    if _what != "has a key whose hash fails":
        case("A message argument that %s costs no record." % _what,
             lambda log, make=_make: log.info("hello %d %s", 1, make()),
             field("level", "INFO"), tells("hello"))
    case("A message object that %s costs no record." % _what,
         lambda log, make=_make: log.info(make()), field("level", "INFO"))

for _what, _make in {
    "bytes": lambda: b"k", "a tuple": lambda: ("k", 1),
    "a frozenset": lambda: frozenset("k"), "a date":
        lambda: datetime.date(2024, 1, 2),
    "an object": Plain,
    "an object without a text": lambda: failing("__repr__"),
    "a string subclass without a text": lambda: BadStr("k"),
    "an int with a strange text": lambda: BadInt(5),
    "a big int": lambda: 1 << 20_000, "NaN": lambda: math.nan,
}.items():
    case("A dict key that is %s costs neither record nor value." % _what,
         lambda log, make=_make: log.info("hello", extra={
             "x": {make(): "value", "after": 1}}),
         *BASIC, tells("value"), holds("after", 1))
    case("An extra's key that is %s costs neither record nor value." % _what,
         lambda log, make=_make: log.info("hello", extra={
             make(): "value", "after": 1}),
         *BASIC, tells("value"), holds("after", 1))
case("Keys of several types in one dict live together.",
     lambda log: log.info("hello", extra={
         "x": {1: "a", "b": "b", None: "c", (1,): "d", 2.5: "e"}}),
     *BASIC, tells("a", "b", "c", "d", "e"))
case("Keys that collide as text are both kept.",
     lambda log: log.info("hello", extra={
         "x": {1: "one", "1": "two", None: "three", "null": "four"}}),
     *BASIC, tells("one", "two", "three", "four"))

case("Too few arguments cost neither template nor arguments.",
     lambda log: log.info("%s of %s", "hello"), field("level", "INFO"),
     tells("%s of %s", "hello"))
case("Too many arguments cost neither template nor arguments.",
     lambda log: log.info("template", "hello", 7), field("level", "INFO"),
     tells("template", "hello"))
case("Arguments of a wrong type cost neither template nor arguments.",
     lambda log: log.info("%d items", "hello"), field("level", "INFO"),
     tells("%d items", "hello"))
case("A template without a meaning costs no record.",
     lambda log: log.info("%y %", "hello"), field("level", "INFO"),
     tells("%y %", "hello"))
case("Arguments that are no tuple cost no record.",
     lambda log: record(log, args=5), tells("hello"))
case("A name missing from a mapping argument costs no template.",
     lambda log: log.info("%(a)s hello", {"b": 1}), tells("%(a)s hello"))


@case_of("A container that changes while it is read costs no record.",
         checks=BASIC)
def _(log):
    class Changing:
        def __repr__(self):
            if len(data) < 50:  # json itself may follow what grows for ever
                data["k%d" % len(data)] = self
                items.append(1)
            return "changing"
    items = [Changing(), 1, 2]
    data = {"a": items, "b": Changing(), "c": 3}
    data["d"] = {1: data["b"], "set": {data["b"]}}
    log.info("hello", extra={"x": data})


@case_of("Containers that other threads change cost no record.", checks=BASIC)
def _(log):
    data = {str(i): i for i in range(100)}
    done = threading.Event()

    def change():
        number = 0
        while not done.is_set():
            data[str(number % 150)] = number
            data.pop(str((number * 7) % 150), None)
            number += 1
    threads = [threading.Thread(target=change) for _ in range(2)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            log.info("hello", extra={"x": data})
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    return (50,)


@case_of("A value whose repr logs through the same handler comes to an end.",
         checks=[field("level", "INFO")], alone=True)
def _(log):
    class Logging:
        def __repr__(self):
            log.info("inner", extra={"x": self})
            return "logging"
    log.info("hello", extra={"x": Logging()})
    return range(1, 1000)


@case_of("A caller's objects are not changed.", checks=BASIC)
def _(log):
    inner = [1, (2, math.nan), {"k": b"v", 3: LONE}]
    extra = {"x": inner, "level_": "a", "m": {"a": {1, 2}}}
    before = repr(extra)
    log.info("hello", extra=extra)
    if repr(extra) != before:
        raise AssertionError("changed to %r" % extra)


@case_of("A filter sees the record's own attributes unchanged afterwards.",
         checks=[field("message", "hello 1")])
def _(log):
    made = logging.LogRecord("kit", 20, "kit.py", 1, "hello %d", (1,), None)
    before = dict(made.__dict__)
    log.handle(made)
    for name in before:
        if made.__dict__.get(name) != before[name]:
            raise AssertionError("%s was changed" % name)


for _name in logging.makeLogRecord({}).__dict__:
    @case_of("A record without %s keeps the rest." % _name, checks=[
        check for check, names in zip(BASIC, (
            ["levelname"], ["name"], ["msg", "args"])) if _name not in names])
    def _(log, name=_name):
        made = logging.LogRecord("kit", 20, "kit.py", 1, "hello", (), None)
        del made.__dict__[name]
        log.handlers[0].handle(made)  # a Logger itself needs levelno


case("A level's name that is no text costs no record.",
     lambda log: record(log, levelname=failing("__str__")),
     field("message", "hello"))
case("A logger's name that is no text costs no record.",
     lambda log: record(log, name=failing("__str__")),
     field("message", "hello"), field("level", "INFO"))
for _error in (KeyboardInterrupt, SystemExit):
    case("%s in __str__ passes through." % _error.__name__,
         lambda log, error=_error: log.info(failing("__str__", error)),
         raises=_error)


# ---- Clause 3: no forging -------------------------------------------

_OWN = sorted({key for keys in KEYS.values() for key in keys}
              | {"exception", "exc_info", "exc_text", "error", "stack",
                 "stack_info", "degraded", "extra"})
_TAKEN = {"message", "asctime", *logging.makeLogRecord({}).__dict__}


@case_of("A caller's fields cannot pass for the formatter's own.",
         checks=BASIC)
def _(log):
    log.info("hello", extra={key: "forged" for key in _OWN
                             if key not in _TAKEN})


for _count in range(4):
    _extra = {key + "_" * _count: "forged " + key + "_" * _count
              for key in _OWN if key + "_" * _count not in _TAKEN}
    case("Own names with %d underscores forge and lose nothing." % _count,
         lambda log, extra=_extra: log.info("hello", extra=extra),
         *BASIC, tells(*_extra.values()))
case("An own name with and without an underscore are both kept.",
     lambda log: log.info("hello", extra={
         key + "_" * count: "%s %d." % (key, count)
         for key in _OWN for count in range(1, 4)}),
     *BASIC, tells(*("%s %d." % (key, count)
                     for key in _OWN for count in range(1, 4))))


@case_of("A caller's fields cannot pass for an exception.",
         checks=[*WARNED, traced])
def _(log):
    try:
        raise ValueError("boom")
    except ValueError:
        log.exception("hello", extra={
            key: "forged" for key in ("exception", "error", "exc_type",
                                      "exc_message", "traceback")})


# ---- Clause 4: bounded, whatever the stack --------------------------

def nest(depth, inner=1, dicts=True):
    for _ in range(depth):
        inner = {"d": inner} if dicts else [inner]
    return inner


def cycle():
    data = {"list": []}
    data["list"].append(data)
    return data


extra_case("Moderate nesting is kept whole.", lambda: nest(10),
           holds("x", nest(10)))
extra_case("The same list twice is no cycle.", lambda: [[[1]] * 2] * 2,
           holds("x", [[[1], [1]], [[1], [1]]]))
extra_case("A cycle costs no record.", cycle, bounded)
extra_case("A cycle does not harm its neighbours.",
           lambda: {"before": 1, "cycle": cycle(), "after": 2}, bounded,
           holds("before", 1), holds("after", 2))
case("A cycle as an argument costs no record.",
     lambda log: log.info("hello %s", cycle()), tells("hello"), bounded)
case("A cycle as a message costs no record.",
     lambda log: log.info(cycle()), field("level", "INFO"), bounded)

@functools.lru_cache(maxsize=None)
def abyss(dicts=True):
    """Return a million dicts or lists, one in the other."""
    return nest(10**6, dicts=dicts)


extra_case("A dict nested 10**6 deep costs no record.", abyss,
           bounded, shallow, alone=True)
extra_case("A list nested 10**6 deep costs no record.",
           lambda: abyss(False), bounded, shallow, alone=True)
case("A deep argument costs no record.",
     lambda log: log.info("hello %s", abyss()),
     tells("hello"), bounded, shallow, alone=True)
case("A deep message costs no record.", lambda log: log.info(abyss()),
     field("level", "INFO"), bounded, shallow, alone=True)


@case_of("A deep exception argument costs no record.", alone=True,
         checks=[*WARNED, tells("ValueError"), bounded, shallow])
def _(log):
    try:
        raise ValueError(abyss())
    except ValueError:
        log.exception("hello")


def small_stack(log, make):
    """Log make() from a thread with a stack of 64 KiB."""
    failed = []

    def target():
        try:
            log.info("hello", extra={"x": data})
        except BaseException as error:
            failed.append(error)
    data = make()
    size = threading.stack_size(65536)
    try:
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    if failed:
        raise failed[0]


def high_limit(log, make):
    """Log make() with the recursion limit out of the way."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        log.info("hello", extra={"x": make()})
    finally:
        sys.setrecursionlimit(limit)


for _what, _make in (("A cycle", cycle), ("A deep dict", abyss),
                     ("A deep list", lambda: abyss(False))):
    case(_what + " in a thread with a small stack costs no record.",
         lambda log, make=_make: small_stack(log, make),
         *BASIC, bounded, shallow, alone=True)
    case(_what + " under a high recursion limit costs no record.",
         lambda log, make=_make: high_limit(log, make),
         *BASIC, bounded, shallow, alone=True)


@case_of("Near the recursion limit a line comes out whenever format() runs.",
         checks=[field("level", "INFO")], alone=True)
def _(log):
    handler = log.handlers[0]
    made = logging.LogRecord("kit", 20, "kit.py", 1, "hello", (), None)
    made.x = [{"a": 1}]
    lines = []

    def descend(levels):
        if levels:
            return descend(levels - 1)
        return handler.formatter.format(made)
    depth = 0
    while True:
        try:
            line = descend(depth)
        except RecursionError as error:
            last = error.__traceback__
            while last.tb_next:
                last = last.tb_next
            if last.tb_frame.f_code is not descend.__code__:
                raise
            break
        # From here on the limit is near: from 300 levels on keep all.
        if depth > 300 or not lines:
            lines.append(line)
        depth += 1
    handler.stream.write("".join(line + "\n" for line in lines))
    handler.flush()
    return (len(lines),)


extra_case("A string of 200 MB is cut.", lambda: "x" * 200_000_000,
           typed("x", str), bounded, alone=True)
case("A message of 200 MB is cut.",
     lambda log: log.info("hello " + "x" * 200_000_000),
     field("level", "INFO"), tells("hello"), bounded, alone=True)
extra_case("A list of 10**7 items is cut.", lambda: [0] * 10**7,
           typed("x", list), bounded, alone=True)
extra_case("A dict of 10**6 items is cut.",
           lambda: dict.fromkeys(range(10**6)),
           typed("x", dict), bounded, alone=True)
extra_case("Many long strings are cut.",
           lambda: {str(i): "x" * 10_000 for i in range(1000)},
           typed("x", dict), bounded)
case("A long logger name is cut.",
     lambda log: record(log, name="n" * 5_000_000), bounded, *BASIC[2:])
case("A long key is cut.",
     lambda log: log.info("hello", extra={"k" * 5_000_000: "v"}),
     bounded, *BASIC)
case("Long arguments of a bad template are cut.",
     lambda log: log.info("%d hello", "x" * 5_000_000), tells("hello"),
     bounded)


@case_of("What has a wide tree by sharing is cut.", checks=[*BASIC, bounded],
         alone=True)
def _(log):
    data = ["leaf"]
    for _ in range(30):
        data = [data] * 30
    log.info("hello", extra={"x": data})


# ---- Clause 5: time -------------------------------------------------

for _created, _ns in (
    (0.0, 0), (1700000000.123, 1700000000123 * 10**6),
    (1700000000, 1700000000 * 10**9), (-0.5, -5 * 10**8),
    (-1.0, -10**9), (-86400.25, -8640025 * 10**7),
    (951782400.0, 951782400 * 10**9), (4102444799.999, 4102444799999 * 10**6),
    (-62135596800.0, -62135596800 * 10**9),
    (253402300799.0, 253402300799 * 10**9),
):
    case("The time of created=%r is right, in RFC 3339." % _created,
         lambda log, created=_created: record(log, created=created, msecs=0.0),
         *BASIC, timed(_ns))
for _created in (253402300800.0, -62135596801.0, 1e300, math.nan, math.inf,
                 -math.inf, None, "now", 10**400, [], LONE):
    case("No time is made up for created=%.20a, and nothing else lost."
         % (_created,),
         lambda log, created=_created: record(log, created=created),
         *BASIC, untimed)


@case_of("The time is the record's, not that of formatting.",
         checks=[*BASIC, timed(10**18)])
def _(log):
    record(log, created=1e9, msecs=0.0)


case("The time comes from created alone, not from msecs.",
     lambda log: record(log, created=1e9 + 0.25, msecs=999.0),
     timed(1_000_000_000_250_000_000))


# ---- Clause 6: exceptions -------------------------------------------

class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


def chained():
    try:
        raise KeyError("root cause")
    except KeyError as error:
        raise RuntimeError("outer") from error


def in_context():
    try:
        raise KeyError("context")
    except KeyError:
        raise RuntimeError("outer")


def suppressed():
    try:
        raise KeyError("hidden")
    except KeyError:
        raise RuntimeError("outer") from None


def noted():
    error = ValueError("boom")
    error.__notes__ = ["a note", "two\nlines"]
    raise error


def odd_notes():
    error = ValueError("boom")
    error.__notes__ = [1, None, failing("__str__")]
    raise error


def syntax():
    compile("a = = 1", "kit\n.py", "exec")


def bad_syntax():
    raise SyntaxError("bad", ("file.py", 1, 2, "text"))


def recursion():
    def again(number):
        return again(number + 1)
    again(0)


def loop():
    error = ValueError("loop")
    error.__cause__ = KeyError("other")
    error.__cause__.__cause__ = error
    raise error


def misspelt():
    return [].appendd


def multiline():
    raise ValueError("one\ntwo\n\nthree\n")


def grouped():
    raise ExceptionGroup("group", [  # noqa: F821
        ValueError("first"),
        ExceptionGroup("inner", [KeyError("nested member")]),  # noqa: F821
    ])


RAISING = [chained, in_context, suppressed, noted, syntax, bad_syntax,
           recursion, loop, misspelt, multiline]
if sys.version_info >= (3, 11):
    RAISING.append(grouped)


def log_exception(log, function, **options):
    try:
        function()
    except Exception:
        log.error("hello", exc_info=True, **options)


for _function in RAISING:
    case("The text of an exception is traceback's: %s."
         % _function.__name__,
         lambda log, function=_function: log_exception(log, function),
         *WARNED, field("message", "hello"), traced)
case("A root cause is not lost.", lambda log: log_exception(log, chained),
     tells("root cause", "outer"))
case("A suppressed context stays hidden.",
     lambda log: log_exception(log, suppressed), hides("KeyError"))
if sys.version_info >= (3, 11):
    case("Notes are not lost.", lambda log: log_exception(log, noted),
         tells("boom", "a note", "two\nlines"))
    case("Members of groups are not lost.",
         lambda log: log_exception(log, grouped),
         tells("ExceptionGroup", "first", "nested member"))
case("Notes that are no strings cost no record.",
     lambda log: log_exception(log, odd_notes), *WARNED, tells("ValueError"))


@case_of("An exception without a text costs neither record nor type.",
         checks=[*WARNED, tells("Unprintable")])
def _(log):
    try:
        raise Unprintable
    except Unprintable:
        log.exception("hello")


@case_of("An exception without a text in a chain costs no other.",
         checks=[*WARNED, tells("outer", "Unprintable")])
def _(log):
    try:
        try:
            raise Unprintable
        except Unprintable as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        log.exception("hello")


@case_of("sys.tracebacklimit is obeyed.", checks=[*WARNED, tells("KeyError"),
                                                  hides("line_of_the_limit")])
def _(log):
    def line_of_the_limit():
        raise KeyError("limited")
    sys.tracebacklimit = 1
    try:
        log_exception(log, line_of_the_limit)
    finally:
        del sys.tracebacklimit


case("exc_info outside an except block costs no record.",
     lambda log: log.error("hello", exc_info=True), *WARNED,
     field("message", "hello"))
case("An exception that was never raised is told.",
     lambda log: log.error("hello", exc_info=ValueError("boom")), *WARNED,
     tells("ValueError", "boom"))
for _info in ((None, None, None), (ValueError, None, None), (), 5, "text",
              (1, 2, 3), True):
    case("exc_info=%a on a record costs no record." % (_info,),
         lambda log, info=_info: record(log, exc_info=info), *BASIC)
case("exc_text without exc_info is told.",
     lambda log: record(log, exc_text="Traceback (m):\n  X\nValueError: boom"),
     *BASIC, tells("Traceback (m):\n  X\nValueError: boom"))
case("stack_info is told.",
     lambda log: log.info("hello", stack_info=True), *BASIC,
     tells("Stack (most recent call last):"))
case("stack_info and an exception are both told.",
     lambda log: log_exception(log, chained, stack_info=True), *WARNED, traced,
     tells("Stack (most recent call last):"))
case("stack_info that is no text costs no record.",
     lambda log: record(log, stack_info=["x"]), *BASIC)


@case_of("A traceback of a long chain has its end and a bound.",
         checks=[*WARNED, bounded, tells("ValueError: 4999")], alone=True)
def _(log):
    error = None
    for number in range(5000):
        new = ValueError(number)
        new.__cause__ = error
        error = new
    log.error("hello", exc_info=error)


@case_of("An exception with 100 000 notes has a bound.",
         checks=[*WARNED, bounded, tells("boom")], alone=True)
def _(log):
    error = ValueError("boom")
    error.__notes__ = ["note %d" % i for i in range(100_000)]
    log.error("hello", exc_info=error)


def caught(function):
    """Return the record of an exception, as a Logger makes it."""
    try:
        function()
    except Exception:
        return logging.LogRecord("kit", 40, "kit.py", 1, "hello %d", (1,),
                                 sys.exc_info())


@case_of("A record that SocketHandler pickled keeps its trace.",
         checks=[*WARNED, field("message", "hello 1"),
                 tells("root cause", "RuntimeError: outer")])
def _(log):
    handler = logging.handlers.SocketHandler("localhost", 1)
    data = handler.makePickle(caught(chained))
    handler.close()
    log.handle(logging.makeLogRecord(pickle.loads(data[4:])))


@case_of("A record that a QueueHandler prepared keeps its trace.",
         checks=[*WARNED, tells("hello 1", "root cause",
                                "RuntimeError: outer")])
def _(log):
    handler = logging.handlers.QueueHandler(queue.Queue())
    handler.handle(caught(chained))
    log.handle(handler.queue.get())


@case_of("Set on a QueueHandler, the formatter makes the line there.",
         checks=[*WARNED, field("message", "hello 1"), tells("root cause")])
def _(log):
    handler = logging.handlers.QueueHandler(queue.Queue())
    handler.setFormatter(log.handlers[0].formatter)
    handler.handle(caught(chained))
    log.handlers[0].stream.write(handler.queue.get().getMessage() + "\n")
    log.handlers[0].flush()


@case_of("Attributes of a record factory are told.",
         checks=[*BASIC, holds("request_id", "r-1")])
def _(log):
    old = logging.getLogRecordFactory()

    def factory(*args, **kwargs):
        made = old(*args, **kwargs)
        made.request_id = "r-1"
        return made
    logging.setLogRecordFactory(factory)
    try:
        log.info("hello")
    finally:
        logging.setLogRecordFactory(old)


class BraceRecord(logging.LogRecord):
    def getMessage(self):
        return self.msg.format(*self.args)


case("A record class with its own getMessage is honoured.",
     lambda log: log.handle(BraceRecord("kit", 20, "kit.py", 1, "{}{}",
                                        ("hel", "lo"), None)), *BASIC)
case("A getMessage that raises costs no record.",
     lambda log: log.handle(BraceRecord("kit", 20, "kit.py", 1, "{} {}",
                                        ("hello",), None)),
     *BASIC[:2], tells("{} {}"))


# ---- Clause 7: a pure function --------------------------------------

@case_of("The same record makes the same line twice.", checks=BASIC)
def _(log):
    made = logging.LogRecord("kit", 20, "kit.py", 1, "hello", (), None)
    made.x = {"a": [1, {2}]}
    first = log.handlers[0].format(made)
    log.handle(made)
    if log.handlers[0].format(made) != first:
        raise AssertionError("%r, then another" % first)


@case_of("Eight threads make lines that do not mix.",
         checks=[field("level", "INFO"), lambda line: (
             None if [line.field("message")] == line.find("x")
             else "%a with %a" % (line.field("message"), line.find("x")))])
def _(log):
    def work(number):
        for i in range(50):
            text = "%d of %d" % (i, number)
            log.info("%d of %d", i, number, extra={"x": text})
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return (400,)


# ---- Running the cases ----------------------------------------------

def _judge(case, formatter, keys):
    """Run *case* in this process: its outcome and why."""
    records, problems = [], []
    log = logging.Logger("kit")
    log.addFilter(lambda made: records.append(made) or True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kit.log")
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.handleError = lambda made: problems.append(sys.exc_info()[1])
        handler.setFormatter(formatter)
        log.addHandler(handler)
        raised = None
        try:
            counts = case.log(log)
        except BaseException as error:
            raised = error
        finally:
            handler.close()
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    if case.raises:
        if type(raised) is case.raises:
            return "passed", ""
        return "wrong", "%s did not come out" % case.raises.__name__
    if raised is not None:
        return "raised", _short(raised)
    if problems:
        return "lost", _short(problems[0])
    if lines.pop():
        return "invalid", "the last line has no newline"
    if len(lines) not in (counts or (1,)):
        return ("invalid" if lines else "lost"), "%d lines" % len(lines)
    if len(records) != len(lines):
        records = [records and records[-1]] * len(lines)
    for raw, made in zip(lines, records):
        try:
            line = Line(raw, made, keys)
        except (ValueError, RecursionError) as error:
            return "invalid", "%s: %.200r" % (_short(error), raw)
        for check in case.checks:
            reason = check(line)
            if reason:
                return "wrong", reason
    return "passed", ""


def _short(error):
    with contextlib.suppress(Exception):
        return "%s: %.200s" % (type(error).__name__, error)
    return type(error).__name__


def _judge_alone(case, formatter, keys):
    """Run *case* in a process of its own, where it may crash."""
    abyss(), abyss(False)   # made once, for all children
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Other threads, a test runner's for example, do not matter here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        status = 1
        try:
            os.close(reader)
            signal.alarm(MAX_SECONDS)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            result = json.dumps(_judge(case, formatter, keys))
            os.write(writer, result.encode()[:4096])
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader, "rb") as file:
        told = file.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGALRM:
            return "crashed", "did not end in %d seconds" % MAX_SECONDS
        return "crashed", signal.Signals(number).name
    return json.loads(told) if told else ("crashed", "without a word")


def run(formatter_factory, keys=KEYS, cases=CASES):
    """
    Return a Result for each case, run through formatter_factory().

    *keys* says under which names to look for the four fields.
    """
    results = []
    for case in cases:
        judge = _judge_alone if case.alone else _judge
        results.append(Result(case.sentence,
                              *judge(case, formatter_factory(), keys)))
    return results


def main(argv=None):
    parser = argparse.ArgumentParser(
        description="Run a JSON formatter through the conformance cases.")
    parser.add_argument("formatter", metavar="package.module:Class")
    parser.add_argument("--key", action="append", default=[],
                        metavar="FIELD=NAME",
                        help="where a field is, as in message=event")
    parser.add_argument("--quick", action="store_true",
                        help="only cases that need no process of their own")
    options = parser.parse_args(argv)
    keys = dict(KEYS)
    for pair in options.key:
        name, _, key = pair.partition("=")
        if name not in KEYS or not key:
            parser.error("--key takes %s=NAME" % "|".join(KEYS))
        keys[name] = (key,)
    module, _, name = options.formatter.partition(":")
    sys.path.insert(0, os.getcwd())
    factory = importlib.import_module(module)
    for part in name.split("."):
        factory = getattr(factory, part)
    started = time.monotonic()
    results = run(factory, keys, [
        case for case in CASES if not (options.quick and case.alone)])
    counts = collections.Counter(result.outcome for result in results)
    for result in results:
        if result.outcome != "passed":
            print("%-8s %s\n         %s" % (result.outcome, result.sentence,
                                            result.reason))
    print("%d cases in %.1f s: %s" % (
        len(results), time.monotonic() - started,
        ", ".join("%d %s" % (counts[outcome], outcome)
                  for outcome in OUTCOMES)))
    return 0 if counts["passed"] == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
