"""benchmarks/: the figures are computed, judged and printed as it says.

No test here looks at a time.
"""

import contextlib
import gc
import html
import importlib
import importlib.util
import io
import json
import logging
import os
import pathlib
import re
import sys
import tempfile
import time
import traceback
import unittest
from unittest import mock

from . import PACKAGE

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("the benchmarks are about jsonlogging")

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXPLANATION = ROOT / "docs" / "explanation"
PAGE = (EXPLANATION / "performance.rst").read_text(encoding="utf-8")


def load():
    """Import benchmarks/, which is in no folder of sys.path."""
    folder = ROOT / "benchmarks"
    spec = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py",
        submodule_search_locations=[str(folder)])
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmarks"] = module
    spec.loader.exec_module(module)


load()

from benchmarks import (__main__ as command, calls, candidates, importtime,
                        isolation, limits, memory, plots, records, results,
                        shipping, sizes, suites, tables, timing)

TINY = suites.Settings(rounds=2, batch=3, runs=2, starts=2, records=100,
                       lines=5)


def figure(ratio, ns=100.0, **more):
    return {"ratio": ratio, "low": ratio, "high": ratio, "ns": ns, **more}


def sample(version="3.11.7", **found):
    """Return results that hold the *suites* only."""
    return {
        "date": "2026-11-25T12:00:00+00:00",
        "machine": {"cpu": "Z80", "cpus": 1, "system": "CP/M",
                    "architecture": "z80"},
        "python": {"implementation": "CPython", "version": version,
                   "optimised": True, "lto": False},
        "code": "0123456789ab",
        "fast path": False,
        "packages": {"orjson": "1.0"},
        "settings": suites.FULL._asdict(),
        "candidates": {"JSON": {"fields": 4, "lacks": []},
                       "other": {"fields": 2, "lacks": ["level", "logger"]}},
        "missing": {"loguru": "not installed: loguru"},
        "suites": found,
    }


class TimingTest(unittest.TestCase):

    def test_figures(self):
        """A figure is the median of the ratios in each round."""
        found = timing.figures({"text": [10, 20, 40], "JSON": [5, 5, 80]})
        self.assertEqual(found["text"]["ratio"], 1)
        self.assertEqual(found["JSON"], {
            "ratio": 0.5, "low": 0.375, "high": 1.25, "ns": 5})

    def test_four_digits(self):
        """Figures have four significant digits."""
        found = timing.figures({"text": [3, 3], "JSON": [1, 1]})
        self.assertEqual(found["JSON"]["ratio"], 0.3333)

    def test_order_rotates(self):
        """Each candidate is the first in turn, and has new items."""
        order, made = [], []
        jobs = {name: (order.append, lambda name=name: made.append(name)
                       or [name + str(len(made))]) for name in "abc"}
        times = timing.take_turns(jobs, 3)
        self.assertEqual([item[0] for item in order],
                         [*"abcbcacab"] + [*"abcbcacab"])
        self.assertEqual(len({*order}), 18)
        self.assertEqual({name: len(spent) for name, spent in times.items()},
                         {"a": 3, "b": 3, "c": 3})

    def test_time_of_an_item(self):
        """The time of a round is divided by the number of its items."""
        with mock.patch.object(timing, "thread_time", lambda *args: 600):
            times = timing.take_turns({"a": (None, lambda: [1, 2, 3])}, 2)
        self.assertEqual(times, {"a": [200, 200]})

    def test_garbage_collection(self):
        """The collector is off while it is measured, on afterwards."""
        seen = []
        timing.thread_time(lambda item: seen.append((item, gc.isenabled())),
                           "ab")
        self.assertEqual(seen, [("a", False), ("b", False)])
        self.assertTrue(gc.isenabled())
        with self.assertRaises(ZeroDivisionError):
            timing.thread_time(lambda item: 1 / 0, "a")
        self.assertTrue(gc.isenabled())

    def test_combine(self):
        """Rows of tasks are joined; of the same row the median is kept."""
        parts = [{"plain": {"JSON": figure(ratio, ns)}}
                 for ratio, ns in ((0.3, 7), (0.5, 9), (0.4, 8))]
        self.assertEqual(timing.combine([*parts, {"args": {"JSON": 3}}]), {
            "plain": {"JSON": {**figure(0.4, 8), "runs": [0.3, 0.5, 0.4]}},
            "args": {"JSON": 3}})


