"""Properties of nested variables and of what variables are printed as."""

import unittest
import warnings

import hypothesis
from hypothesis import strategies as st

from . import PACKAGE
from .support import import_ring2

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("these tests are about jsonlogging.config")

config = import_ring2("config")

from .test_overrides import VARIABLES, ConfigTest
from .test_overrides_property import (levels, names, numbers, suffixes, tokens,
                                      values)

_KEYS = st.sampled_from((
    "LEVEL", "FORMATTER", "UTC", "TIMESPEC", "EXTRA", "ENSURE_ASCII",
    "MAX_BYTES", "CLASS", "()", "FORMAT", ""))
_NESTED = st.tuples(
    st.just(""), st.sampled_from(("HANDLERS", "FORMATTERS", "LOGGERS", "X")),
    st.sampled_from(("CONSOLE", "MY_HANDLER", "a b", "", "JSON")),
    _KEYS).map("__".join)
_PREFIXES = st.sampled_from(("PYTHON_LOGGING", "MYAPP"))
environs = st.dictionaries(
    st.tuples(_PREFIXES, suffixes | _NESTED | tokens).map("".join), values,
    max_size=8)

_IDENTIFIERS = st.from_regex(r"\A[A-Z0-9_]*[A-Z0-9]\Z").filter(
    lambda text: "__" not in text)
_ENTRIES = st.one_of(
    st.tuples(st.just("HANDLERS"), st.just("level"), numbers),
    st.tuples(st.just("HANDLERS"), st.just("formatter"), names),
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
    def test_other_variables_do_not_matter(self, environ, prefix):
        """Only the four names, and nested ones of an own prefix, count."""
        mine = {name: text for name, text in environ.items()
                if name in [prefix + v[14:] for v in VARIABLES]
                or prefix == "MYAPP" and name.startswith("MYAPP__")}
        self.assertEqual(config.parseEnvironment(mine, prefix),
                         config.parseEnvironment(environ, prefix))


class ApplyProperties(ConfigTest):

    def setUp(self):
        super().setUp()
        self.isolate_loggers()

    @hypothesis.given(environs)
    def test_no_environment_stops_a_program(self, environ):
        """Under -W error too, nothing is raised."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config.applyEnvironment("MYAPP", environ=environ)


if __name__ == "__main__":
    unittest.main()
