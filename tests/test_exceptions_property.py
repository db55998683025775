"""Properties of what a line says about an exception."""

import importlib
import logging
import logging.handlers
import pickle
import queue
import sys
import traceback
import unittest

from hypothesis import assume
from hypothesis import strategies as st

from . import strategies
from .fuzz import clean
from .strategies import given
from .support import (PACKAGE, BaseTest, JSONFormatter, make_record,
                      strict_loads)

is_moderate = importlib.import_module(PACKAGE + "._exceptions").is_moderate


def printed(info):
    """Return what traceback prints; reject what it cannot print."""
    try:
        text = "".join(traceback.format_exception(*info))
        str(info[1])
        # Else the text is brief; test_exceptions.py tells when.
        moderate = is_moderate(info[1])
    except Exception:
        assume(False)
    assume(moderate and len(text) < 100_000)
    return text[:-1] if text.endswith("\n") else text


def info_of(error):
    """Return the exc_info of *error*, whose properties may do anything."""
    return type(error), error, BaseException.__traceback__.__get__(error)


def line_of(record, **options):
    return strict_loads(JSONFormatter(**options).format(record))


class ExceptionTest(BaseTest):
    @given(strategies.exceptions())
    def test_text(self, error):
        """The traceback is the text that traceback prints."""
        info = info_of(error)
        expected = printed(info)
        line = line_of(make_record(exc_info=info))
        self.assertEqual(clean(expected), line["exception"]["traceback"])
        self.assertEqual(expected, JSONFormatter().formatException(info))

    @given(strategies.exceptions(), st.integers(0, 3))
    def test_limit(self, error, limit):
        """sys.tracebacklimit is obeyed as traceback obeys it."""
        sys.tracebacklimit = limit
        info = info_of(error)
        self.assertEqual(
            clean(printed(info)),
            line_of(make_record(exc_info=info))["exception"]["traceback"])

    @given(strategies.texts())
    def test_parts(self, text):
        """Type and message stand beside the text."""
        for error, name in ((ValueError(text), "ValueError"),
                            (pickle.PickleError(text),
                             "_pickle.PickleError")):
            line = line_of(make_record(
                exc_info=(type(error), error, None)))
            self.assertEqual(name, line["exception"]["type"])
            self.assertEqual(clean(text), line["exception"].get(
                "message", ""))

    @given(strategies.exc_infos())
    def test_total(self, info):
        """Whatever exc_info holds, the rest of the line is there."""
        line = line_of(make_record(exc_info=info, x=[1]))
        self.assertEqual("hello", line["message"])
        self.assertEqual([1], line["x"])
        for value in line.get("exception", {}).values():
            self.assertIsInstance(value, str)

    @given(strategies.exceptions())
    def test_neighbours(self, error):
        """An exception never costs the other fields, in text or bytes."""
        info = info_of(error)
        text = JSONFormatter(max_bytes=2000).format(
            make_record(exc_info=info, stack_info="Stack", x=1))
        line = strict_loads(text)
        self.assertLessEqual(len(text), 2000)
        self.assertEqual(("INFO", "app", "hello", "Stack", 1), (
            line["level"], line["logger"], line["message"], line["stack"],
            line["x"]))
        self.assertIn("exception", line)

    @given(strategies.texts())
    def test_text_only(self, text):
        """exc_text is all there is when exc_info holds no exception."""
        for info in None, (None, None, None):
            line = line_of(make_record(exc_info=info, exc_text=text))
            self.assertEqual({"traceback": clean(text)} if text else None,
                             line.get("exception"))

    @given(strategies.texts())
    def test_cached_text(self, text):
        """Another handler's exc_text is not printed for an exception."""
        error = ValueError("boom")
        line = line_of(make_record(exc_info=(ValueError, error, None),
                                   exc_text="cached " + text))
        self.assertEqual("ValueError: boom", line["exception"]["traceback"])

    @given(strategies.exceptions())
    def test_transport(self, error):
        """SocketHandler and QueueHandler keep the text."""
        info = info_of(error)
        expected = clean(printed(info))
        socket = logging.handlers.SocketHandler("localhost", 1)
        data = pickle.loads(socket.makePickle(make_record(exc_info=info))[4:])
        line = line_of(logging.makeLogRecord(data))
        self.assertEqual({"traceback": expected}, line["exception"])
        handler = logging.handlers.QueueHandler(queue.Queue())
        handler.setFormatter(JSONFormatter())
        handler.handle(make_record(exc_info=info))
        line = strict_loads(handler.queue.get().getMessage())
        self.assertEqual(expected, line["exception"]["traceback"])

    @given(strategies.exceptions())
    def test_cache_is_set(self, error):
        """exc_text is set as logging sets it, and never changed."""
        info = info_of(error)
        expected = printed(info)
        record = make_record(exc_info=info)
        line_of(record)
        self.assertEqual(expected, record.exc_text)
        record.exc_text = "other"
        line_of(record)
        self.assertEqual("other", record.exc_text)

    def test_bounds(self):
        """Long chains, tracebacks and notes are bounded, with their end."""
        chain = None
        for number in range(3000):
            error = ValueError(number)
            error.__cause__ = chain
            chain = error

        def recurse(number):
            if number:
                recurse(number - 1)
            raise ValueError("deep")
        try:
            sys.setrecursionlimit(30_000)
            recurse(10_000)
        except ValueError as error:
            deep = error
        noted = ValueError("noted")
        noted.__notes__ = ["note"] * 100_000
        for error, text in ((chain, "ValueError: 2999"),
                            (deep, "more times]"),
                            (noted, "ValueError: noted")):
            with self.subTest(text):
                line = JSONFormatter(max_bytes=10_000).format(make_record(
                    exc_info=info_of(error)))
                self.assertLessEqual(len(line), 10_000)
                trace = strict_loads(line)["exception"]["traceback"]
                self.assertIn(text, trace)
                self.assertEqual(error is not deep, "!CUT" in trace)


if __name__ == "__main__":
    unittest.main()
