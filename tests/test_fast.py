"""The fast path: when it serves, when it does not, and what it keeps."""

import copy
import functools
import importlib
import linecache
import logging
import os
import pickle
import sys
import threading
import traceback
import types
import unittest
from unittest import mock

from . import PACKAGE, edges
from .support import (BaseTest, JSONFormatter, make_record, plain,
                      run_python, run_threads, strict_loads)

fast = importlib.import_module(PACKAGE + "._fast")

FIELDS = {"time": "asctime", "where": {"file": "filename", "line": "lineno"},
          "text": "message", "task": "taskName", "thread": "threadName",
          "user": "user", "id": "request_id"}
DEFAULTS = {"user": None, "request_id": "-", "service": "shop"}


def served(formatter, record):
    """Tell whether the fast path makes the line of *record*."""
    try:
        formatter._fast.line(formatter, record)
    except Exception:
        return False
    return True


def source_of(formatter):
    """Return the source of the function made for *formatter*."""
    formatter.format(make_record())
    function = formatter._fast.line
    function = getattr(function, "args", [function])[0]
    return function.__globals__["__loader__"].get_source("")


def raised(error):
    """Return the exc_info of *error*, raised two calls down."""
    def first():
        second()

    def second():
        raise error
    try:
        first()
    except BaseException:
        return sys.exc_info()


class FastTest(BaseTest):
    def assertSame(self, formatter, record):
        """Fail if the fast path and the plain core differ."""
        twin = type(record).__new__(type(record))
        twin.__dict__.update(record.__dict__)
        expected = plain(formatter).format(twin)
        self.assertEqual(expected, formatter.format(record))
        self.assertEqual(twin.__dict__.get("exc_text"),
                         record.__dict__.get("exc_text"))
        strict_loads(expected)

    def assertServed(self, formatter, record):
        self.assertTrue(served(formatter, record))
        self.assertSame(formatter, record)

    def assertUnusual(self, formatter, record):
        self.assertFalse(served(formatter, record))
        self.assertSame(formatter, record)


