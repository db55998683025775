"""Programs that run under the overrides, and how like plain Python it is."""

import ast
import builtins
import json
import os
import pathlib
import py_compile
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import types
import zipfile
from unittest import mock

import pytest

import jsonlogging

from ..support import strict_loads

ROOT = pathlib.Path(jsonlogging.__file__).parent.parent
LEVEL = "PYTHON_LOGGING_LEVEL"
HANDLER_LEVEL = "PYTHON_LOGGING_HANDLER_LEVEL"
FORMAT = "PYTHON_LOGGING_FORMAT"
TIME = "PYTHON_LOGGING_TIME"
RUN = ("-m", "jsonlogging", "run")
# That of which this environment was made.
PLAIN = os.path.join(sys.base_prefix, "bin",
                     "python%d.%d" % sys.version_info[:2])


@pytest.fixture
def python(tmp_path):
    """Return a function that runs Python in a folder of its own."""
    def run(*args, status=0, cwd=tmp_path, **environ):
        env = {name: text for name, text in os.environ.items()
               if not name.startswith("PYTHON_LOGGING")}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [
            environ.pop("PYTHONPATH", ""), os.fspath(ROOT)]))
        env.pop("PYTHONWARNDEFAULTENCODING", None)
        env.update(environ)
        result = subprocess.run(
            [sys.executable, *map(str, args)], cwd=cwd, env=env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", timeout=120)
        if status is not None:
            assert result.returncode == status, result.stderr
        return result
    return run


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a program and returns its path."""
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path
    return write


def objects(text):
    """Return the lines of *text*, each of which is strict JSON."""
    return [strict_loads(line) for line in text.splitlines()]


# What plain Python does.

WHAT_A_PROGRAM_SEES = """
import sys, json, os
main = sys.modules["__main__"]
spec = main.__spec__
print(json.dumps({
    "argv": sys.argv, "path": sys.path, "name": __name__,
    "same": main.__dict__ is globals(),
    "names": sorted(set(vars(main)) - {"sys", "json", "os", "main", "spec"}),
    "file": globals().get("__file__"), "package": __package__,
    "cached": globals().get("__cached__"), "doc": __doc__,
    "spec": spec and [spec.name, spec.origin, spec.parent],
    "loader": str(type(__loader__)), "cwd": os.getcwd(),
    "builtins": type(__builtins__).__name__,
    "excepthook": sys.excepthook is sys.__excepthook__,
    "environ": dict(os.environ), "annotations": "future" in dir(),
    "flags": list(sys.flags), "warnoptions": sys.warnoptions,
}))
"""


def assert_same(python, options, program, **environ):
    """Check that a program does under run what it does in plain Python."""
    plain = python(*options, *program, status=None, **environ)
    launched = python(*options, *RUN, *program, status=None, **environ)
    assert launched.returncode == plain.returncode
    assert launched.stdout == plain.stdout
    # A module that cannot be imported fails in another line of runpy.
    line = re.compile(r'  File ".*", line \d+, in _run_module_as_main\n'
                      r"(    .*\n)*")
    assert line.sub("", launched.stderr) == line.sub("", plain.stderr)
    return plain


@pytest.mark.parametrize("options", [(), ("-P",), ("-W", "ignore"), ("-O",)])
@pytest.mark.parametrize("program", [
    ("main.py", "a", "--level", "b"), ("./main.py",), ("sub/inner.py", "-m"),
    ("link.py", "-c"), ("-m", "main", "a"), ("-m", "pkg", "--format", "x"),
    ("-m", "pkg.mod"), ("-mmain", "-x"), ("-c", "CODE", "a", "-b"),
    ("folder", "a"), ("zipped.pyz", "-h"), ("compiled.pyc", "1")])
def test_what_a_program_sees(python, write, tmp_path, options, program):
    """argv, path, __main__, flags and environment are plain Python's."""
    if options == ("-P",) and sys.version_info < (3, 11):
        options = ("-X", "dev")
    for name in ("main.py", "sub/inner.py", "pkg/__main__.py", "pkg/mod.py",
                 "folder/__main__.py"):
        write(name, WHAT_A_PROGRAM_SEES)
    write("pkg/__init__.py", "")
    (tmp_path / "link.py").symlink_to(tmp_path / "sub" / "inner.py")
    with zipfile.ZipFile(tmp_path / "zipped.pyz", "w") as bundle:
        bundle.writestr("__main__.py", WHAT_A_PROGRAM_SEES)
    py_compile.compile(str(tmp_path / "main.py"),
                       str(tmp_path / "compiled.pyc"))
    program = [WHAT_A_PROGRAM_SEES if word == "CODE" else word
               for word in program]
    seen = json.loads(assert_same(python, options, program,
                                  PYTHONPATH=str(tmp_path)).stdout)
    assert seen["same"] and seen["name"] == "__main__"


def test_isolated(python, write, tmp_path):
    """-I is honoured: the path has no folder of the script."""
    if ROOT.name != "site-packages":
        pytest.skip("the package is found by PYTHONPATH")
    path = write("main.py", WHAT_A_PROGRAM_SEES)
    assert_same(python, ("-I",), (path,))
    assert_same(python, ("-E",), (path,))


def test_variables_are_switched_off(python, write):
    """-E and -I switch the variables off, and not the options."""
    if ROOT.name != "site-packages":
        pytest.skip("the package is found by PYTHONPATH")
    path = write("main.py", NEVER_CONFIGURES)
    for flag in "-E", "-I":
        assert python(flag, *RUN, path, **{FORMAT: "json"}).stderr == "low\n"
        result = python(flag, *RUN, "--format", "json", path)
        assert objects(result.stderr)[0]["message"] == "low"


@pytest.mark.parametrize("code", [
    "import sys; sys.exit(3)",
    "import sys; sys.exit('bye')",
    "import sys; sys.exit()",
    "raise SystemExit(True)",
    "import os; os._exit(7)",
    "def f():\n    1/0\nf()",
    "try:\n    1/0\nexcept ZeroDivisionError as e:\n"
    "    raise ValueError('x') from e",
    "raise KeyboardInterrupt",
    "class E(BaseException): pass\nraise E('x')",
    "import this is no syntax",
    "x = )",
    "raise",
    "import sys\ndef hook(*args): print('hook', args[0].__name__, "
    "args[2].tb_frame.f_code.co_name, args[2].tb_lineno)\n"
    "sys.excepthook = hook\n1/0",
    "import atexit, threading\natexit.register(print, 'atexit')\n"
    "t = threading.Thread(target=lambda: print('thread'))\nt.start()\n1/0",
    "import threading\nt = threading.Thread(target=lambda: 1/0, name='T')\n"
    "t.start(); t.join()",
    "import logging\nlogging.getLogger().setLevel('NONSENSE')",
    "import logging\nlogging.basicConfig(nonsense=1)",
    "import logging.config\nlogging.config.dictConfig({})",
    "print('out')\nimport sys\nprint('err', file=sys.stderr)",
    "import logging\nlogging.warning('hello'); logging.info('quiet')",
    "import logging\nlogging.basicConfig(level='INFO')\nlogging.info('hi')",
    "from __future__ import annotations\nx: undefined = 1\nprint('ok')",
    "x: undefined_name = 1",
    "def f(x: int) -> 'str': pass\nprint(f.__annotations__)",
    "import pickle\nclass C: pass\n"
    "print(type(pickle.loads(pickle.dumps(C()))).__module__)",
    "import inspect\ndef f(): pass\nprint(inspect.getsource(f))",
    "import asyncio\nasync def f():\n    raise KeyError(1)\n"
    "asyncio.run(f())",
    "'\\udc80'.encode()",
    "import warnings\nwarnings.warn('careful')",
    "raise SystemExit(-1)",
    "class E(Exception):\n    def with_traceback(self, traceback):\n"
    "        raise KeyError(traceback)\nraise E('x')",
    "from jsonlogging import JSONFormatter\nJSONFormatter(max_bytes=1)",
    "from jsonlogging import config\nconfig.parseEnvironment(None)",
])
def test_exit_codes_and_tracebacks(python, write, code):
    """Exit code, output and tracebacks are plain Python's, byte for byte."""
    path = write("main.py", "# a comment\n" + code)
    for program in ([path], ["main.py"], ["-m", "main"], ["-c", code]):
        result = assert_same(python, (), program)
        assert "launcher.py" not in result.stderr


@pytest.mark.parametrize("program", [
    ("absent.py",), ("sub/absent.py", "x"), (".",), ("-m", "absent"),
    ("-m", "pkg.absent"), ("-m", "bare"), ("-m", "absent.x"),
    ("-m", "broken"), ("-m", "pkg.__init__"), ("pkg",), ("pkg/",),
    ("broken.py/x.py",), ("broken.py/",), ("no\nsuch.py",), ("it's.py",),
    ("./pkg",)])
def test_programs_that_do_not_exist(python, write, program):
    """What cannot be run fails as in plain Python."""
    write("pkg/__init__.py", "")
    write("bare/__init__.py", "")
    write("broken.py", "this is no syntax")
    assert_same(python, (), program)


@pytest.mark.parametrize("program", [
    ("-c", ""), ("-c", "\n"), ("-c", "  print(1)\n  print(2)"),
    ("-c", "\n   if 1:\n    print(1)\n"), ("-c", "\t1/0")])
def test_code(python, program):
    """What -c takes is what Python's takes, and dedented from 3.14 on."""
    assert_same(python, (), program)


def test_standard_input(python, write):
    """A program may come by standard input, by a pipe and be read once."""
    path = write("main.py", WHAT_A_PROGRAM_SEES)
    code = ("import subprocess, sys; file = open(sys.argv[1]);"
            "sys.exit(subprocess.run([sys.executable, *sys.argv[2:]], "
            "stdin=file).returncode)")
    pipe = ("import os, subprocess, sys; read, write = os.pipe();"
            "os.write(write, open(sys.argv[1], 'rb').read());"
            "os.close(write); sys.exit(subprocess.run([sys.executable, "
            "*[a.replace('PIPE', '/dev/fd/%d' % read) for a "
            "in sys.argv[2:]]], pass_fds=[read]).returncode)")
    pipes = re.compile("/(dev|proc/[0-9a-z]+)/fd")    # have two names
    failing = write("fails.py", "# nothing\ndef f():\n    1/0\nf()\n")
    for how, word in (code, "-"), (code, "/dev/stdin"), (pipe, "PIPE"):
        for source in path, failing:
            plain = python("-c", how, source, word, "a", status=None)
            result = python("-c", how, source, *RUN, word, "a", status=None)
            assert (result.returncode, pipes.sub("", result.stdout)) == (
                plain.returncode, pipes.sub("", plain.stdout))
            assert plain.stdout if source == path else plain.stderr
            if word != "-":
                assert result.stderr == plain.stderr
            else:       # 3.13 and later show the line of "<stdin>"
                assert result.stderr.splitlines()[-1:] == (
                    plain.stderr.splitlines()[-1:])


def test_no_working_directory(python, write, tmp_path):
    """A script with an absolute path runs where there is no directory."""
    path = write("main.py", "import sys; print(__file__, sys.path[0])")
    code = ("import os, subprocess, sys; os.mkdir('gone'); os.chdir('gone');"
            "os.rmdir('../gone'); sys.exit(subprocess.run("
            "[sys.executable, *sys.argv[1:]]).returncode)")
    plain = python("-c", code, path)
    assert python("-c", code, *RUN, path).stdout == plain.stdout
    assert plain.stdout == "%s %s\n" % (path, tmp_path)


def test_signals(python, write, tmp_path):
    """Signals end the program as they end it in plain Python."""
    for name in "SIGINT", "SIGTERM", "SIGKILL":
        path = write("main.py", """
            import os, signal
            # It is ignored in what a shell runs in the background.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.kill(os.getpid(), signal.%s)
            signal.pause()
            """ % name)
        result = assert_same(python, (), (path,))
        assert result.returncode == -getattr(signal, name)


def test_main_program_stays(python, write):
    """__main__ is still the program when threads and atexit run."""
    path = write("main.py", """
        import atexit, sys
        secret = "here"
        atexit.register(lambda: print(sys.modules["__main__"].secret))
        """)
    assert assert_same(python, (), (path,)).stdout == "here\n"


# Overrides.

NEVER_CONFIGURES = """
    import logging
    logging.getLogger("app.db").debug("select", extra={"rows": 2})
    logging.getLogger().info("started")
    logging.getLogger().warning("low")
    """


def test_last_resort(python, write):
    """A program that never configures logging gets JSON from lastResort."""
    path = write("main.py", NEVER_CONFIGURES)
    plain = python(*RUN, path)
    assert plain.stderr == "low\n"
    result = python(*RUN, path, **{LEVEL: "INFO,app.db=DEBUG", FORMAT: "json"})
    assert [(line["logger"], line["level"], line["message"])
            for line in objects(result.stderr)] == [
        ("app.db", "DEBUG", "select"), ("root", "INFO", "started"),
        ("root", "WARNING", "low")]


def test_options_beat_variables(python, write):
    """Each option goes before its variable; the environment is as it was."""
    path = write("main.py", """
        import logging, os
        logging.basicConfig(format="%(asctime)s %(message)s")
        handler = logging.getLogger().handlers[0]
        handler.name = "console"
        handler.setLevel("ERROR")
        logging.getLogger("app").info("hello")
        print(logging.root.level, handler.level, handler.formatter.utc,
              type(handler.formatter).__name__,
              os.environ["PYTHON_LOGGING_LEVEL"])
        """)
    result = python(
        *RUN, "--level", "INFO", "--format=json", "--time", "local",
        "--handler-level", "console=DEBUG", path,
        **{LEVEL: "ERROR", FORMAT: "text", TIME: "utc",
           HANDLER_LEVEL: "console=CRITICAL"})
    assert result.stdout == "20 10 False JSONFormatter ERROR\n"
    # basicConfig() gives its handler no name.
    warning, line = result.stderr.splitlines()
    assert "'console' is not the name of a handler yet" in warning
    assert strict_loads(line)["message"] == "hello"


@pytest.mark.parametrize("arguments, message", [
    (["--level", "10E"], "argument --level: '10E' is not a level"),
    (["--format", "ext://x"], "argument --format: 'ext://x' is not json"),
    (["--time", "noon"], "argument --time: 'noon' is not utc or local"),
    (["--handler-level", "DEBUG"], "argument --handler-level: 'DEBUG' is"),
    (["--levle", "INFO"], "unrecognized arguments: --levle"),
    (["--level"], "a program is needed"),
    (["--conf", "x.json"], "unrecognized arguments: --conf"),
])
def test_wrong_options(python, write, arguments, message):
    """A wrong option is an error that names it; nothing is run."""
    path = write("main.py", "print('run')")
    result = python(*RUN, *arguments, path, status=2)
    assert message in result.stderr
    assert result.stdout == ""


def test_no_program(python):
    """Without a program there is an error, and --help is help."""
    for arguments in ([], ["--level", "INFO"], ["-m"], ["-c"], ["--"]):
        assert "a program is needed" in python(
            *RUN, *arguments, status=2).stderr
    assert "--children" in python(*RUN, "--help").stdout
    text = python("-m", "jsonlogging", "config", "--help").stdout
    assert "RUNS the program" in text and "until" in text
    assert "autoload" in python("-m", "jsonlogging", "--help").stdout
    python("-m", "jsonlogging", status=2)
    python("-m", "jsonlogging", "start", "x", status=2)


PINS = """
    import logging, logging.config
    log = logging.getLogger("app.db")
    log.setLevel("ERROR")
    logging.basicConfig(level="ERROR")
    logging.getLogger().setLevel("CRITICAL")
    log.setLevel(logging.WARNING)
    logging.getLogger("free").setLevel("DEBUG")
    handler = logging.StreamHandler()
    handler.name = "mine"
    logging.getLogger("x").addHandler(handler)
    handler.setLevel(50)
    print(logging.getLogger().level, log.level, handler.level,
          logging.getLogger("free").level)
    """


def test_pins(python, write):
    """What the operator named is pinned against setLevel; the rest is not."""
    path = write("main.py", PINS)
    environ = {LEVEL: "INFO,app.db=DEBUG", HANDLER_LEVEL: "mine=15"}
    assert python(*RUN, path, **environ).stdout == "20 10 15 10\n"
    assert python(*RUN, "--no-pin", path,
                  **environ).stdout == "50 30 50 10\n"
    assert python(*RUN, path).stdout == "50 30 50 10\n"


def test_no_pin(python, write):
    """With --no-pin what the program says later holds for each by itself."""
    path = write("main.py", """
        import logging
        logging.getLogger("a").setLevel("ERROR")
        logging.getLogger("b")
        logging.getLogger().setLevel("ERROR")
        for name in "one", "two":
            handler = logging.StreamHandler()
            handler.name = name
            logging.getLogger().addHandler(handler)
            print(handler.level)
            handler.setLevel(50)
            handler.setFormatter(logging.Formatter())
            logging.getLogger().removeHandler(handler)
            logging.getLogger().addHandler(handler)
        print([logging.getLogger(name).level for name in ("a", "b", "")],
              [handler.level for handler in logging.root.handlers])
        """)
    environ = {LEVEL: "INFO,a=5,b=6", HANDLER_LEVEL: "one=7,two=8",
               TIME: "utc"}
    assert python(*RUN, "--no-pin", path, **environ).stdout == (
        "7\n8\n[40, 6, 40] [50, 50]\n")
    assert python(*RUN, path, **environ).stdout == (
        "7\n8\n[5, 6, 20] [7, 8]\n")


def test_no_logger_before_its_class(python, write):
    """No logger is created before the program sets its class for them."""
    path = write("main.py", """
        import logging
        class Own(logging.Logger):
            def notice(self, text):
                self.log(25, text)
        logging.setLoggerClass(Own)
        logging.getLogger("app.db").notice("custom")
        logging.getLogger("app.db").debug("detail")
        """)
    result = python(*RUN, path, **{LEVEL: "app.db=DEBUG", FORMAT: "json"})
    assert [line["message"] for line in objects(result.stderr)] == [
        "custom", "detail"]


def test_by_hand(python, write):
    """Handlers that a program adds by hand are overridden, in any order."""
    path = write("main.py", """
        import logging, sys, io
        text = logging.Formatter("%(message)s")
        log = logging.getLogger("hand")
        first = logging.StreamHandler(sys.stdout)
        first.setFormatter(text)
        log.addHandler(first)
        log.warning("one")
        log.removeHandler(first)
        second = logging.StreamHandler(stream=sys.stdout)
        log.addHandler(hdlr=second)
        second.setFormatter(fmt=text)
        log.warning("two")
        buffer = io.StringIO()
        third = logging.StreamHandler(buffer)
        third.setFormatter(text)
        log.addHandler(third)
        log.warning("three")
        assert buffer.getvalue() == "three\\n", buffer.getvalue()
        """)
    result = python(*RUN, path, **{FORMAT: "json"})
    assert [line["message"] for line in objects(result.stdout)] == [
        "one", "two", "three"]


def test_behind_others_by_hand(python, write):
    """Consoles behind handlers that a program adds by hand are reached."""
    path = write("main.py", """
        import logging, logging.handlers, queue, sys
        log = logging.getLogger("hand")
        def console():
            return logging.StreamHandler(sys.stdout)
        memory = logging.handlers.MemoryHandler(1, target=console())
        log.addHandler(memory)
        log.warning("one")
        log.removeHandler(memory)
        front = logging.handlers.QueueHandler(queue.Queue())
        front.listener = logging.handlers.QueueListener(
            front.queue, console())
        log.addHandler(front)
        front.listener.start()
        log.warning("two")
        front.listener.stop()
        """)
    result = python(*RUN, path, **{FORMAT: "json"})
    assert [line["message"] for line in objects(result.stdout)] == [
        "one", "two"]


CUSTOM = """
    import logging, sys
    if "twice" in sys.argv:
        logging.basicConfig(level="ERROR")
    logging.addLevelName(5, "TRACE")
    if "hand" in sys.argv:
        logging.getLogger().addHandler(logging.StreamHandler())
    else:
        logging.basicConfig()
    logging.getLogger("app").setLevel("ERROR")
    logging.getLogger("app").log(5, "traced")
    """


@pytest.mark.parametrize("options, environ", [
    ([], {LEVEL: "app=TRACE"}), (["--level", "app=TRACE"], {})])
def test_custom_level(python, write, options, environ):
    """A level name that the program registers counts from then on."""
    path = write("main.py", CUSTOM)
    for word in "basic", "hand":
        result = python(*RUN, *options, path, word, **environ)
        assert "traced" in result.stderr        # and so it is pinned
        assert "Warning" not in result.stderr
    # Once logging is configured, the operator is told.
    result = python(*RUN, *options, path, "twice", **environ)
    assert "'app=TRACE' is not a level (ignored)" in result.stderr
    assert "TRACE:app:traced" in result.stderr


@pytest.mark.parametrize("last", [
    "logging.basicConfig()",
    "logging.getLogger().addHandler(logging.StreamHandler())"])
def test_formats_that_a_program_registers(python, write, last):
    """A format that the program registers counts from then on."""
    path = write("main.py", """
        import logging
        from jsonlogging import config, JSONFormatter
        config.registerFormat("mine", lambda: JSONFormatter(["message"]))
        %s
        logging.warning("hello")
        """ % last)
    for options, environ in (([], {FORMAT: "mine"}),
                             (["--format", "mine"], {})):
        result = python(*RUN, *options, path, **environ)
        assert objects(result.stderr) == [{"message": "hello"}]


def test_names_that_nobody_registers(python, write):
    """What has had no effect when a program ends is a warning then."""
    path = write("main.py", "import logging; print('run')")
    result = python(*RUN, "--level", "DEBGU", path, **{
        FORMAT: "mine", HANDLER_LEVEL: "console=DEBUG"})
    assert result.stdout == "run\n"
    for text in ("PYTHON_LOGGING_LEVEL: 'DEBGU' is not a level",
                 "PYTHON_LOGGING_FORMAT: 'mine' is not json or text or ecs",
                 "PYTHON_LOGGING_HANDLER_LEVEL: 'console' is not the name"):
        assert result.stderr.count(text) == 1
    assert len(result.stderr.splitlines()) == 3


def test_handlers_that_are_no_more(python, write):
    """A handler that had its level is not missed when the program ends."""
    path = write("main.py", """
        import logging
        log = logging.getLogger("app")
        handler = logging.StreamHandler()
        handler.name = "console"
        log.addHandler(handler)
        log.removeHandler(handler)
        del handler
        """)
    result = python(*RUN, path, **{HANDLER_LEVEL: "console=DEBUG"})
    assert result.stderr == ""


def test_what_hides_records_by_hand(python, write):
    """A program that configures logging by hand is told at its end."""
    path = write("main.py", """
        import logging
        handler = logging.StreamHandler()
        handler.setLevel("ERROR")
        logging.getLogger().addHandler(handler)
        logging.info("hello")
        """)
    result = python(*RUN, path, **{LEVEL: "INFO"})
    assert ("'root=INFO' is hidden by the level of 'an unnamed "
            "StreamHandler', which has no name" in result.stderr)
    assert "hidden" not in python(*RUN, path, **{LEVEL: "ERROR"}).stderr


def test_changes_by_hand(python, write):
    """A console that comes to a handler later is overridden as well."""
    path = write("main.py", """
        import io, logging, logging.handlers, queue, sys
        root = logging.getLogger()
        def console():
            return logging.StreamHandler(sys.stdout)
        memory = logging.handlers.MemoryHandler(1)
        root.addHandler(memory)
        memory.setTarget(console())
        logging.warning("target")
        memory.target.setFormatter(logging.Formatter("%(message)s"))
        logging.warning("formatter")
        root.removeHandler(memory)
        front = logging.handlers.QueueHandler(queue.Queue())
        root.addHandler(front)
        front.listener = logging.handlers.QueueListener(
            front.queue, console())
        front.listener.start()
        logging.warning("listener %d", 1)
        front.listener.stop()
        front.listener.handlers[0].setFormatter(
            logging.Formatter("x %(message)s"))
        front.listener.start()
        try:
            1/0
        except ZeroDivisionError:
            logging.exception("behind")
        front.listener.stop()
        root.removeHandler(front)
        handler = logging.StreamHandler(io.StringIO())
        root.addHandler(handler)
        handler.setStream(sys.stdout)
        logging.warning("stream")
        root.removeHandler(handler)
        for name in "name", "set_name":
            handler = console()
            handler.setLevel("ERROR")
            root.addHandler(handler)
            if name == "name":
                handler.name = "console"
            else:
                handler.set_name("console")
            logging.warning(name)
            root.removeHandler(handler)
        """)
    result = python(*RUN, path, **{FORMAT: "json",
                                   HANDLER_LEVEL: "console=INFO"})
    lines = objects(result.stdout)
    assert [line["message"] for line in lines] == [
        "target", "formatter", "listener 1", "behind", "stream", "name",
        "set_name"]
    assert lines[3]["exception"]["type"] == "ZeroDivisionError"
    assert result.stderr == ""


def test_many_handlers(python, write):
    """A handler that is added costs the same whatever there is."""
    path = write("main.py", """
        import logging, sys
        count = 0
        def work(number):
            global count
            count = 0
            for each in range(number):
                handler = logging.StreamHandler()
                logging.getLogger("%d.%d" % (number, each)).addHandler(
                    handler)
                handler.setFormatter(logging.Formatter("%(name)s"))
            return count
        def profile(frame, event, argument):
            global count
            count += event == "call"
        sys.setprofile(profile)
        few = work(50)
        many = work(500)
        sys.setprofile(None)
        print(many < 12 * few, few, many)
        """)
    result = python(*RUN, path, **{FORMAT: "json", TIME: "utc"})
    assert result.stdout.startswith("True"), result.stdout


def test_a_program_that_uses_the_package(python, write):
    """Its own install(), uninstall() and variables are no concern of ours."""
    path = write("main.py", """
        import logging, sys
        from jsonlogging import config
        if "install" in sys.argv:
            config.install(env="MYAPP_LOG")
        if "uninstall" in sys.argv:
            config.uninstall()
        logging.basicConfig(level="ERROR")
        logging.getLogger("app").debug("detail")
        logging.getLogger("own").info("own")
        """)
    for words in ([], ["install"], ["uninstall"], ["install", "uninstall"]):
        result = python(*RUN, "--format", "json", path, *words, **{
            LEVEL: "app=DEBUG", "MYAPP_LOG_LEVEL": "own=INFO",
            FORMAT: "text"})
        assert [line["message"] for line in objects(result.stderr)] == [
            "detail", *["own"] * (words == ["install"])]


def test_pins_have_no_window(python, write):
    """While a program asks for another level, no thread sees that."""
    path = write("main.py", """
        import logging
        seen = []
        class Watched(logging.Logger):
            def __setattr__(self, name, value):
                if name == "level":
                    seen.append(value)
                super().__setattr__(name, value)
        logging.setLoggerClass(Watched)
        log = logging.getLogger("app")
        seen.clear()
        for level in "ERROR", 30, "INFO":
            log.setLevel(level)
        for wrong in "NONSENSE", None, 3.5:
            try:
                log.setLevel(wrong)
            except (TypeError, ValueError):
                pass
            else:
                print(wrong)
        log.level = 50
        log.setLevel(logging.WARNING)
        print(seen, log.level)
        """)
    result = python(*RUN, path, **{LEVEL: "app=DEBUG"})
    assert result.stdout == "[50, 10] 10\n"


RICH = """
    import logging, sys
    class Console:
        file = sys.stdout
    class Rich(logging.Handler):
        '''As rich's handler: it renders by itself.'''
        console = Console()
        def emit(self, record):
            print("<<%s>>" % record.getMessage())
    handler = Rich()
    handler.name = "rich"
    handler.setLevel("INFO")
    handler.addFilter(lambda record: "secret" not in record.msg)
    """


def test_handlers_that_render_by_themselves(python, write):
    """They print as a StreamHandler, with level, filters and name."""
    path = write("main.py", textwrap.dedent(RICH) + textwrap.dedent("""
        logging.basicConfig(level="DEBUG", handlers=[handler])
        logging.debug("too low")
        logging.info("secret")
        logging.info("hello")
        handler.setLevel("ERROR")
        logging.warning("too low now")
        logging.getLogger().removeHandler(handler)
        print(logging.root.handlers, file=sys.stderr)
        """))
    assert python(*RUN, path).stdout == "<<hello>>\n"
    assert python(*RUN, path, **{FORMAT: "text"}).stdout == "<<hello>>\n"
    result = python(*RUN, path, **{FORMAT: "json"})
    assert [line["message"] for line in objects(result.stdout)] == ["hello"]
    assert result.stderr == "[]\n"
    result = python(*RUN, path, **{FORMAT: "json",
                                   HANDLER_LEVEL: "rich=WARNING"})
    assert [line["message"] for line in objects(result.stdout)] == [
        "too low now"]


def test_handlers_stay_the_program_s_own(python, write):
    """A handler that renders by itself is still the one that was added."""
    path = write("main.py", textwrap.dedent(RICH) + textwrap.dedent("""
        log = logging.getLogger("app")
        for turn in range(3):
            log.addHandler(handler)
        log.warning("once")
        assert log.handlers == [handler] and handler.name == "rich"
        for each in list(log.handlers):
            log.removeHandler(each)
        log.warning("to nobody")
        log.addHandler(handler)
        log.warning("again")
        """))
    result = python(*RUN, path, **{FORMAT: "json"})
    assert [line["message"] for line in objects(result.stdout)] == [
        "once", "again"]


def test_filters_that_come_later(python, write):
    """A filter that is added to such a handler later still counts."""
    path = write("main.py", textwrap.dedent(RICH) + textwrap.dedent("""
        logging.basicConfig(level="DEBUG", handlers=[handler])
        handler.addFilter(lambda record: "card" not in record.msg)
        logging.info("card 4111")
        logging.info("hello")
        """))
    result = python(*RUN, path, **{FORMAT: "json"})
    assert [line["message"] for line in objects(result.stdout)] == ["hello"]


def test_handlers_that_wrap_formatters(python, write):
    """A handler that wraps what it is given is asked once, not for ever."""
    path = write("main.py", """
        import logging
        count = 0
        class Wrapper(logging.Formatter):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner
            def format(self, record):
                return self.inner.format(record)
        class Wrapping(logging.StreamHandler):
            def setFormatter(self, fmt):
                global count
                count += 1
                super().setFormatter(Wrapper(fmt))
        handler = Wrapping()
        logging.basicConfig(handlers=[handler])
        handler.setFormatter(logging.Formatter("x %(message)s"))
        logging.warning("hello")
        print(count < 20)
        """)
    result = python(*RUN, path, **{FORMAT: "json"})
    assert result.stdout == "True\n"
    assert objects(result.stderr)[0]["message"] == "hello"


@pytest.mark.parametrize("code", [
    "logging.getLogger().addHandler(None)",
    "logging.getLogger().removeHandler(None)",
    "logging.getLogger().addHandler()",
    "logging.getLogger().setLevel()",
    "logging.getLogger().setLevel(None)",
    "from unittest import mock\n"
    "logging.getLogger().addHandler(mock.MagicMock(level=10))",
    "from unittest import mock\n"
    "logging.getLogger().addHandler(mock.MagicMock("
    "spec=logging.StreamHandler(), level=10))",
    "class H(logging.Handler):\n    def __init__(self): pass\n"
    "logging.getLogger().addHandler(H())\nlogging.getLogger('x')",
    "class H(logging.StreamHandler):\n    def __init__(self): pass\n"
    "logging.getLogger().addHandler(H())\nlogging.getLogger('x')",
    "class H(logging.Handler):\n    @property\n"
    "    def console(self): raise KeyError('no')\n"
    "logging.getLogger().addHandler(H())",
])
def test_odd_programs(python, write, code):
    """What a program gets away with in plain Python it gets away with."""
    path = write("main.py", "import logging, atexit\n"
                 "atexit.register(logging.root.handlers.clear)\n" + code)
    plain = python(path, status=None)
    result = python(*RUN, path, status=None,
                    **{FORMAT: "json", LEVEL: "DEBUG,x=DEBUG"})
    assert result.returncode == plain.returncode
    if plain.stderr:
        assert result.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]


