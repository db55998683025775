"""Elasticsearch: the protocol as functions, then a double of an index."""

import base64
import contextlib
import json
import logging
import pathlib
import re
import socket
import tempfile
import unittest

from hypothesis import given
from hypothesis import strategies as st

from jsonlogging.contrib._transport import Refused, Unavailable
from jsonlogging.contrib.elasticsearch import (ElasticsearchHandler,
                                               api_key_header, bulk_body,
                                               check_name, judge_items,
                                               parse_cloud_id, read_reply)

from ._peers import make_record
from ._servers import (PATIENCE, TLS, BulkServer, HTTPServer, LineServer,
                       server_context)
from .test_pipeline import PipelineTestCase

CLOUD_IDS = [
    ("cluster:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyQ0ZmE4ODIxZTc1NjM0MDMyYmVkMWNmM"
     "jIxMTBlMmY5NyQ0ZmE4ODIxZTc1NjM0MDMyYmVkMWNmMjIxMTBlMmY5Ng==",
     ("4fa8821e75634032bed1cf22110e2f97.us-east-1.aws.found.io", 443)),
    (":dXMtZWFzdC0xLmF3cy5mb3VuZC5pbzo5MjQzJDRmYTg4MjFlNzU2MzQwMzJiZWQxY2Y"
     "yMjExMGUyZjk3JDRmYTg4MjFlNzU2MzQwMzJiZWQxY2YyMjExMGUyZjk2",
     ("4fa8821e75634032bed1cf22110e2f97.us-east-1.aws.found.io", 9243)),
    ("custom-port:dXMtY2VudHJhbDEuZ2NwLmNsb3VkLmVzLmlvOjkyNDMkYWMzMWViYjkwMj"
     "QxNzczMTU3MDQzYzM0ZmQyNmZkNDYkYTRjMDYyMzBlNDhjOGZjZTdiZTg4YTA3NGEzYmIz"
     "ZTA=",
     ("ac31ebb90241773157043c34fd26fd46.us-central1.gcp.cloud.es.io", 9243)),
    ("different-es-kb-port:dXMtY2VudHJhbDEuZ2NwLmNsb3VkLmVzLmlvJGFjMzFlYmI5M"
     "DI0MTc3MzE1NzA0M2MzNGZkMjZmZDQ2OjkyNDMkYTRjMDYyMzBlNDhjOGZjZTdiZTg4YTA"
     "3NGEzYmIzZTA6OTI0NA==",
     ("ac31ebb90241773157043c34fd26fd46.us-central1.gcp.cloud.es.io", 9243)),
    ("a-test:ZWNlLmhvbWUubGFuJHRlc3Qk", ("test.ece.home.lan", 443)),
    ("foobar:dXMtZWFzdC0xLmF3cy5mb3VuZC5pbyRub3RhcmVhbCRpZGVudGlmaWVy",
     ("notareal.us-east-1.aws.found.io", 443)),
]

ids = st.text("0123456789abcdef", min_size=1, max_size=30).map(str.encode)
sources = st.dictionaries(st.text(max_size=5), st.integers()).map(
    lambda value: json.dumps(value).encode())
items = st.one_of(
    st.sampled_from([200, 201, 400, 401, 403, 404, 408, 409, 410, 413, 422,
                     429, 500, 503]).map(lambda status: {"status": status}),
    st.just({"status": 201, "failure_store": "used"}),
    st.just({"status": 400, "error": {"type": "x", "reason": "y"}}),
    st.just({"status": 400, "error": "text"}))


