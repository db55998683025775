"""Unmodified applications of real frameworks under the launcher.

    tox -e frameworks

Not collected with the other tests, because the packages are needed.  An
application is started by "python -m jsonlogging run" with a variable or
two, and what it prints is read.  Text that a framework writes around
logging is named in the test, and in docs/howto/environment.rst.
"""

import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request

import pytest

import jsonlogging

from ..support import strict_loads
from ..test_pages import pages

JSON = {"PYTHON_LOGGING_FORMAT": "json"}
RUN = [sys.executable, "-m", "jsonlogging", "run"]


def environment(**variables):
    env = {name: text for name, text in os.environ.items()
           if not name.startswith(("PYTHON_LOGGING", "PYTHONWARN"))}
    env["PYTHONPATH"] = str(pathlib.Path(jsonlogging.__file__).parent.parent)
    env["PYTHONUNBUFFERED"] = "1"
    env.update(variables)
    return env


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path
    return write


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a program to its end, for its output."""
    def run(*args, **variables):
        result = subprocess.run(
            [*RUN, *map(str, args)], cwd=tmp_path,
            env=environment(**variables), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", timeout=120)
        assert result.returncode == 0, result.stdout
        return result.stdout.splitlines()
    return run


class Server:
    """A program that serves until it is told to stop."""

    def __init__(self, folder, args, variables, command=RUN):
        self.output = ""
        self.process = subprocess.Popen(
            [*command, *map(str, args)], cwd=folder,
            env=environment(**variables), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def read(self):
        """Wait for more output; return whether there was any."""
        pipe = self.process.stdout
        ready, _, _ = select.select([pipe], [], [], 60)
        assert ready, self.output
        data = os.read(pipe.fileno(), 65536)
        self.output += data.decode()
        return bool(data)

    def until(self, text, count=1):
        """Wait until the output has *text* *count* times."""
        while self.output.count(text) < count:
            assert self.read(), self.output

    def stop(self):
        """Stop it; return the lines it has printed."""
        self.process.terminate()
        while self.read():
            pass
        self.process.wait(60)
        return self.output.splitlines()

    def close(self):
        """End it if a test did not."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def serve(tmp_path):
    servers = []

    def serve(*args, command=RUN, **variables):
        servers.append(Server(tmp_path, args, variables, command))
        return servers[-1]
    yield serve
    for server in servers:
        server.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path="/"):
    """Ask an application, once it listens; return the status."""
    for _ in range(100_000):
        # uvicorn says that it has started before it listens.
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            break
    try:
        with urllib.request.urlopen(
                "http://127.0.0.1:%d%s" % (port, path), timeout=60) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def logged(lines):
    """Return (logger, level, message) of *lines*, each strict JSON."""
    objects = [strict_loads(line) for line in lines]
    return [(line["logger"], line["level"], line["message"])
            for line in objects]


DJANGO = """
    import logging, django
    from django.conf import settings

    settings.configure(
        DEBUG=False, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
        SECRET_KEY="x", LOGGING={
            "version": 1, "disable_existing_loggers": False,
            "formatters": {"verbose": {
                "format": "{levelname} {asctime} {message}", "style": "{"}},
            "handlers": {"console": {"class": "logging.StreamHandler",
                                     "formatter": "verbose"}},
            "root": {"handlers": ["console"], "level": "WARNING"}})
    django.setup()

    from django.http import HttpResponse
    from django.urls import path

    log = logging.getLogger("shop.views")

    def index(request):
        log.info("seen")
        log.warning("low stock")
        return HttpResponse("ok")

    def fail(request):
        1/0

    urlpatterns = [path("", index), path("fail", fail)]

    if __name__ == "__main__":
        from django.test import Client
        client = Client(raise_request_exception=False)
        client.get("/")
        client.get("/absent?card=4111")
        client.get("/fail")
    """
MANAGE = """
    import shop, sys
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
    """
DJANGO_LINES = [
    ("shop.views", "WARNING", "low stock"),
    ("django.request", "WARNING", "Not Found: /absent"),
    ("django.request", "ERROR", "Internal Server Error: /fail")]


def test_django(run, write):
    """Django's LOGGING setting: all lines are JSON, LEVEL adds some."""
    path = write("shop.py", DJANGO)
    assert "low stock" in "".join(run(path))
    lines = run(path, **JSON)
    assert logged(lines) == DJANGO_LINES
    error = strict_loads(lines[-1])["exception"]
    assert error["type"] == "ZeroDivisionError"
    lines = run(path, **JSON, PYTHON_LOGGING_LEVEL="shop=INFO")
    assert logged(lines) == [("shop.views", "INFO", "seen"), *DJANGO_LINES]