def test_handlers_that_ship_are_left_alone(python, write):
    """A handler of another kind is never replaced."""
    path = write("main.py", """
        import logging, sys
        class Sender(logging.Handler):
            console = None
            def emit(self, record):
                print("sent", record.getMessage())
        class Buffer:
            file = open("x.log", "w", encoding="utf-8")
        class Recorder(Sender):
            console = Buffer
        logging.basicConfig(handlers=[Sender(), Recorder()])
        logging.warning("hello")
        """)
    assert python(*RUN, path, **{FORMAT: "json"}).stdout == (
        "sent hello\nsent hello\n")


def test_opt_out(python, write):
    """env=False is about what a program reads: the operator's word holds."""
    path = write("main.py", """
        import logging
        from jsonlogging import config
        config.basicConfig(env=False, level="ERROR")
        logging.getLogger("a").info("hello")
        """)
    result = python(*RUN, path, **{LEVEL: "INFO", FORMAT: "json"})
    assert [line["message"] for line in objects(result.stderr)] == ["hello"]


def test_registered_schemas(python, write, tmp_path):
    """The schemas are registered when there are any."""
    package = tmp_path / "with" / "jsonlogging"
    shutil.copytree(ROOT / "jsonlogging", package)
    (package / "contrib" / "schemas.py").write_text(textwrap.dedent("""
        from .. import config
        from ..formatters import JSONFormatter
        def register():
            config.registerFormat("ecs", lambda: JSONFormatter(
                {"message": "message", "ecs.version": "ecs"},
                defaults={"ecs": "9"}))
        """), encoding="utf-8")
    path = write("main.py", NEVER_CONFIGURES)
    for options, environ in (([], {FORMAT: "ecs"}),
                             (["--format", "ecs"], {})):
        result = python(*RUN, *options, path,
                        PYTHONPATH=str(package.parent), **environ)
        assert objects(result.stderr) == [
            {"message": "low", "ecs.version": "9"}]


