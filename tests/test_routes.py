"""Every way that a formatter comes to a handler, and a record to it."""

import contextlib
import io
import json
import logging
import logging.config
import logging.handlers
import pickle
import queue
import sys
import unittest
import warnings

from .support import (PACKAGE, BaseTest, ISOFormatter, JSONFormatter,
                      make_record, run_python, strict_loads)

CLASS = PACKAGE + ".formatters.JSONFormatter"
ISO_CLASS = PACKAGE + ".formatters.ISOFormatter"
EUROPE = "CET-1CEST,M3.5.0,M10.5.0/3"
# What ext:// in a configuration finds in this module.
SERVICE = {"name": "shop", "zones": ("eu", "us")}


def line_number(record):
    """A function for fmt."""
    return record.lineno


def fixed_time(record):
    """A filter that makes records repeatable."""
    record.created = 1700000000.123
    return True


class RouteTest(BaseTest):
    """Configures the root logger for real, and reads what it wrote."""

    def setUp(self):
        super().setUp()
        self.output = io.StringIO()
        self.addCleanup(logging.captureWarnings, False)

    def configure(self, formatter):
        """Run dictConfig() for *formatter*'s configuration."""
        logging.config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"own": formatter},
            "handlers": {"own": {
                "class": "logging.StreamHandler", "stream": self.output,
                "formatter": "own", "filters": ["fixed"]}},
            "filters": {"fixed": {"()": lambda: fixed_time}},
            "root": {"level": "INFO", "handlers": ["own"]}})

    def lines(self):
        """Return what was written since the last call, line by line."""
        text = self.output.getvalue()
        self.output.seek(0)
        self.output.truncate()
        self.assertTrue(text.endswith("\n") or not text)
        return text.splitlines()

    def one(self):
        """Return the one line, parsed."""
        line, = self.lines()
        return strict_loads(line)

    def handler(self, formatter):
        """Return a handler that writes to self.output."""
        handler = logging.StreamHandler(self.output)
        handler.setFormatter(formatter)
        handler.addFilter(fixed_time)
        return handler