class RecordsTest(unittest.TestCase):

    def test_records_differ(self):
        """Records come from 64 sites and 8 loggers, 10 us apart."""
        made = records.Records().batch(records.SHAPES["plain"], 128)
        self.assertEqual(len({(record.pathname, record.lineno,
                               record.funcName) for record in made}), 64)
        self.assertEqual(len({record.name for record in made}), 8)
        times = [record.created for record in made]
        for earlier, later in zip(times, times[1:]):
            self.assertAlmostEqual(later - earlier, 1e-5, places=6)

    def test_time_is_one(self):
        """A record's msecs belong to its time, whatever the step."""
        source = records.Records(step=0.25)
        made = source.batch(records.SHAPES["plain"], 3)
        self.assertEqual([record.msecs for record in made], [0, 250, 500])

    def test_mix(self):
        """The mix has its parts, not in blocks."""
        made = records.Records().batch(records.SHAPES["mix"], 100)
        kinds = ["args" if record.args else "nested" if hasattr(record, "ctx")
                 else "extras" if hasattr(record, "port") else "plain"
                 for record in made]
        self.assertEqual({kind: kinds.count(kind) for kind in {*kinds}},
                         {"plain": 50, "args": 30, "extras": 18, "nested": 2})
        self.assertGreater(sum(a != b for a, b in zip(kinds, kinds[1:])), 30)

    def test_shapes(self):
        """The records are what the documentation says of them."""
        made = {name: records.Records().make(shape)
                for name, shape in records.SHAPES.items()}
        self.assertEqual(len(made["non-ASCII"].msg), 200)
        self.assertFalse(made["non-ASCII"].msg.isascii())
        self.assertEqual(len(made["10 KB"].msg), 10240)
        leaves = json.dumps(made["nested"].ctx, separators=(",", ":"))
        self.assertAlmostEqual(
            len(re.findall(r'[^{}\[\]:,]+(?=[,}\]])', leaves)), 20, delta=2)
        self.assertEqual(
            {type(made["5 extras"].__dict__[key])
             for key in records.SHAPES["5 extras"].extra},
            {str, int, float, bool, type(None)})
        for name in "exception", "exception, cold":
            frames = [*traceback.walk_tb(made[name].exc_info[2])]
            self.assertEqual(len(frames), 5)

    def test_batches(self):
        """Dear records are fewer; there is always one."""
        source = records.Records()
        self.assertEqual(len(source.batch(records.SHAPES["10 KB"], 200)), 40)
        self.assertEqual(len(source.batch(records.SHAPES["10 KB"], 1)), 1)

    def test_cold_errors(self):
        """The code of a cold error equals no other, and prints the same."""
        def codes(error):
            return {frame.f_code for frame, _ in traceback.walk_tb(error[2])
                    if "raising" in frame.f_code.co_filename}

        def text(error):
            return traceback.format_exception(*error)

        warm, cold, colder = (records.warm_error(), records.cold_error(),
                              records.cold_error())
        self.assertEqual(len(codes(warm) | codes(cold) | codes(colder)), 12)
        self.assertEqual(codes(warm), codes(records.warm_error()))
        self.assertEqual(text(cold), text(warm))


class CandidatesTest(unittest.TestCase):

    def test_ours(self):
        """Our JSON lines lack nothing, and have 4 and 11 fields."""
        printers = {name: candidates.printer(make)
                    for name, make in candidates.OURS.items()
                    if "text" not in name}
        descriptions, missing = candidates.examine(printers)
        self.assertEqual(missing, {})
        self.assertEqual(descriptions, {
            "JSON": {"fields": 4, "lacks": []},
            candidates.ELEVEN: {"fields": 11, "lacks": []},
            candidates.PLAIN_CORE: {"fields": 4, "lacks": []}})

    def test_dict_and_json(self):
        """The formatter that programs write lacks nothing either."""
        make = candidates.PEERS["dict + json"]
        self.assertEqual(candidates.describe(candidates.printer(make)),
                         {"fields": 4, "lacks": []})

    def lacks(self, format):
        class Formatter(logging.Formatter):
            def format(self, record):
                return json.dumps(format(self, record))
        return candidates.describe(candidates.printer(Formatter))["lacks"]

    def test_lacks(self):
        """What a line does not hold is found."""
        self.assertEqual(
            self.lacks(lambda self, record: {"message": record.getMessage()}),
            ["time of the record", "level", "logger", "extras that are None",
             "extras", "exception", "traceback"])

        def all_but_none(self, record):
            text = record.exc_info and self.formatException(record.exc_info)
            extras = {key: value for key, value in vars(record).items()
                      if key in ("host", "port", "seconds", "pooled", "ctx")}
            return {"message": record.getMessage(), "level": "info",
                    "at": record.created, "from": record.name,
                    "error": text, **extras}
        self.assertEqual(self.lacks(all_but_none), ["extras that are None"])

        def of_now(self, record):
            return {**vars(record), "args": None, "exc_info": repr(
                self.formatException(record.exc_info)
                if record.exc_info else ""), "message": record.getMessage(),
                "created": time.time(), "at": "2026-11-25T12:00:00Z"}
        self.assertEqual(self.lacks(of_now), ["time of the record"])

    def test_unusable(self):
        """Who prints no message, no JSON or raises is left out and named."""
        class Text(logging.Formatter):
            pass

        class Other(logging.Formatter):
            def format(self, record):
                return '{"error": "cannot encode"}'

        class Broken(logging.Formatter):
            def format(self, record):
                raise ZeroDivisionError("by zero")

        def absent():
            import a_module_that_is_not_there   # noqa
        printers = {make.__name__: candidates.printer(make)
                    for make in (Text, Other, Broken, absent)}
        descriptions, missing = candidates.examine(printers)
        self.assertEqual(descriptions, {})
        self.assertRegex(missing["Text"], "^Unusable: no JSON: 'the conn")
        self.assertRegex(missing["Other"], "^Unusable: no message: ")
        self.assertEqual(missing["Broken"], "ZeroDivisionError: by zero")
        self.assertEqual(missing["absent"],
                         "not installed: a_module_that_is_not_there")

    def test_error_in_one_shape(self):
        """A candidate that fails for one shape only is left out."""
        class Short(logging.Formatter):
            def format(self, record):
                return json.dumps({"message": record.getMessage()[:1000]})
        _, missing = candidates.examine({"short": candidates.printer(Short)})
        self.assertRegex(missing["short"], "no message")


