"""Print what environment overrides cost.

First: deciding and applying them, for a configuration of 50 loggers, with
no variable set, with all four, and at their worst: every logger is named,
and every handler hides it; microseconds, the smallest of several runs.
Then:
what the hook of "python -m jsonlogging autoload" adds to the start of a
Python, with no variable set and with one; microseconds by -X importtime,
the smallest of several runs, each in a new interpreter.  Last: what "run"
imports before the program.
"""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

from importtime import import_times
from jsonlogging import config

LOGGERS = 50
RUNS = 200
STARTS = 15
VARIABLES = {
    "PYTHON_LOGGING_LEVEL": "INFO," + ",".join(
        "shop.part%d=DEBUG" % number for number in range(10)),
    "PYTHON_LOGGING_HANDLER_LEVEL": "console=DEBUG",
    "PYTHON_LOGGING_FORMAT": "json",
    "PYTHON_LOGGING_TIME": "utc",
}
# All 50 are named, and nothing that they say shows.
WORST = {**VARIABLES, "PYTHON_LOGGING_HANDLER_LEVEL": "",
         "PYTHON_LOGGING_LEVEL": ",".join(
             "shop.part%d=DEBUG" % number for number in range(LOGGERS))}


def configure():
    """Configure 50 loggers, five handlers among them."""
    logging.config.dictConfig({
        "version": 1,
        "formatters": {"text": {"format": "%(asctime)s %(message)s"}},
        "handlers": {name: {"class": "logging.StreamHandler",
                            "formatter": "text"}
                     for name in ("console", "a", "b", "c", "d")},
        "loggers": {"shop.part%d" % number: {
            "level": "INFO", "propagate": False,
            "handlers": ["abcd"[number % 4], "console"]}
            for number in range(LOGGERS)},
        "root": {"level": "WARNING", "handlers": ["console"]}})


def hide():
    """Configure 50 loggers, each with a handler that hides what it has."""
    logging.config.dictConfig({
        "version": 1,
        "formatters": {"text": {"format": "%(asctime)s %(message)s"}},
        "handlers": {"h%d" % number: {
            "class": "logging.StreamHandler", "formatter": "text",
            "level": "ERROR"} for number in range(LOGGERS)},
        "loggers": {"shop.part%d" % number: {
            "handlers": ["h%d" % number]} for number in range(LOGGERS)},
        "root": {"level": "WARNING", "handlers": ["h0"]}})


def smallest(environ, configure=configure):
    """Return the nanoseconds of applying *environ* afresh."""
    best = None
    for _ in range(RUNS):
        configure()
        start = time.perf_counter_ns()
        config.applyEnvironment(environ=environ)
        taken = time.perf_counter_ns() - start
        best = taken if best is None else min(best, taken)
    return best


def hook(folder, environ):
    """Return the microseconds of importing the hook in *folder*."""
    best = None
    for _ in range(STARTS):
        times = import_times("", {
            **os.environ, **dict.fromkeys(VARIABLES, ""), **environ,
            "PYTHONPATH": folder}, folder)
        # The last of this name: another may have been imported inside.
        taken = [cumulative for module, _, cumulative in times
                 if module == "sitecustomize"][-1]
        best = taken if best is None else min(best, taken)
    return best


def launch():
    """Return the microseconds of importing all that "run" needs."""
    best = None
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(STARTS):
            code = ("import time; start = time.perf_counter_ns()\n"
                    "from jsonlogging import __main__\n"
                    "import multiprocessing.spawn\n"
                    "print(time.perf_counter_ns() - start)")
            taken = int(subprocess.check_output(
                [sys.executable, "-c", code], cwd=folder)) // 1000
            best = taken if best is None else min(best, taken)
    return best


def main():
    print("Python %s, microseconds" % sys.version.split()[0])
    print("%10.1f  no variable is set" % (smallest({}) / 1000))
    print("%10.1f  all four are, and there are %d loggers"
          % (smallest(VARIABLES) / 1000, LOGGERS))
    warnings.simplefilter("ignore")
    print("%10.1f  all loggers are named, and handlers hide them"
          % (smallest(WORST, hide) / 1000))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "jsonlogging", "autoload",
                        folder], check=True)
        print("%10d  autoload, no variable is set" % hook(folder, {}))
        print("%10d  autoload, one is set" % hook(
            folder, {"PYTHON_LOGGING_LEVEL": "INFO"}))
        # As for another Python than the one that wrote it.
        shutil.rmtree(os.path.join(folder, "__pycache__"))
        print("%10d  autoload, no variable is set, not compiled"
              % hook(folder, {"PYTHONDONTWRITEBYTECODE": "1"}))
    print("%10d  what \"run\" imports" % launch())


if __name__ == "__main__":
    main()
