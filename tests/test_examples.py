"""The programs in examples/ print what their "# Output:" comment says."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from . import PACKAGE
from .support import strict_loads

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("the examples import jsonlogging")

import jsonlogging

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"
ARGUMENTS = {"elvis": ["--seed", "7", "--count", "6", "--interval", "0"]}

# What differs from run to run or from Python to Python.
MASKS = [
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z"),
     r"<time\1>"),
    (re.compile(r'File (\\?")[^"\\]*/([^"/\\]+)\1, line \d+'),
     r"File <\2>"),
    # Tracebacks underline the place since Python 3.11.
    (re.compile(r"(\n|\\n) +[~^]+(?=\1)"), ""),
    (re.compile(r'"(pid|thread":\{"id)":\d+'), r'"\1":<number>'),
]


def mask(text):
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    # The first mask keeps microseconds apart from milliseconds.
    return re.sub(r"<time(\d*)>",
                  lambda match: "<us>" if match[1] else "<ms>", text)


def environment():
    """Return an environ in which programs find the package under test."""
    env = dict(os.environ)
    folder = str(pathlib.Path(jsonlogging.__file__).parent.parent)
    env["PYTHONPATH"] = os.pathsep.join(
        filter(None, [folder, env.get("PYTHONPATH")]))
    env.pop("PYTHONWARNDEFAULTENCODING", None)
    return env


class ExamplesTestCase(unittest.TestCase):

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_example(self, name, *args):
        """Run a program; return its result, which has no errors."""
        result = subprocess.run(
            [sys.executable, str(EXAMPLES / (name + ".py")), *args],
            cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def elvis_json(self):
        """Return the parsed lines of elvis.json, each strict JSON."""
        data = (self.folder / "elvis.json").read_bytes()
        self.assertTrue(data.endswith(b"\n"))
        return [strict_loads(line) for line in data[:-1].split(b"\n")]


class OutputTests(ExamplesTestCase):

    def test_output_is_as_documented(self):
        """Every example prints the output that it shows."""
        programs = sorted(EXAMPLES.glob("*.py"))
        self.assertTrue(programs)
        for path in programs:
            with self.subTest(path.name):
                source = path.read_text(encoding="utf-8")
                _, found, comment = source.partition("\n# Output:\n")
                self.assertTrue(found, "no # Output:")
                expected = re.sub("(?m)^# ?", "", comment)
                output = self.run_example(path.stem,
                                          *ARGUMENTS.get(path.stem, ()))
                self.assertEqual(mask(output), mask(expected))

    def test_every_example_explains_itself(self):
        """Every example begins with a docstring."""
        for path in sorted(EXAMPLES.glob("*.py")):
            with self.subTest(path.name):
                source = path.read_text(encoding="utf-8")
                self.assertTrue(source.startswith('"""'))


class ElvisTests(ExamplesTestCase):

    def messages(self, *args):
        self.run_example("elvis", "--interval", "0", *args)
        lines = self.elvis_json()
        (self.folder / "elvis.json").unlink()
        return [(line["level"], line["message"]) for line in lines]

    def test_twenty_records(self):
        """Without --count there are 20 records in stdout and elvis.json."""
        output = self.run_example("elvis", "--interval", "0")
        lines = self.elvis_json()
        self.assertEqual(len(lines), 20)
        self.assertEqual(len(output.splitlines()), 5 + 20)

    def test_one_record_is_shown_twice(self):
        """The program begins with a text line and its JSON twin."""
        output = self.run_example("elvis", "--count", "1")
        _, text, _, line, empty, *_ = output.splitlines()
        self.assertEqual(empty, "")
        time, level, logger, message = text.split(" ", 3)
        self.assertEqual(
            strict_loads(line),
            {"timestamp": time, "level": level, "logger": logger,
             "message": message,
             "http": {"request": {"body": {"content": message}}}})

    def test_stdout_and_file_agree(self):
        """Each record is in stdout as text and in elvis.json as JSON."""
        output = self.run_example("elvis", "--interval", "0")
        for text, line in zip(output.splitlines()[5:], self.elvis_json()):
            self.assertEqual(text, "{timestamp} {level} {logger} {message}"
                             .format_map(line))
            self.assertEqual(line["http"]["request"]["body"]["content"],
                             line["message"])

    def test_count(self):
        """--count is the number of records."""
        self.assertEqual(len(self.messages("--count", "3")), 3)

    def test_seed(self):
        """--seed gives the same messages in every run."""
        first = self.messages("--seed", "1", "--count", "50")
        self.assertEqual(self.messages("--seed", "1", "--count", "50"), first)
        self.assertNotEqual(self.messages("--seed", "2", "--count", "50"),
                            first)

    def test_all_messages_and_levels(self):
        """All twelve messages of the tutorial come, in four levels."""
        seen = set(self.messages("--seed", "1", "--count", "500"))
        self.assertEqual(len(seen), 12)
        self.assertEqual({level for level, _ in seen},
                         {"INFO", "WARNING", "ERROR", "CRITICAL"})
        self.assertIn(("INFO", "Elvis has left the oven on."), seen)
        self.assertIn(("CRITICAL", "Elvis's train has left the station."),
                      seen)

    def test_file_is_appended_to(self):
        """A second run leaves the lines of the first in elvis.json."""
        self.run_example("elvis", "--count", "2", "--interval", "0")
        self.run_example("elvis", "--count", "3", "--interval", "0")
        self.assertEqual(len(self.elvis_json()), 5)

    def test_wrong_options_are_refused(self):
        """A count or interval below 0, or no number, is a usage error."""
        for args in (["--count", "-1"], ["--count", "x"],
                     ["--interval", "-1"], ["--interval", "nan"],
                     ["--interval", "inf"]):
            with self.subTest(args=args):
                result = subprocess.run(
                    [sys.executable, str(EXAMPLES / "elvis.py"), *args],
                    cwd=self.folder, env=environment(),
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                self.assertEqual(result.returncode, 2)
                self.assertIn(b"usage:", result.stderr)
        self.assertEqual(list(self.folder.iterdir()), [])

    def start_endless(self, *args):
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / "elvis.py"), "--count", "0",
             *args],
            cwd=self.folder, env=environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8")
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    @unittest.skipIf(sys.platform == "win32", "sends SIGINT to a process")
    def test_ctrl_c_ends_it_cleanly(self):
        """--count 0 logs until Ctrl-C: no traceback, status 130, all lines."""
        for args in (["--interval", "0"], ["--interval", "3600"]):
            with self.subTest(args=args):
                process = self.start_endless(*args)
                # The sixth line is the first record.
                for _ in range(6):
                    self.assertTrue(process.stdout.readline())
                process.send_signal(signal.SIGINT)
                output, errors = process.communicate(timeout=60)
                self.assertEqual((process.returncode, errors), (130, ""))
                self.assertTrue(self.elvis_json())

    @unittest.skipUnless(hasattr(signal, "SIGPIPE"), "needs SIGPIPE")
    def test_closed_pipe_ends_it_quietly(self):
        """``elvis.py --count 0 | head`` ends without a word."""
        process = self.start_endless("--interval", "0")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.stderr.read(), "")
        self.assertEqual(process.wait(timeout=60), -signal.SIGPIPE)


if __name__ == "__main__":
    unittest.main()
