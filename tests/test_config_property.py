"""Properties of ring 2: any environment is parsed, none is acted on."""

import io
import logging
import logging.config
import os
import sys
import unittest
import warnings
from unittest import mock

import hypothesis
from hypothesis import strategies as st

from . import strategies
from .support import JSONFormatter, import_config, run_python

config = import_config()

from .test_config import FORBIDDEN, VARIABLES, ConfigTest

_WORDS = st.sampled_from((
    "INFO", "debug", "root", "app", "app.db", "console", "json", "TEXT", "utc",
    "local", "10", "NOTSET", "", " ", *FORBIDDEN))
_TOKEN = st.lists(_WORDS | strategies.texts(), max_size=4).map("".join)
_VALUE = st.lists(
    _TOKEN | st.tuples(_TOKEN, _TOKEN).map("=".join), max_size=6).map(",".join)
_SUFFIXES = st.sampled_from(("_LEVEL", "_HANDLER_LEVEL", "_FORMAT", "_TIME"))
_KEYS = st.sampled_from((
    "LEVEL", "FORMATTER", "UTC", "TIMESPEC", "EXTRA", "ENSURE_ASCII",
    "MAX_BYTES", "CLASS", "()", "FORMAT", ""))
_NESTED = st.tuples(
    st.just(""), st.sampled_from(("HANDLERS", "FORMATTERS", "LOGGERS", "X")),
    st.sampled_from(("CONSOLE", "MY_HANDLER", "a b", "", "JSON")),
    _KEYS).map("__".join)
_PREFIXES = st.sampled_from(("PYTHON_LOGGING", "MYAPP"))
environs = st.dictionaries(
    st.tuples(_PREFIXES, _SUFFIXES | _NESTED | _TOKEN).map("".join),
    _VALUE | strategies.texts(), max_size=8)

_NAME = st.from_regex(r"\A\w([\w .-]*[\w-])?\Z").filter(
    lambda text: text not in ("args", "class", "factory"))
_LEVELS = st.integers(0, 10**9 - 1)
_IDENTIFIERS = st.from_regex(r"\A[A-Z0-9_]*[A-Z0-9]\Z").filter(
    lambda text: "__" not in text)
_ENTRIES = st.one_of(
    st.tuples(st.just("HANDLERS"), st.just("level"), _LEVELS),
    st.tuples(st.just("HANDLERS"), st.just("formatter"), _NAME),
    st.tuples(st.just("FORMATTERS"), st.sampled_from(("utc", "ensure_ascii")),
              st.booleans()),
    st.tuples(st.just("FORMATTERS"), st.just("timespec"),
              st.sampled_from(("seconds", "milliseconds", "microseconds"))),
    st.tuples(st.just("FORMATTERS"), st.just("extra"),
              st.booleans() | st.sampled_from(("ctx", "Ctx", "\u00e9"))),
    st.tuples(st.just("FORMATTERS"), st.just("max_bytes"),
              st.integers(1024, 10**9 - 1)))


@st.composite
def all_settings(draw):
    """Any Settings that variables can say."""
    prefix = draw(_PREFIXES)
    nested = {}
    if prefix == "MYAPP":
        for section, key, value in draw(st.lists(_ENTRIES, max_size=4)):
            nested[section, draw(_IDENTIFIERS), key] = value
    levels = st.dictionaries(_NAME, _LEVELS, max_size=6)
    return config.Settings(
        prefix, draw(levels), draw(levels),
        draw(st.sampled_from((None, "json", "text"))),
        draw(st.sampled_from((None, "utc", "local"))), nested)


