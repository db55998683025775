"""Records and formatters where the PEP's sentences are read closely.

Each case is a name, a function that makes a formatter of a class, and a
function that makes a record.  What the two make of it is compared: by
test_second.py, with the implementation written from the PEP; by
test_fast.py, of the fast path with the plain core.
"""

import collections
import dataclasses
import datetime
import enum
import logging
from collections.abc import Mapping, Sequence

__all__ = ["CASES", "line"]

CASES = []


def line(make, record, cls):
    """Return the line of a case, or the kind of error that is raised."""
    try:
        formatter = make(cls)
    except (TypeError, ValueError) as error:
        return TypeError if isinstance(error, TypeError) else ValueError
    return formatter.format(record())


def case(name, make, record):
    CASES.append((name, make, record))


def record(*pairs, without=(), **attributes):
    """Return a function that makes a record with more and less on it."""
    def make():
        made = logging.makeLogRecord({
            "msg": "m", "created": 1700000000.0, "levelname": "INFO",
            "name": "n"})
        made.__dict__.update(attributes)
        made.__dict__.update(pairs)
        for name in without:
            made.__dict__.pop(name, None)
        return made
    return make


def options(**given):
    """Return a function that makes a formatter with attributes set."""
    def make(cls):
        later = {name: given[name] for name in given
                 if name in ("max_depth", "max_items")}
        made = cls(**{name: given[name] for name in given
                      if name not in later})
        for name, value in later.items():
            setattr(made, name, value)
        return made
    return make


def subclass(fmt=None, defaults=None, **methods):
    """Return a function that makes a formatter of a subclass."""
    return lambda cls: type("Sub", (cls,), methods)(fmt, defaults=defaults)


def extra_set_later(key):
    def make(cls):
        formatter = cls()
        formatter.extra = key
        return formatter
    return make


def fail(*args):
    raise ValueError


def nested(depth, obj=1):
    for _ in range(depth):
        obj = [obj]
    return obj


class Text:
    """What prints as *text*."""

    def __init__(self, text="text"):
        self.text = text

    def __repr__(self):
        return self.text


class Bad:
    __repr__ = fail


class Str(str):
    pass


class Tuple(tuple):
    pass


nan, inf = float("nan"), float("inf")
plain = options()

# How deep, and inside of what.


class Chain:
    """What default() makes shorter."""

    def __init__(self, length):
        self.length = length


def shorter(obj):
    if type(obj) is Chain and obj.length:
        return Chain(obj.length - 1)
    return str(type(obj))


for length in range(3, 7):
    case("a chain by default() of %d" % length,
         options(max_depth=5, default=shorter), record(x=Chain(length)))
case("lists in lists", options(max_depth=3), record(x=nested(4)))
case("an exception's arguments", options(max_depth=5),
     record(x=ValueError(nested(6))))
case("an exception too deep", plain, record(x=ValueError(nested(60))))
case("an exception too deep, as message",
     options(fmt=["exc_type", "exc_message"]),
     record(exc_info=(ValueError, ValueError(nested(60)), None)))
for depth in 2, 3:
    case("a tuple as key, %d deep" % depth, options(max_depth=depth),
         record(x={(1, 2): 1}))
for depth in range(48, 52):
    case("message %d deep" % depth, plain, record(msg=nested(depth)))

# The table of types.


class SelfDate(datetime.date):

    def isoformat(self):
        return self


class Choice(enum.Enum):
    DAY = datetime.date(2020, 1, 1)


case("a method that returns its object", plain,
     record(x=SelfDate(2020, 1, 1)))
case("an enum of a date", plain, record(x=Choice.DAY))
case("a UserString", plain, record(x=collections.UserString("a")))
case("a class of the table's name", plain, record(x=type("complex", (), {
    "__module__": "__main__", "__str__": lambda self: "mine",
    "__repr__": lambda self: "representation"})()))

# Containers.


class DictAndSequence(dict):
    pass


class MappingAndSequence(Mapping, Sequence):

    def __getitem__(self, key):
        return {"a": 1}[key]

    def __len__(self):
        return 1

    def __iter__(self):
        return iter(["a"])


class Lies(list):

    def __len__(self):
        return 1


class HasNoLength(list):
    __len__ = fail


