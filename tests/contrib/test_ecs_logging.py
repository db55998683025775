"""The drop-in for ecs_logging, side by side with ecs_logging itself.

These tests run where ecs-logging 2.3.0 or 2.1.0 is installed.
"""

import copy
import json
import logging
import sys
import types
import unittest

import hypothesis
from hypothesis import strategies as st

from jsonlogging.contrib.schemas import StdlibFormatter

try:
    import ecs_logging
except ImportError:
    raise unittest.SkipTest("ecs-logging is not installed") from None

from .. import strategies
from ..support import make_record, strict_loads

VERSION = ecs_logging.__version__
TEXTS = st.text(max_size=8)
# Options of both, and values of all that json or a repr can write.
OPTIONS = st.fixed_dictionaries({}, optional={
    "stack_trace_limit": st.none() | st.integers(0, 3),
    "extra": st.none() | st.dictionaries(
        st.sampled_from(["service.name", "env", "http.version", "a", "a.b",
                         "log.x", "message"]),
        st.none() | TEXTS | st.integers(-9, 9)
        | st.dictionaries(st.sampled_from("bcd"), st.none() | TEXTS,
                          max_size=2), max_size=3),
    "exclude_fields": st.lists(st.sampled_from([
        "process", "process.thread", "log", "log.original", "error",
        "error.stack_trace", "a", "a.b", "message", "ecs.version", "ecs",
        "@timestamp", "http"]), max_size=3),
    "ensure_ascii": st.booleans() if VERSION != "2.1.0" else st.nothing(),
} if VERSION != "2.1.0" else {
    "stack_trace_limit": st.none() | st.integers(0, 3),
    "exclude_fields": st.lists(st.sampled_from([
        "process", "log.original", "error", "ecs"]), max_size=3)})
NAMES = st.sampled_from([
    "a", "b", "a.b", "a.b.c", "http.request.method", "http", "log", "labels",
    "log.level", "labels.x.y", "elasticapm_trace_id", "elasticapm_span_id",
    "elasticapm_labels", "elasticapm_service_name", "trace.id", "ecs",
    "process.title", "ecs.version", "exception", "stack", "getMessage",
    "color_message", "request"]) | TEXTS
STANDARD = {*logging.makeLogRecord({}).__dict__, "message", "asctime"}


def without_time(line):
    """Return *line* without the time, of which each has its own idea."""
    head, _, tail = line.partition('"@timestamp":"')
    return head + tail.partition('"')[2] if tail else line


def is_compound(record):
    """Tell whether the exception has a cause, notes or members."""
    info = record.__dict__.get("exc_info")
    error = info[1] if type(info) is tuple and len(info) == 3 else None
    try:
        return error is not None and (
            error.__cause__ is not None or hasattr(error, "__notes__")
            or hasattr(error, "exceptions"))
    except Exception:
        return True


def is_told(record):
    """Tell whether our line says more than ecs_logging's."""
    values, info = record.__dict__, record.__dict__.get("exc_info")
    real = type(info) is tuple and len(info) == 3 and issubclass(
        type(info[1]), BaseException)
    return (values.get("exc_text") and not real
            or any(not isinstance(name, str)
                   or name.partition(".")[0].rstrip("_") == "degraded"
                   for name in values))


class EmptyText:

    def __str__(self):
        return ""