class UsualTest(FastTest):
    """What the benchmarks measure is served by the fast path."""

    def test_records(self):
        """The kinds of records that programs log."""
        error = raised(ValueError("no", 1))
        for options in ({}, {"ensure_ascii": False}, {"utc": False},
                        {"timespec": "seconds"}, {"extra": "ctx"},
                        {"timespec": "microseconds"}, {"extra": False},
                        {"fmt": FIELDS, "defaults": DEFAULTS},
                        {"fmt": "%(levelname)s %(message)s %(process)d"},
                        {"fmt": ["levelname"], "defaults": {"a": [1, "x"]}}):
            formatter = JSONFormatter(**options)
            for record in (
                    make_record(), make_record("x" * 5000),
                    make_record('"quoted" \\ \t\x7f' * 50),
                    make_record("zażółć \U0001f600 \u2028\x85"),
                    make_record("%s, %d and %.2f", "a", 1, 2.5),
                    make_record("%s", [1]), make_record("%(a)s", {"a": 1}),
                    make_record(5), make_record("x", a="b", c=1, d=1.5,
                                                e=None, f=True, g=False),
                    make_record(a=2**62, b=-2**63, c="\x00", d="\U0001f600"),
                    make_record(a={"b": [1, {"c": ("d", 1.5, None)}]}, e=[]),
                    make_record(a=["\U0001f600", "\\ud800"]),
                    make_record(taskName="Task-1", user="joe", level="x"),
                    make_record(taskName=0),
                    make_record(exc_info=error), make_record(
                        exc_info=error, exc_text="kept", x=1)):
                with self.subTest(options=options, record=record.__dict__):
                    self.assertServed(formatter, record)

    def test_time(self):
        """Times of any kind of number, and a clock that goes backwards."""
        for options in {}, {"utc": False}, {"timespec": "seconds"}:
            formatter = JSONFormatter(**options)
            for created in (1.7e9, 1.7e9 + 1e-6, 1.7e9 + 0.000999, 1.7e9,
                            1700000000, -0.5, 0.0, 2.0**33, 2.0**33 + 1e-5,
                            253402300799.9, -62135596800):
                self.assertServed(formatter, make_record(created=created))
            for created in None, "1", float("nan"), 1e300:
                self.assertUnusual(formatter, make_record(created=created))

    def test_zone_changes(self):
        """tzset() is heeded, even within a millisecond."""
        formatter, lines = JSONFormatter(["asctime"], utc=False), []
        for zone in "UTC", "Asia/Kolkata", "UTC":
            self.set_zone(zone)
            lines.append(formatter.format(make_record(created=1.7e9)))
            self.assertSame(formatter, make_record(created=1.7e9))
        self.assertEqual(lines[0], lines[2])
        self.assertIn("+05:30", lines[1])

    def test_called_functions(self):
        """Functions in fmt and mapExtra() keep the fast path."""
        class Own(JSONFormatter):
            def mapExtra(self, extra):
                seen.append(dict(extra))
                extra.pop("password", None)
                return {**extra, "app": 1}

        seen = []
        for formatter in (
                Own({"first": lambda record: None, "message": "message",
                     "in": {"a": lambda record: record.lineno,
                            "b": {"c": lambda record: ""}}}),
                Own(["message"], extra="labels", defaults={"app": "x"})):
            for record in (make_record(), make_record(user=1, password="x"),
                           make_record(message="set by another formatter")):
                with self.subTest(record=record.__dict__):
                    self.assertServed(formatter, record)
        self.assertEqual([{"user": 1, "password": "x"}] * 6, seen)

    def test_mapped_default(self):
        """What mapExtra() puts beside a default gets its underscore."""
        class Own(JSONFormatter):
            def mapExtra(self, extra):
                return {"app": 1}
        self.assertUnusual(Own(["message"], defaults={"app": "x"}),
                           make_record(x=1))

    def test_keys(self):
        """Keys that collide are told apart as in the plain core."""
        formatter = JSONFormatter({"a{b}": "message", "%s": "asctime",
                                   "\x7f\u2028\"\\": "levelname",
                                   "{": {"}": "name"}})
        self.assertServed(formatter, make_record(**{
            "a{b}": 1, "{": 2, "{_": 3, "stack": 4, "degraded__": 5}))


