"""Properties of values: any object becomes bounded, valid JSON data."""

import collections
import dataclasses
import datetime
import decimal
import enum
import importlib
import json
import math
import pathlib
import unittest
import uuid

from hypothesis import assume
from hypothesis import strategies as st

from . import PACKAGE, blocks, fuzz, strategies
from .strategies import given
from .support import BaseTest, JSONFormatter, make_record, strict_loads

Converter = importlib.import_module(PACKAGE + "._encoder").Converter

scalars = (st.none() | st.booleans() | st.integers() | st.floats()
           | strategies.texts()
           | st.sampled_from(blocks.INTEGERS[:-1]))     # the last has no repr


def line_of(value, cls=JSONFormatter, **options):
    return strict_loads(cls(**options).format(make_record(x=value)))


def text_of_key(key):
    """Return json's text for the dict key *key*."""
    return next(iter(json.loads(json.dumps({key: 0}))))


def expected(value):
    """Return what the documented table makes of *value*, of its types."""
    if isinstance(value, enum.Enum):
        return expected(value.value)
    if isinstance(value, str):
        return fuzz.clean(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -2**63 <= value < 2**63:
            return value
        return str(value) if value.bit_length() <= 2048 else hex(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, pathlib.PurePath, decimal.Decimal,
                          complex, datetime.timedelta)):
        return fuzz.clean(str(value))
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if dataclasses.is_dataclass(value):
        return {field.name: expected(getattr(value, field.name))
                for field in dataclasses.fields(value) if field.repr}
    if isinstance(value, collections.abc.Mapping):
        return {fuzz.clean(key): expected(item)
                for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        try:
            return [expected(item) for item in sorted(value)]
        except TypeError:
            return sorted(map(expected, value), key=json.dumps)
    return [expected(item) for item in value]


tabled = st.recursive(
    scalars | st.datetimes() | st.dates() | st.times() | st.uuids()
    | st.timedeltas() | st.decimals() | st.complex_numbers() | st.binary()
    | st.sampled_from((blocks.Colour.RED, blocks.Colour.BLUE,
                       blocks.Level.LOW, blocks.Level.HIGH, blocks.Word.YES,
                       blocks.Frozen(), bytearray(b"\xe9x"),
                       pathlib.PurePosixPath("/tmp/\udcff"))),
    lambda children: st.lists(children, max_size=3)
    | st.dictionaries(strategies.texts(), children, max_size=3)
    | st.tuples(children, children)
    | st.builds(blocks.Point, children, children)
    | st.builds(blocks.Account, children, children, children)
    | st.builds(collections.deque, st.lists(children, max_size=3))
    | st.builds(collections.OrderedDict,
                st.dictionaries(strategies.texts(), children, max_size=2))
    | st.sets(st.integers() | st.booleans(), max_size=4)
    | st.frozensets(strategies.texts(), max_size=4),
    max_leaves=12)


class TableTest(BaseTest):
    @given(strategies.plain())
    def test_json(self, value):
        """What json can write is written as json writes it."""
        for ensure_ascii in True, False:
            text = JSONFormatter(ensure_ascii=ensure_ascii).format(
                make_record(x=value))
            written = json.dumps(value, separators=(",", ":"),
                                 ensure_ascii=ensure_ascii)
            for char in map(chr, (*range(0x7f, 0xa0), 0x2028, 0x2029)):
                written = written.replace(char, "\\u%04x" % ord(char))
            self.assertTrue(text.endswith('"x":' + written + "}"), text)

    @given(tabled)
    def test_table(self, value):
        """Every type of the table, however nested, has its documented form."""
        try:
            wanted = expected(value)
        except decimal.InvalidOperation:
            assume(False)
        line = line_of(value)
        self.assertEqual(json.dumps(wanted), json.dumps(line["x"]))

    @given(st.dictionaries(
        st.none() | st.booleans() | st.integers(-2**63, 2**63 - 1)
        | st.floats(), st.booleans(), max_size=5))
    def test_json_keys(self, data):
        """Keys that json takes have json's text."""
        texts = [text_of_key(key) for key in data]
        assume(len(set(texts)) == len(texts))
        self.assertEqual(dict(zip(texts, data.values())), line_of(data)["x"])

    @given(st.lists(st.integers(0, 3) | st.sampled_from(
        ("0", "1", "1_", "true", "null", True, None)), min_size=1))
    def test_colliding_keys(self, keys):
        """Of keys with one text the later gets an underscore."""
        data = dict.fromkeys(keys, 0)
        wanted = []
        for key in data:
            text = key if isinstance(key, str) else text_of_key(key)
            while text in wanted:
                text += "_"
            wanted.append(text)
        self.assertEqual(wanted, list(line_of(data)["x"]))

    @given(st.lists(strategies.hostile() | strategies.values()))
    def test_default_only_when_needed(self, values):
        """default is not called for what json can encode."""
        def default(obj):
            if type(obj) in (str, int, float, bool, type(None), list, dict,
                             tuple):
                raise AssertionError
            raise TypeError
        self.assertNotIn("AssertionError", json.dumps(
            line_of(values, default=default)))

    @given(strategies.values())
    def test_default(self, value):
        """default's TypeError leaves a value to the table, and its result
        is a value."""
        def refuse(obj):
            raise TypeError
        self.assertEqual(line_of(value), line_of(value, default=refuse))
        self.assertEqual(
            [1, None], line_of(object(), default=lambda obj: [1, math.nan])[
                "x"])


class BoundTest(BaseTest):
    @given(strategies.values() | strategies.hostile())
    def test_total(self, value):
        """Any object becomes data that is valid, bounded and repeatable."""
        fuzz.check(self.formatter(), make_record(x=value, y={"z": [value]}))

    @staticmethod
    def formatter():
        formatter = JSONFormatter()
        formatter.fmt = None
        return formatter

    @given(st.integers(0, 30).flatmap(lambda depth: st.lists(
        st.sampled_from((
            lambda inner: [inner], lambda inner: (inner,),
            lambda inner: {"d": inner},
            lambda inner: collections.deque([inner]), blocks.Account)),
        min_size=depth, max_size=depth)), st.just([]) | st.just("leaf"))
    def test_deep(self, wraps, value):
        """Nesting is kept to 20 levels, the line being the first."""
        depth = 1 + (value == []) + len(wraps)
        for wrap in wraps:
            value = wrap(value)
        line = line_of(value)
        self.assertEqual(min(depth, 20), fuzz.depth(line))
        self.assertEqual(depth > 20, "!DEPTH" in json.dumps(line["x"]))
        self.assertEqual(depth > 20, "degraded" in line)

    @given(strategies.deep())
    def test_very_deep(self, value):
        """However deep the data, the line is not."""
        self.assertLessEqual(fuzz.depth(line_of([value])), 20)

    @given(strategies.cyclic())
    def test_cycle(self, value):
        """A cycle ends in a mark that is listed, with its path."""
        line = line_of(value)
        text = json.dumps(line["x"])
        self.assertLess(len(text), 10_000)
        cycles = [entry for entry in line.get("degraded", ())
                  if entry.endswith("!CYCLE")]
        self.assertEqual("!CYCLE" in text, bool(cycles))
        for entry in cycles:
            self.assertTrue(entry.startswith("x"), entry)

    def test_shared(self):
        """What is shared but not cyclic is printed every time."""
        inner = {"a": [1]}
        self.assertEqual({"a": [inner, inner], "b": inner},
                         line_of({"a": [inner, inner], "b": inner})["x"])

    @given(st.integers(0, 12), st.integers(1, 8), st.sampled_from(
        (list, tuple, set, collections.deque, dict.fromkeys)))
    def test_width(self, length, limit, cls):
        """Containers keep their first max_items items, and say so."""
        class Narrow(JSONFormatter):
            max_items = limit
        line = line_of({"in": cls(range(length))}, Narrow, extra="x")
        found = line["x"]["x"]["in"]
        self.assertEqual(list(map(str, range(min(length, limit)))),
                         list(map(str, found)))
        self.assertEqual(
            ["x.x.in: !CUT %d" % (length - limit)] if length > limit
            else None, line.get("degraded"))

    @given(st.lists(st.sampled_from((math.nan, math.inf, -math.inf, 1.5)),
                    max_size=25))
    def test_degraded(self, numbers):
        """Numbers that JSON lacks are null, and ten of them are listed."""
        names = [{math.inf: "Infinity", -math.inf: "-Infinity"}.get(
            number, "NaN") for number in numbers]
        wanted = ["x[%d]: %s" % (index, name)
                  for index, (name, number) in enumerate(zip(names, numbers))
                  if number != 1.5]
        line = line_of(numbers)
        self.assertEqual([number if number == 1.5 else None
                          for number in numbers], line["x"])
        found = line.get("degraded", [])
        self.assertEqual(wanted[:10], found[:10])
        self.assertEqual(len(wanted) > 10, len(found) == 11)
        if len(wanted) > 10:
            self.assertTrue(found[10].endswith("!CUT %d"
                                               % (len(wanted) - 10)))

    def test_work(self):
        """The worst data within the limits is not walked without end."""
        key = type("Key", (), {"__repr__": lambda self: "key"})
        wide = "leaf"
        for _ in range(20):
            wide = [wide] * 10_000
        calls = 0

        def counting(converter, obj):
            nonlocal calls
            calls += 1
            return value_of(converter, obj)
        value_of = Converter.value
        self.addCleanup(setattr, Converter, "value", value_of)
        Converter.value = counting
        for name, value in {
            "colliding keys": {key(): 1 for _ in range(10_000)},
            "a wide tree": wide,
            "a big int": 1 << 10**7,
        }.items():
            with self.subTest(name):
                calls = 0
                text = JSONFormatter().format(make_record(x=value))
                # Of a million bytes a pass makes half a million items at
                # most, and few passes are needed.
                self.assertLess(calls, 2_500_000)
                self.assertLessEqual(len(text), 1_000_000)
                strict_loads(text)


if __name__ == "__main__":
    unittest.main()
