"""The wall: who may import whom, what an import costs, and sizes."""

import ast
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import tokenize
import unittest

import jsonlogging

PACKAGE_DIR = pathlib.Path(jsonlogging.__file__).parent

# Every import in the package, also those inside functions.  A name with a
# dot in front is a module of the package, "." the package itself.
EDGES = {
    "__init__": {".formatters"},
    "formatters": {"._encoder", "._exceptions", "._fast", "._timestamps",
                   "collections.abc", "logging", "re", "sys", "time"},
    "_fast": {"._encoder", "._timestamps", "builtins", "functools",
              "itertools", "json.encoder", "logging", "re", "sys", "time",
              "traceback"},
    "_timestamps": {"functools", "time"},
    # dataclasses: only to read an object that is one of its own.
    "_encoder": {"collections", "collections.abc", "dataclasses", "gc",
                 "itertools", "json", "re", "threading", "types"},
    "_exceptions": {"._encoder", "builtins", "sys", "traceback"},
    "_overrides": {".formatters", "collections", "contextvars", "copy",
                   "functools", "itertools", "logging", "logging.handlers",
                   "operator", "os", "re", "sys", "warnings"},
    "_queues": {"._overrides", ".formatters", "copy", "logging",
                "logging.handlers"},
    "config": {"._overrides", "._queues", ".formatters", "collections",
               "functools", "logging", "logging.config", "logging.handlers",
               "os", "re", "sys", "threading"},
    "__main__": {"__future__", ".config", ".contrib._commands",
                 ".contrib.launcher", "argparse", "collections.abc", "json",
                 "os", "sys", "threading", "typing"},
    "contrib.__init__": set(),
    "contrib.launcher": {
        "__future__", ".config", "atexit", "builtins", "collections.abc",
        "compileall",
        "functools", "importlib", "importlib.machinery", "importlib.util", "io", "json",
        "linecache", "logging", "logging.handlers", "multiprocessing",
        "os", "pkgutil", "py_compile", "runpy", "shutil", "sys",
        "textwrap", "threading", "tomllib", "types", "typing", "weakref"},
    "contrib._autoload.sitecustomize": {".contrib.launcher", "os", "sys"},
    "contrib._ecs_types": set(),
    "contrib._schema": {
        ".formatters", "__future__", "collections.abc", "functools",
        "ipaddress", "logging", "os", "re", "traceback", "typing",
        "urllib.parse"},
    "contrib._ecs_fields": {
        ".contrib._ecs_types", ".contrib._schema", "__future__",
        "collections.abc", "datetime", "functools", "ipaddress", "re",
        "typing"},
    "contrib.ecs_logging": {
        ".contrib._ecs_fields", ".contrib._schema", ".formatters",
        "__future__", "collections.abc", "logging", "traceback", "typing"},
    "contrib.schemas": {
        ".config", ".contrib._ecs_fields", ".contrib._ecs_types",
        ".contrib._schema", ".contrib.ecs_logging", "__future__",
        "collections.abc", "itertools", "json", "logging",
        "os", "re", "socket", "typing", "weakref"},
    "contrib._transport": {"__future__", "collections.abc", "select",
                           "typing"},
    "contrib._pipeline": {".contrib._spool", ".contrib._transport",
                          "__future__", "collections", "collections.abc",
                          "logging", "os", "queue", "random", "sys",
                          "threading", "time", "typing", "weakref"},
    "contrib._handler": {".contrib._pipeline", ".contrib._transport",
                         "__future__", "logging", "threading", "typing"},
    # ctypes: to keep a database open for ever in a forked child.
    "contrib._spool": {"__future__", "collections.abc", "contextlib",
                       "ctypes", "datetime", "fcntl", "json", "msvcrt", "os",
                       "secrets", "sqlite3", "sys", "threading", "typing",
                       "zlib"},
    "contrib._network": {".contrib._transport", "__future__", "base64",
                         "collections.abc", "fcntl", "hashlib", "hmac",
                         "http.client", "io", "os", "re", "socket", "ssl",
                         "struct", "sys", "time", "typing", "urllib.parse",
                         "zlib"},
    "contrib.logstash": {".contrib._handler", ".contrib._network",
                         ".contrib._transport", ".contrib.schemas",
                         "__future__", "collections", "json", "re", "ssl",
                         "struct", "typing", "zlib"},
    "contrib.elasticsearch": {".contrib._ecs_types", ".contrib._handler",
                              ".contrib._network", ".contrib._transport",
                              ".contrib.schemas",
                              "__future__", "base64", "hashlib", "itertools",
                              "json", "re", "secrets", "ssl", "typing",
                              "urllib.parse"},
    "contrib._commands": {".contrib._spool", ".contrib._transport",
                          ".contrib.elasticsearch", ".contrib.logstash",
                          "__future__", "argparse", "collections.abc",
                          "itertools", "json", "os", "sys", "typing",
                          "urllib.parse"},
    "contrib.stream": {".contrib._handler", ".contrib._transport",
                       "__future__", "os", "select", "stat", "sys",
                       "typing"},
}

