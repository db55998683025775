"""A real Elasticsearch node, which these tests know by the environment.

ELASTICSEARCH_URL is its address, and of its companions each opens a few
tests more: ELASTICSEARCH_BASIC_AUTH ("user:password"),
ELASTICSEARCH_API_KEY, ELASTICSEARCH_CA_FILE, ELASTICSEARCH_FINGERPRINT
and ELASTICSEARCH_CA_FINGERPRINT (of the node's certificate and of its
authority), and ELASTICSEARCH_RESTART, a command that restarts the node
and returns when it is there again; then only ELASTICSEARCH_CA_FILE need
still be right.  .ci/run sets them all.
"""

import base64
import contextlib
import io
import json
import logging
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import uuid

from jsonlogging.__main__ import main
from jsonlogging.contrib.elasticsearch import ElasticsearchHandler

from ..test_examples import environment
from ..test_pages import pages
from ._node import ENV, PATIENCE, call
from ._peers import make_record
from .test_pipeline import PipelineTestCase


def needs(name):
    return unittest.skipUnless(name in ENV, "ELASTICSEARCH_%s is not set"
                               % name.upper())


@needs("url")
class NodeTestCase(PipelineTestCase):

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.index = "test-" + uuid.uuid4().hex

    def ship(self, **options):
        given = {"index": self.index, "backoff": 0.05, "backoff_max": 0.5,
                 "ca_file": ENV.get("ca_file"),
                 "basic_auth": ENV.get("basic_auth"), **options}
        if "data_stream" in options:
            del given["index"]
        handler = ElasticsearchHandler(given.pop("url", ENV["url"]), **{
            name: value for name, value in given.items()
            if value is not None})
        handler.pipeline.make_report = None     # else drops are records
        self.addCleanup(handler.close, 0)
        return handler

    def plain(self, **options):
        handler = self.ship(**options)
        handler.setFormatter(logging.Formatter('{"n":%(message)s}'))
        return handler

    def count(self, index=None):
        index = index or self.index
        call("POST", "/%s/_refresh" % index)
        return call("GET", "/%s/_count" % index)["count"]

    def command(self, *args):
        """Run a command of python -m jsonlogging elasticsearch."""
        secret = self.folder / "secret"
        secret.write_text(ENV.get("basic_auth", ""), encoding="utf-8")
        connection = ["--url", ENV["url"]]
        if "basic_auth" in ENV:
            connection += ["--basic-auth-file", str(secret)]
        if "ca_file" in ENV:
            connection += ["--ca-file", ENV["ca_file"]]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            with self.assertRaises(SystemExit) as context:
                main(["elasticsearch", *args, *connection])
        return output.getvalue() or context.exception.code


