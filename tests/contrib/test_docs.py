"""Code on the pages runs; what those about shipping say is true."""

import contextlib
import inspect
import io
import json
import logging
import logging.config
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

import jsonlogging
from jsonlogging.contrib import elasticsearch, logstash, stream
from jsonlogging.contrib._handler import PipelineHandler
from jsonlogging.contrib._pipeline import Pipeline

from ..test_examples import environment
from ..test_pages import pages
from ._servers import TLS, BulkServer

DOCS = pages.DOCS
PAGES = ("logstash", "elasticsearch", "elastic-cloud", "background-stream")
LIBRARY = (DOCS / "library" / "shipping.rst").read_text("utf-8")


class CodeTests(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        for name in ("ca.pem", "client.pem", "client.key"):
            shutil.copy(TLS / name, name)
        pathlib.Path("api-key.txt").write_text("id:key\n", "utf-8")
        root = logging.getLogger()
        before = root.handlers[:]
        self.addCleanup(root.handlers.__setitem__, slice(None), before)
        self.addCleanup(root.setLevel, root.level)
        root.handlers.clear()

    def test_code(self):
        """Every block of Python runs; those about shipping make handlers."""
        count = 0
        for path in pages.pages():
            text = path.read_text("utf-8")
            for block in pages.blocks(text, path.suffix == ".md"):
                if block.language == "python" and path.suffix != ".md" and (
                        "caption" not in block.options):
                    with self.subTest(page=path.stem, block=block.code):
                        handlers = self.run_code(block)
                        self.assertTrue(handlers or path.stem not in PAGES)
                        count += path.stem in PAGES
        self.assertGreaterEqual(count, 8)

    def run_code(self, block):
        """Run *block*; return the handlers that it has made."""
        # A block with a name is no program: it uses the package's names.
        namespace = dict(vars(jsonlogging)) if "name" in block.options else {}
        root = logging.getLogger()
        # Those of frameworks run with them, too: tox -e frameworks.
        signals = types.SimpleNamespace(setup_logging=types.SimpleNamespace(
            connect=lambda receiver: receiver(signal=None)))
        with contextlib.redirect_stderr(io.StringIO()), mock.patch.dict(
                sys.modules, {"celery.signals": signals}):
            exec(block.code, namespace)
            handlers = {*root.handlers, namespace.get("handler")} - {None}
            for handler in handlers:
                root.removeHandler(handler)
                if isinstance(handler, PipelineHandler):
                    # Nobody is at the addresses in the documentation.
                    handler.close(0)
        return handlers


class TutorialTests(unittest.TestCase):

    def test_handler(self):
        """The tutorial's last program sends its records."""
        text = (DOCS / "tutorial.rst").read_text("utf-8")
        *_, (_, files) = pages.programs(pages.blocks(text))
        with BulkServer() as server, tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "shop.py")
            program.write_text(files["shop.py"].replace(
                "http://localhost:9200", server.url), "utf-8")
            output = subprocess.run(
                [sys.executable, str(program)], env=environment(),
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=60).stdout
            self.assertEqual(b"", output)
            self.assertEqual(
                [("sold apple", {"customer": 1042, "price": 0.4}),
                 ("no price for plum", {"customer": 1043})],
                [(document["message"], document["labels"]) for document
                 in map(json.loads, server.documents.values())])


class ReferenceTests(unittest.TestCase):

    def test_signatures(self):
        """The signatures in the reference are those of the code."""
        for module, name in ((logstash, "LogstashHandler"),
                             (elasticsearch, "ElasticsearchHandler"),
                             (stream, "StreamPipelineHandler"),
                             (elasticsearch, "parse_cloud_id"),
                             (elasticsearch, "index_template")):
            with self.subTest(name):
                text, = re.findall(r"^\.\. (?:class|function):: %s\((.*)\)$"
                                   % name, LIBRARY, re.MULTILINE)
                namespace = {}
                exec("def function(%s): pass" % text, namespace)
                documented = inspect.signature(namespace["function"])
                actual = inspect.signature(getattr(module, name))
                self.assertEqual(documented, actual.replace(
                    return_annotation=actual.empty, parameters=[
                        parameter.replace(annotation=parameter.empty)
                        for parameter in actual.parameters.values()]))

    def test_options(self):
        """The table of options has every option, with its default."""
        table = LIBRARY[LIBRARY.index("Common options"):
                        LIBRARY.index("Methods\n")]
        documented = dict(re.findall(r"^``(\w+)`` +(\S.*?)  ", table,
                                     re.MULTILINE))
        actual = inspect.signature(Pipeline).parameters
        self.assertEqual(set(documented), set(actual) - {
            "transport", "make_report", "clock"})
        for name, text in documented.items():
            with self.subTest(name):
                default = actual[name].default
                text = text.strip("`").replace(" s", "")
                if text.endswith(" MiB"):
                    self.assertEqual(int(text[:-4]) * 2**20, default)
                elif isinstance(default, (int, float)):
                    self.assertEqual(float(text.replace(" ", "")), default)
                else:
                    self.assertEqual(text, str(default))

    def test_counters(self):
        """The table of counters has every counter."""
        table = LIBRARY[LIBRARY.index("Counter "):
                        LIBRARY.index("At every moment")]
        self.assertEqual(
            re.findall(r"^   ``(\w+)``", table, re.MULTILINE),
            [name for name in Pipeline(
                stream.StreamTransport(io.StringIO(), None, "utf-8", "\n")
            ).stats()])

    def test_reasons(self):
        """The reasons of drops that are named are those in the code."""
        source = (inspect.getsource(inspect.getmodule(Pipeline))
                  + inspect.getsource(inspect.getmodule(PipelineHandler)))
        # full and timeout are in one expression.
        found = {"full", "timeout", *re.findall(
            r'(?:_drop\(|refuse\(|return )"(\w+)"', source)}
        text = LIBRARY[LIBRARY.index("The reasons in"):
                       LIBRARY.index("Security considerations")]
        reasons = {name for name in re.findall(r"``([a-z]+)``", text)}
        self.assertEqual(reasons - {"dropped"}, found)


if __name__ == "__main__":
    unittest.main()
