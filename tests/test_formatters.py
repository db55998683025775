"""ISOFormatter and JSONFormatter: options, fields, hooks, by example."""

import collections
import copy
import datetime
import functools
import json
import logging
import math
import os
import pickle
import sys
import threading
import time
import types
import unittest

from .support import (BaseTest, ISOFormatter, JSONFormatter, make_record,
                      run_python, run_threads, strict_loads)

TIME = "2023-11-14T22:13:20.123Z"
BASE = {"timestamp": TIME, "level": "INFO", "logger": "app",
        "message": "hello"}
EUROPE = "CET-1CEST,M3.5.0,M10.5.0/3"
SECRET = "hunter2"
HOOKS = ("mapLogRecord", "mapExtra", "formatTime", "formatException",
         "formatStack", "usesTime")


def shop(cls):
    """Put *cls* into a module "shop", so that marks name it the same."""
    cls.__module__, cls.__qualname__ = "shop", cls.__name__
    return cls


def line_of(formatter, record=None):
    """Return the parsed line, whose order of keys is that of the text."""
    return strict_loads(formatter.format(record or make_record()))


def failure(text="boom"):
    """Return exc_info without frames."""
    return ValueError, ValueError(text), None


def full(text=SECRET):
    """Return a record with *text* wherever a record can have it."""
    return make_record(text, user=text, exc_info=failure(text),
                       exc_text=text, stack_info=text)


class FmtTest(BaseTest):
    def check(self, fmt, expected, style="%", record=None, **options):
        line = line_of(JSONFormatter(fmt, style=style, **options), record)
        self.assertEqual(list(expected.items()), list(line.items()))

    def test_none(self):
        """Without fmt a line has the default fields, in their order."""
        self.check(None, BASE)
        self.check(None, {**BASE, "exception": {
            "type": "ValueError", "message": "boom",
            "traceback": "ValueError: boom"}, "stack": "Stack:\n  x"},
            record=make_record(exc_info=failure(), stack_info="Stack:\n  x"))

    def test_percent(self):
        """Of a %-string the names count; "%%" is a sign."""
        record = make_record(lineno=3)
        for fmt in ("%(levelname)s%(lineno)d%(message)s",
                    "%(levelname)-8s [%(lineno)05d] %(message).100s!",
                    '{"a": "%(levelname)s", %(lineno)s, "%(message)s"}',
                    "100%% %(levelname)s %%(name)s %(lineno)x%%%(message)s",
                    "%(levelname)s %(lineno)s %(message)s %(levelname)s"):
            with self.subTest(fmt):
                self.check(fmt, {"levelname": "INFO", "lineno": 3,
                                 "message": "hello"}, record=record)

    def test_brace(self):
        """Of a {-string the names count; "{{" is a brace."""
        for fmt in ("{levelname}{message}", "{levelname:>8} {message!r:^9}",
                    "{{name}} {levelname} {{{message}}} {{}}"):
            with self.subTest(fmt):
                self.check(fmt, {"levelname": "INFO", "message": "hello"},
                           "{")

    def test_dollar(self):
        """Of a $-string the names count; "$$" is a sign."""
        for fmt in ("$levelname $message", "${levelname}x${message}x",
                    "$$name $levelname $$$message $$"):
            with self.subTest(fmt):
                self.check(fmt, {"levelname": "INFO", "message": "hello"},
                           "$")

    def test_invalid_strings(self):
        """logging's own check of strings stays, and so does validate."""
        for fmt, style in (("message", "%"), ("{message", "{"),
                           ("message", "$"), ("%(message)s", "x")):
            with self.subTest(fmt, style=style):
                with self.assertRaises(ValueError):
                    JSONFormatter(fmt, style=style)
        self.check("message", {}, validate=False)

    def test_list(self):
        """In a list each name is the key."""
        self.check(["message", "levelno"], {"message": "hello",
                                            "levelno": 20})
        self.check(("name",), {"name": "app"})
        self.check([], {})

    def test_mapping(self):
        """In a mapping keys have names, functions or mappings."""
        self.check({"msg": "message", "@timestamp": "asctime", "": "name",
                    "log": {"level": "levelname", "origin": {
                        "line": "lineno"}}, "copy": "message"},
                   {"msg": "hello", "@timestamp": TIME, "": "app",
                    "log": {"level": "INFO", "origin": {"line": 7}},
                    "copy": "hello"})
        self.check(types.MappingProxyType({"a": collections.UserDict(
            b="name")}), {"a": {"b": "app"}})

    def test_mapping_by_item(self):
        """A mapping is read by its items' access alone, as those of
        dictConfig want it."""
        class Converting(dict):
            def __getitem__(self, key):
                value = dict.__getitem__(self, key)
                return "levelname" if value == "ext" else value
        self.check(Converting(a="ext", b=Converting(c="ext")),
                   {"a": "INFO", "b": {"c": "INFO"}})

    def test_callables(self):
        """A function gets the record; its result is encoded as an extra."""
        self.check(
            {"line": lambda record: record.lineno + 1, "none": lambda r: None,
             "set": lambda record: {2, 1}, "kind": type,
             "in": {"none": lambda record: None}},
            {"line": 8, "set": [1, 2], "kind": "<class 'logging.LogRecord'>"})

    def test_failing_callable(self):
        """A function that raises is marked, and costs nothing else."""
        def price(record):
            raise KeyError(SECRET)
        price.__module__, price.__qualname__ = "shop", "price"
        what = "!ERROR: KeyError in shop.price of logging.LogRecord"
        self.check({"a": {"price": price}, "message": "message"},
                   {"a": {"price": what}, "message": "hello",
                    "degraded": ["a.price: " + what]})

    def test_appended(self):
        """Exception and stack are never lost, whatever fmt names."""
        record = make_record(exc_info=failure(), stack_info="Stack")
        exception = {"type": "ValueError", "message": "boom",
                     "traceback": "ValueError: boom"}
        self.check(["message"], {"message": "hello", "exception": exception,
                                 "stack": "Stack"}, record=record)
        self.check({"error": "exc_message"}, {"error": "boom",
                                              "stack": "Stack"},
                   record=record)
        self.check({"a": {"b": "stack_info"}},
                   {"a": {"b": "Stack"}, "exception": exception},
                   record=record)

    def test_appended_name_clash(self):
        """Their keys make way for those of fmt."""
        record = make_record(exc_info=failure(), stack_info="Stack")
        exception = {"type": "ValueError", "message": "boom",
                     "traceback": "ValueError: boom"}
        self.check({"exception": "name", "stack": "levelname"},
                   {"exception": "app", "stack": "INFO",
                    "exception_": exception, "stack_": "Stack"},
                   record=record)
        line = line_of(JSONFormatter({"exception": "name",
                                      "exception_": "levelname"}), record)
        self.assertEqual(["app", "INFO", exception, "Stack"],
                         list(line.values()))
        self.assertRegex(list(line)[2], "^exception__+$")

    def test_left_out(self):
        """Fields without anything to say are left out, None is null."""
        self.check({"e": {"t": "exc_type", "m": "exc_message",
                          "x": "exc_text"}, "s": "stack_info",
                    "task": "taskName", "thread": "threadName", "in": {}},
                   {"thread": None},
                   record=make_record(taskName=None, threadName=None))
        self.check(["taskName"], {"taskName": "Task-1"},
                   record=make_record(taskName="Task-1"))
        record = make_record()
        record.__dict__.pop("taskName", None)
        self.check(["taskName"], {}, record=record)

    def test_missing(self):
        """What a record lacks is a mark that names the attribute."""
        self.check(["message", "levelnam"],
                   {"message": "hello", "levelnam": "!MISSING: levelnam",
                    "degraded": ["levelnam: !MISSING: levelnam"]})
        self.check(["request_id"], {"request_id": None},
                   record=make_record(request_id=None))

    def test_named_once(self):
        """What fmt names is no extra, under whatever key it is."""
        record = make_record(request_id=7, other=8)
        self.check({"id": "request_id"}, {"id": 7, "other": 8},
                   record=record)
        self.check({"a": {"id": "request_id"}}, {
            "a": {"id": 7}, "ctx": {"other": 8}}, record=record, extra="ctx")

    def test_unchanged(self):
        """The caller's fmt stays as it was, and is read once."""
        fmt = {"a": {"b": "name"}, "c": "message"}
        before = copy.deepcopy(fmt)
        formatter = JSONFormatter(fmt)
        line = formatter.format(make_record(exc_info=failure(), x=1))
        self.assertEqual(before, fmt)
        fmt["a"]["b"] = "levelname"
        fmt["d"] = "lineno"
        self.assertEqual(line, formatter.format(make_record(
            exc_info=failure(), x=1)))


