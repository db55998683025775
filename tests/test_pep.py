"""pep/check.py sees what is wrong with a PEP; what is there is right."""

import contextlib
import io
import pathlib
import re
import sys
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "pep"))
try:
    import check
    import failures    # check has put its folder on the path
    import figures
finally:
    sys.path.remove(str(ROOT / "pep"))

TEXTS = {number: (ROOT / "pep" / ("pep-%d.rst" % number)).read_text(
    encoding="utf-8") for number in (9999, 9998)}


class FormTest(unittest.TestCase):

    def found(self, old, new, number=9999):
        """Return what is wrong once *old* is *new*; it must be there."""
        self.assertTrue(old in TEXTS[number], old)
        return "\n".join(check.check_form(
            TEXTS[number].replace(old, new, 1), number))

    def test_form(self):
        """The PEPs have the form that PEP 12 asks for."""
        for number, text in TEXTS.items():
            self.assertEqual([], check.check_form(text, number))

    def test_headers(self):
        """Headers are there, once, in order, and not odd."""
        for old, new, what in (
                ("Status: Draft\n", "", "no header Status"),
                ("Status: Draft\nType: Standards Track\n",
                 "Type: Standards Track\nStatus: Draft\n", "not in order"),
                ("Status: Draft\n", "Status: Draft\nStatus: Draft\n",
                 "not in order"),
                ("Created: 26-", "Created: 6-", "Created is odd"),
                ("PEP: 9999", "PEP: 9997", "not 9999"),
                ("Title: JSON", "Title: JSON" + "x" * 40, "44 characters")):
            with self.subTest(what):
                self.assertIn(what, self.found(old, new))

    def test_sections(self):
        """Sections are there and in order, with space and rules."""
        for old, new, what in (
                ("Motivation\n==========\n", "Motive\n======\n", "in order"),
                ("\n\n\nRationale\n=", "\n\nRationale\n=", "two blank lines"),
                ("A Class\n-------\n", "A Class\n------\n", "underline"),
                ("whichever is more permissive", "as you like", "Copyright")):
            with self.subTest(what):
                self.assertIn(what, self.found(old, new))

    def test_lines(self):
        """Lines are short and clean; URLs and PEPs are marked up."""
        for new, what in (
                ("x" * 80, "79 columns"), ("x ", "odd space"),
                ("https://example.org/", "bare URL"),
                ("`x <https://peps.python.org/pep-0001/>`__", "a role"),
                ("See PEP 1.", "without a role"), ("See RFC 1.", "a role"),
                ("e.g. this", "Latin"), ("[#nowhere]_", "nowhere")):
            with self.subTest(what):
                self.assertIn(what, self.found(
                    "\n\n\nMotivation\n", "\n%s\n\n\nMotivation\n" % new))

    def test_opening_post(self):
        """The opening post has at most 400 words."""
        text = (ROOT / "pep" / "discussion.md").read_text(encoding="utf-8")
        post, _, questions = text.partition("# Questions that will be asked")
        self.assertTrue(questions)
        self.assertLessEqual(len(post.split()), 400)

    def test_words(self):
        """A PEP that is too long or too short is refused."""
        self.assertIn("words", self.found("Abstract\n========\n",
                                          "Abstract\n========\n"
                                          + "\nword" * 4000))
        self.assertIn("words", "\n".join(check.check_form(
            TEXTS[9998][:5000], 9998)))


class SpecificationTest(unittest.TestCase):

    def test_specification(self):
        """What PEP 9999 says of signatures, tables, limits is the code's."""
        self.assertEqual([], check.check_specification(TEXTS[9999]))

    def test_specification_differs(self):
        """Another word there is seen."""
        for old, new in (("extra=True,", "extra=False,"),
                         ("max_depth = 20", "max_depth = 21"),
                         ('"timestamp": "asctime"', '"time": "asctime"'),
                         (r"\{\{|\{([^{}!:.[]+)", r"\{\{|\{([^{}!:]+)"),
                         ("``decimal.Decimal``,", ""),
                         ("Fifty times", "Sixty times"),
                         ("def mapExtra(self, extra)", "def mapExtra(self)")):
            with self.subTest(new):
                self.assertTrue(old in TEXTS[9999])
                self.assertNotEqual([], check.check_specification(
                    TEXTS[9999].replace(old, new)))

    def test_companion(self):
        """What PEP 9998 says of the grammar is what the parser does."""
        self.assertEqual([], check.check_companion(TEXTS[9998]))

    def test_companion_differs(self):
        """Another word there is seen."""
        for old, new in ((r"\w(?:[\w .-]*[\w-])?", r"\w(?:[\w .-]*\w)?"),
                         ("longer than 8192", "longer than 4096"),
                         ("PYTHON_LOGGING_TIME", "PYTHON_LOGGING_ZONE")):
            with self.subTest(new):
                self.assertIn(old, TEXTS[9998])
                self.assertNotEqual([], check.check_companion(
                    TEXTS[9998].replace(old, new)))


