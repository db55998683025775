"""The package's functions for configuration, and what is not proposed."""

import copy
import inspect
import io
import json
import logging
import logging.config
import logging.handlers
import os
import queue
import socket
import sys
import threading
import unittest
import warnings
from unittest import mock

from .support import (PACKAGE, JSONFormatter, import_ring2, make_record,
                      run_python, strict_loads)

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("these tests are about jsonlogging.config")

config = import_ring2("config")
NAME = config.__name__

from . import test_overrides
from .test_overrides import (FORBIDDEN, FORMAT, HANDLER_LEVEL, LEVEL, TEXT,
                             TIME, VARIABLES, Plain, run_flags)



def parse(prefix="PYTHON_LOGGING", **environ):
    """Return (Settings, Problems) of variables without their prefix."""
    return config.parseEnvironment(
        {prefix + "_" + name: text for name, text in environ.items()}, prefix)


class ConfigTest(test_overrides.ConfigTest):

    def setUp(self):
        super().setUp()
        for name in [*os.environ]:
            if name.startswith("MYAPP"):
                self.setenv(name, None)
        self.addCleanup(config._formats.update, dict(config._formats))
        self.addCleanup(config._formats.clear)
        self.addCleanup(config.uninstall)


class ParseTest(unittest.TestCase):

    def levels(self, text):
        settings, problems = parse(LEVEL=text)
        return settings.levels, [problem.token for problem in problems]

    def test_nested(self):
        """A program's own prefix has variables for existing ids, too."""
        good = {
            "HANDLERS__CONSOLE__LEVEL": ("debug", 10),
            "HANDLERS__CONSOLE__FORMATTER": ("plain.text", "plain.text"),
            "HANDLERS__MY__HANDLER__LEVEL": ("15", 15),
            "FORMATTERS__JSON__UTC": ("False", False),
            "FORMATTERS__JSON__TIMESPEC": ("Seconds", "seconds"),
            "FORMATTERS__JSON__EXTRA": ("ctx", "ctx"),
            "FORMATTERS__J2__EXTRA": ("0", False),
            "FORMATTERS__JSON__ENSURE_ASCII": ("true", True),
            "FORMATTERS__JSON__MAX_BYTES": ("16000", 16000)}
        settings, problems = parse("MYAPP_LOG", **{
            "_" + name: text for name, (text, _) in good.items()})
        self.assertEqual([], problems)
        expected = {}
        for name, (_, value) in good.items():
            section, _, rest = name.partition("__")
            identifier, _, key = rest.rpartition("__")
            expected[section, identifier, key.lower()] = value
        self.assertEqual(expected, settings.nested)

    def test_nested_refused(self):
        """No other section or key, and no value of another type, is read."""
        for name, text in (
                ("HANDLERS__CONSOLE__CLASS", "logging.FileHandler"),
                ("HANDLERS__CONSOLE__FILENAME", "/etc/passwd"),
                ("HANDLERS__CONSOLE__STREAM", "ext://sys.stdout"),
                ("HANDLERS__CONSOLE__()", "os.system"),
                ("HANDLERS__CONSOLE__ARGS", "()"),
                ("HANDLERS__LEVEL", "INFO"),
                ("HANDLERS____LEVEL", "INFO"),
                ("HANDLERS__console__LEVEL", "INFO"),
                ("FORMATTERS__JSON__FORMAT", "%(message)s"),
                ("FORMATTERS__JSON__FMT", "x"),
                ("FORMATTERS__JSON__DEFAULT", "repr"),
                ("LOGGERS__APP__LEVEL", "INFO"),
                ("ROOT__LEVEL", "INFO"), ("VERSION", "2"),
                ("FILTERS__F__NAME", "x"), ("handlers__C__LEVEL", "INFO"),
                ("HANDLERS__CONSOLE__LEVEL", "LOUD"),
                ("HANDLERS__CONSOLE__FORMATTER", "ext://x"),
                ("HANDLERS__CONSOLE__FORMATTER", "class"),
                ("FORMATTERS__JSON__UTC", "maybe"),
                ("FORMATTERS__JSON__TIMESPEC", "hours"),
                ("FORMATTERS__JSON__EXTRA", "a.b"),
                ("FORMATTERS__JSON__MAX_BYTES", "1023"),
                ("FORMATTERS__JSON__MAX_BYTES", "1e6"),
                ("FORMATTERS__JSON__MAX_BYTES", "-5000"),
                ("FORMATTERS__JSON__ENSURE_ASCII", "2")):
            with self.subTest(name):
                settings, problems = parse("MYAPP_LOG", **{"_" + name: text})
                self.assertEqual({}, settings.nested)
                self.assertEqual(["MYAPP_LOG__" + name],
                                 [problem.variable for problem in problems])
        self.assertEqual([], parse("MYAPP_LOG", _HANDLERS__C__LEVEL="")[1])

    def test_nested_is_for_own_prefixes(self):
        """PYTHON_LOGGING has no nested variables, and none is a problem."""
        settings, problems = parse(_HANDLERS__CONSOLE__LEVEL="DEBUG",
                                   _HANDLERS__CONSOLE__CLASS="x")
        self.assertEqual(({}, []), (settings.nested, problems))

    def test_format_environment(self):
        """Printed settings are variables, levels as numbers."""
        settings = parse(LEVEL="INFO,app.db=DEBUG", HANDLER_LEVEL="c=40",
                         FORMAT="JSON", TIME="local")[0]
        self.assertEqual({LEVEL: "root=20,app.db=10", HANDLER_LEVEL: "c=40",
                          FORMAT: "json", TIME: "local"},
                         config.formatEnvironment(settings))
        self.assertEqual({}, config.formatEnvironment(parse()[0]))