class OptionTest(BaseTest):
    def refused(self, error, option, value, allowed, cls=JSONFormatter,
                name=None):
        with self.subTest(option, value=value):
            with self.assertRaises(error) as caught:
                cls(**{option: value})
            message = str(caught.exception)
            self.assertIn(name or option, message)
            self.assertIn(allowed, message)
            self.assertIn(repr(value), message)

    def test_refused(self):
        """A wrong option is told with its value and what is allowed."""
        for cls in ISOFormatter, JSONFormatter:
            for value in None, 1, "yes":
                self.refused(TypeError, "utc", value, "bool", cls)
            for value in "hours", "":
                self.refused(ValueError, "timespec", value,
                             "'milliseconds'", cls)
        for value in 1, "yes", None:
            self.refused(TypeError, "ensure_ascii", value, "bool")
        for value in 5, "str", []:
            self.refused(TypeError, "default", value, "Callable")
        for value in 1e6, "1000000", None:
            self.refused(TypeError, "max_bytes", value, "int")
        for value in 0, -1, 1023:
            self.refused(ValueError, "max_bytes", value, "at least 1024")
        for value in [("a", 1)], "a=1", 5, {"a"}:
            self.refused(TypeError, "defaults", value, "Mapping")
        for value in None, 1, 1.5, ["ctx"], {"service": "shop"}:
            self.refused(TypeError, "extra", value, "bool or str",
                         name="defaults")

    def test_refused_fmt(self):
        """So is a wrong fmt, with the entry that is wrong."""
        for value in 5, b"%(message)s", {"message"}, True:
            self.refused(TypeError, "fmt", value, "str or list")
        for value, wrong in (({"a": 5}, "5"), ({"a": None}, "None"),
                             ({"a": {"b": ["name"]}}, "['name']"),
                             ({1: "name"}, "1"), (["a", 5], "5")):
            with self.subTest(value):
                with self.assertRaisesRegex(TypeError, "fmt.*str") as caught:
                    JSONFormatter(value)
                self.assertIn(wrong, str(caught.exception))
        self.refused(ValueError, "fmt", {"degraded": "name"}, "'degraded'")
        self.refused(ValueError, "fmt", ["degraded"], "'degraded'")
        self.assertEqual({"log": {"degraded": "app"}}, line_of(JSONFormatter(
            {"log": {"degraded": "name"}})))
        fmt = {"a": "name"}
        for _ in range(9):
            fmt = {"a": fmt}
        JSONFormatter(fmt)
        with self.assertRaisesRegex(ValueError, "fmt must be nested 10"):
            JSONFormatter({"a": fmt})
        fmt["a"] = fmt
        with self.assertRaisesRegex(ValueError, "fmt must be nested 10"):
            JSONFormatter(fmt)
        for options in ({"fmt": {"\ud800": "name"}}, {"extra": "\ud800"},
                        {"defaults": {"\ud800": 1}}):
            with self.subTest(options):
                with self.assertRaises(ValueError):
                    JSONFormatter(**options)
        with self.assertRaisesRegex(TypeError, "defaults"):
            JSONFormatter(defaults={1: 2})

    def test_keywords(self):
        """The first four parameters are logging's, the rest keywords."""
        formatter = JSONFormatter("{asctime}", "%Y", "{", True)
        self.assertEqual({"asctime": "2023"}, line_of(formatter))
        for cls in ISOFormatter, JSONFormatter:
            with self.assertRaises(TypeError):
                cls(None, None, "%", True, {})

    def test_utc(self):
        """utc=False prints local time with its offset."""
        self.set_zone(EUROPE)
        for options, expected in (
                ({}, TIME), ({"utc": False}, "2023-11-14T23:13:20.123+01:00"),
                ({"utc": False, "datefmt": "%H:%M"}, "23:13"),
                ({"datefmt": "%H:%M"}, "22:13"), ({"datefmt": ""}, TIME)):
            with self.subTest(options):
                self.assertEqual(expected, line_of(JSONFormatter(
                    **options))["timestamp"])

    def test_timespec(self):
        """timespec is the precision."""
        for timespec, expected in (
                ("seconds", "2023-11-14T22:13:20Z"), ("milliseconds", TIME),
                ("microseconds", "2023-11-14T22:13:20.123000Z")):
            self.assertEqual(expected, line_of(JSONFormatter(
                timespec=timespec))["timestamp"])

    def test_time_refused(self):
        """A time that cannot be written is left out, and noted."""
        for created, error in ((1e300, "ValueError"), (None, "TypeError"),
                               ("now", "ValueError"), (math.nan, "ValueError"),
                               (math.inf, "OverflowError")):
            for datefmt in None, "%Y":
                with self.subTest(created, datefmt=datefmt):
                    line = line_of(JSONFormatter(datefmt=datefmt),
                                   make_record(created=created))
                    self.assertEqual(["level", "logger", "message",
                                      "degraded"], list(line))
                    self.assertRegex(
                        line["degraded"][0], "^timestamp: !ERROR: .*Error in "
                        "created of logging.LogRecord$")
                    if datefmt is None:
                        self.assertIn(error, line["degraded"][0])

    def test_extra(self):
        """extra merges what callers add, or puts it apart, or drops it."""
        record = make_record(user="joe", n=[1, (2,)])
        for extra, expected in (
                (True, {**BASE, "user": "joe", "n": [1, [2]]}),
                ("ctx", {**BASE, "ctx": {"user": "joe", "n": [1, [2]]}}),
                (False, BASE)):
            line = line_of(JSONFormatter(extra=extra), record)
            self.assertEqual(list(expected.items()), list(line.items()))
            line = line_of(JSONFormatter(extra=extra))
            self.assertEqual(list(BASE.items()), list(line.items()))

    def test_extra_key(self):
        """Under one key extras keep their names; it is nobody else's."""
        record = make_record(level=1, degraded=2, exception=3)
        self.assertEqual(
            {**BASE, "ctx": {"level": 1, "degraded": 2, "exception": 3}},
            line_of(JSONFormatter(extra="ctx"), record))
        for extra in ("level", "message", "exception", "stack", "degraded",
                      ""):
            self.refused(ValueError, "extra", extra, "a key that no field")
        for options in ({"fmt": {"ctx": "name"}},
                        {"fmt": {"ctx": {"a": "name"}}},
                        {"defaults": {"ctx": 1}}):
            with self.subTest(options):
                with self.assertRaisesRegex(ValueError, "extra.*'ctx'"):
                    JSONFormatter(extra="ctx", **options)
        self.assertEqual({"ctx": {"level": 5}}, line_of(
            JSONFormatter([], extra="ctx"), make_record(level=5)))

    def test_odd_attributes(self):
        """Attributes that are no text are extras also."""
        record = make_record()
        record.__dict__.update({5: "five", None: 1, (1,): 2, "5": "text"})
        self.assertEqual({**BASE, "5": "five", "null": 1, "[1]": 2,
                          "5_": "text"}, line_of(JSONFormatter(), record))

    def test_standard_attributes(self):
        """What logging puts on records is never an extra, on any Python."""
        record = make_record(taskName="Task-1", asctime="now",
                             message="formatted before")
        self.assertEqual(BASE, line_of(JSONFormatter(), record))

    def test_defaults(self):
        """A record's own value wins; what fmt does not name follows."""
        formatter = JSONFormatter(["request_id", "message"], defaults={
            "service": "shop", "request_id": "-", "env": {"zone": (1,)}})
        self.assertEqual(
            [("request_id", "-"), ("message", "hello"), ("service", "shop"),
             ("env", {"zone": [1]})], list(line_of(formatter).items()))
        self.assertEqual(
            [("request_id", 7), ("message", "hello"), ("service", "till"),
             ("env", None), ("x", 1)],
            list(line_of(formatter, make_record(
                x=1, env=None, service="till", request_id=7)).items()))

    def test_defaults_are_no_extras(self):
        """They stand at top level, and mapExtra does not see them."""
        seen = []
        formatter = JSONFormatter([], extra="ctx", defaults={"a": 1})
        formatter.mapExtra = lambda extra: seen.append(extra) or extra
        self.assertEqual({"a": 1}, line_of(formatter))
        self.assertEqual({"a": 2, "ctx": {"x": 3}},
                         line_of(formatter, make_record(a=2, x=3)))
        self.assertEqual([{"x": 3}], seen)
        self.assertEqual({"a": 1}, line_of(JSONFormatter(
            [], extra=False, defaults={"a": 1}), make_record(x=1)))

    def test_defaults_forge_nothing(self):
        """A default with the key of a field gets an underscore."""
        self.assertEqual(
            {**BASE, "level_": 1, "degraded_": 2, "stack_": 3},
            line_of(JSONFormatter(defaults={"level": 1, "degraded": 2,
                                            "stack": 3})))

    def test_defaults_copied(self):
        """The formatter has its own copy of defaults."""
        defaults = {"a": 1}
        formatter = JSONFormatter([], defaults=defaults)
        defaults["b"] = 2
        self.assertEqual({"a": 1}, line_of(formatter))
        self.assertEqual({"a": 1, "b": 2}, defaults)

    def test_default(self):
        """default is json's; fields and defaults go through it too."""
        def default(obj):
            if isinstance(obj, complex):
                return [obj.real, obj.imag]
            raise TypeError
        line = line_of(JSONFormatter(
            {"c": lambda record: 1j}, default=default, defaults={"d": 2j}),
            make_record(e=(3j,), f={1}))
        self.assertEqual({"c": [0.0, 1.0], "d": [0.0, 2.0],
                          "e": [[0.0, 3.0]], "f": [1]}, line)

    def test_ensure_ascii(self):
        """ensure_ascii=False prints characters, but none that steers."""
        record = make_record("z\xfcrich \U0001f600\u2028\x7f\x85\x1b",
                             **{"k\xe9": 1})
        self.assertTrue(JSONFormatter().format(record).isascii())
        line = JSONFormatter(ensure_ascii=False).format(record)
        self.assertIn('"z\xfcrich \U0001f600\\u2028\\u007f\\u0085\\u001b"',
                      line)
        self.assertIn('"k\xe9":1', line)

    def test_max_bytes(self):
        """max_bytes is the length of the longest line, to the byte."""
        short = len(JSONFormatter().format(make_record("")))
        for extra in 0, 1, 2000:
            text = "x" * (2000 - short + extra)
            line = JSONFormatter(max_bytes=2000).format(make_record(text))
            self.assertLessEqual(len(line), 2000)
            self.assertEqual(extra == 0, strict_loads(line)["message"]
                             == text)

    def test_max_bytes_fits(self):
        """A line that fits loses nothing, whatever it is made of."""
        for value in ([1] * 400, "x" * 900, [[]] * 200, {"k": "v" * 800},
                      {"%d" % number: 0 for number in range(120)}):
            line = JSONFormatter().format(make_record(x=value))
            self.assertLess(len(line), 1024)
            self.assertEqual(line, JSONFormatter(max_bytes=1024).format(
                make_record(x=value)))

    def test_class_attributes(self):
        """Depth and items are class attributes."""
        self.assertEqual((20, 10_000), (JSONFormatter.max_depth,
                                        JSONFormatter.max_items))

        class Small(JSONFormatter):
            max_depth = 3
            max_items = 4
        self.assertEqual(
            {"x": [0, 1, 2, 3], "y": {"a": ["!DEPTH"], "b": {"c": 1}},
             "degraded": ["x: !CUT 6", "y.a[0]: !DEPTH"]},
            line_of(Small([]), make_record(
                x=range(10), y={"a": [{}], "b": {"c": 1}})))

    def test_items_of_the_line(self):
        """Entries of the line over max_items are counted too."""
        class Small(JSONFormatter):
            max_items = 4
        record = make_record()
        record.__dict__.update(("k%d" % number, 0) for number in range(9))
        line = line_of(Small(["name", "message"]), record)
        self.assertEqual({"name": "app", "message": "hello", "k0": 0,
                          "k1": 0, "degraded": ["!CUT 7"]}, line)


