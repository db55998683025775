"""Streams and files: whole lines, and nobody waits for a slow pipe."""

import io
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

import jsonlogging
from jsonlogging.contrib.stream import (PIPE_BUF, StreamPipelineHandler,
                                        pieces)

from ._peers import make_record
from ._servers import PATIENCE
from .test_pipeline import PipelineTestCase


class PieceTests(unittest.TestCase):

    @given(st.lists(st.text("ab", max_size=30)), st.integers(1, 40))
    def test_pieces(self, lines, size):
        """Pieces are the lines in order, whole ones wherever they fit."""
        lines = [line.encode() + b"\n" for line in lines]
        found = pieces(lines, size)
        self.assertEqual(b"".join(piece for piece, _ in found),
                         b"".join(lines))
        self.assertEqual(sum(ended for _, ended in found), len(lines))
        for piece, ended in found:
            self.assertLessEqual(len(piece), size)
            self.assertEqual(piece.count(b"\n"), ended)
            if ended > 1:
                self.assertTrue(piece.endswith(b"\n"))
        for line in lines:
            if len(line) <= size:   # never in two pieces
                self.assertTrue(any(line in piece for piece, _ in found))


class StreamTests(PipelineTestCase):

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "log")

    def ship(self, *args, **options):
        options.setdefault("backoff", 0.001)
        options.setdefault("backoff_max", 0.01)
        handler = StreamPipelineHandler(*args, **options)
        handler.setFormatter(logging.Formatter("%(message)s"))
        handler.pipeline.make_report = None
        self.addCleanup(handler.close, 0)
        return handler

    def pipe(self):
        """Return both ends of a pipe, the writing one as a stream."""
        read, write = os.pipe()
        stream = open(write, "w", encoding="utf-8")
        self.addCleanup(stream.close)
        reader = open(read, "rb")
        self.addCleanup(reader.close)
        return reader, stream

    def test_file(self):
        """A file is appended to, in UTF-8, line by line."""
        self.path.write_bytes(b"before\n")
        handler = self.ship(filename=self.path)
        for message in ("a", "\u00e9\n  indented", "\ud800", "c"):
            handler.handle(make_record(message))
        self.assertTrue(handler.close(PATIENCE))
        self.assertEqual(self.path.read_bytes(), (
            "before\na\n\u00e9\n  indented\n\\ud800\nc\n").encode())
        self.assertAddsUp(handler, sent=4)

    def test_file_is_moved_away(self):
        """A file that was moved away is made anew."""
        handler = self.ship(filename=str(self.path))
        handler.handle(make_record("a"))
        self.assertTrue(handler.flush(PATIENCE))
        moved = self.path.with_name("log.1")
        self.path.rename(moved)
        handler.handle(make_record("b"))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual((moved.read_bytes(), self.path.read_bytes()),
                         (b"a\n", b"b\n"))

    def test_file_that_cannot_be(self):
        """A file that cannot be opened is an error at once."""
        with self.assertRaises(OSError):
            StreamPipelineHandler(filename=self.path / "x" / "y")

    def test_object(self):
        """An object that is no file is written to and flushed."""
        stream = io.StringIO()
        handler = self.ship(stream)
        for number in range(100):
            handler.handle(make_record("%d", number))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(stream.getvalue(), "".join(
            "%d\n" % number for number in range(100)))

    def test_default_is_stderr(self):
        """The default is standard error, as for StreamHandler."""
        handler = self.ship()
        handler.handle(make_record("a"))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(self.errors.getvalue(), "a\n")

    def test_pipe(self):
        """A pipe gets every line, long ones too."""
        reader, stream = self.pipe()
        handler = self.ship(stream)
        messages = ["x" * (number * 37 % 9000) for number in range(500)]
        result = []
        thread = threading.Thread(target=lambda: result.append(
            [reader.readline() for _ in messages]))
        thread.start()
        for message in messages:
            handler.handle(make_record(message))
        self.assertTrue(handler.flush(PATIENCE))
        thread.join(PATIENCE)
        self.assertEqual(result[0], [message.encode() + b"\n"
                                     for message in messages])

    def test_pipe_that_nobody_empties(self):
        """A full pipe holds up neither callers nor close(); the lines in
        it are whole.
        """
        reader, stream = self.pipe()
        handler = self.ship(stream, capacity=1000)
        start = time.monotonic()
        for number in range(5000):
            handler.handle(make_record("%0100d", number))
        self.assertFalse(handler.close(0.1))
        self.assertLess(time.monotonic() - start, 10)
        stats = self.assertAddsUp(handler, pending=0)
        self.assertGreater(stats["dropped"]["full"], 0)
        self.assertGreater(stats["dropped"]["abandoned"], 0)
        self.wait_for(lambda: handler.pipeline._worker is None)
        stream.close()
        data = reader.read()
        self.assertTrue(data.endswith(b"\n"))
        lines = data.splitlines()
        self.assertEqual(lines, [b"%0100d" % number
                                 for number in range(len(lines))])
        self.assertEqual(len(lines), stats["sent"])

    def test_long_line_is_finished(self):
        """A line that is longer than the pipe takes at once is finished,
        though close() is over.
        """
        reader, stream = self.pipe()
        handler = self.ship(stream)
        handler.handle(make_record("x" * 300_000))
        handler.handle(make_record("never"))
        self.wait_for(lambda: handler.pipeline._in_flight)
        worker = handler.pipeline._worker
        self.assertFalse(handler.close(0.1))
        self.assertEqual(len(reader.readline()), 300_001)
        worker.join(PATIENCE)
        stream.close()
        self.assertEqual(reader.read(), b"")

    def test_reader_is_gone(self):
        """Without a reader records are kept, and the error is said."""
        reader, stream = self.pipe()
        reader.close()
        handler = self.ship(stream)
        handler.handle(make_record("a"))
        self.wait_for(lambda: handler.stats()["last_error"])
        self.assertIn("Broken pipe", handler.stats()["last_error"])
        self.assertAddsUp(handler, pending=1)

    def test_not_blocking(self):
        """A descriptor that somebody has made non-blocking works too."""
        reader, stream = self.pipe()
        os.set_blocking(stream.fileno(), False)
        handler = self.ship(stream)
        for number in range(3000):
            handler.handle(make_record("%0100d", number))
        lines = [reader.readline() for _ in range(3000)]
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(lines, [b"%0100d\n" % n for n in range(3000)])

    def test_disk_full(self):
        """What a full disk has cut is continued, not begun again."""
        handler = self.ship(filename=str(self.path))
        write = os.write
        room = [0]

        def limited(number, data):
            if number != handler.transport._number:
                return write(number, data)
            if not room[0]:
                raise OSError(28, "No space left on device")
            count = write(number, data[:room[0]])
            room[0] -= count
            return count

        with mock.patch.object(os, "write", limited):
            for number in range(20):
                handler.handle(make_record("%04d", number))
            self.wait_for(lambda: handler.stats()["last_error"])
            for size in (3, 1, 7, 12, 100):
                room[0] = size
                self.wait_for(lambda: not room[0] or not handler.stats()[
                    "pending"])
            self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(self.path.read_bytes(), b"".join(
            b"%04d\n" % number for number in range(20)))
        self.assertAddsUp(handler, sent=20)

    def test_options(self):
        """Bad options are errors."""
        for options in ({"stream": sys.stderr, "filename": "x"},
                        {"spool": "x"}, {"encoding": "none-such"},
                        {"filename": 7}, {"capacity": 0}):
            with self.assertRaises((TypeError, ValueError, LookupError)):
                StreamPipelineHandler(**options)

    def test_other_encoding(self):
        """Text is written in the encoding that was asked for."""
        handler = self.ship(filename=self.path, encoding="latin-1",
                            terminator="\r\n")
        handler.handle(make_record("\u00e9\u20ac"))
        self.assertTrue(handler.close(PATIENCE))
        self.assertEqual(self.path.read_bytes(), b"\xe9\\u20ac\r\n")

    def test_stderr_of_a_program(self):
        """Several processes on one pipe do not mix their lines."""
        code = textwrap.dedent("""
            import logging, os
            from jsonlogging.contrib.stream import StreamPipelineHandler
            handler = StreamPipelineHandler()
            handler.setFormatter(logging.Formatter("%(message)s"))
            logging.basicConfig(level="INFO", handlers=[handler])
            for _ in range(4):
                os.fork()
            for number in range(300):
                logging.info("%d:%s", os.getpid(), "x" * 500)
        """)
        env = dict(os.environ, PYTHONPATH=str(
            pathlib.Path(jsonlogging.__file__).parent.parent))
        process = subprocess.Popen([sys.executable, "-B", "-c", code],
                                   env=env, stderr=subprocess.PIPE)
        lines = process.communicate(timeout=PATIENCE)[1].splitlines()
        self.assertEqual(len(lines), 16 * 300)
        for line in lines:
            self.assertRegex(line, rb"^\d+:x{500}$")
        self.assertGreaterEqual(PIPE_BUF, 512)


if __name__ == "__main__":
    unittest.main()
