"""Logstash: the protocols as functions, then peers that misbehave."""

import json
import logging
import pathlib
import struct
import sys
import tempfile
import time
import unittest
import zlib

from hypothesis import given
from hypothesis import strategies as st

from jsonlogging.contrib import logstash
from jsonlogging.contrib._network import Answer, judge_answer
from jsonlogging.contrib._transport import Refused, Unavailable, Unfit
from jsonlogging.contrib.logstash import (AckReader, LogstashHandler,
                                          frame_window, is_event, resume)

from ._peers import add_up, make_record
from ._servers import (PATIENCE, TLS, BeatsServer, HTTPServer, LineServer,
                       free_port, server_context)
from .test_pipeline import PipelineTestCase

events = st.lists(st.binary(max_size=50).map(
    lambda data: data.replace(b"\n", b"")), min_size=1)


class ProtocolTests(unittest.TestCase):

    @given(events, st.integers(0, 9))
    def test_window(self, events, level):
        """A window can be read back, by the words of the protocol."""
        data = frame_window(events, level)
        self.assertEqual(data[:2], b"2W")
        self.assertEqual(struct.unpack(">I", data[2:6]), (len(events),))
        rest = data[6:]
        if level:
            self.assertEqual(rest[:2], b"2C")
            size, = struct.unpack(">I", rest[2:6])
            self.assertEqual(len(rest), 6 + size)
            rest = zlib.decompress(rest[6:])
        found = []
        while rest:
            kind, number, size = struct.unpack(">2sII", rest[:10])
            self.assertEqual((kind, number), (b"2J", len(found) + 1))
            found.append(rest[10:10 + size])
            rest = rest[10 + size:]
        self.assertEqual(found, events)

    @given(st.lists(st.integers(0, 2**32 - 1)), st.data())
    def test_acknowledgements(self, numbers, data):
        """Acknowledgements are found, however they are cut to pieces."""
        stream = b"".join(b"2A" + struct.pack(">I", x) for x in numbers)
        for sizes in (st.just(1), st.integers(1, 20)):
            reader = AckReader()
            found, place = [], 0
            while place < len(stream):
                size = data.draw(sizes)
                found += reader.feed(stream[place:place + size])
                place += size
            self.assertEqual(found, numbers)

    @given(st.lists(st.integers(0, 2**32 - 1), max_size=3),
           st.binary(min_size=2, max_size=20))
    def test_garbage(self, numbers, garbage):
        """Anything else is an error, not waited for."""
        if garbage[:2] == b"2A":
            return
        reader = AckReader()
        stream = b"".join(b"2A" + struct.pack(">I", x) for x in numbers)
        with self.assertRaises(ValueError):
            for byte in stream + garbage:
                reader.feed(bytes([byte]))

    @given(events, st.data())
    def test_resume(self, events, data):
        """What is sent again is the lines that are not wholly confirmed."""
        stream = b"\n".join(events) + b"\n"
        unconfirmed = data.draw(st.integers(0, len(stream) + 10))
        again = resume(stream, unconfirmed)
        self.assertTrue(stream.endswith(again))
        confirmed = max(0, len(stream) - unconfirmed)
        done = stream[:len(stream) - len(again)]
        # Whole lines, all of them confirmed, and as many as there are.
        self.assertTrue(not done or done.endswith(b"\n"))
        self.assertEqual(done.count(b"\n"),
                         stream[:confirmed].count(b"\n"))

    def test_is_event(self):
        """An event is a JSON object, strictly."""
        for good in (b"{}", b'{"a":[1]}', b' {"a":"\\ud800"}'):
            self.assertTrue(is_event(good), good)
        for bad in (b"", b"x", b"[]", b"1", b'{"a":NaN}', b"{'a':1}",
                    b'{"a":1', b"\xff", b'{"a":-Infinity}',
                    b"[" * 100_000):
            self.assertFalse(is_event(bad), bad[:20])

    def test_answers(self):
        """Only 2xx is success; each other status has its meaning."""
        def judge(status, headers=None, body=b""):
            return judge_answer(Answer(status, headers or {}, body), "peer")

        for status in (200, 201, 202, 204):
            self.assertIsNone(judge(status))
        for status in (408, 429, 500, 502, 503, 504, 599):
            with self.assertRaises(Unavailable) as caught:
                judge(status)
            self.assertNotIsInstance(caught.exception, Refused)
        for status in (301, 302, 307, 401, 403, 404, 405, 406, 415):
            with self.assertRaises(Refused):
                judge(status)
        for status in (400, 413):
            with self.assertRaises(Unfit) as caught:
                judge(status)
            self.assertEqual(caught.exception.size, status == 413)
        with self.assertRaisesRegex(Refused, "points to http://other"):
            judge(301, {"Location": "http://other"})
        with self.assertRaisesRegex(Unfit, "status 400: bad thing$"):
            judge(400, None, b"bad\n  thing")
        for value, wait in (("7", 7.0), ("soon", None), ("", None)):
            with self.assertRaises(Unavailable) as caught:
                judge(503, {"Retry-After": value})
            self.assertEqual(caught.exception.wait, wait)