def read_letters(path):
    return [json.loads(line)
            for line in path.read_text("utf-8").splitlines()]


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class ProtocolTests(unittest.TestCase):

    @given(st.lists(st.tuples(ids, sources)))
    def test_body(self, events):
        """A body is two lines of JSON for each event, the last one ended."""
        body = bulk_body([id + b" " + source for id, source in events])
        lines = body.split(b"\n")
        self.assertEqual(lines.pop(), b"")
        self.assertEqual(
            [(json.loads(action)["create"]["_id"].encode(), source)
             for action, source in zip(lines[::2], lines[1::2])], events)

    def reply(self, items):
        return json.dumps({"errors": True, "items": [
            {"create": item} for item in items]}).encode()

    @given(st.lists(items, min_size=1, max_size=6))
    def test_reply(self, items):
        """A reply is read whole; cut anywhere it is an error."""
        body = self.reply(items)
        self.assertEqual(read_reply(body, len(items)), items)
        for size in range(len(body)):
            with self.assertRaises(ValueError):
                read_reply(body[:size], len(items))
        for count in (0, len(items) - 1, len(items) + 1):
            if count != len(items):
                with self.assertRaises(ValueError):
                    read_reply(body, count)

    def test_no_reply(self):
        """What is no bulk reply is an error."""
        for body in (b"", b"<html>", b"[]", b"1", b"{}", b'{"items":1}',
                     b'{"items":[1]}', b'{"items":[{"index":{}}]}',
                     b'{"items":[{"create":{}}]}', b"\xff", b"[" * 100_000,
                     b'{"items":[{"create":{"status":"201"}}]}',
                     b'{"items":[{"create":{"status":true}}]}'):
            with self.subTest(body[:40]), self.assertRaises(ValueError):
                read_reply(body, 1)

    @given(st.lists(items), st.booleans())
    def test_items(self, items, again):
        """Each event is sent, to be sent again, or rejected; never two."""
        events = [b"%d {}" % number for number in range(len(items))]
        result = judge_items(events, items, again)
        self.assertEqual(result.sent + len(result.retry)
                         + len(result.rejected), len(events))
        self.assertLessEqual({*result.retry}, {*events})
        self.assertEqual(bool(result.retry), result.error is not None)
        for event, item in zip(events, items):
            status = item["status"]
            self.assertEqual(event in result.retry,
                             status in (401, 403, 404, 408, 429)
                             or status >= 500)
        statuses = [item["status"] for item in items]
        self.assertEqual(
            result.sent, sum(status in (200, 201) for status in statuses)
            + (statuses.count(409) if again else 0))
        if again:
            self.assertEqual(result.counts.get("duplicates", 0),
                             statuses.count(409))
        else:
            self.assertEqual(result.counts.get("collisions", 0),
                             statuses.count(409))

    def test_item_of_the_target(self):
        """401, 403 and 404 of an item concern the target."""
        for status in (401, 403, 404):
            result = judge_items([b"a {}"], [{"status": status}], False)
            self.assertIsInstance(result.error, Refused)
        result = judge_items([b"a {}"], [{"status": 429}], False)
        self.assertIs(type(result.error), Unavailable)

    def test_reason(self):
        """Type and reason of an error are kept."""
        result = judge_items([b"a {}"], [{"status": 400, "error": {
            "type": "parsing", "reason": "no number"}}], False)
        self.assertEqual(result.rejected, [
            (b"a {}", "status 400: parsing: no number")])


class CloudIdTests(unittest.TestCase):

    def test_vectors(self):
        """The known Cloud IDs name the hosts that Logstash reads."""
        for cloud_id, expected in CLOUD_IDS:
            with self.subTest(cloud_id):
                self.assertEqual(parse_cloud_id(cloud_id), expected)

    def test_without_a_label(self):
        """The label may be missing, and with it the colon."""
        for cloud_id, expected in CLOUD_IDS:
            data = cloud_id.rpartition(":")[2]
            self.assertEqual(parse_cloud_id(data), expected)

    def test_errors(self):
        """What is none is an error that says so."""
        for cloud_id in (
                "cluster:", "", "cluster:!!!!", "cluster:YWJj",
                "a:" + encoded("host"), "a:" + encoded("host$"),
                "a:" + encoded("host$undefined$x"), "a:" + encoded("$es$kb"),
                "a:" + encoded("host:x$es"), "a:" + encoded("host:0$es"),
                "a:" + encoded("host$es:70000"), "a:" + encoded("ho st$es"),
                "a:" + encoded("host$e/s"), "a:" + encoded("ho:s:t$es"),
                "a:" + encoded("host$es")[:-1],
                "a:" + base64.b64encode(b"\xff$\xff").decode()):
            with self.subTest(cloud_id):
                with self.assertRaisesRegex(ValueError, "cloud_id"):
                    parse_cloud_id(cloud_id)

    @given(st.text(max_size=40))
    def test_anything(self, text):
        """Anything is read, or a ValueError."""
        with contextlib.suppress(ValueError):
            parse_cloud_id(text)
        with contextlib.suppress(ValueError):
            parse_cloud_id("x:" + base64.b64encode(
                text.encode("utf-8", "replace")).decode())


