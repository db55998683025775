"""Real web frameworks and servers, with the handlers in them.

    tox -e web

Not collected with the other tests, because the packages are needed.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import urllib.error
import urllib.request

import jsonlogging

from ._servers import PATIENCE, LineServer

EXAMPLES = (pathlib.Path(__file__).resolve().parent.parent.parent
            / "examples" / "frameworks")
BIN = pathlib.Path(sys.executable).parent


class WebTestCase(unittest.TestCase):

    def setUp(self):
        self.peer = LineServer()
        self.addCleanup(self.peer.close)

    def environment(self, **variables):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("PYTHONWARN")}
        package = pathlib.Path(jsonlogging.__file__).parent.parent
        return {**env, "LOGSTASH": "127.0.0.1:%d" % self.peer.port,
                "PYTHONPATH": "%s:%s" % (package, EXAMPLES), **variables}

    def start(self, *command, cwd=EXAMPLES):
        """Start a server; its place {} in *command* is the port."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port = sock.getsockname()[1]
        command = [str(x).replace("{}", str(self.port)) for x in command]
        process = subprocess.Popen(
            command, cwd=cwd, env=self.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port)).close()
                return process
            if time.monotonic() > deadline or process.poll() is not None:
                process.kill()
                self.fail(process.stdout.read().decode())

    def get(self, path, **headers):
        """Return status and body of a request."""
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s" % (self.port, path), headers={
                name.replace("_", "-"): value
                for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def stop(self, process, number=signal.SIGTERM):
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)

    def records(self, count, logger=None):
        """Return the records that came, when there are *count*."""
        def found():
            records = [json.loads(line) for line in self.peer.lines]
            return [x for x in records
                    if logger in (None, x["log"]["logger"])]

        self.peer.wait_for(lambda peer: len(found()) >= count)
        return found()


class FrameworkTests(WebTestCase):

    def check(self, forwarded=True):
        """Check what every example does."""
        forward = {"X_Forwarded_For": "6.6.6.6, 203.0.113.7"}
        self.assertEqual(self.get("/cart/7?token=s3cret", X_Request_ID="abc",
                                  **forward)[0], 200)
        self.assertEqual(self.get("/healthz")[0], 200)
        self.assertEqual(self.get("/broken", **forward)[0], 500)
        self.assertEqual(self.get("/nowhere", **forward)[0], 404)

    def check_records(self):
        records = self.records(4, "shop")
        self.assertEqual([x["message"] for x in records], [
            "cart read", "GET /cart/7", "GET /broken", "GET /nowhere"])
        for record in records:
            self.assertEqual(record["client"]["ip"], "203.0.113.7")
        first, second, third, last = records
        self.assertEqual(first["labels"], {"cart": 7})
        self.assertNotIn("response", first["http"])
        for record in first, second:
            self.assertEqual(record["http"]["request"],
                             {"method": "GET", "id": "abc"})
            self.assertEqual(record["url"], {"path": "/cart/7"})
        for record, status in ((second, 200), (third, 500), (last, 404)):
            self.assertEqual(record["http"]["response"],
                             {"status_code": status})
            self.assertGreater(record["event"]["duration"], 1000)
        self.assertRegex(third["http"]["request"]["id"], "^[0-9a-f]{32}$")
        everything = "\n".join(map(str, self.peer.lines))
        self.assertNotIn("s3cret", everything)
        self.assertNotIn("healthz", everything)

    def test_flask(self):
        """Flask: fields on every record of a request, none of probes."""
        process = self.start(BIN / "flask", "--app", "flask_app", "run",
                             "--port", "{}")
        self.check()
        self.stop(process, signal.SIGINT)
        self.check_records()
        errors = [x for x in self.records(1) if "error" in x]
        self.assertEqual([x["error"]["type"] for x in errors], ["KeyError"])
        self.assertEqual(errors[0]["url"], {"path": "/broken"})

    def test_django(self):
        """Django: the same."""
        process = self.start(sys.executable, "django_app.py", "runserver",
                             "--noreload", "{}")
        self.check()
        self.stop(process, signal.SIGINT)
        self.check_records()

    def test_fastapi(self):
        """FastAPI under uvicorn: the same."""
        process = self.start(
            BIN / "uvicorn", "--no-access-log", "--port", "{}",
            "--forwarded-allow-ips", "127.0.0.1", "fastapi_app:app")
        self.check()
        self.stop(process)
        self.check_records()