# Children.

CHILDREN = """
    import logging, multiprocessing as mp, sys

    def child(name):
        logging.basicConfig(level="ERROR", format="%(message)s")
        logging.getLogger("app.db").setLevel("ERROR")
        logging.getLogger("app.db").debug("in %s", name)

    if __name__ == "__main__":
        for name in sys.argv[1:]:
            process = mp.get_context(name).Process(target=child, args=(name,))
            process.start()
            process.join()
            assert process.exitcode == 0, process.exitcode
    """


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing(python, write, method):
    """Children of every start method follow, their levels pinned."""
    path = write("main.py", CHILDREN)
    for program in ([path], ["-m", "main"]):
        result = python(*RUN, "--format", "json", *program, method,
                        **{LEVEL: "app.db=DEBUG"})
        assert [line["message"] for line in objects(result.stderr)] == [
            "in " + method]
        result = python(*RUN, "--no-pin", "--format", "json", *program,
                        method, **{LEVEL: "app.db=DEBUG"})
        assert result.stderr == ""


def test_pools(python, write):
    """Workers of pools follow as well."""
    path = write("main.py", """
        import logging, multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        def work(number):
            logging.getLogger("app").info("work %d", number)
            return number * 2
        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                print(list(pool.map(work, [1, 2])))
        """)
    result = python(*RUN, path, **{LEVEL: "INFO", FORMAT: "json"})
    assert result.stdout == "[2, 4]\n"
    assert {"work 1", "work 2"} <= {
        line["message"] for line in objects(result.stderr)}