class UnusualTest(FastTest):
    """What is left to the plain core."""

    def test_records(self):
        """Records with something unusual."""
        class Text(str):
            def __eq__(self, other):
                return True

            def __hash__(self):
                return hash("app")

        class Record(logging.LogRecord):
            def getMessage(self):
                return "own"

        cyclic = []
        cyclic.append(cyclic)
        deep = []
        for _ in range(30):
            deep = [deep]
        own = Record("app", 20, "", 1, "x", (), None)
        formatter = JSONFormatter({**FIELDS, "name": "name"},
                                  defaults=DEFAULTS)
        formatter.format(make_record())
        for record in (
                own, make_record("\ud800"), make_record("%s", "\udfff"),
                make_record(a="\ud800"), make_record(**{"\ud800": 1}),
                make_record(a=["\ud800"]), make_record(a={"\udc00": 1}),
                make_record(a=float("nan")), make_record(a=2**63),
                make_record(a=[float("inf")]), make_record(a=[2**64]),
                make_record(a={1: 2}), make_record(a=cyclic),
                make_record(a=deep), make_record(a=b"x"),
                make_record(a=list(range(20_000))),
                make_record(a=["x" * 1000] * 4000), make_record(x=Text("a")),
                make_record(a=[{"k" * 9999: 1}] * 100),
                make_record(name=Text("zzz")), make_record(lineno=2**64),
                make_record(stack_info="Stack"), make_record(exc_text="x"),
                make_record("%d", "x"), make_record("x" * 100_000),
                make_record("x" * 999_990),
                make_record(lineno=True), make_record(lineno=7.0),
                make_record(name=7), make_record(name=None),
                make_record(threadName=["x"]),
                make_record(**dict.fromkeys(map(str, range(200)), 1))):
            with self.subTest(record=str(record.__dict__)[:300]):
                self.assertUnusual(formatter, record)

    def test_attributes(self):
        """Records from which an attribute was deleted."""
        for name in logging.makeLogRecord({}).__dict__:
            for extra in {}, {"x": 1}, {"x": 1, "y": 2}:
                record = make_record()
                delattr(record, name)
                record.__dict__.update(extra)
                with self.subTest(name, extra=extra):
                    self.assertUnusual(JSONFormatter(), record)

    def test_exceptions(self):
        """Exceptions of which traceback prints more, or less."""
        class Falsy(ValueError):
            def __len__(self):
                return 0

        class Noted(ValueError):
            __notes__ = ["from the class"]

        deep = ValueError()
        deep.data = []
        for _ in range(60):
            deep.data = [deep.data]
        noted = ValueError()
        noted.__notes__ = ["a note"]
        chained = ValueError()
        for _ in range(20):
            chained, chained.__cause__ = ValueError(), chained
        for error in (
                Falsy(), Noted(), deep, noted, chained, NameError("prin"),
                AttributeError("appendd"), ImportError("x", name="y"),
                SyntaxError("bad", ("f.py", 1, 2, "a = = 1\n")),
                type("!CUT", (ValueError,), {})()):
            with self.subTest(error):
                self.assertUnusual(JSONFormatter(),
                                   make_record(exc_info=raised(error)))
        for info in ((None, None, None), ValueError(),
                     (ValueError, None, None), (*raised(ValueError()), 1)):
            self.assertUnusual(JSONFormatter(), make_record(exc_info=info))
        sys.tracebacklimit = 1
        self.assertUnusual(JSONFormatter(), make_record(
            exc_info=raised(ValueError())))

    def test_formatters(self):
        """Formatters that are unusual themselves."""
        class Own(JSONFormatter):
            def formatTime(self, record, datefmt=None):
                return "now"

        class Shallow(JSONFormatter):
            max_depth = 3

        class Narrow(JSONFormatter):
            max_items = 20

        for formatter in (
                Own(), Shallow(), Narrow(), JSONFormatter(datefmt="%Y"),
                JSONFormatter(["taskName"]), JSONFormatter([]),
                JSONFormatter({"x" * 70_000: "message"}),
                JSONFormatter(["x"], defaults={"x": "\ud800"}),
                JSONFormatter({"a": {"b": {"c": {"d": {"e": {
                    "f": "message"}}}}}})):
            record = make_record(x=[[[[1] * 30]]])
            with self.subTest(formatter):
                self.assertFalse(served(formatter, record))
                self.assertFalse(served(formatter, record))     # for good
                self.assertSame(formatter, record)


class EdgeTest(BaseTest):

    def test_edges(self):
        """Where the PEP is read closely, both paths print the same."""
        def slow(cls):
            return plain(make(cls))

        # Before and after the fast path is there, if it is.
        for turn in range(2):
            for name, make, record in edges.CASES:
                with self.subTest(name):
                    self.assertEqual(edges.line(slow, record, JSONFormatter),
                                     edges.line(make, record, JSONFormatter))