class NameTests(unittest.TestCase):

    def test_api_keys(self):
        """All spellings of an API key make the same header."""
        expected = "ApiKey " + encoded("id:key")
        for key in ("id:key", ("id", "key"), ["id", "key"],
                    encoded("id:key")):
            self.assertEqual(api_key_header(key), expected)
        self.assertEqual(api_key_header("essu_abc=="), "ApiKey essu_abc==")

    def test_bad_api_keys(self):
        """Anything else is an error, which does not show the key."""
        for key in ("", "s3cret", 7, ("s3cret",), "a b:s3cret",
                    encoded("s3cret"), "id:s3cret\n", None):
            with self.subTest(key):
                with self.assertRaisesRegex(ValueError, "api_key") as caught:
                    api_key_header(key)
                self.assertNotIn("s3cret", str(caught.exception))

    def test_names(self):
        """Names of indices are checked as Elasticsearch does."""
        for name in ("logs", "logs-python-default", "a.b_c+d-1", "0",
                     "\u00e4", "a" * 255):
            self.assertEqual(check_name("index", name), name)
        for name in ("", "Logs", "a b", "a/b", "a\\b", "a*", "a?", 'a"',
                     "a<", "a>", "a|", "a,b", "a#", "a:b", "-a", "_a", "+a",
                     ".a", "..", "a" * 256, "\u00e4" * 128, None, 7, "a\n"):
            with self.subTest(name):
                with self.assertRaisesRegex(ValueError, "index"):
                    check_name("index", name)


class ElasticsearchTestCase(PipelineTestCase):

    def ship(self, hosts, **options):
        options.setdefault("backoff", 0.001)
        options.setdefault("backoff_max", 0.01)
        options.setdefault("timeout", PATIENCE)
        handler = ElasticsearchHandler(hosts, **options)
        handler.setFormatter(logging.Formatter('{"n":"%(message)s"}'))
        handler.pipeline.make_report = None     # else drops are records
        self.addCleanup(handler.close, 0)
        return handler

    def log(self, handler, count, start=0):
        for number in range(start, start + count):
            handler.handle(make_record("%05d", number))

    @staticmethod
    def expected(count, start=0):
        return [b'{"n":"%05d"}' % number
                for number in range(start, start + count)]


