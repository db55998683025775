"""The figures that were promised, beside those that were measured."""

import collections

from .candidates import ECS, ELEVEN, PEERS, SAME

__all__ = ["AGREEMENT", "Verdict", "agree", "passes", "verdicts"]

# Ratios to text, in the loop of three: row, column, limit.
RATIOS = (
    ("plain", "JSON", 0.38),
    ("args", "JSON", 0.48),
    ("plain", ELEVEN, 0.50),
    ("mix", "JSON", 0.65),
    ("non-ASCII", "JSON", 0.75),
    ("5 extras", "JSON", 1.10),
    ("nested", "JSON", 3.2),
    ("10 KB", "JSON", 2.9),
    ("exception", "JSON", {(3, 9): 0.25, (3, 11): 0.08, (3, 13): 0.03}),
    ("end to end, plain", "JSON", 0.80),
    ("plain, schemas", ECS, 0.65),
)
# From this version on text takes about a third less time, so that the
# same time is a larger ratio.
FAST_TEXT, MORE = (3, 14), 1.3

# How many times as long a peer takes for plain records: peer, one of
# ours, limit.  python-logstash-async prints more fields than even ELEVEN.
PEER_TIMES = (
    ("python-json-logger", "JSON", 8),
    ("python-json-logger, orjson", "JSON", 3),
    ("python-json-logger, msgspec", "JSON", 3),
    ("structlog", "JSON", 13),
    ("python-logstash-async", "JSON", 16),
    ("python-logstash-async", ELEVEN, 16),
)
# The same for exceptions, for each of the peers.
PEER_EXCEPTION = 13
# How many times as long ecs-logging takes for the same fields.
ECS_LOGGING = 25
# Megabytes that 1 000 000 records may add.
GROWTH = 5
# Runs agree if the largest is at most so much above the smallest.
AGREEMENT = 1.1

# *least*: the limit is the smallest value that passes, not the largest.
Verdict = collections.namedtuple("Verdict", "what limit measured runs least")


def passes(verdict):
    """Tell whether the measured value keeps to the limit."""
    if verdict.least:
        return verdict.measured >= verdict.limit
    return verdict.measured <= verdict.limit


def agree(verdict):
    """Tell whether the runs agree."""
    return max(verdict.runs) <= AGREEMENT * min(verdict.runs)


def _limit(limit, version):
    """Return the *limit* for a Python *version*, a tuple."""
    if isinstance(limit, dict):
        limit = limit[max(first for first in limit if first <= version)]
    return limit * (MORE if version >= FAST_TEXT else 1)


def verdicts(results):
    """Return the verdicts on all limits that *results* have values for."""
    version = tuple(map(int, results["python"]["version"].split(".")[:2]))
    suites = results["suites"]
    found = []
    for row, column, limit in RATIOS:
        figure = suites.get("three", {}).get(row, {}).get(column)
        if figure:
            found.append(Verdict(
                "%s, %s" % (row, "11 fields" if column == ELEVEN else column),
                _limit(limit, version), figure["ratio"],
                figure.get("runs", [figure["ratio"]]), False))
    rows = suites.get("formatting", {})

    def times(row, peer, ours):
        return rows[row][peer]["ratio"] / rows[row][ours]["ratio"]

    for peer, ours, limit in PEER_TIMES:
        if peer in rows.get("plain", ()):
            what = "%s, plain, times %s" % (peer, ours)
            found.append(Verdict(what, limit, times("plain", peer, ours), (),
                                 True))
    peers = [peer for peer in PEERS if peer in rows.get("exception", ())]
    if peers:
        fastest = min(times("exception", peer, "JSON") for peer in peers)
        found.append(Verdict("every peer, exception, times JSON",
                             PEER_EXCEPTION, fastest, (), True))
    row = suites.get("three", {}).get("plain, ecs-logging")
    if row:
        found.append(Verdict(
            "ecs-logging, plain, times ECS", ECS_LOGGING,
            row["ecs-logging"]["ratio"] / row[SAME]["ratio"], (), True))
    for name, row in suites.get("memory", {}).items():
        if name != "text" and row["growth in bytes"] is not None:
            what = "MB more after %d records, %s" % (
                results["settings"]["records"], name)
            found.append(Verdict(what, GROWTH,
                                 row["growth in bytes"] / 1e6, (), False))
    row = suites.get("imports", {}).get("import logging, patched")
    if row:
        found.append(Verdict("modules that the patch adds to import logging",
                             0, row["modules"], (), False))
    return found
