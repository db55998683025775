"""Results files: what was measured, where, when and with what."""

import datetime
import hashlib
import json
import os
import pathlib
import platform
import re
import sysconfig

import jsonlogging

from . import calls
from .candidates import (OURS, PEERS, Unusable, examine, printer,
                         versions)
from .suites import SUITES
from .timing import combine

__all__ = ["COMMITTED", "compare", "flatten", "load", "measure", "name",
           "save", "value"]

COMMITTED = pathlib.Path(__file__).resolve().parent / "results"


def _cpu():
    """Return the name of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def environment():
    """
    Return a dict of the machine, the Python and the packages; "code" is
    a digest of this package's modules.
    """
    options = sysconfig.get_config_var("CONFIG_ARGS") or ""
    package = pathlib.Path(jsonlogging.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="seconds"),
        "machine": {"cpu": _cpu(), "cpus": os.cpu_count(),
                    "system": platform.system(),
                    "architecture": platform.machine()},
        "python": {"implementation": platform.python_implementation(),
                   "version": platform.python_version(),
                   "optimised": "--enable-optimizations" in options,
                   "lto": "--with-lto" in options},
        "code": digest.hexdigest()[:12],
        "fast path": (package / "_fast.py").is_file(),
        "packages": versions(),
    }


def measure(settings, only, progress):
    """
    Return the results of the suites *only*, a list of names; raise
    Unusable if a formatter of ours cannot be measured.

    *progress* is called before each task with the number of those done,
    the number of all and a label.
    """
    makers = {**OURS, **PEERS}
    printers = {name: printer(make) for name, make in makers.items()
                if "text" not in name}
    descriptions, missing = examine({**printers,
                                     "loguru": calls.print_loguru})
    for name in OURS.keys() & missing.keys():
        raise Unusable("%s: %s" % (name, missing[name]))
    formatters = {name: make for name, make in makers.items()
                  if name not in missing}
    tasks = [(suite, label, task) for suite in only
             for label, task in SUITES[suite](settings, formatters)]
    parts = {suite: [] for suite in only}
    for number, (suite, label, task) in enumerate(tasks):
        progress(number, len(tasks), "%s: %s" % (suite, label))
        parts[suite].append(task())
    progress(len(tasks), len(tasks), "done")
    return {**environment(), "settings": settings._asdict(),
            "candidates": descriptions, "missing": missing,
            "suites": {suite: combine(part) for suite, part in parts.items()}}


def name(results):
    """Return the name of the Python that *results* are from."""
    python = results["python"]
    return "%s %s" % (python["implementation"],
                      ".".join(python["version"].split(".")[:2]))


def save(results, path=None):
    """Write *results* to *path*, by default that of its Python."""
    if path is None:
        path = COMMITTED / (name(results).replace(" ", "-").lower() + ".json")
    # A figure is a line, for those who look at a difference of files.
    text = re.sub(r"\{[^{}]*\}", lambda match: re.sub(r"\n *", " ", match[0]),
                  json.dumps(results, indent=1))
    pathlib.Path(path).write_text(text + "\n", encoding="utf-8")
    return path


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def value(figure):
    """Return the number that a figure is, or its ratio; None for None."""
    return figure["ratio"] if isinstance(figure, dict) else figure


def flatten(results):
    """Return a dict of the numbers in *results*: by suite, row, column."""
    return {(suite, row, column): value(figure)
            for suite, rows in results["suites"].items()
            for row, found in rows.items()
            for column, figure in found.items()}


def compare(old, new, threshold):
    """
    Yield (label, old, new, ratio, verdict) of each number in both.

    All numbers are costs.  The verdict is "" unless the ratio differs
    from one by more than the part *threshold*.
    """
    before, after = flatten(old), flatten(new)
    for key in before:
        if before[key] and after.get(key) is not None:
            ratio = after[key] / before[key]
            verdict = ("worse" if ratio > 1 + threshold else
                       "better" if ratio < 1 / (1 + threshold) else "")
            yield " / ".join(key), before[key], after[key], ratio, verdict