class DictConfigTest(RouteTest):
    def test_class(self):
        """class: with format, datefmt, style and validate."""
        self.configure({"class": CLASS})
        logging.info("hello", extra={"x": 1})
        self.assertEqual({"timestamp": "2023-11-14T22:13:20.123Z",
                          "level": "INFO", "logger": "root",
                          "message": "hello", "x": 1}, self.one())
        self.configure({"class": CLASS, "style": "{", "datefmt": "%Y",
                        "format": "{asctime} {message}"})
        logging.info("hello")
        self.assertEqual({"asctime": "2023", "message": "hello"}, self.one())
        self.configure({"class": CLASS, "format": "no field",
                        "validate": False})
        logging.info("hello", extra={"x": 1})
        self.assertEqual({"x": 1}, self.one())
        with self.assertRaises(ValueError):
            self.configure({"class": CLASS, "format": "no field"})

    def test_class_iso(self):
        """So it is for ISOFormatter."""
        self.configure({"class": ISO_CLASS, "style": "$",
                        "format": "$asctime $message"})
        logging.info("hello")
        self.assertEqual(["2023-11-14T22:13:20.123Z hello"], self.lines())

    @unittest.skipIf(PACKAGE == "logging", "has its own package only")
    def test_public_name(self):
        """The package's own name of the class is enough."""
        for key in "class", "()":
            self.configure({key: PACKAGE + ".JSONFormatter"})
            logging.info("hello")
            self.assertEqual("hello", self.one()["message"])

    @unittest.skipIf(sys.version_info < (3, 12),
                     "dictConfig passes defaults on from 3.12 on")
    def test_class_defaults(self):
        """class: with defaults."""
        self.configure({"class": CLASS, "format": "%(ip)s %(message)s",
                        "defaults": {"ip": "-", "service": "shop"}})
        logging.info("hello")
        self.assertEqual({"ip": "-", "message": "hello", "service": "shop"},
                         self.one())

    def test_factory(self):
        """(): with every option."""
        self.set_zone(EUROPE)
        self.configure({
            "()": CLASS, "fmt": {"time": "asctime", "log": {
                "level": "levelname", "line": line_number},
                "text": "message"},
            "datefmt": None, "style": "%", "validate": True,
            "defaults": {"service": "shop"}, "utc": False,
            "timespec": "seconds", "extra": "ctx", "default": str,
            "ensure_ascii": False, "max_bytes": 1024})
        logging.info("h\xe9llo", extra={"x": 1j, "y": "y" * 5000})
        text, = self.lines()
        self.assertLessEqual(len(text.encode()), 1024)
        line = strict_loads(text)
        self.assertIn("h\xe9llo", text)
        self.assertEqual("2023-11-14T23:13:20+01:00", line["time"])
        self.assertEqual(["time", "log", "text", "service", "ctx",
                          "degraded"], list(line))
        self.assertEqual("1j", line["ctx"]["x"])
        self.assertIsInstance(line["log"]["line"], int)

    def test_factory_classes(self):
        """(): with the class itself."""
        for cls in ISOFormatter, JSONFormatter:
            self.configure({"()": cls, "fmt": "%(message)s"})
            logging.info("hello")
            self.assertIn(self.lines(), (["hello"], ['{"message":"hello"}']))

    def test_attributes(self):
        """(): with "." sets attributes, methods among them."""
        self.configure({"()": CLASS, "fmt": ["message"],
                        ".": {"mapExtra": lambda extra: {"n": len(extra)}}})
        logging.info("hello", extra={"password": "x"})
        self.assertEqual({"message": "hello", "n": 1}, self.one())

    def test_ext(self):
        """ext:// is resolved in fmt and defaults, also nested."""
        here = "ext://%s." % __name__
        self.configure({
            "()": CLASS, "fmt": {
                "line": here + "line_number",
                "in": {"in": {"line": here + "line_number"}},
                "text": "message"},
            "defaults": {"service": here + "SERVICE", "host": {
                "in": [{"name": here + "SERVICE"}, (here + "EUROPE",)]}},
            "default": "ext://builtins.str", "extra": "ctx"})
        logging.info("hello")
        line = self.one()
        self.assertIsInstance(line["line"], int)
        self.assertEqual({"in": {"line": line["line"]}}, line["in"])
        service = {"name": "shop", "zones": ["eu", "us"]}
        self.assertEqual(service, line["service"])
        self.assertEqual({"in": [{"name": service}, [EUROPE]]}, line["host"])

    def test_ext_in_list(self):
        """A list of names may have ext:// too."""
        self.configure({"()": CLASS, "fmt": [
            "message", "ext://%s.ISO_CLASS" % __name__]})
        logging.info("hello")
        self.assertEqual("hello", self.one()["message"])

    def test_cfg(self):
        """cfg:// takes fmt from elsewhere in the configuration."""
        logging.config.dictConfig({
            "version": 1, "disable_existing_loggers": False,
            "fields": {"text": "message", "in": {"level": "levelname"}},
            "formatters": {"own": {"()": CLASS, "fmt": "cfg://fields"}},
            "handlers": {"own": {"class": "logging.StreamHandler",
                                 "stream": self.output, "formatter": "own"}},
            "root": {"level": "INFO", "handlers": ["own"]}})
        logging.info("hello")
        self.assertEqual({"text": "hello", "in": {"level": "INFO"}},
                         self.one())

    def test_json_text(self):
        """A configuration that was JSON text, or TOML, does it all."""
        config = json.loads("""{
            "version": 1, "disable_existing_loggers": false,
            "formatters": {"own": {
                "()": "%s",
                "fmt": {"time": "asctime", "log": {"level": "levelname"},
                        "line": "ext://%s.line_number", "text": "message"},
                "defaults": {"service": {"name": "shop", "ids": [1, 2]}},
                "utc": true, "timespec": "microseconds", "extra": "ctx",
                "ensure_ascii": true, "max_bytes": 2048}},
            "handlers": {"own": {
                "class": "logging.StreamHandler", "stream": "ext://sys.stdout",
                "formatter": "own"}},
            "root": {"level": "INFO", "handlers": ["own"]}}""" % (
                CLASS, __name__))
        before = json.dumps(config)
        with contextlib.redirect_stdout(self.output):
            logging.config.dictConfig(config)
        self.assertEqual(before, json.dumps(config))
        logging.info("hello", extra={"x": [1]})
        line = self.one()
        self.assertEqual(["time", "log", "line", "text", "service", "ctx"],
                         list(line))
        self.assertRegex(line["time"], r"\.\d{6}Z$")
        self.assertEqual(({"name": "shop", "ids": [1, 2]}, {"x": [1]}),
                         (line["service"], line["ctx"]))

    def test_lists(self):
        """Lists in the configuration, as TOML has them, are lists."""
        self.configure({"()": CLASS, "fmt": ["levelname", "message"],
                        "defaults": {"tags": ["a", ["b"]]}})
        logging.info("hello")
        self.assertEqual({"levelname": "INFO", "message": "hello",
                          "tags": ["a", ["b"]]}, self.one())

    def test_pickle(self):
        """A formatter of a configuration can be pickled."""
        self.configure({"()": CLASS, "fmt": {"a": {"b": "message"}},
                        "defaults": {"service": {"name": ["shop"]}}})
        formatter = logging.getLogger().handlers[0].formatter
        record = make_record()
        self.assertEqual(
            formatter.format(record),
            pickle.loads(pickle.dumps(formatter)).format(record))

    def test_wrong_option(self):
        """A wrong option stops dictConfig, and the cause names it."""
        for key, value in (("timespec", "hours"), ("fmt", {"a": 5}),
                           ("extra", {"a": 1}), ("max_bytes", "10")):
            with self.subTest(key):
                with self.assertRaises(ValueError) as caught:
                    self.configure({"()": CLASS, key: value})
                self.assertIn(key, str(caught.exception.__cause__))

    def test_incremental(self):
        """An incremental configuration leaves the formatter."""
        self.configure({"()": CLASS, "fmt": ["message"]})
        logging.config.dictConfig({"version": 1, "incremental": True,
                                   "root": {"level": "WARNING"}})
        logging.info("hidden")
        logging.warning("shown")
        self.assertEqual({"message": "shown"}, self.one())


