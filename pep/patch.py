"""What a pull request to CPython would contain, as a unified diff.

    python pep/apply.py --diff [--no-fast] [--environment]

Everything is generated: from jsonlogging/, tests/ and docs/ of this
checkout, and from the standard library of the running Python.  Only the
entries of what is new, in pep/paste/, are written by hand.
"""

import ast
import difflib
import io
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = "Lib/test/test_logging_formatters/"
ENVIRONMENT_TESTS = ("test_overrides.py", "test_overrides_property.py")
# These are about this package's surroundings, or name modules of tests/.
STAY = ("test_config.py", "test_config_property.py",
        "test_hostile_matrix.py", "test_line_limits.py", "test_queues.py",
        "test_routes.py")
HELPERS = ("blocks.py", "conformance.py", "edges.py", "fuzz.py",
           "strategies.py", "support.py")
NEWS = "Misc/NEWS.d/next/Library/2026-11-26-00-00-00.gh-issue-%s.rst"

# What the page of the library says of the package, and of its other
# pages, has no place in CPython's.  Each must be there.
PAGE = (
    (":mod:`!jsonlogging` --- Log records as JSON, times as RFC 3339\n"
     "==============================================================\n",
     ":mod:`!logging.formatters` --- Log records as JSON, times as RFC 3339\n"
     "=====================================================================\n"
     ),
    (".. module:: jsonlogging\n", ".. module:: logging.formatters\n"),
    (".. versionadded:: next\n", ".. versionadded:: next\n\n"
     "**Source code:** :source:`Lib/logging/formatters.py`\n"),
    ("From Python 3.15 on, ``logging.basicConfig(formatter=JSONFormatter())`` "
     "does the same\nfor the root logger; "
     ":func:`jsonlogging.config.basicConfig` does so on every Python.\n\n"
     "The classes are defined in ``jsonlogging.formatters``, which is "
     "proposed as\n``logging.formatters``.  Their instances can be copied "
     "and, if what they were given can\nbe, pickled.\n",
     "``logging.basicConfig(formatter=JSONFormatter())`` does the same for "
     "the root logger.\n\n"
     "Formatters can be copied and, if what they were given can be, "
     "pickled.\n"),
    ("To prefer the standard library's classes, once it has them:\n\n"
     ".. testcode::\n\n   try:\n"
     "       from logging.formatters import JSONFormatter\n"
     "   except ImportError:\n"
     "       from jsonlogging import JSONFormatter\n\n", ""),
    ("  *defaults* works on every Python, also on 3.9, where\n"
     "   :class:`logging.Formatter` has none.\n", "\n"),
    (" (:doc:`/explanation/performance`)", ""),
    (" (50 on Python 3.9, where :mod:`traceback` recurses along a chain)",
     ""),

    (", or see :doc:`/howto/redaction`", ", or override "
     ":meth:`~JSONFormatter.mapExtra`"),
    ("from jsonlogging import", "from logging.formatters import"),
)


class Changed(Exception):
    """A source is not what this script knows how to rewrite."""


def page(text):
    """Return docs/library/jsonlogging.rst as a page of Doc/library."""
    for old, new in PAGE:
        if old not in text:
            raise Changed("the library page lacks %r" % old)
        text = text.replace(old, new)
    text = re.sub(r"  ``python -m benchmarks`` in the repository prints what "
                  r"a record\ncosts in all\.", "", text)
    # CPython's clock goes on: examples with a time are for the eye.
    text = text.replace(".. doctest::\n", ".. code-block:: pycon\n").replace(
        ".. testcode:: tables\n", ".. code-block:: python\n")
    # CPython has no default role.
    text = re.sub(r"(?<![`:\w])`(~?JSONFormatter\.max_\w+)`(?!`)",
                  r":attr:`\1`", text)
    text = re.sub(r"(?<![`:\w])`(\w+Formatter)`(?!`)", r":class:`\1`", text)
    return text


