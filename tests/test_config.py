"""Configuration that the environment overrides: what is read and done."""

import contextlib
import copy
import inspect
import io
import json
import logging
import logging.config
import logging.handlers
import os
import pathlib
import pickle
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import types
import unittest
import warnings
from unittest import mock

from .support import (PACKAGE, BaseTest, ISOFormatter, JSONFormatter,
                      formatters, import_config, make_record, run_python,
                      strict_loads)

config = import_config()
NAME = config.__name__

LEVEL = "PYTHON_LOGGING_LEVEL"
HANDLER_LEVEL = "PYTHON_LOGGING_HANDLER_LEVEL"
FORMAT = "PYTHON_LOGGING_FORMAT"
TIME = "PYTHON_LOGGING_TIME"
VARIABLES = LEVEL, HANDLER_LEVEL, FORMAT, TIME

TEXT = "%(levelname)s:%(name)s:%(message)s"
ISO_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}"

# Each of these would name code, files or hosts in a configuration.
FORBIDDEN = ("()", ".", "class", "factory", "args", "ext://sys.stdout",
             "cfg://handlers.console", "os.system('true')", "/var/log/app",
             "../app.log", "C:\\app.log", "localhost:9200", ":514",
             "[::1]", "http://evil.example/", "user:password@host",
             "%(message)s", "{message}", "$message", "${message}", "a;b",
             "`true`", "$(true)", "a\nb", "a\x00b", "\ud800", "a=b")


def parse(prefix="PYTHON_LOGGING", **environ):
    """Return (Settings, Problems) of variables without their prefix."""
    return config.parseEnvironment(
        {prefix + "_" + name: text for name, text in environ.items()}, prefix)


