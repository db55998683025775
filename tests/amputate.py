"""Run ring 1's tests on what is left when the outer parts are deleted.

    python tests/amputate.py DIRECTORY STEPS PYTEST-ARGUMENT...

A copy of the installed package in the new DIRECTORY loses its parts in
so many STEPS; after each step the tests must still pass, but for those
of what is deleted.
"""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

STEPS = (
    ("_fast.py", "_fast.pyi"),
    ("contrib", "__main__.py"),
    ("config.py", "config.pyi", "_overrides.py", "_overrides.pyi",
     "_queues.py", "_queues.pyi"),
)
RING1 = {"__init__.py", "formatters.py", "_timestamps.py", "_encoder.py",
         "_exceptions.py"}


def delete(package, names):
    """Delete those of *names* that *package* has, return them."""
    there = [name for name in names if (package / name).exists()]
    for name in there:
        path = package / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return there


def without(names):
    """Return arguments that leave out the tests of the modules *names*."""
    tests = pathlib.Path(__file__).parent
    return ["--ignore=%s" % path for name in names if name.endswith(".py")
            for path in tests.glob("test_%s*.py" % name[:-3].strip("_"))]


def run_tests(directory, arguments):
    """Run pytest with the package in *directory* before all others."""
    environ = dict(os.environ, PYTHONPATH=os.fspath(directory),
                   JSONLOGGING_TEST_PATH=os.fspath(directory))
    # The script, not "python -m pytest", which adds the current folder.
    subprocess.run(["pytest", *arguments], env=environ, check=True)


def main():
    directory = pathlib.Path(sys.argv[1])
    steps, arguments = STEPS[:int(sys.argv[2])], sys.argv[3:]
    # Not by import: this process must leave no __pycache__ behind.
    installed = importlib.util.find_spec("jsonlogging").origin
    package = directory / "jsonlogging"
    shutil.copytree(pathlib.Path(installed).parent, package,
                    ignore=shutil.ignore_patterns("__pycache__"))
    for names in steps:
        deleted = delete(package, names)
        last = names is STEPS[-1]
        arguments += without(names)
        if not deleted and not last:
            print(f"== {', '.join(names)}: not there", flush=True)
            continue
        print(f"== without {', '.join(deleted) or 'anything'}", flush=True)
        if last:
            left = {path.name for path in package.iterdir()
                    if path.suffix not in (".pyi", ".typed")
                    and path.name != "__pycache__"}
            if left != RING1:
                sys.exit(f"expected ring 1 alone, found {sorted(left)}")
        try:
            run_tests(directory, arguments)
        except subprocess.CalledProcessError as exc:
            sys.exit(exc.returncode)


if __name__ == "__main__":
    main()