class ForgeTest(BaseTest):
    def keys(self, formatter, **attributes):
        line = line_of(formatter, make_record(**attributes))
        return {value: key for key, value in line.items()
                if value in attributes.values()}

    def test_own_keys(self):
        """An extra with a key of ours gets one more underscore."""
        self.assertEqual(
            {1: "level_", 2: "level__", 3: "level___", 4: "exception_",
             5: "stack__", 6: "degraded_", 7: "timestamp_", 8: "message__",
             9: "Level", 10: "_level", 11: "lev", 12: "x_"},
            self.keys(JSONFormatter(), level=1, level_=2, level__=3,
                      exception=4, stack_=5, degraded=6, timestamp=7,
                      message_=8, Level=9, _level=10, lev=11, x_=12))

    def test_always(self):
        """The key is the same whether the field is in the line or not."""
        for info in None, failure():
            line = line_of(JSONFormatter(["message"]), make_record(
                exc_info=info, exception=1, stack=2))
            self.assertEqual((1, 2), (line["exception_"], line["stack_"]))

    def test_own_fmt(self):
        """fmt's keys are protected, the default ones are not."""
        self.assertEqual(
            {1: "level", 2: "severity_", 3: "log_", 4: "degraded_"},
            self.keys(JSONFormatter({"severity": "levelname",
                                     "log": {"name": "name"}}),
                      level=1, severity=2, log=3, degraded=4))

    def test_keys_with_underscores(self):
        """fmt's keys that end in underscores are protected as well."""
        fmt = {"level_": "levelname", "level": "levelno", "_": "lineno",
               "x__": "name"}
        attributes = {key: "v%d" % number for number, key in enumerate(
            ("level", "level_", "level__", "_", "__", "x", "x_", "x__",
             "x___", "exception_", "free_"))}
        keys = self.keys(JSONFormatter(fmt), **attributes)
        self.assertEqual(set(attributes.values()), set(keys))
        self.assertEqual("free_", keys["v10"])
        line = line_of(JSONFormatter(fmt), make_record(**attributes))
        self.assertEqual(["INFO", 20, 7, "app"], list(line.values())[:4])
        for name, value in attributes.items():
            alone = self.keys(JSONFormatter(fmt), **{name: value})
            self.assertEqual(keys[value], alone[value])

    def test_map_extra(self):
        """What mapExtra returns forges nothing either."""
        formatter = JSONFormatter()
        formatter.mapExtra = lambda extra: {"level": 1, 5: 2, "5": 3,
                                            "degraded": math.nan}
        self.assertEqual(
            {**BASE, "level_": 1, "5": 2, "5_": 3, "degraded_": None,
             "degraded": ["degraded_: NaN"]},
            line_of(formatter, make_record(x=1)))