class OtherConfigTest(RouteTest):
    def test_file_config(self):
        """fileConfig with class, format, datefmt and style."""
        for more, expected in (
                ("", {"message": "hello"}),
                ("datefmt=%Y", {"message": "hello", "asctime": "y"})):
            text = """
[loggers]
keys=root
[handlers]
keys=own
[formatters]
keys=own
[logger_root]
level=INFO
handlers=own
[handler_own]
class=StreamHandler
args=(sys.stdout,)
formatter=own
[formatter_own]
class=%s
format=%%(message)s%s
%s
""" % (CLASS, more and " %(asctime)s", more)
            with contextlib.redirect_stdout(self.output):
                logging.config.fileConfig(io.StringIO(text),
                                          disable_existing_loggers=False)
            logging.info("hello")
            line = self.one()
            self.assertEqual(list(expected), list(line))
            if more:
                self.assertRegex(line["asctime"], r"^\d{4}$")

    def test_file_config_default(self):
        """fileConfig with nothing but the class has the default fields."""
        with contextlib.redirect_stdout(self.output):
            logging.config.fileConfig(io.StringIO(
                "[loggers]\nkeys=root\n[handlers]\nkeys=own\n[formatters]\n"
                "keys=own\n[logger_root]\nlevel=INFO\nhandlers=own\n"
                "[handler_own]\nclass=StreamHandler\nargs=(sys.stdout,)\n"
                "formatter=own\n[formatter_own]\nclass=%s\n" % CLASS),
                disable_existing_loggers=False)
        logging.info("hello", extra={"x": 1})
        self.assertEqual(["timestamp", "level", "logger", "message", "x"],
                         list(self.one()))

    def test_basic_config_handlers(self):
        """basicConfig leaves a handler the formatter that it has."""
        logging.basicConfig(handlers=[self.handler(JSONFormatter())],
                            level="INFO")
        logging.info("%s items", 3)
        self.assertEqual("3 items", self.one()["message"])

    @unittest.skipIf(sys.version_info < (3, 15),
                     "basicConfig has formatter from 3.15 on")
    def test_basic_config_formatter(self):
        """basicConfig takes a formatter."""
        logging.basicConfig(stream=self.output, level="INFO",
                            formatter=JSONFormatter(["message"]))
        logging.info("%s items", 3)
        self.assertEqual({"message": "3 items"}, self.one())