class SideBySideTest(unittest.TestCase):

    def compare(self, record, **options):
        """
        Compare both lines of *record*, if ecs_logging's is one of strict
        JSON; return it, or None.
        """
        ours = StdlibFormatter(version=VERSION, **options).format(
            copy.copy(record))
        data = strict_loads(ours)
        try:
            theirs = ecs_logging.StdlibFormatter(**options).format(
                copy.copy(record))
            strict_loads(theirs)
        except Exception:
            return None
        if (is_compound(record) or is_told(record) or any(
                "!DEPTH" in note or "@timestamp" in note
                for note in data.get("degraded", ()))):
            return None
        self.assertEqual(without_time(theirs), without_time(ours))
        return theirs

    @strategies.given(strategies.records())
    def test_hostile(self, record):
        """Lines of any record are equal if ecs_logging's is valid."""
        self.compare(record)

    @strategies.given(strategies.usual_records(), OPTIONS)
    def test_usual(self, record, options):
        """Lines of usual records are equal, under all options."""
        self.compare(record, **options)

    @strategies.given(
        st.dictionaries(NAMES.filter(lambda name: name not in STANDARD),
                        strategies.values() | strategies.plain(),
                        max_size=4), OPTIONS)
    def test_extras(self, extra, options):
        """Lines with any extras are equal, under all options."""
        self.compare(make_record("hello", **extra), **options)

    @hypothesis.given(st.dictionaries(NAMES.filter(
        lambda name: name not in STANDARD), st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | TEXTS
            | st.floats(allow_nan=False), lambda inner: st.lists(
                inner, max_size=3) | st.dictionaries(
                TEXTS | st.integers(-99, 99), inner, max_size=3)
            | st.tuples(inner), max_leaves=8), max_size=4), OPTIONS)
    def test_plain(self, extra, options):
        """So are lines with plain data, whose keys have their order."""
        self.compare(make_record("hello", **extra), **options)

    def test_examples(self):
        """What matters most is compared, and the same."""
        try:
            {}["first"]
        except KeyError:
            error = sys.exc_info()
        for options in ({}, {"stack_trace_limit": 0},
                        {"stack_trace_limit": 1},
                        {"exclude_fields": ["log.original", "process"]},
                        {"extra": {"service.name": "shop"}},
                        {"extra": {"service.name": {}, "x": {"y": {}}}}):
            for attributes in (
                    {}, {"exc_info": error}, {"stack_info": "Stack:\n x"},
                    {"exc_info": error, "stack_info": "Stack:"},
                    {"a": 1, "b.c": None, "d": [{"b": 1, "a": object}]},
                    {"list": [{10: 1, 9: 2}], "set": {1}, "n": 1.5},
                    {"elasticapm_trace_id": "x", "elasticapm_span_id": None,
                     "elasticapm_labels": {"a": 1}},
                    {"funcName": None, "thread": None, "levelname": "Own"},
                    {"http": {"request": {"method": "GET", "b": {}}}},
                    {"labels": {"a.b": 1}}, {"levelname": ""},
                    {"name": {}}, {"name": {"b": 1, "a": [{"d": 1, "c": 2}]}},
                    {"stack_info": EmptyText()},
                    {"taskName": "Task-1"}, {"taskName": ""},
                    {"taskName": types.MappingProxyType({"a": 1})}):
                with self.subTest(options=options, attributes=attributes):
                    record = make_record("user %s", "elvis", **attributes)
                    self.assertIsNotNone(self.compare(record, **options))

    def test_empty_object(self):
        """An empty object among the constants is in nobody's way."""
        record = make_record("hello", elasticapm_service_name="shop")
        line = self.compare(record, extra={"service.name": {}})
        self.assertEqual({"name": "shop"}, json.loads(line)["service"])

    def test_degraded(self):
        """What is listed has the caller's name, unless it is excluded."""
        record = make_record("hello", a=[float("inf")], b=float("nan"))
        for excluded, notes in (([], ["a[0]: Infinity", "b: NaN"]),
                                (["a"], ["b: NaN"]), (["a", "b"], None)):
            line = StdlibFormatter(exclude_fields=excluded).format(record)
            self.assertEqual(notes, strict_loads(line).get("degraded"))

    def test_time(self):
        """The time is the same where created and msecs agree."""
        record = make_record("hello", msecs=123.0)
        self.assertEqual(
            ecs_logging.StdlibFormatter().format(copy.copy(record)),
            StdlibFormatter(version=VERSION).format(record))

    def test_right_where_it_fails(self):
        """What ecs_logging loses or breaks is printed, all of it."""
        for extra in ({"log": "x"}, {"@timestamp": 1}, {"a": 1, "a.b": 2},
                      {"a": {"b": 1}, "a.b": 2}, {"n": float("nan")},
                      {"s": "\ud800"}, {"d": [{1: 1, "1": 2, "x": 3}]}):
            with self.subTest(extra):
                record = make_record("hello", **extra)
                self.assertIsNone(self.compare(record))
                data = strict_loads(StdlibFormatter().format(record))
                self.assertEqual("hello", data["message"])

    def test_chains(self):
        """The text of an exception with a cause is traceback's."""
        try:
            raise RuntimeError("outer") from KeyError("root")
        except RuntimeError:
            record = make_record("hello", exc_info=sys.exc_info())
        error = strict_loads(StdlibFormatter().format(record))["error"]
        for text in ("KeyError: 'root'", "direct cause",
                     "RuntimeError: outer", "Traceback"):
            self.assertIn(text, error["stack_trace"])
        self.assertEqual(("RuntimeError", "outer"),
                         (error["type"], error["message"]))

    def test_format_to_ecs(self):
        """A subclass that overrides format_to_ecs makes the same line."""
        def subclass(base):
            class Own(base):
                def format_to_ecs(self, record):
                    result = super().format_to_ecs(record)
                    del result["log"]["original"]
                    result["mine"] = {"when": complex(1, 2), "n": None}
                    return result
            return Own
        record = make_record("hello", a={"b": 1})
        theirs = subclass(ecs_logging.StdlibFormatter)()
        ours = subclass(StdlibFormatter)(version=VERSION)
        line = ours.format(copy.copy(record))
        self.assertEqual(without_time(theirs.format(copy.copy(record))),
                         without_time(line))
        self.assertEqual(json.loads(line), ours.mapLogRecord(record))

    def test_options(self):
        """What ecs_logging does not accept is not accepted."""
        for options in ({"stack_trace_limit": "x"},
                        {"stack_trace_limit": -1},
                        {"exclude_fields": "x"}, {"exclude_fields": {"x"}},
                        {"exclude_fields": [1]}, {"fmt": "%(x"}):
            with self.subTest(options):
                errors = []
                for cls in ecs_logging.StdlibFormatter, StdlibFormatter:
                    with self.assertRaises((TypeError, ValueError)) as found:
                        cls(**options)
                    errors.append(type(found.exception))
                self.assertEqual(errors[0], errors[1])