class CallsTest(unittest.TestCase):

    def setUp(self):
        self.stream = io.StringIO()

    def lines(self, name):
        found = calls.stream_callers(self.stream, candidates.OURS)
        jobs = calls.jobs({name: found[name]}, records.SHAPES["5 extras"], 70)
        function, make_items = jobs[name]
        for item in make_items():
            function(item)
        return self.stream.getvalue().splitlines()

    def test_call_sites(self):
        """Calls come from 64 functions and 8 loggers, to one handler."""
        lines = [*map(json.loads, self.lines(candidates.ELEVEN))]
        self.assertEqual(len(lines), 70)
        self.assertEqual({line["func"] for line in lines},
                         {"site%d" % number for number in range(64)})
        self.assertEqual(len({line["logger"] for line in lines}), 8)
        self.assertEqual({line["port"] for line in lines}, {5432})

    def test_steps(self):
        """The steps before a line write nothing, the constant one text."""
        with calls.callers(self.stream, {}) as found:
            jobs = calls.jobs(found, records.SHAPES["plain"], 2)
            for name in "level off", "nothing emitted":
                function, make_items = jobs[name]
                for item in make_items():
                    function(item)
            self.assertEqual(self.stream.getvalue(), "")
            function, make_items = jobs["constant text"]
            for item in make_items():
                function(item)
        one, two = self.stream.getvalue().splitlines()
        self.assertEqual(one, two)
        self.assertIn(records.SHAPES["plain"].message, one)

    def test_exceptions(self):
        """Each call has an exception of its own."""
        found = calls.stream_callers(self.stream, candidates.OURS)
        _, make_items = calls.jobs(
            found, records.SHAPES["exception"], 20)["JSON"]
        items = make_items()
        errors = {id(kwargs["exc_info"][1]) for _, (_, _, kwargs) in items}
        self.assertEqual((len(items), len(errors)), (4, 4))


