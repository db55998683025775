"""Properties of schemas: whatever is logged, lines are what they should."""

import json
import re
import unittest
from collections import Counter

import hypothesis
from hypothesis import strategies as st

from jsonlogging.contrib._ecs_types import FIELDS
from jsonlogging.contrib.schemas import (ECSFormatter, GCPFormatter,
                                         GELFFormatter, LogstashFormatter,
                                         OTelFormatter, StdlibFormatter)

from .. import strategies
from ..support import make_record, plain, strict_loads
from . import _ecs

FORMATTERS = (
    ECSFormatter(), ECSFormatter(extra=True, stack_trace_limit=2),
    ECSFormatter(service_name="shop", extra="shop", ensure_ascii=False,
                 exclude_fields=["process.thread", "a"]),
    StdlibFormatter(), StdlibFormatter(version="2.1.0", extra={"a.b": 1}),
    LogstashFormatter(), GELFFormatter(host="web-1"),
    GCPFormatter(project="p"), OTelFormatter(resource={"a": 1}),
)

# Names of extras: of all kinds of fields, objects, parts and none.
NAMES = st.sampled_from([
    *FIELDS, *sorted(_ecs.OBJECTS), *["%s.more" % name for name in [
        "user.name", "http", "log.level", "message"]], "labels", "labels.x",
    "customer", "cart.total", "a", "a.b", "a.b.c", "degraded", "exception",
    "stack", "trace_id", "otelTraceID", "host", "", ".", "a..b", "*", "\\",
    "request", "@timestamp", "ecs"]) | strategies.texts()
WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
SCALARS = (st.none() | st.booleans() | st.integers(-2**63, 2**63 - 1)
           | st.floats(allow_nan=False, allow_infinity=False) | WORDS
           | st.sampled_from(["10.0.0.1", "2023-11-14T22:13:20Z", "GET"]))
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6)
EXTRAS = st.dictionaries(NAMES.filter(
    lambda name: name not in make_record().__dict__), DATA, max_size=5)


def leaves(value):
    """Count the scalars in *value*; 1 is neither True nor 1.0."""
    if isinstance(value, dict):
        return sum(map(leaves, value.values()), Counter())
    if isinstance(value, list):
        return sum(map(leaves, value), Counter())
    return Counter([(type(value), value)])


def nest(name, value):
    """Return {name: value} with objects for dots."""
    for part in reversed(name.split(".")[1:]):
        value = {part: value}
    return {name.split(".")[0]: value}


class HostileTest(unittest.TestCase):

    @strategies.given(strategies.records(), st.sampled_from(FORMATTERS))
    def test_valid(self, record, formatter):
        """Any record makes one strict line, the same in every way."""
        line = formatter.format(record)
        data = strict_loads(line)
        self.assertEqual(line, plain(formatter).format(record))
        self.assertEqual(data, formatter.mapLogRecord(record))

    @strategies.given(strategies.records(), st.sampled_from(FORMATTERS[:3]))
    def test_ecs(self, record, formatter):
        """Any record makes a line of ECS, with any extras."""
        _ecs.check_line(formatter.format(record),
                        {0: "labels", 1: True, 2: "shop"}[
                            FORMATTERS.index(formatter)])

    @strategies.given(NAMES, strategies.values(), st.booleans(),
                      st.sampled_from([True, "labels"]))
    def test_any_value_in_any_field(self, name, value, nested, extra):
        """Any value under any name makes a line of ECS."""
        record = make_record("hello")
        if name in record.__dict__ or name.split(".")[0] in record.__dict__:
            nested = False
        if name not in record.__dict__:
            record.__dict__.update(
                nest(name, value) if nested else {name: value})
        _ecs.check_line(ECSFormatter(extra=extra).format(record), extra)

    @strategies.given(strategies.records())
    def test_gelf(self, record):
        """Names and types of GELF are what it allows, always."""
        data = strict_loads(GELFFormatter(host="web-1").format(record))
        degraded = data.pop("degraded", [])
        for key, value in data.items():
            if key[:1] == "_":
                self.assertRegex(key, re.compile(r"\A[\w.-]+\Z", re.ASCII))
                self.assertNotEqual("_id", key)
            if key[1:] in ("process_id", "thread_id", "logger", "line",
                           "file", "function", "process_name",
                           "thread_name", "stack_info", "level_name"):
                continue    # attributes that a record may have as anything
            if key != "timestamp" or not degraded:
                self.assertIn(type(value), (str, int, float), key)
        self.assertTrue(data["short_message"])
        self.assertIn(data["level"], range(8))