class BulkTests(NodeTestCase):

    def test_documents(self):
        """Every record is a document, exactly once."""
        handler = self.plain()
        for number in range(5000):
            handler.handle(make_record("%d", number))
        self.assertTrue(handler.flush(PATIENCE),
                        handler.stats()["last_error"])
        self.assertAddsUp(handler, sent=5000, acknowledged=5000, dropped={})
        self.assertEqual(self.count(), 5000)

    def test_no_duplicates(self):
        """What is sent again is there already, and counts as sent."""
        handler = self.plain()
        send = handler.transport.send
        again = []

        def twice(events, first):
            result = send(events, first)
            again.append(send(events, True))
            return result

        handler.transport.send = twice
        for number in range(300):
            handler.handle(make_record("%d", number))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(sum(x.counts["duplicates"] for x in again), 300)
        self.assertEqual(self.count(), 300)

    def test_collision(self):
        """An _id that is there at the first attempt is a collision."""
        first, second = self.plain(), self.plain(
            dead_letters=str(self.folder / "dead"))
        second.transport._prefix = first.transport._prefix
        for handler in first, second:
            handler.handle(make_record("1"))
            self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(second, sent=0, collisions=1, dead_lettered=1)
        self.assertEqual(self.command(
            "resend", str(self.folder / "dead"), "--index", self.index),
            "1 sent, 0 left\n")
        self.assertEqual(self.count(), 2)

    def test_mapping_conflict(self):
        """A document that does not fit the mapping is dead-lettered; the
        command sends it where it does.
        """
        call("PUT", "/" + self.index, {"mappings": {"properties": {
            "n": {"type": "long"}}}})
        path = self.folder / "dead"
        handler = self.plain(dead_letters=str(path))
        for value in ("1", '"no number"', "2", "{}", "3"):
            handler.handle(make_record(value))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=3, dead_lettered=2, dropped={})
        reasons = [json.loads(line)["reason"]
                   for line in path.read_text("utf-8").splitlines()]
        self.assertTrue(all("document_parsing" in x for x in reasons))
        self.assertRegex(self.command(
            "resend", str(path), "--index", self.index), "0 sent, 2 left$")
        other = self.index + "-other"
        call("PUT", "/" + other, {"mappings": {"enabled": False}})
        self.assertEqual(self.command("resend", str(path), "--index", other),
                         "2 sent, 0 left\n")
        self.assertEqual((self.count(), self.count(other)), (3, 2))

    def test_what_is_no_json(self):
        """Text that is no JSON is refused alone."""
        handler = self.ship()
        handler.setFormatter(logging.Formatter("%(message)s"))
        for message in ('{"n":1}', "text", "}", '{"n":', '{"n":NaN}', "[1]",
                        '{"create":{}}', '{"":1}', '{"n":2}'):
            handler.handle(make_record(message))
        handler.flush(PATIENCE)
        self.assertAddsUp(handler, sent=3, dropped={"rejected": 6})

    def test_blocked_index(self):
        """While an index is blocked its documents wait."""
        for block in ("read_only_allow_delete", "write"):   # 429 and 403
            with self.subTest(block):
                call("PUT", "/" + self.index + block[0])
                settings = "/%s/_settings" % (self.index + block[0])
                call("PUT", settings, {"index.blocks." + block: True})
                handler = self.plain(index=self.index + block[0])
                handler.handle(make_record("1"))
                self.wait_for(lambda: handler.stats()["last_error"])
                self.assertAddsUp(handler, sent=0, pending=1)
                call("PUT", settings, {"index.blocks." + block: None})
                self.assertTrue(handler.flush(PATIENCE))
                self.assertEqual(self.count(self.index + block[0]), 1)

    def test_large_batches(self):
        """Batches that the node finds too large arrive in parts."""
        handler = self.ship(batch_bytes=20 * 2**20, capacity_bytes=2**26)
        handler.setFormatter(logging.Formatter('{"m":"%(message)s"}'))
        for _ in range(300):
            handler.handle(make_record("x" * 100_000))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=300, dropped={})
        self.assertEqual(self.count(), 300)


class TemplateTests(NodeTestCase):

    def setUp(self):
        super().setUp()
        self.stream = "logs-%s-default" % uuid.uuid4().hex
        self.assertRegex(self.command(
            "template", "--install", "--name", self.stream,
            "--pattern", self.stream), "^installed ")

    def mapping(self):
        (name, found), = call("GET", "/%s/_mapping" % self.stream).items()
        self.assertTrue(name.startswith(".ds-"), "no data stream")
        return found["mappings"]["properties"]

    def test_many_keys(self):
        """Of 10 000 records with 5 000 keys of mixed types none is refused.
        """
        values = [1, "text", 2.5, True, None, {"a": {"b": 1}}, [1, "x"],
                  "2026-11-23", "2026-11-23T05:12:18Z", -2**63, "", "1"]
        handler = self.ship(data_stream=self.stream)
        for number in range(10_000):
            record = make_record("message %d", number)
            for place in range(3):
                setattr(record, "key%d" % (number * 7 % 5000 + place),
                        values[(number // 5 + place) % len(values)])
            handler.handle(record)
        self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=10_000, dropped={}, dead_lettered=0)
        self.assertEqual(self.count(self.stream), 10_000)
        mapping = self.mapping()
        self.assertEqual(mapping["labels"]["type"], "flattened")
        found = call("GET", "/%s/_count?q=labels.key7:text" % self.stream)
        self.assertGreater(found["count"], 0)

    def test_fields(self):
        """Fields have their types with the first document."""
        handler = self.ship(data_stream=self.stream)
        record = make_record("hello")
        record.http = {"response": {"status_code": 200}}
        record.client = {"ip": "10.0.0.1"}
        record.event = {"duration": 12}
        record.url = {"path": "/cart"}
        try:
            1 / 0
        except ZeroDivisionError:
            record.exc_info = sys.exc_info()
        handler.handle(record)
        # Of a wrong type: kept, without being indexed.
        record = make_record("2026-11-23")
        record.http = {"response": {"status_code": "teapot"}}
        handler.handle(record)
        self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=2, dropped={})
        mapping = self.mapping()
        self.assertEqual(mapping["@timestamp"]["type"], "date")
        self.assertEqual(mapping["message"]["type"], "text")
        self.count(self.stream)
        for query, hits in (
                ("http.response.status_code:[200 TO 299]", 1),
                ('client.ip:"10.0.0.0/8"', 1), ("event.duration:12", 1),
                ('url.path:"/cart"', 1), ("log.level:info", 2),
                ("error.type:ZeroDivisionError", 1),
                ("message:hello", 1)):
            with self.subTest(query):
                found = call("POST", "/%s/_count" % self.stream, {
                    "query": {"query_string": {"query": query}}})
                self.assertEqual(found["count"], hits)

    def test_fields_of_ecs(self):
        """Fields that are not in the template have the types of ECS."""
        handler = self.ship(data_stream=self.stream)
        for score, imports in (1, "text"), (1.5, {"a": 1}):
            record = make_record("hello")
            record.event = {"start": "2026-11-23T05:12:18Z",
                            "risk_score": score}
            record.client = {"nat": {"ip": "10.0.0.1"}, "geo": {
                "location": {"lat": 1.0, "lon": 2.0}}}
            record.dll = {"pe": {"go_imports": {"a": imports}}}
            handler.handle(record)
        self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=2, dropped={}, dead_lettered=0)
        self.count(self.stream)
        for query, hits in (
                ("event.start:[2026-11-23 TO 2026-11-24]", 2),
                ("event.risk_score:[1.2 TO 1.8]", 1),
                ('client.nat.ip:"10.0.0.0/8"', 2)):
            with self.subTest(query):
                found = call("POST", "/%s/_count" % self.stream, {
                    "query": {"query_string": {"query": query}}})
                self.assertEqual(found["count"], hits)
        mapping = self.mapping()
        self.assertEqual(mapping["event"]["properties"]["start"]["type"],
                         "date")
        self.assertEqual(
            mapping["client"]["properties"]["geo"]["properties"]["location"][
                "type"], "geo_point")
        self.assertEqual(mapping["dll"]["properties"]["pe"]["properties"][
            "go_imports"]["type"], "flattened")

    def test_too_many_fields(self):
        """Beyond the limit new fields are stored, not refused."""
        handler = self.ship(data_stream=self.stream)
        handler.setFormatter(logging.Formatter("%(message)s"))
        # A few at a time: each new field is a change of the mapping.
        for start in range(0, 1200, 100):
            handler.handle(make_record(json.dumps({
                "@timestamp": "2026-11-23T05:12:18Z",
                **{"f%d" % n: n for n in range(start, start + 100)}})))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=12, dropped={})


