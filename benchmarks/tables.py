"""Results as tables: reStructuredText that also reads well in a terminal."""

from . import limits
from .candidates import ELEVEN, PEERS
from .results import name, value

__all__ = ["TABLES", "document", "fastest", "number", "numbers", "readme",
           "report", "stages", "table"]

HEAD = """\
.. Made by "python -m benchmarks tables" from benchmarks/results.
   What is changed here is lost.
"""


def number(value):
    """Return *value* as text; if it is no int, with two or three digits."""
    if isinstance(value, int):
        return "%d" % value
    for limit, digits in (0.0995, 3), (9.995, 2), (99.95, 1):
        if abs(value) < limit:
            return "%.*f" % (digits, value)
    return "%.0f" % value


def table(header, rows):
    """Return a simple table of reStructuredText; the cells are texts."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip()
             for cells in [header, *rows]]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _cell(figure, key, scale):
    """Return the text of a figure: of *key*, if it has keys."""
    if figure is None:
        return "--"
    value = figure[key] if isinstance(figure, dict) else figure
    return number(value if scale == 1 else value / scale)


def _by_candidate(suite, key="ratio", scale=1):
    """Return a function: the table of a suite, a candidate in each line."""
    def make(results):
        rows = results["suites"][suite]
        names = dict.fromkeys(name for row in rows.values() for name in row)
        return table(["candidate", *rows], [
            [name, *(_cell(row.get(name), key, scale)
                     for row in rows.values())] for name in names])
    return make


def _by_row(suite, first, key="ratio", scale=1):
    """Return a function: the table of a suite as it is."""
    def make(results):
        rows = results["suites"][suite]
        columns = [*next(iter(rows.values()))]
        return table([first, *columns], [
            [label, *(_cell(row.get(column), key, scale)
                      for column in columns)] for label, row in rows.items()])
    return make


def _limits_table(results):
    rows = []
    for verdict in limits.verdicts(results):
        runs = " ".join(map(number, verdict.runs))
        if runs and not limits.agree(verdict):
            runs += " (apart)"
        rows.append([verdict.what,
                     ("at least " if verdict.least else "at most ")
                     + "%g" % verdict.limit,
                     number(verdict.measured),
                     "pass" if limits.passes(verdict) else "MISS",
                     runs or "--"])
    return table(["figure", "limit", "measured", "verdict", "runs"], rows)


def fastest(results):
    """
    Return a list of (shape, peer, times): the peer that takes the least
    time for a shape, as a multiple of JSON's.
    """
    found = []
    for shape, row in results["suites"]["formatting"].items():
        peers = [peer for peer in PEERS if peer in row]
        if peers:
            peer = min(peers, key=lambda peer: row[peer]["ratio"])
            found.append((shape, peer,
                          row[peer]["ratio"] / row["JSON"]["ratio"]))
    return found


def _fastest_table(results):
    return table(["record", "fastest other", "times JSON's"], [
        [shape, peer, number(times)]
        for shape, peer, times in fastest(results)] or [["--"] * 3])


def stages(results):
    """
    Return a dict of the steps of a logging call with a plain record, in
    nanoseconds, and the formatting of each of our lines.
    """
    row = results["suites"]["end to end"]["plain"]
    ns = {name: figure["ns"] for name, figure in row.items()}
    return {
        "is the level on?": ns["level off"],
        "make the record": ns["nothing emitted"] - ns["level off"],
        "handle and write a line": ns["constant text"]
        - ns["nothing emitted"],
        **{"format: " + name: ns[name] - ns["constant text"]
           for name in ("text", "JSON", ELEVEN)},
    }


def _stages_table(results):
    found = stages(results)
    total = sum(found.values()) - found["format: JSON"] - found[
        "format: " + ELEVEN]
    return table(["step", "ns", "part of a call with text"], [
        [step, number(ns), "%.0f %%" % (100 * ns / total)]
        for step, ns in found.items()])


def _memory_table(results):
    columns = {"bytes, new": ("new", 1), "bytes, used": ("used", 1),
               "MB more": ("growth in bytes", 1e6),
               "blocks more": ("growth in blocks", 1)}
    return table(["candidate", *columns], [
        [name, *(_cell(row[key], key, scale)
                 for key, scale in columns.values())]
        for name, row in results["suites"]["memory"].items()])


def _candidates_table(results):
    rows = [[name, "%d" % found["fields"],
             ", ".join(found["lacks"]) or "nothing"]
            for name, found in results["candidates"].items()]
    rows += [[name, "--", why] for name, why in results["missing"].items()]
    return table(["candidate", "fields", "does not print"], rows)


def _machine_table(results):
    python, machine = results["python"], results["machine"]
    built = [word for word, there in (
        ("profile-guided", python["optimised"]),
        ("link-time", python["lto"])) if there]
    fields = {
        "Date": results["date"][:10],
        "Processor": "%s, %d cores" % (machine["cpu"], machine["cpus"]),
        "System": "%s, %s" % (machine["system"], machine["architecture"]),
        "Python": "%s %s, optimised: %s" % (
            python["implementation"], python["version"],
            ", ".join(built) or "no"),
        "Fast path": "%s, in the code with the digest %s" % (
            "there" if results["fast path"] else "not there",
            results["code"]),
        "Packages": ", ".join("%s %s" % pair for pair
                              in results["packages"].items()) or "none",
    }
    return "\n".join(":%s: %s" % field for field in fields.items())


def numbers(several):
    """
    Return the numbers in the prose: a dict of names to texts, each the
    range over the results of *several* Pythons.
    """
    def three(row, column="JSON"):
        return lambda results: value(
            results["suites"]["three"][row][column])

    def other(row):
        def times(results):
            return next(times for shape, _, times in fastest(results)
                        if shape == row)
        return times

    figures = {
        "json-plain": three("plain"),
        "json-eleven": three("plain", ELEVEN),
        "json-mix": three("mix"),
        "json-exception": three("exception"),
        "json-call": three("end to end, plain"),
        "other-nested": other("nested"),
        "other-long": other("10 KB"),
    }
    found = {}
    for label, figure in figures.items():
        try:
            values = sorted(map(figure, several))
        except (KeyError, StopIteration):
            continue    # no such suite, or no peer
        found[label] = " to ".join(dict.fromkeys(
            [number(values[0]), number(values[-1])]))
    return found


# Title, what makes the table of one file's results, the suites that it is
# made of, and whether other files' results would be the same.
TABLES = {
    "machine": ("Machine and packages", _machine_table, (), False),
    "candidates": ("What each prints", _candidates_table, (), True),
    "limits": ("Figures with limits", _limits_table, (), False),
    "formatting": ("Formatting a record, as a multiple of text's time",
                   _by_candidate("formatting"), ("formatting",), False),
    "fastest": ("The fastest of the others, as a multiple of JSON's time",
                _fastest_table, ("formatting",), False),
    "end-to-end": ("A logging call, as a multiple of text's time",
                   _by_candidate("end to end"), ("end to end",), False),
    "end-to-end-us": ("A logging call, in microseconds",
                      _by_candidate("end to end", "ns", 1000),
                      ("end to end",), False),
    "stages": ("The steps of a logging call", _stages_table,
               ("end to end",), False),
    "rates": ("Formatting a plain record, in nanoseconds",
              _by_row("rates", "records", "ns"), ("rates",), False),
    "construction": ("Making a formatter, in microseconds",
                     _by_candidate("construction", "ns", 1000),
                     ("construction",), False),
    "imports": ("Imports: microseconds, and modules beyond logging's",
                _by_row("imports", "statement"), ("imports",), False),
    "memory": ("Memory of a formatter, and what all records add",
               _memory_table, ("memory",), False),
    "lines": ("Bytes of a line", _by_row("lines", "candidate"), ("lines",),
              True),
    "scripts": ("Bytes of a JSON line", _by_row("scripts", "script"),
                ("scripts",), True),
    "contract": ("What becomes of hostile records",
                 _by_row("contract", "candidate"), ("contract",), False),
}


def _made(results, label):
    """Return the table *label* of one file's results, None if it has none."""
    _, make, suites, _ = TABLES[label]
    if all(suite in results["suites"] for suite in suites):
        return make(results)
    return None


