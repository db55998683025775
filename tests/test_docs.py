"""README.md and docs/ say what is true."""

import inspect
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

from . import PACKAGE
from .support import strict_loads

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("the documentation is about jsonlogging")

import jsonlogging
from jsonlogging import ISOFormatter, JSONFormatter, _exceptions

from .test_examples import environment, mask
from .test_pages import pages

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIBRARY = (ROOT / "docs" / "library" / "jsonlogging.rst").read_text(
    encoding="utf-8")

MAIN_JOB = ("python3 -m venv .venv && .venv/bin/pip install --quiet . && "
            ".venv/bin/python examples/elvis.py")
TESTS = ("python3 -m venv .venv && .venv/bin/pip install --quiet tox && "
         ".venv/bin/tox")

# A formatter in place of README's own.
ECS = """"()": "jsonlogging.contrib.schemas.ECSFormatter",
    "origin": False, "process": False, "exclude_fields": ["event"],
    }},"""

BLOCKS = pages.blocks(README, markdown=True)


class ReadmeTests(unittest.TestCase):

    maxDiff = None

    def run_code(self, code):
        """Return what *code* prints to standard error."""
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(
                [sys.executable, "-c", code], cwd=folder, env=environment(),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                encoding="utf-8", timeout=60)
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        return result.stderr

    def test_length(self):
        """README.md has at most 120 lines."""
        self.assertLessEqual(len(README.splitlines()), 120)

    def test_code_and_output_come_first(self):
        """The first code and its output end by line 25."""
        first, second = BLOCKS[:2]
        self.assertEqual((first.language, second.language),
                         ("python", "json"))
        self.assertLessEqual(second.line + 2, 25)

    def test_code_prints_what_is_shown(self):
        """Each Python block runs, and prints the JSON block after it."""
        checked = 0
        for block, output in zip(BLOCKS, BLOCKS[1:]):
            if block.language != "python":
                continue
            with self.subTest(block.code):
                expected = output.code if output.language == "json" else ""
                self.assertEqual(mask(self.run_code(block.code)),
                                 mask(expected))
                checked += output.language == "json"
        self.assertEqual(checked, 2)

    def test_line_of_ecs(self):
        """The third line is that of the second program, in ECS."""
        block, line = [each for each in BLOCKS
                       if each.language in ("python", "json")][2::2]
        code = re.sub(r'"\(\)": (.*\n)+?    }},', ECS, block.code)
        self.assertEqual(mask(self.run_code(code)), mask(line.code))

    def test_commands(self):
        """README.md has the two commands; .ci/run runs the second."""
        commands = [block.code.strip() for block in BLOCKS
                    if block.language == "sh"]
        self.assertIn(MAIN_JOB, commands)
        self.assertIn(TESTS, commands)
        runner = ROOT / ".ci" / "run"
        if not runner.exists():
            self.skipTest("no .ci/run: this is not a checkout")
        text = runner.read_text(encoding="utf-8").replace("\\\n", " ")
        self.assertIn(TESTS, re.sub(" +", " ", text))


class ProposalTests(unittest.TestCase):
    """What is shown to the developers of Python."""

    maxDiff = None

    def run_code(self, code):
        """Return what *code* prints on Python 3.15, with the proposal."""
        code = code.replace("logging.basicConfig", "config.basicConfig")
        return ReadmeTests.run_code(self, (
            "import logging, sys\n"
            "from jsonlogging import JSONFormatter, config, formatters\n"
            "sys.modules['logging.formatters'] = formatters\n") + code)

    def test_discussion(self):
        """The example of the opening post prints the line behind it."""
        text = (ROOT / "pep" / "discussion.md").read_text(encoding="utf-8")
        code, line = re.findall("(?m)(?:^    .*\n)+", text)
        self.assertEqual(mask(self.run_code(textwrap.dedent(code))),
                         mask(line.strip() + "\n"))

    def test_whats_new(self):
        """The example of the what's-new entry prints a line."""
        text = (ROOT / "pep" / "paste" / "whatsnew.rst").read_text(
            encoding="utf-8")
        code = re.search("(?m)::\n\n((?:^     .*\n|\n)+)", text)[1]
        self.assertIn('"customer":1042}',
                      self.run_code(textwrap.dedent(code)))


class ProseTests(unittest.TestCase):

    def test_no_latin_abbreviations(self):
        """The prose has no abbreviations of Latin words."""
        pattern = re.compile(r"\b(e\.g\.|i\.e\.|etc\b|viz\.|cf\.|et al)")
        paths = [ROOT / "README.md", *(ROOT / "docs").rglob("*.rst")]
        self.assertGreater(len(paths), 10)
        for path in paths:
            with self.subTest(path.name):
                text = path.read_text(encoding="utf-8")
                self.assertIsNone(pattern.search(text))

    def test_no_badges(self):
        """README.md has no pictures."""
        self.assertNotIn("![", README)
        self.assertNotIn("<img", README)


class VersionTests(unittest.TestCase):

    def test_version(self):
        """The version is the same wherever it is written."""
        project, sync, releasing = [
            re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"))
            for name, pattern in (
                ("pyproject.toml", r'(?m)^version = "(.*)"$'),
                ("pep/SYNC.rst", r"This is jsonlogging (\d[\d.]*\d)"),
                ("docs/releasing.rst", r'\bv(\d[\d.]*)|-m "(.*)"'))]
        self.assertEqual(1, len(project))
        self.assertEqual(project, sync)
        self.assertEqual(project * 3, ["".join(pair) for pair in releasing])