class RegisterFormatTest(ConfigTest):

    def test_registered(self):
        """A registered name makes its formatter, and keeps its own."""
        class Own(JSONFormatter):
            pass

        class Sub(Own):
            pass

        config.registerFormat("own", lambda: Own(["message"]))
        for formatter in (None, logging.Formatter(), JSONFormatter()):
            self.assertIs(Own, type(self.apply(self.console(formatter),
                                               FORMAT="OWN")))
        for formatter in Own(), Sub():
            self.assertIs(formatter, self.apply(self.console(formatter),
                                                FORMAT="own"))

    def test_registered_without_a_class(self):
        """What is no class of its own is replaced, but not twice."""
        config.registerFormat("brief", lambda: JSONFormatter(["message"]))
        config.registerFormat("long", lambda: JSONFormatter(["name"]))
        config.registerFormat("plain", lambda: logging.Formatter("%(name)s"))
        for formatter in (None, JSONFormatter(), logging.Formatter(TEXT)):
            for name, line in (("brief", '{"message":"hello"}'),
                               ("long", '{"name":"app"}'), ("plain", "app")):
                handler = self.console(formatter)
                new = self.apply(handler, FORMAT=name)
                self.assertEqual(line, new.format(make_record()))
                self.assertIs(new, self.apply(handler, FORMAT=name))

    def test_factory_that_makes_no_formatter(self):
        """A factory that returns something else is a warning."""
        for made in None, "text", Plain(), JSONFormatter:
            config._reported.clear()
            config.registerFormat("odd", lambda: made)
            formatter = logging.Formatter(TEXT)
            with self.warned("'odd' is not to be had: TypeError"):
                self.assertIs(formatter, self.apply(
                    self.console(formatter), FORMAT="odd"))

    def test_factory_that_raises(self):
        """A factory that raises is a warning; the formatter stays."""
        config.registerFormat("broken", lambda: 1 / 0)
        formatter = logging.Formatter(TEXT)
        with self.warned("PYTHON_LOGGING_FORMAT: 'broken' is not to be had: "
                         "ZeroDivisionError"):
            self.assertIs(formatter, self.apply(self.console(formatter),
                                                FORMAT="broken"))

    def test_time(self):
        """A registered format has the zone of TIME."""
        self.set_zone("IST-5:30")
        config.registerFormat(
            "plain", lambda: logging.Formatter("%(asctime)s"))
        new = self.apply(self.console(), FORMAT="plain", TIME="local")
        self.assertEqual("2023-11-15T03:43:20.123+05:30",
                         new.format(make_record()))

    def test_register_format(self):
        """A name is a word of lower case, and not json or text."""
        for name in ("json", "text", "Own", "a.b", "", "1a", "ext://x", "a b",
                     "os:system", "\u00e9"):
            with self.assertRaises(ValueError, msg=name):
                config.registerFormat(name, JSONFormatter)
        for arguments in ((1, JSONFormatter), ("own", "JSONFormatter")):
            with self.assertRaises(TypeError):
                config.registerFormat(*arguments)


def factory_formatter(**options):
    """A formatter factory for dictConfig."""
    return JSONFormatter(**options)


class Old(logging.Formatter):
    """A formatter of before 3.10: it takes no other options."""

    def __init__(self, fmt=None, datefmt=None, style="%"):
        super().__init__(fmt, datefmt, style)