# What each ring may import is itself and the rings before it.
RING1 = {"__init__", "formatters", "_timestamps", "_encoder", "_exceptions",
         "_fast"}
RING2 = {"_overrides", "_queues", "config"}

JSON = {"json", "json.decoder", "json.encoder", "json.scanner", "_json"}


def ring(module):
    """Return the number of the ring that *module* is in."""
    return 1 if module in RING1 else 2 if module in RING2 else 3


def modules():
    """Return a dict of the package's modules: dotted name to path."""
    found = {}
    for path in sorted(PACKAGE_DIR.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE_DIR).with_suffix("").parts)
        found[name] = path
    return found


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(tree, module, package=PACKAGE_DIR):
    """Return a list of (target, names) for each import in *tree*.

    *names* are those that "from target import" binds, else empty.
    """
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append((relative_name(alias.name), []))
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if node.level:
                # "from ..x import y" in contrib.schemas is about ".x".
                parts = module.split(".")[:-node.level]
                if node.module:
                    parts.append(node.module)
                target = "." + ".".join(parts)
            else:
                target = relative_name(node.module)
            if target.startswith("."):
                folder = package.joinpath(*target[1:].split("."))
                submodules = [name for name in names
                              if (folder / (name + ".py")).exists()
                              or (folder / name).is_dir()]
                for name in submodules:
                    found.append((target.rstrip(".") + "." + name, []))
                names = [name for name in names if name not in submodules]
            if names:
                found.append((target, names))
    return found


def relative_name(name):
    """Return an absolute module name as EDGES writes it."""
    head, _, tail = name.partition(".")
    return "." + tail if head == "jsonlogging" else name


def code_lines(path):
    """Count the lines that are not blank, comment or docstring."""
    docstrings = set()
    for node in ast.walk(parse(path)):
        if (isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
                and ast.get_docstring(node, clean=False) is not None):
            first = node.body[0]
            docstrings.update(range(first.lineno, first.end_lineno + 1))
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE,
               tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
               tokenize.ENCODING}
    lines = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in nothing:
                lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def is_private(name):
    # "_" is what is not used, and a text like any other.
    return name.startswith("_") and not name.endswith("__") and name != "_"


def private_names(tree):
    """Return the private names that *tree* defines."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif (isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)):
            names.add(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return {name for name in names if is_private(name)}


def private_uses(tree, module, private):
    """Return what *tree*, of ring 3, uses of the core's private names."""
    found = []
    for target, names in imports(tree, module):
        if target.startswith(".") and ring(target[1:] or "__init__") < 3:
            found += [f"{target} {name}" for name in [target[1:], *names]
                      if is_private(name)]
    for node in ast.walk(tree):
        name = getattr(node, "attr", None)
        if isinstance(node, ast.Constant):  # getattr(formatter, "_name")
            name = node.value
        if isinstance(name, str) and name in private:
            found.append(f"line {node.lineno}: {name}")
    return found


def run(code, *options):
    """Run *code* in a new Python, return what it prints, as JSON.

    The package under test comes first on its path; the temporary
    folder it runs in and, with -I and -S, site-packages do not count.
    """
    first = os.fspath(PACKAGE_DIR.parent)
    code = (f"import sys; sys.path.insert(0, {first!r})\n"
            + textwrap.dedent(code))
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [sys.executable, "-B", *options, "-c", code], cwd=folder,
            stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return json.loads(result.stdout)