class LimitsTest(unittest.TestCase):

    def verdicts(self, version="3.11.7", **found):
        return {verdict.what: verdict for verdict
                in limits.verdicts(sample(version, **found))}

    def test_ratios(self):
        """A ratio passes up to its limit."""
        found = self.verdicts(three={
            "plain": {"JSON": figure(0.38, runs=[0.37, 0.38, 0.39]),
                      candidates.ELEVEN: figure(0.51)},
            "mix": {"JSON": figure(0.7)}})
        self.assertEqual([*found], ["plain, JSON", "plain, 11 fields",
                                    "mix, JSON"])
        self.assertEqual([*map(limits.passes, found.values())],
                         [True, False, False])

    def test_schemas(self):
        """ECS has all fields, and for ecs-logging as many as it has."""
        for name, count in (candidates.ECS, 18), (candidates.SAME, 13):
            found = candidates.describe(candidates.printer(
                candidates.SCHEMAS[name]))
            self.assertEqual({"fields": count, "lacks": []}, found)

    def test_every_ratio_has_a_row(self):
        """The loop of three measures all that has a limit."""
        for row, column, _ in limits.RATIOS:
            self.assertIn(row, [*records.SHAPES, "end to end, plain",
                                "plain, schemas"])
            self.assertIn(column, [*suites.THREE, *candidates.SCHEMAS])
        self.assertLessEqual(
            {peer for peer, _, _ in limits.PEER_TIMES}, {*candidates.PEERS})

    def test_versions(self):
        """Exceptions have other limits by version, and 3.14 30 % more."""
        row = {"exception": {"JSON": figure(0.05)}}
        for version, limit in (("3.9.18", 0.25), ("3.10.13", 0.25),
                               ("3.11.7", 0.08), ("3.12.1", 0.08),
                               ("3.13.0", 0.03), ("3.14.0", 0.039),
                               ("3.15.0", 0.039)):
            with self.subTest(version):
                verdict, = self.verdicts(version, three=row).values()
                self.assertAlmostEqual(verdict.limit, limit)
        row = {"plain": {"JSON": figure(0.49)}}
        verdict, = self.verdicts("3.14.0", three=row).values()
        self.assertTrue(limits.passes(verdict))
        verdict, = self.verdicts("3.13.0", three=row).values()
        self.assertFalse(limits.passes(verdict))

    def test_peers(self):
        """A peer's limit is a multiple of our time, at least."""
        row = {"JSON": figure(0.5), candidates.ELEVEN: figure(1.0),
               "structlog": figure(6.6), "python-logstash-async": figure(8)}
        found = self.verdicts(formatting={"plain": row, "exception": row})
        passed = {what: limits.passes(verdict)
                  for what, verdict in found.items()}
        self.assertEqual(passed, {
            "structlog, plain, times JSON": True,
            "python-logstash-async, plain, times JSON": True,
            "python-logstash-async, plain, times JSON, 11 fields": False,
            "every peer, exception, times JSON": True})
        self.assertAlmostEqual(
            found["every peer, exception, times JSON"].measured, 13.2)

    def test_ecs_logging(self):
        """ecs-logging's limit is a multiple of ECS's time, at least."""
        for ratio, passed in (12.6, True), (12.4, False):
            row = {candidates.SAME: figure(0.5), "ecs-logging": figure(ratio)}
            found = self.verdicts(three={"plain, ecs-logging": row})
            verdict, = found.values()
            self.assertEqual(passed, limits.passes(verdict))

    def test_memory_and_import(self):
        """Growth is limited in megabytes; unknown growth is no verdict."""
        found = self.verdicts(
            memory={"text": {"growth in bytes": 9_000_000},
                    "JSON": {"growth in bytes": 5_000_001},
                    candidates.ELEVEN: {"growth in bytes": None}},
            imports={"import logging, patched": {"us": 1, "modules": 0}})
        self.assertEqual([*map(limits.passes, found.values())],
                         [False, True])

    def test_agreement(self):
        """Runs agree within a tenth."""
        def verdict(*runs):
            return limits.Verdict("", 1, 1, runs, False)
        self.assertTrue(limits.agree(verdict(1.0, 1.1, 1.05)))
        self.assertFalse(limits.agree(verdict(1.0, 1.11)))

    def test_table(self):
        """The table says pass or MISS, and which runs differ too much."""
        text = tables.report(sample(three={
            "plain": {"JSON": figure(0.36, runs=[0.36, 0.35, 0.5])},
            "args": {"JSON": figure(0.5)}}), ["limits"])
        self.assertRegex(text, r"plain, JSON +at most 0.38  0.36 +pass +"
                               r"0.36 0.35 0.50 \(apart\)")
        self.assertRegex(text, r"args, JSON +at most 0.48  0.50 +MISS +0.50")