class Greedy(logging.Formatter):

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class EntryPointTest(ConfigTest):

    def configure(self, formatter, **options):
        config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"own": formatter},
            "handlers": {"console": {
                "class": "logging.StreamHandler", "formatter": "own",
                "stream": "ext://sys.stderr"}},
            "root": {"level": "INFO", "handlers": ["console"]}}, **options)
        return logging.root.handlers[0].formatter

    def test_signatures(self):
        """The signatures are logging's, and env besides."""
        self.assertEqual("(*, env=True, **kwargs)",
                         str(inspect.signature(config.basicConfig)))
        for name in "dictConfig", "fileConfig":
            ours = [*inspect.signature(getattr(config, name))
                    .parameters.values()]
            theirs = [*inspect.signature(getattr(logging.config, name))
                      .parameters.values()]
            if sys.version_info < (3, 10) and name == "fileConfig":
                self.assertEqual("encoding=None", str(ours.pop(-2)))
            self.assertEqual(["env=True"], [*map(str, ours[len(theirs):])])
            self.assertEqual(theirs, ours[:len(theirs)])

    def test_formatter(self):
        """basicConfig(formatter=...) sets it on handlers without one."""
        formatter = JSONFormatter()
        config.basicConfig(formatter=formatter, level="INFO")
        handler, = logging.root.handlers
        self.assertIs(formatter, handler.formatter)
        self.assertIs(logging.StreamHandler, type(handler))
        own, bare = logging.StreamHandler(), logging.StreamHandler()
        own.setFormatter(Plain())
        config.basicConfig(formatter=formatter, force=True,
                           handlers=iter([own, bare]))
        self.assertEqual([own, bare], logging.root.handlers)
        self.assertIsInstance(own.formatter, Plain)
        self.assertIs(formatter, bare.formatter)
        config.basicConfig(formatter=formatter, force=True, handlers=[own])
        self.assertIsInstance(own.formatter, Plain)

    def test_formatter_and_handlers(self):
        """It does nothing if there are handlers, and works with a file."""
        handler = logging.StreamHandler()
        logging.root.addHandler(handler)
        config.basicConfig(formatter=JSONFormatter(), format="x")
        self.assertIsNone(handler.formatter)
        name = self.file_handler().baseFilename
        config.basicConfig(formatter=JSONFormatter(), filename=name,
                           encoding="utf-8", force=True)
        logging.error("hello")
        handler, = logging.root.handlers
        self.assertEqual("hello",
                         strict_loads(self.read(handler)[0])["message"])

    def test_formatter_and_format(self):
        """formatter and one of format, datefmt, style is a ValueError."""
        for name, value in (("format", "%(message)s"), ("datefmt", "%H"),
                            ("style", "%")):
            with self.assertRaisesRegex(
                    ValueError, "'%s' should not be specified together with "
                    "'formatter'" % name):
                config.basicConfig(formatter=JSONFormatter(), **{name: value})

    def test_basic_config_as_ever(self):
        """Other arguments, and errors in them, are logging's."""
        config.basicConfig(format="%(message)s!", stream=sys.stdout,
                           level="INFO", formatter=None)
        logging.info("hello")
        self.assertEqual(["hello!"], self.lines(self.stdout))
        for options in ({"nonsense": 1}, {"style": "x"}, {"level": "x"},
                        {"stream": sys.stdout, "filename": "x"},
                        {"handlers": [], "filename": "x"}):
            with self.assertRaises(ValueError):
                config.basicConfig(force=True, **options)

    def test_class_options(self):
        """With class: every option reaches our formatters."""
        for cls in "JSONFormatter", "ISOFormatter":
            formatter = self.configure({
                "class": PACKAGE + ".formatters." + cls, "style": "{",
                "format": "{asctime} {service}", "datefmt": None,
                "utc": False, "timespec": "seconds",
                "defaults": {"service": "shop"}})
            self.assertEqual((False, "seconds"),
                             (formatter.utc, formatter.timespec))
            self.assertIn("shop", formatter.format(make_record()))
        formatter = self.configure({
            "class": PACKAGE + ".formatters.JSONFormatter",
            "fmt": {"a": {"b": "message"}}, "max_bytes": 2000,
            "extra": False, "validate": True})
        self.assertEqual('{"a":{"b":"hello"}}',
                         formatter.format(make_record(x=1)))

    def test_class_options_ext(self):
        """ext:// and cfg:// are resolved in them, as ever."""
        formatter = self.configure({
            "class": PACKAGE + ".formatters.JSONFormatter",
            "fmt": {"text": "message", "n": "ext://%s.line_number" % __name__},
            "defaults": {"a": "cfg://formatters.own.class"}})
        self.assertEqual(
            {"text": "hello", "n": 7,
             "a": PACKAGE + ".formatters.JSONFormatter"},
            strict_loads(formatter.format(make_record())))

    def test_class_options_unknown(self):
        """One that our formatters do not have is an error."""
        with self.assertRaises(ValueError):
            self.configure({"class": PACKAGE + ".formatters.JSONFormatter",
                            "timspec": "seconds"})

    def test_class_options_of_others(self):
        """Other classes get what logging.config gives them."""
        formatter = self.configure({
            "class": __name__ + ".Old", "format": "%(message)s",
            "colors": "all"})
        self.assertEqual("hello", formatter.format(make_record()))
        formatter = self.configure({
            "class": "logging.Formatter", "format": "%(message)s",
            "nonsense": 1})
        self.assertEqual("hello", formatter.format(make_record()))
        # It takes all, and its base class does not.
        formatter = self.configure({
            "class": __name__ + ".Greedy", "format": "%(message)s",
            "colors": "all"})
        self.assertEqual("hello", formatter.format(make_record()))

    def test_factories_and_errors(self):
        """() is as ever, and so are errors."""
        formatter = self.configure({
            "()": __name__ + ".factory_formatter", "max_bytes": 3000})
        self.assertEqual(3000, formatter.max_bytes)
        for bad in ({"()": "nowhere.x"}, {"class": "nowhere.x"},
                    {"class": "nowhere.x", "option": 1}):
            with self.assertRaises(ValueError):
                self.configure(bad)
        with self.assertRaises(ValueError):
            config.dictConfig({"version": 2})

    def test_dict_config(self):
        """Filters, ext:// and the result are those of logging.config."""
        self.setenv(LEVEL, "DEBUG")
        self.assertIsNone(config.dictConfig({
            "version": 1, "filters": {"f": {"name": "test.dict"}},
            "handlers": {"console": {
                "class": "logging.StreamHandler", "filters": ["f"],
                "stream": "ext://sys.stdout"}},
            "root": {"handlers": ["console"], "level": "ERROR"}}))
        logging.getLogger("test.dict").debug("shown")
        logging.getLogger("test.other").debug("filtered")
        self.assertEqual(["shown"], self.lines(self.stdout))

    def test_incremental(self):
        """An incremental configuration is overridden as well."""
        self.configure({"format": TEXT})
        self.setenv(LEVEL, "DEBUG")
        self.setenv(HANDLER_LEVEL, "console=ERROR")
        config.dictConfig({
            "version": 1, "incremental": True, "root": {"level": "WARNING"},
            "handlers": {"console": {"level": "WARNING"}}})
        handler, = logging.root.handlers
        self.assertEqual((10, 40), (logging.root.level, handler.level))

    def test_own_configurator(self):
        """A dictConfigClass of the program's own is used."""
        seen = []

        class Own(logging.config.DictConfigurator):
            def configure(self):
                seen.append(type(self).__name__)
                super().configure()

        def function(mapping):
            seen.append("function")
            return logging.config.DictConfigurator(mapping)

        self.addCleanup(setattr, logging.config, "dictConfigClass",
                        logging.config.dictConfigClass)
        self.setenv(LEVEL, "DEBUG")
        for logging.config.dictConfigClass in Own, function:
            logging.root.setLevel("ERROR")
            config.dictConfig({"version": 1})
            self.assertEqual(logging.DEBUG, logging.root.level)
        self.assertEqual(["Own", "function"], seen)

    def file_config(self, **options):
        text = """
[loggers]
keys=root
[handlers]
keys=console
[formatters]
keys=plain
[logger_root]
level=ERROR
handlers=console
[handler_console]
class=StreamHandler
args=(sys.stderr,)
formatter=plain
[formatter_plain]
format=%(message)s
"""
        logging.sys = sys
        self.addCleanup(setattr, logging, "sys", logging.sys)
        return config.fileConfig(io.StringIO(text), **options)

    def test_file_config(self):
        """fileConfig() is overridden; its handlers have names."""
        self.setenv(LEVEL, "INFO")
        self.setenv(FORMAT, "json")
        self.setenv(HANDLER_LEVEL, "console=INFO")
        self.assertIsNone(self.file_config(disable_existing_loggers=False))
        logging.info("hello")
        logging.debug("no")
        self.assertEqual("hello", strict_loads(self.lines()[0])["message"])
        self.assertEqual(logging.INFO, logging.root.handlers[0].level)

    def test_wrong_env(self):
        """A wrong env is an error, before anything is configured."""
        for env, error in ((None, TypeError), (1, TypeError), ("", ValueError),
                           ("A-B", ValueError), ("1A", ValueError),
                           ("A=", ValueError), (b"A", TypeError)):
            for function, arguments in (
                    (config.basicConfig, ()), (config.fileConfig, ("no",)),
                    (config.dictConfig, ({},)), (config.install, ()),
                    (config.applyEnvironment, ())):
                with self.assertRaises(error):
                    function(*arguments, env=env)
        self.assertEqual([], logging.root.handlers)
        with self.assertRaises(ValueError):
            config.install(False)

    def test_own_prefix(self):
        """With a prefix of its own a program has variables of its own."""
        self.setenv(LEVEL, "ERROR")
        self.setenv("MYAPP_LOG_LEVEL", "DEBUG")
        self.setenv("MYAPP_LOG_FORMAT", "json")
        config.basicConfig(env="MYAPP_LOG")
        self.assertEqual(logging.DEBUG, logging.root.level)
        self.assertIsInstance(logging.root.handlers[0].formatter,
                              JSONFormatter)

    def nested(self, **variables):
        for name, text in variables.items():
            self.setenv("MYAPP_LOG__" + name, text)
        config.dictConfig({
            "version": 1, "formatters": {
                "plain-text": {"format": "%(message)s"},
                "j.son": {"()": __name__ + ".factory_formatter"}},
            "handlers": {
                "my-console": {"class": "logging.StreamHandler",
                               "formatter": "plain-text", "level": "ERROR"},
                "x.y": {"class": "logging.NullHandler"},
                "x-y": {"class": "logging.NullHandler"}},
            "root": {"handlers": ["my-console", "x.y", "x-y"]}},
            env="MYAPP_LOG")
        return logging.root.handlers[0]

    def test_nested(self):
        """Nested variables set a closed list of keys of existing ids."""
        handler = self.nested(
            HANDLERS__MY_CONSOLE__LEVEL="DEBUG",
            HANDLERS__MY_CONSOLE__FORMATTER="j.son",
            FORMATTERS__J_SON__UTC="false",
            FORMATTERS__J_SON__TIMESPEC="seconds",
            FORMATTERS__J_SON__EXTRA="ctx",
            FORMATTERS__J_SON__ENSURE_ASCII="false",
            FORMATTERS__J_SON__MAX_BYTES="2000")
        self.assertEqual(logging.DEBUG, handler.level)
        self.set_zone("IST-5:30")
        self.assertEqual(
            '{"timestamp":"2023-11-15T03:43:20+05:30","level":"INFO",'
            '"logger":"app","message":"\u00e9","ctx":{"x":1}}',
            handler.formatter.format(make_record("\u00e9", x=1)))
        self.assertEqual(2000, handler.formatter.max_bytes)

    def test_nested_problems(self):
        """What names nothing, two things, or does not fit is a warning."""
        for name, text, message in (
                ("HANDLERS__NO__LEVEL", "INFO",
                 "'NO' is the name of none of the handlers"),
                ("HANDLERS__X_Y__LEVEL", "INFO",
                 "'X_Y' is the name of several of the handlers"),
                ("HANDLERS__MY_CONSOLE__FORMATTER", "json",
                 "'json' is the name of none of the formatters"),
                ("FORMATTERS__NO__UTC", "true",
                 "'NO' is the name of none of the formatters"),
                ("FORMATTERS__PLAIN_TEXT__UTC", "true",
                 "'True' is for an option that a Formatter lacks"),
                ("FORMATTERS__J_SON__EXTRA", "message",
                 "'message' is the key of a field"),
                ("FORMATTERS__J_SON__EXTRA", "level_",
                 "'level_' is the key of a field")):
            with self.subTest(name), self.warned(
                    "MYAPP_LOG__%s: %s" % (name, message)):
                config._reported.clear()
                handler = self.nested(**{name: text})
            self.setenv("MYAPP_LOG__" + name, None)
            self.assertEqual((logging.ERROR, "%(message)s"), (
                handler.level, handler.formatter._fmt))

    def test_nested_without_dict_config(self):
        """Formatters have ids in dictConfig() only."""
        self.setenv("MYAPP_LOG__FORMATTERS__JSON__UTC", "false")
        with self.warned("'JSON' is the name of none of the formatters"):
            config.basicConfig(env="MYAPP_LOG")
        with self.warned():
            config.applyEnvironment("MYAPP_LOG")

    def test_nested_and_incremental(self):
        """An incremental configuration has no formatters to miss."""
        self.nested(FORMATTERS__J_SON__UTC="false",
                    HANDLERS__MY_CONSOLE__FORMATTER="j.son")
        for function in (
                lambda mapping: config.dictConfig(mapping, env="MYAPP_LOG"),
                logging.config.dictConfig):
            with self.warned():
                function({"version": 1, "incremental": True})
            config.install("MYAPP_LOG")

    def test_nested_and_empty(self):
        """An empty variable is none, whatever its name."""
        with self.warned():
            self.nested(HANDLERS__MY_CONSOLE__LEVEL="", HANDLERS__X=" ",
                        FORMATTERS__NO__UTC="")

    def test_nested_goes_before_format(self):
        """A formatter named for one handler stands against FORMAT."""
        self.setenv("MYAPP_LOG_FORMAT", "json")
        self.assertIsInstance(self.nested().formatter, JSONFormatter)
        handler = self.nested(HANDLERS__MY_CONSOLE__FORMATTER="plain-text")
        self.assertIs(logging.Formatter, type(handler.formatter))


