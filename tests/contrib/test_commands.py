"""python -m jsonlogging elasticsearch, and logstash, against doubles."""

import contextlib
import hashlib
import io
import json
import logging
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

from jsonlogging.__main__ import main
from jsonlogging.contrib._spool import lock_file
from jsonlogging.contrib.elasticsearch import (ElasticsearchHandler,
                                               index_template)
from jsonlogging.contrib.logstash import LogstashHandler

from ._peers import make_record
from ._servers import (TLS, BeatsServer, BulkServer, HTTPServer, LineServer,
                       free_port, server_context)
from .test_elasticsearch import encoded, read_letters


class CommandTests(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        aside = tempfile.TemporaryDirectory()
        self.addCleanup(aside.cleanup)
        self.aside = pathlib.Path(aside.name)

    def run_command(self, *args, status=0, service="elasticsearch"):
        """Run a command; return what it prints."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            with self.assertRaises(SystemExit) as context:
                main([service, *args])
        code = context.exception.code
        if status:
            self.assertIsInstance(code, str)
            self.assertEqual(output.getvalue(), "")
            return code
        self.assertEqual(code, 0)
        return output.getvalue()

    def test_template(self):
        """The template is printed as JSON, with what keeps mappings right.
        """
        template = json.loads(self.run_command(
            "template", "--pattern", "logs-shop-*"))
        self.assertEqual(template, index_template("logs-shop-*"))
        settings = template["template"]["settings"]
        mappings = template["template"]["mappings"]
        self.assertTrue(settings["index.mapping.ignore_malformed"])
        self.assertTrue(settings["index.mapping.total_fields."
                                 "ignore_dynamic_beyond_limit"])
        self.assertFalse(mappings["date_detection"])
        self.assertEqual(mappings["properties"]["labels"]["type"],
                         "flattened")
        *ecs, strings = mappings["dynamic_templates"]
        self.assertEqual(strings["strings"]["mapping"],
                         {"type": "keyword", "ignore_above": 1024})
        rules = {kind: rule for item in ecs for kind, rule in item.items()}
        self.assertIn("event.start", rules["ecs_date"]["path_match"])
        self.assertIn("event.risk_score", rules["ecs_float"]["path_match"])

    def test_install(self):
        """--install puts the template, with credentials from a file."""
        key = self.folder / "key"
        key.write_text("id:key", encoding="utf-8")
        with HTTPServer([(200, {}, b"{}")]) as server:
            output = self.run_command(
                "template", "--install", "--url", server.url,
                "--api-key-file", str(key), "--name", "mine")
            request, = server.requests
        self.assertIn("installed mine", output)
        self.assertEqual((request["method"], request["path"]),
                         ("PUT", "/_index_template/mine"))
        self.assertEqual(request["authorization"],
                         "ApiKey " + encoded("id:key"))
        self.assertEqual(json.loads(request["body"]), index_template())

    def test_install_fails(self):
        """What goes wrong is said, and the status is 1."""
        with HTTPServer([(403, {}, b"not you")]) as server:
            self.assertIn("403: not you", self.run_command(
                "template", "--install", "--url", server.url, status=1))
        self.assertIn("--url", self.run_command(
            "template", "--install", status=1))
        self.assertIn("refused", self.run_command(
            "template", "--install", "--url",
            "http://127.0.0.1:1", status=1))

    def letters(self, *letters):
        path = self.folder / "dead"
        path.write_text("".join(json.dumps(letter) + "\n"
                                for letter in letters), encoding="utf-8")
        return path

    def test_resend(self):
        """Letters that are accepted leave the file, others stay in it."""
        path = self.letters(
            {"id": "a", "event": '{"n":1}', "reason": "old"},
            {"id": "b", "event": '{"n":"bad"}', "reason": "old"},
            {"id": "", "event": '{"n":3}', "reason": "collision"},
            {"id": "x" * 600, "event": '{"n":4}'},
            {"id": 'a"}}', "event": '{"n":\n5}'})
        with BulkServer(judge=lambda id, source: 400 if b"bad" in source
                        else None) as server:
            output = self.run_command("resend", str(path), "--url",
                                      server.url, "--index", "logs", status=1)
            self.assertIn("4 sent, 1 left", output)
            self.assertEqual([*server.documents.values()], [
                b'{"n":1}', b'{"n":3}', b'{"n":4}', b'{"n": 5}'])
            self.assertIn("a", server.documents)
            self.assertTrue(server.requests[0]["path"].startswith("/logs/"))
            letter, = read_letters(path)
            self.assertEqual((letter["id"], letter["reason"]),
                             ("b", "status 400: error_400: because"))
            server.judge = None
            self.assertEqual(self.run_command(
                "resend", str(path), "--url", server.url),
                "1 sent, 0 left\n")
        self.assertFalse(path.exists())
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_resend_what_is_there(self):
        """A document that is there already counts as sent."""
        path = self.letters({"id": "a", "event": "{}"})
        with BulkServer() as server:
            server.documents["a"] = b"{}"
            self.assertEqual(self.run_command(
                "resend", str(path), "--url", server.url),
                "1 sent, 0 left\n")

    def test_resend_to_nobody(self):
        """When nobody is there all letters stay in the file."""
        letters = [{"id": "%d" % number, "event": "{}"}
                   for number in range(1200)]
        path = self.letters(*letters)
        self.assertIn("refused", self.run_command(
            "resend", str(path), "--url", "http://127.0.0.1:1", status=1))
        found = [letter["id"] for letter in read_letters(path)]
        self.assertEqual(found, [letter["id"] for letter in letters])
        self.assertEqual(os.listdir(self.folder), ["dead"])

    def test_resend_interrupted(self):
        """A call that was interrupted is taken up by the next one."""
        path = self.letters({"id": "a", "event": "{}"})
        path.rename(str(path) + ".resend")
        self.letters({"id": "b", "event": "{}"})
        with BulkServer() as server:
            for _ in range(2):
                self.run_command("resend", str(path), "--url", server.url)
            self.assertEqual({*server.documents}, {"a", "b"})

    def test_resend_at_the_same_time(self):
        """While one process sends a file again no other does."""
        path = self.letters({"id": "a", "event": "{}"})
        aside = str(path) + ".resend"
        path.rename(aside)
        with BulkServer() as server, open(aside, "r+b") as file:
            lock_file(file.fileno())
            self.assertIn("unavailable", self.run_command(
                "resend", str(path), "--url", server.url, status=1))
            self.assertEqual(server.documents, {})
            file.close()
            self.assertIn("1 sent", self.run_command(
                "resend", str(path), "--url", server.url))

    def test_resend_nothing(self):
        """A file that is not there is an error."""
        self.assertIn("No such file", self.run_command(
            "resend", str(self.folder / "none"), "--url", "http://a",
            status=1))

    def test_resend_too_large(self):
        """A request that is too large is halved."""
        path = self.letters(*({"id": "%d" % number, "event": "{}"}
                              for number in range(100)))
        with BulkServer() as server:
            index = server.index
            server.answers = [lambda body: index(body) if len(body) < 900
                              else (413,)]
            self.assertEqual(self.run_command(
                "resend", str(path), "--url", server.url),
                "100 sent, 0 left\n")

    def test_no_secret_on_the_command_line(self):
        """Secrets are taken from files only."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), self.assertRaises(
                SystemExit):
            main(["elasticsearch", "template", "--api-key", "id:key"])
        self.assertIn("unrecognized arguments", errors.getvalue())

    def leave(self, handler, *lines):
        """Have *handler*, and its process, leave *lines* in the spool."""
        handler.setFormatter(logging.Formatter("%(message)s"))
        handler.pipeline.make_report = None
        for line in lines:
            handler.handle(make_record(line))
        pause = threading.Event()
        while handler.stats()["spooled"] < len(lines):
            pause.wait(0.001)
        handler.close(0)
        while handler.pipeline.ident:       # until its files are closed
            pause.wait(0.001)
        self.assertEqual(handler.stats()["on_disk"], len(lines))
        # Made elsewhere, as the next handler would adopt it.
        for path in self.aside.iterdir():
            path.rename(self.folder / path.name)

    def elastic(self, **options):
        return ElasticsearchHandler(
            "http://127.0.0.1:%d" % free_port(), **{
                "spool": str(self.aside), **options})

    def lines(self, server):
        if isinstance(server, BeatsServer):
            return server.events
        return server.lines() if callable(server.lines) else server.lines

    def parts(self):
        return [path for path in self.folder.iterdir()
                if path.suffix == ".spool"]

    def test_resend_spool(self):
        """What dead programs have left goes, with its ids; then it is gone.
        """
        for part in range(20):      # more than are open at a time
            self.leave(self.elastic(), *(
                '{"n":%d}' % (10 * part + n) for n in range(10)))
        with BulkServer() as server:
            self.assertEqual(self.run_command(
                "resend", str(self.folder), "--url", server.url),
                "200 sent, 0 dead-lettered\n")
            self.assertEqual(
                sorted(json.loads(source)["n"]
                       for source in server.documents.values()),
                [*range(200)])
        self.assertEqual([*self.folder.iterdir()], [])

    def test_resend_spool_twice(self):
        """What was sent before the peer failed is not stored twice."""
        self.leave(self.elastic(), "{}", '{"n":1}')
        busy = [True]
        with BulkServer(judge=lambda id, source: 429 if busy[0]
                        and b"n" in source else None) as server:
            args = "resend", str(self.folder), "--url", server.url
            self.assertIn("status 429", self.run_command(*args, status=1))
            self.assertEqual([*server.documents.values()], [b"{}"])
            self.assertEqual(len(self.parts()), 1)
            busy[0] = False
            self.assertIn("2 sent", self.run_command(*args))
            self.assertEqual(sorted(server.documents.values()),
                             [b'{"n":1}', b"{}"])
        self.assertEqual(self.parts(), [])

    def test_resend_spool_refused(self):
        """What is refused for ever becomes a dead letter."""
        self.leave(self.elastic(), "{}", "bad")
        with BulkServer(judge=lambda id, source: 400 if source == b"bad"
                        else None) as server:
            self.assertEqual(self.run_command(
                "resend", str(self.folder), "--url", server.url),
                "1 sent, 1 dead-lettered\n")
        letter, = read_letters(self.folder / "dead-letters.jsonl")
        self.assertEqual(letter["event"], "bad")
        self.assertEqual(self.parts(), [])

    def test_resend_spool_to_nobody(self):
        """When nobody is there everything stays in the spool."""
        self.leave(self.elastic(), "{}")
        args = "resend", str(self.folder), "--url"
        self.assertIn("refused", self.run_command(
            *args, "http://127.0.0.1:%d" % free_port(), status=1))
        with BulkServer() as server:
            self.assertIn("1 sent", self.run_command(*args, server.url))

    def test_resend_spool_of_others(self):
        """What is another target's, or a running program's, is left."""
        self.leave(self.elastic(index="other"), "{}")
        running = self.elastic(spool=str(self.folder))
        self.addCleanup(running.close, 0)
        running.handle(make_record("{}"))
        while not running.stats()["spooled"]:
            running.flush(0.01)
        with BulkServer() as server:
            self.assertEqual(self.run_command(
                "resend", str(self.folder), "--url", server.url),
                "0 sent, 0 dead-lettered\n2 files belong to running "
                "programs, or to another target\n")
            self.assertEqual(server.documents, {})
            self.assertIn("1 sent", self.run_command(
                "resend", str(self.folder), "--url", server.url, "--index",
                "other"))

    def test_resend_damaged_spool(self):
        """A damaged file is set aside and named, the rest is sent."""
        self.leave(self.elastic(), "{}")
        part, = self.parts()
        part.write_bytes(b"rubbish" * 1000)
        self.leave(self.elastic(), "{}")
        with BulkServer() as server:
            output = self.run_command("resend", str(self.folder), "--url",
                                      server.url)
        self.assertIn("1 sent, 0 dead-lettered", output)
        self.assertIn(part.name + " is damaged", output)

    def test_logstash(self):
        """Spools and dead letters of Logstash's handler go to Logstash."""
        for name, double in (("tcp", LineServer), ("beats", BeatsServer),
                             ("http", HTTPServer)):
            with self.subTest(name), double() as server:
                self.leave(LogstashHandler(
                    "127.0.0.1", free_port(), name, spool=str(self.aside)),
                    '{"n":1}')
                letters = self.folder / "dead"
                letters.write_text('{"event":"{\\"n\\":2}"}\nno letter\n',
                                   encoding="utf-8")
                to = ("--host", "127.0.0.1:%d" % server.port, "--transport",
                      name)
                for path, expected in (
                        (self.folder, "1 sent, 0 dead-lettered\n"),
                        (letters, "1 sent, 0 left\n")):
                    self.assertEqual(self.run_command(
                        "resend", str(path), *to, service="logstash"),
                        expected)
                server.wait_for(lambda server: len(self.lines(server)) == 2)
                self.assertEqual([json.loads(line)["n"]
                                  for line in self.lines(server)], [1, 2])

    def test_logstash_tls(self):
        """The options about TLS are the handler's."""
        letters = self.letters({"event": "{}"})
        with LineServer(context=server_context()) as server:
            args = ["resend", str(letters), "--host",
                    "localhost:%d" % server.port, "--ca-file",
                    str(TLS / "ca.pem")]
            self.assertIn("tls=True", self.run_command(
                *args, service="logstash", status=1))
            self.assertIn("1 sent", self.run_command(
                *args, "--tls", service="logstash"))
            server.wait_for(lambda server: server.lines)

    def test_client_certificate_and_fingerprint(self):
        """So are a certificate of one's own, and the peer's fingerprint."""
        letters = self.letters({"event": "{}"})
        pem = (TLS / "server.pem").read_text("ascii")
        certificate = ssl.PEM_cert_to_DER_cert(
            pem[:pem.index("-----END") + len("-----END CERTIFICATE-----\n")])
        with LineServer(context=server_context(client=True)) as server:
            self.assertIn("1 sent", self.run_command(
                "resend", str(letters), "--host",
                "localhost:%d" % server.port, "--tls", "--fingerprint",
                hashlib.sha256(certificate).hexdigest(), "--client-cert",
                str(TLS / "client.pem"), "--client-key",
                str(TLS / "client.key"), service="logstash"))
            server.wait_for(lambda server: server.lines)

    def test_basic_auth(self):
        """So are user and password, in a file."""
        letters = self.letters({"event": "{}"})
        secret = self.aside / "secret"
        secret.write_text("user:password\n", encoding="utf-8")
        with HTTPServer() as server:
            self.assertIn("1 sent", self.run_command(
                "resend", str(letters), "--host",
                "localhost:%d" % server.port, "--transport", "http",
                "--basic-auth-file", str(secret), service="logstash"))
            request, = server.requests
        self.assertEqual(request["authorization"],
                         "Basic " + encoded("user:password"))

    def test_is_a_command(self):
        """python -m jsonlogging knows them; "run" imports none of it."""
        def run(*args):
            return subprocess.run(
                [sys.executable, "-m", "jsonlogging", *args],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                encoding="utf-8", cwd=self.folder)

        result = run("elasticsearch", "template")
        self.assertEqual(json.loads(result.stdout), index_template())
        self.assertEqual(run("elasticsearch").returncode, 2)
        self.assertRegex(run("-h").stdout, "(?s)elasticsearch.*logstash")
        for name in "elasticsearch", "logstash":
            result = run(name, "resend", "-h")
            self.assertIn("usage: python -m jsonlogging %s resend" % name,
                          result.stdout)
        program = ("import sys; print([name for name in sys.modules"
                   " if name in ('ssl', 'sqlite3', 'http.client')])")
        self.assertEqual(run("run", "-c", program).stdout, "[]\n")


if __name__ == "__main__":
    unittest.main()
