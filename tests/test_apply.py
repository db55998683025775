"""pep/apply.py: the copy is exact, and nothing else is ever written."""

import hashlib
import importlib.util
import json
import os
import pathlib
import re
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
            [sys.executable, *filter(None, [script]), *args],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
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
        """The second proposal is added on request, with its changes."""
        self.run_script(self.target)
        first = contents(self.target / "logging")
        self.run_script("--environment", self.target)
        both = contents(self.target / "logging")
        overrides = contents(ROOT / "jsonlogging")["_overrides.py"]
        self.assertEqual(overrides, both.pop("_overrides.py"))
        self.assertEqual({"__init__.py", "config.py"}, {
            name for name in both if both[name] != first.get(name)})
        levels = self.run_copy(
            "import json, logging, os; logging.basicConfig(); "
            "before = logging.root.level; "
            "os.environ['PYTHON_LOGGING_LEVEL'] = 'INFO'; "
            "logging.basicConfig(); "
            "print(json.dumps([before, logging.root.level]))")
        self.assertEqual([30, 20], levels)
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

    def test_refuses_functions_of_another_form(self):
        """A Python that has *env* already is refused before a file is made."""
        code = ("import sys; sys.path.insert(0, %r); import apply, patch\n"
                "def with_env(*args): raise patch.Changed('the head of f')\n"
                "patch.with_env = with_env\nsys.argv[1:] = %r\napply.main()"
                % (str(SCRIPT.parent), ["--environment", str(self.target)]))
        self.assertIn("the head of f", self.run_script(
            "-c", code, script=None, status=1))
        self.assertFalse(self.target.exists())

    def test_refuses_to_overwrite(self):
        """A Python that has such a file already is refused."""
        with mock.patch.object(apply, "FILES", ("handlers.py",)):
            with self.assertRaisesRegex(apply.Refused, "handlers.py already"):
                apply.apply(self.target)
        self.assertFalse(self.target.exists())


def applied(diff, old):
    """Return the files that *diff* makes of *old*, a function of paths."""
    files = {}
    for part in re.split(r"^diff --git a/.* b/", diff, flags=re.M)[1:]:
        path, _, body = part.partition("\n")
        lines, result, at = old(path), [], 0
        for hunk in re.split(r"^(?=@@ )", body, flags=re.M)[1:]:
            head, _, text = hunk.partition("\n")
            start = int(re.match(r"@@ -(\d+)", head)[1])
            result += lines[at:max(start - 1, 0)]
            at = max(start - 1, 0)
            for line in text.split("\n")[:-1]:
                if line[0] in " -":
                    assert lines[at] == line[1:], (path, line)
                    at += 1
                if line[0] in " +":
                    result.append(line[1:])
        files[path] = "".join(line + "\n" for line in result + lines[at:])
    return files