class MessageTest(BaseTest):
    def check(self, expected, msg, args=(), degraded=None):
        line = line_of(JSONFormatter(), make_record(msg, args=args))
        self.assertEqual(expected, line["message"])
        self.assertEqual(degraded and ["message: " + degraded],
                         line.get("degraded"))

    def test_arguments(self):
        """The message is getMessage()'s."""
        self.check("3 of 7", "%d of %d", (3, 7))
        self.check("a=1", "a=%(a)s", {"a": 1})
        self.check("100%", "100%")
        self.check("5", 5)
        self.check("[1]", [1])
        self.check("None", None)

    def test_own_get_message(self):
        """A record's own getMessage() is honoured."""
        class Braces(logging.LogRecord):
            def getMessage(self):
                return self.msg.format(*self.args)
        record = Braces("app", 20, "", 1, "{} items", (3,), None)
        self.assertEqual("3 items", line_of(JSONFormatter(), record)[
            "message"])

    def test_mismatch(self):
        """Template, arguments and error of a misfit are shown."""
        for msg, args, shown, error in (
                ("%d items", ("three",), '["three"]', "TypeError"),
                ("%s %s", (1,), "[1]", "TypeError"),
                ("none", (1, math.nan), "[1,null]", "TypeError"),
                ("%(b)s", {"a": (1,)}, '{"a":[1]}', "KeyError"),
                ("%y", (1,), "[1]", "ValueError")):
            with self.subTest(msg):
                line = line_of(JSONFormatter(), make_record(msg, args=args))
                what = ("!ERROR: %s in getMessage of logging.LogRecord"
                        % error)
                self.assertEqual("%s %s, args: %s" % (msg, what, shown),
                                 line["message"])
                self.assertIn("message: " + what, line["degraded"])

    def test_broken_object(self):
        """A message that has no text is a mark."""
        @shop
        class Broken:
            def __str__(self):
                raise ValueError(SECRET)
        what = "!ERROR: ValueError in __str__ of shop.Broken"
        self.check(what, Broken(), degraded=what)

    def test_broken_argument(self):
        """An argument that has no text is marked in the arguments."""
        @shop
        class Broken:
            def __repr__(self):
                raise ValueError(SECRET)
        line = line_of(JSONFormatter(), make_record("a %s", 1, Broken()))
        self.assertEqual(
            "a %s !ERROR: TypeError in getMessage of logging.LogRecord, "
            'args: [1,"!ERROR: ValueError in __repr__ of shop.Broken"]',
            line["message"].replace("ValueError in getMessage",
                                    "TypeError in getMessage"))

    def test_deep_argument(self):
        """An argument too deep for str() is shown as JSON."""
        deep = []
        for _ in range(100_000):
            deep = [deep]
        line = line_of(JSONFormatter(), make_record("a %s", deep))
        self.assertRegex(line["message"], r"^a %s !ERROR: RecursionError in "
                         r"getMessage .*, args: \[{10,}\"!DEPTH\"\]{10,}$")

    def test_logs_itself(self):
        """A value whose repr logs through the same formatter ends."""
        formatter = JSONFormatter()
        calls = []

        class Logs:
            def __repr__(self):
                calls.append(1)
                return formatter.format(make_record("inner", x=self))
        for record in (make_record(x=Logs()), make_record("%s", Logs()),
                       make_record(Logs())):
            del calls[:]
            line = line_of(formatter, record)
            self.assertIn("RecursionError", str(line))
            self.assertLess(len(calls), 20)