SUBPROCESS = """
    import os, subprocess, sys
    code = ("import logging, sys; logging.getLogger().setLevel('ERROR');"
            "logging.getLogger('app').info('in child')")
    sys.stdout.flush()
    subprocess.run([sys.executable, "-c", code], check=True)
    """


def test_subprocesses(python, write):
    """Other Pythons follow with --children only, pinned or not."""
    path = write("main.py", SUBPROCESS)
    options = ["--level", "INFO", "--format", "json"]
    assert python(*RUN, *options, path).stderr == ""
    result = python(*RUN, *options, "--children", path)
    assert [line["message"] for line in objects(result.stderr)] == ["in child"]
    result = python(*RUN, *options, "--children", "--no-pin", path)
    assert result.stderr == ""


def test_pythons_without_the_package(python, write):
    """With --children another Python finds the package, and no more."""
    path = write("main.py", SUBPROCESS.replace("sys.executable", "plain")
                 .replace("import os, subprocess, sys",
                          "import os, subprocess, sys; plain = %r\n"
                          "    path = os.environ['PYTHONPATH']\n"
                          "    hook, _, _ = path.partition(os.pathsep)\n"
                          "    os.environ['PYTHONPATH'] = hook" % PLAIN))
    result = python(*RUN, "--level", "INFO", "--format", "json",
                    "--children", path)
    assert [line["message"] for line in objects(result.stderr)] == ["in child"]