class ConfigTest(BaseTest):
    """A test that may configure logging and set the variables."""

    def setUp(self):
        super().setUp()
        for name in [*os.environ]:
            if name.startswith(("PYTHON_LOGGING", "MYAPP")):
                self.setenv(name, None)
        self.addCleanup(setattr, logging, "lastResort", logging.lastResort)
        logging.lastResort = logging._StderrHandler(logging.WARNING)
        self.handlers = dict(logging._handlers)
        self.addCleanup(logging._handlers.update, self.handlers)
        self.addCleanup(logging._handlers.clear)
        logging._handlers.clear()
        self.loggers = {
            name: (logger.level, logger.disabled, logger.propagate,
                   logger.handlers[:], logger.filters[:])
            for name, logger in logging.root.manager.loggerDict.items()
            if isinstance(logger, logging.Logger)}
        self.addCleanup(self.restore_loggers)
        logging.root.__dict__.pop("_overrides", None)
        self.addCleanup(logging.root.__dict__.pop, "_overrides", None)
        self.addCleanup(config._formats.update, dict(config._formats))
        self.addCleanup(config._formats.clear)
        self.addCleanup(config._reported.update, dict(config._reported))
        self.addCleanup(config._reported.clear)
        config._reported.clear()
        self.addCleanup(config.uninstall)
        for name in ("stdout", "stderr"):
            self.addCleanup(setattr, sys, name, getattr(sys, name))
        self.stdout = sys.stdout = io.StringIO()
        self.stderr = sys.stderr = io.StringIO()

    def restore_loggers(self):
        for name, logger in logging.root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger):
                state = self.loggers.get(name, (0, False, True, [], []))
                logger.setLevel(state[0])
                logger.disabled, logger.propagate = state[1:3]
                logger.handlers, logger.filters = state[3][:], state[4][:]
                logger.__dict__.pop("_overrides", None)

    def setenv(self, name, value):
        self.addCleanup(self._setenv, name, os.environ.get(name))
        self._setenv(name, value)

    @staticmethod
    def _setenv(name, value):
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

    @contextlib.contextmanager
    def warned(self, *texts):
        """Check that one warning for each of *texts* holds it."""
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            yield
        self.assertEqual(len(texts), len(found), [*map(str, found)])
        for text, warning in zip(texts, found):
            self.assertIs(RuntimeWarning, warning.category)
            self.assertIn(text, str(warning.message))

    def lines(self, stream=None):
        """Return what has been written since the last call, by line."""
        stream = stream or self.stderr
        text = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        return text.splitlines()

    def file_handler(self, **options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        handler = logging.FileHandler(
            os.path.join(folder.name, "app.log"), encoding="utf-8", **options)
        self.addCleanup(handler.close)
        return handler

    @staticmethod
    def read(handler):
        with open(handler.baseFilename, encoding="utf-8") as file:
            return file.read().splitlines()


class ParseTest(unittest.TestCase):

    def levels(self, text):
        settings, problems = parse(LEVEL=text)
        return settings.levels, [problem.token for problem in problems]

    def test_level(self):
        """Directives are levels of loggers; one without a name is root's."""
        for text, levels in (
                ("", {}), (" ", {}), (",", {}),
                ("INFO", {"root": 20}),
                ("info", {"root": 20}),
                ("root=ERROR", {"root": 40}),
                ("15", {"root": 15}),
                ("0", {"root": 0}),
                ("NOTSET", {"root": 0}),
                ("123456789", {"root": 123456789}),
                ("INFO,app.db=DEBUG,urllib3=warn",
                 {"root": 20, "app.db": 10, "urllib3": 30}),
                (" INFO , app.db = DEBUG ,", {"root": 20, "app.db": 10}),
                ("App=DEBUG,app=INFO", {"App": 10, "app": 20}),
                ("my-app=DEBUG,my_app=INFO,my app=ERROR",
                 {"my-app": 10, "my_app": 20, "my app": 40}),
                ("INFO,DEBUG", {"root": 10}),
                ("a=INFO,b=INFO,a=DEBUG", {"a": 10, "b": 20}),
                ("caf\u00e9.\u65e5\u672c=DEBUG",
                 {"caf\u00e9.\u65e5\u672c": 10}),
                ("__main__=DEBUG,a..b=1", {"__main__": 10, "a..b": 1})):
            with self.subTest(text):
                self.assertEqual((levels, []), self.levels(text))

    def test_bad_tokens(self):
        """A bad directive is a problem with its token; the rest applies."""
        for token in ("DEBGU", "app=", "=DEBUG", "app=DEBGU", "app=-1",
                      "app=1.5", "app=1e3", "-5", "+5", "1234567890", "app=",
                      "a=b=INFO", "app=\u0661", "Level 5", "app=logging.INFO",
                      "a/b=INFO", "a:b=INFO", "a=INFO b=INFO"):
            with self.subTest(token):
                self.assertEqual(({"root": 20, "x": 10}, [token]),
                                 self.levels("INFO,%s,x=DEBUG" % token))

    def test_handler_level(self):
        """HANDLER_LEVEL has a name in each directive."""
        settings, problems = parse(HANDLER_LEVEL="console=DEBUG, audit=40")
        self.assertEqual({"console": 10, "audit": 40},
                         settings.handler_levels)
        self.assertEqual([], problems)
        settings, problems = parse(HANDLER_LEVEL="DEBUG,console=INFO")
        self.assertEqual({"console": 20}, settings.handler_levels)
        self.assertEqual([(HANDLER_LEVEL, "DEBUG")],
                         [problem[:2] for problem in problems])

    def test_format_and_time(self):
        """FORMAT and TIME are one word in any case."""
        for text in "json", "JSON", " Json ", "text", "ecs":
            settings, problems = config.parseEnvironment(
                {FORMAT: text}, formats=("json", "text", "ecs"))
            self.assertEqual((text.strip().lower(), []),
                             (settings.format, problems))
        for text in "utc", "UTC", "local":
            settings, problems = parse(TIME=text)
            self.assertEqual((text.lower(), []), (settings.time, problems))
        for name in "FORMAT", "TIME":
            for text in ("ecs", "json,text", "xml", "Europe/Paris", "iso"):
                with self.subTest(text):
                    settings, problems = parse(**{name: text})
                    self.assertEqual((None, None),
                                     (settings.format, settings.time))
                    self.assertEqual([("PYTHON_LOGGING_" + name, text)],
                                     [problem[:2] for problem in problems])

    def test_custom_levels(self):
        """Level names are those registered; a name's own case goes first."""
        names = {"TRACE": 5, "Trace": 6, "notice": 25, "odd": "x", "low": -1}
        for text, level in (("TRACE", 5), ("Trace", 6), ("trace", 5),
                            ("notice", 25), ("NOTICE", 25)):
            settings, problems = config.parseEnvironment(
                {LEVEL: text}, levels=names)
            self.assertEqual(({"root": level}, []),
                             (settings.levels, problems), text)
        for text in "odd", "low", "INFO":
            settings, problems = config.parseEnvironment(
                {LEVEL: text}, levels=names)
            self.assertEqual(({}, 1), (settings.levels, len(problems)))

    def test_limits(self):
        """A value of more than 8 KiB is refused, directives after 256."""
        text = ",".join("logger%03d=INFO" % number for number in range(300))
        settings, problems = parse(LEVEL=text)
        self.assertEqual(256, len(settings.levels))
        self.assertEqual([(LEVEL, "logger256=INFO")],
                         [problem[:2] for problem in problems])
        for name, text in (("LEVEL", "INFO," + "x" * 8188),
                           ("LEVEL", "INFO,\u00e9" + "\u00e9" * 4096),
                           ("FORMAT", "json" + " " * 8189),
                           ("TIME", "utc" + " " * 8190)):
            settings, problems = parse(**{name: text})
            self.assertFalse(any(settings[1:]))
            self.assertEqual("longer than 8192 bytes", problems[0].reason)
        settings, problems = parse(LEVEL="INFO," + " " * 8187)
        self.assertEqual({"root": 20}, settings.levels)

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


class LevelTest(ConfigTest):

    def test_levels_of_loggers(self):
        """Loggers that are named get their level, new ones among them."""
        logging.getLogger("test.level.old").setLevel("ERROR")
        self.setenv(LEVEL, "INFO,test.level.old=DEBUG,test.level.new=15")
        config.basicConfig(level="CRITICAL")
        self.assertEqual(logging.INFO, logging.root.level)
        self.assertEqual(10, logging.getLogger("test.level.old").level)
        self.assertEqual(15, logging.root.manager.loggerDict[
            "test.level.new"].level)

    def test_when_nothing_is_to_be_done(self):
        """basicConfig() applies them also if it does nothing itself."""
        logging.root.addHandler(logging.NullHandler())
        logging.root.addHandler(logging.StreamHandler())
        self.setenv(LEVEL, "DEBUG")
        config.basicConfig(level="ERROR")
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_disabled(self):
        """A logger that is named is enabled, others stay disabled."""
        for name in "test.disabled.a", "test.disabled.b":
            logging.getLogger(name)
        self.setenv(LEVEL, "test.disabled.a=INFO")
        config.dictConfig({"version": 1})
        self.assertFalse(logging.getLogger("test.disabled.a").disabled)
        self.assertTrue(logging.getLogger("test.disabled.b").disabled)

    def test_custom_level(self):
        """A level counts that the program has registered by then."""
        self.addCleanup(logging._nameToLevel.pop, "TESTTRACE")
        self.addCleanup(logging._levelToName.pop, 7)
        logging.addLevelName(7, "TESTTRACE")
        self.setenv(LEVEL, "testtrace")
        config.basicConfig()
        self.assertEqual(7, logging.root.level)

    def test_loggers_that_raise(self):
        """A logger that refuses its level is a warning, not an error."""
        class Stubborn(logging.Logger):
            def setLevel(self, level):
                if level == 13:
                    raise KeyError("no")
                super().setLevel(level)

        self.addCleanup(logging.setLoggerClass, logging.getLoggerClass())
        logging.setLoggerClass(Stubborn)
        logging.getLogger("test.stubborn")
        self.setenv(LEVEL, "test.stubborn=13,root=12")
        with self.warned("'test.stubborn' is not to be had: KeyError"):
            config.basicConfig()
        self.assertEqual(12, logging.root.level)

    def test_handler_levels(self):
        """Handlers that the program named get their level."""
        self.setenv(HANDLER_LEVEL, "console=DEBUG,other=ERROR")
        with self.warned("PYTHON_LOGGING_HANDLER_LEVEL: 'other' is not the "
                         "name of a handler yet (ignored)"):
            config.dictConfig({
                "version": 1, "handlers": {"console": {
                    "class": "logging.StreamHandler", "level": "ERROR"}},
                "root": {"handlers": ["console"]}})
        self.assertEqual([10], [h.level for h in logging.root.handlers])

    def test_named_by_hand(self):
        """A handler's name counts, however it came to it."""
        handler = logging.StreamHandler()
        handler.name = "mine"
        self.setenv(HANDLER_LEVEL, "mine=ERROR")
        config.basicConfig(handlers=[handler])
        self.assertEqual(logging.ERROR, handler.level)


class HiddenTest(ConfigTest):

    def configure(self, **handlers):
        logging.config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "handlers": {name: {"class": "logging.StreamHandler",
                                "level": level}
                         for name, level in handlers.items()},
            "root": {"handlers": [*handlers], "level": "INFO"}})
        config.applyEnvironment()

    def test_warning(self):
        """If all handlers hide what LEVEL asks for, a warning names them."""
        self.setenv(LEVEL, "test.hidden=DEBUG")
        with self.warned(
                "PYTHON_LOGGING_LEVEL: 'test.hidden=DEBUG' is hidden by the "
                "level of 'audit', 'console': see "
                "PYTHON_LOGGING_HANDLER_LEVEL"):
            self.configure(console="INFO", audit="ERROR")
        with self.warned():
            self.configure(console="INFO", audit="ERROR")

    def test_no_warning(self):
        """One handler that shows it is enough."""
        self.setenv(LEVEL, "test.hidden=DEBUG")
        with self.warned():
            self.configure(console="DEBUG", audit="ERROR")

    def test_cured(self):
        """HANDLER_LEVEL is the cure."""
        self.setenv(LEVEL, "test.hidden=DEBUG")
        self.setenv(HANDLER_LEVEL, "console=DEBUG")
        with self.warned():
            self.configure(console="INFO", audit="ERROR")

    def test_propagate(self):
        """Handlers behind propagate = False do not count."""
        logger = logging.getLogger("test.hidden")
        logger.propagate = False
        handler = logging.StreamHandler()
        handler.setLevel("ERROR")
        logger.addHandler(handler)
        self.setenv(LEVEL, "test.hidden=DEBUG")
        with self.warned("is hidden by the level of 'an unnamed "
                         "StreamHandler'"):
            self.configure(console="DEBUG")

    def test_null_handler(self):
        """A NullHandler is there to hide: nobody is warned of it."""
        logger = logging.getLogger("test.hidden")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        self.setenv(LEVEL, "INFO,test.hidden=DEBUG")
        with self.warned():
            self.configure(console="DEBUG")
        logger.addHandler(logging.StreamHandler())
        logger.handlers[1].setLevel("ERROR")
        with self.warned("hidden by the level of 'an unnamed StreamHandler', "
                         "which has no name"):
            config.applyEnvironment()

    def test_disable(self):
        """logging.disable() hides, and no handler's level is to blame."""
        self.addCleanup(logging.disable, logging.NOTSET)
        logging.disable(logging.INFO)
        self.setenv(LEVEL, "DEBUG")
        with self.warned("'root=DEBUG' is hidden by logging.disable()"):
            self.configure(console="DEBUG")

    def test_listener(self):
        """A listener that respects levels hides what is behind it."""
        behind = logging.StreamHandler()
        behind.setLevel("ERROR")
        handler = logging.handlers.QueueHandler(queue.Queue())
        handler.listener = logging.handlers.QueueListener(
            handler.queue, behind, respect_handler_level=True)
        logging.root.addHandler(handler)
        self.setenv(LEVEL, "DEBUG")
        with self.warned("is hidden by the level of 'an unnamed StreamHan"):
            config.applyEnvironment()
        config._reported.clear()
        handler.listener.respect_handler_level = False
        with self.warned():
            config.applyEnvironment()

    def test_last_resort(self):
        """lastResort is lowered where it is what a logger reaches."""
        self.setenv(LEVEL, "test.last=INFO")
        config.applyEnvironment()
        self.assertEqual(logging.INFO, logging.lastResort.level)
        logging.getLogger("test.last").info("hello")
        logging.getLogger("test.other").info("not asked for")
        self.assertEqual(["hello"], self.lines())

    def test_last_resort_is_never_raised(self):
        """It is not raised, and stays if a handler is reached."""
        self.setenv(LEVEL, "test.last=ERROR")
        config.applyEnvironment()
        self.assertEqual(logging.WARNING, logging.lastResort.level)
        self.setenv(LEVEL, "test.last=DEBUG")
        logging.root.addHandler(logging.StreamHandler())
        config.applyEnvironment()
        self.assertEqual(logging.WARNING, logging.lastResort.level)

    def test_no_last_resort(self):
        """A program may have set lastResort to None."""
        logging.lastResort = None
        self.setenv(LEVEL, "DEBUG")
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.assertEqual(logging.DEBUG, logging.root.level)