PLAIN = [sys.executable]
PAGE = pages.DOCS / "howto" / "frameworks.rst"


def page_block(title):
    """Return the code to copy that the page of frameworks has for *title*."""
    section = PAGE.read_text(encoding="utf-8").split(
        "\n%s\n%s\n" % (title, "-" * len(title)))[1]
    return next(block.code for block in pages.blocks(section)
                if block.language == "python")


def test_page_django(serve, write):
    """Django with the page's settings, by runserver: every log is JSON."""
    write("settings.py", page_block("Django"))
    source = textwrap.dedent(DJANGO)
    write("shop.py", "import settings as own\n" + re.sub(
        r"LOGGING=\{.*?\}\)\n", "LOGGING=own.LOGGING)\n", source, flags=re.S))
    write("manage.py", MANAGE)
    port = free_port()
    server = serve("manage.py", "runserver", port, command=PLAIN)
    server.until("Quit the server")
    assert (get(port), get(port, "/absent?card=4111"), get(port, "/fail")) == (
        200, 404, 500)
    server.until("GET /fail HTTP")
    lines = server.stop()
    found = [line for line in lines if line.startswith("{")]
    seen = logged(found)
    assert [line for line in seen if line[0] != "django.server"][-4:] == [
        ("shop.views", "INFO", "seen"), *DJANGO_LINES]
    assert ("django.server", "INFO", '"GET / HTTP/1.1" 200 2') in seen
    assert not any("request" in strict_loads(line) for line in found)
    text = "\n".join(line for line in lines if not line.startswith("{"))
    assert "Traceback" not in text and "GET" not in text


def test_page_flask(serve, write):
    """Flask with the page's block, by its own server and by gunicorn."""
    write("shop.py", page_block("Flask") + textwrap.dedent(FLASK))
    write("gunicorn.conf.py", page_block("gunicorn")
          + "control_socket_disable = True\n")
    port = free_port()
    wanted = [("shop", "INFO", "seen"), *FLASK_LINES]
    for args, ready in (
            (("-m", "flask", "--app", "shop", "run", "--port", port),
             "Running on"),
            (("-m", "gunicorn", "-b", "127.0.0.1:%d" % port, "shop:app"),
             "Booting worker")):
        server = serve(*args, command=PLAIN)
        server.until(ready)
        assert (get(port), get(port, "/fail")) == (200, 500)
        server.until("Exception on /fail")
        lines = server.stop()
        text = [line for line in lines if not line.startswith("{")]
        assert text in ([], [" * Serving Flask app 'shop'",
                             " * Debug mode: off"])
        found = logged(line for line in lines if line.startswith("{"))
        assert [line for line in found if line[0] == "shop"] == wanted


def test_page_uvicorn(serve, write):
    """FastAPI with the page's configuration of uvicorn."""
    write("shop.py", textwrap.dedent(FASTAPI)
          + page_block("FastAPI and uvicorn") + textwrap.dedent("""
        import sys, uvicorn
        if __name__ == "__main__":
            uvicorn.run(app, port=int(sys.argv[1]), log_config=UVICORN)
        """))
    port = free_port()
    server = serve("shop.py", port, command=PLAIN)
    server.until("startup complete")
    assert (get(port), get(port, "/fail")) == (200, 500)
    server.until("ZeroDivisionError")
    found = logged(server.stop())
    assert ("shop", "INFO", "seen") in found
    assert {"uvicorn.error", "uvicorn.access"} < {line[0] for line in found}


def test_page_celery(serve, write):
    """A Celery worker with the page's block."""
    write("shop.py", textwrap.dedent(CELERY) + page_block("Celery"))
    server = serve("-m", "celery", "-A", "shop", "-q", "worker", "-P", "solo",
                   "--without-gossip", "--without-mingle",
                   "--without-heartbeat", command=PLAIN,
                   PYTHONWARNINGS="ignore")
    server.until("succeeded in")
    lines = server.stop()
    found = logged(line for line in lines if line.startswith("{"))
    assert any(logger == "celery.worker.strategy" and "received" in message
               for logger, _, message in found)


def test_django_query_string(run, write):
    """Extras that text never showed are printed; a filter removes them."""
    path = write("shop.py", DJANGO)
    assert "4111" not in "".join(run(path))
    assert "4111" in "".join(run(path, **JSON))
    guide = pages.DOCS / "howto" / "environment.rst"
    code = guide.read_text(encoding="utf-8").split("# redact.py\n")[1]
    code = code.split("\n\nThat")[0]
    write("redact.py", code)
    source = textwrap.dedent(DJANGO).replace(
        '"handlers": {"console": {', '"filters": {"no_request": '
        '{"()": "redact.NoRequest"}},\n            "handlers": {"console": '
        '{"filters": ["no_request"], ')
    lines = run(write("shop.py", source), **JSON)
    assert logged(lines) == DJANGO_LINES
    assert "4111" not in "".join(lines)