# Configuration files.

JSON_FILE = """
    {"version": 1,
     "formatters": {"own": {"class": "jsonlogging.JSONFormatter",
                            "timespec": "seconds"}},
     "handlers": {"console": {"class": "logging.StreamHandler",
                              "formatter": "own"}},
     "root": {"handlers": ["console"], "level": "ERROR"}}
    """
TOML_FILE = """
    version = 1
    [handlers.console]
    class = "logging.StreamHandler"
    [root]
    handlers = ["console"]
    level = "ERROR"
    """
INI_FILE = """
    [loggers]
    keys=root
    [handlers]
    keys=console
    [formatters]
    keys=
    [logger_root]
    level=ERROR
    handlers=console
    [handler_console]
    class=StreamHandler
    args=()
    """


@pytest.mark.parametrize("name, text", [
    ("c.json", JSON_FILE), ("c.INI", INI_FILE), ("c.toml", TOML_FILE)])
def test_config_file(python, write, name, text):
    """--config configures logging first, and is overridden."""
    path = write("main.py", """
        import logging
        logging.basicConfig(format="not used: there is a handler")
        logging.info("hello")
        """)
    file = write(name, text)
    if name == "c.toml" and sys.version_info < (3, 11):
        result = python(*RUN, "--config", file, path, status=2)
        assert "TOML needs Python 3.11 or later" in result.stderr
        return
    result = python(*RUN, "--config", file, "--level", "INFO",
                    "--format", "json", path)
    line, = objects(result.stderr)
    assert line["message"] == "hello"
    assert ("." in line["timestamp"]) == (name != "c.json")
    assert python(*RUN, "--config", file, path).stderr == ""