class MissingAttributeTest(RouteTest):
    """A format that names what a filter adds stops no program."""

    FMT = "%(message)s %(request_id)s %(otelTraceID)s"
    LINE = {"message": "hello", "request_id": "!MISSING: request_id",
            "otelTraceID": "!MISSING: otelTraceID",
            "degraded": ["request_id: !MISSING: request_id",
                         "otelTraceID: !MISSING: otelTraceID"]}

    def check(self):
        """Check a line without the attributes, and one with them."""
        logging.info("hello")
        self.assertEqual(self.LINE, self.one())

        def add(record):
            record.request_id, record.otelTraceID = 7, "0af7"
            return True
        for handler in logging.getLogger().handlers:
            handler.addFilter(add)
        logging.info("hello")
        self.assertEqual({"message": "hello", "request_id": 7,
                          "otelTraceID": "0af7"}, self.one())

    def test_direct(self):
        """In all styles, as a list and as a mapping."""
        for fmt, style in ((self.FMT, "%"), (
                "{message} {request_id} {otelTraceID}", "{"), (
                "$message $request_id ${otelTraceID}", "$"), (
                ["message", "request_id", "otelTraceID"], "%"), (
                {"message": "message", "request_id": "request_id",
                 "otelTraceID": "otelTraceID"}, "%")):
            with self.subTest(style=style):
                root = logging.getLogger()
                root.handlers[:] = [self.handler(JSONFormatter(
                    fmt, style=style))]
                root.setLevel("INFO")
                self.check()

    def test_dict_config(self):
        """By dictConfig, with class: and with ():."""
        self.configure({"class": CLASS, "format": self.FMT})
        self.check()
        self.configure({"()": CLASS, "fmt": self.FMT})
        self.check()

    def test_file_config(self):
        """By fileConfig."""
        with contextlib.redirect_stdout(self.output):
            logging.config.fileConfig(io.StringIO(
                "[loggers]\nkeys=root\n[handlers]\nkeys=own\n[formatters]\n"
                "keys=own\n[logger_root]\nlevel=INFO\nhandlers=own\n"
                "[handler_own]\nclass=StreamHandler\nargs=(sys.stdout,)\n"
                "formatter=own\n[formatter_own]\nclass=%s\nformat=%s\n"
                % (CLASS, self.FMT)), disable_existing_loggers=False)
        self.check()

    def test_basic_config(self):
        """By basicConfig."""
        logging.basicConfig(handlers=[self.handler(JSONFormatter(self.FMT))],
                            level="INFO")
        self.check()

    def test_record_factory(self):
        """A record factory is as good as a filter."""
        factory = logging.getLogRecordFactory()

        def own(*args, **kwargs):
            record = factory(*args, **kwargs)
            record.request_id = 7
            return record
        logging.basicConfig(handlers=[self.handler(JSONFormatter(
            "%(message)s %(request_id)s"))], level="INFO")
        logging.setLogRecordFactory(own)
        logging.info("hello")
        self.assertEqual({"message": "hello", "request_id": 7}, self.one())

    def test_defaults(self):
        """defaults declare an attribute optional."""
        logging.basicConfig(handlers=[self.handler(JSONFormatter(
            "%(message)s %(request_id)s", defaults={"request_id": None}))],
            level="INFO")
        logging.info("hello")
        self.assertEqual({"message": "hello", "request_id": None},
                         self.one())


