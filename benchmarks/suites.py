"""What is measured: suites of tasks, each of which gives some rows.

A suite is a function of the settings and of what makes the formatters,
by name, that returns a list of (label, task).  A task takes nothing and
returns a dict of rows: dicts of columns to figures.  A figure is what
timing.figures() makes, or a number.
"""

import collections
import functools
import os
import pathlib
import subprocess
import sys
import tempfile

from jsonlogging import JSONFormatter

from . import calls, importtime, memory, sizes
from .candidates import (ELEVEN, OURS, PEERS, PLAIN_CORE, SCHEMAS, Unusable,
                         describe, printer)
from .isolation import PATH, isolated
from .records import Records, SHAPES
from .timing import figures, take_turns, thread_time

__all__ = ["FULL", "QUICK", "SUITES", "Settings", "loop_of_three"]

# rounds: of each measurement; batch: records in a round; runs: processes
# that repeat the loop of three; starts: processes that start something
# once; records: for the growth of memory; lines: for their size.
Settings = collections.namedtuple(
    "Settings", "rounds batch runs starts records lines")
FULL = Settings(40, 200, 3, 7, 10**6, 2000)
QUICK = Settings(10, 200, 1, 3, 50_000, 500)

# The loop whose ratios have limits.
THREE = ("text", "JSON", ELEVEN)
# How often a record comes, in seconds, for "rates".
RATES = {"100 000 a second": 1e-5, "1000 a second": 1e-3,
         "100 a second": 1e-2, "1 a second": 1}
ROOT = pathlib.Path(__file__).resolve().parent.parent
APPLY = ROOT / "pep" / "apply.py"


def _chosen(formatters, names):
    return {name: formatters[name] for name in names if name in formatters}


def formatting_jobs(formatters, shape, batch, step=1e-5):
    """Return the jobs of formatting records of *shape*, *step* s apart."""
    records = Records(step)
    make_items = functools.partial(records.batch, shape, batch)
    return {name: (make().format, make_items)
            for name, make in formatters.items()}


def loop_of_three(rounds, batch):
    """Return the rows of one run of the loop that has limits."""
    formatters = _chosen(OURS, THREE)
    rows = {name: figures(take_turns(
        formatting_jobs(formatters, shape, batch), rounds))
        for name, shape in SHAPES.items()}
    with open(os.devnull, "w", encoding="utf-8") as stream:
        found = calls.stream_callers(stream, formatters)
        jobs = calls.jobs(found, SHAPES["plain"], batch)
        rows["end to end, plain"] = figures(take_turns(jobs, rounds))
    # The same for schemas, and for what they are compared with.
    formatters = {"text": OURS["text"], **SCHEMAS}
    rows["plain, schemas"] = figures(take_turns(
        formatting_jobs(formatters, SHAPES["plain"], batch), rounds))
    try:
        describe(printer(PEERS["ecs-logging"]))
    except (ImportError, Unusable):
        return rows
    formatters["ecs-logging"] = PEERS["ecs-logging"]
    rows["plain, ecs-logging"] = figures(take_turns(
        formatting_jobs(formatters, SHAPES["plain"], batch), rounds))
    return rows


def three(settings, formatters):
    """Text with 4 fields, JSON, JSON with 11; alone in their processes."""
    task = functools.partial(isolated, loop_of_three, settings.rounds,
                             settings.batch)
    return [("run %d" % (number + 1), task)
            for number in range(settings.runs)]


def formatting(settings, formatters):
    """Formatter.format(record), for every candidate and shape."""
    def task(name):
        jobs = formatting_jobs(formatters, SHAPES[name], settings.batch)
        return {name: figures(take_turns(jobs, settings.rounds))}
    return [(name, functools.partial(task, name)) for name in SHAPES]


def end_to_end(settings, formatters):
    """logger.info(), from the call to the null device."""
    def task(name):
        with open(os.devnull, "w", encoding="utf-8") as stream:
            with calls.callers(stream, formatters) as found:
                jobs = calls.jobs(found, SHAPES[name], settings.batch)
                return {name: figures(take_turns(jobs, settings.rounds))}
    return [(name, functools.partial(task, name))
            for name in calls.SHAPE_NAMES]