class Redacting(JSONFormatter):
    """A program's own subclass."""


class Plain:
    """A formatter that is no logging.Formatter."""

    def format(self, record):
        return record.getMessage()


class FormatTest(ConfigTest):

    def apply(self, handler, **variables):
        """Attach *handler*, apply the variables, return its formatter."""
        logging.root.addHandler(handler)
        for name, text in variables.items():
            self.setenv("PYTHON_LOGGING_" + name, text)
        config.applyEnvironment()
        return handler.formatter

    def console(self, formatter=None, stream=None):
        handler = logging.StreamHandler(stream or sys.stdout)
        handler.setFormatter(formatter)
        return handler

    def test_json(self):
        """json replaces all but JSONFormatters and their subclasses."""
        for formatter in (None, logging.Formatter(TEXT), ISOFormatter(TEXT),
                          Plain(), logging.BufferingFormatter()):
            with self.subTest(formatter):
                self.assertIs(JSONFormatter, type(self.apply(
                    self.console(formatter), FORMAT="json")))
        for formatter in (JSONFormatter(), Redacting(), Redacting(utc=False)):
            self.assertIs(formatter, self.apply(self.console(formatter),
                                                FORMAT="json"))

    def test_text(self):
        """text replaces JSONFormatters only."""
        for formatter in (JSONFormatter(), Redacting()):
            with self.subTest(formatter):
                self.assertIs(ISOFormatter, type(self.apply(
                    self.console(formatter), FORMAT="text")))
        for formatter in (None, logging.Formatter(TEXT), ISOFormatter(TEXT),
                          Plain()):
            self.assertIs(formatter, self.apply(self.console(formatter),
                                                FORMAT="text"))

    def test_text_line(self):
        """The text has time, level, logger and message."""
        self.apply(self.console(JSONFormatter()), FORMAT="text")
        logging.getLogger("test.text").error("hello", extra={"x": 1})
        line, = self.lines(self.stdout)
        self.assertRegex(line, "^%sZ ERROR test.text hello$" % ISO_TIME)

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

    def test_register_format(self):
        """A name is a word of lower case, and not json or text."""
        for name in ("json", "text", "Own", "a.b", "", "1a", "ext://x", "a b",
                     "os:system", "\u00e9"):
            with self.assertRaises(ValueError, msg=name):
                config.registerFormat(name, JSONFormatter)
        for arguments in ((1, JSONFormatter), ("own", "JSONFormatter")):
            with self.assertRaises(TypeError):
                config.registerFormat(*arguments)

    def test_consoles(self):
        """Consoles are the standard streams, by identity or descriptor."""
        wrapped = io.TextIOWrapper(open(2, "wb", closefd=False),
                                   encoding="utf-8")
        self.addCleanup(wrapped.detach)
        for stream in (sys.stdout, sys.stderr, sys.__stdout__,
                       sys.__stderr__, wrapped):
            self.assertTrue(config.isConsole(logging.StreamHandler(stream)))
        self.assertTrue(config.isConsole(logging.lastResort))
        for name in "__stdout__", "__stderr__":
            self.addCleanup(setattr, sys, name, getattr(sys, name))
            setattr(sys, name, io.StringIO())
            self.assertTrue(config.isConsole(
                logging.StreamHandler(getattr(sys, name))))
        for name in "/dev/stdout", "/dev/stderr":
            for cls in (logging.FileHandler,
                        logging.handlers.WatchedFileHandler):
                handler = cls(name, delay=True, encoding="utf-8")
                self.addCleanup(handler.close)
                self.assertTrue(config.isConsole(handler))

    def test_no_consoles(self):
        """Files, buffers, sockets and the like are none."""
        class Odd(io.StringIO):
            def __init__(self, result):
                super().__init__()
                self.result = result

            def fileno(self):
                if isinstance(self.result, Exception):
                    raise self.result
                return self.result

        closed = open(os.devnull, "w", encoding="utf-8")
        closed.close()
        detached = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        detached.detach()
        for stream in (io.StringIO(), closed, detached, Odd(None), Odd(True),
                       Odd(1.0), Odd("1"), Odd(KeyError("x")), Odd(3)):
            with self.subTest(stream):
                self.assertFalse(
                    config.isConsole(logging.StreamHandler(stream)))
        handler = logging.StreamHandler()
        handler.stream = None
        for handler in (
                handler, self.file_handler(),
                logging.FileHandler("/dev/null", encoding="utf-8"),
                logging.NullHandler(), logging.handlers.MemoryHandler(1),
                logging.handlers.SocketHandler("localhost", 1),
                logging.handlers.QueueHandler(queue.Queue()),
                logging.handlers.HTTPHandler("localhost", "/"),
                logging.handlers.SMTPHandler("localhost", "a", ["b"], "c")):
            self.addCleanup(handler.close)
            with self.subTest(handler):
                self.assertFalse(config.isConsole(handler))

    def test_file_on_descriptor_1(self):
        """A FileHandler is none even if its file has descriptor 1."""
        code = """
            import os, sys, logging, {0} as config
            os.close(1)
            handler = logging.FileHandler("x.log", encoding="utf-8")
            assert handler.stream.fileno() == 1
            print(config.isConsole(handler), file=sys.stderr)
            """.format(NAME)
        output = run_python("import os; os.dup2(1, 2)\n"
                            + inspect.cleandoc(code))
        self.assertEqual("False", output.strip())

    def test_other_handlers_keep_their_formatter(self):
        """FORMAT and TIME touch nothing but consoles."""
        shared = logging.Formatter(TEXT, "%H")
        file = self.file_handler()
        file.setFormatter(shared)
        logging.root.addHandler(file)
        memory = logging.StreamHandler(io.StringIO())
        logging.root.addHandler(memory)
        console = self.console(shared)
        self.apply(console, FORMAT="json", TIME="utc")
        self.assertIsNot(shared, console.formatter)
        self.assertIs(shared, file.formatter)
        self.assertIsNone(memory.formatter)
        self.assertEqual(("%H", False), (
            shared.datefmt, "formatTime" in vars(shared)))

    def test_any_logger(self):
        """Consoles of every logger are reached, not only root's."""
        handler = self.console()
        logging.getLogger("test.format.any").addHandler(handler)
        self.setenv(FORMAT, "json")
        config.basicConfig()
        self.assertIsInstance(handler.formatter, JSONFormatter)
        self.assertIsInstance(logging.lastResort.formatter, JSONFormatter)

    def test_memory_handler(self):
        """The target of a MemoryHandler is reached."""
        target = self.console(logging.Formatter(TEXT))
        memory = logging.handlers.MemoryHandler(100, target=target)
        self.addCleanup(memory.close)
        logging.root.addHandler(memory)
        self.setenv(FORMAT, "json")
        config.basicConfig()
        logging.error("hello")
        memory.flush()
        self.assertEqual("hello", strict_loads(
            self.lines(self.stdout)[0])["message"])

    def test_time(self):
        """TIME chooses the zone of JSON and ISO time, on a copy."""
        for formatter in (JSONFormatter(), ISOFormatter("%(asctime)s"),
                          Redacting(datefmt="%H"),
                          ISOFormatter("%(asctime)s", "%H", utc=False)):
            formatter.format(make_record())
            for zone, end in ("utc", "Z"), ("local", "+05:30"):
                self.set_zone("IST-5:30")
                with self.subTest(formatter, zone=zone):
                    before = vars(formatter).copy()
                    new = self.apply(self.console(formatter), TIME=zone)
                    self.assertIs(type(formatter), type(new))
                    self.assertRegex(
                        new.format(make_record()),
                        r"%s%s\b" % (ISO_TIME, end.replace("+", "[+]"))
                        if end == "Z" else ISO_TIME + r"\+05:30")
                    self.assertEqual(before, vars(formatter))

    def test_time_of_text(self):
        """TIME replaces the time of any logging.Formatter, and datefmt."""
        class Colored(logging.Formatter):
            def formatMessage(self, record):
                return "<%s>" % super().formatMessage(record)

        self.set_zone("IST-5:30")
        for formatter in (logging.Formatter("%(asctime)s %(message)s"),
                          Colored("{asctime} {message}", "%H", "{")):
            for zone, time in (("utc", "2023-11-14T22:13:20.123Z"),
                               ("local", "2023-11-15T03:43:20.123+05:30")):
                handler = self.console(formatter)
                new = self.apply(handler, TIME=zone)
                self.assertIs(type(formatter), type(new))
                self.assertEqual("%s hello" % time, new.format(
                    make_record()).strip("<>"))
                self.assertIs(new, self.apply(handler, TIME=zone))

    def test_time_and_format(self):
        """FORMAT's formatter has the zone of TIME."""
        self.set_zone("IST-5:30")
        new = self.apply(self.console(), FORMAT="json", TIME="local")
        self.assertEqual("2023-11-15T03:43:20.123+05:30", strict_loads(
            new.format(make_record()))["timestamp"])
        config.registerFormat(
            "plain", lambda: logging.Formatter("%(asctime)s"))
        new = self.apply(self.console(), FORMAT="plain", TIME="local")
        self.assertEqual("2023-11-15T03:43:20.123+05:30",
                         new.format(make_record()))

    def test_time_of_others(self):
        """A handler without formatter, or with another kind, keeps it."""
        plain = Plain()
        self.assertIs(plain, self.apply(self.console(plain), TIME="utc"))
        self.assertIsNone(self.apply(self.console(), TIME="utc"))

    def test_again(self):
        """What has been applied is left as it is the next time."""
        for variables in ({"FORMAT": "json"}, {"FORMAT": "text"},
                          {"FORMAT": "json", "TIME": "local"},
                          {"TIME": "local"}):
            handler = self.console(logging.Formatter(TEXT))
            first = self.apply(handler, **variables)
            self.assertIs(first, self.apply(handler, **variables))

    def test_handlers_that_raise(self):
        """A handler that refuses is a warning, and the next is reached."""
        class Stubborn(logging.StreamHandler):
            def setFormatter(self, fmt):
                raise KeyError("no")

        logging.root.addHandler(Stubborn())
        with self.warned("'an unnamed Stubborn' is not to be had: KeyError"):
            new = self.apply(self.console(), FORMAT="json")
        self.assertIsInstance(new, JSONFormatter)