@pytest.mark.parametrize("name, text, message", [
    ("c.json", "{", "Expecting property name"),
    ("c.json", '{"version": 2}', "Unsupported version: 2"),
    ("c.json", '{"version": 1, "handlers": {"a": {"class": "no.x"}}}',
     "Unable to configure handler 'a': Cannot resolve 'no.x'"),
    ("c.json", "[1]", "c.json: "), ("c.json", None, "No such file"),
    ("c.yaml", "", "not a .json, .toml or .ini file"),
    ("c.ini", "[loggers", "c.ini"), ("c.ini", None, "c.ini")])
def test_wrong_config_file(python, write, tmp_path, name, text, message):
    """A file that cannot be used is an error; the program is not run."""
    path = write("main.py", "print('run')")
    if text is not None:
        write(name, text)
    result = python(*RUN, "--config", tmp_path / name, path, status=2)
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


# python -m jsonlogging config

CONFIG = ("-m", "jsonlogging", "config")
CONFIGURES = """
    import logging.config, atexit, sys
    print("before")
    atexit.register(print, "atexit")
    logging.config.dictConfig({
        "version": 1, "root": {"handlers": ["console"], "level": "ERROR"},
        "handlers": {"console": {"class": "logging.StreamHandler",
                                 "stream": "ext://sys.stdout"}}})
    print("after")
    logging.getLogger("later").setLevel("INFO")
    sys.exit(int(sys.argv[1]))
    """