def rates(settings, formatters):
    """Formatting of plain records that come fast or slowly."""
    chosen = _chosen(formatters, [*THREE, PLAIN_CORE, "dict + json",
                                  "dict + orjson"])

    def task(name):
        jobs = formatting_jobs(chosen, SHAPES["plain"], settings.batch,
                               RATES[name])
        return {name: figures(take_turns(jobs, settings.rounds))}
    return [(name, functools.partial(task, name)) for name in RATES]


def first_line(name):
    """Return the nanoseconds of a process's first formatter and line."""
    record = Records().make(SHAPES["plain"])
    make = OURS[name]
    return thread_time(lambda record: make().format(record), [record])


def construction(settings, formatters):
    """Making a formatter, and making it for one record."""
    def made():
        jobs = {name: (lambda _, make=make: make(),
                       lambda: range(settings.batch))
                for name, make in formatters.items()}
        return {"made": figures(take_turns(jobs, settings.rounds))}

    def used():
        records = functools.partial(Records().batch, SHAPES["plain"],
                                    settings.batch)
        jobs = {name: (lambda record, make=make: make().format(record),
                       records)
                for name, make in formatters.items()}
        return {"made, used once": figures(
            take_turns(jobs, settings.rounds))}

    def first():
        times = {name: [isolated(first_line, name)
                        for _ in range(settings.starts)] for name in OURS}
        return {"the first of a process": figures(times)}

    return [("made", made), ("used", used), ("first", first)]


def imports(settings, formatters):
    """Imports: microseconds, and modules beyond those of logging."""
    def task():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, APPLY, folder], check=True,
                           stdout=subprocess.DEVNULL)
            found = importtime.smallest({
                "import logging": ("import logging", None),
                "import logging, patched": ("import logging", folder),
                "import jsonlogging": ("import logging; import jsonlogging",
                                       PATH)}, settings.starts)
        rows = {}
        for name, times in found.items():
            more = importtime.added(found["import logging"], times)
            rows[name] = {"us": times["logging"][1] + sum(more.values()),
                          "modules": len(more)}
        return rows
    return [("modules and times", task)]


def memory_use(settings, formatters):
    """Bytes of a formatter, and what many records leave behind."""
    def task(name):
        growth = isolated(memory.growth, name, settings.records)
        return {name: {**isolated(memory.formatter_bytes, name),
                       **{"growth in " + key: value
                          for key, value in growth.items()}}}
    return [(name, functools.partial(task, name)) for name in THREE]


def lines(settings, formatters):
    """Bytes of a line in English, for every candidate."""
    def task():
        return {name: sizes.line_bytes(make(), "English", settings.lines)
                for name, make in formatters.items()}
    return [("plain and compressed", task)]


def scripts(settings, formatters):
    """Bytes of a JSON line in several scripts, ASCII or not."""
    def task(script):
        columns = {}
        for name in "ASCII", "UTF-8":
            formatter = JSONFormatter(ensure_ascii=name == "ASCII")
            found = sizes.line_bytes(formatter, script, settings.lines)
            columns.update({name: found["plain"],
                            name + ", gzip": found["gzip"]})
        return {script: columns}
    return [(script, functools.partial(task, script))
            for script in sizes.SCRIPTS]


def contract(settings, formatters):
    """What becomes of hostile records: how many, by tests/conformance.py."""
    def task(name):
        outcomes = isolated(count_outcomes, name)
        return {name: {"records": sum(outcomes.values()), **outcomes}}
    return [(name, functools.partial(task, name)) for name in formatters
            if "text" not in name]


def count_outcomes(name):
    """Return how many hostile records the candidate *name* prints how."""
    from tests import conformance as kit    # it imports nothing of ours
    # The others end in a process of their own, at times after a minute.
    cases = [case for case in kit.CASES if not case.alone]
    found = collections.Counter(result.outcome for result in kit.run(
        {**OURS, **PEERS}[name], cases=cases))
    return {outcome: found[outcome] for outcome in kit.OUTCOMES
            if outcome != "crashed"}


SUITES = {
    "three": three,
    "formatting": formatting,
    "end to end": end_to_end,
    "rates": rates,
    "construction": construction,
    "imports": imports,
    "memory": memory_use,
    "lines": lines,
    "scripts": scripts,
    "contract": contract,
}
