"""The command line; __init__.py says what is measured, and how."""

import argparse
import os
import pathlib
import sys

from . import (__doc__ as description, plots, results, shipping, suites,
               tables)

__all__ = ["main"]

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "explanation"
README = ROOT / "README.md"
# Between these README.md has a table.
MARKS = "<!-- begin: python -m benchmarks tables -->", "<!-- end -->"
TABLES = "performance-tables.inc"
# The suites whose figures have limits.
LIMITED = ("three", "formatting", "imports", "memory")


class Progress:
    """A bar on *stream*; if that is no terminal, a line for each task."""

    width = 20

    def __init__(self, stream):
        self.stream, self.live = stream, stream.isatty()

    def __call__(self, done, count, label):
        filled = self.width * done // count
        line = "[%s%s] %d of %d, %s" % (
            "#" * filled, "-" * (self.width - filled), done, count, label)
        if self.live:
            line = "\r%-70s" % line
        if not self.live or done == count:
            line += "\n"
        self.stream.write(line)
        self.stream.flush()


def run(args, only):
    """Return the results of the suites asked for, by default *only*."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    settings = suites.QUICK if args.quick else suites.FULL
    return results.measure(settings, args.only or only, Progress(sys.stderr))


def write_tables(several, directory):
    path = pathlib.Path(directory, TABLES)
    path.write_text(tables.document(several), encoding="utf-8")
    print(path)
    if directory == DOCS:
        write_readme(several)


def with_table(text, results):
    """Return *text*, README.md's, with the table of *results*."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return "%s%s\n%s\n%s%s" % (before, MARKS[0], tables.readme(results),
                               MARKS[1], after)


def write_readme(several):
    README.write_text(with_table(README.read_text(encoding="utf-8"),
                                 several[-1]), encoding="utf-8")
    print(README)


def write_plots(several, directory):
    for chart in plots.charts(several):
        path = pathlib.Path(directory, chart.file + ".svg")
        plots.draw(chart, path)
        print(path)


def run_command(args):
    found = run(args, suites.SUITES)
    print(tables.report(found))
    print("\n%s" % results.save(found, args.output))


def limits_command(args):
    found = run(args, LIMITED)
    print(tables.report(found, ["machine", "limits"]))


def compare_command(args):
    old, new = args.old, args.new
    for key in "machine", "python", "packages", "settings":
        if old[key] != new[key]:
            print("Not the same %s: %s, %s" % (key, old[key], new[key]))
    rows = [[label, *map(tables.number, numbers), verdict]
            for label, *numbers, verdict
            in results.compare(old, new, args.threshold)
            if args.all or verdict]
    if rows:
        print(tables.table(
            ["figure", "old", "new", "new / old", "verdict"], rows))
    else:
        print("No figure differs by more than %g." % args.threshold)
    for word, one, other in ("old", old, new), ("new", new, old):
        only = results.flatten(one).keys() - results.flatten(other).keys()
        if only:
            print("Only in %s: %s" % (word, "; ".join(sorted(
                map(" / ".join, only)))))


def committed():
    """Return the results in the repository, by version."""
    return [*map(results.load, sorted(
        results.COMMITTED.glob("*.json"),
        key=lambda path: (len(path.name), path.name)))]


def publish_command(args):
    print(results.save(run(args, suites.SUITES)))
    several = committed()
    write_tables(several, DOCS)
    write_plots(several, DOCS)


def existing(path):
    """Return the results in the file *path*; an argument's type."""
    try:
        found = results.load(path)
        found["suites"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise argparse.ArgumentTypeError(
            "%s is no results file: %r" % (path, error)) from None
    return found


def possible(path):
    """Return *path*, of a file that can be; an argument's type."""
    if os.path.isdir(path) or not os.path.isdir(os.path.dirname(path) or "."):
        raise argparse.ArgumentTypeError("%s cannot be written" % path)
    return path


def parser():
    top = argparse.ArgumentParser(
        prog="python -m benchmarks", description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def add(name, function, help):
        command = commands.add_parser(name, help=help, description=help)
        command.set_defaults(function=function)
        return command

    for name, function, help in (
            ("run", run_command, "measure, save, print all tables; this is "
             "the command if none is given"),
            ("limits", limits_command, "measure what has a limit"),
            ("publish", publish_command, "measure, save the results in the "
             "repository, make its tables and plots")):
        command = add(name, function, help)
        if name == "publish":
            command.set_defaults(quick=False, only=None)
            continue
        command.add_argument("--quick", action="store_true",
                             help="take less than a minute")
        command.add_argument("--only", nargs="+", choices=[*suites.SUITES],
                             metavar="SUITE", help="of: %(choices)s")
        if name == "run":
            command.add_argument(
                "-o", "--output", default="benchmark.json", metavar="FILE",
                type=possible, help="the results file (default: %(default)s)")
    for name, write in ("tables", write_tables), ("plots", write_plots):
        command = add(name, lambda args, write=write: write(
            args.results or committed(), args.directory),
            "make the documentation's %s of results files" % name)
        command.add_argument("results", nargs="*", type=existing,
                             metavar="RESULTS",
                             help="default: those in benchmarks/results")
        command.add_argument("-d", "--directory", default=DOCS,
                             help="where to (default: docs/explanation)")
    command = add("compare", compare_command,
                  "print what differs between two results files")
    command.add_argument("old", metavar="OLD", type=existing)
    command.add_argument("new", metavar="NEW", type=existing)
    command.add_argument("--all", action="store_true",
                         help="print what does not differ, too")
    command.add_argument("--threshold", type=float, default=0.1,
                         help="a smaller part is no difference "
                              "(default: %(default)s)")
    return top


def main(argv=None):
    argv = [*(sys.argv[1:] if argv is None else argv)]
    if argv[:1] == ["shipping"]:
        shipping.main(argv[1:])
        return
    if not argv or argv[0].startswith("-") and argv[0] not in ("-h",
                                                               "--help"):
        argv.insert(0, "run")
    args = parser().parse_args(argv)
    args.function(args)


if __name__ == "__main__":
    main()