@dataclasses.dataclass
class Four:
    a: object = 1
    b: object = 2
    c: object = 3
    d: object = 4


@dataclasses.dataclass
class Secretive:
    a: object = 1
    b: object = 2

    def __getattribute__(self, name):
        if name == "b":
            raise KeyError
        return object.__getattribute__(self, name)


Sequence.register(DictAndSequence)
for obj in (DictAndSequence(a=1), MappingAndSequence(), Secretive(nan),
            {Text("a"): nan, (nan,): 2}):
    case("a %s" % type(obj).__name__, plain, record(x=obj))
for obj in (Lies([1, 2, 3, 4]), HasNoLength([1, 2, 3, 4]), Four(),
            [nan, 1, 2]):
    case("two of a %s" % type(obj).__name__,
         options(fmt=["x"], max_items=2), record(x=obj))
case("keys of 99 characters", plain, record(x={
    "k" * 99: 1, **{Text("k" * 99): n for n in range(4)}}))
case("keys of 100 characters", plain, record(x={
    "k" * 100: 1, Text("k" * 100): 2, Text("k" * 100): 3}))
case("controls in a key", options(ensure_ascii=False),
     record(x={("\x7f",): 1}))
case("controls in arguments", options(ensure_ascii=False),
     record(msg="%d", args=("\x7f\u2028",)))

# Marks and notes.


def long_name(record):
    raise type("E" * 150, (Exception,), {})


def no_module(record):
    raise type("E", (Exception,), {"__module__": None})


long_name.__qualname__ = "f" * 150
case("long names", options(fmt={"a": long_name}), record())
case("an error without a module", options(fmt={"a": no_module}), record())
case("a long path", plain, record(("..a" + "b" * 120, nan)))

# The message.
case("the notes of a message", plain, record(msg=Bad(), args=(nan,)))
case("a bad message alone", plain, record(msg=Bad()))
case("a bad message with another tuple", plain,
     record(msg=Bad(), args=Tuple()))
case("a forged mark", plain, record(msg="!ERROR: x %d"))
case("arguments as text", plain, record(msg="%d", args=("x", {"a": [1, 2]})))
for names in ("msg",), ("args",), ("msg", "args"):
    case("a record without %s" % " and ".join(names), plain,
         record(without=names))

# Fields.
for name in "taskName", "exc_text", "stack_info", "exc_type", "lineno":
    case("%s is missing" % name, options(fmt=[name, "message"]),
         record(without=[name]))
for name in ("exc_text", "exc_type", "exc_message", "stack_info", "asctime",
             "message", "taskName", "levelname", "degraded", "exception"):
    for fmt in None, ["message"], [name, "message"]:
        make = options(fmt=fmt, defaults={name: "D"})
        case("default of %s, fmt %s" % (name, fmt), make,
             record(without=[name]))
        case("%s and its default, fmt %s" % (name, fmt), make,
             record((name, "V")))
case("defaults of one name", options(fmt={"a": "name"},
                                     defaults={"a": 1, "a_": 2}), record())
case("defaults under a key", options(fmt={"a": "name", "b": {"c": "x"}},
                                     defaults={"b": 1, "exception": 2}),
     record(x=1))
for depth in 9, 10, 11:
    fmt = "name"
    for _ in range(depth):
        fmt = {"k": fmt}
    case("fmt %d deep" % depth, options(fmt=fmt), record())
for fmt in ({1: "name"}, {"\ud83d\ude00": "name"}, {"\ud83d": "name"},
            ["degraded"], "%(degraded)s", {"a": {"degraded": "name"}}):
    case("fmt=%a" % (fmt,), options(fmt=fmt), record())
for given in ({"utc": 1}, {"timespec": 5}, {"timespec": None},
              {"timespec": "hours"}, {"extra": 1}, {"extra": None},
              {"default": 5}, {"ensure_ascii": 1}, {"max_bytes": 1.5},
              {"max_bytes": 1023}, {"max_bytes": "2048"}, {"defaults": 5},
              {"defaults": {1: 2}}, {"defaults": {"\ud800": 1}}, {"fmt": 5},
              {"fmt": {"a": 5}}, {"fmt": [5]}, {"fmt": ""}, {"fmt": []},
              {"fmt": "%(x"}, {"style": "{", "fmt": "{levelname}"}):
    case("given %a" % given, options(**given), record())