class LogstashTestCase(PipelineTestCase):

    def ship(self, port, transport="tcp", hosts="127.0.0.1", **options):
        options.setdefault("backoff", 0.001)
        options.setdefault("backoff_max", 0.01)
        options.setdefault("timeout", PATIENCE)
        handler = LogstashHandler(hosts, port, transport, **options)
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


class TCPTests(LogstashTestCase):

    def test_closing_peer_is_reported(self):
        """A peer that closes every connection unread is no secret."""
        with LineServer(["close_at_once"]) as server:
            handler = self.ship(server.port)
            self.wait_for(lambda: self.log(handler, 1)
                          or handler.stats()["last_error"])
            self.assertRegex(handler.stats()["last_error"],
                             "closed by the peer|reset by peer")
        self.assertIn("Logstash (TCP)", self.errors.getvalue())

    def test_lines(self):
        """Lines arrive in order, the last one with its newline."""
        with LineServer() as server:
            handler = self.ship(server.port)
            self.log(handler, 1000)
            self.assertTrue(handler.close(PATIENCE))
            server.wait_for(lambda server: len(server.lines) == 1000)
            self.assertEqual(server.lines, self.expected(1000))
            self.assertEqual(server.rests, [])
            self.assertEqual(server.connections, 1)
        self.assertAddsUp(handler, sent=1000, acknowledged=0)

    def test_default_formatter(self):
        """The default formatter writes ECS."""
        with LineServer() as server:
            handler = LogstashHandler("localhost", server.port)
            self.addCleanup(handler.close, 0)
            handler.handle(make_record("hello"))
            self.assertTrue(handler.flush(PATIENCE))
            server.wait_for(lambda server: server.lines)
            line = json.loads(server.lines[0])
        self.assertEqual((line["message"], line["log.level"]),
                         ("hello", "info"))
        self.assertIn("@timestamp", line)

    def test_refused_then_there(self):
        """While nobody listens records wait; then they arrive."""
        port = free_port()
        handler = self.ship(port)
        self.log(handler, 10)
        self.wait_for(lambda: handler.stats()["last_error"])
        self.assertAddsUp(handler, sent=0, pending=10)
        with LineServer(port=port) as server:
            self.assertTrue(handler.flush(PATIENCE))
            server.wait_for(lambda server: len(server.lines) == 10)
        self.assertIn("refused", self.errors.getvalue())

    def test_peer_restarts_while_idle(self):
        """A peer that has gone away is noticed before more is sent."""
        server = LineServer()
        handler = self.ship(server.port)
        for turn in range(5):
            with server:
                self.log(handler, 10, turn * 10)
                self.assertTrue(handler.flush(PATIENCE))
                server.wait_for(lambda server: len(server.lines) == 10)
                self.assertEqual(server.lines, self.expected(10, turn * 10))
            server = LineServer(port=server.port)
        server.close()
        self.assertAddsUp(handler, sent=50)

    def test_reader_is_slow(self):
        """A slow reader gets everything, once."""
        with LineServer(["slowly"], receive_buffer=4096) as server:
            handler = self.ship(server.port)
            self.log(handler, 3000)
            self.assertTrue(handler.flush(PATIENCE))
            server.wait_for(lambda server: len(server.lines) == 3000)
            self.assertEqual(server.lines, self.expected(3000))

    def test_broken_in_the_middle(self):
        """After a broken connection lines follow in order; few come twice.
        """
        with LineServer(["break_after_some"] * 5 + ["normal"],
                        receive_buffer=4096) as server:
            handler = self.ship(server.port)
            count = 0
            while len(server.lines) < 12_000:
                self.log(handler, 500, count)
                count += 500
                self.assertTrue(handler.flush(PATIENCE))
                self.assertLess(count, 100_000)
            # What its system has confirmed and the peer not read is lost;
            # what it has read and its system not confirmed comes twice.
            steps = list(zip(server.lines, server.lines[1:]))
            self.assertLessEqual(sum(a >= b for a, b in steps), 5)
            self.assertLess(len(server.lines) - len(set(server.lines)),
                            5 * 20_000 // 13)
            self.assertEqual(server.connections, 6)
        self.assertAddsUp(handler, sent=count)

    def test_unconfirmed_lines_are_sent_again(self):
        """What a peer has left unread in the middle comes again."""
        if sys.platform != "linux":
            self.skipTest("only Linux says what is confirmed")
        with LineServer(["never_read", "normal"],
                        receive_buffer=4096) as server:
            handler = self.ship(server.port)
            transport = handler.transport
            # More than the peer's system takes, less than one's own.
            self.log(handler, 20_000)
            self.assertTrue(handler.flush(PATIENCE))
            self.wait_for(
                lambda: transport.connection.unconfirmed() > 200_000)
            server.break_connections()
            self.log(handler, 10, 20_000)
            self.assertTrue(handler.flush(PATIENCE))
            last = self.expected(1, 20_009)[0]
            server.wait_for(lambda server: last in server.lines)
            self.assertEqual(
                server.lines, self.expected(20_010)[-len(server.lines):])
            self.assertGreater(len(server.lines), 200_000 // 13)
        stats = self.assertAddsUp(handler, sent=20_010)
        self.assertEqual(stats["resent"], len(server.lines) - 10)

    def test_peer_that_answers(self):
        """A peer that answers is none of Logstash's, and is named."""
        with LineServer(["garbage"]) as server:
            handler = self.ship(server.port)
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
            self.wait_for(lambda: self.log(handler, 1) or
                          "ESMTP" in (handler.stats()["last_error"] or ""))
        self.assertIn("answers, which Logstash does not",
                      self.errors.getvalue())

    def test_several_hosts(self):
        """When one host fails the next one takes over."""
        with LineServer() as first, LineServer() as second:
            handler = self.ship(1, hosts=[
                "127.0.0.1:%d" % free_port(), "127.0.0.1:%d" % first.port,
                "127.0.0.1:%d" % second.port])
            self.log(handler, 10)
            self.assertTrue(handler.flush(PATIENCE))
            first.wait_for(lambda server: len(server.lines) == 10)
            first.close()
            self.log(handler, 10, 10)
            self.assertTrue(handler.flush(PATIENCE))
            second.wait_for(lambda server: len(server.lines) == 10)

    def test_text_formatter(self):
        """A text of several lines stays one line."""
        with LineServer() as server:
            handler = self.ship(server.port)
            handler.setFormatter(logging.Formatter("%(message)s"))
            handler.handle(make_record("a\nb"))
            self.assertTrue(handler.close(PATIENCE))
            server.wait_for(lambda server: server.lines)
            self.assertEqual(server.lines, [b"a b"])


class BeatsTests(LogstashTestCase):

    def test_windows(self):
        """Events arrive in windows that are counted anew, acknowledged."""
        with BeatsServer() as server:
            handler = self.ship(server.port, "beats", batch_size=300)
            for turn in range(4):
                self.log(handler, 250, turn * 250)
                self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.acknowledged, self.expected(1000))
            self.assertEqual(server.connections, 1)
        self.assertAddsUp(handler, sent=1000, acknowledged=1000)

    def test_keep_alive(self):
        """An acknowledgement of nothing means to wait."""
        with BeatsServer(["keep_alive"]) as server:
            handler = self.ship(server.port, "beats")
            for turn in range(3):
                self.log(handler, 10, turn * 10)
                self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.events, self.expected(30))

    def test_partial_acknowledgement(self):
        """After a part is acknowledged only the rest is sent again."""
        with BeatsServer(["half", "half", "normal"]) as server:
            handler = self.ship(server.port, "beats", linger=0.2)
            self.log(handler, 100)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.windows, [100, 50, 25])
            self.assertEqual(server.acknowledged, self.expected(100))
        self.assertAddsUp(handler, sent=100, acknowledged=100, retried=75)

    def test_closed_without_acknowledgement(self):
        """Without an acknowledgement all is sent again."""
        with BeatsServer(["no_ack", "no_ack", "normal"]) as server:
            handler = self.ship(server.port, "beats", linger=0.2)
            self.log(handler, 10)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.events, self.expected(10) * 3)
        self.assertAddsUp(handler, sent=10, retried=20)

    def test_poison(self):
        """What is no JSON object is found, and does not stop the rest."""
        with BeatsServer() as server:
            handler = self.ship(server.port, "beats", linger=0.2)
            self.log(handler, 5)
            handler.setFormatter(logging.Formatter("%(message)s"))
            handler.handle(make_record('{"n":NaN'))
            handler.handle(make_record('{"n":"00005"}'))
            handler.flush(PATIENCE)
            self.assertEqual(server.acknowledged, self.expected(6))
        self.assertAddsUp(handler, sent=6, dropped={"rejected": 1})

    def test_garbage(self):
        """A peer that speaks another protocol is refused, and named."""
        with BeatsServer(["garbage"]) as server:
            handler = self.ship(server.port, "beats")
            self.log(handler, 1)
            self.wait_for(lambda: "ESMTP" in (
                handler.stats()["last_error"] or ""))
        self.assertIn("no Beats answer", self.errors.getvalue())