class TablesTest(unittest.TestCase):

    maxDiff = None

    def test_table(self):
        """Columns are as wide as their widest cell."""
        self.assertEqual(tables.table(["a", "number"], [["long", "1"]]), """\
====  ======
a     number
====  ======
long  1
====  ======""")

    def test_numbers(self):
        """Numbers have three digits at most where that is enough."""
        self.assertEqual(
            [*map(tables.number, (0.0174, 0.0996, 0.346, 9.994, 9.996, 36.45,
                                  99.96, 12345.6, 12345))],
            ["0.017", "0.10", "0.35", "9.99", "10.0", "36.5", "100", "12346",
             "12345"])

    def test_candidates(self):
        """What is lacking and what is missing is named."""
        text = tables.report(sample(), ["candidates"])
        self.assertRegex(text, r"(?m)^JSON +4 +nothing$")
        self.assertRegex(text, r"(?m)^other +2 +level, logger$")
        self.assertRegex(text, r"(?m)^loguru +-- +not installed: loguru$")

    def test_machine(self):
        """Machine, versions and date are named."""
        text = tables.report(sample(), ["machine"])
        for part in ("2026-11-25", "Z80, 1 cores", "CP/M, z80",
                     "CPython 3.11.7, optimised: profile-guided",
                     "digest 0123456789ab", "orjson 1.0"):
            self.assertIn(part, text)

    def test_by_candidate(self):
        """A candidate that a row does not have leaves its cell empty."""
        text = tables.report(sample(formatting={
            "plain": {"text": figure(1), "JSON": figure(0.35)},
            "args": {"text": figure(1)}}), ["formatting"])
        self.assertRegex(text, r"(?m)^candidate  plain  args$")
        self.assertRegex(text, r"(?m)^JSON +0.35 +--$")

    def test_fastest(self):
        """The fastest of the others is found, as a multiple of JSON."""
        found = sample(formatting={
            "plain": {"text": figure(1), "JSON": figure(0.5),
                      "structlog": figure(4), "dict + orjson": figure(1)},
            "nested": {"text": figure(1), "JSON": figure(2),
                       "dict + orjson": figure(1)},
            "args": {"JSON": figure(1)}})
        self.assertEqual(tables.fastest(found), [
            ("plain", "dict + orjson", 2), ("nested", "dict + orjson", 0.5)])
        self.assertRegex(tables.report(found, ["fastest"]),
                         r"nested +dict \+ orjson +0\.50")

    def test_stages(self):
        """The steps of a call add up to the call with text."""
        row = {"level off": 1, "nothing emitted": 50, "constant text": 70,
               "text": 100, "JSON": 80, candidates.ELEVEN: 90}
        found = tables.stages(sample(**{"end to end": {"plain": {
            name: figure(1, ns) for name, ns in row.items()}}}))
        self.assertEqual([*found.values()], [1, 49, 20, 30, 10, 20])

    def test_prose_numbers(self):
        """A number in the prose is the range over all Pythons."""
        def three(ratio):
            return {"three": {"plain": {"JSON": figure(ratio)}}}
        several = [sample(**three(0.352)), sample("3.13.0", **three(0.331))]
        self.assertEqual(tables.numbers(several),
                         {"json-plain": "0.33 to 0.35"})
        self.assertEqual(tables.numbers(several[:1]), {"json-plain": "0.35"})

    def test_document(self):
        """There is a part for each table, with those of each Python."""
        lines = {"JSON": {"plain": 100, "gzip": 10}}
        several = [sample(lines=lines), sample("3.13.0", lines=lines)]
        text = tables.document(several)
        for label in tables.TABLES:
            self.assertEqual(text.count(".. begin: %s.\n" % label), 1)
            self.assertEqual(text.count(".. end: %s.\n" % label), 1)
        self.assertEqual(text.count("CPython 3.11:\n\n:Date:"), 1)
        self.assertEqual(text.count("CPython 3.13:\n\n:Date:"), 1)
        # The same for all.
        self.assertEqual(text.count("JSON       100    10"), 1)


class CompareTest(unittest.TestCase):

    def test_compare(self):
        """Ratios are new to old; costs that rise are worse."""
        old = sample(formatting={"plain": {
            "JSON": figure(0.4), "text": figure(1), "gone": figure(1)}},
            memory={"JSON": {"new": 100, "blocks": 0}})
        new = sample(formatting={"plain": {
            "JSON": figure(0.5), "text": figure(1), "more": figure(1)}},
            memory={"JSON": {"new": 50, "blocks": 3}})
        self.assertEqual([*results.compare(old, new, 0.1)], [
            ("formatting / plain / JSON", 0.4, 0.5, 1.25, "worse"),
            ("formatting / plain / text", 1, 1, 1, ""),
            ("memory / JSON / new", 100, 50, 0.5, "better")])

    def test_command(self):
        """The command prints what differs, and where the files do."""
        with tempfile.TemporaryDirectory() as folder:
            old, new = (os.path.join(folder, name) for name in "ab")
            results.save(sample(three={"plain": {
                "JSON": figure(0.4), "text": figure(1)}}), old)
            results.save(sample("3.13.0", three={"plain": {
                "JSON": figure(0.5), "text": figure(1)},
                "mix": {"JSON": figure(1)}}), new)
            text = run_main("compare", old, new)
            self.assertIn("Not the same python:", text)
            self.assertRegex(text, r"three / plain / JSON +0.40 +0.50 +"
                                   r"1.25 +worse")
            self.assertNotIn("three / plain / text", text)
            self.assertIn("Only in new: three / mix / JSON", text)
            self.assertIn("three / plain / text",
                          run_main("compare", "--all", old, new))
            self.assertIn("No figure differs", run_main("compare", old, old))


