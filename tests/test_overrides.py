"""Environment overrides: what the variables say, and what is done."""

import contextlib
import contextvars
import importlib
import inspect
import io
import json
import logging
import logging.config
import logging.handlers
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import unittest
import warnings

from .support import (PACKAGE, BaseTest, ISOFormatter, JSONFormatter,
                      formatters, import_ring2, make_record, run_python,
                      strict_loads)

overrides = import_ring2("_overrides")
NAME = overrides.__name__

# What programs call: the functions of logging, where these read the
# variables, or those that stand for them in the package.
config = importlib.import_module(PACKAGE + ".config")
dictConfig = config.dictConfig
basicConfig = getattr(config, "basicConfig", logging.basicConfig)
applyEnvironment = getattr(config, "applyEnvironment",
                           overrides.applyEnvironment)
# The same in a new Python.
IMPORT = """
import logging, {0}.config as config
from {0}.config import dictConfig
basicConfig = getattr(config, "basicConfig", logging.basicConfig)
""".format(PACKAGE)

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


def parse(**environ):
    """Return (Settings, Problems) of variables without their prefix."""
    return overrides.parseEnvironment(
        {"PYTHON_LOGGING_" + name: text for name, text in environ.items()})


def run_flags(code, *flags, **environ):
    """Return what *code* prints in a new Python that knows the package."""
    root = pathlib.Path(formatters.__file__).parent.parent
    code = "import sys; sys.path.insert(0, %r)\n%s%s" % (
        str(root), IMPORT, code)
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [sys.executable, *flags, "-c", code], check=True, cwd=folder,
            env=dict(os.environ, **environ),
            stdout=subprocess.PIPE).stdout.decode().strip()


class Flags:
    """What sys.flags would be without -E."""

    ignore_environment = 0

    def __init__(self, flags):
        self.flags = flags

    def __getattr__(self, name):
        return getattr(self.flags, name)


