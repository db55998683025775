"""Run the recipes, and JSONFormatter, through the conformance kit.

    python pep/evidence/failures.py [--case TEXT] [NAME ...]

prints for each the cases that fail, and how.  The names are those of
recipes.RECIPES and "JSONFormatter"; without one all are run.  The cases
are those of tests/conformance.py, which imports nothing of jsonlogging,
that need no process of their own; with --case those whose sentence has
TEXT in it, of either kind.  The status is 1 if JSONFormatter fails, or
if there is no such case.
"""

import argparse
import collections
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]
# Last, so that an installed package is tested and not its source.
sys.path.append(str(HERE.parent.parent))

from tests import conformance  # noqa: E402
import recipes  # noqa: E402

__all__ = ["FORMATTERS", "judge", "main"]


def ours():
    from jsonlogging import JSONFormatter
    return JSONFormatter()


FORMATTERS = {**recipes.RECIPES, "JSONFormatter": ours}


def judge(name, text=None):
    """Return the results of the formatter *name*: of cases with *text*."""
    cases = [case for case in conformance.CASES
             if (not case.alone if text is None else text in case.sentence)]
    return conformance.run(FORMATTERS[name], cases=cases)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help=", ".join(FORMATTERS))
    parser.add_argument("--case", metavar="TEXT",
                        help="only cases with TEXT in their sentence")
    options = parser.parse_args(argv)
    names = options.names or [*FORMATTERS]
    for name in names:
        if name not in FORMATTERS:
            parser.error("no formatter %r" % name)
    status = 0
    for name in names:
        results = judge(name, options.case)
        failed = [r for r in results if r.outcome != "passed"]
        counts = collections.Counter(r.outcome for r in failed)
        print("%s: %d of %d cases fail%s" % (
            name, len(failed), len(results), "".join(
                ", %d %s" % (counts[outcome], outcome)
                for outcome in conformance.OUTCOMES if counts[outcome])))
        for result in failed:
            print("    %-8s %s" % (result.outcome, result.sentence))
        if not results or failed and name == "JSONFormatter":
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
