"""Properties of whole lines: the clauses of JSONFormatter's contract."""

import contextlib
import json
import logging
import threading
import unittest

from hypothesis import assume, example
from hypothesis import strategies as st

from . import blocks, conformance, fuzz, strategies
from .strategies import given
from .support import (BaseTest, ISOFormatter, JSONFormatter, make_record,
                      strict_loads)

OWN = ("timestamp", "level", "logger", "message", "exception", "stack",
       "degraded")
TAKEN = {*blocks.ATTRIBUTES, "asctime", "message", "taskName"}
SECRET = "hunter2"
HOOKS = ("mapLogRecord", "mapExtra", "formatTime", "formatException",
         "formatStack", "usesTime")
under = st.integers(0, 3).map("_".__mul__)
numbers = st.integers(0, 10**9)
own_keys = st.builds(str.__add__, st.sampled_from(OWN), under)
free_keys = (st.sampled_from(("a", "b", "level2", "Level", "", "_", "ctx_"))
             | strategies.texts()).filter(
    lambda key: fuzz.clean(key).rstrip("_") not in OWN
    and key not in TAKEN)


def with_extra(extra, **attributes):
    """Return a record with *extra* as a logging call puts it there."""
    record = make_record(**attributes)
    record.__dict__.update(extra)
    return record


def failure():
    """Return exc_info with the secret in it."""
    error = ValueError(SECRET)
    return ValueError, error, None


class LineTest(BaseTest):
    @given(strategies.records(), strategies.options())
    def test_contract(self, record, options):
        """Any record, under any options, keeps what can be kept."""
        formatter = JSONFormatter(**options)
        formatter.fmt = options["fmt"]
        fuzz.check(formatter, record)

    def test_fuzz(self):
        """The fuzzer's first records hold what it checks."""
        self.assertEqual(0, fuzz.run("tests", 0, 2000))

    @given(strategies.records())
    def test_text(self, record):
        """ISOFormatter prints what logging does, but for the time."""
        fmt = "%(levelname)s %(message)s"
        try:
            expected = logging.Formatter(fmt).format(record)
        except Exception:
            assume(False)
        self.assertEqual(expected, ISOFormatter(fmt).format(record))

    @given(strategies.values(), strategies.values())
    def test_neighbours(self, value, other):
        """A value never costs what stands beside it."""
        line = strict_loads(JSONFormatter().format(make_record(
            before=[1], x=[value, 2, {"in": other}], after={"a": None})))
        self.assertEqual([1], line["before"])
        self.assertEqual({"a": None}, line["after"])
        self.assertEqual("hello", line["message"])
        self.assertEqual(2, line["x"][1])

    @given(strategies.texts(), strategies.texts(), strategies.texts())
    @example(message="", name="", value="")
    @example(message="\ud83d\ude00", name="\ude00\ud83d", value="\\ud800")
    @example(**dict.fromkeys(["message", "name", "value"],
                              conformance.CONTROLS))
    def test_texts(self, message, name, value):
        """Every text is itself, but for lone surrogates."""
        for ensure_ascii in True, False:
            text = JSONFormatter(ensure_ascii=ensure_ascii).format(
                make_record(message.replace("%", "%%"), name=name, x=value,
                            args={"a": 1}))
            line = strict_loads(text)
            self.assertEqual(list(map(fuzz.clean, (message, name, value))),
                             [line["message"], line["logger"], line["x"]])
            self.assertNotIn("degraded", line)

    @given(st.text(st.characters(min_codepoint=0x20,
                                 blacklist_categories=["Cs"])).filter(
        lambda text: not set(text) & set(map(chr, (*range(0x7f, 0xa0),
                                                   0x2028, 0x2029)))))
    def test_ensure_ascii(self, text):
        """ensure_ascii is json's, but for controls and line separators."""
        for ensure_ascii in True, False:
            self.assertIn(
                '"x":' + json.dumps(text, ensure_ascii=ensure_ascii),
                JSONFormatter(ensure_ascii=ensure_ascii).format(
                    make_record(x=text)) + ",")

    @given(strategies.records())
    def test_pass_through(self, record):
        """What is no Exception passes through, from wherever it comes."""
        for error in KeyboardInterrupt, SystemExit, GeneratorExit:
            with self.assertRaises(error):
                record.__dict__["zzz"] = type("Stop", (), {
                    "__repr__": blocks.raising(error)})()
                JSONFormatter().format(record)


