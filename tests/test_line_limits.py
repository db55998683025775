"""Several processes that share one pipe: which lines stay whole."""

import os
import signal
import subprocess
import sys
import unittest

from . import PACKAGE
from .support import strict_loads

# fcntl has the name since Python 3.10; the number is Linux's.
F_SETPIPE_SZ = 1031

FRAME = len('{"message":""}\n')

WRITER = """
import importlib, logging, sys
formatters = importlib.import_module({package!r} + ".formatters")
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(formatters.JSONFormatter({{"message": "message"}},
                                              max_bytes={max_bytes}))
logger = logging.getLogger()
logger.addHandler(handler)
sys.stderr.write("r")
sys.stderr.flush()
for _ in range({count}):
    logger.warning({letter!r} * {length})
"""


def start_writer(pipe, letter, length, count=1, max_bytes=1_000_000):
    """Start a process that logs to *pipe*; return when it has begun."""
    code = WRITER.format(package=PACKAGE, letter=letter, length=length,
                         count=count, max_bytes=max_bytes)
    env = dict(os.environ)
    # Without a buffer the rest of a write that a signal cuts short is lost.
    env.pop("PYTHONUNBUFFERED", None)
    if PACKAGE != "logging":
        package = __import__(PACKAGE)
        folder = os.path.dirname(os.path.dirname(package.__file__))
        env["PYTHONPATH"] = os.pathsep.join(
            filter(None, [folder, env.get("PYTHONPATH")]))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=pipe,
                               stderr=subprocess.PIPE, env=env)
    if process.stderr.read(1) != b"r":
        raise AssertionError(process.communicate()[1].decode())
    return process


def wait_until_blocked(process):
    """Return when *process* sleeps: it has nothing to wait for but room."""
    path = "/proc/%d/stat" % process.pid
    while True:
        with open(path, encoding="ascii", errors="replace") as file:
            state = file.read().rpartition(")")[2].split()[0]
        if state == "S":
            return
        if state in "ZX":
            raise AssertionError("the writer ended too early")
        os.sched_yield()


@unittest.skipUnless(sys.platform == "linux",
                     "makes a pipe small and watches its writers as only "
                     "Linux can (F_SETPIPE_SZ, /proc)")
class SharedPipeTests(unittest.TestCase):

    def setUp(self):
        import fcntl
        self.source, self.pipe = os.pipe()
        self.addCleanup(os.close, self.source)
        # One page: every longer write has to wait for a reader.
        self.room = fcntl.fcntl(self.pipe, F_SETPIPE_SZ, 4096)
        self.processes = []

    def start(self, *args, **kwargs):
        process = start_writer(self.pipe, *args, **kwargs)
        self.processes.append(process)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until_blocked(process)

    @staticmethod
    def line(letter, length):
        """Return the line that is *length* bytes long."""
        text = '{"message":"%s"}\n' % (letter * (length - FRAME))
        return text.encode()

    def read_all(self):
        """Read to the end, one page at a time; return the bytes."""
        os.close(self.pipe)
        data = []
        while True:
            page = os.read(self.source, self.room)
            if not page:
                break
            data.append(page)
        for process in self.processes:
            self.assertEqual(process.wait(), 0)
        return b"".join(data)

    def write_lines(self, bytes_per_line, length, max_bytes=1_000_000):
        """Let two processes write 50 lines each; return (whole, broken)."""
        self.start("a", length, count=50, max_bytes=max_bytes)
        self.start("b", length, count=50, max_bytes=max_bytes)
        whole, broken = [], []
        data = self.read_all()
        self.assertTrue(data.endswith(b"\n"))
        for line in data[:-1].split(b"\n"):
            try:
                message = strict_loads(line)["message"]
            except (ValueError, TypeError, KeyError):
                broken.append(line)
            else:
                self.assertLessEqual(len(line) + 1, bytes_per_line)
                whole.append(message[0])
        return whole, broken

    def assertAllWhole(self, whole, broken):
        self.assertEqual(broken, [])
        self.assertEqual((whole.count("a"), whole.count("b")), (50, 50))

    def test_pipe_buf(self):
        """What one write leaves whole is 4096 bytes on Linux."""
        self.assertEqual(os.fpathconf(self.pipe, "PC_PIPE_BUF"), 4096)

    def test_lines_over_pipe_buf_are_torn(self):
        """A line of 4097 bytes has another process's line inside."""
        self.start("a", 4097 - FRAME)       # all but its newline fits
        writer = self.processes[0]
        # The order in which waiting writers go on is the kernel's choice,
        # but one that is stopped is the last.
        os.kill(writer.pid, signal.SIGSTOP)
        os.waitpid(writer.pid, os.WUNTRACED)
        self.start("b", 10)
        pages = [os.read(self.source, self.room) for _ in self.processes]
        os.kill(writer.pid, signal.SIGCONT)
        pages.append(self.read_all())
        self.assertEqual(pages[0] + pages[2], self.line("a", 4097))
        self.assertEqual(pages[1], self.line("b", 10 + FRAME))

    def test_lines_of_pipe_buf_bytes_stay_whole(self):
        """Lines of 4096 bytes, newline included, never do."""
        self.assertAllWhole(*self.write_lines(4096, 4096 - FRAME))

    def test_max_bytes_keeps_lines_whole(self):
        """max_bytes=4095 is the answer, whatever is logged."""
        self.assertAllWhole(*self.write_lines(4096, 10_000, max_bytes=4095))


if __name__ == "__main__":
    unittest.main()
