"""Properties of the overrides: any environment is parsed, none acted on."""

import contextlib
import io
import json
import logging
import logging.config
import os
import sys
import tempfile
import unittest
import warnings
from unittest import mock

import hypothesis
from hypothesis import strategies as st

from . import strategies
from .support import JSONFormatter, import_ring2, run_python

overrides = import_ring2("_overrides")

from .test_overrides import (FORBIDDEN, VARIABLES, ConfigTest,
                             applyEnvironment)

PREFIX = "PYTHON_LOGGING"

_WORDS = st.sampled_from((
    "INFO", "debug", "root", "app", "app.db", "console", "json", "TEXT", "utc",
    "local", "10", "NOTSET", "", " ", *FORBIDDEN))
_TOKEN = st.lists(_WORDS | strategies.texts(), max_size=4).map("".join)
_VALUE = st.lists(
    _TOKEN | st.tuples(_TOKEN, _TOKEN).map("=".join), max_size=6).map(",".join)
suffixes = st.sampled_from(("_LEVEL", "_HANDLER_LEVEL", "_FORMAT", "_TIME"))
values = _VALUE | strategies.texts()
tokens = _TOKEN
environs = st.dictionaries(
    (suffixes | tokens).map(PREFIX.__add__), values, max_size=8)

names = st.from_regex(r"\A\w([\w .-]*[\w-])?\Z").filter(
    lambda text: text not in ("args", "class", "factory"))
numbers = st.integers(0, 10**9 - 1)
levels = st.dictionaries(names, numbers, max_size=6)


def directives(levels):
    """Return the value of a variable that says *levels*."""
    return ",".join("%s=%d" % item for item in levels.items())


class ParseProperties(unittest.TestCase):

    @hypothesis.given(levels, levels, st.sampled_from(("", "json", "text")),
                      st.sampled_from(("", "utc", "local")))
    def test_what_is_said_is_read(self, loggers, handlers, word, zone):
        """The settings are what stands in the variables."""
        environ = dict(zip(VARIABLES, (
            directives(loggers), directives(handlers), word, zone)))
        hypothesis.assume(all(
            len(text.encode()) <= 8192 for text in environ.values()))
        self.assertEqual(
            ((PREFIX, loggers, handlers, word or None, zone or None), []),
            overrides.parseEnvironment(environ))

    @hypothesis.given(environs)
    def test_problems_name_variable_and_token(self, environ):
        """A problem has a variable that is set, and a token that is in it."""
        for problem in overrides.parseEnvironment(environ)[1]:
            self.assertIn(problem.variable, environ)
            self.assertIn(problem.token, environ[problem.variable])
            self.assertTrue(problem.token)
            self.assertTrue(problem.reason)

    @hypothesis.given(environs)
    def test_nothing_is_lost_silently(self, environ):
        """Each directive that is no problem is a setting, or is overruled."""
        settings, problems = overrides.parseEnvironment(environ)
        for variable, found in ((VARIABLES[0], settings.levels),
                                (VARIABLES[1], settings.handler_levels)):
            text = environ.get(variable, "")
            hypothesis.assume(len(text.encode(
                errors="surrogatepass")) <= 8192 and text.count(",") < 256)
            tokens = [t.strip() for t in text.split(",") if t.strip()]
            bad = [p.token for p in problems if p.variable == variable]
            self.assertEqual({token.rpartition("=")[0].strip() or "root"
                              for token in tokens if token not in bad},
                             {*found})

    @hypothesis.given(environs)
    def test_other_variables_do_not_matter(self, environ):
        """Only the four names count."""
        self.assertEqual(
            overrides.parseEnvironment({
                name: text for name, text in environ.items()
                if name in VARIABLES}),
            overrides.parseEnvironment(environ))

    def test_nothing_is_imported_opened_or_called(self):
        """Whatever the value, parsing raises no audit event."""
        found = [dict.fromkeys(VARIABLES, text % token) for token in FORBIDDEN
                 for text in ("%s", "a=%s", "%s=DEBUG", "INFO,%s")]

        @hypothesis.given(environs)
        def collect(environ):
            found.append(environ)

        with contextlib.suppress(unittest.SkipTest):    # without Hypothesis
            collect()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "environs.json")
            with open(path, "w", encoding="ascii") as file:
                json.dump(found, file)
            output = run_python("""
import json, sys, {0} as overrides
with open({1!r}, encoding="ascii") as file:
    environs = json.load(file)
seen = []
active = True
sys.addaudithook(lambda event, args: active and seen.append(event))
sys.audit("test")
for environ in environs:
    overrides.parseEnvironment(environ)
active = False
print(len(environs), seen)
""".format(overrides.__name__, path))
        self.assertEqual("%d ['test']" % len(found), output.strip())


class ApplyProperties(ConfigTest):

    CONFIG = {
        "version": 1, "disable_existing_loggers": False,
        "formatters": {"json": {"()": JSONFormatter}},
        "handlers": {"console": {"class": "logging.StreamHandler"},
                     "my-handler": {"class": "logging.StreamHandler",
                                    "formatter": "json"}},
        "root": {"handlers": ["console", "my-handler"], "level": "INFO"}}

    def setUp(self):
        super().setUp()
        self.isolate_loggers()

    def configure(self, environ):
        with mock.patch.dict(os.environ, clear=True):
            logging.config.dictConfig({
                **self.CONFIG, "formatters": {"json": {"()": JSONFormatter}},
                "handlers": {name: dict(entry) for name, entry
                             in self.CONFIG["handlers"].items()}})
        # os.environ takes no NUL and no surrogate of another kind.
        applyEnvironment(environ=environ)

    @hypothesis.given(environs)
    def test_no_environment_stops_a_program(self, environ):
        """Under -W error too, the program is configured and logs."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.configure(environ)
        self.assertEqual(2, len(logging.root.handlers))
        self.assertLess(len(logging.root.manager.loggerDict), 1000)
        logging.root.manager.loggerDict.clear()
        for handler in logging.root.handlers:
            handler.format(logging.makeLogRecord({"msg": "hello"}))

    @hypothesis.given(environs)
    def test_warnings_are_bounded(self, environ):
        """Each warning is one printable line of bounded length."""
        overrides._reported.clear()
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            self.configure(environ)
        logging.root.manager.loggerDict.clear()
        # One for what is ignored and one for what may still be.
        self.assertLessEqual(len(found), 2 * len({*VARIABLES} & {*environ}))
        for warning in found:
            self.assertTrue(str(warning.message).isprintable())
            self.assertLess(len(str(warning.message)), 1000)

    @hypothesis.given(st.lists(st.tuples(
        st.sampled_from((None, "json", "text")),
        st.sampled_from((None, "utc", "local"))), min_size=1, max_size=5))
    def test_sequences(self, steps):
        """What the console prints depends on the last step's words only."""
        handler = logging.StreamHandler(sys.stdout)
        other = logging.StreamHandler(io.StringIO())
        logging.root.handlers[:] = [handler, other]
        kind = None
        for word, zone in steps:
            environ = {"PYTHON_LOGGING_FORMAT": word or "",
                       "PYTHON_LOGGING_TIME": zone or ""}
            applyEnvironment(environ=environ)
            kind = "json" if word == "json" else (
                "text" if word == "text" and kind == "json" else kind)
            line = handler.format(logging.makeLogRecord({"msg": "hello"}))
            self.assertEqual(kind == "json", line.startswith("{"))
            if kind and zone:
                self.assertEqual(zone == "utc", handler.formatter.utc)
            self.assertIsNone(other.formatter)


if __name__ == "__main__":
    unittest.main()