class PlainTest(unittest.TestCase):

    @hypothesis.given(EXTRAS, st.sampled_from(FORMATTERS))
    def test_fast(self, extra, formatter):
        """The fast path makes the plain core's lines, byte for byte."""
        record = make_record("hello", **{"x": 1, **extra})
        self.assertEqual(plain(formatter).format(record),
                         formatter.format(record))

    @strategies.given(strategies.usual_records(),
                      st.sampled_from(FORMATTERS))
    def test_usual(self, record, formatter):
        """So it does with records as programs make them."""
        self.assertEqual(plain(formatter).format(record),
                         formatter.format(record))

    @hypothesis.given(EXTRAS, st.sampled_from([True, "labels", "shop"]))
    def test_nothing_is_lost(self, extra, where):
        """Every value of every extra is in the line, as it was."""
        record = make_record("hello", **extra)
        line = ECSFormatter(extra=where).format(record)
        data = _ecs.check_line(line, where)
        own = leaves(strict_loads(ECSFormatter().format(make_record("hello"))))
        ids = {name: value for name, value in extra.items()
               if name.endswith(("trace.id", "span.id", "transaction.id"))
               or name in ("trace", "span", "transaction", "trace_id",
                           "otelTraceID")}
        told = leaves(extra) - leaves(ids)
        # What is equal under one name is told once.
        missing = {leaf for leaf in told if leaf not in leaves(data)}
        self.assertFalse(missing - {*own})

    @hypothesis.given(NAMES, DATA, EXTRAS)
    def test_same_place(self, name, value, others):
        """An extra has its place and type, whatever stands beside it."""
        hypothesis.assume(name not in make_record().__dict__)

        def places(extra):
            data = strict_loads(ECSFormatter().format(
                make_record("hello", **extra)))
            return {leaf: json.dumps(item) for leaf, item in _ecs.flatten(
                data, FIELDS.keys() - {"labels"})}
        own = places({})
        alone, other = places({name: value}), places(others)
        among = places({**others, name: value})

        def claims(leaves):
            return {".".join(leaf.split(".")[:2]).rstrip("_")
                    if leaf.startswith("labels.") else leaf
                    for leaf in leaves - own.keys()}
        # What would stand at one place competes for it.
        hypothesis.assume(not claims(alone.keys()) & claims(other.keys()))
        for leaf in alone.keys() - own.keys():
            self.assertEqual(alone[leaf], among.get(leaf))

    @hypothesis.given(st.sampled_from(sorted(FIELDS)), st.booleans())
    def test_every_field(self, name, nested):
        """A value of its type is in every field of ECS, however named."""
        kind = FIELDS[name].rstrip("[]")
        value = {"boolean": True, "date": "2023-11-14T22:13:20Z",
                 "double": 0.5, "float": 0.5, "scaled_float": 0.5,
                 "integer": 5, "long": 2**40, "ip": "::1",
                 "geo_point": {"lat": 1.0, "lon": 2.0}}.get(kind, "text")
        if kind in ("object", "nested", "flattened"):
            value = [] if "[]" in FIELDS[name] else {"a": 1}
        hypothesis.assume(name not in _ecs.OBJECTS or value == [])
        record = make_record("hello")
        own = {leaf for leaf, _ in _ecs.flatten(
            strict_loads(ECSFormatter().format(record)))}
        hypothesis.assume(name not in {*own, "labels", "error.stack_trace",
                                       "error.type", "error.message"})
        hypothesis.assume(name.partition(".")[0] not in record.__dict__
                          or not nested)
        record.__dict__.update(nest(name, value) if nested
                               else {name: value})
        data = _ecs.check_line(ECSFormatter().format(record))
        self.assertEqual(value, dict(_ecs.flatten(data))[name])
        self.assertNotIn("labels", data)
