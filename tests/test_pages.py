"""docs/pages.py sees what is wrong with a page; what is there is right."""

import contextlib
import io
import pathlib
import sys
import unittest

from . import PACKAGE

if PACKAGE != "jsonlogging":
    raise unittest.SkipTest("the documentation is about jsonlogging")

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "docs"))
try:
    import pages
finally:
    sys.path.remove(str(ROOT / "docs"))


def block(language, code, kind="code-block", **options):
    """Return a page with one block."""
    lines = [".. %s:: %s" % (kind, language)]
    lines += ["   :%s: %s" % item for item in options.items()]
    lines += [""] + ["   " + line for line in code.split("\n")]
    return "Title\n=====\n\n%s\n" % "\n".join(lines)


class PagesTest(unittest.TestCase):

    maxDiff = None

    def found(self, *args, page="howto/logstash.rst", **kwargs):
        """Return what is wrong with a page that has one block."""
        return "\n".join(pages.check_page(pages.DOCS / page,
                                          block(*args, **kwargs)))

    def assertRefused(self, language, cases, **options):
        """Check that each code is refused with what stands beside it."""
        for code, what in cases:
            with self.subTest(code):
                self.assertIn(what, self.found(language, code, **options))

    def test_every_block_is_checked(self):
        """Every block, command, file and link of every page is right."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = pages.main([])
        self.assertEqual(status, 0, output.getvalue())
        # All pages are there, and the parser sees what they have.
        self.assertGreater(int(output.getvalue().split()[0]), 120)
        self.assertGreater(len(pages.pages()), 35)

    def test_blocks(self):
        """A block has its line, language, options and dedented code."""
        text = block("python", "a = 1\n\nif a:\n    b = 2", name="x")
        self.assertEqual(pages.blocks(text), [
            (4, "code-block", "python", {"name": "x"},
             "a = 1\n\nif a:\n    b = 2\n")])
        text = "1. One:\n\n   .. doctest::\n\n      >>> 1\n      1\n\nEnd\n"
        self.assertEqual(pages.blocks(text), [
            (3, "doctest", "", {}, ">>> 1\n1\n")])
        text = "Text\n\n```sh\nls\n```\n"
        self.assertEqual(pages.blocks(text, markdown=True), [
            (3, "code-block", "sh", {}, "ls\n")])

    def test_programs(self):
        """A command has the files that captions before it have named."""
        text = "\n".join([block("python", "1", caption="a.py"),
                          block("python", "2"), block("sh", "x"),
                          block("python", "3", caption="b.py"),
                          block("python", "4", caption="a.py")])
        self.assertEqual([files for _, files in pages.programs(
            pages.blocks(text))], [
                {"a.py": "1\n"}, {"a.py": "1\n"}, {"a.py": "1\n"},
                {"a.py": "1\n", "b.py": "3\n"},
                {"a.py": "4\n", "b.py": "3\n"}])

    def test_unchecked_blocks(self):
        """A block that nothing checks is an error."""
        self.assertIn("checks the language 'ruby'", self.found("ruby", "x"))
        self.assertIn("checks the language ''", self.found("", "x"))
        self.assertIn("nothing compares it", self.found("text", "x"))
        self.assertIn("unknown directive parsed-literal",
                      self.found("", "x", kind="parsed-literal"))
        self.assertIn("without a language", "\n".join(pages.check_page(
            pages.DOCS / "tutorial.rst", "So::\n\n   x\n")))
        # Output is compared only behind a command.
        page = pages.DOCS / "tutorial.rst"
        shell, text = block("sh", "python shop.py"), block("text", "x")
        self.assertEqual([], pages.check_page(page, shell + text))
        self.assertIn("nothing compares it", "\n".join(
            pages.check_page(page, text + shell)))
        # A node's is compared only if there is one.
        self.assertEqual([], pages.check_page(page, block("sh", "x") + text))
        self.assertIn("unknown command x", "\n".join(pages.check_page(
            page, block("sh", "x", **{"class": "node"}) + text)))
        self.assertIn("output is not compared",
                      self.found("console", "$ python shop.py\nhello"))

    def test_included_files(self):
        """What is included is run by another test."""
        kind = "literalinclude"
        for name, what in (("../../jsonlogging/config.py", "nothing runs"),
                           ("../../examples/other.json", "nothing reads")):
            self.assertIn(what, self.found(name, "", kind=kind))
        self.assertIn("no example x",
                      self.found("x", "", kind="example-output"))

    def test_commands(self):
        """Commands are parsed as what they call parses them."""
        self.assertRefused("sh", (
            ("if true", "yntax error"),
            ("python -m jsonlogging rum shop.py", "invalid choice: 'rum'"),
            ("python -m jsonlogging run --levle=X a.py", "--levle"),
            ("python -m jsonlogging run --time zulu a.py", "'zulu'"),
            ("python -m jsonlogging logstash resend x", "--host"),
            ("python -m jsonlogging elasticsearch resend x \\\n  --ulr y",
             "--ulr"),
            ("true=1 && python -m benchmarks --quack", "--quack"),
            ("python -m benchmarks compare a.json", "NEW"),
            ("python -m bonchmarks", "unknown module bonchmarks"),
            ("python tests/conformant.py x", "no script tests/conformant.py"),
            ("python tests/conformance.py --kay a=b", "know --kay"),
            ("python nothing.py", "no example nothing.py"),
            (".venv/bin/pytest tests/test_nothing.py", "no test"),
            ("tox -e docs,dogtest", "no environment dogtest"),
            ("frobnicate", "unknown command frobnicate"),
            ("PYTHON_LOGGING_LEVEL=LOUD python shop.py", "not a level"),
            ("PYTHON_LOGGING_LEVLE=INFO python shop.py", "is not read"),
            ("export PYTHON_LOGGING_FORMAT=xml", "'xml'")))
        self.assertRefused("console", (
            ("$ docker run -e PYTHON_LOGGING_TIME=zulu shop", "'zulu'"),))

    def test_configuration(self):
        """Configuration is parsed, and values in it are looked up."""
        self.assertRefused("json", (
            ('{"a": 1,}', "JSONDecodeError"),
            ('{"mappings": {"properties": {"labels": {"type": "object"}}}}',
             "maps labels otherwise")))
        self.assertRefused("ini", (
            ("Environment=A=1", "MissingSectionHeaderError"),
            ("[Service]\nEnvironment=PYTHON_LOGGING_FORMAT=xml", "'xml'")))
        self.assertRefused("docker", (
            ("RAN true", "unknown instruction RAN"),
            ("CMD [\"python\", '-m']", "JSONDecodeError"),
            ('CMD ["python", "-m", "jsonlogging", "rum"]', "'rum'")))
        self.assertRefused("python", (("if", "SyntaxError"),))
        self.assertRefused("text", (
            ("FETCH /x\n{}", "odd request"),
            ('POST /x\n{"role_descriptors": {"a": {"index": '
             '[{"names": ["logs-*"]}]}}}', "writes elsewhere")),
            **{"class": "elasticsearch"})

    @unittest.skipIf(sys.version_info < (3, 11), "tomllib is new in 3.11")
    def test_toml(self):
        """TOML is parsed."""
        self.assertRefused("toml", (("a = 1\na = 2", "TOMLDecodeError"),))

    def test_pipelines(self):
        """A pipeline of Logstash is parsed; what it refuses is an error."""
        self.assertEqual(pages.parse_pipeline(
            "# one\ninput { tcp { port => 5 codec => json_lines { } } }\n"
            "output { x { a => [\"b\", c] d => { \"e\" => 'f' \"g\" => 2 } }"
            " y { } }"),
            {"input": [("tcp", {"port": 5, "codec": ("json_lines", {})})],
             "output": [("x", {"a": ["b", "c"], "d": {"e": "f", "g": 2}}),
                        ("y", {})]})
        for text in ("inputs { }", "input { tcp { port = 5 } }",
                     "input { tcp { port => } }", "input { tcp { a => 1 }",
                     "input { tcp { a => 1, b => 2 } }", "input { tcp }",
                     'input { tcp { a => "b } }', "input { tcp { a 1 } }",
                     'input { tcp { a => { "b" => 1, "c" => 2 } } }',
                     "input { tcp { a => [1 2] } }", "input { } }",
                     "input { tcp { a => 1 a => 2 } }"):
            with self.subTest(text):
                with self.assertRaises(ValueError):
                    pages.parse_pipeline(text)
        rest = ("output { elasticsearch { data_stream_dataset => %s } }")
        self.assertRefused("text", (
            ("input { tcp { prot => 5000 } } " + rest % "python",
             "input tcp has no setting prot"),
            ("input { tcp { port => 5001 } } " + rest % "python",
             "port is 5000"),
            ("input { tcp { port => 5000 codec => json_lines { x => 1 } } } "
             + rest % "python", "codec json_lines has no setting x"),
            ("input { tcp { port => 5000 } } " + rest % "java",
             "not for logs-java-default"),
            ("input { tcp { port => 5000 } ", "the end where")),
            **{"class": "logstash"})

    def test_yaml(self):
        """Of YAML, which tox -e docs parses, keys and values are known."""
        def reader(**settings):
            return {"filebeat.inputs": [{
                "type": "filestream", "id": "x", "parsers": [], **settings}]}

        def container(**settings):
            return {"containers": [{"name": "shop", **settings}]}

        compose = {"services": {"shop": {"environment": {
            "PYTHON_LOGGING_LEVEL": "LOUD"}}}}
        value = {"name": "PYTHON_LOGGING_LEVEL", "value": "10"}
        for data, what in (
                (compose, "'LOUD' is not a level"),
                (container(env=[value]), ""),
                (container(env=[dict(value, value=10)]), "is no string"),
                (container(volumeMounts=[{"name": "x"}]), "no volume x"),
                (reader(), ""),
                (reader(type="log"), "no filestream"),
                (reader(id=""), "no filestream"),
                (reader(pathz=[]), "unknown key pathz"),
                (reader(parsers=[{"ndjsn": {}}]), "unknown key ndjsn"),
                (reader(parsers=[{"ndjson": {"key": 1}}]),
                 "unknown key key"),
                ({"processors": [{"fingerprint": {"field": []}}]},
                 "unknown key field"),
                ({"service": {}}, "unknown key service")):
            with self.subTest(data):
                found = "\n".join(pages.check_yaml(data))
                self.assertIn(what, found)
                self.assertEqual(bool(what), bool(found))

    def test_prose(self):
        """Commands and files that a sentence names are looked up."""
        path = pages.DOCS / "tutorial.rst"
        for text, what in (
                ("Run ``python -m jsonlogging\nrum x``.", "'rum'"),
                ("Run ``tox -e dogs``.", "no environment dogs"),
                ("See ``tests/test_nothing.py``.", "no file tests/test_no"),
                ("See `https://example.com/a b`.", ""),
                ("Call ``python -m jsonlogging run [options]``.", "")):
            with self.subTest(text):
                found = "\n".join(pages.check_prose(path, text))
                self.assertIn(what, found)
                self.assertEqual(bool(what), bool(found))

    def test_links(self):
        """Links have a usual form, and files and sections are there."""
        for text, what in (
                ("[a](docs/nothing.rst)", "no file docs/nothing.rst"),
                ("[a](docs/tutorial.rst#from-outside)", ""),
                ("[a](docs/tutorial.rst#from)", "no section"),
                ("[a](#install) and [b](#instal)", "no section #instal"),
                ("[a](http://example.com)", "odd link http://example.com"),
                ("[a](https:/example.com)", "odd link https:/example.com"),
                ("<https://example.com/a?b=c#d>", "")):
            with self.subTest(text):
                found = "\n".join(pages.check_links(ROOT / "README.md", text))
                self.assertIn(what, found)
                self.assertEqual(bool(what), bool(found))


if __name__ == "__main__":
    unittest.main()