class ImportsTest(unittest.TestCase):

    def test_table_is_complete(self):
        """Every module's imports are its row of the table, exactly."""
        found = {name: {target for target, _ in imports(parse(path), name)}
                 for name, path in modules().items()}
        self.assertEqual(sorted(EDGES), sorted(found))
        for name, targets in found.items():
            with self.subTest(module=name):
                self.assertEqual(EDGES[name], targets)

    def test_wall(self):
        """No row of the table lets a ring import one outside it."""
        for module, targets in EDGES.items():
            for target in targets:
                if target.startswith("."):
                    with self.subTest(module=module, target=target):
                        target_ring = ring(target[1:] or "__init__")
                        self.assertLessEqual(target_ring, ring(module))

    def test_picture(self):
        """The documentation's picture shows the rings and their modules."""
        page = pathlib.Path(__file__).parent.parent.joinpath(
            "docs", "explanation", "architecture.rst")
        shown, number = {}, 0
        picture = page.read_text(encoding="utf-8").partition("text\n\n")[2]
        picture = picture.partition("\n\n**")[0]
        for line in picture.splitlines():
            if "wall" in line:
                self.assertEqual(2, number)
                continue
            begins, name = re.match(r" +(ring \d)? +(\w+)", line).groups()
            number = int(begins[-1]) if begins else number
            shown[name] = number
        self.assertEqual({name.partition(".")[0]: ring(name)
                          for name in modules() if name != "__init__"}, shown)

    def test_nothing_but_the_standard_library(self):
        """What the table allows is the package or a standard module."""
        known = getattr(sys, "stdlib_module_names", None)
        if known is None:
            self.skipTest("sys.stdlib_module_names is new in Python 3.10")
        known |= {"tomllib"}    # new in Python 3.11
        for targets in EDGES.values():
            for target in targets:
                if not target.startswith("."):
                    self.assertIn(target.partition(".")[0], known)

    def test_no_hidden_imports(self):
        """Rings 1 and 2 import by statement only, so the table sees it."""
        for name, path in modules().items():
            if ring(name) < 3:
                names = {node.id for node in ast.walk(parse(path))
                         if isinstance(node, ast.Name)}
                hidden = {"__import__", "importlib", "exec", "eval"}
                # _fast.py generates code, without an import in it.
                allowed = {"exec"} if name == "_fast" else set()
                self.assertEqual(allowed, names & hidden, name)

    def test_public_names_only(self):
        """Ring 3 uses no private name of rings 1 and 2."""
        core = {name: path for name, path in modules().items()
                if ring(name) < 3}
        private = set()
        for path in core.values():
            private |= private_names(parse(path))
        for name, path in modules().items():
            if name not in core:
                with self.subTest(module=name):
                    self.assertEqual(
                        [], private_uses(parse(path), name, private))

    def test_private_uses_are_seen(self):
        """The check of ring 3 finds each way to use a private name."""
        private = private_names(ast.parse(
            "_table = {}\n"
            "class Formatter:\n"
            "    def _line(self): self._fields = []\n"))
        self.assertEqual({"_table", "_line", "_fields"}, private)
        for source in ("from jsonlogging._encoder import encode",
                       "import jsonlogging._encoder",
                       "from .. import _encoder",
                       "from .._encoder import encode",
                       "from ..formatters import _table",
                       "formatters._table",
                       "class A(JSONFormatter): x = lambda s: s._fields",
                       "getattr(formatter, '_line')"):
            with self.subTest(source=source):
                self.assertTrue(private_uses(
                    ast.parse(source), "contrib.schemas", private))
        for source in ("from ..formatters import JSONFormatter",
                       "from .. import JSONFormatter",
                       "from ._pipeline import Queue",
                       "self._queue = '__init__'"):
            with self.subTest(source=source):
                self.assertFalse(private_uses(
                    ast.parse(source), "contrib.schemas", private))

    def test_all(self):
        """Every module says in __all__ what it offers."""
        for name, path in modules().items():
            assigned = {target.id for node in parse(path).body
                        if isinstance(node, ast.Assign)
                        for target in node.targets
                        if isinstance(target, ast.Name)}
            self.assertIn("__all__", assigned, name)


class SizeTest(unittest.TestCase):

    def test_size(self):
        """Ring 1 keeps to its size, with and without the fast path."""
        sizes = {name: code_lines(path) for name, path in modules().items()
                 if ring(name) == 1}
        self.assertLess(sum(sizes.values()), 1000, sizes)
        sizes.pop("_fast", None)
        self.assertLessEqual(sum(sizes.values()), 600, sizes)

    def test_code_lines(self):
        """Blank lines, comments and docstrings are not counted."""
        source = '''\
            """Module.

            Docstring."""

            # Comment.
            TEXT = """two
            # lines"""  # comment

            class A:
                """Class."""
                def f(self,
                      x):

                    """Function."""
                    return (x +
                            1)
        '''
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "module.py")
            path.write_text(textwrap.dedent(source), encoding="utf-8")
            self.assertEqual(7, code_lines(path))


