"""Run CPython's own test_logging, on what the proposals change.

    export PYTHONPATH=DIRECTORY JSONLOGGING_TEST_PATH=DIRECTORY
    python tests/cpython.py

DIRECTORY is what pep/apply.py made.  No variable is set that the second
proposal would read.

    python tests/cpython.py --install

runs it on this Python's own logging, once jsonlogging.config.install()
lets its functions read the variables.

A Python without its test suite is an error if the variable CI is set.
"""

import importlib
import logging
import os
import pathlib
import sys
import unittest


def check_copy():
    """Exit unless logging is the copy, and what the tests will test."""
    expected = pathlib.Path(os.environ["JSONLOGGING_TEST_PATH"], "logging")
    for name in ("logging", "logging.handlers", "logging.formatters"):
        module = importlib.import_module(name)
        if pathlib.Path(module.__file__).parent != expected:
            sys.exit(f"{name} is {module.__file__}, not in {expected}")


def install():
    """Install the overrides, exit if that has no effect."""
    from jsonlogging import config
    before = logging.basicConfig
    config.install()
    if logging.basicConfig is before:
        sys.exit("install() has installed nothing")


def main():
    what = "test.test_logging"
    if "--install" in sys.argv:
        sys.argv.remove("--install")
        install()
        what += ", environment overrides installed"
    else:
        check_copy()
    try:
        from test import test_logging
    except ImportError as exc:
        text = f"{sys.executable} has no test.test_logging ({exc})"
        sys.exit(text if os.environ.get("CI") else print("not run:", text))
    if test_logging.logging is not logging:
        sys.exit("test_logging tests another logging")
    print(f"{logging.__file__}: {what}", flush=True)
    unittest.main(module=test_logging)


if __name__ == "__main__":
    main()