class HTTPTests(LogstashTestCase):

    def test_bodies(self):
        """Events are lines, or one array, compressed or not."""
        for body, compression in (("ndjson", 3), ("json", 0), ("json", 9)):
            with HTTPServer() as server:
                handler = self.ship(
                    server.port, "http", body=body, compression=compression,
                    path="/in?x=1")
                self.log(handler, 10)
                self.assertTrue(handler.flush(PATIENCE))
                request, = server.requests
            self.assertEqual(request["path"], "/in?x=1")
            self.assertEqual("content-encoding" in request, compression > 0)
            if body == "json":
                self.assertEqual(request["content-type"], "application/json")
                found = [b'{"n":"%s"}' % item["n"].encode()
                         for item in json.loads(request["body"])]
            else:
                self.assertEqual(request["content-type"],
                                 "application/x-ndjson")
                self.assertTrue(request["body"].endswith(b"\n"))
                found = request["body"].splitlines()
            self.assertEqual(found, self.expected(10))
            self.assertAddsUp(handler, sent=10, acknowledged=10)

    def test_busy(self):
        """408, 429 and 5xx are followed by another attempt."""
        with HTTPServer([429, 503, 500, 408, (200, {}, b"ok")]) as server:
            handler = self.ship(server.port, "http")
            self.log(handler, 10)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(len(server.requests), 5)
            # Over one connection: the peer is there.
        self.assertAddsUp(handler, sent=10, retried=40)

    def test_retry_after(self):
        """The peer says when; backoff_max is the limit."""
        with HTTPServer([(429, {"Retry-After": "3600"}), 200]) as server:
            handler = self.ship(server.port, "http", backoff_max=0.05)
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(len(server.requests), 2)

    def test_redirect(self):
        """A redirect is no success, and the target is named."""
        with HTTPServer([(302, {"Location": "https://there"}), 200]
                        ) as server:
            handler = self.ship(server.port, "http")
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
        self.assertIn("https://there", self.errors.getvalue())
        self.assertAddsUp(handler, sent=1, retried=1)

    def test_poison(self):
        """400 is traced to the event that is to blame."""
        def judge(body):
            return (400, {}, b"bad") if b"00013" in body else (200,)

        with HTTPServer([judge]) as server:
            handler = self.ship(server.port, "http")
            self.log(handler, 50)
            handler.flush(PATIENCE)
        self.assertAddsUp(handler, sent=49, dropped={"rejected": 1})

    def test_too_large(self):
        """413 makes smaller batches."""
        def judge(body):
            return (413,) if len(body) > 500 else (200,)

        with HTTPServer([judge]) as server:
            handler = self.ship(server.port, "http", batch_bytes=5000)
            self.log(handler, 1000)
            self.assertTrue(handler.flush(PATIENCE))
        self.assertAddsUp(handler, sent=1000)

    def test_basic(self):
        """User and password are sent, and never shown."""
        with HTTPServer([401, 200]) as server:
            handler = self.ship(server.port, "http",
                                basic_auth="elastic:s3cret")
            self.log(handler, 1)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.requests[0]["authorization"],
                             "Basic ZWxhc3RpYzpzM2NyZXQ=")
        self.assertIn("401", self.errors.getvalue())
        self.assertNotIn("s3cret", self.errors.getvalue() + repr(
            handler.stats()))

    def test_credentials_in_a_file(self):
        """A file with credentials is read again after a 401, at once."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "secret")
            path.write_text("user:old\n", encoding="utf-8")
            with HTTPServer([lambda body: (200,) if server.requests[-1][
                    "authorization"] == "Basic dXNlcjpuZXc=" else (401,)
                             ]) as server:
                handler = self.ship(server.port, "http", backoff_max=1000,
                                    backoff=1000, basic_auth_file=str(path))
                path.write_text("user:new\n", encoding="utf-8")
                self.log(handler, 1)
                self.assertTrue(handler.flush(PATIENCE))
                self.assertEqual(len(server.requests), 2)
        self.assertAddsUp(handler, sent=1, retried=0)

    def test_idle_connection_was_closed(self):
        """A connection that the peer has closed meanwhile is made anew."""
        with HTTPServer() as server:
            handler = self.ship(server.port, "http")
            for turn in range(3):
                self.log(handler, 1)
                self.assertTrue(handler.flush(PATIENCE))
                for sock in server.sockets:
                    try:
                        sock.shutdown(2)
                    except OSError:
                        pass
        self.assertAddsUp(handler, sent=3, retried=0)

    def test_garbage(self):
        """An answer that is not HTTP is an error, and another try."""
        with LineServer(["garbage"]) as server:
            handler = self.ship(server.port, "http")
            self.log(handler, 1)
            self.wait_for(lambda: handler.stats()["retried"] > 2)
        self.assertIn("no HTTP answer", self.errors.getvalue())


class TLSTests(LogstashTestCase):

    CA = str(TLS / "ca.pem")
    # SHA-256 of the certificates as DER, as openssl prints them.
    import hashlib
    import ssl

    @classmethod
    def fingerprint(cls, name):
        text = (TLS / (name + ".pem")).read_text("ascii")
        # The first one is its own, the second its authority's.
        first = text[:text.index("-----END") + 25]
        return cls.hashlib.sha256(cls.ssl.PEM_cert_to_DER_cert(
            first)).hexdigest()

    def assertArrives(self, server, handler):
        with server:
            self.log(handler, 100)
            self.assertTrue(handler.flush(PATIENCE),
                            handler.stats()["last_error"])
            server.wait_for(lambda server: len(server.lines) == 100)

    def assertRefused(self, server, handler, pattern):
        with server:
            self.log(handler, 1)
            self.wait_for(lambda: handler.stats()["last_error"])
            self.assertRegex(handler.stats()["last_error"], pattern)
            self.assertEqual(server.lines, [])
            handler.close(0)

    def test_own_authority(self):
        """A certificate of an authority in ca_file is trusted."""
        server = LineServer(context=server_context())
        for host in ("localhost", "127.0.0.1"):
            server = LineServer(context=server_context())
            self.assertArrives(server, self.ship(
                server.port, hosts=host, tls=True, ca_file=self.CA))

    def test_unknown_authority(self):
        """Without it the certificate is refused, and the reason said."""
        server = LineServer(context=server_context())
        self.assertRefused(server, self.ship(server.port, tls=True),
                           "certificate is not accepted")

    def test_other_name(self):
        """A certificate for another name is refused, unless told not to."""
        server = LineServer(context=server_context("other"))
        self.assertRefused(server, self.ship(
            server.port, tls=True, ca_file=self.CA), "(?i)mismatch|not valid")
        server = LineServer(context=server_context("other"))
        self.assertArrives(server, self.ship(
            server.port, tls=True, ca_file=self.CA, verify_hostname=False))

    def test_plain_peer(self):
        """A peer that does not speak TLS is named as such."""
        server = LineServer(["garbage"])
        self.assertRefused(server, self.ship(
            server.port, tls=True, ca_file=self.CA), "does not speak TLS")

    def test_silent_peer(self):
        """So is one that never answers the handshake."""
        server = LineServer(["never_read"])
        self.assertRefused(server, self.ship(
            server.port, tls=True, ca_file=self.CA, timeout=0.05),
            "does the peer speak TLS")

    def test_tls_peer(self):
        """A peer that expects TLS is noticed by its alarm."""
        with LineServer(context=server_context()) as server:
            handler = self.ship(server.port)
            self.wait_for(lambda: self.log(handler, 1)
                          or handler.flush(1) and
                          handler.stats()["last_error"])

    def test_client_certificate(self):
        """A certificate of one's own is shown where it is asked for."""
        server = LineServer(context=server_context(client=True))
        self.assertArrives(server, self.ship(
            server.port, tls=True, ca_file=self.CA,
            client_cert=str(TLS / "client.pem"),
            client_key=str(TLS / "client.key")))
        with LineServer(context=server_context(client=True)) as server:
            handler = self.ship(server.port, tls=True, ca_file=self.CA)
            self.wait_for(lambda: self.log(handler, 1)
                          or handler.stats()["last_error"])
            self.assertEqual(server.lines, [])

    def test_fingerprint(self):
        """The fingerprint of the peer's certificate is trust enough."""
        digits = self.fingerprint("other")
        for text in (digits, ":".join(
                digits[n:n + 2] for n in range(0, 64, 2)).upper()):
            server = LineServer(context=server_context("other"))
            self.assertArrives(server, self.ship(
                server.port, tls=True, fingerprint=text))

    @unittest.skipIf(sys.version_info < (3, 10),
                     "Python 3.9 does not show the chain")
    def test_fingerprint_of_the_authority(self):
        """So is that of the authority, if it has signed this one."""
        digits = self.fingerprint("ca")
        server = LineServer(context=server_context())
        self.assertArrives(server, self.ship(
            server.port, tls=True, fingerprint=digits))
        server = LineServer(context=server_context("other"))
        self.assertRefused(server, self.ship(
            server.port, tls=True, fingerprint=digits),
            "(?i)mismatch|not valid")

    @unittest.skipIf(sys.version_info < (3, 10),
                     "Python 3.9 does not show the chain")
    def test_borrowed_authority(self):
        """An authority's certificate beside a foreign one proves nothing."""
        context = self.ssl.SSLContext(self.ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            chain = pathlib.Path(folder, "chain.pem")
            chain.write_bytes((TLS / "selfsigned.pem").read_bytes()
                              + (TLS / "ca.pem").read_bytes())
            context.load_cert_chain(chain, TLS / "selfsigned.key")
        server = LineServer(context=context)
        self.assertRefused(server, self.ship(
            server.port, tls=True, fingerprint=self.fingerprint("ca")),
            "certificate is not accepted")

    def test_wrong_fingerprint(self):
        """Any other fingerprint is refused."""
        server = LineServer(context=server_context())
        self.assertRefused(server, self.ship(
            server.port, tls=True, fingerprint="00" * 32), "fingerprint")

    def test_beats_and_http(self):
        """TLS works for all transports."""
        with BeatsServer(context=server_context()) as server:
            handler = self.ship(server.port, "beats", tls=True,
                                ca_file=self.CA)
            self.log(handler, 100)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.acknowledged, self.expected(100))
        with HTTPServer(context=server_context()) as server:
            handler = self.ship(server.port, "http", tls=True,
                                ca_file=self.CA)
            self.log(handler, 100)
            self.assertTrue(handler.flush(PATIENCE))
            self.assertEqual(server.lines(), self.expected(100))

    def test_large_batches(self):
        """Megabytes go through TLS in both directions of waiting."""
        with LineServer(["slowly"], context=server_context(),
                        receive_buffer=4096) as server:
            handler = self.ship(server.port, tls=True, ca_file=self.CA)
            handler.handle(make_record("x" * 300_000))
            self.assertTrue(handler.flush(PATIENCE))
            server.wait_for(lambda server: server.lines)
            self.assertEqual(len(server.lines[0]), 300_008)


