"""The conformance kit: our formatters pass it, and it finds faults."""

import collections
import json
import logging
import os
import signal
import unittest

from . import conformance
from .support import BaseTest, ISOFormatter, JSONFormatter, run_python

# Cases in this process, which take no time.
QUICK = [case for case in conformance.CASES if not case.alone]


class Cookbook(logging.Formatter):
    """What many a web page recommends: JSON by a format string."""

    def __init__(self):
        super().__init__('{"time": "%(asctime)s", "level": "%(levelname)s", '
                         '"logger": "%(name)s", "message": "%(message)s"}')


class HandMade(ISOFormatter):
    """A careful formatter as one writes it in an hour."""

    def format(self, record):
        known = logging.makeLogRecord({}).__dict__
        data = {key: value for key, value in record.__dict__.items()
                if key not in known}
        data.update(timestamp=self.formatTime(record),
                    level=record.levelname, logger=record.name,
                    message=record.getMessage())
        if record.exc_info:
            data["exception"] = self.formatException(record.exc_info)
        return json.dumps(data, default=repr)


class Overridden(JSONFormatter):
    """Goes the way of every subclass with an own mapLogRecord."""

    def mapLogRecord(self, record):
        return super().mapLogRecord(record)


class ConformanceTest(BaseTest):
    def assertConforms(self, results, least=200):
        self.assertEqual("", "\n".join(
            "%s: %s (%s)" % (outcome, sentence, reason)
            for sentence, outcome, reason in results if outcome != "passed"))
        self.assertGreater(len(results), least)

    def test_default(self):
        """JSONFormatter passes every case, the slow and dangerous too."""
        self.assertConforms(conformance.run(JSONFormatter))

    def test_options(self):
        """So it does with other options, and so do subclasses."""
        keys = {"time": ("@timestamp",), "level": ("log.level",),
                "logger": ("log.logger",), "message": ("message",)}
        for name, factory, where in (
            ("extra", lambda: JSONFormatter(
                extra="ctx", ensure_ascii=False), conformance.KEYS),
            ("fmt", lambda: JSONFormatter({
                "@timestamp": "asctime", "log": {
                    "level": "levelname", "logger": "name"},
                "message": "message"}, utc=False), keys),
            ("mapLogRecord", Overridden, conformance.KEYS),
        ):
            with self.subTest(name):
                self.assertConforms(conformance.run(factory, where, QUICK))

    def test_dangerous_subclass(self):
        """An overridden mapLogRecord is no less safe from recursion."""
        self.assertConforms(conformance.run(Overridden, cases=[
            case for case in conformance.CASES if case.alone
            and (" stack" in case.sentence or "limit" in case.sentence)]), 5)

    def outcomes(self, factory):
        return {result.sentence: result.outcome
                for result in conformance.run(factory, cases=QUICK)}

    def test_cookbook(self):
        """A format string that looks like JSON is found out."""
        found = self.outcomes(Cookbook)
        for sentence, outcome in {
            "A record has its message, level and logger.": "passed",
            "Line breaks in a message stay what they are, in one line.":
                "invalid",
            "Quotes and backslashes in a message stay what they are, "
            "in one line.": "invalid",
            "Forged second lines in a message stay what they are, "
            "in one line.": "invalid",
            "An int is what json.dumps makes of it.": "wrong",
            "Too few arguments cost neither template nor arguments.": "lost",
            "Lone surrogates in a message leave valid JSON and the rest.":
                "lost",
            "The time of created=0.0 is right, in RFC 3339.": "wrong",
            "A message object that raises RecursionError in __repr__ costs "
            "no record.": "raised",
        }.items():
            with self.subTest(sentence):
                self.assertEqual(outcome, found[sentence])

    def test_hand_made(self):
        """A formatter of json.dumps and good will is found out."""
        found = self.outcomes(HandMade)
        for sentence, outcome in {
            "A record has its message, level and logger.": "passed",
            "The time of created=1700000000.123 is right, in RFC 3339.":
                "passed",
            "nan as a value leaves valid JSON: null or text.": "invalid",
            "Keys that collide as text are both kept.": "invalid",
            "Lone surrogates in a value leave valid JSON and the rest.":
                "invalid",
            "A cycle costs no record.": "lost",
            "A dict key that is a tuple costs neither record nor value.":
                "lost",
            "A value that raises in __repr__ costs no record.": "lost",
            "A value that has a recursive __repr__ costs no record.":
                "raised",
            "A set is an array.": "wrong",
            "Own names with 0 underscores forge and lose nothing.": "wrong",
            "exc_text without exc_info is told.": "wrong",
            "stack_info is told.": "wrong",
            "Many long strings are cut.": "wrong",
            "An exception without a text costs neither record nor type.":
                "passed",
        }.items():
            with self.subTest(sentence):
                self.assertEqual(outcome, found[sentence])

    def test_crash(self):
        """What ends the process is a result, not the kit's end."""
        def end(log):
            os.kill(os.getpid(), signal.SIGKILL)
        result, = conformance.run(logging.Formatter, cases=[
            conformance.Case("Ends.", end, (), True, None)])
        self.assertEqual(("crashed", "SIGKILL"), result[1:])

    def test_sentences(self):
        """Every case has a sentence of its own."""
        counts = collections.Counter(case.sentence
                                     for case in conformance.CASES)
        self.assertEqual([], [sentence for sentence, count in counts.items()
                              if count > 1 or not sentence.endswith(".")])

    def test_command(self):
        """From the command line it prints counts and sets a status."""
        output = run_python(
            "import subprocess, sys\n"
            "result = subprocess.run([sys.executable, 'tests/conformance.py', "
            "'tests.test_conformance:Cookbook', '--quick', '--key', "
            "'time=time'], stdout=subprocess.PIPE, encoding='utf-8')\n"
            "print(result.returncode, result.stdout.splitlines()[-1])")
        self.assertRegex(output, r"^1 \d+ cases in .* s: \d+ passed, "
                         r"\d+ invalid, \d+ lost, \d+ raised, 0 crashed, "
                         r"\d+ wrong$")


if __name__ == "__main__":
    unittest.main()