class TutorialTests(NodeTestCase):

    def test_blocks(self):
        """What the tutorial sends is found, by the commands it shows."""
        text = (pages.DOCS / "tutorial.rst").read_text("utf-8")
        found = pages.blocks(text)
        (install, installed, _), (run, _, files), (query, answer, _) = [
            (block.code, output.code, files) for (block, files), output
            in zip(pages.programs(found), found[1:])
            if pages.needs_node(block)]
        # Everything as it is shown, but for the node, and a stream where
        # there is nothing yet.
        url = "http://localhost:9200"
        start = "python -m jsonlogging elasticsearch "
        end = " --url %s\n" % url
        self.assertEqual((start, end), (
            install[:len(start)], install[-len(end):]))
        self.assertEqual(installed, self.command(
            *install[len(start):-len(end)].split()))

        self.assertEqual("python shop.py\n", run)
        stream = "logs-python-" + uuid.uuid4().hex
        options = {"data_stream": stream, "ca_file": ENV.get("ca_file"),
                   "basic_auth": ENV.get("basic_auth")}
        program = self.folder / "shop.py"
        program.write_text(files["shop.py"].replace(
            '"%s"' % url, "%r, **%r" % (ENV["url"], options)), "utf-8")
        result = subprocess.run(
            [sys.executable, str(program)], env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=PATIENCE)
        self.assertEqual((0, b""), (result.returncode, result.stdout))

        self.assertEqual(2, self.count(stream))
        path, = re.fullmatch('curl "%s(.*)"\n' % url, query).groups()
        self.assertEqual(json.loads(answer), call(
            "GET", path.replace("logs-python-default", stream)))


