"""Consoles behind a QueueHandler get what its text was made of."""

import copy
import logging
import logging.handlers
import pickle
import queue
import sys
import unittest

from .support import PACKAGE, JSONFormatter, import_ring2, strict_loads

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("these tests are about jsonlogging.config")

config = import_ring2("config")

from .test_overrides import (FORMAT, ISO_TIME, LEVEL, TEXT, TIME, ConfigTest,
                             Redacting)


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
        own = Redacting()
        self.console.setFormatter(own)
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        self.assertStructured(self.log()[0])
        self.assertIs(own, self.console.formatter.formatter)

    def test_text(self):
        """FORMAT=text makes text of JSON behind the queue."""
        self.console.setFormatter(JSONFormatter())
        self.setenv(FORMAT, "text")
        seen = set()
        for turn in range(2):
            config.applyEnvironment()
            seen.add(self.console.formatter)
            lines = self.log()[0]
            self.assertRegex(lines[0], "^%sZ WARNING test.queue stock is low$"
                             % ISO_TIME)
            self.assertEqual("KeyError: 'price'", lines[-1])
        self.assertEqual(1, len(seen))

    def test_what_the_queue_handler_has_redacted(self):
        """Nothing that its formatter, prepare() or format() hides shows."""
        def hide(record):
            made = logging.makeLogRecord(vars(record))
            made.msg = record.getMessage().replace("stock", "***")
            made.args = None
            return made

        class InJSON(JSONFormatter):
            def mapLogRecord(self, record):
                return super().mapLogRecord(hide(record))

        class InText(logging.Formatter):
            def format(self, record):
                return super().format(hide(record))

        class InPrepare(logging.handlers.QueueHandler):
            def prepare(self, record):
                return super().prepare(hide(record))

        class InFormat(logging.handlers.QueueHandler):
            def format(self, record):
                return super().format(hide(record))

        stock, listener = logging.handlers.QueueHandler, self.front.listener
        for cls, formatter in ((stock, InJSON()), (stock, InText()),
                               (InPrepare, None), (InFormat, None),
                               (InPrepare, JSONFormatter())):
            for own in (None, JSONFormatter(), logging.Formatter(TEXT)):
                for word, zone in (("json", ""), ("text", ""), ("", "local"),
                                   ("json", "local"), ("text", "utc")):
                    self.logger.handlers.clear()
                    self.front = cls(listener.queue)
                    self.front.listener = listener
                    self.front.setFormatter(formatter)
                    self.console.setFormatter(own)
                    self.logger.addHandler(self.front)
                    self.setenv(FORMAT, word)
                    self.setenv(TIME, zone)
                    with self.subTest(cls, formatter=formatter, own=own,
                                      word=word, zone=zone):
                        for turn in range(2):
                            config.applyEnvironment()
                            self.logger.warning("%s is low", "stock")
                            self.flush()
                            line, = self.lines(self.stdout)
                            self.assertIn("*** is low", line)
                            self.assertNotIn("stock", line)
                            if word == "json":
                                strict_loads(line)

    def test_text_stays(self):
        """FORMAT=text leaves text behind a queue alone."""
        formatter = logging.Formatter(TEXT)
        self.console.setFormatter(formatter)
        self.setenv(FORMAT, "text")
        config.applyEnvironment()
        self.assertIs(formatter, self.console.formatter)
        self.assertNotIn("prepare", vars(self.front))

    def test_time(self):
        """TIME alone reaches text behind the queue, and no line made."""
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
        self.assertIsNone(self.console.formatter)
        self.assertRegex(strict_loads(self.log()[0][0])["timestamp"],
                         ISO_TIME + "Z$")

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
        self.setenv(FORMAT, "json")
        config.applyEnvironment()
        items = ["a"]
        self.logger.warning("%s", items)
        items.append("b")
        self.flush()
        line = strict_loads(self.lines(self.stdout)[0])
        self.assertEqual("['a']", line["message"])

        class Copying(logging.handlers.QueueHandler):
            def prepare(self, record):
                return copy.copy(record)

        # logging's own prepare() loses such a record.
        self.logger.handlers.clear()
        front = Copying(self.front.queue)
        front.listener = self.front.listener
        self.logger.addHandler(front)
        config.applyEnvironment()
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


if __name__ == "__main__":
    unittest.main()
