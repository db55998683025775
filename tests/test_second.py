"""A second implementation, written from the PEP alone, prints the same.

    python tests/test_second.py [--records N] [--seed S] [--first N]

compares tests/second.py with ours, byte for byte: the golden corpus
first, then the cases of edges.py and generated records.  Left out is what PEP 9999 excepts: lines
that would be longer than max_bytes, and the text of tracebacks.
"""

import argparse
import importlib
import importlib.util
import logging
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def load(path):
    spec = importlib.util.spec_from_file_location("second", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["second"] = module
    spec.loader.exec_module(module)
    return module


def twin(record):
    made = logging.LogRecord.__new__(type(record))
    made.__dict__.update(record.__dict__)
    return made


def show(what, ours, theirs):
    at = next((n for n, pair in enumerate(zip(ours, theirs))
               if pair[0] != pair[1]), min(len(ours), len(theirs)))
    low = max(at - 60, 0)
    print("%s: differ at %d\n  ours   %a\n  second %a" % (
        what, at, ours[low:at + 90], theirs[low:at + 90]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", default="second")
    parser.add_argument("--most", type=int, default=10,
                        help="stop after so many differences")
    options = parser.parse_args()
    sys.path.append(str(HERE.parent))
    second = load(HERE / "second.py")
    from tests import blocks, edges, fuzz, support
    ours = support.JSONFormatter

    # The corpus, with its subclasses made of the second implementation.
    support.JSONFormatter = second.JSONFormatter
    support.ISOFormatter = second.ISOFormatter
    golden = importlib.import_module("tests.test_golden")
    expected = golden.EXPECTED.read_bytes().split(b"\n")
    differences = 0
    for case, wanted in zip(golden.cases(), expected):
        support.BaseTest.set_zone(case.get("zone", "UTC"))
        try:
            line = golden.print_line(case)
        except Exception as error:
            line = "RAISED %r" % error
        if line.encode("utf-8", "replace") != wanted and (
                b"!CUT" not in wanted or b"max_bytes" not in repr(
                    case).encode()):
            differences += 1
            show("golden: " + case["case"], wanted.decode(), line)
    print("golden: %d cases, %d differences" % (
        len(golden.cases()), differences))
    support.BaseTest.set_zone("UTC")
    edge = 0
    for name, make, record in edges.CASES:
        wanted, line = (edges.line(make, record, cls)
                        for cls in (ours, second.JSONFormatter))
        if line != wanted:
            edge += 1
            show("edge: " + name, str(wanted), str(line))
    print("edges: %d cases, %d differences" % (len(edges.CASES), edge))

    pairs, compared, found = {}, 0, 0
    for number in range(options.first, options.first + options.records):
        chooser = blocks.Chooser("%s:%d" % (options.seed, number))
        kind = chooser.integer(0, fuzz.FORMATTERS - 1)
        if kind not in pairs:
            made = blocks.formatter_options(blocks.Chooser(
                "%s:formatter:%d" % (options.seed, kind)))
            pairs[kind] = (support.plain(ours(**made)),
                           second.JSONFormatter(**made))
            for each in pairs[kind]:
                each.formatException = lambda ei: "Traceback: text"
                if kind % 5 == 0:
                    each.max_items = 50
        mine, theirs = pairs[kind]
        record = blocks.record(chooser)
        first, other, third = twin(record), twin(record), twin(record)
        whole = support.plain(mine)
        whole.max_bytes = 10**9
        line = mine.format(first)
        if (len(whole.format(third).encode()) > mine.max_bytes
                or "in format of JSONFormatter" in line):
            continue
        compared += 1
        try:
            answer = theirs.format(other)
        except Exception as error:
            answer = "RAISED %r" % error
        if answer != line:
            found += 1
            show("record %d (--first %d --records 1)" % (number, number),
                 line, answer)
            if found == options.most:
                break
    print("generated: %d compared, %d differences" % (compared, found))
    return 1 if differences or edge or found else 0


@unittest.skipIf(sys.version_info < (3, 10), "it is for 3.10 and later")
class SecondTest(unittest.TestCase):

    def test_agreement(self):
        """Both print the same lines: corpus, edges and 1000 records."""
        result = subprocess.run(
            [sys.executable, __file__, "--records", "1000"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        output = result.stdout.decode(errors="replace")
        self.assertRegex(output, r"golden: 1\d\d cases, 0 differences")
        self.assertRegex(output, r"edges: [12]\d\d cases, 0 differences")
        self.assertRegex(output, r"generated: 9\d\d compared, 0 differences")
        self.assertEqual(0, result.returncode, output)

    def test_length(self):
        """It is short and plain, and knows nothing of this package."""
        text = (HERE / "second.py").read_text(encoding="utf-8")
        lines = text.splitlines()
        self.assertLessEqual(len(lines), 400)
        self.assertLessEqual(max(map(len, lines)), 100)
        self.assertNotRegex(text, r";\s")
        self.assertNotIn("jsonlogging", text)


if __name__ == "__main__":
    sys.exit(main())