class ForgingTest(BaseTest):
    @given(st.dictionaries(own_keys, numbers, max_size=8),
           st.booleans())
    def test_own_keys(self, extra, failed):
        """A key that looks like our own gets one more underscore, always."""
        extra.pop("message", None)
        record = with_extra(extra, exc_info=failure() if failed else None)
        line = strict_loads(JSONFormatter().format(record))
        self.assertEqual("hello", line["message"])
        self.assertEqual("INFO", line["level"])
        self.assertEqual("app", line["logger"])
        self.assertEqual("2023-11-14T22:13:20.123Z", line["timestamp"])
        self.assertEqual(failed, "exception" in line)
        self.assertNotIn("stack", line)
        self.assertNotIn("degraded", line)
        for key, value in extra.items():
            self.assertEqual(value, line[key + "_"])

    @given(st.dictionaries(free_keys, numbers, max_size=8))
    def test_free_keys(self, extra):
        """Any other key is printed as it is, in its order."""
        assume(len(set(map(fuzz.clean, extra))) == len(extra))
        line = strict_loads(JSONFormatter().format(with_extra(extra)))
        self.assertEqual(
            ["timestamp", "level", "logger", "message",
             *map(fuzz.clean, extra)], list(line))

    @given(st.dictionaries(own_keys | free_keys, numbers, min_size=1,
                           max_size=8))
    def test_one_key(self, extra):
        """Under one key, extras keep their names and forge nothing."""
        extra.pop("message", None)
        assume(extra and len(set(map(fuzz.clean, extra))) == len(extra))
        line = strict_loads(JSONFormatter(extra="x").format(
            with_extra(extra)))
        self.assertEqual({fuzz.clean(key): value
                          for key, value in extra.items()}, line["x"])
        self.assertEqual(["timestamp", "level", "logger", "message", "x"],
                         list(line))
        self.assertEqual("hello", line["message"])

    @given(st.lists(strategies.keys(), max_size=6))
    def test_values_survive(self, keys):
        """Whatever collides or is hostile as a key, no value is lost."""
        data = {}
        for number, key in enumerate(keys):
            with contextlib.suppress(Exception):    # refuses to be compared
                data[key] = "value %d." % number
        record = make_record(nested=data)
        record.__dict__.update(
            (key, value) for key, value in data.items()
            if type(key) is not str or key not in blocks.ATTRIBUTES
            and key != "message")
        text = JSONFormatter().format(record)
        line = strict_loads(text)
        self.assertEqual(list(data.values()), list(line["nested"].values()))
        for key, value in data.items():
            self.assertIn(value, text)
        self.assertEqual("hello", line["message"])