class StateTest(FastTest):
    """What an instance is beside its function."""

    def test_source(self):
        """The function's source can be read, and says what is done."""
        self.assertEqual(source_of(JSONFormatter(["levelname"], extra=False)),
                         "def make():\n"
                         "    now = 0.0, 0.0, None\n"
                         "    def line(formatter, record):\n"
                         "        nonlocal now\n"
                         "        if type(record) is not LogRecord: "
                         "raise Unusual\n"
                         "        if not (record.exc_info is record.exc_text "
                         "is record.stack_info is None): "
                         "return exceptional(formatter, record)\n"
                         "        site1, = site(record.levelname)\n"
                         "        d = record.__dict__\n"
                         "        extras = '' if len(d) == %d and "
                         "next(reversed(d)) is _LAST else ''\n"
                         "        line = f'{site1}{extras}}}'\n"
                         "        if len(line) > max_bytes: raise Unusual\n"
                         "        return line\n"
                         "    return line\n"
                         % len(make_record().__dict__))

    def test_debugger(self):
        """linecache, and so a traceback or a debugger, finds the source."""
        class Odd(JSONFormatter):
            def mapExtra(self, extra):
                raise KeyError("odd")
        formatter = Odd()
        try:
            formatter._fast.line(formatter, make_record(x=1))
        except KeyError:
            lines = traceback.format_exc()
        self.assertIn("extras = ''", lines)
        self.addCleanup(linecache.clearcache)

    def test_copies(self):
        """Copies and pickles are the same before and after a record."""
        formatter = JSONFormatter(FIELDS, defaults=DEFAULTS)
        state = dict(formatter.__dict__)
        for _ in range(2):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                for made in (copy.copy(formatter), copy.deepcopy(formatter),
                             pickle.loads(pickle.dumps(formatter, protocol))):
                    self.assertEqual(state.keys(), made.__dict__.keys())
                    self.assertTrue(served(made, make_record()))
            self.assertServed(formatter, make_record())

    def test_copies_are_others(self):
        """What a copy is set to, or does, is not the other's."""
        class Own(JSONFormatter):
            app = "one"

            def mapExtra(self, extra):
                return {"app": self.app}
        formatter = Own()
        self.assertServed(formatter, make_record(x=1))
        for made in (copy.copy(formatter), copy.deepcopy(formatter)):
            made.app = "two"
            self.assertIn('"app":"two"', made.format(make_record(x=1)))
            made.extra = "ctx"
            self.assertIn('"ctx":{"app"', made.format(make_record(x=1)))
            self.assertIn(',"app":"one"', formatter.format(make_record(x=1)))

    def test_slots(self):
        """Subclasses and mixins may have slots, and states, of their own."""
        class Mixin:
            __slots__ = ("tenant",)

            def __getattr__(self, name):
                if name == "other":
                    return "made up"
                raise AttributeError(name)

        class Own(JSONFormatter, Mixin):
            __slots__ = ("count",)

            def __getattr__(self, name):
                return super().__getattr__(name)

        class Stateful(JSONFormatter):
            def __getstate__(self):
                return self.__dict__.copy()
        formatter = Own()
        formatter.count, formatter.tenant = 1, "x"
        self.assertServed(formatter, make_record())
        made = copy.copy(formatter)
        self.assertEqual((1, "x", "made up"),
                         (made.count, made.tenant, made.other))
        formatter = Stateful()
        self.assertServed(formatter, make_record())
        self.assertServed(copy.deepcopy(formatter), make_record())
        with mock.patch.dict(globals(), Stateful=Stateful):
            Stateful.__qualname__ = "Stateful"
            self.assertServed(pickle.loads(pickle.dumps(formatter)),
                              make_record())

    def test_own_attributes(self):
        """A subclass may count records: nothing is made again for that."""
        class Counting(JSONFormatter):
            count = 0

            def mapExtra(self, extra):
                self.count += 1
                return {**extra, "count": self.count}
        formatter = Counting()
        self.assertServed(formatter, make_record(x=1))
        with mock.patch.object(fast, "_compile", side_effect=AssertionError):
            self.assertServed(formatter, make_record(x=1))

    def test_set_by_threads(self):
        """Attributes can be set by several threads at a time."""
        formatter, failed = JSONFormatter(), []

        def change(name):
            try:
                for number in range(3000):
                    setattr(formatter, name, number % 2 == 0)
                    strict_loads(formatter.format(make_record(x=1)))
            except Exception as error:
                failed.append(error)
        run_threads(*[functools.partial(change, name)
                      for name in ("one", "two", "utc")])
        self.assertEqual([], failed)

    def test_attributes(self):
        """Options, hooks and the class may change at any time."""
        class Own(JSONFormatter):
            def formatTime(self, record, datefmt=None):
                return "now"
        formatter = JSONFormatter()
        for name, value in (("timespec", "seconds"), ("utc", False),
                            ("extra", "ctx"), ("ensure_ascii", False),
                            ("max_bytes", 1024), ("datefmt", "%Y"),
                            ("__class__", Own)):
            before = formatter.format(make_record("é" * 900, x=1))
            setattr(formatter, name, value)
            with self.subTest(name):
                self.assertSame(formatter, make_record("é" * 900, x=1))
                self.assertNotEqual(
                    before, formatter.format(make_record("é" * 900, x=1)))
        formatter.formatTime = lambda *args: "then"
        self.assertIn('"then"', formatter.format(make_record()))
        del formatter.formatTime
        self.assertIn('"now"', formatter.format(make_record()))
        with self.assertRaises(AttributeError):
            del formatter.formatTime
        with self.assertRaisesRegex(AttributeError, "no attribute 'nothing'"):
            formatter.nothing

    def test_set_meanwhile(self):
        """A hook that is set while the function is made is heeded."""
        formatter, make = JSONFormatter(), fast._compile

        def compile_slowly(formatter):
            function = make(formatter)
            if not hasattr(formatter, "formatTime_set"):
                formatter.__dict__["formatTime_set"] = True
                formatter.formatTime = lambda *args: "later"
            return function
        with mock.patch.object(fast, "_compile", compile_slowly):
            formatter.format(make_record())
            self.assertIn('"later"', formatter.format(make_record()))

    def test_shared(self):
        """Two formatters share nothing that tells them apart."""
        error = raised(ValueError("zażółć"))
        one, two = JSONFormatter(), JSONFormatter(ensure_ascii=False)
        for _ in range(2):
            for formatter in one, two:
                self.assertServed(formatter, make_record(
                    exc_info=error, exc_text=None, ż="ż"))