class HookTest(BaseTest):
    # What stands for each hook, without self; what the line then has.
    OWN = {
        "mapLogRecord": (lambda record: {"only": record.name},
                         {"only": "app"}),
        "mapExtra": (lambda extra: {"users": [extra["user"]], "n": 1},
                     {**BASE, "users": ["joe"], "n": 1}),
        "formatTime": (lambda record, datefmt=None: "at %s" % datefmt,
                       {**BASE, "timestamp": "at None", "user": "joe"}),
        "formatException": (lambda ei: "own %s" % ei[1],
                            {**BASE, "exception": {
                                "type": "ValueError", "message": "boom",
                                "traceback": "own boom"}, "user": "joe"}),
        "formatStack": (str.upper, {**BASE, "stack": "STACK",
                                    "user": "joe"}),
        "usesTime": (lambda: False, {"level": "INFO", "logger": "app",
                                     "message": "hello", "user": "joe"}),
    }

    def make(self, name, function, on_instance):
        if not on_instance:
            return type("Own", (JSONFormatter,), {
                name: lambda self, *args, **kwargs: function(*args,
                                                             **kwargs)})()
        formatter = JSONFormatter()
        setattr(formatter, name, function)
        return formatter

    def record(self, name):
        record = make_record(user="joe")
        if name == "formatException":
            record.exc_info = failure()
        if name == "formatStack":
            record.stack_info = "stack"
        return record

    def test_honoured(self):
        """An overridden method's result is what the line has."""
        self.assertEqual(set(HOOKS), set(self.OWN))
        for name, (function, expected) in self.OWN.items():
            for on_instance in False, True:
                with self.subTest(name, on_instance=on_instance):
                    formatter = self.make(name, function, on_instance)
                    for _ in range(2):
                        self.assertEqual(expected, line_of(
                            formatter, self.record(name)))

    def test_set_later(self):
        """So is one that is set after the first record, and unset again."""
        for name, (function, expected) in self.OWN.items():
            with self.subTest(name):
                formatter = JSONFormatter()
                before = formatter.format(self.record(name))
                setattr(formatter, name, function)
                self.assertEqual(expected, line_of(formatter,
                                                   self.record(name)))
                delattr(formatter, name)
                self.assertEqual(before, formatter.format(self.record(name)))

    def test_set_on_class(self):
        """So is one that is set on the class before the first record."""
        for name, (function, expected) in self.OWN.items():
            with self.subTest(name):
                cls = type("Own", (JSONFormatter,), {})
                formatter = cls()
                setattr(cls, name, staticmethod(function))
                self.assertEqual(expected, line_of(formatter,
                                                   self.record(name)))

    def test_datefmt(self):
        """formatTime gets the record and datefmt, as logging's does."""
        formatter = JSONFormatter(["asctime"], "%Y")
        seen = []
        formatter.formatTime = lambda *args: seen.append(args) or "x"
        record = make_record()
        formatter.format(record)
        self.assertEqual([(record, "%Y")], seen)

    def test_uses_time(self):
        """usesTime() tells whether fmt names asctime, anywhere."""
        for fmt, expected in ((None, True), (["message"], False),
                              ("%(asctime)s", True), ([], False),
                              ({"a": {"b": "asctime"}}, True)):
            formatter = JSONFormatter(fmt)
            self.assertIs(expected, formatter.usesTime())
            formatter.usesTime = lambda: True
            self.assertEqual(expected, TIME in formatter.format(
                make_record()))

    def test_default_time(self):
        """A default named asctime is the time, which no record lacks."""
        formatter = JSONFormatter(["message"], defaults={"asctime": "x"})
        self.assertTrue(formatter.usesTime())
        self.assertEqual({"message": "hello", "asctime": TIME},
                         line_of(formatter))

    def test_failing(self):
        """A method that raises leaves time, level, logger and a mark."""
        error = KeyError

        def fail(*args, **kwargs):
            raise error(SECRET)
        expected = [("timestamp", TIME), ("level", "INFO"),
                    ("logger", "app")]
        for name, on_instance in [(name, on_instance) for name in HOOKS
                                  for on_instance in (False, True)]:
            for error in KeyError, RecursionError, MemoryError:
                what = "!ERROR: %s in %s of " % (error.__name__, name)
                with self.subTest(name, on_instance=on_instance,
                                  error=error):
                    formatter = self.make(name, fail, on_instance)
                    text = formatter.format(full())
                    self.assertNotIn(SECRET, text)
                    line = strict_loads(text)
                    self.assertEqual(expected, list(line.items())[:3])
                    self.assertEqual(["message", "degraded"],
                                     list(line)[3:])
                    self.assertTrue(line["message"].startswith(what))
                    self.assertEqual(["message: " + line["message"]],
                                     line["degraded"])

    def test_failing_names_class(self):
        """The mark names the formatter's class, not the error's text."""
        @shop
        class Redacting(JSONFormatter):
            def mapExtra(self, extra):
                return {"user": extra["user"][SECRET]}
        self.assertEqual(
            "!ERROR: TypeError in mapExtra of shop.Redacting",
            line_of(Redacting(), full())["message"])

    def test_failing_with_fmt(self):
        """The three keep the keys that fmt gives them, also nested."""
        def fail(*args):
            raise KeyError(SECRET)
        fmt = {"@timestamp": "asctime", "user": "user",
               "log": {"level": "levelname", "who": {"name": "name"},
                       "file": "pathname"},
               "secret": lambda record: SECRET, "text": "message",
               "error": "exc_text", "stack_trace": "stack_info"}
        for name in HOOKS:
            formatter = JSONFormatter(fmt, defaults={"d": SECRET})
            setattr(formatter, name, fail)
            text = formatter.format(make_record(
                SECRET, user=SECRET, x=SECRET, exc_info=failure(SECRET),
                stack_info=SECRET, pathname=SECRET))
            with self.subTest(name):
                self.assertNotIn(SECRET, text)
                line = strict_loads(text)
                what = line["text"]
                self.assertRegex(what, "^!ERROR: KeyError in %s of " % name)
                self.assertEqual(
                    {"@timestamp": TIME, "log": {
                        "level": "INFO", "who": {"name": "app"}},
                     "text": what, "degraded": ["text: " + what]}, line)

    def test_failing_without_fields(self):
        """What fmt does not name of them has its usual key, or one beside
        fmt's."""
        formatter = JSONFormatter({"level": "user", "logger": {
            "x": "user"}, "m": "message"})
        formatter.formatStack = None
        text = formatter.format(full())
        self.assertNotIn(SECRET, text)
        line = strict_loads(text)
        what = line["m"]
        self.assertEqual(
            {"m": what, "timestamp": TIME, "level_": "INFO",
             "logger_": "app", "degraded": ["m: " + what]}, line)

    def test_failing_twice(self):
        """Two methods that raise are no worse than one."""
        class Own(JSONFormatter):
            def mapExtra(self, extra):
                raise KeyError(SECRET)

            def formatTime(self, record, datefmt=None):
                raise IndexError(SECRET)
            formatException = formatStack = mapExtra
        line = line_of(Own(), full())
        self.assertEqual((TIME, "INFO", "app"), (
            line["timestamp"], line["level"], line["logger"]))
        self.assertNotIn(SECRET, str(line))

    def test_other_exceptions_pass(self):
        """What is no Exception passes through a method."""
        for name in HOOKS:
            for error in KeyboardInterrupt, SystemExit:
                def fail(*args):
                    raise error
                formatter = JSONFormatter()
                setattr(formatter, name, fail)
                with self.assertRaises(error):
                    formatter.format(full())

    def test_map_extra_results(self):
        """mapExtra returns a mapping; anything else is its failure."""
        formatter = JSONFormatter()
        for result in {"a": 1}, collections.UserDict(a=1), \
                types.MappingProxyType({"a": 1}):
            formatter.mapExtra = lambda extra: result
            self.assertEqual({**BASE, "a": 1},
                             line_of(formatter, make_record(x=1)))
        formatter.mapExtra = lambda extra: {}
        self.assertEqual(BASE, line_of(formatter, make_record(x=1)))
        for result in None, 5, "text":
            formatter.mapExtra = lambda extra: result
            self.assertRegex(
                line_of(formatter, make_record(x=SECRET))["message"],
                "^!ERROR: (Type|Value)Error in mapExtra of ")

    def test_map_extra_argument(self):
        """mapExtra gets a new dict of the caller's own objects, and is
        called only if there are any."""
        seen = []

        def own(extra):
            seen.append(extra)
            return {"n": len(extra)}
        value = [object()]
        record = make_record(x=value, y=1)
        for extra, expected in (True, {**BASE, "n": 2}), (
                "ctx", {**BASE, "ctx": {"n": 2}}), (False, BASE):
            formatter = JSONFormatter(extra=extra)
            formatter.mapExtra = own
            self.assertEqual(expected, line_of(formatter, record))
            self.assertEqual(BASE, line_of(formatter))
        self.assertEqual([{"x": value, "y": 1}] * 2, seen)
        self.assertIs(value, seen[0]["x"])
        seen[0].clear()
        self.assertIs(value, record.x)

    def test_map_log_record(self):
        """mapLogRecord's dict is the line, plain and the caller's to
        change."""
        formatter = JSONFormatter({"log": {"level": "levelname"},
                                   "message": "message"})
        record = make_record(x=(1, {2: {3}}), n=math.nan)
        data = formatter.mapLogRecord(record)
        self.assertEqual(
            {"log": {"level": "INFO"}, "message": "hello",
             "x": [1, {"2": [3]}], "n": None, "degraded": ["n: NaN"]}, data)
        self.assertEqual(json.loads(formatter.format(record)), data)
        data["x"][1].clear()
        data["log"].clear()
        self.assertEqual({"level": "INFO"},
                         formatter.mapLogRecord(record)["log"])

    def test_map_log_record_results(self):
        """None is a failure; anything else is encoded as any value."""
        class Own(JSONFormatter):
            def mapLogRecord(self, record):
                return record.result
        formatter = Own(max_bytes=1024)
        for result, expected in (
                ([1, "a"], '[1,"a"]'), ("text\n", '"text\\n"'), (5, "5"),
                (0, "0"), (False, "false"), ((1, {2}), "[1,[2]]"),
                ({}, "{}"), ([], "[]"), (2**63, '"9223372036854775808"'),
                (collections.UserDict(a=(1,)), '{"a":[1]}'),
                ({1: "a", "1": datetime.date(2024, 1, 2)},
                 '{"1":"a","1_":"2024-01-02"}'),
                ({"a": math.nan}, '{"a":null,"degraded":["a: NaN"]}'),
                ({"a": math.nan, "degraded": ["b: NaN"]},
                 '{"a":null,"degraded":["b: NaN","a: NaN"]}')):
            with self.subTest(result):
                self.assertEqual(expected, formatter.format(make_record(
                    result=result)))
        line = line_of(formatter, make_record(SECRET, result=None))
        self.assertEqual((TIME, "INFO", "app"), tuple(line.values())[:3])
        self.assertRegex(line["message"], "^!ERROR: TypeError in "
                         "mapLogRecord of ")
        for result in "x" * 5000, ["x" * 50] * 100, {"a": "x" * 5000}:
            line = formatter.format(make_record(result=result))
            self.assertLessEqual(len(line), 1024)
            self.assertIs(type(result), type(json.loads(line)))

    def test_cycle_of_map_log_record(self):
        """What it returns may be cyclic and deep."""
        ring = {"a": 1}
        ring["self"] = ring
        deep = []
        for _ in range(100_000):
            deep = [deep]
        formatter = JSONFormatter()
        formatter.mapLogRecord = lambda record: {"ring": ring, "deep": deep}
        line = line_of(formatter)
        self.assertEqual({"a": 1, "self": "!CYCLE"}, line["ring"])
        self.assertIn("!DEPTH", str(line["deep"]))