def line_number(record):
    """For fmt, by ext://."""
    return record.lineno


class InstallTest(ConfigTest):

    ENTRY_POINTS = ((logging, "basicConfig"), (logging.config, "fileConfig"),
                    (logging.config, "dictConfigClass"))

    def entry_points(self):
        return [getattr(*place) for place in self.ENTRY_POINTS]

    def test_install(self):
        """install() reaches programs that know logging only."""
        by_name = logging.config.dictConfig
        config.install()
        self.setenv(LEVEL, "DEBUG")
        for function, arguments in (
                (logging.basicConfig, {"level": "ERROR"}),
                (logging.config.dictConfig,
                 {"config": {"version": 1, "root": {"level": "ERROR"}}}),
                (by_name,
                 {"config": {"version": 1, "root": {"level": "ERROR"}}})):
            logging.root.setLevel("ERROR")
            self.assertIsNone(function(**arguments))
            self.assertEqual(logging.DEBUG, logging.root.level)

    def test_file_config(self):
        """Also fileConfig(), with the signature it has."""
        original = inspect.signature(logging.config.fileConfig)
        config.install()
        self.assertEqual(original,
                         inspect.signature(logging.config.fileConfig))
        self.setenv(LEVEL, "DEBUG")
        logging.config.fileConfig(io.StringIO(
            "[loggers]\nkeys=root\n[handlers]\nkeys=\n[formatters]\nkeys=\n"
            "[logger_root]\nlevel=ERROR\nhandlers=\n"))
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_idempotent_and_reversible(self):
        """Twice is once, and uninstall() restores every function."""
        before = self.entry_points()
        config.install()
        installed = self.entry_points()
        config.install()
        self.assertEqual(installed, self.entry_points())
        for old, new in zip(before, installed):
            self.assertIsNot(old, new)
            self.assertEqual((old.__name__, old.__module__, old.__doc__),
                             (new.__name__, new.__module__, new.__doc__))
        config.uninstall()
        self.assertEqual(before, self.entry_points())
        config.uninstall()
        self.assertEqual(before, self.entry_points())

    def test_wrapped_since(self):
        """What others have put on top stays, and ours is idle below it."""
        config.install()
        ours = logging.basicConfig

        def theirs(**kwargs):
            ours(**kwargs)

        self.addCleanup(setattr, logging, "basicConfig", ours.__wrapped__)
        logging.basicConfig = theirs
        config.uninstall()
        self.assertIs(theirs, logging.basicConfig)
        self.setenv(LEVEL, "DEBUG")
        logging.basicConfig(level="ERROR")
        self.assertEqual(logging.ERROR, logging.root.level)

    def test_opt_out(self):
        """env=False of our functions stays false under install()."""
        config.install()
        self.setenv(LEVEL, "DEBUG")
        config.basicConfig(level="ERROR", env=False)
        self.assertEqual(logging.ERROR, logging.root.level)
        config.dictConfig({"version": 1, "root": {"level": "INFO"}},
                          env=False)
        self.assertEqual(logging.INFO, logging.root.level)

    def test_second_call(self):
        """A second call changes whose variables are read, and no more."""
        config.install()
        functions = self.entry_points()
        config.install("MYAPP_LOG")
        self.assertEqual(functions, self.entry_points())
        self.setenv(LEVEL, "ERROR")
        self.setenv("MYAPP_LOG_LEVEL", "DEBUG")
        logging.basicConfig()
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_wrapped_functions(self):
        """For launchers: they call applyEnvironment() without install()."""
        calls = []
        patches = config.wrapFunctions()
        try:
            with mock.patch.object(config, "applyEnvironment", calls.append):
                logging.basicConfig()
                config.install("MYAPP_LOG")
                logging.config.dictConfig({"version": 1})
                config.uninstall()
                logging.config.dictConfig({"version": 1})
                config.dictConfig({"version": 1}, env="OTHER")
        finally:
            for module, name, old, new in patches:
                self.assertIs(new, getattr(module, name))
                setattr(module, name, old)
        self.assertEqual([False, "MYAPP_LOG", False, "OTHER"], calls)

    def test_results(self):
        """What a function returns comes through."""
        with mock.patch.object(logging, "basicConfig", lambda: 7):
            config.install()
            self.assertEqual(7, logging.basicConfig())
            config.uninstall()

    def test_prefix(self):
        """install() can be had for a program's own prefix."""
        config.install("MYAPP_LOG")
        self.setenv("MYAPP_LOG__HANDLERS__CONSOLE__LEVEL", "ERROR")
        logging.config.dictConfig({
            "version": 1, "root": {"handlers": ["console"]},
            "handlers": {"console": {"class": "logging.StreamHandler"}}})
        self.assertEqual(logging.ERROR, logging.root.handlers[0].level)

    def test_nested_calls(self):
        """A configuration inside a configuration is no trouble."""
        def factory():
            logging.basicConfig(level="WARNING")
            config.dictConfig({"version": 1, "incremental": True,
                               "root": {"level": "CRITICAL"}})
            return logging.NullHandler()

        self.setenv(LEVEL, "DEBUG")
        config.install()
        for function in logging.config.dictConfig, config.dictConfig:
            function({"version": 1, "handlers": {"h": {"()": factory}},
                      "root": {"level": "ERROR", "handlers": ["h"]}})
            self.assertEqual(logging.DEBUG, logging.root.level)

    def test_an_error_leaves_nothing_behind(self):
        """After a failed call of ours the next one applies again."""
        config.install()
        self.setenv(LEVEL, "DEBUG")
        with self.assertRaises(ValueError):
            config.dictConfig({"version": 2})
        logging.basicConfig()
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_threads(self):
        """install(), uninstall() and configuration mix in threads."""
        before = self.entry_points()
        self.setenv(FORMAT, "json")
        errors = []

        def work(number):
            try:
                for turn in range(30):
                    if number % 3 == 0:
                        config.install()
                    elif number % 3 == 1:
                        logging.config.dictConfig({"version": 1, "handlers": {
                            "h": {"class": "logging.StreamHandler"}},
                            "root": {"handlers": ["h"]}})
                        config.effectiveConfig()
                    else:
                        config.uninstall()
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,))
                   for number in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        config.uninstall()
        self.assertEqual([], errors)
        self.assertEqual(before, self.entry_points())

    def test_listen(self):
        """A configuration that comes by a socket is overridden as well."""
        config.install()
        self.setenv(LEVEL, "DEBUG")
        thread = logging.config.listen(0)
        thread.start()
        try:
            self.assertTrue(thread.ready.wait(60))
            thread.ready.clear()
            data = json.dumps({"version": 1, "root": {"level": "ERROR"},
                               "disable_existing_loggers": False}).encode()
            with socket.create_connection(("localhost", thread.port)) as peer:
                peer.sendall(len(data).to_bytes(4, "big") + data)
            self.assertTrue(thread.ready.wait(60))
        finally:
            logging.config.stopListening()
            thread.join()
        self.assertEqual(logging.DEBUG, logging.root.level)


