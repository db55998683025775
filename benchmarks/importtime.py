"""Print what "import jsonlogging" adds to "import logging".

Each line is a module that the import loads, with its own and its
cumulative time in microseconds: the smallest of several runs of
-X importtime, each in a new interpreter.
"""

import re
import subprocess
import sys
import tempfile

RUNS = 7
LINE = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)$")


def import_times(code):
    """Return a list of (module, own, cumulative) of what *code* imports."""
    # A folder of its own: the source tree must not be the package.
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code], cwd=folder,
            stderr=subprocess.PIPE, check=True, encoding="utf-8")
    return [(match[4], int(match[1]), int(match[2]))
            for match in map(LINE.match, result.stderr.splitlines()) if match]


def smallest(code):
    """Return a dict of module to its smallest (own, cumulative)."""
    times = {}
    for _ in range(RUNS):
        for module, own, cumulative in import_times(code):
            best = times.get(module, (own, cumulative))
            times[module] = min(best[0], own), min(best[1], cumulative)
    return times


def main():
    logging = smallest("import logging")
    both = smallest("import logging; import jsonlogging")
    print(f"Python {sys.version.split()[0]}, smallest of {RUNS} runs, "
          "microseconds")
    print(f"{'self':>8} {'cumulative':>10}  module")
    print(f"{'':8} {logging['logging'][1]:10}  logging")
    total = 0
    for module, (own, cumulative) in both.items():
        if module not in logging:
            total += own
            print(f"{own:8} {cumulative:10}  {module}")
    print(f"{total:8} {'':10}  added by jsonlogging")


if __name__ == "__main__":
    main()
