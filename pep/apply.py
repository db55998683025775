"""Make a copy of this Python's logging package with the proposal in it.

    python pep/apply.py DIRECTORY
    PYTHONPATH=DIRECTORY python -c "import logging.formatters"

With --environment the second proposal is in it as well, environment
overrides.  It needs the first; the first does not need it.

    python pep/apply.py --diff

prints what a pull request to CPython would contain, as a unified diff
against this Python's standard library: the files, their tests with the
package's name rebound, the page of the library, the entry for NEWS.  With
--environment it is what the second proposal adds to that, the changes to
logging's three functions among it.

The interpreter's own files are only ever read.
"""

import argparse
import os
import pathlib
import shutil
import sys
import sysconfig

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "jsonlogging"
FILES = ("formatters.py", "_timestamps.py", "_encoder.py", "_exceptions.py")
OPTIONAL = "_fast.py"
# The second proposal, which changes two of logging's own files as well.
ENVIRONMENT = "_overrides.py"
# Not sysconfig's: of a Python in its build directory that is where it would
# be installed.
STDLIB = pathlib.Path(os.__file__).resolve().parent
# Says that a directory was made by this script, and may be replaced.
MARK = "made-by-apply.txt"


class Refused(Exception):
    """The target is not a place to write to."""


def python_directories():
    """Return the directories that hold files of this Python.

    Not its prefix ("data"): a build directory below /usr, or in a
    virtual environment, is a fair target.
    """
    return [STDLIB, *[pathlib.Path(path).resolve()
                      for name, path in sysconfig.get_paths().items()
                      if name != "data"]]


def check(target):
    """Raise Refused if *target*, an absolute path, must not be written."""
    for directory in python_directories():
        if target == directory or directory in target.parents:
            raise Refused(f"{target} is inside Python's own {directory}")
    if target.exists():
        if not target.is_dir():
            raise Refused(f"{target} is not a directory")
        if any(target.iterdir()) and not (target / MARK).is_file():
            raise Refused(f"{target} holds files that are not ours")


def new_files(fast=True, environment=False, source=SOURCE):
    """Return a list of the files that are new in Lib/logging."""
    return [*FILES, *[OPTIONAL] * (fast and (source / OPTIONAL).is_file()),
            *[ENVIRONMENT] * environment]


def apply(target, fast=True, source=SOURCE, environment=False):
    """Write the patched package into *target*, return its path."""
    target = pathlib.Path(target).resolve()
    check(target)
    names = new_files(fast, environment, source)
    stdlib = STDLIB / "logging"
    for name in names:
        if (stdlib / name).exists():
            raise Refused(f"{stdlib} has a file {name} already")
    changed = made("hunks") if environment else {}

    package = target / "logging"
    target.mkdir(parents=True, exist_ok=True)
    (target / MARK).write_text("pep/apply.py may replace this directory.\n",
                               encoding="utf-8")
    if package.exists():
        shutil.rmtree(package)
    shutil.copytree(stdlib, package,
                    ignore=shutil.ignore_patterns("__pycache__"))
    for name in names:
        shutil.copyfile(source / name, package / name)
    for name, (_, new) in changed.items():
        (package / name).write_text(new, encoding="utf-8")
    return package


def made(function, *args):
    """Return what the *function* of patch.py, by its name, makes."""
    import patch    # the first proposal's copy does without it
    try:
        return getattr(patch, function)(*args)
    except patch.Changed as exc:
        raise Refused(exc)


def diff(fast=True, environment=False):
    """Return the patch as text; nothing is written."""
    names = new_files(fast)
    return made("diff", made("second_files", ENVIRONMENT) if environment
                else made("files", names, OPTIONAL in names))


def main():
    parser = argparse.ArgumentParser(
        description="Copy this Python's logging package, with ring 1 of "
                    "jsonlogging added, into DIRECTORY.")
    parser.add_argument("directory", metavar="DIRECTORY", nargs="?",
                        help="a new or empty directory, or one that this "
                             "script made")
    parser.add_argument("--diff", action="store_true",
                        help="print a unified diff; write nothing")
    parser.add_argument("--no-fast", dest="fast", action="store_false",
                        help=f"leave out {OPTIONAL}, the optional fast path")
    parser.add_argument("--environment", action="store_true",
                        help="add the second proposal, environment "
                             "overrides")
    args = parser.parse_args()
    if (args.directory is None) is not args.diff:
        parser.error("give DIRECTORY or --diff")
    try:
        if args.diff:
            text = diff(args.fast, args.environment)
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
            sys.stdout.write(text)
            return
        package = apply(args.directory, args.fast,
                        environment=args.environment)
    except (Refused, OSError) as exc:
        parser.exit(1, f"{parser.prog}: {exc}\n")
    print(os.fspath(package))


if __name__ == "__main__":
    main()
