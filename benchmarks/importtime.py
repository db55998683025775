"""Print what "import jsonlogging" adds to "import logging".

Each line is a module that the import loads, with its own and its
cumulative time in microseconds: the smallest of several runs of
-X importtime, each in a new interpreter.
"""

import os
import re
import subprocess
import sys
import tempfile

__all__ = ["RUNS", "added", "import_times", "smallest"]

RUNS = 7
LINE = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)$")


def import_times(code, environ, folder):
    """Return a list of (module, own, cumulative) of what *code* imports."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], cwd=folder,
        env=environ, stderr=subprocess.PIPE, check=True, encoding="utf-8")
    return [(match[4], int(match[1]), int(match[2]))
            for match in map(LINE.match, result.stderr.splitlines()) if match]


def smallest(statements, runs=RUNS):
    """
    Return for each statement a dict of module to its smallest (own,
    cumulative) time.

    *statements* is a dict of (code, path): the path, if not None, is
    where the new interpreter looks first.  The statements take turns.
    """
    found = {name: {} for name in statements}
    # A folder of its own: the source tree must not be the package.
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for run in range(-1, runs):
            for name, (code, path) in statements.items():
                times = import_times(code, {**environ, "PYTHONPATH": path}
                                     if path else environ, folder)
                if run < 0:     # compiles
                    continue
                for module, own, cumulative in times:
                    best = found[name].get(module, (own, cumulative))
                    found[name][module] = (min(best[0], own),
                                           min(best[1], cumulative))
    return found


def added(before, after):
    """Return what *after* has and *before* has not: module to own time."""
    return {module: own for module, (own, _) in after.items()
            if module not in before}


def main():
    logging, both = smallest({
        "logging": ("import logging", None),
        "both": ("import logging; import jsonlogging", None)}).values()
    print(f"Python {sys.version.split()[0]}, smallest of {RUNS} runs, "
          "microseconds")
    print(f"{'self':>8} {'cumulative':>10}  module")
    print(f"{'':8} {logging['logging'][1]:10}  logging")
    ours = added(logging, both)
    for module, own in ours.items():
        print(f"{own:8} {both[module][1]:10}  {module}")
    print(f"{sum(ours.values()):8} {'':10}  added by jsonlogging")


if __name__ == "__main__":
    main()