class ConfigTest(BaseTest):
    """A test that may configure logging and set the variables."""

    def setUp(self):
        super().setUp()
        if sys.flags.ignore_environment:    # as in CPython's own runs
            self.addCleanup(setattr, sys, "flags", sys.flags)
            sys.flags = Flags(sys.flags)
        for name in [*os.environ]:
            if name.startswith("PYTHON_LOGGING"):
                self.setenv(name, None)
        self.addCleanup(self.restore_handlers, logging._handlerList[:])
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
        self.addCleanup(overrides._reported.update, dict(overrides._reported))
        self.addCleanup(overrides._reported.clear)
        overrides._reported.clear()
        for name in ("stdout", "stderr"):
            self.addCleanup(setattr, sys, name, getattr(sys, name))
        self.stdout = sys.stdout = io.StringIO()
        self.stderr = sys.stderr = io.StringIO()

    @staticmethod
    def restore_handlers(references):
        # dictConfig() has emptied the list; some may have died since.
        logging._handlerList[:] = [ref for ref in references if ref()]

    def restore_loggers(self):
        for name, logger in logging.root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger):
                state = self.loggers.get(name, (0, False, True, [], []))
                logger.setLevel(state[0])
                logger.disabled, logger.propagate = state[1:3]
                logger.handlers, logger.filters = state[3][:], state[4][:]
                logger.__dict__.pop("_overrides", None)

    def isolate_loggers(self):
        """Let loggers be made that do not stay when the test is over."""
        manager = logging.Manager(logging.root)
        self.addCleanup(setattr, logging.Logger, "manager",
                        logging.Logger.manager)
        self.addCleanup(setattr, logging.root, "manager",
                        logging.root.manager)
        logging.Logger.manager = logging.root.manager = manager

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

    def apply(self, handler, **variables):
        """Attach *handler*, apply the variables, return its formatter."""
        logging.root.addHandler(handler)
        for name, text in variables.items():
            self.setenv("PYTHON_LOGGING_" + name, text)
        applyEnvironment()
        return handler.formatter

    @staticmethod
    def console(formatter=None, stream=None):
        handler = logging.StreamHandler(stream or sys.stdout)
        handler.setFormatter(formatter)
        return handler

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
            settings, problems = overrides.parseEnvironment(
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
            settings, problems = overrides.parseEnvironment(
                {LEVEL: text}, levels=names)
            self.assertEqual(({"root": level}, []),
                             (settings.levels, problems), text)
        for text in "odd", "low", "INFO":
            settings, problems = overrides.parseEnvironment(
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


class LevelTest(ConfigTest):

    def test_levels_of_loggers(self):
        """Loggers that are named get their level, new ones among them."""
        logging.getLogger("test.level.old").setLevel("ERROR")
        self.setenv(LEVEL, "INFO,test.level.old=DEBUG,test.level.new=15")
        basicConfig(level="CRITICAL")
        self.assertEqual(logging.INFO, logging.root.level)
        self.assertEqual(10, logging.getLogger("test.level.old").level)
        self.assertEqual(15, logging.root.manager.loggerDict[
            "test.level.new"].level)

    def test_when_nothing_is_to_be_done(self):
        """basicConfig() applies them also if it does nothing itself."""
        logging.root.addHandler(logging.NullHandler())
        logging.root.addHandler(logging.StreamHandler())
        self.setenv(LEVEL, "DEBUG")
        basicConfig(level="ERROR")
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_disabled(self):
        """A logger that is named is enabled, others stay disabled."""
        for name in "test.disabled.a", "test.disabled.b":
            logging.getLogger(name)
        self.setenv(LEVEL, "test.disabled.a=INFO")
        dictConfig({"version": 1})
        self.assertFalse(logging.getLogger("test.disabled.a").disabled)
        self.assertTrue(logging.getLogger("test.disabled.b").disabled)

    def test_custom_level(self):
        """A level counts that the program has registered by then."""
        self.addCleanup(logging._nameToLevel.pop, "TESTTRACE")
        self.addCleanup(logging._levelToName.pop, 7)
        logging.addLevelName(7, "TESTTRACE")
        self.setenv(LEVEL, "testtrace")
        basicConfig()
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
            basicConfig()
        self.assertEqual(12, logging.root.level)

    def test_handler_levels(self):
        """Handlers that the program named get their level."""
        self.setenv(HANDLER_LEVEL, "console=DEBUG,other=ERROR")
        with self.warned("PYTHON_LOGGING_HANDLER_LEVEL: 'other' is not the "
                         "name of a handler yet (ignored)"):
            dictConfig({
                "version": 1, "handlers": {"console": {
                    "class": "logging.StreamHandler", "level": "ERROR"}},
                "root": {"handlers": ["console"]}})
        self.assertEqual([10], [h.level for h in logging.root.handlers])

    def test_named_by_hand(self):
        """A handler's name counts, however it came to it."""
        handler = logging.StreamHandler()
        handler.name = "mine"
        self.setenv(HANDLER_LEVEL, "mine=ERROR")
        basicConfig(handlers=[handler])
        self.assertEqual(logging.ERROR, handler.level)


class HiddenTest(ConfigTest):

    def configure(self, **handlers):
        logging.config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "handlers": {name: {"class": "logging.StreamHandler",
                                "level": level}
                         for name, level in handlers.items()},
            "root": {"handlers": [*handlers], "level": "INFO"}})
        applyEnvironment()

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
            applyEnvironment()

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
            applyEnvironment()
        overrides._reported.clear()
        handler.listener.respect_handler_level = False
        with self.warned():
            applyEnvironment()

    def test_last_resort(self):
        """lastResort is lowered where it is what a logger reaches."""
        self.setenv(LEVEL, "test.last=INFO")
        applyEnvironment()
        self.assertEqual(logging.INFO, logging.lastResort.level)
        logging.getLogger("test.last").info("hello")
        logging.getLogger("test.other").info("not asked for")
        self.assertEqual(["hello"], self.lines())

    def test_last_resort_is_never_raised(self):
        """It is not raised, and stays if a handler is reached."""
        self.setenv(LEVEL, "test.last=ERROR")
        applyEnvironment()
        self.assertEqual(logging.WARNING, logging.lastResort.level)
        self.setenv(LEVEL, "test.last=DEBUG")
        logging.root.addHandler(logging.StreamHandler())
        applyEnvironment()
        self.assertEqual(logging.WARNING, logging.lastResort.level)

    def test_no_last_resort(self):
        """A program may have set lastResort to None."""
        logging.lastResort = None
        self.setenv(LEVEL, "DEBUG")
        self.setenv(FORMAT, "json")
        applyEnvironment()
        self.assertEqual(logging.DEBUG, logging.root.level)