class DiffTest(unittest.TestCase):
    """What is printed for a pull request to CPython."""

    def diff(self, *options):
        output = subprocess.run(
            [sys.executable, SCRIPT, "--diff", *options], check=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(b"", output.stderr)
        return applied(output.stdout.decode(), self.old)

    def old(self, path):
        if path.startswith("Lib/logging/"):
            name = STDLIB / path.rpartition("/")[2]
            if name.exists():
                return name.read_text(encoding="utf-8").split("\n")[:-1]
        return []

    def write(self, files):
        """Write *files* and the rest of logging, return the folder."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        shutil.copytree(STDLIB, root / "Lib" / "logging")
        for path, text in files.items():
            path = root / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return root / "Lib"

    def run_in(self, folder, code, *flags, **environ):
        return subprocess.check_output(
            [sys.executable, *flags, "-c", code], cwd=folder, encoding="utf-8",
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONPATH=os.fspath(folder), **environ))

    def test_first_proposal(self):
        """It has new files only, and logging's own are not touched."""
        files = self.diff()
        changed = [path for path in files if self.old(path)]
        self.assertEqual([], changed)
        for name in (*apply.FILES, apply.OPTIONAL):
            self.assertEqual(
                (ROOT / "jsonlogging" / name).read_text(encoding="utf-8"),
                files["Lib/logging/" + name])
        self.assertIn("Doc/library/logging.formatters.rst", files)
        self.assertNotIn("jsonlogging", "".join(
            text for path, text in files.items()
            if not path.startswith("Lib/test/")))
        self.assertEqual(1, sum(path.startswith("Misc/") for path in files))

    def test_plain_core(self):
        """The fast path and its tests can be left out."""
        left = {path for path in self.diff() if path not in self.diff(
            "--no-fast")}
        self.assertEqual({"Lib/logging/_fast.py"}, {
            path for path in left if "/test_" not in path})

    def test_tests_are_bound_to_logging(self):
        """The tests test logging.formatters, without Hypothesis too."""
        files = self.diff()
        tests = {path: text for path, text in files.items()
                 if path.startswith("Lib/test/")}
        self.assertIn('PACKAGE = "logging"\n', tests[
            "Lib/test/test_logging_formatters/__init__.py"])
        for path, text in tests.items():
            self.assertNotRegex(text, "(?m)^(import|from) hypothesis", path)
        folder = self.write(files)
        printed = self.run_in(folder, """if 1:
            import sys, unittest
            sys.path.append("test")
            from test_logging_formatters import test_golden
            print(test_golden.JSONFormatter.__module__)
            unittest.main(module=test_golden, argv=["x", "-q"])
            """)
        # The two streams come in any order.
        self.assertIn("logging.formatters\n", printed)
        self.assertIn("\nOK\n", printed)

    @unittest.skipUnless(importlib.util.find_spec("test.support")
                         and importlib.util.find_spec(
                             "test.support.hypothesis_helper"),
                         "no test.support.hypothesis_helper before 3.12")
    def test_all_tests_pass_in_cpython(self):
        """As regrtest runs them, all pass, and leave logging as it was."""
        folder = self.write({**self.diff(), **self.diff("--environment")})
        printed = self.run_in(folder, """if 1:
            import sys
            sys.path[:0] = [""]
            import glob, logging, unittest
            sys.path.append("test")
            sys.modules["hypothesis"] = None    # CPython has it seldom
            before = [*logging._handlerList], {**logging._handlers}
            suite = unittest.defaultTestLoader.loadTestsFromNames(
                path[len("test/"):-len(".py")].replace("/", ".") for path
                in glob.glob("test/test_logging_formatters/test_*.py"))
            result = unittest.TextTestRunner(verbosity=0).run(suite)
            print([*map(str, result.failures + result.errors)])
            print(result.testsRun > 300)
            print(before == (logging._handlerList, {**logging._handlers}))
            """, "-E", "-bb", "-W", "error")
        self.assertIn("[]\nTrue\nTrue\n", printed)

    def test_second_proposal(self):
        """logging's three functions apply the environment, once it is in."""
        first, second = self.diff(), self.diff("--environment")
        self.assertEqual(set(), first.keys() & second.keys())
        changed = {path for path in second if self.old(path)}
        self.assertEqual({"Lib/logging/__init__.py", "Lib/logging/config.py"},
                         changed)
        page = second["Doc/library/logging.environment.rst"]
        self.assertEqual(4, page.count("versionadded:: next"))
        self.assertNotIn("jsonlogging", page)
        self.assertNotIn("registerFormat", page)
        folder = self.write({**first, **second})
        code = """if 1:
            import logging, logging.config, io, sys
            def level():
                found = logging.getLogger("a").level
                logging.getLogger("a").setLevel(0)
                return found
            logging.basicConfig(env=False)
            print(level())
            logging.basicConfig()
            print(level())
            logging.config.dictConfig({"version": 1}, env=False)
            print(level())
            logging.config.dictConfig({"version": 1})
            print(level())
            text = "[loggers]\\nkeys=root\\n[handlers]\\nkeys=\\n" \
                "[formatters]\\nkeys=\\n[logger_root]\\nhandlers=\\n"
            logging.config.fileConfig(io.StringIO(text), env=False)
            print(level())
            logging.config.fileConfig(io.StringIO(text))
            print(level())
            """
        self.assertEqual("0 7 0 7 0 7".split(), self.run_in(
            folder, code, PYTHON_LOGGING_LEVEL="a=7").split())
        self.assertEqual("0 0 0 0 0 0".split(),
                         self.run_in(folder, code).split())
        # Without a variable nothing is imported.
        code = ("import logging, sys; logging.basicConfig(); "
                "print('logging._overrides' in sys.modules)")
        self.assertEqual("False\n", self.run_in(folder, code))
        self.assertEqual("True\n", self.run_in(
            folder, code, PYTHON_LOGGING_TIME="utc"))
        code = "import sys; sys.path.insert(0, %r); %s" % (str(folder), code)
        self.assertEqual("False\n", self.run_in(
            folder, code, "-E", PYTHON_LOGGING_TIME="utc"))

    def test_page(self):
        """A page that is not what it was is refused."""
        patch = self.load_patch()
        text = (ROOT / "docs" / "library" / "jsonlogging.rst").read_text(
            encoding="utf-8")
        self.assertNotIn("jsonlogging", patch.page(text))
        with self.assertRaises(patch.Changed):
            patch.page(text.replace(".. module::", ".. modul::"))

    def load_patch(self):
        spec = importlib.util.spec_from_file_location(
            "patch", ROOT / "pep" / "patch.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def test_head(self):
        """A function that cannot be given *env* is refused."""
        patch = self.load_patch()
        for doc in '"""Do it."""', '"""\n    Do it.\n    """':
            source = "def f(a):\n    %s\n    a\n" % doc
            new = patch.with_env(source, "f", "b")
            self.assertEqual("def f(a, *, env=True):\n    %s%s    a\n    b\n"
                             % (doc[:-3].rstrip() + "\n", patch.SENTENCE), new)
            compile(new, "new", "exec")
        for source in ("def g(a):\n    'x'\n", "def f(a):\n    a\n",
                       'def f(a): """x"""\n'):
            with self.assertRaises(patch.Changed):
                patch.with_env(source, "f", "b")

    def test_needs_one(self):
        """A directory or --diff, not both and not neither."""
        for args in [], ["--diff", "x"]:
            result = subprocess.run([sys.executable, SCRIPT, *args],
                                    stderr=subprocess.PIPE)
            self.assertEqual(2, result.returncode)
            self.assertIn(b"give DIRECTORY or --diff", result.stderr)


if __name__ == "__main__":
    unittest.main()
