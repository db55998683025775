"""pep/apply.py: the copy is exact, and nothing else is ever written."""

import hashlib
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "pep" / "apply.py"
STDLIB = pathlib.Path(sysconfig.get_path("stdlib"), "logging")


def load():
    """Import pep/apply.py, which is no module of a package."""
    spec = importlib.util.spec_from_file_location("apply", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


apply = load()


def contents(folder):
    """Return a dict of the files in *folder*: name to digest."""
    return {
        path.relative_to(folder).as_posix():
            hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts}


class ApplyTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name).resolve()
        self.target = self.folder / "patched"

    def run_script(self, *args, script=SCRIPT, status=0):
        """Run the script, return what it prints."""
        result = subprocess.run(
            [sys.executable, script, *args], cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8")
        self.assertEqual(status, result.returncode, result.stdout)
        return result.stdout

    def run_copy(self, code):
        """Run *code* with the copy first on the path, return its JSON."""
        environ = dict(os.environ, PYTHONPATH=os.fspath(self.target))
        output = subprocess.check_output(
            [sys.executable, "-c", code], cwd=self.folder, env=environ,
            encoding="utf-8")
        return json.loads(output)

    def test_files(self):
        """The copy is the standard package and ring 1, byte for byte."""
        before = contents(STDLIB)
        printed = self.run_script(self.target)
        self.assertEqual(self.target / "logging",
                         pathlib.Path(printed.rstrip("\n")))
        ring1 = {name: digest for name, digest
                 in contents(ROOT / "jsonlogging").items()
                 if name in {*apply.FILES, apply.OPTIONAL}}
        self.assertLessEqual(set(apply.FILES), set(ring1))
        self.assertEqual({**before, **ring1},
                         contents(self.target / "logging"))
        self.assertEqual(before, contents(STDLIB))

    def test_fast(self):
        """The fast path is copied where there is one, or left out."""
        source = self.folder / "checkout"
        shutil.copytree(ROOT / "jsonlogging", source / "jsonlogging")
        (source / "jsonlogging" / "_fast.py").write_text(
            "# fast\n", encoding="utf-8")
        (source / "pep").mkdir()
        script = shutil.copy(SCRIPT, source / "pep")
        for options, expected in ([], True), (["--no-fast"], False):
            with self.subTest(options=options):
                self.run_script(*options, self.target, script=script)
                fast = self.target / "logging" / "_fast.py"
                self.assertEqual(expected, fast.exists())

    def test_environment(self):
        """The second proposal is added on request, byte for byte."""
        self.run_script(self.target)
        first = contents(self.target / "logging")
        self.run_script("--environment", self.target)
        both = contents(self.target / "logging")
        config = contents(ROOT / "jsonlogging")["config.py"]
        self.assertEqual({**first, "overrides.py": config}, both)
        environ = self.run_copy(
            "import json, logging.overrides as o; print(json.dumps("
            "o.formatEnvironment(o.parseEnvironment("
            "{'PYTHON_LOGGING_LEVEL': 'INFO'})[0])))")
        self.assertEqual({"PYTHON_LOGGING_LEVEL": "root=20"}, environ)
        self.run_script(self.target)
        self.assertEqual(first, contents(self.target / "logging"))

    def test_imports(self):
        """The copy is imported, as logging and as logging.formatters."""
        self.run_script(self.target)
        paths = self.run_copy(
            "import json, logging.formatters, logging.handlers, sys; "
            "print(json.dumps([sys.modules[name].__file__ for name in "
            "('logging', 'logging.handlers', 'logging.formatters')]))")
        package = self.target / "logging"
        self.assertEqual(
            [os.fspath(package / name) for name
             in ("__init__.py", "handlers.py", "formatters.py")], paths)

    def test_formats(self):
        """The copy's formatters work and name the standard module."""
        self.run_script(self.target)
        line, module = self.run_copy(
            "import json, logging; from logging import formatters as f; "
            "record = logging.makeLogRecord({'msg': 'hello'}); "
            "print(json.dumps([f.JSONFormatter().format(record), "
            "f.JSONFormatter.__module__]))")
        self.assertEqual("hello", json.loads(line)["message"])
        self.assertEqual("logging.formatters", module)

    def test_costs_nothing(self):
        """Importing the copy loads the modules the original loads."""
        code = ("import sys, logging; names = sorted(sys.modules); "
                "import json; print(json.dumps([logging.__file__, names]))")
        original, expected = self.run_copy(code)  # no copy yet
        self.run_script(self.target)
        copy, names = self.run_copy(code)
        self.assertNotEqual(original, copy)
        self.assertEqual(expected, names)

    def test_again(self):
        """The script replaces what it made, and only that."""
        self.run_script(self.target)
        formatters = self.target / "logging" / "formatters.py"
        formatters.write_text("changed", encoding="utf-8")
        stray = self.target / "logging" / "stray.py"
        stray.write_text("", encoding="utf-8")
        other = self.target / "other.txt"
        other.write_text("kept", encoding="utf-8")
        self.run_script(self.target)
        self.assertEqual((ROOT / "jsonlogging" / "formatters.py").read_bytes(),
                         formatters.read_bytes())
        self.assertFalse(stray.exists())
        self.assertEqual("kept", other.read_text(encoding="utf-8"))

    def test_empty_directory(self):
        """An empty directory is a fair target."""
        self.target.mkdir()
        self.run_script(self.target)
        self.assertTrue((self.target / "logging" / "formatters.py").exists())

    def test_refuses_the_interpreter(self):
        """A target among Python's own files is refused."""
        before = contents(STDLIB)
        for name, path in sysconfig.get_paths().items():
            if name == "data":
                continue
            for target in pathlib.Path(path), pathlib.Path(path, "patched"):
                with self.subTest(target=target):
                    there = target.exists()
                    printed = self.run_script(target, status=1)
                    self.assertIn("is inside Python's own", printed)
                    self.assertEqual(there, target.exists())
        self.assertEqual(before, contents(STDLIB))

    def test_refuses_a_link_to_the_interpreter(self):
        """A link does not hide where a target is."""
        link = self.folder / "link"
        link.symlink_to(STDLIB)
        self.assertIn("is inside Python's own",
                      self.run_script(link / "patched", status=1))

    def test_refuses_the_prefix(self):
        """The prefix, which holds files, is refused."""
        for prefix in {sys.prefix, sys.base_prefix}:
            self.assertIn("holds files that are not ours",
                          self.run_script(prefix, status=1))

    def test_refuses_files_of_others(self):
        """A directory with files in it is refused, and left alone."""
        self.target.mkdir()
        (self.target / "mine.txt").write_text("mine", encoding="utf-8")
        self.assertIn("holds files that are not ours",
                      self.run_script(self.target, status=1))
        self.assertEqual(["mine.txt"], os.listdir(self.target))

    def test_refuses_a_file(self):
        """A target that is a file is refused, and left alone."""
        self.target.write_text("mine", encoding="utf-8")
        self.assertIn("is not a directory",
                      self.run_script(self.target, status=1))
        self.assertEqual("mine", self.target.read_text(encoding="utf-8"))

    def test_refuses_to_overwrite(self):
        """A Python that has such a file already is refused."""
        with mock.patch.object(apply, "FILES", ("handlers.py",)):
            with self.assertRaisesRegex(apply.Refused, "handlers.py already"):
                apply.apply(self.target)
        self.assertFalse(self.target.exists())


if __name__ == "__main__":
    unittest.main()