class ServerTests(WebTestCase):

    def requests(self, count, start=0):
        for number in range(start, start + count):
            self.assertEqual(self.get("/cart/%d" % number)[0], 200)

    def carts(self, count):
        records = [x for x in self.records(2 * count, "shop")
                   if x["message"] == "cart read"]
        self.assertEqual(sorted(x["labels"]["cart"] for x in records),
                         list(range(count)))
        return {x["process"]["pid"] for x in records}

    def test_gunicorn(self):
        """gunicorn, with preload and without: each record arrives once."""
        for options in ([], ["--preload"]):
            with self.subTest(options):
                del self.peer.lines[:]
                process = self.start(
                    BIN / "gunicorn", "--bind", "127.0.0.1:{}", "--workers",
                    "3", "--worker-class", "gthread", "--threads", "2",
                    *options, "flask_app:create_app()")
                self.requests(60)
                self.stop(process)
                self.assertGreaterEqual(len(self.carts(60)), 1)

    def test_gunicorn_reloads(self):
        """After a SIGHUP, new workers log on and old ones lose nothing."""
        process = self.start(
            BIN / "gunicorn", "--bind", "127.0.0.1:{}", "--workers", "2",
            "flask_app:create_app()")
        self.requests(20)
        before = self.carts(20)
        process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        number = 20
        while True:
            self.requests(1, number)
            number += 1
            if not before.issuperset(self.carts(number)):
                break
            self.assertLess(time.monotonic(), deadline)
        self.stop(process)
        self.carts(number)

    def test_uvicorn_workers(self):
        """uvicorn with workers, which it spawns."""
        process = self.start(
            BIN / "uvicorn", "--no-access-log", "--port", "{}", "--workers",
            "2", "fastapi_app:app")
        self.requests(40)
        self.stop(process)
        self.carts(40)


@unittest.skipUnless((BIN / "pyuwsgi").exists() or (BIN / "uwsgi").exists(),
                     "uWSGI is not installed")
class UWSGITests(WebTestCase):

    APP = """
        import logging, logging.config, os
        logging.config.dictConfig({
            "version": 1,
            "handlers": {"logstash": {
                "class": "jsonlogging.contrib.logstash.LogstashHandler",
                "hosts": os.environ["LOGSTASH"]}},
            "root": {"level": "INFO", "handlers": ["logstash"]}})
        logging.info("loaded")
        logging.getLogger().handlers[0].flush()

        def application(environ, start_response):
            logging.info("request", extra={
                "path": environ["PATH_INFO"]})
            start_response("200 OK", [])
            return [b"ok"]
        """

    def run_uwsgi(self, *options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name, "app.py").write_text(
            textwrap.dedent(self.APP), encoding="utf-8")
        name = "pyuwsgi" if (BIN / "pyuwsgi").exists() else "uwsgi"
        process = self.start(
            BIN / name, "--http-socket", "127.0.0.1:{}", "--master",
            "--processes", "2", "--wsgi-file", "app.py", "--need-app",
            "--die-on-term", "--home", sys.prefix, *options, cwd=folder.name)
        for number in range(20):
            self.assertEqual(self.get("/%d" % number)[0], 200)
        process.send_signal(signal.SIGTERM)
        output = process.communicate(timeout=PATIENCE)[0].decode()
        records = [json.loads(line) for line in self.peer.lines]
        self.assertEqual(records[0]["message"], "loaded")
        self.assertEqual(sorted(x["labels"]["path"] for x in records[1:]),
                         sorted("/%d" % n for n in range(20)), output)
        return output

    def test_with_threads(self):
        """With enable-threads each record arrives once."""
        self.run_uwsgi("--enable-threads")

    def test_without_threads(self):
        """Without, the worker runs only at times; nothing is lost."""
        self.run_uwsgi()


if __name__ == "__main__":
    unittest.main()