class FiguresTest(unittest.TestCase):

    def test_cheap_blocks(self):
        """Tables of sizes and performance are what the files say."""
        blocks = {name: figures.BLOCKS[name]()
                  for name in ("sizes", "performance")}
        self.assertEqual([], check.check_figures(TEXTS[9999], blocks))

    def test_changed_number(self):
        """One digit that differs is seen, and put right."""
        blocks = {"sizes": figures.sizes()}
        changed = re.sub(r"(plain core +\d*)(\d)",
                         lambda m: m[1] + str((int(m[2]) + 1) % 10),
                         TEXTS[9999])
        self.assertNotEqual(TEXTS[9999], changed)
        self.assertEqual(1, len(check.check_figures(changed, blocks)))
        self.assertEqual(TEXTS[9999], figures.replace(changed, blocks))

    def test_other_python(self):
        """Counts of another Python pass if ours are zero."""
        old = "243 165 156 126 0 **of 307 cases fail**\n\n(CPython 3.13.0)"
        new = "240 160 150 120 %d **of 303 cases fail**\n\n(CPython 3.9.1)"
        text = ".. begin: recipes (x)\n\n%s\n\n.. end: recipes\n" % old
        for ours, found in (0, []), (1, ["recipes"]):
            self.assertEqual(found, figures.differences(
                text, {"recipes": new % ours}))


class EvidenceTest(unittest.TestCase):

    def main(self, *args):
        """Return the status and what is printed."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = failures.main(args)
        return status, output.getvalue()

    def test_recipes_fail(self):
        """A recipe's failing cases are listed, and are no failure here."""
        status, text = self.main("--case", "A cycle costs", "json.dumps")
        self.assertEqual((0, "json.dumps: 1 of 1 cases fail, 1 lost\n"
                          "    lost     A cycle costs no record.\n"),
                         (status, text))

    def test_ours(self):
        """If JSONFormatter fails, or nothing is run, so does the command."""
        self.assertEqual(
            (0, "JSONFormatter: 0 of 1 cases fail\n"),
            self.main("--case", "A cycle costs", "JSONFormatter"))
        self.assertEqual(1, self.main("--case", "no such case")[0])
        with mock.patch.dict(failures.FORMATTERS, {
                "JSONFormatter": failures.recipes.DumpsRecord}):
            self.assertEqual(1, self.main(
                "--case", "A cycle costs", "JSONFormatter")[0])


class CommandsTest(unittest.TestCase):

    def test_found(self):
        """Commands are found in both kinds of markup, over line ends."""
        self.assertEqual(
            ["python a.py", "tox -e pep", "pytest b.py --c"],
            check.commands("``python a.py`` and ``tox\n-e pep``, ``x``; "
                           "`pytest b.py\n--c`, `python a.py`"))
        for number, text in TEXTS.items():
            self.assertGreater(len(check.commands(text)), 4)

    def test_run(self):
        """A command that fails, or is not there, is a problem."""
        self.assertIsNone(check.run("python -c 'pass'"))
        self.assertIn("status 3", check.run("python -c 'exit(3)'"))
        self.assertIsNone(check.run("tox -e pep,docs"))
        self.assertIn("nowhere", check.run("tox -e nowhere"))
        # It exists, but nothing runs it.
        self.assertIn("property", check.run("tox -e property"))
        self.assertIsNone(check.run("tox -e patched"))


if __name__ == "__main__":
    unittest.main()