class ParseProperties(unittest.TestCase):

    @hypothesis.given(all_settings())
    def test_print_and_parse(self, settings):
        """Printing settings and parsing them back is the identity."""
        environ = config.formatEnvironment(settings)
        hypothesis.assume(all(
            len(text.encode()) <= 8192 for text in environ.values()))
        self.assertEqual((settings, []), config.parseEnvironment(
            environ, settings.prefix))

    @hypothesis.given(environs, _PREFIXES)
    def test_no_input_raises(self, environ, prefix):
        """Any environment gives settings that can be printed and parsed."""
        settings, problems = config.parseEnvironment(environ, prefix)
        again = config.formatEnvironment(settings)
        self.assertEqual((settings, []),
                         config.parseEnvironment(again, prefix))

    @hypothesis.given(environs, _PREFIXES)
    def test_problems_name_variable_and_token(self, environ, prefix):
        """A problem has a variable that is set, and a token that is in it."""
        for problem in config.parseEnvironment(environ, prefix)[1]:
            self.assertIn(problem.variable, environ)
            self.assertTrue(
                problem.token in environ[problem.variable]
                or problem.token == problem.variable, problem)
            self.assertTrue(problem.token)
            self.assertTrue(problem.reason)

    @hypothesis.given(environs, _PREFIXES)
    def test_nothing_is_lost_silently(self, environ, prefix):
        """Each directive that is no problem is a setting, or is overruled."""
        for name, field in (("_LEVEL", "levels"),
                            ("_HANDLER_LEVEL", "handler_levels")):
            text = environ.get(prefix + name, "")
            hypothesis.assume(len(text.encode(
                errors="surrogatepass")) <= 8192 and text.count(",") < 256)
            settings, problems = config.parseEnvironment(environ, prefix)
            tokens = [t.strip() for t in text.split(",") if t.strip()]
            bad = [p.token for p in problems if p.variable == prefix + name]
            names = {token.rpartition("=")[0].strip() or "root"
                     for token in tokens if token not in bad}
            self.assertEqual(names, {*getattr(settings, field)})

    @hypothesis.given(environs, _PREFIXES)
    def test_other_variables_do_not_matter(self, environ, prefix):
        """Only the four names, and nested ones of an own prefix, count."""
        mine = {name: text for name, text in environ.items()
                if name in [prefix + v[14:] for v in VARIABLES]
                or prefix == "MYAPP" and name.startswith("MYAPP__")}
        self.assertEqual(config.parseEnvironment(mine, prefix),
                         config.parseEnvironment(environ, prefix))

    def test_nothing_is_imported_opened_or_called(self):
        """Whatever the value, parsing raises no audit event."""
        output = run_python("""
import sys, hypothesis
from tests.test_config_property import config, environs
seen, active, count = [], False, 0

def hook(event, args):
    if active:
        seen.append(event)

@hypothesis.settings(max_examples=300, deadline=None, database=None,
                     derandomize=True)
@hypothesis.given(environs)
def check(environ):
    global active, count
    active = True
    try:
        for prefix in "PYTHON_LOGGING", "MYAPP":
            config.parseEnvironment(environ, prefix)
    finally:
        active = False
    count += 1

sys.addaudithook(hook)
active = True
sys.audit("test")
active = False
assert seen == ["test"], "the hook sees nothing"
check()
print(count, seen[1:])
""")
        count, seen = output.strip().split(" ", 1)
        self.assertGreaterEqual(int(count), 100)
        self.assertEqual("[]", seen)


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
        # Loggers stay for ever: those with odd names in a tree of their own.
        manager = logging.Manager(logging.root)
        self.addCleanup(setattr, logging.Logger, "manager",
                        logging.Logger.manager)
        self.addCleanup(setattr, logging.root, "manager",
                        logging.root.manager)
        logging.Logger.manager = logging.root.manager = manager

    def configure(self, environ, env):
        with mock.patch.dict(os.environ, clear=True):
            config.dictConfig({
                **self.CONFIG, "formatters": {"json": {"()": JSONFormatter}},
                "handlers": {name: dict(entry) for name, entry
                             in self.CONFIG["handlers"].items()}}, env=False)
            # os.environ takes no NUL and no surrogate of another kind.
            config.applyEnvironment(env, environ=environ)

    @hypothesis.given(environs, st.sampled_from((True, "MYAPP")))
    def test_no_environment_stops_a_program(self, environ, env):
        """Under -W error too, the program is configured and logs."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.configure(environ, env)
        self.assertEqual(2, len(logging.root.handlers))
        self.assertLess(len(logging.root.manager.loggerDict), 1000)
        logging.root.manager.loggerDict.clear()
        for handler in logging.root.handlers:
            handler.format(logging.makeLogRecord({"msg": "hello"}))

    @hypothesis.given(environs)
    def test_warnings_are_bounded(self, environ):
        """Each warning is one printable line of bounded length."""
        config._reported.clear()
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            self.configure(environ, "MYAPP")
        logging.root.manager.loggerDict.clear()
        self.assertLessEqual(
            len(found), 2 * sum(name.startswith("MYAPP") for name in environ))
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
            config.applyEnvironment(environ=environ)
            kind = "json" if word == "json" else (
                "text" if word == "text" and kind == "json" else kind)
            line = handler.format(logging.makeLogRecord({"msg": "hello"}))
            self.assertEqual(kind == "json", line.startswith("{"))
            if kind and zone:
                self.assertEqual(zone == "utc", handler.formatter.utc)
            self.assertIsNone(other.formatter)


if __name__ == "__main__":
    unittest.main()