def environment_page(text):
    """
    Return the section of docs/library/config.rst about the variables, as a
    page of Doc/library.
    """
    match = re.search(r"\nEnvironment variables\n-+\n(.*?)\n\n\S[^\n]*\n-{4,}\n",
                      text, re.DOTALL)
    item = re.search(r"   a name that the program has given to `registerFormat`"
                     r"\n(?:      .*\n)+", text)
    queues = re.search(r"   Behind a queue the exception keeps(?:.|\n)*?\n\n",
                       text)
    if not (match and item and queues):
        raise Changed("docs/library/config.rst, its variables")
    text = match[1].replace(item[0], "").replace(queues[0], (
        "   Behind a queue the message is what "
        ":meth:`.QueueHandler.prepare` has made.  If\n   the formatter of the "
        "``QueueHandler`` is a\n   :class:`~logging.formatters.JSONFormatter`, "
        "the console is left alone.\n\n"))
    text = re.sub(r"`~jsonlogging\.(\w+)`", r":class:`~logging.formatters.\1`",
                  text).replace(":data:`logging.lastResort`",
                                "``logging.lastResort``")
    text = re.sub(r"(?m)^(\.\. envvar:: \w+\n(?:(?!^\.\. envvar).*\n)*?"
                  r".*\S.*\n)(?=\n*(?:\.\. envvar|\Z))",
                  r"\1\n   .. versionadded:: next\n", text)
    return (".. _logging-environment:\n\n"
            "Environment variables for logging\n"
            "=================================\n\n"
            ":func:`logging.basicConfig`, :func:`logging.config.dictConfig` and\n"
            ":func:`logging.config.fileConfig` apply these variables at their "
            "end, unless their\nparameter *env* is false.\n"
            + text.rstrip() + "\n\n"
            ".. audit-event:: logging.env variable,target,value "
            "logging-environment\n\n"
            "Each override raises an auditing event ``logging.env`` before it "
            "is applied.\n")


def rebound(name, text):
    """Return the test file *name* as one of Lib/test."""
    if name == "__init__.py":
        new = re.sub(r"import os\n\n|^PACKAGE = .*$", lambda match: (
            'PACKAGE = "logging"' if match[0][0] == "P" else ""), text,
            flags=re.MULTILINE)
        if 'PACKAGE = "logging"' not in new or "environ" in new:
            raise Changed("tests/__init__.py binds PACKAGE otherwise")
        return new + ('\n\ndef load_tests(*args):\n    import os\n'
                      '    from test.support import load_package_tests\n'
                      '    return load_package_tests('
                      'os.path.dirname(__file__), *args)\n')
    text = re.sub(r"^from tests import", "from . import", text,
                  flags=re.MULTILINE)
    helper = "from test.support.hypothesis_helper import hypothesis"

    def from_helper(match):
        names = [name.split(" as ") for name in match[1].split(", ")]
        return "\n".join([helper, *("%s = hypothesis.%s" % (
            name[-1], name[0]) for name in names)])

    text = re.sub(r"^import hypothesis$", helper, text, flags=re.MULTILINE)
    text = re.sub(r"^from hypothesis import (.+)$", from_helper, text,
                  flags=re.MULTILINE)
    # Once in each file.
    first, found, others = text.partition(helper + "\n")
    return first + found + others.replace(helper + "\n", "")


def test_names(fast):
    """Return the names of ring 1's test files."""
    ini = (ROOT / "tox.ini").read_text(encoding="utf-8")
    project = set(re.findall(r"--ignore=\{tox_root\}/tests/(\w+\.py)", ini))
    names = {path.name for path in (ROOT / "tests").glob("test_*.py")}
    names -= project | {*ENVIRONMENT_TESTS, *STAY}
    return sorted(names if fast else {name for name in names
                                      if not name.startswith("test_fast")})


def with_env(source, name, call, after=""):
    """
    Return *source*, of a module of logging, with *env* in the function
    *name*: a parameter, a sentence in the docstring and, at the end, the
    statement *call*.  *after* follows the function.
    """
    function = next((node for node in ast.parse(source).body
                     if isinstance(node, ast.FunctionDef)
                     and node.name == name), None)
    if function is None:
        raise Changed("no function %s" % name)
    lines = source.splitlines(keepends=True)
    # From the end, so that the numbers stay.
    lines.insert(function.end_lineno, "    %s\n%s" % (call, after))
    if ast.get_docstring(function) is None:
        raise Changed("%s has no docstring" % name)
    index = function.body[0].end_lineno - 1
    begin = lines[index].rstrip()[:-len('"""')].rstrip()
    lines[index] = (begin and begin + "\n") + SENTENCE
    index = function.lineno - 1
    head = lines[index]
    new = head.replace("(**kwargs):", "(*, env=True, **kwargs):")
    if new == head:
        new = head.replace("):\n", ", *, env=True):\n")
    if new == head:
        raise Changed("the head of %s: %s" % (name, head))
    if len(new.rstrip()) > 79:
        indent = " " * len("def %s(" % name)
        new = new.replace(", *, env", ",\n%s*, env" % indent)
    lines[index] = new
    return "".join(lines)