class HandlerTests(ElasticsearchTestCase):

    def test_documents(self):
        """Each record is one document, with ids that ascend."""
        with BulkServer() as server:
            handler = self.ship(server.url, data_stream="logs-app-dev")
            self.log(handler, 1000)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual([*server.documents.values()],
                             self.expected(1000))
            self.assertEqual([*server.documents], sorted(server.documents))
            request = server.requests[0]
        self.assertEqual(request["path"].partition("?")[0],
                         "/logs-app-dev/_bulk")
        self.assertEqual(request["content-type"], "application/x-ndjson")
        self.assertEqual(request["content-encoding"], "gzip")
        self.assertNotIn("authorization", request)
        self.assertAddsUp(handler, sent=1000, acknowledged=1000)

    def test_default_formatter(self):
        """The default formatter writes ECS, the default target is named."""
        with BulkServer() as server:
            handler = ElasticsearchHandler(server.url)
            self.addCleanup(handler.close, 0)
            handler.handle(make_record("hello"))
            self.assertTrue(handler.flush(PATIENCE))
            document = json.loads(next(iter(server.documents.values())))
            self.assertIn("/logs-python-default/_bulk",
                          server.requests[0]["path"])
        self.assertEqual(document["message"], "hello")
        self.assertIn("@timestamp", document)

    def test_prefix_of_a_url(self):
        """The path of a URL stands before that of the request."""
        with BulkServer() as server:
            handler = self.ship(server.url + "/es/", index="logs")
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertTrue(server.requests[0]["path"].startswith(
                "/es/logs/_bulk?"))

    def test_authorization(self):
        """API key and Basic are sent; from a file they are read again."""
        for options, expected in (
                ({"api_key": "id:key"}, "ApiKey aWQ6a2V5"),
                ({"api_key": ["id", "key"]}, "ApiKey aWQ6a2V5"),
                ({"basic_auth": ("elastic", "pw")}, "Basic ZWxhc3RpYzpwdw==")):
            with BulkServer() as server:
                handler = self.ship(server.url, **options)
                self.log(handler, 1)
                self.assertTrue(handler.flush(PATIENCE))
                self.assertEqual(server.requests[0]["authorization"],
                                 expected)
        with tempfile.TemporaryDirectory() as folder, BulkServer() as server:
            path = pathlib.Path(folder, "key")
            path.write_text("id:old\n", encoding="utf-8")
            index = server.index
            server.answers = [lambda body: index(body) if server.requests[-1][
                "authorization"] == "ApiKey " + encoded("id:new") else (401,)]
            handler = self.ship(server.url, api_key_file=str(path),
                                backoff_max=1000)
            path.write_text("id:new\n", encoding="utf-8")
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=1, retried=0)

    def test_busy_items(self):
        """Only items that were refused as busy are sent again."""
        refused = set()

        def judge(id, source):
            if int(source[6:11]) % 3 == 0 and id not in refused:
                refused.add(id)
                return 429

        with BulkServer(judge=judge) as server:
            handler = self.ship(server.url, linger=0.2)
            self.log(handler, 99)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(sorted(server.documents.values()),
                             self.expected(99))
            self.assertEqual([len(x["body"].splitlines()) // 2
                              for x in server.requests], [99, 33])
        self.assertAddsUp(handler, sent=99, retried=33)

    def test_lost_answer(self):
        """When only the answer is lost no document is there twice."""
        with BulkServer() as server:
            index = server.index

            def lose(body):
                index(body)
                return (503,)

            server.answers = [lose, lose, index]
            handler = self.ship(server.url, linger=0.2)
            self.log(handler, 50)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual([*server.documents.values()], self.expected(50))
        self.assertAddsUp(handler, sent=50, retried=100, duplicates=50)

    def test_collision(self):
        """An id that is there at the first attempt is somebody else's."""
        with BulkServer(judge=lambda id, source: 409 if b"00003" in source
                        else None) as server:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "dead")
                handler = self.ship(server.url, dead_letters=str(path))
                self.log(handler, 5)
                self.assertTrue(handler.flush(PATIENCE))
                letter, = read_letters(path)
        self.assertAddsUp(handler, sent=4, collisions=1, dead_lettered=1)
        self.assertEqual((letter["id"], letter["event"]),
                         ("", '{"n":"00003"}'))
        self.assertIn("_id was there", self.errors.getvalue())

    def test_rejected_items(self):
        """A document that is refused for ever is dead-lettered, alone."""
        with BulkServer(judge=lambda id, source: 400 if b"00003" in source
                        else None) as server:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder, "dead")
                handler = self.ship(server.url, dead_letters=str(path))
                self.log(handler, 5)
                self.assertTrue(handler.flush(PATIENCE))
                letter, = read_letters(path)
        self.assertAddsUp(handler, sent=4, dead_lettered=1, dropped={})
        self.assertEqual(letter["reason"], "status 400: error_400: because")
        self.assertEqual(letter["event"], '{"n":"00003"}')
        self.assertTrue(letter["id"])

    def test_target_is_refused(self):
        """401, 403 and 404, of items or the request, keep all events."""
        for number in (401, 403, 404):
            for whole in (False, True):
                with self.subTest(status=number, whole=whole):
                    with BulkServer(judge=lambda id, source: number
                                    ) as server:
                        if whole:
                            server.answers = [number]
                        handler = self.ship(server.url)
                        self.log(handler, 5)
                        self.wait_for(lambda: handler.stats()["last_error"])
                        self.assertAddsUp(handler, sent=0, pending=5)
                        # Somebody has mended it.
                        server.judge = None
                        server.answers = [server.index]
                        self.assertTrue(handler.flush(PATIENCE))
                        self.assertEqual(len(server.documents), 5)

    def test_too_large(self):
        """413 halves; the size counts before compression."""
        with BulkServer() as server:
            index = server.index
            server.answers = [lambda body: index(body) if len(body) < 5000
                              else (413,)]
            handler = self.ship(server.url, linger=0.2)
            self.log(handler, 2000)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual([*server.documents.values()],
                             self.expected(2000))
        self.assertAddsUp(handler, sent=2000)

    def test_bad_request(self):
        """A request that is bad as a whole is cut down to what is bad."""
        with BulkServer() as server:
            index = server.index
            server.answers = [lambda body: index(body)
                              if b':"00013"' not in body
                              else (400, {}, b"no")]
            handler = self.ship(server.url, linger=0.2)
            self.log(handler, 30)
            handler.flush(PATIENCE)
            self.assertEqual(len(server.documents), 29)
        self.assertAddsUp(handler, sent=29, dropped={"rejected": 1})

    def test_caught_before_sending(self):
        """What would fail a whole request is not sent."""
        with BulkServer() as server:
            handler = self.ship(server.url, max_event_bytes=100)
            handler.setFormatter(logging.Formatter("%(message)s"))
            for message in ("", "\n", '{"a":"%s"}' % ("x" * 100),
                            '{"a":\n1}'):
                handler.handle(make_record(message))
            handler.flush(PATIENCE)
            self.assertEqual([*server.documents.values()], [b'{"a": 1}'])
        self.assertAddsUp(handler, sent=1, dropped={"rejected": 3})

    def test_failure_store(self):
        """What goes to the failure store is counted apart."""
        with BulkServer() as server:
            server.answers = [lambda body: (200, {}, json.dumps({
                "items": [{"create": {"status": 201,
                                      "failure_store": "used"}}]}).encode())]
            handler = self.ship(server.url)
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=1, failure_store=1)

    def test_garbage(self):
        """An answer that is no bulk reply means to try again."""
        with BulkServer() as server:
            server.answers = [(200, {}, b"<html>hello"), (200, {}, b"{}"),
                              server.index]
            handler = self.ship(server.url)
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
        self.assertIn("no bulk reply", self.errors.getvalue())

    def test_truncated_answer(self):
        """So does an answer that is shorter than it says."""
        with LineServer(["garbage"]) as server:
            def half(connection):
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99"
                                   b"\r\n\r\n{\"items\":[")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass    # else the answer may be lost in a reset

            server.garbage = half
            handler = self.ship("http://127.0.0.1:%d" % server.port)
            self.log(handler, 1)
            self.wait_for(lambda: handler.stats()["retried"] > 2)
        self.assertIn("IncompleteRead", self.errors.getvalue())

    def test_fail_over(self):
        """When a host is down or busy the next one is used at once."""
        with BulkServer() as good, HTTPServer([503]) as busy:
            with LineServer() as gone:
                pass
            handler = self.ship(["http://127.0.0.1:%d" % gone.port, busy.url,
                                 good.url], backoff=1000, backoff_max=1000)
            for number in range(5):
                self.log(handler, 1, number)
                self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual([*good.documents.values()], self.expected(5))
            self.assertEqual(len(busy.requests), 1)

    def test_tls(self):
        """Certificates are checked as for Logstash."""
        with BulkServer(context=server_context()) as server:
            handler = self.ship(server.url, ca_file=str(TLS / "ca.pem"))
            self.log(handler, 10)
            self.assertTrue(handler.flush(PATIENCE))
            other = self.ship(server.url)
            self.log(other, 1)
            self.wait_for(lambda: "not accepted" in self.errors.getvalue())
            self.assertEqual(len(server.documents), 10)

    def test_spool(self):
        """Ids are kept in the spool: an heir makes no second document."""
        with tempfile.TemporaryDirectory() as folder, BulkServer() as server:
            index = server.index

            def lose(body):
                index(body)
                return (503,)

            server.answers = [lose]
            handler = self.ship(server.url, spool=folder)
            self.log(handler, 10)
            self.wait_for(lambda: len(server.documents) == 10)
            handler.close(0)
            server.answers = [index]
            heir = self.ship(server.url, spool=folder)
            self.log(heir, 1, 10)
            self.wait_for(lambda: heir.stats()["sent"] == 11)
            self.assertEqual([*server.documents.values()], self.expected(11))
        stats = self.assertAddsUp(heir, adopted=10, duplicates=10)
        self.assertNotIn("collisions", stats)

    def test_other_target_has_another_spool(self):
        """Events for one index never go to another."""
        with tempfile.TemporaryDirectory() as folder:
            kinds = {self.ship("http://x", index=name, spool=folder
                               ).pipeline.spool.kind for name in ("a", "b")}
        self.assertEqual(len(kinds), 2)

    def test_ids_in_a_fork(self):
        """A forked child draws another prefix."""
        handler = self.ship("http://x")
        first = handler.transport.draw()
        handler.transport.forget()
        second = handler.transport.draw()
        self.assertNotEqual(first[:20], second[:20])
        self.assertTrue(re.fullmatch(b"[0-9a-f]{30}", second))