def test_config_json(python, write):
    """It prints JSON alone, and stops when logging has been configured."""
    path = write("main.py", CONFIGURES)
    result = python(*CONFIG, "--json", path, "5",
                    **{LEVEL: "app.db=DEBUG", FORMAT: "json"})
    now = json.loads(result.stdout)
    assert result.stderr == "before\natexit\n"
    assert now["loggers"]["app.db"]["level"]["variable"] == LEVEL
    console = now["handlers"]["console"]
    assert console["console"]
    assert console["formatter"]["value"] == (
        "jsonlogging.formatters.JSONFormatter")
    assert "later" not in now["loggers"]


def test_config_until_end(python, write):
    """With --until end, the program runs to its end and its exit code."""
    path = write("main.py", CONFIGURES)
    result = python(*CONFIG, "--json", "--until", "end", path, "5", status=5)
    assert "later" in json.loads(result.stdout)["loggers"]
    assert result.stderr == "before\nafter\natexit\n"


def test_config_table(python, write):
    """The table names who set what."""
    path = write("main.py", CONFIGURES)
    result = python(*CONFIG, path, "0", **{
        LEVEL: "INFO,x=DEBGU", FORMAT: "json", TIME: "utc"})
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "LOGGER LEVEL SET BY HANDLERS" in lines
    assert "root INFO PYTHON_LOGGING_LEVEL (program: ERROR) console" in lines
    assert ("console NOTSET program logging.StreamHandler") in lines
    assert ("console jsonlogging.formatters.JSONFormatter "
            "PYTHON_LOGGING_FORMAT (program: none) utc PYTHON_LOGGING_TIME "
            "(program: none) console") in lines
    assert 'console formatter.timespec "milliseconds"' in lines
    assert lines[-1] == ("PYTHON_LOGGING_LEVEL: 'x=DEBGU' is not a level "
                         "(ignored)")


def test_config_of_a_program_that_does_not_configure(python, write):
    """Then the report comes at its end, also if that is an error."""
    path = write("main.py", "1/0")
    result = python(*CONFIG, path, status=1)
    assert "root" in result.stdout
    assert "ZeroDivisionError" in result.stderr


def test_config_of_a_program_that_is_interrupted(python, write):
    """Then the report comes when it is interrupted."""
    path = write("main.py", """
        import logging, os, signal
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.getLogger("by.hand").addHandler(logging.StreamHandler())
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()
        """)
    result = python(*CONFIG, "--json", path, status=-signal.SIGINT)
    assert "by.hand" in json.loads(result.stdout)["loggers"]


def test_config_of_odd_handlers(python, write):
    """A handler that cannot be shown is in the table, with a note."""
    path = write("main.py", """
        import logging
        class Bare(logging.Handler):
            def __init__(self):
                pass
        logging.getLogger().addHandler(Bare())
        """)
    lines = [" ".join(line.split())
             for line in python(*CONFIG, path).stdout.splitlines()]
    assert "an unnamed Bare - program __main__.Bare" in lines
    assert "an unnamed Bare: cannot be shown: AttributeError" in lines


@pytest.mark.parametrize("target", ["/dev/full", "&-"])
def test_config_without_standard_output(python, write, target):
    """A report that cannot be written is one line and exit code 1."""
    path = write("main.py", "import logging; logging.basicConfig()")
    code = ("import subprocess, sys; sys.exit(subprocess.run(['sh', '-c', "
            "'exec \"$0\" -m jsonlogging config main.py >%s', "
            "sys.executable]).returncode)" % target)
    result = python("-c", code, status=1)
    assert result.stderr.startswith("python -m jsonlogging config: [Errno")
    assert len(result.stderr.splitlines()) == 1


def test_config_in_a_thread(python, write):
    """A program may configure logging in another thread."""
    path = write("main.py", """
        import logging, threading
        thread = threading.Thread(target=logging.basicConfig)
        thread.start()
        thread.join()
        threading.Event().wait()
        """)
    assert "StreamHandler" in python(*CONFIG, path).stdout


def test_config_file_alone(python, write):
    """config --config FILE needs no program."""
    file = write("c.json", JSON_FILE)
    result = python(*CONFIG, "--json", "--config", file, "--level", "INFO")
    level = json.loads(result.stdout)["loggers"]["root"]["level"]
    assert (level["value"], level["instead_of"]) == ("INFO", "ERROR")
    assert "a program is needed" in python(*CONFIG, status=2).stderr


def test_config_shows_no_secrets(python, write):
    """Passwords and userinfo of URLs are not printed."""
    file = write("c.json", """
        {"version": 1, "handlers": {"mail": {
            "class": "logging.handlers.SMTPHandler", "mailhost": "mail",
            "fromaddr": "a", "toaddrs": ["b"], "subject": "c",
            "credentials": ["user", "geheim"]},
          "http": {"class": "logging.handlers.HTTPHandler",
            "host": "me:geheim@host", "url": "/x?token=geheim"}},
         "root": {"handlers": ["mail", "http"]}}
        """)
    for options in ["--json"], []:
        result = python(*CONFIG, *options, "--config", file)
        assert "geheim" not in result.stdout + result.stderr
        assert "***" in result.stdout


# python -m jsonlogging autoload

@pytest.fixture
def autoload(python, tmp_path):
    folder = tmp_path / "autoload"
    python("-m", "jsonlogging", "autoload", folder)
    return folder


def autoloaded(python, autoload, *args, PYTHONPATH="", **environ):
    """Run Python with the folder, and without the package, on its path."""
    path = os.pathsep.join(filter(None, [os.fspath(autoload), PYTHONPATH]))
    environ["PYTHONPATH"] = path
    # Over what the fixture adds.
    code = ("import os, sys, subprocess; sys.exit(subprocess.run("
            "sys.argv[1:], env=dict(os.environ, PYTHONPATH=%r))"
            ".returncode)" % path)
    # Not of this environment, which has the package.
    return python("-S", "-c", code, PLAIN, *args, **environ)


def test_autoload(python, write, autoload):
    """An unmodified program by its own command follows the variables."""
    path = write("main.py", PINS + """
    logging.getLogger("app.db").debug("hello")
    import jsonlogging
    print(jsonlogging.__file__)
    """)
    result = autoloaded(python, autoload, path,
                        **{LEVEL: "INFO,app.db=DEBUG", FORMAT: "json"})
    levels, file = result.stdout.splitlines()
    assert levels == "20 10 50 10"
    assert pathlib.Path(file).parent == autoload / "package" / "jsonlogging"
    assert objects(result.stderr)[-1]["message"] == "hello"


def test_autoload_does_nothing_without_a_variable(python, write, autoload):
    """Without a variable, or with empty ones, nothing is imported."""
    path = write("main.py", """
        import sys
        print([name for name in sys.modules if "logging" in name])
        """)
    for environ in {}, {LEVEL: "", FORMAT: ""}, {"PYTHON_LOGGING_X": "1"}:
        result = autoloaded(python, autoload, path, **environ)
        assert (result.stdout, result.stderr) == ("[]\n", "")