class CuttingTest(BaseTest):
    def compare(self, whole, cut):
        """Check that *cut* is *whole* with less in it."""
        self.assertIs(type(whole), type(cut))
        if isinstance(whole, dict):
            for key, value in cut.items():
                if key in whole:
                    self.compare(whole[key], value)
                else:
                    self.assertIn("!CUT ", key)
            self.assertLessEqual(len(cut), len(whole))
        elif isinstance(whole, list):
            self.assertLessEqual(len(cut), len(whole))
            for one, other in zip(whole, cut):
                self.compare(one, other)
        elif isinstance(whole, str) and whole != cut:
            begin, _, end = cut.partition("!CUT ")
            number = end[:len(end) - len(end.lstrip("0123456789"))]
            ends = [end[len(number[:digits]):]
                    for digits in range(1, len(number) + 1)
                    if int(number[:digits]) == len(whole) - len(begin)
                    - len(end) + digits]
            self.assertTrue(ends, (whole, cut))
            self.assertTrue(whole.startswith(begin), (whole, cut))
            self.assertTrue(whole.endswith(ends[0]), (whole, cut))
        else:
            self.assertEqual(whole, cut)

    @given(strategies.plain(), strategies.plain(), st.integers(0, 5000),
           st.integers(1024, 3000), st.booleans())
    def test_types(self, value, other, length, limit, ensure_ascii):
        """Cutting changes no type and no number, and keeps both ends."""
        many = {"k%d" % number: [other, "v" * (length // 20)]
                for number in range(length // 100)}
        record = make_record("m" * length, x=value, many=many, y=[other],
                             exc_info=failure())
        text = JSONFormatter(ensure_ascii=ensure_ascii,
                             max_bytes=limit).format(record)
        self.assertLessEqual(len(text.encode()), limit)
        cut = strict_loads(text)
        whole = strict_loads(JSONFormatter().format(record))
        degraded = cut.pop("degraded", None)
        self.assertEqual(whole != cut, degraded is not None)
        self.compare(whole, cut)
        for key in "timestamp", "level", "logger", "message", "exception":
            self.assertIn(key, cut)

    @given(strategies.records(), st.integers(1024, 1100))
    def test_bound(self, record, limit):
        """No record makes a line longer than the shortest limit."""
        text = JSONFormatter(max_bytes=limit, ensure_ascii=False).format(
            record)
        self.assertLessEqual(len(text.encode()), limit)
        strict_loads(text)


class HookTest(BaseTest):
    @given(strategies.records(), strategies.options())
    def test_transparent(self, record, options):
        """Hooks that only call the original change nothing."""
        class Through(JSONFormatter):
            def mapLogRecord(self, record):
                return super().mapLogRecord(record)

            def mapExtra(self, extra):
                return super().mapExtra(extra)

            def formatTime(self, record, datefmt=None):
                return super().formatTime(record, datefmt)

            def formatException(self, ei):
                return super().formatException(ei)

            def formatStack(self, stack_info):
                return super().formatStack(stack_info)

            def usesTime(self):
                return super().usesTime()
        self.assertEqual(JSONFormatter(**options).format(record),
                         Through(**options).format(record))

    @given(strategies.values())
    def test_any_result(self, value):
        """Whatever is in what mapLogRecord returns, the line is good."""
        class Own(JSONFormatter):
            def mapLogRecord(self, record):
                return {"x": value, 1: value, "1": [value]}
        line = strict_loads(Own().format(make_record()))
        self.assertEqual(["x", "1", "1_"], list(line)[:3])

    @given(st.lists(strategies.keys(), max_size=3), strategies.values())
    def test_any_extra(self, keys, value):
        """Whatever mapExtra returns, it forges nothing."""
        result = {}
        for key in keys:
            with contextlib.suppress(Exception):    # refuses to be compared
                result[key] = value

        class Own(JSONFormatter):
            def mapExtra(self, extra):
                return result
        for extra in True, "ctx":
            line = strict_loads(Own(extra=extra).format(make_record(x=1)))
            self.assertEqual(["2023-11-14T22:13:20.123Z", "INFO", "app",
                              "hello"], list(line.values())[:4])

    @given(st.sampled_from(HOOKS), st.booleans(),
           st.sampled_from(blocks.ERRORS), strategies.options())
    def test_failing(self, hook, on_instance, error, options):
        """A hook that raises leaves time, level, logger and a mark only."""
        def fail(*args):
            raise error(SECRET)
        assume(error is not UnicodeDecodeError)
        cls = JSONFormatter
        if not on_instance:
            cls = type("Own", (JSONFormatter,), {hook: fail})
        options.update(fmt=None, defaults=None, datefmt=None,
                       max_bytes=10_000)
        formatter = cls(**options)
        if on_instance:
            setattr(formatter, hook, fail)
        record = make_record(SECRET, x=SECRET, exc_info=failure(),
                             stack_info=SECRET, exc_text=SECRET)
        assume(options["extra"] or hook != "mapExtra")
        text = formatter.format(record)
        self.assertNotIn(SECRET, text)
        line = strict_loads(text)
        self.assertEqual(["timestamp", "level", "logger", "message",
                          "degraded"], list(line))
        self.assertEqual(["INFO", "app"], [line["level"], line["logger"]])
        self.assertRegex(line["message"], r"^!ERROR: (\w+\.)*%s in "
                         "%s of " % (error.__name__, hook))

    @given(strategies.hostile())
    def test_failing_callable(self, value):
        """A callable in fmt that raises or returns anything costs only
        its field."""
        def fail(record):
            raise KeyError("no")
        line = strict_loads(JSONFormatter({
            "bad": fail, "odd": lambda record: [value],
            "message": "message"}).format(make_record()))
        self.assertRegex(line["bad"], "^!ERROR: KeyError in ")
        self.assertEqual("hello", line["message"])
        self.assertIn("odd", line)


class SequenceTest(BaseTest):
    @given(st.lists(strategies.records(), min_size=2, max_size=6),
           st.randoms(use_true_random=False))
    def test_order(self, records, random):
        """A line depends on its record alone, not on those before it."""
        alone = [JSONFormatter().format(record) for record in records]
        formatter = JSONFormatter()
        pairs = list(zip(records, alone))
        random.shuffle(pairs)
        for record, line in pairs:
            self.assertEqual(line, formatter.format(record))

    def test_threads(self):
        """Lines made by several threads at once are those made by one."""
        records = [blocks.record(blocks.Chooser(seed)) for seed in range(200)]
        formatter = JSONFormatter()
        expected = [formatter.format(record) for record in records]
        found = []

        def work(start):
            order = records[start:] + records[:start]
            lines = [formatter.format(record) for record in order]
            found.append(lines[-start:] + lines[:-start])
        threads = [threading.Thread(target=work, args=(start,))
                   for start in range(20, 180, 20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([expected] * 8, found)


if __name__ == "__main__":
    unittest.main()