class AccessTests(NodeTestCase):

    def assertArrives(self, **options):
        handler = self.plain(**options)
        handler.handle(make_record("1"))
        self.assertTrue(handler.flush(PATIENCE),
                        handler.stats()["last_error"])
        self.assertEqual(self.count(), 1)

    def assertRefused(self, pattern, **options):
        handler = self.plain(**options)
        handler.handle(make_record("1"))
        self.wait_for(lambda: handler.stats()["last_error"])
        self.assertRegex(handler.stats()["last_error"], pattern)
        self.assertAddsUp(handler, sent=0, pending=1)

    @needs("api_key")
    def test_api_key(self):
        """An API key opens the node, in all its spellings."""
        encoded = ENV["api_key"]
        decoded = base64.b64decode(encoded).decode()
        for key in (encoded, decoded, tuple(decoded.split(":"))):
            self.index = "test-" + uuid.uuid4().hex
            self.assertArrives(api_key=key, basic_auth=None)

    @needs("basic_auth")
    def test_basic_auth(self):
        """So do user and password."""
        self.assertArrives()
        self.index = "test-" + uuid.uuid4().hex
        self.assertArrives(basic_auth=ENV["basic_auth"].split(":"))

    @needs("basic_auth")
    def test_wrong_credentials(self):
        """Wrong ones are refused, and everything is kept."""
        self.assertRefused("401", basic_auth="elastic:wrong")
        self.assertRefused("401", basic_auth=None, api_key="wrong:key")
        self.assertRefused("401", basic_auth=None)

    @needs("basic_auth")
    def test_file_is_read_again(self):
        """A file with credentials is read again after a refusal."""
        path = self.folder / "auth"
        path.write_text("elastic:wrong", encoding="utf-8")
        handler = self.plain(basic_auth=None, basic_auth_file=str(path))
        handler.handle(make_record("1"))
        self.wait_for(lambda: handler.stats()["last_error"])
        path.write_text(ENV["basic_auth"] + "\n", encoding="utf-8")
        self.assertTrue(handler.flush(PATIENCE))

    @needs("api_key")
    def test_key_without_the_privilege(self):
        """A key that may not write there is refused, the events are kept."""
        key = call("POST", "/_security/api_key", {
            "name": self.index, "role_descriptors": {"none": {
                "index": [{"names": ["other-*"],
                           "privileges": ["create_doc"]}]}}})
        self.assertRefused("403", basic_auth=None,
                           api_key=(key["id"], key["api_key"]))

    @needs("ca_file")
    def test_authority(self):
        """Without its authority the node's certificate is refused."""
        self.assertArrives()
        self.assertRefused("not accepted", ca_file=None)

    @needs("ca_file")
    def test_host_name(self):
        """A name that is not in the certificate is refused."""
        url = ENV["url"].replace("localhost", "127.0.0.1")
        self.assertNotEqual(url, ENV["url"], "the node is not at localhost")
        self.assertRefused("(?i)mismatch|not valid", url=url)
        self.assertArrives(url=url, verify_hostname=False)

    @needs("fingerprint")
    def test_fingerprint(self):
        """The fingerprint of its certificate is trust enough."""
        self.assertArrives(ca_file=None, fingerprint=ENV["fingerprint"])
        self.assertRefused("fingerprint", ca_file=None,
                           fingerprint="00" * 32)

    @needs("ca_fingerprint")
    @unittest.skipIf(sys.version_info < (3, 10),
                     "Python 3.9 does not show the chain")
    def test_fingerprint_of_the_authority(self):
        """So is that of its authority, for the right host name."""
        fingerprint = ENV["ca_fingerprint"]
        self.assertArrives(ca_file=None, fingerprint=fingerprint)
        self.assertRefused(
            "(?i)mismatch|not valid", ca_file=None, fingerprint=fingerprint,
            url=ENV["url"].replace("localhost", "127.0.0.1"))

    @needs("ca_file")
    def test_plain_http(self):
        """Plain HTTP to the port of HTTPS is an error."""
        handler = self.plain(url=ENV["url"].replace("https:", "http:"))
        handler.handle(make_record("1"))
        self.wait_for(lambda: handler.stats()["last_error"])
        self.assertAddsUp(handler, sent=0, pending=1)


class RestartTests(NodeTestCase):

    @needs("restart")
    def test_restart_in_the_middle(self):
        """Over a restart of the node every record arrives, once."""
        options = {"spool": str(self.folder / "spool"), "linger": 0.01}
        if "ca_file" in ENV:
            # The node may come back with another certificate.
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            options.update(ca_file=None, ssl_context=context)
        handler = self.plain(**options)
        stop = threading.Event()
        restart = threading.Thread(target=lambda: (subprocess.run(
            ENV["restart"], shell=True, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
            stop.set()))
        restart.start()
        number = 0
        while not stop.wait(0.002):
            handler.handle(make_record("%d", number))
            number += 1
        restart.join()
        for number in range(number, number + 100):
            handler.handle(make_record("%d", number))
        self.assertTrue(handler.flush(PATIENCE),
                        handler.stats()["last_error"])
        stats = self.assertAddsUp(handler, sent=number + 1, dropped={})
        self.assertGreater(stats["retried"], 0)
        self.assertEqual(self.count(), number + 1)


if __name__ == "__main__":
    unittest.main()