class QueueTest(ConfigTest):
    """Handlers behind a QueueHandler whose listener is known."""

    def setUp(self):
        super().setUp()
        self.console = logging.StreamHandler(sys.stdout)
        self.file = self.file_handler()
        self.file.setFormatter(logging.Formatter("F " + TEXT))
        self.front = logging.handlers.QueueHandler(queue.Queue())
        self.front.listener = logging.handlers.QueueListener(
            self.front.queue, self.console, self.file)
        self.logger = logging.getLogger("test.queue")
        self.logger.propagate = False
        self.logger.addHandler(self.front)

    def log(self):
        """Log one of each kind; return the lines of console and file."""
        self.logger.warning("%s is low", "stock", extra={"sku": 7})
        try:
            {}["price"]
        except KeyError:
            self.logger.exception("no price")
        self.flush()
        return self.lines(self.stdout), self.read(self.file)

    def flush(self):
        listener = self.front.listener
        while not self.front.queue.empty():
            listener.handle(self.front.queue.get())

    def assertStructured(self, lines):
        """Check that *lines* are JSON of both records, exception apart."""
        first, second = map(strict_loads, lines)
        self.assertEqual(("stock is low", 7), (first["message"],
                                               first["sku"]))
        self.assertEqual("no price", second["message"])
        self.assertEqual(("KeyError", "'price'"), (
            second["exception"]["type"], second["exception"]["message"]))
        self.assertTrue(second["exception"]["traceback"].startswith(
            "Traceback (most recent call last):\n"))
        self.assertNotIn("degraded", second)

    def test_json(self):
        """The console gets JSON with a structured exception, once."""
        self.console.setFormatter(logging.Formatter(TEXT))
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.assertStructured(self.log()[0])

    def test_others_keep_their_text(self):
        """What a file behind the queue gets is the same, byte for byte."""
        for front in (None, logging.Formatter("Q %(message)s"),
                      JSONFormatter({"text": "message"})):
            self.front.setFormatter(front)
            self.front.__dict__.pop("prepare", None)
            self.console.setFormatter(None)
            before = len(self.read(self.file))
            for variables in {}, {FORMAT: "json"}, {FORMAT: "text"}:
                for name, text in variables.items():
                    self.setenv(name, text)
                config.applyEnvironment()
                self.log()
            lines = [line for line in self.read(self.file)[before:]
                     if "traceback" not in line]
            each = len(lines) // 3
            self.assertGreater(each, 0)
            self.assertEqual(lines[:each] * 3, lines)
            self.setenv(FORMAT, None)

    def test_line_made_by_the_queue_handler(self):
        """A JSONFormatter on the QueueHandler makes the line, once."""
        made = []

        class Counting(JSONFormatter):
            def format(self, record):
                made.append(record)
                return super().format(record)

        self.front.setFormatter(Counting({"text": "message"}))
        for formatter in None, logging.Formatter("C " + TEXT):
            self.console.setFormatter(formatter)
            self.setenv(FORMAT, "json")
            for turn in range(2):
                config.applyEnvironment()
                first, second = map(strict_loads, self.log()[0])
                self.assertEqual({"text": "stock is low", "sku": 7}, first)
                self.assertEqual("KeyError", second["exception"]["type"])
                self.assertEqual(2, len(made))
                made.clear()

    def test_json_behind_the_queue(self):
        """A JSONFormatter behind the queue gets the record's parts."""
        for front in None, JSONFormatter():
            own = Redacting()
            self.console.setFormatter(own)
            self.front.setFormatter(front)
            self.setenv(FORMAT, "json")
            config.applyEnvironment()
            self.assertStructured(self.log()[0])
            self.assertIs(own, self.console.formatter.formatter)

    def test_text(self):
        """FORMAT=text makes text of JSON from before or behind the queue."""
        for front, behind in ((JSONFormatter(), None),
                              (None, JSONFormatter()),
                              (JSONFormatter(), JSONFormatter())):
            self.front.setFormatter(front)
            self.console.setFormatter(behind)
            self.setenv(FORMAT, "text")
            seen = set()
            for turn in range(2):
                config.applyEnvironment()
                seen.add(self.console.formatter)
                lines = self.log()[0]
                self.assertRegex(lines[0], "^%sZ WARNING test.queue stock is "
                                 "low$" % ISO_TIME)
                self.assertEqual("KeyError: 'price'", lines[-1])
            self.assertEqual(1, len(seen))

    def test_text_stays(self):
        """FORMAT=text leaves text behind a queue alone."""
        formatter = logging.Formatter(TEXT)
        self.console.setFormatter(formatter)
        self.setenv(FORMAT, "text")
        config.applyEnvironment()
        self.assertIs(formatter, self.console.formatter)
        self.assertNotIn("prepare", vars(self.front))

    def test_time(self):
        """TIME alone reaches text and JSON behind and before the queue."""
        self.set_zone("IST-5:30")
        self.setenv(TIME, "local")
        self.console.setFormatter(logging.Formatter("%(asctime)s"))
        config.applyEnvironment()
        self.assertRegex(self.log()[0][0], ISO_TIME + r"\+05:30$")
        self.console.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self.front.setFormatter(logging.Formatter("Q %(message)s"))
        config.applyEnvironment()
        self.assertRegex(self.log()[0][0],
                         ISO_TIME + r"\+05:30 Q stock is low$")
        self.console.setFormatter(None)
        self.front.setFormatter(JSONFormatter())
        config.applyEnvironment()
        self.assertRegex(strict_loads(self.log()[0][0])["timestamp"],
                         ISO_TIME + r"\+05:30$")
        self.setenv(TIME, "utc")
        self.front.setFormatter(JSONFormatter())
        self.console.setFormatter(None)
        config.applyEnvironment()
        self.assertIsNone(self.console.formatter)

    def test_filters_behind_the_queue(self):
        """A filter behind the queue sees text, and what it hides is gone."""
        def redact(record):
            record.msg = record.getMessage().replace("stock", "***")
            record.__dict__.pop("sku", None)
            return True

        self.console.addFilter(redact)
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        lines = self.log()[0]
        self.assertEqual("*** is low", strict_loads(lines[0])["message"])
        self.assertNotIn("sku", lines[0])
        self.assertNotIn("stock", "".join(lines))

    def test_straight_and_queued(self):
        """A console may stand before and behind a queue."""
        self.console.setFormatter(logging.Formatter(TEXT))
        self.setenv(FORMAT, "json")
        for front in None, JSONFormatter():
            self.front.setFormatter(front)
            self.console.setFormatter(logging.Formatter(TEXT))
            other = logging.getLogger("test.queue.straight")
            other.propagate = False
            other.addHandler(self.console)
            config.applyEnvironment()
            self.assertStructured(self.log()[0])
            other.error("hello")
            self.assertEqual("hello", strict_loads(
                self.lines(self.stdout)[0])["message"])

    def test_arguments_that_change_or_do_not_fit(self):
        """The message is that of the call; one that fails is marked."""
        class Copying(logging.handlers.QueueHandler):
            def prepare(self, record):
                return copy.copy(record)

        for cls in logging.handlers.QueueHandler, Copying:
            self.logger.handlers.clear()
            front = cls(self.front.queue)
            front.listener = self.front.listener
            self.logger.addHandler(front)
            self.setenv(FORMAT, "json")
            config.applyEnvironment()
            items = ["a"]
            self.logger.warning("%s", items)
            items.append("b")
            self.flush()
            line = strict_loads(self.lines(self.stdout)[0])
            self.assertEqual("['a']", line["message"])
        logging.raiseExceptions = False
        self.logger.warning("%d items", "three")
        self.flush()
        self.assertIn("!ERROR", strict_loads(
            self.lines(self.stdout)[0])["message"])

    def test_listeners_like_no_other(self):
        """Handlers of a listener that cannot be listed are left alone."""
        self.front.listener.handlers = None
        logging.root.addHandler(self.console)
        self.setenv(FORMAT, "json")
        self.setenv(LEVEL, "INFO")
        with self.warned():
            config.applyEnvironment()
        self.assertEqual(logging.INFO, logging.root.level)
        self.assertIsInstance(self.console.formatter, JSONFormatter)

    def test_queue_behind_a_queue(self):
        """A record may pass two queues."""
        outer = logging.handlers.QueueHandler(queue.Queue())
        outer.listener = logging.handlers.QueueListener(
            outer.queue, self.front)
        self.logger.removeHandler(self.front)
        self.logger.addHandler(outer)
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.logger.warning("%s is low", "stock", extra={"sku": 7})
        try:
            {}["price"]
        except KeyError:
            self.logger.exception("no price")
        while not outer.queue.empty():
            outer.listener.handle(outer.queue.get())
        self.flush()
        self.assertStructured(self.lines(self.stdout))

    def test_memory_handler_behind_a_queue(self):
        """A MemoryHandler's target behind a queue is behind it, too."""
        memory = logging.handlers.MemoryHandler(1, target=self.console)
        self.addCleanup(memory.close)
        self.front.listener.handlers = memory, self.file
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.assertStructured(self.log()[0])

    def test_own_prepare(self):
        """A subclass that keeps the record, or makes no record, is fine."""
        class Keeping(logging.handlers.QueueHandler):
            def prepare(self, record):
                return record

        class Dicts(logging.handlers.QueueHandler):
            def prepare(self, record):
                return dict(vars(super().prepare(record)))

        self.setenv(FORMAT, "json")
        self.logger.removeHandler(self.front)
        listener = self.front.listener
        self.front = Keeping(listener.queue)
        self.front.listener = listener
        self.logger.addHandler(self.front)
        beside = []
        recorder = logging.Handler()
        recorder.emit = lambda record: beside.append(type(record.msg))
        self.logger.addHandler(recorder)
        config.applyEnvironment()
        self.assertStructured(self.log()[0])
        self.assertEqual([str, str], beside)
        self.logger.removeHandler(self.front)
        dicts = Dicts(queue.Queue())
        dicts.listener = listener
        self.logger.addHandler(dicts)
        config.applyEnvironment()
        self.logger.warning("hello")
        self.assertEqual("hello", dicts.queue.get()["msg"])

    def test_the_record_is_not_changed(self):
        """Handlers beside the queue see the record as it was."""
        seen = []

        class Beside(logging.Handler):
            def emit(self, record):
                seen.append((record.msg, record.args, record.exc_info))

        self.logger.addHandler(Beside())
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.log()
        self.assertEqual(("%s is low", ("stock",), None), seen[0])
        self.assertEqual("no price", seen[1][0])
        self.assertIs(KeyError, seen[1][2][0])

    def test_pickled(self):
        """A record for another process has plain text in it."""
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.logger.warning("%s is low", "stock")
        record = pickle.loads(pickle.dumps(self.front.queue.get()))
        self.assertIs(str, type(record.msg))
        self.assertEqual("stock is low", record.getMessage())
        line = self.console.formatter.format(record)
        self.assertEqual("stock is low", strict_loads(line)["message"])

    @unittest.skipIf(sys.version_info < (3, 12),
                     "dictConfig makes no QueueHandler before 3.12")
    def test_dict_config(self):
        """A QueueHandler entry of dictConfig is as one made by hand."""
        self.logger.removeHandler(self.front)
        self.setenv(FORMAT, "json")
        config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"text": {"format": "F " + TEXT}},
            "handlers": {
                "console": {"class": "logging.StreamHandler",
                            "stream": "ext://sys.stdout",
                            "formatter": "text"},
                "file": {"class": "logging.FileHandler", "encoding": "utf-8",
                         "filename": self.file.baseFilename,
                         "formatter": "text"},
                "queue": {"class": "logging.handlers.QueueHandler",
                          "handlers": ["console", "file"]}},
            "loggers": {"test.queue": {"handlers": ["queue"],
                                       "propagate": False}}})
        self.front, = self.logger.handlers
        console, file = self.log()
        self.assertStructured(console)
        self.assertEqual("F WARNING:test.queue:stock is low", file[0])
        self.assertEqual("KeyError: 'price'", file[-1])
        for handler in self.front.listener.handlers:
            handler.close()


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

    def test_the_part_that_is_proposed(self):
        """The variables work without what no standard library would have."""
        source = pathlib.Path(config.__file__).read_text(encoding="utf-8")
        source, _, rest = source.partition("# The rest of this file")
        self.assertIn("def effectiveConfig", rest)
        module = types.ModuleType("proposed")
        module.__package__ = NAME.rpartition(".")[0]
        exec(source + "_parse_nested = _apply_nested = lambda *args: None\n"
             "def _keep_formatters(self, configure): configure()\n",
             vars(module))
        self.setenv(LEVEL, "INFO,app=DEBUG")
        self.setenv(FORMAT, "json")
        self.setenv(TIME, "utc")
        self.setenv(HANDLER_LEVEL, "console=DEBUG")
        module.dictConfig({
            "version": 1, "root": {"handlers": ["console"]},
            "formatters": {"f": {"class": "logging.Formatter"}},
            "handlers": {"console": {"class": "logging.StreamHandler",
                                     "level": "ERROR", "formatter": "f"}}})
        logging.getLogger("app").debug("hello")
        self.assertEqual("hello", strict_loads(self.lines()[0])["message"])

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


