"""What the pages about the environment say is true."""

import inspect
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from . import PACKAGE

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("the documentation is about jsonlogging")

from jsonlogging import _overrides, config

from . import test_config, test_overrides, test_overrides_property
from .test_examples import EXAMPLES, environment, mask
from .test_pages import pages

GUIDE = (pages.DOCS / "howto" / "environment.rst").read_text(encoding="utf-8")
LIBRARY = (pages.DOCS / "library" / "config.rst").read_text(encoding="utf-8")


class ShellTests(unittest.TestCase):

    maxDiff = None

    def run_shell(self, code, files):
        """
        Return what *code* prints, run by sh beside the examples.

        *files* are those of the reader: names and texts.
        """
        with tempfile.TemporaryDirectory() as folder:
            for name in "unmodified.py", "overridable.py":
                shutil.copy(EXAMPLES / name, folder)
            for name, text in files.items():
                pathlib.Path(folder, name).write_text(text, encoding="utf-8")
            # "python" is the one that runs the tests.
            python = pathlib.Path(folder, "bin", "python")
            python.parent.mkdir()
            python.write_text('#!/bin/sh\nexec "%s" "$@"\n'
                              % sys.executable, encoding="utf-8")
            python.chmod(0o755)
            env = environment()
            env["PATH"] = os.pathsep.join([str(python.parent), env["PATH"]])
            result = subprocess.run(
                ["sh", "-e", "-c", code], cwd=folder, env=env,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", timeout=120)
        self.assertEqual(0, result.returncode, result.stdout)
        return result.stdout

    def test_examples(self):
        """Each block of shell code prints the text after it."""
        checked = 0
        for path in pages.pages():
            found = pages.blocks(path.read_text(encoding="utf-8"))
            for (block, files), output in zip(pages.programs(found),
                                              found[1:]):
                if pages.is_output(output, block) and (
                        not pages.needs_node(block)):
                    with self.subTest(path.name, code=block.code):
                        self.assertEqual(
                            mask(output.code),
                            mask(self.run_shell(block.code, files)))
                        checked += 1
        self.assertGreaterEqual(checked, 13)

    def test_programs(self):
        """Each program that a reader types is short, and is run."""
        for path in pages.pages():
            text = path.read_text(encoding="utf-8")
            found = pages.blocks(text, path.suffix == ".md")
            for number, block in enumerate(found):
                if "caption" in block.options:
                    with self.subTest(path.name, line=block.line):
                        lines = list(filter(None, block.code.split("\n")))
                        self.assertLessEqual(len(lines), 12)
                        after = found[number + 1]
                        self.assertEqual(
                            ("sh", "python %s\n" % block.options["caption"]),
                            (after.language, after.code))

    def test_guide(self):
        """In the guide all shell code has its output."""
        found = pages.blocks(GUIDE)
        for block, output in zip(found, found[1:] + [None]):
            if block.language == "sh":
                with self.subTest(block.code):
                    self.assertTrue(pages.is_output(output, block))

    def test_values(self):
        """Every value in the examples has the form that is documented."""
        found = re.findall(
            r"(PYTHON_LOGGING_\w+)(?:=|: |, value: |\n +value: )\"?"
            r"([\w.,=]+)", GUIDE)
        self.assertGreater(len(found), 15)
        for name, value in found:
            if "DEBGU" not in value:
                settings, problems = config.parseEnvironment({name: value})
                self.assertEqual([], problems)
                self.assertTrue(any(settings[1:]))


class LibraryPageTests(unittest.TestCase):

    def test_every_public_name(self):
        """Each public name has an entry."""
        for name in config.__all__:
            self.assertRegex(
                LIBRARY, r"(?m)^\.\. (function|class):: %s\(" % name)

    def test_signatures(self):
        """The signatures are those of the code."""
        for name in config.__all__:
            thing = getattr(config, name)
            text, = re.findall(r"(?m)^\.\. (?:function|class):: %s\((.*)\)$"
                               % name, LIBRARY)
            if isinstance(thing, type):
                self.assertEqual(", ".join(thing._fields), text)
            else:
                actual = str(inspect.signature(thing))
                self.assertEqual(actual, "(%s)" % text)

    def test_variables(self):
        """The four variables have entries, and there is no other."""
        self.assertEqual(
            {*test_overrides.VARIABLES},
            {*re.findall(r"(?m)^\.\. envvar:: (\w+)", LIBRARY)})

    def test_limits(self):
        """The limits of values are those of the code."""
        text = re.sub(r"\s+", " ", LIBRARY)
        self.assertIn("A value has at most %d bytes, and %d directives." % (
            _overrides._MAX_BYTES, _overrides._MAX_DIRECTIVES), text)

    def test_names_of_tests(self):
        """Each test that a security rule names exists; all are named."""
        named = {*re.findall(r"``(test_\w+)``", LIBRARY)}
        rules = {name for cls in (test_overrides.SecurityTest,
                                  test_config.PrefixTest) for name in vars(cls)
                 if name.startswith("test_")}
        others = {*vars(test_overrides_property.ParseProperties)}
        self.assertLessEqual(named, rules | others)
        self.assertLessEqual(
            rules - named, {"test_warnings_that_are_logged", "test_refuses"})

    def test_nested_variables(self):
        """The table has the nested variables of the code, and no other."""
        found = {tuple(match) for match in re.findall(
            r"``MYAPP_LOG__(\w+?)__ID__(\w+)``", LIBRARY)}
        self.assertEqual({*config._NESTED}, found)


if __name__ == "__main__":
    unittest.main()