class RecordTest(BaseTest):
    def test_nothing_written(self):
        """Nothing is written to a record, but exc_text if it was not
        set."""
        record = make_record("%s", "x", user=[1], exc_info=failure(),
                             stack_info="Stack")
        before = dict(record.__dict__)
        for formatter in (JSONFormatter(), JSONFormatter(extra="ctx"),
                          JSONFormatter(max_bytes=1024)):
            formatter.format(record)
            self.assertEqual({**before, "exc_text": "ValueError: boom"},
                             record.__dict__)
        record = make_record("%s", "x", user=[1])
        before = dict(record.__dict__)
        JSONFormatter().format(record)
        self.assertEqual(before, record.__dict__)

    def test_objects_unchanged(self):
        """No object of the caller changes."""
        extra = {"a": [1, {"b": {2}}], "c": collections.deque([1])}
        before = copy.deepcopy(extra)
        args = ({"a": [1]},)
        record = make_record("%(a)s", args=args[0], **extra)
        JSONFormatter(defaults={"d": extra["a"]}).format(record)
        self.assertEqual(before, extra)
        self.assertEqual(({"a": [1]},), args)

    def test_exc_text_set(self):
        """exc_text is set to the text in the line, also by subclasses."""
        class Own(JSONFormatter):
            def formatException(self, ei):
                return "own text"

        class Mapped(JSONFormatter):
            def mapLogRecord(self, record):
                return {}
        for cls, text in ((JSONFormatter, "ValueError: boom"),
                          (Own, "own text"), (Mapped, "ValueError: boom")):
            record = make_record(exc_info=failure())
            cls().format(record)
            self.assertEqual(text, record.exc_text)

    def test_exc_text_not_read(self):
        """Another handler's text is never printed for an exception."""
        class Own(JSONFormatter):
            def formatException(self, ei):
                return "withheld"
        for formatter, text in ((JSONFormatter(), "ValueError: boom"),
                                (Own(), "withheld")):
            record = make_record(exc_info=failure(), exc_text=SECRET)
            self.assertEqual(text, line_of(formatter, record)["exception"][
                "traceback"])
            self.assertEqual(SECRET, record.exc_text)

    def test_exc_text_alone(self):
        """Without an exception exc_text is all there is."""
        for info in None, (None, None, None), False:
            record = make_record(exc_info=info,
                                 exc_text="Traceback:\nKeyError: 'a'")
            formatter = JSONFormatter()
            formatter.formatException = None    # not called
            self.assertEqual({"traceback": "Traceback:\nKeyError: 'a'"},
                             line_of(formatter, record)["exception"])

    def test_exc_text_not_set_by_failure(self):
        """A formatException that raises leaves exc_text unset."""
        record = make_record(exc_info=failure())
        formatter = JSONFormatter()
        formatter.formatException = None
        formatter.format(record)
        self.assertIsNone(record.exc_text)

    def test_brief(self):
        """An exception whose text is brief says so in degraded."""
        deep = []
        for _ in range(100):
            deep = [deep]
        line = line_of(JSONFormatter(), make_record(
            exc_info=(KeyError, KeyError(deep), None)))
        self.assertRegex(line["exception"]["traceback"],
                         r"^!CUT .*\nKeyError: .*!DEPTH")
        self.assertEqual("KeyError", line["exception"]["type"])
        self.assertIn("exception.traceback: !CUT",
                      " ".join(line["degraded"]))

    def test_exc_info_without_exception(self):
        """exc_info=True outside an except block prints no exception."""
        record = logging.getLogger("app").makeRecord(
            "app", 20, "", 1, "hello", (), (None, None, None))
        self.assertNotIn("exception", line_of(JSONFormatter(), record))

    def test_after_a_text_formatter(self):
        """What another formatter has left on the record is no matter."""
        record = make_record("%s items", 3, exc_info=failure(), user="joe")
        expected = JSONFormatter().format(record)
        text = ISOFormatter("%(asctime)s %(message)s").format(record)
        self.assertIn("3 items", text)
        self.assertEqual(expected, JSONFormatter().format(record))

    def test_deleted_attributes(self):
        """A record that lacks anything still makes a line."""
        for name in list(make_record().__dict__):
            record = make_record(x=1)
            delattr(record, name)
            with self.subTest(name):
                line = line_of(JSONFormatter(), record)
                self.assertEqual(1, line["x"])
                self.assertLessEqual(set(line), {*BASE, "x", "degraded"})


class CopyTest(BaseTest):
    def twins(self, formatter):
        yield pickle.loads(pickle.dumps(formatter))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            yield pickle.loads(pickle.dumps(formatter, protocol))
        yield copy.copy(formatter)
        yield copy.deepcopy(formatter)

    def test_copies(self):
        """Pickle, copy and deepcopy format alike, before and after the
        first record."""
        record = make_record("%s", "x", exc_info=failure(), x={1: (2,)})
        for formatter in (
                ISOFormatter(), JSONFormatter(),
                ISOFormatter("{asctime} {x} {y}", style="{",
                             defaults={"y": 1}, utc=False),
                JSONFormatter({"a": {"b": "name"}, "c": repr}, utc=False,
                              defaults={"d": [1]}, extra="ctx", default=str,
                              ensure_ascii=False, max_bytes=2000,
                              timespec="seconds", datefmt="%Y")):
            expected = copy.copy(formatter).format(copy.copy(record))
            for _ in range(2):
                for twin in self.twins(formatter):
                    self.assertIs(type(formatter), type(twin))
                    self.assertEqual(expected, twin.format(
                        copy.copy(record)))
                self.assertEqual(expected, formatter.format(
                    copy.copy(record)))

    def test_instance_hook(self):
        """A copy has the methods that were set on the original."""
        formatter = JSONFormatter([])
        formatter.mapExtra = dict.copy
        formatter.formatStack = str.upper
        for twin in self.twins(formatter):
            self.assertEqual({"stack": "STACK", "x": 1}, line_of(
                twin, make_record(stack_info="stack", x=1)))

    def test_repr(self):
        """repr() is logging.Formatter's, with the name of the class."""
        for formatter in ISOFormatter(), JSONFormatter():
            class_name = type(formatter).__name__
            before = repr(formatter)
            if "object at" in repr(logging.Formatter()):
                self.assertRegex(before, r"^<\w+\.formatters\.%s object at "
                                 % class_name)
            else:
                self.assertEqual(repr(logging.Formatter()).replace(
                    "Formatter", class_name), before)
            formatter.format(make_record())
            self.assertEqual(before, repr(formatter))


class Redacting(JSONFormatter):
    """Hides a secret in every way that there is."""

    def mapLogRecord(self, record):
        data = super().mapLogRecord(record)
        return json.loads(json.dumps(data).replace(SECRET, "***"))


class RedactingParts(JSONFormatter):
    def mapExtra(self, extra):
        return {**extra, "password": "***"}

    def formatException(self, ei):
        return super().formatException(ei).replace(SECRET, "***")


def descend(frames, function, *args):
    """Return function(*args), called *frames* frames further down."""
    if frames:
        return descend(frames - 1, function, *args)
    return function(*args)


class Trivial:
    """A method format() that does as little as one in Python can do."""

    def format(self, record):
        return record