def runserver(serve, write, *args):
    """Ask a server that *args* start for a page; return what is printed."""
    write("shop.py", DJANGO)
    write("manage.py", MANAGE)
    port = free_port()
    server = serve(*args, port, **JSON)
    server.until("Quit the server")
    get(port)
    server.until("GET / HTTP")
    lines = server.stop()
    found = logged(line for line in lines if line.startswith("{"))
    assert ("shop.views", "WARNING", "low stock") in found
    assert ("django.server", "INFO", '"GET / HTTP/1.1" 200 2') in found
    return lines


def test_django_runserver(serve, write):
    """manage.py runserver prints text around logging, to standard output."""
    lines = runserver(serve, write, "manage.py", "runserver", "--noreload")
    text = "\n".join(line for line in lines if not line.startswith("{"))
    assert "Performing system checks" in text


def test_django_reload(serve, write):
    """runserver starts itself again: --children reaches what serves."""
    runserver(serve, write, "--children", "manage.py", "runserver")


FLASK = """
    from flask import Flask

    app = Flask(__name__)

    @app.route("/")
    def index():
        app.logger.info("seen")
        app.logger.warning("low stock")
        return "ok"

    @app.route("/fail")
    def fail():
        1/0

    if __name__ == "__main__":
        client = app.test_client()
        client.get("/")
        client.get("/fail")
    """
FLASK_LINES = [("shop", "WARNING", "low stock"),
               ("shop", "ERROR", "Exception on /fail [GET]")]


def test_flask(run, write):
    """Flask adds a handler by hand: all lines are JSON, LEVEL adds some."""
    path = write("shop.py", FLASK)
    assert logged(run(path, **JSON)) == FLASK_LINES
    lines = run(path, **JSON, PYTHON_LOGGING_LEVEL="INFO")
    assert logged(lines) == [("shop", "INFO", "seen"), *FLASK_LINES]


def test_flask_server(serve, write):
    """flask run prints two lines of text; werkzeug's lines are JSON."""
    write("shop.py", FLASK)
    port = free_port()
    server = serve("-m", "flask", "--app", "shop", "run", "--port", port,
                   **JSON)
    server.until("Running on")
    get(port)
    server.until("GET / HTTP")
    lines = server.stop()
    text = [line for line in lines if not line.startswith("{")]
    assert text == [" * Serving Flask app 'shop'", " * Debug mode: off"]
    found = logged(line for line in lines if line.startswith("{"))
    assert ("shop", "WARNING", "low stock") in found
    assert any(logger == "werkzeug" and "GET / HTTP" in message
               for logger, _, message in found)


FASTAPI = """
    import logging
    from fastapi import FastAPI

    app = FastAPI()
    log = logging.getLogger("shop")

    @app.get("/")
    def index():
        log.info("seen")
        log.warning("low stock")
        return "ok"

    @app.get("/fail")
    def fail():
        1/0
    """


def test_fastapi(serve, write):
    """uvicorn configures by its own dictConfig: all lines are JSON."""
    write("shop.py", FASTAPI)
    port = free_port()
    args = "-m", "uvicorn", "shop:app", "--port", port
    server = serve(*args, **JSON)
    server.until("Uvicorn running")
    assert (get(port), get(port, "/fail")) == (200, 500)
    server.until("Exception in ASGI")
    lines = server.stop()
    found = logged(lines)
    assert ("shop", "WARNING", "low stock") in found
    assert ("shop", "INFO", "seen") not in found
    assert {"uvicorn.access", "uvicorn.error"} < {line[0] for line in found}
    types = [strict_loads(line).get("exception", {}).get("type")
             for line in lines]
    assert "ZeroDivisionError" in types
    server = serve(*args, **JSON, PYTHON_LOGGING_LEVEL=(
        "shop=INFO,uvicorn.access=ERROR"))
    server.until("Uvicorn running")
    assert get(port) == 200
    found = logged(server.stop())
    assert ("shop", "INFO", "seen") in found
    assert "uvicorn.access" not in {line[0] for line in found}