for key in "a", "exception", "degraded", "level", "level_", "", "\ud800":
    case("extra=%a" % key, options(extra=key, defaults={"a": 1}),
         record(x=1))
    if key != "degraded":       # what is set later is not checked
        case("extra=%a, later" % key, extra_set_later(key), record(x=1))
case("a datefmt that is a number", options(datefmt=5), record())
case("no time", options(datefmt="%Y"), record(created="x"))
case("a traceback that is none", plain,
     record(exc_info=(ValueError, ValueError("x"), "traceback")))
case("the text of an exception is a mark", plain,
     record(exc_text="!ERROR: x\ny"))
for stack in "", "S":
    for make in plain, subclass(formatStack=lambda self, text: "of " + text):
        case("stack %r" % stack, make, record(stack_info=stack))

# Extras.
case("equal keys", plain, record((1, "a"), ("1", "b"), (1.0, "c")))
case("keys that become standard names", plain,
     record((Str("lineno2"), "a"), (Text("lineno"), "b"), (b"name", 3)))
case("keys that become others' keys", plain, record((b"q", 1), ("q", 2)))
case("a key of a subclass", options(fmt=["zz", "message"]),
     record((Str("zz"), "a")))
case("a note about a key", plain, record(((nan,), inf)))
case("keys of fields", plain, record(
    ("message_", 1), ("message__", 2), ("level", 3), (b"level_", 4)))
case("keys in an object", options(extra="ctx"),
     record(("message_", 1), (2, 2), ("ctx", 3)))
for most in 5, 6, 7:
    case("%d keys at most" % most, options(max_items=most),
         record(a=nan, b=nan, c=1, d=1))

# Hooks.
for name in ("formatTime", "formatException", "formatStack", "usesTime",
             "mapExtra", "mapLogRecord"):
    case("%s raises" % name, subclass(**{name: fail}), record(
        x=1, stack_info="s", exc_info=ValueError("v")))
for fmt, defaults in ((["message", "levelname"], None),
                      (["levelname"], {"message": 1}),
                      (["levelname"], {"asctime": 1}),
                      ({"a": {"b": "message"}, "timestamp": "lineno"}, None),
                      ({"a": lambda record: 1, "m": "message"}, None)):
    case("mapExtra raises, fmt %s, defaults %s" % ([*fmt], defaults),
         subclass(fmt, defaults, mapExtra=fail), record(x=1))


def with_more(self, record):
    return {**super(type(self), self).mapLogRecord(record), "more": 1}


def in_itself(self, record):
    data = {"a": 1}
    data["d"] = data
    return data


class NoItems(Mapping):
    __getitem__ = __iter__ = __len__ = items = fail


case("mapExtra raises inside mapLogRecord",
     subclass(mapExtra=fail, mapLogRecord=with_more), record(x=1))
case("data in itself", subclass(mapLogRecord=in_itself), record())
for number, data in enumerate((
        NoItems(), "text", [1, nan], None, {"degraded": "x", "a": nan},
        {"degraded": "x", "a": 1}, {"degraded": [], "a": 1},
        {"degraded": ["x"] * 12, "a": 1},
        {"degraded": ["x"] * 9, "a": nan, "b": nan, "c": nan})):
    case("data %d" % number, subclass(
        mapLogRecord=lambda self, record, data=data: data), record())
twelve = {"x%d" % n: nan for n in range(12)}
case("data with many notes", subclass(
    mapLogRecord=lambda self, record: super(type(self), self).mapLogRecord(
        record)), record(**twelve))
case("data with many notes and one more", subclass(
    mapLogRecord=lambda self, record: {
        **super(type(self), self).mapLogRecord(record), "more": nan}),
    record(**twelve))
case("more data than there may be", subclass(
    max_items=3, mapLogRecord=lambda self, record: dict.fromkeys("abcdef")),
    record())


# Hostile classes.
class BadHash(type):
    __hash__ = fail


class BadBases(type):
    __mro__ = property(fail)


for meta in BadHash, BadBases:
    case("a class of %s" % meta.__name__, plain, record(x=meta(
        "C", (), {"__repr__": lambda self: "C"})()))