class TransportTest(RouteTest):
    def failed(self, logger):
        try:
            raise ValueError("boom")
        except ValueError:
            logger.exception("%s failed", "it", extra={"x": {1: (2,)}})

    def test_queue(self):
        """With the formatter on the QueueHandler the line is made once and
        keeps its structure."""
        made = []

        class Counting(JSONFormatter):
            def format(self, record):
                made.append(record)
                return super().format(record)
        items = queue.Queue()
        handler = logging.handlers.QueueHandler(items)
        handler.setFormatter(Counting())
        handler.addFilter(fixed_time)
        logger = logging.Logger("app")
        logger.addHandler(handler)
        listener = logging.handlers.QueueListener(
            items, logging.StreamHandler(self.output))
        listener.start()
        self.failed(logger)
        listener.stop()
        line = self.one()
        self.assertEqual(1, len(made))
        self.assertEqual(
            ("2023-11-14T22:13:20.123Z", "ERROR", "it failed", {"1": [2]}),
            (line["timestamp"], line["level"], line["message"], line["x"]))
        self.assertEqual(["type", "message", "traceback"],
                         list(line["exception"]))
        self.assertIn(", in failed\n", line["exception"]["traceback"])

    def test_queue_listener(self):
        """With it on the listener's handler, the extras are there, and the
        exception's text."""
        items = queue.Queue()
        logger = logging.Logger("app")
        logger.addHandler(logging.handlers.QueueHandler(items))
        listener = logging.handlers.QueueListener(
            items, self.handler(JSONFormatter()))
        listener.start()
        self.failed(logger)
        listener.stop()
        line = self.one()
        self.assertEqual({"1": [2]}, line["x"])
        self.assertEqual("it failed", line["message"][:9])
        self.assertIn("ValueError: boom", str(line))

    def test_socket(self):
        """A record that SocketHandler pickled has the exception's text."""
        for formatter in None, JSONFormatter(), ISOFormatter():
            handler = logging.handlers.SocketHandler("localhost", 1)
            handler.setFormatter(formatter)
            record = make_record("%s failed", "it", x={1: (2,)})
            try:
                raise ValueError("boom")
            except ValueError:
                record.exc_info = sys.exc_info()
            data = pickle.loads(handler.makePickle(record)[4:])
            line = strict_loads(JSONFormatter().format(
                logging.makeLogRecord(data)))
            self.assertEqual(
                ["timestamp", "level", "logger", "message", "exception",
                 "x"], list(line))
            self.assertEqual(["traceback"], list(line["exception"]))
            self.assertRegex(line["exception"]["traceback"],
                             "(?s)^Traceback .*\nValueError: boom$")
            self.assertEqual(("it failed", {"1": [2]}),
                             (line["message"], line["x"]))
            self.assertEqual("2023-11-14T22:13:20.123Z", line["timestamp"])

    def test_memory(self):
        """MemoryHandler's records keep the time when they were made."""
        handler = logging.handlers.MemoryHandler(
            100, target=self.handler(JSONFormatter()))
        handler.addFilter(fixed_time)
        logger = logging.Logger("app")
        logger.addHandler(handler)
        logger.warning("one", extra={"x": 1})
        self.assertEqual([], self.lines())
        self.failed(logger)     # an error, which flushes
        first, second = map(strict_loads, self.lines())
        self.assertEqual(("one", 1), (first["message"], first["x"]))
        self.assertEqual("ValueError", second["exception"]["type"])
        handler.close()

    def test_two_handlers(self):
        """Text and JSON of one record do not disturb one another."""
        logger = logging.Logger("app")
        text = ISOFormatter("%(levelname)s %(message)s")
        for formatter in text, JSONFormatter(), text, JSONFormatter():
            logger.addHandler(self.handler(formatter))
        self.failed(logger)
        lines = self.lines()
        parsed = [line for line in lines if line[0] == "{"]
        self.assertEqual(2, len(parsed))
        self.assertEqual(*parsed)
        self.assertEqual(2, lines.count("ERROR it failed"))

    def test_adapter(self):
        """A LoggerAdapter's extra is extra."""
        logger = logging.Logger("app")
        logger.addHandler(self.handler(JSONFormatter()))
        logging.LoggerAdapter(logger, {"request": 7}).warning("hello")
        line = self.one()
        self.assertEqual(("hello", 7), (line["message"], line["request"]))

    def test_warnings(self):
        """captureWarnings logs warnings as JSON."""
        logging.basicConfig(handlers=[self.handler(JSONFormatter())])
        self.addCleanup(logging.getLogger("py.warnings").handlers.clear)
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old \n thing", DeprecationWarning)
            logging.captureWarnings(False)
        line = self.one()
        self.assertEqual(("WARNING", "py.warnings"),
                         (line["level"], line["logger"]))
        self.assertIn("DeprecationWarning: old \n thing", line["message"])

    def test_stack_info(self):
        """stack_info and stacklevel work as always."""
        logger = logging.Logger("app")
        logger.addHandler(self.handler(JSONFormatter()))
        logger.warning("hello", stack_info=True)
        self.assertRegex(self.one()["stack"],
                         r"(?s)^Stack \(most recent call last\):\n.*"
                         "in test_stack_info")

    def test_refused_extra(self):
        """Names that logging refuses as extra it refuses still."""
        logger = logging.Logger("app")
        logger.addHandler(self.handler(JSONFormatter()))
        for name in "message", "asctime", "levelname", "exc_text":
            with self.assertRaises(KeyError):
                logger.warning("hello", extra={name: 1})
        logger.warning("hello", extra={"level": 1, "timestamp": 2})
        line = self.one()
        self.assertEqual((1, 2), (line["level_"], line["timestamp_"]))

    def test_make_log_record(self):
        """makeLogRecord's records, with next to nothing, are records."""
        line = strict_loads(JSONFormatter().format(logging.makeLogRecord(
            {"msg": "hello", "created": 0, "x": None})))
        self.assertEqual(("1970-01-01T00:00:00.000Z", "hello", None),
                         (line["timestamp"], line["message"], line["x"]))