class Redacting(JSONFormatter):
    """A program's own subclass."""


class Plain:
    """A formatter that is no logging.Formatter."""

    def format(self, record):
        return record.getMessage()


class FormatTest(ConfigTest):

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

    def test_consoles(self):
        """Consoles are the standard streams, by identity or descriptor."""
        wrapped = io.TextIOWrapper(open(2, "wb", closefd=False),
                                   encoding="utf-8")
        self.addCleanup(wrapped.detach)
        for stream in (sys.stdout, sys.stderr, sys.__stdout__,
                       sys.__stderr__, wrapped):
            self.assertTrue(overrides.isConsole(logging.StreamHandler(stream)))
        self.assertTrue(overrides.isConsole(logging.lastResort))
        for name in "__stdout__", "__stderr__":
            self.addCleanup(setattr, sys, name, getattr(sys, name))
            setattr(sys, name, io.StringIO())
            self.assertTrue(overrides.isConsole(
                logging.StreamHandler(getattr(sys, name))))
        for name in "/dev/stdout", "/dev/stderr":
            for cls in (logging.FileHandler,
                        logging.handlers.WatchedFileHandler):
                handler = cls(name, delay=True, encoding="utf-8")
                self.addCleanup(handler.close)
                self.assertTrue(overrides.isConsole(handler))

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
                    overrides.isConsole(logging.StreamHandler(stream)))
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
                self.assertFalse(overrides.isConsole(handler))

    def test_stream_that_depends_on_the_context(self):
        """A stream counts as what it is apart from a request."""
        current = contextvars.ContextVar("current", default=sys.__stderr__)

        class Proxy:
            """As wsgi_errors_stream of Flask."""

            def __getattr__(self, name):
                return getattr(current.get(), name)

        handler = logging.StreamHandler(Proxy())
        token = current.set(io.StringIO())
        try:
            self.assertTrue(overrides.isConsole(handler))
        finally:
            current.reset(token)

    def test_file_on_descriptor_1(self):
        """A FileHandler is none even if its file has descriptor 1."""
        code = """
            import os, sys, logging, {0} as overrides
            os.close(1)
            handler = logging.FileHandler("x.log", encoding="utf-8")
            assert handler.stream.fileno() == 1
            print(overrides.isConsole(handler), file=sys.stderr)
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
        basicConfig()
        self.assertIsInstance(handler.formatter, JSONFormatter)
        self.assertIsInstance(logging.lastResort.formatter, JSONFormatter)

    def test_memory_handler(self):
        """The target of a MemoryHandler is reached."""
        target = self.console(logging.Formatter(TEXT))
        memory = logging.handlers.MemoryHandler(100, target=target)
        self.addCleanup(memory.close)
        logging.root.addHandler(memory)
        self.setenv(FORMAT, "json")
        basicConfig()
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
        self.front = logging.handlers.QueueHandler(queue.Queue())
        self.front.listener = logging.handlers.QueueListener(
            self.front.queue, self.console, self.file)
        logging.root.addHandler(self.front)

    def log(self, **variables):
        """Return what the console and the file print of a failure."""
        for name, text in variables.items():
            self.setenv("PYTHON_LOGGING_" + name, text)
        # Not the package's, which does more.
        overrides.applyEnvironment()
        try:
            {}["price"]
        except KeyError:
            logging.exception("no %s", "price")
        while not self.front.queue.empty():
            self.front.listener.handle(self.front.queue.get())
        return "\n".join(self.lines(self.stdout)), self.read(self.file)

    def test_json(self):
        """What the queue has made a text is the message."""
        text = self.log()[1]
        line, other = self.log(FORMAT="json")
        message = strict_loads(line)["message"]
        self.assertEqual(text, message.splitlines())
        self.assertEqual("no price", text[0])
        self.assertEqual("KeyError: 'price'", text[-1])
        self.assertEqual(text * 2, other)

    def test_line_made_by_the_queue_handler(self):
        """A JSONFormatter there has made the line, maybe redacted it."""
        class Redacting(JSONFormatter):
            def mapLogRecord(self, record):
                return {**super().mapLogRecord(record), "message": "***"}

        self.front.setFormatter(Redacting())
        for formatter in None, logging.Formatter("C %(message)s"), (
                JSONFormatter()):
            self.console.setFormatter(formatter)
            for variables in ({"FORMAT": "json"}, {"FORMAT": "text"},
                              {"FORMAT": "", "TIME": "local"}):
                line, _ = self.log(**variables)
                self.assertIn("***", line)
                self.assertNotIn("no price", line)
                self.assertIs(formatter, self.console.formatter)

    def test_text_made_by_the_queue_handler(self):
        """A text that another formatter has made there is the message."""
        self.front.setFormatter(logging.Formatter("%(levelname)s ***"))
        line, _ = self.log(FORMAT="json", TIME="local")
        self.assertTrue(strict_loads(line)["message"].startswith("ERROR ***"))
        self.assertNotIn("no price", line)


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
            IMPORT + "import sys\nbasicConfig()\n"
            "print('xml.dom' in sys.modules, "
            "logging.getLogger('xml.dom').level)",
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
        basicConfig(env=False)
        handler, = logging.root.handlers
        self.assertEqual((logging.WARNING, logging.Formatter), (
            logging.root.level, type(handler.formatter)))

    def test_ignore_environment(self):
        """-E and -I switch the variables off."""
        code = "basicConfig()\nprint(logging.root.level)"
        self.assertEqual("10", run_flags(code, **{LEVEL: "DEBUG"}))
        for flag in "-E", "-I":
            self.assertEqual("30", run_flags(code, flag, **{LEVEL: "DEBUG"}))

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

        applyEnvironment(environ=Environ({LEVEL: "DEBUG"}))
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
            basicConfig()
        self.assertEqual(logging.WARNING, logging.root.level)

    def test_warnings_are_repred_and_truncated(self):
        """What a warning shows is repr()ed, and 100 characters at most."""
        for text in ("\x1b[31m\r\n\u2028fake", "x" * 8000, "'\"" * 400,
                     "\ud800" * 300):
            overrides._reported.clear()
            with warnings.catch_warnings(record=True) as found:
                warnings.simplefilter("always")
                applyEnvironment(environ={LEVEL: text})
            message = str(found[0].message)
            shown = message[len(LEVEL) + 2:-len(" is not a level (ignored)")]
            self.assertLessEqual(len(shown), 100)
            self.assertTrue(message.isprintable())
            self.assertEqual(repr(text)[:90], shown[:90])

    def test_one_warning_per_variable(self):
        """A variable is warned of once in a process, with what is wrong."""
        environ = {LEVEL: "A,b=C,d=E,f=G,h=DEBUG", TIME: "noon"}
        with self.warned(
                "PYTHON_LOGGING_LEVEL: 'A' is not a level; 'b=C' is not a "
                "level; 'd=E' is not a level; and 1 more (ignored)",
                "PYTHON_LOGGING_TIME: 'noon' is not utc or local (ignored)"):
            applyEnvironment(environ=environ)
        with self.warned():
            applyEnvironment(environ={LEVEL: "X", TIME: "y"})

    def test_warnings_as_errors(self):
        """Under -W error the warning goes to standard error instead."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            applyEnvironment(environ={LEVEL: "DEBGU,DEBUG"})
        self.assertEqual(
            ["RuntimeWarning: PYTHON_LOGGING_LEVEL: 'DEBGU' is not a level "
             "(ignored)"], self.lines())
        self.assertEqual(logging.DEBUG, logging.root.level)

    def test_no_standard_error(self):
        """Without a working standard error nothing is raised either."""
        closed = io.StringIO()
        closed.close()
        for sys.stderr in None, closed:
            overrides._reported.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                applyEnvironment(environ={LEVEL: "DEBGU"})

    def test_warnings_that_are_logged(self):
        """captureWarnings() may log them: no lock is held then."""
        self.addCleanup(logging.captureWarnings, False)
        logging.captureWarnings(True)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            basicConfig(level="INFO")
            self.setenv(LEVEL, "DEBGU")
            basicConfig()
        self.assertIn("'DEBGU' is not a level", "".join(self.lines()))

    def test_audit_event(self):
        """Each override raises an event before it is one."""
        output = run_python(IMPORT + """
import sys, json
from {0} import applyEnvironment
seen = []
def hook(event, args):
    if event == "{1}.env":
        seen.append([*map(str, args[:2]), logging.root.level])
sys.addaudithook(hook)
dictConfig({{"version": 1, "root": {{"handlers": ["console"]}},
    "handlers": {{"console": {{"class": "logging.StreamHandler"}}}}}})
applyEnvironment()
print(json.dumps(seen))
""".format(NAME, PACKAGE), **{LEVEL: "DEBUG,app=INFO", HANDLER_LEVEL: "console=INFO",
                     FORMAT: "json"})
        self.assertEqual([
            [LEVEL, "root", 30], [LEVEL, "app", 10],
            [HANDLER_LEVEL, "console", 10], [FORMAT, "lastResort", 10],
            [FORMAT, "console", 10]], json.loads(output))

    def test_audit_event_of_time_and_disabled(self):
        """A time zone that is changed and a logger enabled are events."""
        output = run_python("""
import sys, json, logging
from {0} import applyEnvironment
handler = logging.StreamHandler()
handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
logging.root.addHandler(handler)
log = logging.getLogger("app")
log.disabled = True
seen = []
def hook(event, args):
    if event == "{1}.env":
        seen.append([*map(str, args)])
sys.addaudithook(hook)
applyEnvironment()
applyEnvironment()
print(json.dumps(seen))
""".format(NAME, PACKAGE), **{LEVEL: "app=INFO", TIME: "local"})
        self.assertEqual([[LEVEL, "app", "20"], [LEVEL, "app", "False"],
                          [TIME, "an unnamed StreamHandler", "local"]],
                         json.loads(output))

    def test_audit_hooks_may_veto(self):
        """A hook that raises prevents the override, and no more."""
        output = run_python(IMPORT + """
import sys, warnings
def hook(event, args):
    if event == "{0}.env" and args[1] == "root":
        raise PermissionError("no")
sys.addaudithook(hook)
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    basicConfig()
print(logging.root.level, logging.getLogger("app").level, *map(str, [
    warning.message for warning in found]))
""".format(PACKAGE), **{LEVEL: "DEBUG,app=INFO"})
        self.assertEqual("30 20 PYTHON_LOGGING_LEVEL: 'root' is not to be "
                         "had: PermissionError (ignored)", output.strip())

    def test_nothing_in_the_environment_stops_a_program(self):
        """Whatever stands in the four variables, the program starts."""
        for text in FORBIDDEN:
            environ = dict.fromkeys(VARIABLES, text)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                applyEnvironment(environ=environ)
        self.assertEqual(logging.WARNING, logging.root.level)


class ImportTest(unittest.TestCase):

    def test_no_effects(self):
        """Importing it changes nothing in logging, warnings or sys."""
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