class PlotsTest(unittest.TestCase):

    def test_charts(self):
        """A chart has a series for each Python, with gaps."""
        rows = {"mix": {"text": figure(1), "JSON": figure(0.5),
                        "structlog": figure(9.0)}}
        less = {"mix": {"text": figure(1), "JSON": figure(0.6)}}
        chart, = plots.charts([sample(formatting=rows),
                               sample("3.13.0", formatting=less)])
        self.assertEqual(chart.rows, ["text", "JSON", "structlog"])
        self.assertEqual(chart.series, {"CPython 3.11": [1, 0.5, 9],
                                        "CPython 3.13": [1, 0.6, None]})
        text = plots.describe(chart)
        self.assertIn("CPython 3.11, structlog: 9.00", text)
        self.assertIn("CPython 3.13, structlog: --", text)


class ImportTimeTest(unittest.TestCase):

    def test_added(self):
        """What an import loads beyond another is found, with its time."""
        before = {"os": (10, 20)}
        self.assertEqual(importtime.added(
            before, {"os": (9, 18), "json": (5, 15)}), {"json": 5})

    def test_smallest(self):
        """The modules that each statement imports are seen."""
        code = "import jsonlogging"
        found = importtime.smallest({"json": ("import json", None),
                                     "ours": (code, isolation.PATH)}, 1)
        self.assertIn("json.decoder", found["json"])
        self.assertNotIn("jsonlogging", found["json"])
        self.assertIn("jsonlogging", found["ours"])

    def test_turns(self):
        """Statements take turns, and the smallest time of each counts."""
        order = []

        def times(code, environ, folder):
            order.append(code)
            return [("os", 100 - len(order), 200 + len(order))]
        with mock.patch.object(importtime, "import_times", times):
            found = importtime.smallest({"a": ("1", None), "b": ("2", None)},
                                        2)
        self.assertEqual(order, ["1", "2"] * 3)
        self.assertEqual(found, {"a": {"os": (95, 203)},
                                 "b": {"os": (94, 204)}})


def run_main(*argv):
    """Return what the command line *argv* prints to standard output."""
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        command.main(argv)
    return stdout.getvalue()


@contextlib.contextmanager
def all_processors():
    """Undo what the command does to the processors of this process."""
    before = hasattr(os, "sched_getaffinity") and os.sched_getaffinity(0)
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


class CommandTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in "FULL", "QUICK":
            patch = mock.patch.object(suites, name, TINY)
            patch.start()
            self.addCleanup(patch.stop)
        self.stderr = io.StringIO()

    def run_main(self, *argv):
        with all_processors(), contextlib.redirect_stderr(self.stderr):
            return run_main(*argv)

    def test_everything(self):
        """One command measures all suites, prints all tables and saves."""
        path = self.folder / "results.json"
        text = self.run_main("--quick", "-o", os.fspath(path))
        found = results.load(path)
        self.assertEqual([*found["suites"]], [*suites.SUITES])
        self.assertEqual(
            [*found["suites"]["three"]],
            [*records.SHAPES, "end to end, plain", "plain, schemas",
             *["plain, ecs-logging"] * ("ecs-logging" in found["packages"])])
        self.assertEqual([*found["suites"]["formatting"]], [*records.SHAPES])
        self.assertEqual([*found["suites"]["end to end"]],
                         [*calls.SHAPE_NAMES])
        self.assertEqual([*found["suites"]["scripts"]], [*sizes.SCRIPTS])
        self.assertEqual([*found["suites"]["memory"]], [*suites.THREE])
        figure = found["suites"]["three"]["plain"]["JSON"]
        self.assertEqual(len(figure["runs"]), TINY.runs)
        self.assertEqual(found["settings"], TINY._asdict())
        self.assertEqual(found["suites"]["imports"], {
            "import logging": mock.ANY, "import logging, patched": mock.ANY,
            "import jsonlogging": mock.ANY})
        ours = found["suites"]["contract"]["JSON"]
        self.assertEqual(ours["records"], ours["passed"])
        self.assertGreater(ours["records"], 200)
        patched = found["suites"]["imports"]["import logging, patched"]
        self.assertEqual(patched["modules"], 0)
        for title, *_ in tables.TABLES.values():
            self.assertIn(title, text)
        self.assertTrue(text.endswith("%s\n" % path))
        # Peers are measured, or named as missing.
        self.assertEqual(
            {*found["candidates"], *found["missing"]},
            {*candidates.OURS, *candidates.PEERS, "loguru"}
            - {"text", "ISO text"})
        self.assertLessEqual({*found["candidates"]} - {"loguru"},
                             {*found["suites"]["formatting"]["plain"]})

    def test_limits(self):
        """The mode for limits prints them, and writes no file."""
        text = self.run_main("limits", "--quick", "--only", "imports")
        self.assertIn("modules that the patch adds to import logging", text)
        self.assertNotIn("plain, JSON", text)
        self.assertEqual([*self.folder.iterdir()], [])

    def test_unknown_suite(self):
        """A suite that does not exist is refused, with those that do."""
        with self.assertRaises(SystemExit):
            self.run_main("--only", "speed")
        self.assertIn("formatting", self.stderr.getvalue())

    def test_ours_must_work(self):
        """Ours are never left out: then there is nothing to compare."""
        with mock.patch.dict(candidates.OURS, JSON=logging.Formatter):
            with self.assertRaisesRegex(candidates.Unusable,
                                        "JSON: .*no JSON"):
                self.run_main("limits", "--only", "lines")

    def test_bad_files(self):
        """A file that cannot be read or written is refused at once."""
        broken = self.folder / "broken.json"
        for text in None, "", "[]", "{}":
            if text is not None:
                broken.write_text(text, encoding="utf-8")
            with self.subTest(text), self.assertRaises(SystemExit):
                self.run_main("compare", os.fspath(broken), "x")
            self.assertIn("broken.json is no results file",
                          self.stderr.getvalue())
            self.stderr.truncate(0)
        for path in self.folder, self.folder / "absent" / "results.json":
            with self.subTest(path), self.assertRaises(SystemExit):
                self.run_main("-o", os.fspath(path))
            self.assertIn("cannot be written", self.stderr.getvalue())
            self.stderr.truncate(0)

    def test_publish(self):
        """Publishing saves the results and makes tables and plots."""
        drawn, readme = [], self.folder / "README.md"
        readme.write_text("before\n%s\n%s\nafter\n" % command.MARKS,
                          encoding="utf-8")
        with mock.patch.object(results, "COMMITTED", self.folder), \
                mock.patch.object(command, "DOCS", self.folder), \
                mock.patch.object(suites, "SUITES",
                                  {"scripts": suites.scripts}), \
                mock.patch.object(tables, "readme", lambda found:
                                  "| %s |" % results.name(found)), \
                mock.patch.object(command, "README", readme), \
                mock.patch.object(plots, "draw", lambda chart, path:
                                  drawn.append((chart.file, path.name))):
            self.run_main("publish")
        self.assertEqual(drawn, [("performance-scripts",
                                  "performance-scripts.svg")])
        name = "cpython-%d.%d.json" % sys.version_info[:2]
        several = [results.load(self.folder / name)]
        text = (self.folder / command.TABLES).read_text(encoding="utf-8")
        self.assertEqual(text, tables.document(several))
        self.assertEqual(
            "before\n%s\n| %s |\n%s\nafter\n" % (
                command.MARKS[0], results.name(several[0]), command.MARKS[1]),
            readme.read_text(encoding="utf-8"))

    def test_progress(self):
        """Progress is a line that is written over; else a line each."""
        stream = io.StringIO()
        progress = command.Progress(stream)
        progress(0, 2, "formatting: plain")
        progress(2, 2, "done")
        self.assertEqual(stream.getvalue(),
                         "[--------------------] 0 of 2, formatting: plain\n"
                         "[####################] 2 of 2, done\n")
        stream = io.StringIO()
        stream.isatty = lambda: True
        progress = command.Progress(stream)
        progress(1, 2, "formatting: plain")
        progress(2, 2, "done")
        first, second = stream.getvalue().split("\r")[1:]
        self.assertEqual(first[:22], "[##########----------]")
        self.assertGreaterEqual(len(first), 70)
        self.assertEqual(second.rstrip(" \n"),
                         "[####################] 2 of 2, done")
        self.assertTrue(second.endswith("\n"))


class MemoryTest(unittest.TestCase):

    def test_growth_is_seen(self):
        """A formatter that keeps something of each record is found out."""
        class Hoarder(logging.Formatter):
            kept = []

            def format(self, record):
                self.kept.append(object())
                return ""

        count = 2000
        with mock.patch.dict(candidates.OURS, hoarder=Hoarder):
            grown = memory.growth("hoarder", count)
        self.addCleanup(Hoarder.kept.clear)
        self.assertGreaterEqual(grown["blocks"], 0.9 * count)

    def test_records_differ(self):
        """Each site has its own logger, file, function and extra."""
        made = [*memory._records(60)]
        for attribute in "name", "pathname", "lineno", "funcName", "thread":
            values = {getattr(record, attribute) for record in made}
            self.assertEqual(len(values), 60, attribute)
        self.assertEqual(made[7].extra7, 7)
        self.assertEqual([number for number, record in enumerate(made)
                          if record.exc_info], [0, 50])

    def test_bytes_of_a_formatter(self):
        """What a formatter holds is counted, also what it gets later."""
        class Late(logging.Formatter):
            def __init__(self):
                self.early = bytes(1000)

            def format(self, record):
                self.late = bytes(5000)

        with mock.patch.dict(candidates.OURS, late=Late):
            found = memory.formatter_bytes("late")
        self.assertAlmostEqual(found["new"], 1000, delta=500)
        self.assertAlmostEqual(found["used"], 6000, delta=500)