class OptionTests(unittest.TestCase):

    def test_bad_options(self):
        """A bad option is an error that names it, and no secret."""
        for options in (
                {"hosts": None}, {"cloud_id": CLOUD_IDS[0][0]},
                {"hosts": "localhost:9200"}, {"hosts": "ftp://a"},
                {"hosts": "https://"}, {"hosts": "https://a:b"},
                {"hosts": "https://a?b"}, {"hosts": "https://u:s3cret@a"},
                {"hosts": []}, {"index": "A"}, {"data_stream": "a b"},
                {"index": "a", "data_stream": "b"},
                {"api_key": "s3cret"}, {"basic_auth": "s3cret"},
                {"api_key": "a:s3cret", "basic_auth": "a:s3cret"},
                {"compression": -1}, {"max_event_bytes": 0},
                {"timeout": "1"}, {"fingerprint": "ab"}):
            with self.subTest(options):
                given = {"hosts": "https://a", **options}
                with self.assertRaises((TypeError, ValueError)) as caught:
                    ElasticsearchHandler(**given)
                message = str(caught.exception)
                self.assertTrue(any(name in message for name in (
                    *options, "hosts")), message)
                self.assertNotIn("s3cret", message)

    def test_cloud_id(self):
        """A Cloud ID stands for the host, with TLS."""
        transport = ElasticsearchHandler(
            cloud_id=CLOUD_IDS[5][0]).transport
        address, = transport._addresses
        self.assertEqual((address.host, address.port, address.tls),
                         (*CLOUD_IDS[5][1], True))

    def test_urls(self):
        """A URL's port is 9200 unless it says another."""
        transport = ElasticsearchHandler(
            ["http://a", "https://b:443/x/"]).transport
        self.assertEqual(
            [(x.host, x.port, x.tls, x.prefix)
             for x in transport._addresses],
            [("a", 9200, False, ""), ("b", 443, True, "/x")])


if __name__ == "__main__":
    unittest.main()