class NothingSetTest(ConfigTest):
    """Without a variable every entry point does what logging's does."""

    CONFIGS = (
        {"version": 1},
        {"version": 1, "root": {"level": "INFO"}},
        {"version": 1, "formatters": {"f": {"format": TEXT}},
         "filters": {"g": {"name": "x"}},
         "handlers": {"a": {"class": "logging.StreamHandler", "level": 7,
                            "formatter": "f", "filters": ["g"]},
                      "b": {"class": "logging.NullHandler"}},
         "loggers": {"test.nothing": {"level": "DEBUG", "handlers": ["b"],
                                      "propagate": False}},
         "root": {"handlers": ["a"], "level": "ERROR"}},
        {"version": 1, "formatters": {"f": {
            "class": "logging.Formatter", "format": TEXT, "style": "%"}}},
        {"version": 3}, {}, {"version": 1, "handlers": {"a": {}}},
        {"version": 1, "incremental": True, "root": {"level": "ERROR"}},
        {"version": 1, "formatters": [], "handlers": []})

    def state(self):
        def describe(handler):
            return (type(handler), handler.name, handler.level,
                    type(handler.formatter), vars(handler).keys(),
                    getattr(handler.formatter, "_fmt", None),
                    [*map(str, map(type, handler.filters))])
        return {
            name: (logger.level, logger.disabled, logger.propagate,
                   [*map(describe, logger.handlers)], vars(logger).keys())
            for name, logger in [("root", logging.root),
                                 *logging.root.manager.loggerDict.items()]
            if isinstance(logger, logging.Logger)}

    def outcome(self, function, *args, **kwargs):
        """Return what *function* does to logging."""
        for handler in logging.root.handlers[:]:
            logging.root.removeHandler(handler)
        logging.root.setLevel(logging.WARNING)
        logging.getLogger("test.nothing")
        self.restore_loggers()
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                result = type(error), str(error)
        return result, [*map(str, found)], self.state(), (
            logging.lastResort.level, logging.lastResort.formatter)

    def test_dict_config(self):
        """dictConfig(), ours and under install()."""
        for mapping in self.CONFIGS:
            expected = self.outcome(logging.config.dictConfig,
                                    copy.deepcopy(mapping))
            with self.subTest(mapping):
                self.assertEqual(expected, self.outcome(
                    config.dictConfig, copy.deepcopy(mapping)))
                config.install()
                self.assertEqual(expected, self.outcome(
                    logging.config.dictConfig, copy.deepcopy(mapping)))
                config.uninstall()

    def test_basic_config(self):
        """basicConfig(), ours and under install()."""
        for options in ({}, {"level": 5}, {"format": "x%(message)s"},
                        {"handlers": [logging.NullHandler()]},
                        {"nonsense": 1}, {"force": True}):
            expected = self.outcome(logging.basicConfig, **options)
            with self.subTest(options):
                self.assertEqual(expected, self.outcome(
                    config.basicConfig, **options))
                config.install()
                self.assertEqual(expected, self.outcome(
                    logging.basicConfig, **options))
                config.uninstall()

    def test_empty_is_unset(self):
        """Empty variables, and blank ones, are as unset ones."""
        expected = self.outcome(logging.basicConfig)
        for text in "", " ", "\t\n":
            for name in VARIABLES:
                self.setenv(name, text)
            self.assertEqual(expected, self.outcome(config.basicConfig))

    def test_nothing_is_applied_before(self):
        """Neither an import nor getLogger() applies anything."""
        output = run_python(
            "import logging, {0}\nlogging.getLogger('app')\n"
            "print(logging.root.level, logging.getLogger('app').level, "
            "logging.lastResort.formatter)".format(NAME),
            **{LEVEL: "DEBUG,app=DEBUG", FORMAT: "json"})
        self.assertEqual("30 0 None", output.strip())