class CacheTest(FastTest):
    """What is kept, and for how long."""

    def test_bounds(self):
        """No number of places, threads, keys or classes fills the memory."""
        formatter = JSONFormatter(["name", "lineno", "thread", "message"])
        caches = {}
        with mock.patch.object(fast, "_MAX_CACHED", 100):
            for number in range(1000):
                code = compile("def f():\n  raise E(1)", "f%d" % number,
                               "exec")
                names = {"E": type("E%d" % number, (ValueError,), {})}
                exec(code, names)
                try:
                    names["f"]()
                except ValueError:
                    info = sys.exc_info()
                record = make_record(
                    name="n%d" % number, lineno=number, thread=number,
                    exc_info=info, **{"extra%d" % number: number})
                self.assertServed(formatter, record)
        function = formatter._fast.line.__globals__
        caches["site"], caches["thread"] = function["site"], function["thread"]
        for name, cache in caches.items():
            self.assertLessEqual(cache.cache_info().currsize,
                                 cache.cache_info().maxsize, name)
            self.assertLessEqual(cache.cache_info().maxsize, 4096)
        writer = fast._Writer(True)
        self.assertLessEqual(len(writer.frames), 100)
        self.assertLessEqual(writer.name.cache_info().maxsize, 4096)

    def test_long_names(self):
        """What is long is not kept."""
        formatter = JSONFormatter()
        self.assertUnusual(formatter, make_record(name="n" * 5000))
        self.assertUnusual(formatter, make_record(**{"k" * 5000: 1}))

    def test_code_changes(self):
        """A function that gets other code has other lines."""
        def fail():
            raise ValueError("one")

        def other():
            raise ValueError("two")
        formatter = JSONFormatter()
        lines = []
        for code in fail.__code__, other.__code__, fail.__code__:
            fail.__code__ = code
            try:
                fail()
            except ValueError:
                record = make_record(exc_info=sys.exc_info())
            self.assertServed(formatter, record)
            lines.append(formatter.format(record))
        self.assertEqual(lines[0], lines[2])
        self.assertIn("two", lines[1])

    def test_line_numbers(self):
        """A traceback may have any line number, whatever its code."""
        formatter = JSONFormatter()
        _, error, tb = raised(ValueError())
        for lineno in tb.tb_lineno, 1, 7:
            other = types.TracebackType(None, tb.tb_frame, tb.tb_lasti, lineno)
            self.assertServed(formatter, make_record(
                exc_info=(ValueError, error, other)))

    def test_edited_source(self):
        """A source file that is edited shows the line first read."""
        formatter = JSONFormatter()
        name = os.path.join(os.path.dirname(__file__), "nothing.py")
        text = "def f():\n    raise ValueError  # %s\n"
        code = compile(text % "old", name, "exec")
        names = {}
        exec(code, names)
        for words in "old", "new":
            lines = (text % words).splitlines(True)
            linecache.cache[name] = len(text), None, lines, name
            self.addCleanup(linecache.cache.pop, name, None)
            try:
                names["f"]()
            except ValueError:
                record = make_record(exc_info=sys.exc_info())
            self.assertIn("# old", formatter.format(record))

    def test_folded_lines(self):
        """traceback folds frames from the fourth on, and so do we."""
        def fall(depth):
            if depth:
                fall(depth - 1)
            raise ValueError
        for depth in range(1, 8):
            try:
                fall(depth)
            except ValueError:
                record = make_record(exc_info=sys.exc_info())
            self.assertEqual(depth < 4, served(JSONFormatter(), record))
            self.assertSame(JSONFormatter(), record)

    def test_chains(self):
        """Causes, contexts, and what "from None" hides."""
        formatter = JSONFormatter()
        for how in "cause", "context", "none", "both", "made":
            try:
                try:
                    try:
                        raise KeyError("first")
                    except KeyError as error:
                        if how == "cause":
                            raise ValueError("second") from error
                        if how == "none":
                            raise ValueError("second") from None
                        if how == "both":
                            raise ValueError("second") from OSError(1, "x")
                        if how == "made":
                            raise ValueError("second") from KeyError("new")
                        raise ValueError("second")
                except ValueError:
                    raise RuntimeError
            except RuntimeError:
                record = make_record(exc_info=sys.exc_info())
            with self.subTest(how):
                self.assertServed(formatter, record)