class EveryStateTests(LogstashTestCase):
    """close() and flush() keep their word in every state of the peer."""

    STATES = ["refused", "never_read", "close_at_once", "reset", "garbage",
              "slowly"]

    def test_close_in_time(self):
        """Whatever the peer does, close() comes back and counts add up."""
        for transport in ("tcp", "beats", "http"):
            for state in self.STATES:
                with self.subTest(transport=transport, state=state):
                    self.one_state(transport, state, False)

    def test_close_in_time_with_tls(self):
        """So it is with TLS."""
        for transport in ("tcp", "beats", "http"):
            for state in ("never_read", "close_at_once", "reset"):
                with self.subTest(transport=transport, state=state):
                    self.one_state(transport, state, True)

    def one_state(self, transport, state, tls):
        server = LineServer([state], receive_buffer=4096,
                            context=server_context() if tls else None)
        with server:
            if state == "refused":
                server.close()
            options = {"tls": True, "ca_file": TLSTests.CA} if tls else {}
            handler = self.ship(server.port, transport, **options)
            for number in range(20):
                handler.handle(make_record("%d" + "x" * 200_000, number))
            start = time.monotonic()
            handler.flush(0.1)
            handler.close(0.2)
            self.assertLess(time.monotonic() - start, 5)
            stats = self.assertAddsUp(handler, pending=0)
            self.assertEqual(stats["accepted"] + stats["refused"], 20)

    def test_name_that_does_not_resolve(self):
        """A host without an address is an error like others."""
        handler = self.ship(1, hosts="nowhere.invalid")
        self.log(handler, 1)
        self.wait_for(lambda: handler.stats()["last_error"])
        self.assertIn("nowhere.invalid", handler.stats()["last_error"])
        handler.close(0)
        self.assertAddsUp(handler, dropped={"abandoned": 1})


