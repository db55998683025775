"""
Building blocks for random records, hostile and plain.

Each block is a function of a chooser.  A chooser has four methods:
integer(low, high), choice(sequence), text() and number(); the one here
draws from random.Random, the one in strategies.py from Hypothesis, which
can shrink what it drew.  So the fuzzer needs no Hypothesis.
"""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import logging
import math
import pathlib
import random
import sys
import types
import uuid

__all__ = [
    "ALPHABET", "ATTRIBUTES", "Chooser", "ERRORS", "NUMBERS", "cyclic",
    "deep", "exc_info", "exception", "formatter_options", "hostile", "key",
    "moment", "plain", "raising", "record", "sized", "time", "usual",
    "value",
]

ALPHABET = ("abcxyz019 _.-'\"\\/%{}$<&\t\n\r\x00\x1b\x7f\x85\x9f"
            "\xe9\u4e2d\u2028\u2029\ufeff\uffff\U0001f600"
            "\ud800\udbff\udc00\udfff")
NUMBERS = (0.0, -0.0, 1.5, 1e16, 1e300, 5e-324, 0.1, -2.5e-7,
           math.nan, math.inf, -math.inf)


class Chooser:
    """Choose by a random.Random."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def integer(self, low, high):
        return low + int(self.random.random() * (high - low + 1))

    def choice(self, sequence):
        return sequence[int(self.random.random() * len(sequence))]

    def text(self):
        size = int(self.random.random() ** 2 * 12)
        return "".join(self.random.choices(ALPHABET, k=size))

    def number(self):
        if self.random.random() < 0.5:
            return self.choice(NUMBERS)
        return self.random.uniform(-1e6, 1e6)


# ---- Values with a JSON form ----------------------------------------

INTEGERS = (0, 1, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -2**63, -2**63 - 1,
            2**64, 10**100, -10**100, 2**2048 - 1, 2**2048, -2**2048,
            10**5000)


def scalar(c):
    """A value that json.dumps takes as it is."""
    kind = c.integer(0, 7)
    if kind < 3:
        return c.text()
    if kind == 3:
        return c.integer(-1000, 1000)
    if kind == 4:
        return c.number()
    return c.choice((None, True, False)) if kind < 7 else c.choice(INTEGERS)


class Colour(enum.Enum):
    RED = "red"
    BLUE = (1, 2)
    ODD = math.nan


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**64


class Flags(enum.Flag):
    A = 1
    B = 2


class Word(str, enum.Enum):
    YES = "yes"


@dataclasses.dataclass
class Account:
    user: object
    password: str = dataclasses.field(default="hunter2", repr=False)
    more: object = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    user: object = "joe"


class Slotted:
    __slots__ = ("a",)

    def __repr__(self):
        return "<slotted>"


Point = collections.namedtuple("Point", "x y")
ZONES = (None, datetime.timezone.utc,
         datetime.timezone(datetime.timedelta(hours=-5, minutes=-30)),
         datetime.timezone(datetime.timedelta(seconds=-2670)))


class NoZone(datetime.tzinfo):
    def utcoffset(self, when):
        raise ValueError("no offset")


def moment(c):
    """A datetime, date, time or timedelta."""
    year, zone = c.integer(1, 9999), c.choice(ZONES)
    micro = c.choice((0, 1, 123456, 999999))
    when = datetime.datetime(year, c.integer(1, 12), c.integer(1, 28),
                             c.integer(0, 23), 59, 59, micro, zone)
    return c.choice((
        when, when.date(), when.timetz(), when.replace(fold=1),
        datetime.timedelta(days=c.integer(-9, 9), microseconds=micro),
        when.replace(tzinfo=NoZone())))


OBJECTS = (
    uuid.UUID(int=1), pathlib.PurePosixPath("/tmp/\udcff"),
    pathlib.PureWindowsPath("C:/x"), decimal.Decimal("1.50"),
    decimal.Decimal("NaN"), decimal.Decimal("sNaN"),
    decimal.Decimal("-Infinity"), fractions.Fraction(1, 3), 1 + 2j,
    complex(math.nan, 1), Colour.RED, Colour.BLUE, Colour.ODD, Level.LOW,
    Level.HIGH, Flags.A | Flags.B, Word.YES, Frozen(), Slotted(), b"bytes",
    b"\xff\x00\n", bytearray(b"\xe9"), memoryview(b"view"), range(3),
    array.array("i", [1, 2]), int, Account, len, sys, ..., NotImplemented,
    object(), types.SimpleNamespace(a=1), (i for i in ()), iter([1]),
    Point(1, math.nan), ValueError("boom"), KeyError("k"), OSError(2, "no"),
    ValueError(), collections.UserDict(a=1), collections.UserList([1]),
    collections.UserString("u"), types.MappingProxyType({"a": 1}),
)


# ---- Objects that fight back ----------------------------------------

def raising(error):
    def method(self, *args, **kwargs):
        raise error("no way")
    return method


def _returning(result):
    def method(self, *args, **kwargs):
        return result
    return method


def _recursive(self, *args):
    return str(self) + repr(self)


class Unprintable(Exception):
    __str__ = __repr__ = raising(ValueError)


class Metaclass(type):
    """A class that refuses to be asked."""

    def __getattribute__(cls, name):
        raise ValueError(name)


METHODS = (
    "__str__", "__repr__", "__len__", "__iter__", "__getattr__",
    "__getattribute__", "__eq__", "__hash__", "__bool__", "__index__",
    "__int__", "__float__", "__format__", "__getitem__", "__lt__",
    "__contains__", "__next__", "__reversed__", "__copy__", "__deepcopy__",
    "isoformat", "items", "keys", "values", "encode", "decode", "tolist",
    "item", "_asdict", "get", "copy", "utcoffset", "as_tuple")
PROPERTIES = (
    "__class__", "__dict__", "value", "name", "__dataclass_fields__",
    "__module__", "__qualname__", "__name__", "__doc__", "dtype",
    "__notes__", "__cause__", "__context__", "__traceback__", "args")
RESULTS = (
    None, 5, "text", "\ud800\n", b"bytes", dict, str, int, list, tuple,
    Exception, datetime.datetime, enum.Enum, [1], {"a": 1}, "x" * 3000,
    math.nan, NotImplemented, object(), (1, 2), 10**5000)
ERRORS = (ValueError, RecursionError, MemoryError, AttributeError, TypeError,
          StopIteration, Unprintable, UnicodeDecodeError, OSError)
BASES = (
    (object, ()), (dict, ({"a": 1, "b": [2]},)), (list, ([1, 2],)),
    (str, ("text",)), (int, (5,)), (float, (2.5,)), (tuple, ((1, 2),)),
    (set, ({1, 2},)), (frozenset, ({1},)), (collections.deque, ([1],)),
    (collections.OrderedDict, ({"a": 1},)), (bytes, (b"b",)),
    (Exception, ("boom",)), (decimal.Decimal, ("1.5",)),
    (datetime.datetime, (2024, 1, 2)), (uuid.UUID, (None, b"x" * 16)),
    (collections.UserDict, ({"a": 1},)))


def hostile(c):
    """An object with a method or attribute that raises or lies."""
    if c.integer(0, 30) == 0:
        return c.choice(ODD)()
    base, args = c.choice(BASES)
    names = {}
    for _ in range(c.integer(1, 2)):
        if c.integer(0, 3):
            name, wrap = c.choice(METHODS), (lambda method: method)
        else:
            name, wrap = c.choice(PROPERTIES), property
        if c.integer(0, 1):
            names[name] = wrap(raising(c.choice(ERRORS)))
        else:
            names[name] = wrap(_returning(c.choice(RESULTS)))
    try:
        return type(c.choice(("Hostile", "int", "H\n<x>")), (base,),
                    names)(*args)
    except Exception:
        return Unprintable("not even made")


def _strange():
    return Metaclass("Strange", (), {})()


def _misnamed():
    made = type("Misnamed", (), {"__repr__": raising(ValueError)})
    made.__module__ = 5
    made.__qualname__ = "Mis\nnamed\ud800"
    return made()


def _broken_dataclass():
    made = Account("joe")
    del made.user
    return made


def _broken_enum():
    return object.__new__(Colour)


def _endless():
    """A sequence without an end, whatever its length says."""
    return type("Endless", (collections.UserList,), {
        "__len__": _returning(3), "__iter__": lambda self: iter(int, 1)})()


def _endless_dict():
    return type("EndlessDict", (collections.UserDict,), {
        "__len__": _returning(3),
        "__iter__": lambda self: iter(int, 1)})()


ODD = (
    _strange, _misnamed, _broken_dataclass, _broken_enum, _endless,
    _endless_dict,
    type("Recursive", (), {"__repr__": _recursive, "__str__": _recursive}),
)


# ---- Containers -----------------------------------------------------

NAMES = ("a", "b", "user", "level", "level_", "level__", "message",
         "message_", "timestamp", "logger", "exception", "exception_",
         "stack", "degraded", "degraded_", "ctx", "extra", "service",
         "request_id", "1", "null", "true", "_", "", "taskName")


def key(c):
    """A dict key: mostly a name, else anything that has a hash."""
    kind = c.integer(0, 9)
    if kind < 6:
        return c.choice(NAMES)
    if kind == 6:
        return c.text()
    if kind == 7:
        return c.choice((1, True, None, 1.5, math.nan, math.inf, 2**64,
                         10**5000, -0.0, 0, False))
    made = c.choice(OBJECTS) if kind == 8 else (
        (1, c.text()) if c.integer(0, 1) else hostile(c))
    try:
        hash(made)
    except Exception:
        return b"unhashable"
    return made


def deep(c):
    """Nesting about as deep as allowed, or much deeper."""
    made = c.choice((1, "x", [], {}))
    for level in range(c.choice((1, 5, 15, 16, 17, 18, 19, 20, 21, 22, 100,
                                 3000))):
        made = (c.choice(([made], {"d": made}, (made,)))
                if level < 25 else [made])
    return made


def cyclic(c):
    """A container that holds itself, or one thing several times."""
    inner = c.choice(([], {}, collections.deque(), collections.UserDict(),
                      collections.UserList(), types.SimpleNamespace(),
                      Account("joe"), ValueError()))
    outer = c.choice(([1, inner], {"a": inner}, (inner, inner),
                      [[inner], {"b": inner}]))
    if isinstance(inner, (dict, collections.UserDict)):
        inner["self"] = outer
    elif isinstance(inner, ValueError):
        inner.args = (outer,)
    elif hasattr(inner, "append"):
        inner.append(outer)
    elif c.integer(0, 1):
        inner.more = outer
    return outer


def container(c, depth):
    """A container of values."""
    items = [value(c, depth + 1) for _ in range(c.integer(0, 3))]
    kind = c.integer(0, 11)
    if kind < 5:
        made = {}
        for item in items:
            name = key(c)
            try:
                made[name] = item
            except Exception:
                made["refused"] = item
        if kind == 4:
            return c.choice((collections.OrderedDict, collections.UserDict,
                             types.MappingProxyType, collections.ChainMap)
                            )(made)
        return made
    if kind < 8:
        return items
    if kind == 8:
        return tuple(items)
    if kind == 9:
        return collections.deque(items)
    if kind == 10:
        return Account(items, more=items)
    try:
        return c.choice((set, frozenset))(items)
    except Exception:
        return {c.integer(0, 9), "a", None}


def value(c, depth=0):
    """Anything a caller may put on a record."""
    kind = c.integer(0, 29)
    if kind < 16 or depth > 3:
        return scalar(c)
    if kind < 21:
        return container(c, depth)
    if kind < 23:
        return moment(c)
    if kind < 26:
        return c.choice(OBJECTS)
    if kind < 28:
        return hostile(c)
    if kind == 28:
        return exception(c) if c.integer(0, 3) == 0 else Account(c.text())
    return c.choice((deep, cyclic))(c) if c.integer(0, 3) == 0 else "x" * 999


def plain(c, depth=0):
    """Data that json.dumps writes and json.loads reads back unchanged."""
    kind = c.integer(0, 8)
    if kind < 3 or depth > 4:
        return c.text().encode("utf-8", "ignore").decode()
    if kind == 3:
        return c.integer(-2**63, 2**63 - 1)
    if kind == 4:
        number = c.number()
        return number if math.isfinite(number) else None
    if kind == 5:
        return c.choice((None, True, False))
    items = [plain(c, depth + 1) for _ in range(c.integer(0, 3))]
    if kind == 6:
        return items
    return {name + str(number): item
            for number, (name, item) in enumerate(zip(NAMES, items))}


def sized(c, depth=0):
    """Nested containers, from small to larger than a line may hold."""
    kind = c.integer(0, 5) if depth < 14 else 0
    if kind < 2:
        return c.choice((scalar(c), "x" * c.choice((10, 300, 5000, 70_000))))
    items = [sized(c, depth + c.choice((1, 4)))
             for _ in range(c.integer(0, 3))]
    items *= c.choice((1, 1, 2, 30, 1500) if depth == 0 else (1, 1, 2, 30)
                      if depth == 1 else (1, 2))
    if kind == 2:
        return items
    if kind == 3:
        return tuple(items)
    return {key(c) if kind == 5 and not number % 7 else "key%d" % number:
            item for number, item in enumerate(items)}


# ---- Exceptions -----------------------------------------------------

class Slow(Exception):
    """An exception of ours, with a module in its name."""


def _raise(error, frames):
    if frames:
        _raise(error, frames - 1)
    raise error


def exception(c, depth=0):
    """An exception of any kind, mostly raised and so with a traceback."""
    kind = c.integer(0, 11)
    if kind < 5:
        error = c.choice((ValueError, KeyError, Slow, OSError))(c.text())
    elif kind == 5:
        error = SyntaxError(c.text(), c.choice((
            ("f.py", 1, 2, "a = = 1\n"), ("f\n.py", 1, 2, "a\ud800"),
            ("f.py", 10**9, -5, ""), (None, None, None, None))))
    elif kind == 6:
        error = Unprintable(c.text())
    elif kind == 7:
        error = c.choice((UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
                          ImportError("no", name="x"), StopIteration(),
                          AttributeError("appendd", name="appendd", obj=[])
                          if sys.version_info >= (3, 10)
                          else AttributeError("appendd")))
    elif kind == 8:
        error = ValueError(value(c, 3), value(c, 3))
    elif kind == 9 and sys.version_info >= (3, 11):
        error = ExceptionGroup(  # noqa: F821
            c.text(), [ValueError("first"), Slow("second")]
            + [exception(c, depth + 1)] * (depth < 2))
    else:
        made = hostile(c)
        try:
            error = (made if BaseException in type(made).__mro__
                     else ValueError(made))
        except Exception:
            error = Unprintable()
    if depth < 3 and c.integer(0, 2) == 0:
        try:
            error.__cause__ = exception(c, depth + 1)
            error.__context__ = exception(c, depth + 1)
            error.__suppress_context__ = bool(c.integer(0, 1))
            if c.integer(0, 4) == 0:
                error.__cause__.__cause__ = error
        except Exception:
            error = Slow("would not be chained")
    if c.integer(0, 4) == 0:
        try:
            error.__notes__ = c.choice((
                ["a note"], ["two\nlines", c.text()], [1, None], "text", 5,
                [Unprintable()], ()))
        except Exception:
            error = Slow("would not be noted")
    if c.integer(0, 7):
        try:
            _raise(error, c.choice((0, 0, 1, 2, 2, 40)))
        except Exception as raised:
            return raised
    return error


def exc_info(c):
    """What a record may carry as exc_info."""
    if c.integer(0, 19) == 0:
        return c.choice(((None, None, None), (ValueError, None, None), (), 5,
                         True, "text", (1, 2, 3), [ValueError("x")],
                         (ValueError, "text", None), ValueError("bare"),
                         (ValueError, ValueError("four"), None, 4)))
    error = exception(c)
    return type(error), error, BaseException.__traceback__.__get__(error)


# ---- Records --------------------------------------------------------

ODD_TIMES = (0, 0.0, -0.5, -1e9, 1e9 + 0.0000005, 1e9 + 0.0000015,
             253402300799.9999995, 253402300800.0, -62135596800.0,
             -62135596801.0, 1e300, math.nan, math.inf, None, "now",
             10**400, True, 2**31, 1e12, b"1", "\ud800")
ATTRIBUTES = tuple(logging.makeLogRecord({}).__dict__)
TEMPLATES = (("%s", 1), ("%s of %s", 2), ("%r and %a", 2), ("%5.2s|%-9s", 2))


def time(c):
    """A created: mostly between 1 and 9999, else odd."""
    kind = c.integer(0, 19)
    if kind < 14:
        return 1.7e9 + c.integer(0, 10**9) / 1000
    if kind < 17:
        return c.integer(-62135596800, 253402300799) + c.integer(0, 9) / 8
    return c.choice(ODD_TIMES) if kind < 19 else value(c, 3)


def record(c):
    """A LogRecord: mostly sane, with extras, and something odd in it."""
    made = logging.LogRecord(
        c.choice(("app", "app.db", "root", c.text())),
        c.choice((10, 20, 30, 40, 50, 25)), "/srv/app.py", c.integer(1, 999),
        c.text(), None, None, "function")
    attributes = made.__dict__
    attributes["created"] = time(c)
    kind = c.integer(0, 19)
    if 6 < kind < 12:
        made.msg, count = c.choice(TEMPLATES)
        made.args = tuple(value(c, 2) for _ in range(count))
    elif 11 < kind < 14:
        made.args = (scalar(c),)
    elif kind == 14:
        made.msg, made.args = "%(a)s", {c.choice("ab"): value(c, 2)}
    elif kind == 15:
        made.msg = value(c, 1)
    elif kind == 16:
        made.msg = hostile(c)
    elif kind == 17:
        made.args = value(c, 1)
    if c.integer(0, 5) == 0:
        made.exc_info = exc_info(c)
    if c.integer(0, 19) == 0:
        made.exc_text = c.choice(("Traceback:\nValueError: x", c.text(), 5))
    if c.integer(0, 19) == 0:
        made.stack_info = c.choice(("Stack (most recent call last):\n  x",
                                    c.text(), value(c, 2)))
    if c.integer(0, 9) == 0:
        made.taskName = c.choice((None, "Task-1", value(c, 2)))
    for _ in range(c.choice((0, 0, 1, 2, 3, 6))):
        name = key(c)
        try:
            if name not in ATTRIBUTES:
                attributes[name] = value(c)
        except Exception:
            attributes["refused"] = 1
    if c.integer(0, 9) == 0:
        attributes.pop(c.choice(ATTRIBUTES), None)
    if c.integer(0, 14) == 0:
        attributes[c.choice(ATTRIBUTES)] = value(c, 2)
    return made


def usual(c):
    """A LogRecord as programs make them, from few places and threads."""
    made = logging.LogRecord(
        c.choice(("app", "app.db", "root")), c.choice((10, 20, 30, 40)),
        c.choice(("/srv/app.py", "C:\\app\\db.py")), c.integer(1, 5),
        plain(c, 9), None, None, c.choice(("f", "<module>", "<lambda>")))
    made.created = 1.7e9 + c.integer(0, 4000) / 1e6
    made.thread = c.integer(1, 3)
    made.threadName = "Thread-%d" % made.thread
    kind = c.integer(0, 9)
    if kind < 3:
        made.msg, count = c.choice(TEMPLATES)
        made.args = tuple(plain(c, 9) for _ in range(count))
    elif kind == 3:
        try:
            _raise(c.choice((ValueError, Slow, KeyError))(plain(c, 9)),
                   c.integer(0, 3))
        except Exception as error:
            made.exc_info = type(error), error, error.__traceback__
    for number in range(c.choice((0, 0, 1, 2, 5))):
        made.__dict__["extra%d" % number] = plain(c)
    return made


# ---- Formatters -----------------------------------------------------

def _failing_field(record):
    raise KeyError("secret")


def _own_default(obj):
    if isinstance(obj, uuid.UUID):
        return {"uuid": obj.hex}
    if isinstance(obj, complex):
        raise ValueError("no complex")
    if isinstance(obj, fractions.Fraction):
        return [obj]
    raise TypeError


FIELDS = ("asctime", "levelname", "name", "message", "lineno", "exc_text",
          "exc_type", "stack_info", "request_id", "service", "taskName",
          "levelnam")
FORMATS = (
    (None, "%"), ("%(asctime)s %(levelname)-8s %(message)s", "%"),
    ("{levelname:>8} {message} {request_id}", "{"),
    ("$asctime ${name} $message", "$"), (["message"], "%"),
    ([], "%"), (["levelname", "exc_message", "asctime"], "%"),
    ({"t": "asctime", "m": "message"}, "%"),
    ({"log": {"level": "levelname", "deep": {"er": "lineno"}},
      "made": lambda record: {record.lineno, "set"},
      "none": lambda record: None, "bad": _failing_field}, "%"),
    ({"level": "name", "name": "levelname", "\u2028\x7f": "message"}, "%"),
)


def formatter_options(c):
    """Keyword arguments for JSONFormatter."""
    fmt, style = (None, "%") if c.integer(0, 1) else c.choice(FORMATS)
    if c.integer(0, 9) == 0:
        fmt, style = [c.choice(FIELDS) for _ in range(c.integer(1, 4))], "%"
        fmt = list(dict.fromkeys(fmt))
    options = {
        "fmt": fmt, "style": style,
        "extra": c.choice((True, True, True, False, "ctx", "extra", "\x7f")),
        "ensure_ascii": bool(c.integer(0, 1)), "utc": bool(c.integer(0, 3)),
        "timespec": c.choice(("milliseconds", "seconds", "microseconds")),
        "max_bytes": c.choice((1_000_000, 1_000_000, 1024, 1025, 2000, 9999)),
    }
    if c.integer(0, 3) == 0:
        options["defaults"] = {c.choice((
            "service", "request_id", "levelnam", "level", "degraded",
            "asctime", "message", "lineno", "taskName", "exc_type",
            "exc_message", "exc_text", "stack_info", "args")): value(c)}
    if c.integer(0, 3) == 0:
        options["default"] = c.choice((str, repr, _own_default,
                                       (lambda obj: obj)))
    if c.integer(0, 9) == 0:
        options["datefmt"] = c.choice(("%Y", "%d.%m. %H:%M", ""))
    return options
