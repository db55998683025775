"""Candidates take turns; their times become ratios."""

import gc
import statistics
import time

__all__ = ["combine", "figures", "take_turns", "thread_time"]

# Rounds before those that count.
WARM_UP = 3


def thread_time(function, items):
    """Return the CPU nanoseconds of calling *function* for each item."""
    clock = time.thread_time_ns
    gc.disable()
    try:
        start = clock()
        for item in items:
            function(item)
        return clock() - start
    finally:
        gc.enable()


def take_turns(jobs, rounds):
    """
    Return a dict: for each job the nanoseconds of an item, by round.

    *jobs* is a dict of (function, make_items): in each round the
    function is called for every item of what make_items() returns.
    """
    names = [*jobs]
    times = {name: [] for name in names}
    for number in range(-WARM_UP, rounds):
        gc.collect()
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            function, make_items = jobs[name]
            items = make_items()
            spent = thread_time(function, items)
            if number >= 0:
                times[name].append(spent / len(items))
    return times


def _digits(number):
    """Return *number* with four significant digits."""
    return float("%.4g" % number)


def figures(times, base="text"):
    """
    Return a figure for each list of times: "ratio" is the median of the
    ratios to *base* in each round, "low" and "high" are the quartiles,
    "ns" is the median of the times.
    """
    found = {}
    for name, spent in times.items():
        ratios = [mine / its for mine, its in zip(spent, times[base])]
        low, ratio, high = statistics.quantiles(ratios, method="inclusive")
        found[name] = {"ratio": _digits(ratio), "low": _digits(low),
                       "high": _digits(high),
                       "ns": _digits(statistics.median(spent))}
    return found


def combine(parts):
    """
    Return the dicts *parts*, of rows of columns of figures, as one.

    A figure that is in several of them is their median, and its "runs"
    are the ratios.
    """
    collected = {}
    for part in parts:
        for row, columns in part.items():
            for column, value in columns.items():
                collected.setdefault(row, {}).setdefault(
                    column, []).append(value)
    return {row: {column: _median(values)
                  for column, values in columns.items()}
            for row, columns in collected.items()}


def _median(values):
    if len(values) == 1:
        return values[0]
    middle = {key: _digits(statistics.median(value[key] for value in values))
              for key in values[0]}
    return {**middle, "runs": [value["ratio"] for value in values]}