class OptionTests(LogstashTestCase):

    def test_bad_options(self):
        """A bad option is an error that names it, and no secret."""
        for options in (
                {"hosts": []}, {"hosts": 7}, {"hosts": ["a", 7]},
                {"hosts": "http://a"}, {"hosts": "a:b"}, {"hosts": "a b"},
                {"hosts": "a:70000"}, {"hosts": "::1"}, {"hosts": ""},
                {"port": 0}, {"port": 70000}, {"port": "5000"},
                {"transport": "udp"}, {"timeout": 0},
                {"ca_file": "x.pem"}, {"fingerprint": "ab"},
                {"tls": True, "fingerprint": "ab"},
                {"tls": True, "client_key": "x"},
                {"tls": True, "fingerprint": "ab" * 32, "ca_file": "x"},
                {"transport": "http", "basic_auth": "s3cret"},
                {"transport": "http", "path": "x"},
                {"transport": "http", "body": "xml"},
                {"transport": "beats", "compression": 10},
                {"basic_auth": "user:s3cret"}, {"capacity": 0}):
            with self.subTest(options):
                given = {"hosts": "localhost", **options}
                with self.assertRaises((TypeError, ValueError)) as caught:
                    LogstashHandler(**given)
                message = str(caught.exception)
                self.assertTrue(any(name in message for name in (
                    *options, "client_cert", "hosts")), message)
                self.assertNotIn("s3cret", message)

    def test_files_that_are_missing(self):
        """A file that is not there is an error at configuration time."""
        for options in ({"tls": True, "ca_file": "/nowhere"},
                        {"tls": True, "client_cert": "/nowhere"},
                        {"transport": "http", "basic_auth_file": "/nowhere"}):
            with self.assertRaises(OSError):
                LogstashHandler("localhost", **options)

    def test_hosts(self):
        """Names, addresses and ports are understood."""
        def parse(hosts):
            transport = LogstashHandler(hosts, 5000).transport
            return [(x.host, x.port) for x in transport._addresses]

        self.assertEqual(parse("logs"), [("logs", 5000)])
        self.assertEqual(parse(("logs:1", "10.0.0.1")),
                         [("logs", 1), ("10.0.0.1", 5000)])
        self.assertEqual(parse(["[::1]", "[fe80::1]:7"]),
                         [("::1", 5000), ("fe80::1", 7)])
        self.assertEqual(parse("b\u00fccher.example"),
                         [("xn--bcher-kva.example", 5000)])

    def test_dictconfig(self):
        """dictConfig reaches the options, lists among them."""
        import logging.config
        with LineServer() as server:
            logging.config.dictConfig({
                "version": 1, "disable_existing_loggers": False,
                "handlers": {"logstash": {
                    "class": "jsonlogging.contrib.logstash.LogstashHandler",
                    "hosts": ["127.0.0.1", "localhost"],
                    "port": server.port, "capacity": 10}},
                "loggers": {"tests.contrib.logstash": {
                    "level": "INFO", "handlers": ["logstash"]}}})
            logger = logging.getLogger("tests.contrib.logstash")
            logger.info("hello")
            handler, = logger.handlers
            logger.removeHandler(handler)
            self.assertTrue(handler.close(PATIENCE))
            server.wait_for(lambda server: server.lines)
        self.assertEqual(handler.pipeline.capacity, 10)
        self.assertEqual(add_up(handler.stats()), 0)
        self.assertTrue(logstash.__all__)


if __name__ == "__main__":
    unittest.main()