def test_uvicorn_reload(serve, write):
    """uvicorn --reload serves from a spawned child: its lines are JSON."""
    path = write("shop.py", FASTAPI)
    port = free_port()
    server = serve("-m", "uvicorn", "shop:app", "--port", port, "--reload",
                   **JSON)
    server.until("Application startup complete")
    get(port)
    server.until("low stock")
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n",
                    encoding="utf-8")
    server.until("Application startup complete", 2)
    get(port)
    server.until("low stock", 2)
    assert logged(server.stop()).count(("shop", "WARNING", "low stock")) == 2


WSGI = """
    import logging

    def app(environ, start_response):
        logging.getLogger("shop").info("seen")
        logging.getLogger("shop").warning("low stock")
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]
    """
GUNICORN_CONF = """
    control_socket_disable = True
    logconfig_dict = {
        "version": 1, "disable_existing_loggers": False,
        "formatters": {"own": {"format": "OWN %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler",
                                 "formatter": "own"}},
        "root": {"level": "WARNING", "handlers": ["console"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": ["console"],
                               "propagate": False},
            "gunicorn.access": {"level": "INFO", "handlers": ["console"],
                                "propagate": False}}}
    """


@pytest.mark.parametrize("conf", ["control_socket_disable = True",
                                  GUNICORN_CONF])
def test_gunicorn(serve, write, conf):
    """gunicorn, with and without logconfig_dict, before and after HUP."""
    write("shop.py", WSGI)
    write("gunicorn.conf.py", conf)
    port = free_port()
    args = ("-m", "gunicorn", "-b", "127.0.0.1:%d" % port,
            "--access-logfile", "-", "shop:app")
    server = serve(*args, **JSON)
    server.until("Booting worker")
    assert get(port) == 200
    server.process.send_signal(signal.SIGHUP)
    server.until("Booting worker", 2)
    server.until("Worker exiting")
    assert get(port) == 200
    server.until("low stock", 2)
    found = logged(server.stop())
    assert found.count(("shop", "WARNING", "low stock")) == 2
    assert ("shop", "INFO", "seen") not in found
    assert {"gunicorn.access", "gunicorn.error"} < {line[0] for line in found}
    server = serve(*args, **JSON, PYTHON_LOGGING_LEVEL=(
        "shop=INFO,gunicorn.access=ERROR"))
    server.until("Booting worker")
    assert get(port) == 200
    found = logged(server.stop())
    assert "gunicorn.access" not in {line[0] for line in found}
    if conf == GUNICORN_CONF:       # else shop has lastResort alone
        assert ("shop", "INFO", "seen") in found


def test_flask_gunicorn(serve, write):
    """app.logger is first used in a request, where its stream is gunicorn's."""
    write("shop.py", FLASK)
    write("gunicorn.conf.py", "control_socket_disable = True")
    port = free_port()
    server = serve("-m", "gunicorn", "-b", "127.0.0.1:%d" % port, "shop:app",
                   **JSON)
    server.until("Booting worker")
    assert (get(port), get(port, "/fail")) == (200, 500)
    server.until("Exception on /fail")
    found = logged(server.stop())
    assert [line for line in found if line[0] == "shop"] == FLASK_LINES


def test_autoload(serve, write, tmp_path):
    """gunicorn by its own command, with the hook on PYTHONPATH."""
    write("shop.py", WSGI)
    write("gunicorn.conf.py", GUNICORN_CONF)
    hook = tmp_path / "hook"
    subprocess.run([*RUN[:-1], "autoload", hook], check=True,
                   env=environment())
    port = free_port()
    # The script that pip has installed, not "python -m".
    script = pathlib.Path(sys.executable).with_name("gunicorn")
    server = serve("-b", "127.0.0.1:%d" % port, "shop:app",
                   command=[script], **JSON, PYTHONPATH=str(hook),
                   PYTHON_LOGGING_LEVEL="shop=INFO")
    server.until("Booting worker")
    assert get(port) == 200
    found = logged(server.stop())
    assert ("shop", "INFO", "seen") in found
    assert ("gunicorn.error", "INFO", "Using worker: sync") in found


CELERY = """
    from celery import Celery
    from celery.signals import worker_ready

    app = Celery("shop", broker="memory://", backend="cache+memory://")

    @app.task
    def order(number):
        print("printed %d" % number)
        return number * 2

    @worker_ready.connect
    def ready(sender, **kwargs):
        order.delay(21)
    """