def test_autoload_hides_no_package(python, write, autoload, tmp_path):
    """Without a variable the copy is no package; with one it comes last."""
    path = write("main.py", """
        import logging, sys
        try:
            import jsonlogging
        except ImportError:
            print("none")
        else:
            print(jsonlogging.__file__)
        print([entry for entry in sys.path if entry.endswith("/package")])
        """)
    assert autoloaded(python, autoload, path).stdout == "none\n[]\n"
    own = tmp_path / "own" / "jsonlogging"
    shutil.copytree(ROOT / "jsonlogging", own)
    for environ in {}, {LEVEL: "INFO"}:
        result = autoloaded(python, autoload, path,
                            PYTHONPATH=str(own.parent), **environ)
        assert result.stdout == "%s\n[]\n" % (own / "__init__.py")
        assert result.stderr == ""


def test_the_hook_in_old_pythons():
    """A Python that is too old compiles the hook and does nothing."""
    source = (ROOT / "jsonlogging" / "contrib" / "_autoload"
              / "sitecustomize.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 4))
    assert not [node for node in ast.walk(tree)
                if isinstance(node, (ast.JoinedStr, ast.arg))
                or getattr(node, "returns", None)]
    names = {"__file__": __file__, "__name__": "sitecustomize"}
    imported = []
    old = types.SimpleNamespace(version_info=(2, 7), modules={},
                                path=[os.path.dirname(__file__)])

    def imports(name, *args):
        imported.append(name)
        if name == "sitecustomize":
            raise ImportError(name=name)
        return {"sys": old, "os": os}[name]
    with mock.patch.dict(os.environ, {LEVEL: "INFO"}):
        exec(compile(tree, "hook", "exec"), {
            **names, "__builtins__": {**vars(builtins),
                                      "__import__": imports}})
    assert imported == ["os", "sys", "sitecustomize"]
    assert old.path == [os.path.dirname(__file__)]


def test_autoload_is_switched_off(python, write, autoload):
    """-E, -I and -S switch it off with PYTHONPATH."""
    path = write("main.py", NEVER_CONFIGURES)
    for flag in "-E", "-I", "-S":
        result = autoloaded(python, autoload, flag, path, **{FORMAT: "json"})
        assert result.stderr == "low\n"


def test_autoload_keeps_sitecustomize(python, write, autoload, tmp_path):
    """Another sitecustomize behind it runs, and is sitecustomize then."""
    write("site/sitecustomize.py", """
        import sys
        marker = 7
        sys.path.append("/added")
        """)
    path = write("main.py", """
        import sys, sitecustomize
        print(sitecustomize.marker, sitecustomize.__file__,
              sys.path.count("/added"), sys.path[1] == %r)
        """ % str(autoload))
    for environ in {}, {LEVEL: "INFO"}:
        result = autoloaded(python, autoload, path,
                            PYTHONPATH=str(tmp_path / "site"), **environ)
        assert result.stdout == "7 %s 1 True\n" % (
            tmp_path / "site" / "sitecustomize.py")
        assert result.stderr == ""


@pytest.mark.parametrize("code, text", [
    ("1/0", "ZeroDivisionError"), ("import absent", "absent"),
    ("raise ImportError(name='sitecustomize')", None)])
def test_autoload_with_a_broken_sitecustomize(
        python, write, autoload, tmp_path, code, text):
    """One that fails is reported as plain Python reports it."""
    write("site/sitecustomize.py", code)
    path = write("main.py", "print('run')")
    site = str(tmp_path / "site")
    plain = python("-c", "import subprocess, sys; subprocess.run("
                   "[sys.executable, %r])" % str(path), PYTHONPATH=site)
    result = autoloaded(python, autoload, path, PYTHONPATH=site)
    assert result.stdout.strip() == plain.stdout.strip() == "run"
    if text:
        assert text in result.stderr and text in plain.stderr


def test_autoload_never_stops_a_program(python, write, autoload):
    """A copy that is broken is one line on standard error."""
    (autoload / "package" / "jsonlogging" / "config.py").write_text("1/0",
                                                        encoding="utf-8")
    path = write("main.py", "print('run')")
    result = autoloaded(python, autoload, path, **{LEVEL: "INFO"})
    assert result.stdout == "run\n"
    assert "are not followed: ZeroDivisionError" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_autoload_children(python, write, autoload):
    """Children follow by the environment."""
    path = write("main.py", CHILDREN + textwrap.indent(
        textwrap.dedent(SUBPROCESS), "        "))
    result = autoloaded(python, autoload, path, "spawn", "forkserver",
                        **{LEVEL: "INFO,app.db=DEBUG", FORMAT: "json"})
    assert [line["message"] for line in objects(result.stderr)] == [
        "in spawn", "in forkserver", "in child"]


def test_autoload_writes_what_it_made_only(python, write, tmp_path, autoload):
    """It replaces what it made, and touches no other folder."""
    (autoload / "package" / "jsonlogging" / "stray.py").write_text("", encoding="utf-8")
    python("-m", "jsonlogging", "autoload", autoload)
    assert not (autoload / "package" / "jsonlogging" / "stray.py").exists()
    assert sorted(os.listdir(autoload)) == [
        "__pycache__", "made-by-jsonlogging.txt", "package",
        "sitecustomize.py"]
    other = write("other/mine.txt", "mine").parent
    result = python("-m", "jsonlogging", "autoload", other, status=1)
    assert "holds files that are not ours" in result.stderr
    assert os.listdir(other) == ["mine.txt"]
    file = write("file", "")
    python("-m", "jsonlogging", "autoload", file, status=1)
    for folder in (autoload, autoload / "package" / "jsonlogging",
                   autoload / "package" / "jsonlogging" / "x"):
        result = python("-m", "jsonlogging", "autoload", folder, status=1,
                        PYTHONPATH=str(autoload / "package"))
        assert "holds the package itself" in result.stderr


def test_the_copy_is_the_package(autoload):
    """The copy has every file of the package, compiled by hash."""
    def files(folder):
        return {path.relative_to(folder).as_posix(): path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file() and path.parent.name != "__pycache__"}
    assert files(autoload / "package" / "jsonlogging") == files(ROOT / "jsonlogging")
    compiled = {path.parent.parent / (path.name.partition(".")[0] + ".py")
                for path in autoload.rglob("*.pyc")
                if path.read_bytes()[4:8] == bytes([3, 0, 0, 0])}
    assert compiled == {*autoload.rglob("*.py")}


def test_names_of_modules():
    """The hook reads the very variables that the launcher names."""
    from jsonlogging.contrib import launcher
    hook = (ROOT / "jsonlogging" / "contrib" / "_autoload"
            / "sitecustomize.py").read_text(encoding="utf-8")
    names, = re.findall(r"for name in \((.*?)\):", hook)
    assert tuple("PYTHON_LOGGING_" + name.strip('" ')
                 for name in names.split(",")) == launcher.VARIABLES