class EffectiveConfigTest(ConfigTest):

    def test_provenance(self):
        """Every level and formatter says who set it."""
        self.setenv(LEVEL, "test.effective=DEBUG")
        self.setenv(HANDLER_LEVEL, "console=INFO")
        self.setenv(FORMAT, "json")
        config.dictConfig({
            "version": 1, "formatters": {"f": {"format": TEXT}},
            "handlers": {
                "console": {"class": "logging.StreamHandler",
                            "formatter": "f"},
                "null": {"class": "logging.NullHandler"}},
            "loggers": {"test.effective": {"level": "WARNING"}},
            "root": {"handlers": ["console", "null"], "level": "ERROR"}})
        now = config.effectiveConfig()
        self.assertEqual(now, json.loads(json.dumps(now)))
        program = {"value": "ERROR", "source": "program"}
        self.assertEqual(program, now["loggers"]["root"]["level"])
        self.assertEqual(["console", "null"],
                         now["loggers"]["root"]["handlers"])
        logger = now["loggers"]["test.effective"]
        self.assertEqual(
            {"value": "DEBUG", "source": "environment", "variable": LEVEL,
             "instead_of": "WARNING"}, logger["level"])
        self.assertEqual("DEBUG", logger["effective"])
        handlers = now["handlers"]
        self.assertEqual({"console", "null", "lastResort"}, {*handlers})
        self.assertEqual(
            {"value": "INFO", "source": "environment",
             "variable": HANDLER_LEVEL, "instead_of": "NOTSET"},
            handlers["console"]["level"])
        formatter = handlers["console"]["formatter"]
        self.assertTrue(formatter.pop("options")["utc"])
        self.assertEqual(
            {"value": PACKAGE + ".formatters.JSONFormatter",
             "source": "environment", "variable": FORMAT,
             "instead_of": "logging.Formatter"}, formatter)
        self.assertEqual({"value": None, "source": "program"},
                         handlers["null"]["formatter"])
        self.assertEqual({"value": "utc", "source": "environment",
                          "variable": FORMAT}, handlers["console"]["time"])
        self.assertEqual([True, False], [
            handlers[name]["console"] for name in ("console", "null")])

    def test_time_and_disabled(self):
        """So do a time zone and a logger that was disabled."""
        config.basicConfig(format="%(asctime)s %(message)s", env=False)
        logging.getLogger("test.effective").disabled = True
        self.setenv(LEVEL, "test.effective=INFO")
        self.setenv(TIME, "local")
        for turn in range(2):
            config.applyEnvironment()
        now = config.effectiveConfig()
        self.assertEqual({
            "value": False, "source": "environment", "variable": LEVEL,
            "instead_of": True}, now["loggers"]["test.effective"]["disabled"])
        self.assertEqual({
            "value": "local", "source": "environment", "variable": TIME,
            "instead_of": None},
            now["handlers"]["an unnamed StreamHandler"]["time"])

    def test_the_program_again(self):
        """What the program sets afterwards is the program's."""
        self.setenv(LEVEL, "INFO")
        config.basicConfig()
        logging.root.setLevel("ERROR")
        level = config.effectiveConfig()["loggers"]["root"]["level"]
        self.assertEqual({"value": "ERROR", "source": "program"}, level)
        for text in "INFO", "INFO", "DEBUG":
            self.setenv(LEVEL, text)
            config.applyEnvironment()
            level = config.effectiveConfig()["loggers"]["root"]["level"]
            self.assertEqual((text, "ERROR"),
                             (level["value"], level["instead_of"]))

    def test_secrets(self):
        """Options are shown by a list of plain names; others never."""
        class Client:
            def __repr__(self):
                return "Client(password='geheim')"

        class Shipper(logging.Handler):
            def __init__(self):
                super().__init__()
                self.api_key = self.apiKey = self.DB_PASSWORD = "geheim"
                self.token = self.client_secret = ["geheim"]
                self.credentials = self.auth = ("user", "geheim")
                self.url = "https://host/hooks/geheim"
                self.headers = [("Authorization", "geheim")]
                self.text = self.buffer = ["password=geheim"]
                self.client = self.mode = Client()
                self.host = "user:geheim@host:99"
                self.address = ["https://user:ge/heim@host/x", 7]
                self.port = 9200

        formatter = JSONFormatter(defaults={"api_key": "geheim", "b": 1})
        logging.root.addHandler(Shipper())
        logging.root.handlers[0].setFormatter(formatter)
        now = config.effectiveConfig()
        self.assertNotIn("heim", json.dumps(now))
        options = now["handlers"]["an unnamed Shipper"]["options"]
        self.assertEqual({
            **dict.fromkeys(("api_key", "apiKey", "DB_PASSWORD", "token",
                             "client_secret", "credentials", "auth"), "***"),
            "mode": "%s.%s" % (__name__, Client.__qualname__),
            "host": "***@host:99", "address": ["***@host/x", 7],
            "port": 9200}, options)

    def test_odd_handlers(self):
        """Handlers that logging gets on with are listed, with a note."""
        class Bare(logging.Handler):
            def __init__(self):
                pass    # neither level, nor filters, nor formatter

            def createLock(self):
                self.lock = None

        class Raises(logging.StreamHandler):
            @property
            def formatter(self):
                raise LookupError

            @formatter.setter
            def formatter(self, value):
                pass

        class Slots:
            __slots__ = ()
            level = 0

            def handle(self, record):
                pass

        class Stray(logging.Handler):
            name = 7

        for handler in Bare(), Raises(), Slots(), Stray():
            with self.subTest(type(handler).__name__):
                logging.root.handlers[:] = [handler]
                self.setenv(LEVEL, "INFO")
                self.setenv(FORMAT, "json")
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    config.applyEnvironment()
                now = config.effectiveConfig()
                json.dumps(now)
                self.assertEqual(1, len(now["loggers"]["root"]["handlers"]))
                self.assertEqual(logging.INFO, logging.root.level)
                logging.root.handlers.clear()

    def test_handlers_that_render_by_themselves(self):
        """They are left alone, and a note says so."""
        class Rich(logging.Handler):
            pass

        logging.root.addHandler(Rich())
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        entry = config.effectiveConfig()["handlers"]["an unnamed Rich"]
        self.assertIn("renders by itself", entry["note"])
        self.assertIsNone(entry["formatter"]["value"])

    def test_queues(self):
        """It says what is behind which queue, and when that is unknown."""
        front = logging.handlers.QueueHandler(queue.Queue())
        front.name = "front"
        logging.root.addHandler(front)
        note = config.effectiveConfig()["handlers"]["front"]["note"]
        self.assertIn("what is behind its queue is not known", note)
        behind = logging.StreamHandler()
        front.listener = logging.handlers.QueueListener(front.queue, behind)
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        handlers = config.effectiveConfig()["handlers"]
        self.assertNotIn("note", handlers["front"])
        entry = handlers["an unnamed StreamHandler"]
        self.assertEqual(["front"], entry["behind"])
        self.assertEqual(PACKAGE + ".formatters.JSONFormatter",
                         entry["formatter"]["value"])

    def test_same_names(self):
        """Handlers without a name, or with the same, are told apart."""
        for _ in range(3):
            logging.root.addHandler(logging.NullHandler())
        now = config.effectiveConfig()
        names = now["loggers"]["root"]["handlers"]
        self.assertEqual(3, len({*names}))
        self.assertLessEqual({*names}, {*now["handlers"]})

    def test_hostile_attributes(self):
        """Attributes that cannot be shown do not matter."""
        class Odd(logging.StreamHandler):
            def __init__(self):
                super().__init__(io.StringIO())
                self.broken = Broken()
                self.ring = self.__dict__

        class Broken:
            def __repr__(self):
                raise KeyError("no")

        logging.root.addHandler(Odd())
        json.dumps(config.effectiveConfig())

    def test_problems(self):
        """It lists what has been warned of."""
        self.setenv(LEVEL, "DEBGU")
        with self.warned("'DEBGU' is not a level"):
            config.applyEnvironment()
        self.assertEqual(
            ["PYTHON_LOGGING_LEVEL: 'DEBGU' is not a level (ignored)"],
            config.effectiveConfig()["problems"])