SENTENCE = '''
    If env is true, the environment variables PYTHON_LOGGING_LEVEL,
    PYTHON_LOGGING_HANDLER_LEVEL, PYTHON_LOGGING_FORMAT and
    PYTHON_LOGGING_TIME are applied at the end.
    """
'''
# At the end of each function; without a variable nothing is imported.
CALL = "logging._applyEnvironment(env)"
HELPER = '''
def _applyEnvironment(env):
    """
    Apply the environment variables, if there are any, unless env is false.
    """
    if env and not sys.flags.ignore_environment and any(
            os.environ.get("PYTHON_LOGGING_" + name) for name in (
                "LEVEL", "HANDLER_LEVEL", "FORMAT", "TIME")):
        from ._overrides import applyEnvironment
        applyEnvironment()
'''


def hunks():
    """
    Return a dict of the files of logging that the second proposal changes
    to pairs of old and new text.
    """
    def stdlib(name):
        # Not sysconfig's: see apply.py.
        path = pathlib.Path(os.__file__).parent / "logging" / name
        return path.read_text(encoding="utf-8")

    old = stdlib("__init__.py")
    found = {"__init__.py": (old, with_env(
        old, "basicConfig", CALL.replace("logging.", ""), HELPER))}
    old = new = stdlib("config.py")
    for function in ("fileConfig", "dictConfig"):
        new = with_env(new, function, CALL)
    found["config.py"] = old, new
    return found


def files(names, optional):
    """
    Return a dict of paths in CPython to pairs of old and new text, for the
    first proposal; the old is None for new files.

    *names* are the files of Lib/logging that are new, *optional* tells
    whether the fast path is among them.
    """
    found = {"Lib/logging/" + name: _read("jsonlogging", name)
             for name in names}
    for name in ["__init__.py", *HELPERS, *test_names(optional)]:
        found[TESTS + name] = rebound(name, _read("tests", name))
    for path in sorted((ROOT / "tests" / "data").glob("golden.*")):
        found[TESTS + "data/" + path.name] = path.read_text(encoding="utf-8")
    found["Doc/library/logging.formatters.rst"] = page(
        _read("docs", "library", "jsonlogging.rst"))
    found[NEWS % "77691.formatters"] = _read("pep", "paste", "NEWS.rst")
    return {path: (None, text) for path, text in found.items()}


def second_files(name):
    """Return the same for the second proposal, whose file is *name*."""
    found = {"Lib/logging/" + name: _read("jsonlogging", name)}
    for test in ENVIRONMENT_TESTS:
        found[TESTS + test] = rebound(test, _read("tests", test))
    found["Doc/library/logging.environment.rst"] = environment_page(
        _read("docs", "library", "config.rst"))
    found[NEWS % "77691.environment"] = _read("pep", "paste",
                                              "NEWS-environment.rst")
    found = {path: (None, text) for path, text in found.items()}
    found.update(("Lib/logging/" + name, pair)
                 for name, pair in hunks().items())
    return found


def _read(*parts):
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def diff(found):
    """Return *found*, what files() returned, as a unified diff."""
    output = io.StringIO()
    for path, (old, new) in sorted(found.items()):
        before = [] if old is None else _lines(old)
        output.write("diff --git a/%s b/%s\n" % (path, path))
        if old is None:
            output.write("new file mode 100644\n")
        for line in difflib.unified_diff(
                before, _lines(new),
                "/dev/null" if old is None else "a/" + path, "b/" + path):
            output.write(line)
            if not line.endswith("\n"):
                output.write("\n\\ No newline at end of file\n")
    return output.getvalue()


def _lines(text):
    # Not splitlines(): the corpus has other separators in it.
    return re.findall(r"[^\n]*\n|[^\n]+$", text)