class SizesTest(unittest.TestCase):

    def test_bytes(self):
        """Lines are counted in bytes of UTF-8, with the newline."""
        class Fixed(logging.Formatter):
            def format(self, record):
                return "żółw"
        found = sizes.line_bytes(Fixed(), "English", 100)
        self.assertEqual(found["plain"], 8)
        self.assertLess(found["gzip"], 1)

    def test_same_every_time(self):
        """The texts are random, and the same in each run."""
        formatter = logging.Formatter()
        self.assertEqual(sizes.line_bytes(formatter, "Hindi", 50),
                         sizes.line_bytes(formatter, "Hindi", 50))


class ShippingTest(unittest.TestCase):

    def test_verdict(self):
        """A figure beyond its limit is a miss, on either side."""
        for value, most, expected in (
                (1, True, "at most 2: ok"), (3, True, "at most 2: MISSED"),
                (3, False, "at least 2: ok"),
                (1, False, "at least 2: MISSED")):
            self.assertEqual(shipping.verdict(
                {"value": value, "limit": 2, "most": most}), expected)
        self.assertEqual(shipping.verdict(
            {"value": 1, "limit": None, "most": True}), "")

    def test_command(self):
        """A suite measures in a process of its own, and saves figures."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "results.json")
            with contextlib.redirect_stdout(io.StringIO()):
                command.main(["shipping", "memory", "--count", "200",
                              "-o", path])
            found = results.load(path)
        figure, = found["suites"]["memory"]
        self.assertEqual(figure["name"], "growth in the last nine tenths")
        self.assertEqual(found["count"], 200)
        self.assertIn(figure["name"], shipping.document([found]))

    def test_committed(self):
        """The page is made of the committed results, which are complete."""
        several = [results.load(path)
                   for path in sorted(shipping.COMMITTED.glob("*.json"))]
        self.assertEqual(shipping.document(several),
                         shipping.PAGE.read_text(encoding="utf-8"))
        self.assertTrue(several)
        for found in several:
            self.assertEqual([*found["suites"]], [*shipping.SUITES])
            self.assertTrue(all(found["suites"].values()), "a suite is empty")
        page = (EXPLANATION / "delivery.rst").read_text(encoding="utf-8")
        self.assertIn(".. include:: %s\n" % shipping.PAGE.name, page)


class DocumentationTest(unittest.TestCase):
    """docs/explanation/performance.rst shows the committed results."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.several = command.committed()
        cls.generated = (EXPLANATION / command.TABLES).read_text(
            encoding="utf-8")

    def test_tables(self):
        """The tables are those of the committed results."""
        self.assertEqual(tables.document(self.several), self.generated)

    def test_readme(self):
        """README.md has the table of the newest of them."""
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        self.assertEqual(command.with_table(text, self.several[-1]), text)
        self.assertIn("| this one | ", text)

    def test_plots(self):
        """The plots show the committed results."""
        for chart in plots.charts(self.several):
            with self.subTest(chart.file):
                path = EXPLANATION / (chart.file + ".svg")
                svg = html.unescape(path.read_text(encoding="utf-8"))
                self.assertIn(plots.describe(chart), svg)
                self.assertIn(".. figure:: %s.svg" % chart.file, PAGE)

    def test_results_are_complete(self):
        """The results are of full runs, with every peer, on two Pythons."""
        self.assertGreaterEqual(len(self.several), 2)
        for found in self.several:
            with self.subTest(results.name(found)):
                self.assertEqual([*found["suites"]], [*suites.SUITES])
                self.assertEqual(found["settings"], suites.FULL._asdict())
                self.assertEqual(found["missing"], {})

    def test_page(self):
        """Each part that the page includes is there, and is not empty."""
        included = re.findall(r":start-after: \.\. begin: (.+)\.\n"
                              r" +:end-before: \.\. end: (.+)\.\n", PAGE)
        self.assertGreater(len(included), 10)
        for begin, end in included:
            self.assertEqual(begin, end)
            self.assertRegex(self.generated, r"\.\. begin: %s\.\n\n.+\n"
                             % re.escape(begin))

    def test_no_number_by_hand(self):
        """Numbers in the prose about speed are substitutions, all used."""
        self.assertNotRegex(PAGE, r"\d\.\d")
        used = {*re.findall(r"\|([a-z-]+)\|", PAGE)}
        self.assertEqual(used, {*tables.numbers(self.several)})

    def test_records_are_described(self):
        """The page explains each kind of record."""
        for name in records.SHAPES:
            self.assertRegex(PAGE, r"(?m)^%s  +\S" % re.escape(name))


if __name__ == "__main__":
    unittest.main()