class DictConfigPageTests(unittest.TestCase):

    @unittest.skipIf(sys.version_info < (3, 11), "tomllib is new in 3.11")
    def test_toml(self):
        """The configuration in TOML configures what the one in JSON does."""
        page = ROOT / "docs" / "howto" / "dictconfig.rst"
        toml, = [block.code for block in pages.blocks(
            page.read_text(encoding="utf-8")) if block.language == "toml"]
        code = ("import logging.config, sys, tomllib\n"
                "config = tomllib.loads(sys.stdin.read())\n"
                "logging.config.dictConfig(config)\n"
                "logging.getLogger('shop').info('hello')\n")
        result = subprocess.run(
            [sys.executable, "-c", code], input=toml, env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", timeout=60)
        self.assertEqual(result.stderr, "")
        line = strict_loads(result.stdout.rstrip("\n"))
        del line["time"]
        self.assertEqual(line, {
            "severity": "INFO", "logger": "shop", "message": "hello",
            "service": {"name": "shop", "version": "1.4.2"}})


class LibraryPageTests(unittest.TestCase):

    def documented_signature(self, kind, name):
        pattern = r"^ *(?:\.\. %s:: +)?%s\((.*)\)$" % (kind, name)
        text, = re.findall(pattern, LIBRARY, re.MULTILINE)
        namespace = {}
        exec("def function(%s): pass" % text, namespace)
        return inspect.signature(namespace["function"])

    def assertSameSignature(self, documented, function):
        actual = inspect.signature(function)
        parameters = [parameter.replace(annotation=parameter.empty)
                      for name, parameter in actual.parameters.items()
                      if name != "self"]
        self.assertEqual(str(documented),
                         str(inspect.Signature(parameters)))

    def test_signatures_of_classes(self):
        """The signatures of the classes are those of the code."""
        for cls in (ISOFormatter, JSONFormatter):
            with self.subTest(cls):
                self.assertSameSignature(
                    self.documented_signature("class", cls.__name__), cls)

    def test_signatures_of_methods(self):
        """The signatures of the methods are those of the code."""
        for name in ("format", "mapLogRecord", "mapExtra", "formatTime",
                     "formatException", "formatStack", "usesTime"):
            with self.subTest(name):
                self.assertSameSignature(
                    self.documented_signature("method", name),
                    getattr(JSONFormatter, name))

    def test_every_option_is_described(self):
        """Each parameter of a class stands in the text, emphasised."""
        for name in inspect.signature(JSONFormatter).parameters:
            with self.subTest(name):
                self.assertIn("*%s*" % name, LIBRARY)

    def test_every_public_name_is_documented(self):
        """Each public name of the package and class has an entry."""
        for name in jsonlogging.__all__:
            self.assertIn(".. class:: %s(" % name, LIBRARY)
        public = {name for name in vars(JSONFormatter)
                  if not name.startswith("_")}
        for name in public:
            with self.subTest(name):
                self.assertRegex(
                    LIBRARY, r"(?m)^ +(\.\. (method|attribute):: +)?%s(\(|$)"
                    % name)

    def test_class_attributes(self):
        """The documented limits are those of the code."""
        self.assertIn("the line being the first. A class attribute, %d."
                      % JSONFormatter.max_depth,
                      re.sub(r"\s+", " ", LIBRARY))
        self.assertEqual(JSONFormatter.max_items, 10_000)
        self.assertIn("A class attribute, 10 000.", LIBRARY)

    def test_limits_of_tracebacks(self):
        """The documented limits of an exception's text are the code's."""
        text = re.sub(r"\s+", " ", LIBRARY)
        limit = 1000 if sys.version_info >= (3, 10) else 50
        self.assertEqual(_exceptions._MAX_EXCEPTIONS, limit)
        self.assertIn("Only beyond 1000 causes, contexts and members", text)
        self.assertIn("(50 on Python 3.9", text)


def table(name):
    """Return the rows of a list-table: lists of the literals in a cell."""
    _, _, text = LIBRARY.partition(":name: %s\n" % name)
    rows = []
    for line in text.splitlines()[1:]:
        if line.strip() and not line.startswith("   "):
            break
        cell = re.match(r"   (\* -|  -) (.*)", line)
        if cell is None:
            if line.startswith("       "):
                rows[-1][-1] += " " + line.strip()
            continue
        if cell[1] == "* -":
            rows.append([])
        rows[-1].append(cell[2])
    return rows[1:]


def literals(cell):
    return re.findall(r"``(.+?)``(?!`)", cell)


class TableTests(unittest.TestCase):

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        start = LIBRARY.index("   # The objects of the two tables.\n")
        code = []
        for line in LIBRARY[start:].splitlines():
            if line and not line.startswith("   "):
                break
            code.append(line[3:])
        cls.namespace = {"__name__": "shop"}
        exec("\n".join(code), cls.namespace)

    def evaluate(self, expression):
        return eval(expression, self.namespace)

    def test_python_to_json(self):
        """Each Python value in the first table gives the JSON beside it."""
        rows = table("python-to-json-table")
        self.assertGreater(len(rows), 30)
        formatter = JSONFormatter(["value"])
        for row in rows:
            (python,), (text,) = map(literals, row[:2])
            with self.subTest(python):
                line = self.evaluate("log")(
                    "", formatter=formatter, value=self.evaluate(python))
                self.assertEqual(line, '{"value":%s}' % text)
                strict_loads(line)

    def test_degraded_forms(self):
        """Each call in the second table gives what stands beside it."""
        rows = table("degraded-table")
        self.assertGreater(len(rows), 15)
        for _, call, field, entries in rows:
            (call,) = literals(call)
            with self.subTest(call):
                line = self.evaluate(call)
                for text in literals(field):
                    self.assertIn(text, line)
                self.assertEqual(strict_loads(line).get("degraded"),
                                 literals(entries) or None)


if __name__ == "__main__":
    unittest.main()
