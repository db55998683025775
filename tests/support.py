"""What the tests share: the package under test, records, a strict parser."""

import copy
import importlib
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings

from . import PACKAGE, conformance

__all__ = ["BaseTest", "ISOFormatter", "JSONFormatter", "PACKAGE",
           "formatters", "import_ring2", "make_record", "plain",
           "run_python", "run_threads", "strict_loads"]

formatters = importlib.import_module(PACKAGE + ".formatters")
ISOFormatter = formatters.ISOFormatter
JSONFormatter = formatters.JSONFormatter


def import_ring2(name):
    """Return the module *name* of ring 2; skip the tests without it."""
    try:
        return importlib.import_module("%s.%s" % (PACKAGE, name))
    except ModuleNotFoundError as error:
        raise unittest.SkipTest(str(error))


def _long(digits):
    number = int(digits)
    if not -2**63 <= number < 2**63:
        raise ValueError("%s does not fit 64 bits" % digits)
    return number


def strict_loads(line):
    """
    Return the object that one *line*, bytes or str, holds.

    Stricter than the conformance kit's parser by our own promise that
    integers fit 64 bits.
    """
    return conformance.strict_loads(line, parse_int=_long)


def plain(formatter):
    """
    Return a copy of *formatter* that has no fast path.

    Its line is what the fast path's has to be, byte for byte.
    """
    formatter = copy.copy(formatter)
    formatter._fast = None
    return formatter


def make_record(msg="hello", *args, **attributes):
    """
    Return the LogRecord of logger "app" at INFO, at a fixed time, with
    *attributes* set on it as a filter would.
    """
    record = logging.LogRecord("app", logging.INFO, "app.py", 7, msg, args,
                               None, "function")
    record.created = 1700000000.123
    record.__dict__.update(attributes)
    return record


def run_threads(*functions, interval=1e-6):
    """Call each function in a thread, all at once; they take turns every
    *interval* seconds."""
    barrier = threading.Barrier(len(functions))

    def run(function):
        barrier.wait()
        function()
    threads = [threading.Thread(target=run, args=(function,))
               for function in functions]
    before = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)


def run_python(code, *args, **environment):
    """
    Run *code* in a new interpreter, in a temporary folder, and return
    its standard output.

    It imports the very package under test that this process imports
    (the installed one, or the patched copy), and these tests as tests.
    """
    root = pathlib.Path(formatters.__file__).parent.parent
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(pathlib.Path(__file__).parent,
                   os.path.join(folder, "tests"), target_is_directory=True)
        env = dict(os.environ, **environment)
        env["PYTHONPATH"] = os.pathsep.join([folder, str(root)])
        code = ("import tests.support as s; assert s.formatters.__file__ == "
                "%r, s.formatters.__file__\n" % formatters.__file__) + code
        result = subprocess.run([sys.executable, "-c", code, *map(str, args)],
                                cwd=folder, env=env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=300)
    if result.returncode:
        raise AssertionError("status %d\n%s" % (
            result.returncode, result.stderr.decode(errors="replace")))
    return result.stdout.decode()


class BaseTest(unittest.TestCase):
    """A test after which the process's settings are what they were."""

    def setUp(self):
        root = logging.getLogger()
        for handler in root.handlers[:]:
            self.addCleanup(root.addHandler, handler)
            root.removeHandler(handler)
        self.addCleanup(self._empty, root)
        self.addCleanup(root.setLevel, root.level)
        self.addCleanup(logging.disable, root.manager.disable)
        self.addCleanup(logging.setLogRecordFactory,
                        logging.getLogRecordFactory())
        self.addCleanup(setattr, logging, "raiseExceptions",
                        logging.raiseExceptions)
        self.addCleanup(sys.setrecursionlimit, sys.getrecursionlimit())
        self.addCleanup(self._limit, getattr(sys, "tracebacklimit", None))
        self.addCleanup(self.set_zone, os.environ.get("TZ"))
        # Keys of records may be bytes beside str, under -bb, too.
        caught = warnings.catch_warnings()
        caught.__enter__()
        self.addCleanup(caught.__exit__, None, None, None)
        warnings.simplefilter("ignore", BytesWarning)

    @staticmethod
    def _empty(root):
        for handler in root.handlers[:]:
            root.removeHandler(handler)
            handler.close()

    @staticmethod
    def _limit(limit):
        if limit is not None:
            sys.tracebacklimit = limit
        elif hasattr(sys, "tracebacklimit"):
            del sys.tracebacklimit

    @staticmethod
    def set_zone(name):
        """Make *name* the local time zone; None is the system's own."""
        if name is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = name
        if hasattr(time, "tzset"):
            time.tzset()