class PrefixTest(ConfigTest):
    """The rules of security, for variables with a program's own prefix."""

    def test_refuses(self):
        """What names code, files or hosts is no value, id or key."""
        for token in FORBIDDEN:
            for key in ("HANDLERS__CONSOLE__FORMATTER",
                        "HANDLERS__CONSOLE__LEVEL", "FORMATTERS__JSON__UTC",
                        "FORMATTERS__JSON__TIMESPEC",
                        "FORMATTERS__JSON__EXTRA",
                        "FORMATTERS__JSON__MAX_BYTES",
                        "FORMATTERS__JSON__ENSURE_ASCII"):
                with self.subTest(token, key=key):
                    settings, problems = parse("MYAPP_LOG",
                                               **{"_" + key: token})
                    self.assertEqual(({}, 1),
                                     (settings.nested, len(problems)))
            for key in ("HANDLERS__CONSOLE__" + token, token,
                        token + "__CONSOLE__LEVEL"):
                with self.subTest(key):
                    settings, problems = parse("MYAPP_LOG",
                                               **{"_" + key: "INFO"})
                    self.assertEqual(({}, 1),
                                     (settings.nested, len(problems)))

    def test_nothing_in_the_environment_stops_a_program(self):
        """Whatever stands in the variables, the program starts."""
        for text in FORBIDDEN:
            environ = {"MYAPP_LOG" + name[14:]: text for name in VARIABLES}
            environ["MYAPP_LOG__HANDLERS__C__LEVEL"] = text
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                config.applyEnvironment("MYAPP_LOG", environ=environ)
        self.assertEqual(logging.WARNING, logging.root.level)

    def test_ignore_environment(self):
        """-E and -I do not switch off what does not begin with PYTHON."""
        for flag in "-E", "-I":
            for env, level in ("PYTHONAPP_LOG", "30"), ("MYAPP_LOG", "40"):
                self.assertEqual(level, run_flags(
                    "basicConfig(env=%r)\nprint(logging.root.level)" % env,
                    flag, **{env + "_LEVEL": "ERROR"}))

    def test_only_own_prefix(self):
        """With a program's own prefix no other variable is searched."""
        self.setenv("MYAPP_LOGGER__HANDLERS__C__CLASS", "x")
        self.setenv("MYAPP_LOG_X__HANDLERS__C__CLASS", "x")
        self.setenv("PYTHON_LOGGING__HANDLERS__C__CLASS", "x")
        with self.warned():
            config.basicConfig(env="MYAPP_LOG")

    def test_names_of_variables_are_shown_safely(self):
        """So are names of variables, which may be anything."""
        for name in "\n\x1b[31m", "x" * 500:
            config._reported.clear()
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always")
                config.applyEnvironment(
                    "MYAPP_LOG", environ={"MYAPP_LOG__" + name: "x"})
            message = str(found[0].message)
            self.assertTrue(message.isprintable())
            self.assertLessEqual(len(message), 300)


if __name__ == "__main__":
    unittest.main()