def report(results, labels=TABLES):
    """Return the tables *labels* of one file's results, with titles."""
    found = [(TABLES[label][0], _made(results, label)) for label in labels]
    return "\n\n".join("%s:\n\n%s" % pair for pair in found if pair[1])


def readme(results):
    """Return the table of README.md: Markdown."""
    plain = results["suites"]["formatting"]["plain"]
    lines = ["| formatter | hostile records printed right | a plain record, "
             "in a loop, as a multiple of text's time |", "|---|---|---|"]
    for name, row in results["suites"]["contract"].items():
        if name in plain and "," not in name:   # no variants
            lines.append("| %s | %d of %d | %s |" % (
                "this one" if name == "JSON" else name, row["passed"],
                row["records"], number(value(plain[name]))))
    return "\n".join(lines)


def document(several):
    """Return the text that the documentation includes, part by part."""
    parts = [HEAD, "\n".join(".. |%s| replace:: %s" % pair for pair
                             in numbers(several).items()) + "\n"]
    for label, (_, _, _, once) in TABLES.items():
        blocks = []
        for results in several[:1] if once else several:
            made = _made(results, label)
            if made:
                blocks.append(made if once else "%s:\n\n%s" % (
                    name(results), made))
        parts.append(".. begin: %s.\n\n%s\n\n.. end: %s.\n" % (
            label, "\n\n".join(blocks), label))
    return "\n".join(parts)