class SecurityTest(ConfigTest):
    """The rules of the section "Security considerations", by name."""

    def refuses(self, token, *, as_name=True):
        """Check that *token* is refused in every place of a variable."""
        places = [("FORMAT", "%s"), ("TIME", "%s"), ("LEVEL", "%s"),
                  ("LEVEL", "app=%s"), ("HANDLER_LEVEL", "app=%s")]
        if as_name:
            places += [("LEVEL", "%s=DEBUG"), ("HANDLER_LEVEL", "%s=DEBUG")]
        for name, text in places:
            with self.subTest(name, token=token):
                settings, problems = parse(**{name: text % token})
                self.assertFalse(any(settings[1:]), settings)
                self.assertEqual(["PYTHON_LOGGING_" + name],
                                 [problem.variable for problem in problems])
        for key in ("HANDLERS__CONSOLE__FORMATTER", "HANDLERS__CONSOLE__LEVEL",
                    "FORMATTERS__JSON__UTC", "FORMATTERS__JSON__TIMESPEC",
                    "FORMATTERS__JSON__EXTRA", "FORMATTERS__JSON__MAX_BYTES",
                    "FORMATTERS__JSON__ENSURE_ASCII"):
            if as_name or not key.endswith(("FORMATTER", "EXTRA")):
                settings, problems = parse("MYAPP_LOG", **{"_" + key: token})
                self.assertEqual(({}, 1), (settings.nested, len(problems)))
        for key in ("HANDLERS__CONSOLE__" + token, token,
                    token + "__CONSOLE__LEVEL"):
            settings, problems = parse("MYAPP_LOG", **{"_" + key: "INFO"})
            self.assertEqual(({}, 1), (settings.nested, len(problems)), key)

    def test_refuses_calls(self):
        """() and anything that looks like a call."""
        for token in "()", "os.system('true')", "(sys.stdout)", "$(true)":
            self.refuses(token)

    def test_refuses_keys_that_name_code(self):
        """class, factory, . and args."""
        for token in "class", "factory", ".", "args":
            self.refuses(token)

    def test_refuses_ext_and_cfg(self):
        """ext:// and cfg://."""
        for token in ("ext://sys.stdout", "ext://os", "cfg://handlers.console",
                      "cfg://root"):
            self.refuses(token)

    def test_refuses_dotted_paths(self):
        """A dotted path is a logger's or a handler's name, or nothing."""
        for token in ("logging.FileHandler", "jsonlogging.JSONFormatter",
                      "os.system", "a.b.c"):
            self.refuses(token, as_name=False)

    def test_dotted_names_resolve_nothing(self):
        """What has a dotted name is looked up among loggers only."""
        output = run_python(
            "import sys, logging, {0} as config\n"
            "config.basicConfig()\n"
            "print('xml.dom' in sys.modules, "
            "logging.getLogger('xml.dom').level)".format(NAME),
            **{LEVEL: "xml.dom=DEBUG"})
        self.assertEqual("False 10", output.strip())

    def test_refuses_file_names(self):
        """Paths of files."""
        for token in ("/etc/passwd", "./app", "../app", "a/b", "C:\\app",
                      "~/app"):
            self.refuses(token)
        self.refuses("app.log", as_name=False)  # may be a logger's name

    def test_refuses_hosts_and_ports(self):
        """Hosts and ports."""
        for token in "localhost:9200", "[::1]", ":514", "10.0.0.1:80":
            self.refuses(token)
        for token in "localhost", "10.0.0.1":
            self.refuses(token, as_name=False)

    def test_refuses_urls(self):
        """URLs."""
        for token in ("http://evil.example/", "file:///etc/passwd",
                      "user:password@host", "data:text/plain"):
            self.refuses(token)

    def test_refuses_format_strings(self):
        """Format strings of all three styles."""
        for token in ("%(message)s", "{message}", "$message", "${message}",
                      "%s", "{0.__class__}"):
            self.refuses(token)

    def test_refuses_control_characters(self):
        """Line breaks, NULs and surrogates."""
        for token in "a\nb", "a\x00b", "a\x1bb", "\ud800", "a\u2028b":
            self.refuses(token)

    def test_env_false(self):
        """env=False switches off all variables."""
        for name, text in zip(VARIABLES, ("DEBUG", "x=DEBUG", "json", "utc")):
            self.setenv(name, text)
        config.basicConfig(env=False)
        handler, = logging.root.handlers
        self.assertEqual((logging.WARNING, logging.Formatter), (
            logging.root.level, type(handler.formatter)))

    def run_flags(self, *flags, env=True):
        """Return root's level after basicConfig() in a new Python."""
        root = pathlib.Path(formatters.__file__).parent.parent
        code = ("import sys; sys.path.insert(0, %r)\n"
                "import logging; import %s as config\n"
                "config.basicConfig(env=%r)\nprint(logging.root.level)"
                % (str(root), NAME, env))
        environ = dict(os.environ, **{LEVEL: "DEBUG"},
                       MYAPP_LOG_LEVEL="ERROR", PYTHONAPP_LOG_LEVEL="ERROR")
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(
                [sys.executable, *flags, "-c", code], env=environ, check=True,
                cwd=folder, stdout=subprocess.PIPE).stdout.decode().strip()

    def test_ignore_environment(self):
        """-E and -I switch off the PYTHON variables, and only these."""
        if PACKAGE == "logging":
            self.skipTest("the copy is found by PYTHONPATH only")
        self.assertEqual("10", self.run_flags())
        for flag in "-E", "-I":
            self.assertEqual("30", self.run_flags(flag))
            self.assertEqual("30", self.run_flags(flag, env="PYTHONAPP_LOG"))
            self.assertEqual("40", self.run_flags(flag, env="MYAPP_LOG"))

    def test_only_exact_names(self):
        """No variable but the four is looked up, and none is searched."""
        seen = []

        class Environ(dict):
            def get(self, name, default=None):
                seen.append(name)
                return dict.get(self, name, default)

            def __iter__(self):
                raise AssertionError("the environment is searched")

            __getitem__ = __contains__ = items = keys = __iter__

        config.applyEnvironment(environ=Environ({LEVEL: "DEBUG"}))
        self.assertEqual({*VARIABLES}, {*seen})
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_no_look_alikes(self):
        """Other variables that begin alike do nothing, and are silent."""
        for name in ("PYTHON_LOGGING", "PYTHON_LOGGING_",
                     "PYTHONLOGGING_LEVEL", "PYTHON_LOGGING_LEVELS",
                     "python_logging_level",
                     "LOGGING_LEVEL", "PYTHON_LOGGING_CONFIG",
                     "PYTHON_LOGGING_LEVEL_APP", "PYTHON_LOGGING__LEVEL"):
            self.setenv(name, "CRITICAL")
        with self.warned():
            config.basicConfig()
        self.assertEqual(logging.WARNING, logging.root.level)

    def test_only_own_prefix(self):
        """With a program's own prefix no other variable is searched."""
        self.setenv("MYAPP_LOGGER__HANDLERS__C__CLASS", "x")
        self.setenv("MYAPP_LOG_X__HANDLERS__C__CLASS", "x")
        self.setenv("PYTHON_LOGGING__HANDLERS__C__CLASS", "x")
        with self.warned():
            config.basicConfig(env="MYAPP_LOG")

    def test_warnings_are_repred_and_truncated(self):
        """What a warning shows is repr()ed, and 100 characters at most."""
        for text in ("\x1b[31m\r\n\u2028fake", "x" * 8000, "'\"" * 400,
                     "\ud800" * 300):
            config._reported.clear()
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always")
                config.applyEnvironment(environ={LEVEL: text})
            message = str(found[0].message)
            shown = message[len(LEVEL) + 2:-len(" is not a level (ignored)")]
            self.assertLessEqual(len(shown), 100)
            self.assertTrue(message.isprintable())
            self.assertEqual(repr(text)[:90], shown[:90])

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

    def test_one_warning_per_variable(self):
        """A variable is warned of once in a process, with what is wrong."""
        environ = {LEVEL: "A,b=C,d=E,f=G,h=DEBUG", TIME: "noon"}
        with self.warned(
                "PYTHON_LOGGING_LEVEL: 'A' is not a level; 'b=C' is not a "
                "level; 'd=E' is not a level; and 1 more (ignored)",
                "PYTHON_LOGGING_TIME: 'noon' is not utc or local (ignored)"):
            config.applyEnvironment(environ=environ)
        with self.warned():
            config.applyEnvironment(environ={LEVEL: "X", TIME: "y"})

    def test_warnings_as_errors(self):
        """Under -W error the warning goes to standard error instead."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config.applyEnvironment(environ={LEVEL: "DEBGU,DEBUG"})
        self.assertEqual(
            ["RuntimeWarning: PYTHON_LOGGING_LEVEL: 'DEBGU' is not a level "
             "(ignored)"], self.lines())
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_no_standard_error(self):
        """Without a working standard error nothing is raised either."""
        closed = io.StringIO()
        closed.close()
        for sys.stderr in None, closed:
            config._reported.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                config.applyEnvironment(environ={LEVEL: "DEBGU"})

    def test_warnings_that_are_logged(self):
        """captureWarnings() may log them: no lock is held then."""
        self.addCleanup(logging.captureWarnings, False)
        logging.captureWarnings(True)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            config.basicConfig(level="INFO")
            self.setenv(LEVEL, "DEBGU")
            config.basicConfig()
        self.assertIn("'DEBGU' is not a level", "".join(self.lines()))

    def test_audit_event(self):
        """Each override raises the event jsonlogging.env before it is one."""
        output = run_python("""