class ProcessTest(FastTest):
    """What else could go wrong in a process."""

    def test_without_json_in_c(self):
        """Another implementation has no _json: then all is the same."""
        out = run_python("""
            import json.encoder
            assert json.encoder.c_make_encoder
            json.encoder.c_make_encoder = None
            for name in "encode_basestring", "encode_basestring_ascii":
                setattr(json.encoder, name,
                        getattr(json.encoder, "py_" + name))
            from tests import fuzz
            from tests.support import JSONFormatter, make_record
            formatter = JSONFormatter()
            record = make_record("za\u017c\u00f3\u0142\u0107", x=1)
            formatter._fast.line(formatter, record)
            formatter.format(make_record(x=[1, {"a": "b"}]))
            print(fuzz.run("without", 0, 500))
            """.replace("\n            ", "\n"))
        self.assertEqual("0\n", out)

    def test_containers_end_no_process(self):
        """Cycles and depth, in a small stack and under a raised limit."""
        run_python("""
            import sys, threading
            from tests.support import JSONFormatter, make_record
            cycle = {"a": []}
            cycle["a"].append(cycle)
            deep = []
            for _ in range(10**5):
                deep = [deep]
            formatter = JSONFormatter()
            def run():
                for value in cycle, deep, [cycle] * 100, {"x": deep}:
                    for name in "x", "y":
                        formatter.format(make_record(**{name: value}))
                        formatter.format(make_record("%s", value))
                    formatter.format(make_record(exc_info=(
                        ValueError, ValueError(value), None)))
                done.append(True)
            done = []
            run()
            sys.setrecursionlimit(10**6)
            run()
            threading.stack_size(64 * 1024)
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
            assert len(done) == 3
            # Their end would recurse as deep.
            import os
            os._exit(0)
            """.replace("\n            ", "\n"))

    def test_recursion(self):
        """A value or a function in fmt that logs does not do so for ever."""
        class Logs:
            def __str__(self):
                calls.append("str")
                return formatter.format(make_record("%s", self))

        def field(record):
            calls.append("field")
            return formatter.format(make_record())

        calls = []
        formatter = JSONFormatter()
        strict_loads(formatter.format(make_record("%s", Logs())))
        self.assertLess(len(calls), 20)
        calls.clear()
        formatter = JSONFormatter({"message": "message", "x": field})
        strict_loads(formatter.format(make_record()))
        self.assertLess(len(calls), 20)

    def test_order(self):
        """An extra among the attributes that logging sets is not lost."""
        formatter = JSONFormatter(["message"])
        record = make_record()
        entries = [*record.__dict__.items()]
        entries.insert(-1, ("x", 1))
        entries.append(entries.pop(0))
        record.__dict__.clear()
        record.__dict__.update(entries)
        for hook in None, lambda extra: extra:
            if hook:
                formatter.mapExtra = hook
            self.assertEqual('{"message":"hello","x":1}',
                             formatter.format(record))

    def test_changed_meanwhile(self):
        """What another thread does to a container between the walk and
        the encoder does not show."""
        shared, writer = {"inner": {"a": [1]}}, fast._Writer(True)

        def encode(obj, level, encode=writer.encode):
            shared["inner"].update({1: 2, "1": 3, "b": shared})
            shared["inner"]["a"].append(2**99)
            return encode(obj, level)
        formatter = JSONFormatter(["message"])
        with mock.patch.object(writer, "encode", encode):
            self.assertEqual(
                '{"message":"hello","x":{"inner":{"a":[1]}}}',
                formatter.format(make_record(x=shared)))

    def test_many_extras(self):
        """They are left to the plain core at once: nothing is quadratic."""
        formatter, events = JSONFormatter(), []
        record = make_record(**{"k%d" % n: "x" for n in range(5000)})
        self.assertFalse(served(formatter, record))
        sys.setprofile(lambda *args: events.append(args[1]))
        try:
            self.assertFalse(served(formatter, record))
        finally:
            sys.setprofile(None)
        self.assertLess(len(events), 500)

    def test_many_fields(self):
        """They end no process: compile() would recurse with each."""
        run_python("""
            import threading
            from tests.support import JSONFormatter, make_record, strict_loads
            formatter = JSONFormatter({
                "k%d" % n: lambda record: 1 for n in range(3000)})
            def run():
                lines.append(formatter.format(make_record()))
            lines = []
            threading.stack_size(64 * 1024)
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
            assert strict_loads(lines[0])["k2999"] == 1
            """.replace("\n            ", "\n"))

    def test_arguments_that_log(self):
        """Nor do arguments that log when they are asked if there are any."""
        class Args(dict):
            def __bool__(self):
                if len(calls) < 100:
                    calls.append(formatter.format(record))
                return True

        calls, formatter, record = [], JSONFormatter(), make_record()
        record.args = Args()
        strict_loads(formatter.format(record))
        self.assertLess(len(calls), 20)

    def test_threads(self):
        """Threads that share a formatter get their own records' lines."""
        formatter = JSONFormatter(FIELDS, defaults=DEFAULTS)
        expected, wrong = {}, []
        records = [make_record("%s", number, lineno=number % 50, x=number,
                               created=1.7e9 + number % 7 / 1e3)
                   for number in range(300)]
        for number, record in enumerate(records):
            expected[number] = plain(formatter).format(record)

        def run():
            for _ in range(5):
                for number, record in enumerate(records):
                    line = formatter.format(record)
                    if line != expected[number]:
                        wrong.append((line, expected[number]))
        run_threads(*[run] * 8)
        self.assertEqual([], wrong)


if __name__ == "__main__":
    unittest.main()