class FreshTest(RouteTest):
    def test_fresh_interpreter(self):
        """In a new interpreter, from a file, each way writes its line."""
        output = run_python("""
import importlib, json, logging, logging.config, sys
config = {"version": 1,
          "formatters": {"a": {"class": CLASS, "format": "%(message)s"},
                         "b": {"()": CLASS, "fmt": {"b": {"t": "message"}}}},
          "handlers": {key: {"class": "logging.StreamHandler",
                             "stream": "ext://sys.stdout", "formatter": key}
                       for key in "ab"},
          "root": {"level": "INFO", "handlers": ["a", "b"]}}
with open("log.json", "w", encoding="utf-8") as file:
    json.dump(config, file)
with open("log.json", encoding="utf-8") as file:
    logging.config.dictConfig(json.load(file))
logging.info("one")
with open("log.ini", "w", encoding="utf-8") as file:
    file.write('''
[loggers]
keys=root
[handlers]
keys=own
[formatters]
keys=own
[logger_root]
level=INFO
handlers=own
[handler_own]
class=StreamHandler
args=(sys.stdout,)
formatter=own
[formatter_own]
class=%s
format=%%(message)s %%(request_id)s
''' % CLASS)
logging.config.fileConfig("log.ini")
logging.info("two")
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(s.JSONFormatter(["levelname", "message"]))
logging.basicConfig(handlers=[handler], force=True)
logging.warning("three")
""".replace("CLASS", repr(CLASS)))
        self.assertEqual([
            {"message": "one"}, {"b": {"t": "one"}},
            {"message": "two", "request_id": "!MISSING: request_id",
             "degraded": ["request_id: !MISSING: request_id"]},
            {"levelname": "WARNING", "message": "three"}],
            list(map(strict_loads, output.splitlines())))


if __name__ == "__main__":
    unittest.main()