import sys, json, logging, {0} as config
seen = []
def hook(event, args):
    if event == "jsonlogging.env":
        seen.append([*map(str, args[:2]), logging.root.level])
sys.addaudithook(hook)
config.dictConfig({{"version": 1, "root": {{"handlers": ["console"]}},
    "handlers": {{"console": {{"class": "logging.StreamHandler"}}}}}})
config.applyEnvironment()
print(json.dumps(seen))
""".format(NAME), **{LEVEL: "DEBUG,app=INFO", HANDLER_LEVEL: "console=INFO",
                     FORMAT: "json"})
        self.assertEqual([
            [LEVEL, "root", 30], [LEVEL, "app", 10],
            [HANDLER_LEVEL, "console", 10], [FORMAT, "lastResort", 10],
            [FORMAT, "console", 10]], json.loads(output))

    def test_audit_event_of_time_and_disabled(self):
        """A time zone that is changed and a logger enabled are events."""
        output = run_python("""
import sys, json, logging, {0} as config
logging.basicConfig(format="%(asctime)s %(message)s")
log = logging.getLogger("app")
log.disabled = True
seen = []
def hook(event, args):
    if event == "jsonlogging.env":
        seen.append([*map(str, args)])
sys.addaudithook(hook)
config.applyEnvironment()
config.applyEnvironment()
now = config.effectiveConfig()
print(json.dumps([seen, now["loggers"]["app"]["disabled"],
                  now["handlers"]["an unnamed StreamHandler"]["time"]]))