class ImportTest(unittest.TestCase):

    def test_same_package(self):
        """A new Python in another folder imports the same package."""
        with tempfile.TemporaryDirectory() as folder:
            path = subprocess.check_output(
                [sys.executable, "-c",
                 "import jsonlogging; print(jsonlogging.__file__)"],
                cwd=folder, encoding="utf-8")
        self.assertEqual(jsonlogging.__file__, path.rstrip("\n"))

    def test_modules(self):
        """The import loads at most json's modules over logging's; gc is
        no file."""
        added = run("""
            import logging, sys
            before = set(sys.modules)
            import jsonlogging
            ours = {name for name in set(sys.modules) - before
                    if name.split(".")[0] == "jsonlogging"}
            for name in ours:
                # Load what Python 3.15 has left for the first use.
                for attribute in dir(sys.modules[name]):
                    getattr(sys.modules[name], attribute)
            added = sorted(set(sys.modules) - before - ours)
            import json
            print(json.dumps(added))
            """, "-I", "-S")
        self.assertEqual(set(), set(added) - JSON - {"gc"})

    def test_state(self):
        """The import leaves every registry and filter as it was."""
        before, after = run("""
            import atexit, builtins, copyreg, gc, logging, os, signal, sys
            import threading, warnings

            def state():
                return repr({
                    "root": (logging.root.level, logging.root.handlers,
                             logging.root.filters, logging.root.disabled),
                    "loggers": sorted(logging.root.manager.loggerDict),
                    "handlers": len(logging._handlerList),
                    "classes": (logging.getLoggerClass(),
                                logging.getLogRecordFactory(),
                                logging.lastResort),
                    "logging": sorted(
                        (name, str(value))
                        for name, value in vars(logging).items()
                        if name != "__builtins__"),
                    "formatter": sorted(
                        map(str, vars(logging.Formatter).items())),
                    "threads": threading.enumerate(),
                    "warnings": (warnings.filters, warnings.showwarning),
                    "hooks": (sys.excepthook, sys.displayhook, sys.path,
                              sys.meta_path, sys.path_hooks,
                              threading.excepthook, gc.callbacks),
                    "signals": [signal.getsignal(number)
                                for number in signal.valid_signals()],
                    "atexit": atexit._ncallbacks(),
                    "copyreg": sorted(map(str, copyreg.dispatch_table)),
                    "builtins": dir(builtins),
                    "environ": sorted(os.environ.items()),
                    "process": (os.getcwd(), sys.getrecursionlimit(),
                                sys.getswitchinterval()),
                })

            before = state()
            import jsonlogging
            after = state()
            import json
            print(json.dumps([before, after]))
            """)
        self.assertEqual(before, after)

    def test_no_environment(self):
        """The import neither reads nor writes the environment."""
        seen = run("""
            import logging, os
            seen = []

            def watch(name):
                original = getattr(os._Environ, name)

                def watched(self, *args):
                    seen.append([name, *map(repr, args)])
                    return original(self, *args)
                setattr(os._Environ, name, watched)

            for name in ("__getitem__", "__iter__", "__len__", "__setitem__",
                         "__delitem__"):
                watch(name)
            os.getenv("HOME")
            assert seen, "the watch sees nothing"
            seen.clear()
            import jsonlogging
            result = list(seen)
            import json
            print(json.dumps(result))
            """)
        self.assertEqual([], seen)

    def test_no_actions(self):
        """The import does nothing but find, read and run modules."""
        seen = run("""
            import logging, os, sys
            seen = []
            active = False
            reading = {"import", "exec", "compile", "marshal.loads",
                       "os.listdir", "os.scandir"}

            def hook(event, args):
                if not active or event in reading:
                    return
                if event == "open" and not args[2] & (
                        os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                    return
                seen.append([event, *map(repr, args)])

            def record(*args, **kwargs):
                seen.append(["register_at_fork", repr(args), repr(kwargs)])

            sys.addaudithook(hook)
            os.register_at_fork = record
            active = True
            os.putenv("JSONLOGGING_TEST", "1")
            assert seen, "the hook sees nothing"
            seen.clear()
            import jsonlogging
            active = False
            import json
            print(json.dumps(seen))
            """)
        self.assertEqual([], seen)


if __name__ == "__main__":
    unittest.main()