def test_celery(serve, write):
    """A Celery worker: lines are JSON; what is printed is a WARNING."""
    write("shop.py", CELERY)
    args = ("-m", "celery", "-A", "shop", "-q", "worker", "-P", "solo",
            "--without-gossip", "--without-mingle", "--without-heartbeat")
    # To a worker that runs as root it prints a warning before it logs.
    server = serve(*args, **JSON, PYTHONWARNINGS="ignore",
                   PYTHON_LOGGING_LEVEL="INFO")
    server.until("succeeded in")
    lines = server.stop()
    text = [line for line in lines if not line.startswith("{")]
    assert [line for line in text if line] == [
        "worker: Warm shutdown (MainProcess)"]
    found = logged(line for line in lines if line.startswith("{"))
    assert any(logger == "celery.worker.strategy" and "received" in message
               for logger, _, message in found)
    assert ("celery.redirected", "WARNING", "printed 21") in found
    server = serve(*args, **JSON, PYTHONWARNINGS="ignore")
    server.until("printed 21")
    assert "celery.worker.strategy" not in "".join(server.stop())


PYTEST = """
    import logging

    def test_caplog(caplog):
        logging.getLogger("shop").warning("low stock")
        assert caplog.text.endswith("low stock\\n"), caplog.text
        assert not caplog.text.startswith("{")
        assert caplog.messages == ["low stock"]

    def test_shown():
        logging.getLogger("shop").error("shown when it fails")
        assert False
    """


def test_pytest(tmp_path, write):
    """caplog, the report of captured lines and live logs stay text."""
    write("test_shop.py", PYTEST)
    result = subprocess.run(
        [*RUN, "-m", "pytest", "-p", "no:cacheprovider", "-o",
         "log_cli=true", "-o", "log_cli_level=WARNING"], cwd=tmp_path,
        env=environment(**JSON), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", timeout=120)
    assert result.returncode == 1
    assert "1 failed, 1 passed" in result.stdout
    live = re.findall(r"^(WARNING|ERROR) +shop:test_shop.py:\d+ (.*)$",
                      result.stdout, re.MULTILINE)
    assert live[:2] == [("WARNING", "low stock"),
                        ("ERROR", "shown when it fails")]
    assert '{"timestamp"' not in result.stdout


COLORLOG = """
    import logging, colorlog
    handler = colorlog.StreamHandler()
    handler.setFormatter(colorlog.ColoredFormatter(
        "%(log_color)s%(levelname)s:%(name)s:%(message)s"))
    log = colorlog.getLogger("shop")
    log.addHandler(handler)
    log.warning("low stock")
    log.info("seen")
    colorlog.basicConfig(format="%(log_color)s%(message)s", force=True)
    logging.getLogger("other").warning("basic")
    """


def test_colorlog(run, write):
    """colorlog's handlers are StreamHandlers: their lines are JSON."""
    path = write("shop.py", COLORLOG)
    lines = [("shop", "WARNING", "low stock"), ("other", "WARNING", "basic")]
    assert logged(run(path, **JSON)) == lines
    found = logged(run(path, **JSON, PYTHON_LOGGING_LEVEL="shop=INFO"))
    assert found == [lines[0], ("shop", "INFO", "seen"), lines[1]]


RICH = """
    import logging
    from rich.logging import RichHandler
    logging.basicConfig(level="INFO", format="%(message)s",
                        handlers=[RichHandler(rich_tracebacks=True)])
    log = logging.getLogger("shop")
    log.debug("detail")
    log.warning("low [bold]stock[/bold]")
    try:
        1/0
    except ZeroDivisionError:
        log.exception("no price")
    """


def test_rich(run, write):
    """rich's handler renders by itself: it is replaced, the lines JSON."""
    path = write("shop.py", RICH)
    assert "Traceback" in "".join(run(path))
    lines = run(path, **JSON)
    expected = [("shop", "WARNING", "low [bold]stock[/bold]"),
                ("shop", "ERROR", "no price")]
    assert logged(lines) == expected
    assert strict_loads(lines[1])["exception"]["type"] == "ZeroDivisionError"
    assert logged(run(path, **JSON, PYTHON_LOGGING_LEVEL="DEBUG")) == [
        ("shop", "DEBUG", "detail"), *expected]


def test_rich_in_ring_2(run, write):
    """Without the launcher it is left alone, and effectiveConfig() says so.

    The launcher has nothing to do here: no variable is set for it.
    """
    path = write("shop.py", textwrap.dedent(RICH) + textwrap.dedent("""
        from jsonlogging import config
        config.applyEnvironment(environ={"PYTHON_LOGGING_FORMAT": "json"})
        handler, = logging.getLogger().handlers
        assert type(handler) is RichHandler
        assert type(handler.formatter) is logging.Formatter
        entry = config.effectiveConfig()["handlers"][
            "an unnamed RichHandler"]
        print("note:", entry["note"])
        """))
    assert run(path)[-1] == (
        "note: renders by itself: FORMAT and TIME do not reach it")