""".format(NAME), **{LEVEL: "app=INFO", TIME: "local"})
        handler = "an unnamed StreamHandler"
        seen, disabled, time = json.loads(output)
        self.assertEqual([[LEVEL, "app", "20"], [LEVEL, "app", "False"],
                          [TIME, handler, "local"]], seen)
        self.assertEqual({
            "value": False, "source": "environment", "variable": LEVEL,
            "instead_of": True}, disabled)
        self.assertEqual({
            "value": "local", "source": "environment", "variable": TIME,
            "instead_of": None}, time)

    def test_audit_hooks_may_veto(self):
        """A hook that raises prevents the override, and no more."""
        output = run_python("""
import sys, warnings, logging, {0} as config
def hook(event, args):
    if event == "jsonlogging.env" and args[1] == "root":
        raise PermissionError("no")
sys.addaudithook(hook)
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    config.basicConfig()
print(logging.root.level, logging.getLogger("app").level, *map(str, [
    warning.message for warning in found]))
""".format(NAME), **{LEVEL: "DEBUG,app=INFO"})
        self.assertEqual("30 20 PYTHON_LOGGING_LEVEL: 'root' is not to be "
                         "had: PermissionError (ignored)", output.strip())

    def test_nothing_in_the_environment_stops_a_program(self):
        """Whatever stands in the four variables, the program starts."""
        for text in FORBIDDEN:
            environ = dict.fromkeys(VARIABLES, text)
            environ.update({"MYAPP_LOG" + name[14:]: text
                            for name in VARIABLES})
            environ["MYAPP_LOG__HANDLERS__C__LEVEL"] = text
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                config.applyEnvironment(environ=environ)
                config.applyEnvironment("MYAPP_LOG", environ=environ)
        self.assertEqual(logging.WARNING, logging.root.level)


class ImportTest(unittest.TestCase):

    def test_no_effects(self):
        """Importing ring 2 changes nothing in logging, warnings or sys."""
        output = run_python("""
import logging, logging.config, sys, os, threading, types, warnings
def state():
    # Without the submodules that have been imported.
    names = {key: value for key, value in vars(logging).items()
             if not isinstance(value, types.ModuleType)}
    return repr((names, vars(logging.config), vars(logging.root),
                 vars(logging.Logger), vars(logging.Handler),
                 warnings.filters, sys.excepthook, sys.path,
                 threading.enumerate(), sorted(os.environ.items())))
before = state()
import %s
print(before == state())
""" % NAME)
        self.assertEqual("True", output.strip())

    def test_ring_1_does_not_import_it(self):
        """Importing the formatters does not load it."""
        output = run_python("import sys, %s\nprint(%r in sys.modules)"
                            % (PACKAGE + ".formatters", NAME))
        self.assertEqual("False", output.strip())


if __name__ == "__main__":
    unittest.main()
