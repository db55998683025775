"""Write the figures of the PEPs, from what is measured and counted.

    python pep/figures.py [NAME ...]     print the blocks
    python pep/figures.py --write        put them into the PEPs

A block stands in a PEP between the comments ".. begin: NAME" and
".. end: NAME".  "performance" comes from benchmarks/results, "recipes"
from pep/evidence/failures.py, "sizes" from the source.  pep/check.py
fails if a PEP does not have what this writes.
"""

import argparse
import pathlib
import platform
import re
import sys
import textwrap

PEP = pathlib.Path(__file__).resolve().parent
ROOT = PEP.parent
sys.path[:0] = [str(PEP / "evidence")]
# Last, so that an installed package is judged and not its source.
sys.path.append(str(ROOT))

from benchmarks import results, tables  # noqa: E402
from tests.test_architecture import code_lines  # noqa: E402
import apply  # noqa: E402
import failures  # noqa: E402

__all__ = ["BLOCKS", "FILES", "differences", "replace"]

FILES = tuple(sorted(PEP.glob("pep-*.rst")))

# Ten of the kit's cases, by their sentences.
SHOWN = (
    "Quotes and backslashes in a message stay what they are, in one line.",
    "Forged second lines in a message stay what they are, in one line.",
    "A naive datetime is ISO 8601.",
    "nan as a value leaves valid JSON: null or text.",
    "A dict key that is a tuple costs neither record nor value.",
    "A cycle costs no record.",
    "Own names with 0 underscores forge and lose nothing.",
    "Lone surrogates in a message leave valid JSON and the rest.",
    "Arguments that are no tuple cost no record.",
    "The time of created=1700000000.123 is right, in RFC 3339.",
)
RECORDS = ("plain", "args", "5 extras", "nested", "exception, cold",
           "exception", "non-ASCII", "10 KB", "mix")
CANDIDATES = {"JSON, plain core": "plain core", "JSON": "with fast path",
              "dict + json": "dict + json"}
# What is measured otherwise: the suite, its row, and its name here.
OTHERS = (("end to end", "plain", "logging call, plain"),
          ("rates", "1000 a second", "plain, 1000 a second"),
          ("rates", "1 a second", "plain, 1 a second"),
          ("construction", "made, used once", "made, used once"))


def recipes():
    """Return a table of what the recipes do with cases of the kit."""
    judged = {name: failures.judge(name) for name in failures.FORMATTERS}
    by_sentence = {name: {result.sentence: result.outcome
                          for result in found}
                   for name, found in judged.items()}
    failed = {name: sum(result.outcome != "passed" for result in found)
              for name, found in judged.items()}
    rows = [["%d" % failed[name] for name in judged]
            + ["**of %d cases fail**" % len(next(iter(judged.values())))]]
    for sentence in SHOWN:
        first, *others = textwrap.wrap(
            sentence.replace("RFC 3339", ":rfc:`3339`"), 79 - 5 * 10)
        rows.append([by_sentence[name][sentence].replace("passed", "ok")
                     for name in judged] + [first])
        # An empty first column would be another line of its cell.
        rows += [["\\"] + [""] * (len(judged) - 1) + [line]
                 for line in others]
    header = ["string", "cookbook", "dumps", "dumps, str", "proposed",
              "case"]
    text = _joined(tables.table(header, rows))
    return "%s\n\n(CPython %s)" % (text, platform.python_version())


def _joined(table):
    r"""Return *table* with rows that begin with "\" as continuations."""
    return re.sub(r"^\\", " ", table, flags=re.MULTILINE)


def performance():
    """Return the tables of the results files."""
    parts = []
    for path in sorted(results.COMMITTED.glob("*.json")):
        found = results.load(path)
        suite = found["suites"]["formatting"]
        rows = [(record, suite[record]) for record in RECORDS]
        rows += [(shown, found["suites"][suite][row])
                 for suite, row, shown in OTHERS]
        parts.append("%s, %s:\n\n%s" % (
            results.name(found), found["date"][:10], tables.table(
                ["record", *CANDIDATES.values()],
                [[shown, *(tables.number(row[name]["ratio"])
                           if name in row else "--" for name in CANDIDATES)]
                 for shown, row in rows])))
    return "\n\n".join(parts)


