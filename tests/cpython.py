"""Run CPython's own test_logging on the copy of logging under test.

    export PYTHONPATH=DIRECTORY JSONLOGGING_TEST_PATH=DIRECTORY
    python tests/cpython.py [--install]

DIRECTORY is what pep/apply.py made.  With --install, for which that needs
--environment, the tests find basicConfig(), dictConfig() and fileConfig()
with environment overrides installed, and no variable set.
"""

import importlib
import logging
import os
import pathlib
import sys
import unittest

try:
    from test import test_logging
except ImportError as exc:
    sys.exit(f"{sys.executable} has no test.test_logging ({exc}): install "
             "this Python with its test suite")


def main():
    expected = pathlib.Path(os.environ["JSONLOGGING_TEST_PATH"], "logging")
    for name in ("logging", "logging.handlers", "logging.formatters"):
        module = importlib.import_module(name)
        if pathlib.Path(module.__file__).parent != expected:
            sys.exit(f"{name} is {module.__file__}, not in {expected}")
    if test_logging.logging is not logging:
        sys.exit("test_logging tests another logging")
    what = "test.test_logging"
    if "--install" in sys.argv:
        sys.argv.remove("--install")
        overrides = importlib.import_module("logging.overrides")
        before = logging.basicConfig
        overrides.install()
        if logging.basicConfig is before:
            sys.exit("install() has installed nothing")
        what += ", environment overrides installed"
    print(f"{logging.__file__}: {what}", flush=True)
    unittest.main(module=test_logging)


if __name__ == "__main__":
    main()