class LimitTest(BaseTest):
    """Near the recursion limit."""

    def deepest(self):
        """Return how many frames down Trivial.format() can be called."""
        frames = sys.getrecursionlimit()
        while True:
            try:
                descend(frames, Trivial().format, None)
                return frames
            except RecursionError:
                frames -= 1

    def lines(self, formatter, **attributes):
        """Yield the lines of a record, at each of the last frames."""
        deepest = self.deepest()
        for frames in range(deepest, deepest - 130, -1):
            record = make_record(**attributes)
            # No assertion down there: they need frames themselves.
            yield descend(frames, formatter.format, record)

    def test_returns(self):
        """format() returns wherever a trivial function can be called."""
        plain = JSONFormatter().format(make_record(x=[1]))
        last = None
        for text in self.lines(JSONFormatter(), x=[1]):
            line = strict_loads(text)
            self.assertEqual(("INFO", "app"), (line["level"],
                                               line["logger"]))
            self.assertEqual("hello", line["message"][:5], text)
            self.assertTrue(text == plain or "!ERROR: " in str(
                line.get("degraded")), text)
            last = text
        self.assertEqual(plain, last)

    def test_last_line(self):
        """In the very last frame the line has level, logger and message,
        in plain characters."""
        text = next(self.lines(JSONFormatter(), msg='a "b"\\\n\xe9 %',
                               levelname="X" * 2000, name=5))
        line = strict_loads(text)
        self.assertEqual("X" * 500, line["level"])
        self.assertEqual("", line["logger"])
        self.assertEqual("a ?b???? %", line["message"])
        self.assertRegex(line["degraded"][0],
                         "^!ERROR: RecursionError in format of JSON")

    def test_exception(self):
        """A record with an exception, a stack and extras comes out too."""
        for text in self.lines(JSONFormatter(), exc_info=failure(),
                               stack_info="Stack", x={"a": [{}]}):
            self.assertEqual("hello", strict_loads(text)["message"][:5],
                             text)

    def test_redacting(self):
        """What a subclass hides stays hidden, in every frame."""
        for formatter, attributes in (
                (Redacting(), {"msg": SECRET, "password": SECRET}),
                (Redacting(), {"exc_info": failure(SECRET)}),
                (RedactingParts(), {"password": SECRET}),
                (RedactingParts(["name", "exc_text", "levelname"]),
                 {"exc_info": failure(SECRET), "exc_text": SECRET})):
            for text in self.lines(formatter, **attributes):
                self.assertNotIn(SECRET, text)
                self.assertIn("INFO", str(strict_loads(text)))

    def test_redacting_instance(self):
        """So does what an instance's mapLogRecord hides."""
        formatter = JSONFormatter()
        formatter.mapLogRecord = lambda record: {"level": "INFO"}
        for text in self.lines(formatter, msg=SECRET, x=SECRET):
            self.assertNotIn(SECRET, text)
            self.assertEqual("INFO", strict_loads(text)["level"])

    def test_after(self):
        """What was too deep leaves no trace in the formatter."""
        formatter = JSONFormatter()
        expected = formatter.format(make_record(x=object))
        for _ in self.lines(formatter, x=object):
            pass
        self.assertEqual(expected, formatter.format(make_record(x=object)))


class ISOTest(BaseTest):
    def check(self, expected, fmt="%(asctime)s %(message)s", record=None,
              **options):
        self.assertEqual(expected, ISOFormatter(fmt, **options).format(
            record or make_record()))

    def test_asctime(self):
        """asctime is RFC 3339, in all styles."""
        self.check(TIME + " hello")
        self.check(TIME + " INFO:hello", "{asctime} {levelname}:{message}",
                   style="{")
        self.check("hello " + TIME, "$message ${asctime}", style="$")
        self.check("2023-11-14T22:13:20Z hello", timespec="seconds")
        self.check("2023-11-14T22:13:20.123000Z hello",
                   timespec="microseconds")
        self.set_zone(EUROPE)
        self.check("2023-11-14T23:13:20.123+01:00 hello", utc=False)

    def test_no_time(self):
        """Without asctime there is no time, as in logging."""
        self.check("hello", None)
        self.check("INFO hello", "%(levelname)s %(message)s",
                   record=make_record(created=None))
        self.assertTrue(ISOFormatter("%(asctime)s").usesTime())
        self.assertFalse(ISOFormatter().usesTime())

    def test_mark(self):
        """A time that cannot be written is a mark in its place."""
        for created, error in ((1e300, "ValueError"), (None, "TypeError"),
                               ("now", "ValueError"),
                               (math.inf, "OverflowError")):
            self.check("[!ERROR: %s in created of logging.LogRecord] hello"
                       % error, "[%(asctime)s] %(message)s",
                       record=make_record(created=created))

    def test_msecs_unread(self):
        """msecs, relativeCreated and asctime are not read."""
        self.check(TIME + " hello", record=make_record(
            msecs=999, relativeCreated=-1, asctime="yesterday"))

    def test_datefmt(self):
        """With datefmt the time is strftime's, in the zone of utc."""
        self.set_zone(EUROPE)
        self.check("22:13:20 hello", datefmt="%H:%M:%S")
        self.check("23:13:20 hello", datefmt="%H:%M:%S", utc=False)
        self.check(TIME + " hello", datefmt="")

    def test_converter(self):
        """converter is read together with datefmt only."""
        class Own(ISOFormatter):
            converter = staticmethod(lambda seconds: time.gmtime(0))
            default_time_format = "%d"
            default_msec_format = "%s,%03d"
        self.assertEqual("1970", Own().formatTime(make_record(), "%Y"))
        self.assertEqual(TIME, Own().formatTime(make_record()))
        formatter = ISOFormatter("%(asctime)s", "%Y")
        formatter.converter = lambda seconds: time.gmtime(86400 * 366)
        self.assertEqual("1971", formatter.format(make_record()))
        self.assertEqual("1971", line_of(self.json_with(
            formatter.converter))["asctime"])

    @staticmethod
    def json_with(converter):
        formatter = JSONFormatter(["asctime"], "%Y")
        formatter.converter = converter
        return formatter

    def test_converter_of_logging(self):
        """One set on logging.Formatter itself changes nothing."""
        self.set_zone(EUROPE)
        self.addCleanup(setattr, logging.Formatter, "converter",
                        logging.Formatter.converter)
        for converter in time.gmtime, time.localtime:
            logging.Formatter.converter = converter
            for utc, expected in (True, "22"), (False, "23"):
                self.assertEqual(expected, ISOFormatter(utc=utc).formatTime(
                    make_record(), "%H"))

    def test_defaults(self):
        """defaults work on every Python, in all styles."""
        for fmt, style in (("%(ip)s %(message)s", "%"),
                           ("{ip} {message}", "{"), ("$ip $message", "$")):
            defaults = {"ip": "-"}
            self.check("- hello", fmt, style=style, defaults=defaults)
            self.check("::1 hello", fmt, style=style, defaults=defaults,
                       record=make_record(ip="::1"))
            self.assertEqual({"ip": "-"}, defaults)
        self.check(TIME + " 1 x", "%(asctime)s %(a)s %(message)s",
                   record=make_record("%s", "x"), defaults={"a": 1})
        with self.assertRaises((KeyError, ValueError)):
            ISOFormatter("%(ip)s").format(make_record())

    def test_as_logging(self):
        """Exception and stack follow as in logging's text, which is
        cached."""
        record = make_record("%s", "x", exc_info=failure(),
                             stack_info="Stack")
        expected = logging.Formatter("%(levelname)s %(message)s").format(
            copy.copy(record))
        for defaults in None, {"a": 1}:
            record.exc_text = None
            self.check(expected, "%(levelname)s %(message)s", record=record,
                       defaults=defaults)
            self.assertEqual("ValueError: boom", record.exc_text)

    def test_subclasses(self):
        """Each is what it is called, and a logging.Formatter."""
        self.assertTrue(issubclass(JSONFormatter, ISOFormatter))
        self.assertTrue(issubclass(ISOFormatter, logging.Formatter))