def costs():
    """Return a table of what importing and keeping the formatters costs."""
    files = [results.load(path)
             for path in sorted(results.COMMITTED.glob("*.json"))]

    def row(name, value):
        return [name, *(value(found["suites"]) for found in files)]

    def imports(name, key):
        return lambda suites: "%d" % suites["imports"][name][key]

    def grown(name):
        return lambda suites: "%.1f" % (
            suites["memory"][name]["growth in bytes"] / 1e6)

    return tables.table(["", *map(results.name, files)], [
        row("``import logging``, µs", imports("import logging", "us")),
        row("the same on the patched copy, µs",
            imports("import logging, patched", "us")),
        row("modules that the patch adds to it",
            imports("import logging, patched", "modules")),
        row("``import jsonlogging``, µs", imports("import jsonlogging", "us")),
        row("modules that it adds", imports("import jsonlogging", "modules")),
        row("memory in use after 10\\ :sup:`6` records, MB", grown("JSON")),
        row("the same of :class:`logging.Formatter`, MB", grown("text"))])


def sizes():
    """Return a table of the lines of code of the proposed files."""
    rows = [[name, "%d" % code_lines(ROOT / "jsonlogging" / name)]
            for name in apply.FILES]
    total = sum(int(count) for _, count in rows)
    rows.append(["plain core", "%d" % total])
    path = ROOT / "jsonlogging" / apply.OPTIONAL
    if path.is_file():
        rows.append(["%s (optional)" % apply.OPTIONAL,
                     "%d" % code_lines(path)])
    return tables.table(["file", "lines of code"], rows)


def overrides():
    """Return the sentence about the size of the second proposal."""
    return "``%s`` has %d lines of code." % (
        apply.ENVIRONMENT, code_lines(ROOT / "jsonlogging" / apply.ENVIRONMENT))


BLOCKS = {"recipes": recipes, "performance": performance, "costs": costs,
          "sizes": sizes, "overrides": overrides}


def _pattern(name):
    return re.compile(r"(^\.\. begin: %s [^\n]*\n)(.*?)(^\.\. end: %s\.?$)"
                      % (name, name), re.MULTILINE | re.DOTALL)


def replace(text, blocks):
    """Return *text* with the text of *blocks*, a dict, in its places."""
    for name, block in blocks.items():
        text = _pattern(name).sub(
            lambda match: "%s\n%s\n\n%s" % (match[1], block, match[3]), text)
    return text


def _same(name, old, new):
    """Tell whether the block *name* is as good as what is made now."""
    if name == "recipes":
        versions = [re.findall(r"\(CPython .*\)", text)
                    for text in (old, new)]
        if versions[0] != versions[1]:
            # Another Python fails in other cases; ours in none.
            counts = [re.search(r"^(\d+ +){5}\*\*of", text, re.MULTILINE)
                      for text in (old, new)]
            return all(count and int(count[0].split()[4]) == 0 and all(
                int(each) > 100 for each in count[0].split()[:4])
                for count in counts)
    return old.strip() == new.strip()


def differences(text, blocks):
    """Return the names of those of *blocks* that *text* has otherwise."""
    found = []
    for name, block in blocks.items():
        match = _pattern(name).search(text)
        if match and not _same(name, match[2], block):
            found.append(name)
    return found


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=", ".join(BLOCKS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(BLOCKS)
    if unknown:
        parser.error("no block %s" % ", ".join(sorted(unknown)))
    blocks = {name: BLOCKS[name]() for name in options.names or BLOCKS}
    if not options.write:
        print("\n\n".join(blocks.values()))
        return
    for path in FILES:
        old = path.read_text(encoding="utf-8")
        new = replace(old, blocks)
        if new != old:
            path.write_text(new, encoding="utf-8")
            print(path)


if __name__ == "__main__":
    main()