class SharedTest(BaseTest):
    """One formatter, several threads and processes."""

    def test_threads(self):
        """Eight threads that switch all the time make the lines of one."""
        formatter = JSONFormatter(max_bytes=3000, defaults={"d": {1: 2}})
        ring = []
        ring.append(ring)
        makers = [
            lambda: make_record("%d of %s", 1, "x", x=[{"a": (1, 2)}]),
            lambda: make_record("y" * 5000, z={2, 1}, ring=ring),
            lambda: make_record(exc_info=failure(), level=1),
            lambda: make_record("%d", "x", created=1e9, x=type, n=math.nan),
            lambda: make_record(object, created=None, x=b"\xff"),
        ]
        expected = [formatter.format(make()) for make in makers]
        wrong = []

        def work(number):
            for turn in range(40):
                index = (number + turn) % len(makers)
                line = formatter.format(makers[index]())
                if line != expected[index]:
                    wrong.append(line)
        run_threads(*[functools.partial(work, number) for number in range(8)])
        self.assertEqual([], wrong)

    def test_changing_extra(self):
        """A dict that another thread changes costs neither line nor
        process."""
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        shared, done = {}, threading.Event()

        def change():
            while not done.is_set():
                for number in range(50):
                    shared["k%d" % number] = [number]
                shared.clear()
        thread = threading.Thread(target=change)
        thread.start()
        try:
            for _ in range(300):
                line = line_of(JSONFormatter(), make_record(x=shared))
                self.assertIsInstance(line["x"], dict)
        finally:
            done.set()
            thread.join()

    @unittest.skipUnless(hasattr(os, "fork"), "there is no os.fork here")
    def test_fork(self):
        """Forked while another thread formats, child and parent both
        format on."""
        output = run_python("""
import os, signal, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)     # of fork
formatter = s.JSONFormatter()
def line():
    return formatter.format(s.make_record("%s", "x", x=[{1: 2.5}], y=type))
expected, done = line(), threading.Event()
def work():
    while not done.is_set():
        line()
threads = [threading.Thread(target=work) for _ in range(3)]
sys.setswitchinterval(1e-5)
for thread in threads:
    thread.start()
try:
    for _ in range(20):
        child = os.fork()
        if not child:
            signal.alarm(20)
            os._exit(line() != expected)
        assert line() == expected
        status = os.waitpid(child, 0)[1]
        assert status == 0, status
finally:
    done.set()
print("done")
""")
        self.assertEqual("done\n", output)

    def test_exit(self):
        """What is logged when nothing can be imported any more is whole."""
        for hook in "", "formatter.mapLogRecord = formatter.mapLogRecord\n":
            output = run_python("""
import builtins, logging, sys
formatter = s.JSONFormatter()
%s
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(formatter)
logger = logging.getLogger("app")
logger.addHandler(handler)
class Last:
    def __del__(self):
        logger.warning("last %%s", [1, "\xe9"], extra={"x": {"y": (1,)}})
        try:
            1 / 0
        except Exception:
            logger.exception("failed", extra={"z": "\U0001f600"})
builtins.last = Last()
""" % hook)
            last, failed = map(strict_loads, output.splitlines())
            self.assertEqual(("last [1, '\xe9']", {"y": [1]}),
                             (last["message"], last["x"]))
            self.assertEqual(
                ("failed", "\U0001f600", "ZeroDivisionError"),
                (failed["message"], failed["z"], failed["exception"]["type"]))


class HostileTest(BaseTest):
    def test_deep_containers(self):
        """Containers of every kind that nest 100 000 deep do not end the
        process, under a raised recursion limit or on a small stack."""
        output = run_python("""
import collections, sys, threading, types
deep = []
for _ in range(100_000):
    deep = [deep]
kinds = [deep, collections.deque([deep]), collections.OrderedDict(a=deep),
         collections.defaultdict(int, a=deep), type("L", (list,), {})([deep]),
         types.SimpleNamespace(tree=deep)]

def lines():
    for value in kinds:
        for attributes in ({"x": value}, {"msg": value},
                           {"msg": "%s", "args": (value,)},
                           {"exc_info": ValueError(value)}):
            record = s.make_record(**attributes)
            s.strict_loads(s.JSONFormatter().format(record))
            print("line")

threading.stack_size(64 * 1024)
thread = threading.Thread(target=lines)
thread.start()
thread.join()
sys.setrecursionlimit(10**6)
lines()
""")
        self.assertEqual(48, output.count("line\n"))

    def test_instance_hooks_near_the_limit(self):
        """The line of the last frames tells nothing that a hook set on
        the formatter might hide."""
        def fail(*args):
            raise ValueError
        for name in HOOKS:
            formatter = JSONFormatter()
            setattr(formatter, name, fail)
            for text in LimitTest().lines(
                    formatter, msg=SECRET, x=1, stack_info="Stack",
                    exc_info=failure()):
                self.assertNotIn(SECRET, text)
                strict_loads(text)

    def test_hostile_error_name(self):
        """No name of an error makes a line invalid."""
        class Key:
            def __hash__(self):
                return hash("exc_text")
            def __eq__(self, other):
                if armed:
                    raise type('a"b', (ValueError,), {})()
                return False
        armed = False
        record = make_record()
        del record.exc_text
        record.__dict__[Key()] = 1
        armed = True
        strict_loads(JSONFormatter().format(record))

    def test_property(self):
        """A property of the record that raises costs its field alone."""
        class Record(logging.LogRecord):
            @property
            def msg(self):
                raise ValueError
            @msg.setter
            def msg(self, value):
                pass
        record = Record("app", 20, "", 1, "hello", (), None)
        record.created, record.user = 1700000000.123, "ada"
        line = line_of(JSONFormatter(), record)
        self.assertEqual((TIME, "ada"), (line["timestamp"], line["user"]))
        self.assertIn("!ERROR: ValueError in getMessage", line["message"])

    def test_lines_that_fit(self):
        """A line that fits is not cut."""
        for value in ([1] * 490, {str(n): n for n in range(85)},
                      [[n % 10, 0] for n in range(160)], "x" * 900):
            data = {"message": "hello", "x": value}
            text = JSONFormatter(["message"], max_bytes=1024).format(
                make_record(x=value))
            self.assertEqual(json.dumps(data, separators=(",", ":")), text)

    def test_second_pass(self):
        """An override that changes nothing changes no line."""
        class Same(JSONFormatter):
            def mapLogRecord(self, record):
                return super().mapLogRecord(record)
        for value in ({1.0: [1] * 400}, {1: "x" * 300, "1": {2: [0.5] * 99}}):
            formatter = Same(max_bytes=2048)
            record = make_record(x=value)
            self.assertEqual(formatter.mapLogRecord(record),
                             line_of(formatter, record))

    def test_every_note(self):
        """What was noted stays noted when the line is cut."""
        record = make_record("%d " + "x" * 5000, args=("a",))
        notes = line_of(JSONFormatter(max_bytes=1024), record)["degraded"]
        self.assertIn("message: !ERROR: TypeError in getMessage of "
                      "logging.LogRecord", notes)
        self.assertRegex(notes[-1], "^message: !CUT [0-9]+$")

    def test_own_degraded(self):
        """What an override puts under "degraded" is kept."""
        for value, kept in ((5, [5]), ("yes", ["yes"]), (["a"], ["a"])):
            formatter = JSONFormatter()
            formatter.mapLogRecord = lambda record: {
                "degraded": value, "x": math.nan}
            self.assertEqual({"x": None, "degraded": [*kept, "x: NaN"]},
                             line_of(formatter))

    def test_factory(self):
        """ISOFormatter calls no record factory."""
        def factory(*args, **kwargs):
            raise AssertionError
        logging.setLogRecordFactory(factory)
        self.assertEqual("INFO hello -", ISOFormatter(
            "%(levelname)s %(message)s %(x)s", defaults={"x": "-"}).format(
                make_record()))

    def test_sets_of_sets(self):
        """A set of sets has one order, whatever the hashes are."""
        code = ("print(s.JSONFormatter(['x']).format(s.make_record(x={"
                "frozenset('a'), frozenset('b'), frozenset('c')})))")
        self.assertEqual(1, len({run_python(code, PYTHONHASHSEED=seed)
                                 for seed in "1234"}))

    def test_more_fields_than_items(self):
        """Fields are kept also where max_items leaves no extra a place."""
        class Small(JSONFormatter):
            max_items = 2
        self.assertEqual(BASE, line_of(Small()))
        self.assertEqual({**BASE, "degraded": ["!CUT 3"]}, line_of(
            Small(), make_record(a=1, b=2, c=3)))

    def test_empty_format(self):
        """An empty format string is none, as in logging.Formatter."""
        self.assertEqual(BASE, line_of(JSONFormatter("")))


if __name__ == "__main__":
    unittest.main()
