"""What all handlers that use the network have in common."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest

import jsonlogging
from jsonlogging.contrib._network import Address, Broken, Connection
from jsonlogging.contrib._transport import Stopped, Unavailable

from ._servers import (TLS, BeatsServer, BulkServer, HTTPServer, LineServer,
                       free_port, server_context)


def run_python(code, *args):
    """Run *code* in a new interpreter, return its output."""
    env = dict(os.environ, PYTHONPATH=str(
        pathlib.Path(jsonlogging.__file__).parent.parent))
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [sys.executable, "-B", "-c", textwrap.dedent(code),
             *map(str, args)], cwd=folder, env=env, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


class ImportTests(unittest.TestCase):

    CODE = """
        import logging, sys
        from jsonlogging.contrib.logstash import LogstashHandler
        from jsonlogging.contrib.elasticsearch import ElasticsearchHandler
        options = dict(spool="spool", dead_letters="dead",
                       close_timeout=20)
        kind, where, ca = sys.argv[1:]
        if kind == "elasticsearch":
            handler = ElasticsearchHandler(where, ca_file=ca, **options)
        else:
            handler = LogstashHandler("localhost", int(where), kind,
                                      tls=True, ca_file=ca, **options)
        record = logging.LogRecord("a", 20, "a", 1, "a", (), None)
        handler.format(record)
        handler.handle(record)      # its worker starts, and imports nothing
        before = set(sys.modules)
        assert handler.close(20), handler.stats()
        print(*set(sys.modules) - before)
    """

    def test_worker_imports_nothing(self):
        """No import happens in the worker: a fork then would break it."""
        for kind, server in (
                ("tcp", LineServer(context=server_context())),
                ("beats", BeatsServer(context=server_context())),
                ("http", HTTPServer(context=server_context())),
                ("elasticsearch", BulkServer(context=server_context()))):
            with self.subTest(kind), server:
                where = server.url if kind == "elasticsearch" else server.port
                self.assertEqual(run_python(
                    self.CODE, kind, where, TLS / "ca.pem"), "\n")

    def test_import_is_silent(self):
        """To import a handler starts and registers nothing."""
        self.assertEqual(run_python("""
            import os, logging, sys, threading
            register, callers = os.register_at_fork, []
            def record(**functions):
                callers.append(sys._getframe(1).f_globals["__name__"])
                register(**functions)
            os.register_at_fork = record
            handlers = len(logging._handlerList)
            import jsonlogging.contrib.logstash
            import jsonlogging.contrib.elasticsearch
            import jsonlogging.contrib.stream
            print(len(logging._handlerList) - handlers,
                  threading.active_count(),
                  [name for name in callers if "jsonlogging" in name])
        """), "0 1 []\n")


class ConnectionTests(unittest.TestCase):

    def connect(self, port, resolve, **options):
        connection = Connection(Address("host.example", port), None, 30,
                                lambda: 0.1, resolve=resolve, **options)
        self.addCleanup(connection.close)
        connection.connect()
        return connection

    def test_name_without_an_address(self):
        """A name that does not resolve is an error that may pass."""
        def resolve(host, port, type):
            raise socket.gaierror(-3, "Temporary failure in name resolution")

        with self.assertRaisesRegex(Unavailable, "host.example:1: .*Temp"):
            self.connect(1, resolve)
        with self.assertRaisesRegex(Unavailable, "no address"):
            self.connect(1, lambda host, port, type: [])

    def test_several_addresses(self):
        """Of several addresses the first that answers is taken."""
        with LineServer() as server:
            connection = self.connect(server.port, lambda host, port, type: [
                (socket.AF_INET, type, 0, "", ("127.0.0.1", free_port())),
                (socket.AF_INET, type, 0, "", ("127.0.0.1", port))])
            connection.send(b"hello\n")
            server.wait_for(lambda server: server.lines == [b"hello"])

    def test_no_answer(self):
        """What waits ends when the time is over, by the clock it is given.
        """
        now = [0.0]

        def clock():
            now[0] += 1
            return now[0]

        with LineServer(["never_read"]) as server:
            connection = self.connect(
                server.port, lambda host, port, type: [
                    (socket.AF_INET, type, 0, "", ("127.0.0.1", port))],
                clock=clock)
            with self.assertRaisesRegex(Broken, "timed out waiting"):
                connection.receive(1)
            with self.assertRaisesRegex(Broken, "timed out sending") as error:
                connection.send(bytes(10**8))
            self.assertGreater(error.exception.sent, 0)

    def test_tick_stops_it(self):
        """An exception of tick's comes out of everything that waits."""
        ticks = iter([0.01] * 5)

        def tick():
            for seconds in ticks:
                return seconds
            raise Stopped

        with LineServer(["never_read"]) as server:
            connection = Connection(Address("127.0.0.1", server.port), None,
                                    30, tick)
            self.addCleanup(connection.close)
            connection.connect()
            with self.assertRaises(Stopped):
                connection.receive(1)


class DescriptorTests(unittest.TestCase):

    @unittest.skipUnless(sys.platform == "linux", "needs many descriptors")
    def test_high_descriptors(self):
        """Descriptors over 1023, which select() refuses, work."""
        with LineServer() as server:
            run_python("""
                import logging, os, resource, sys
                from jsonlogging.contrib.logstash import LogstashHandler
                from jsonlogging.contrib.stream import StreamPipelineHandler
                soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                wanted = 3000 if hard < 0 else min(hard, 3000)
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                for _ in range(1100):
                    os.dup(0)
                record = logging.LogRecord("a", 20, "a", 1, "a", (), None)
                read, write = os.pipe()
                for handler in (LogstashHandler("localhost",
                                                int(sys.argv[1])),
                                StreamPipelineHandler(open(write, "w"))):
                    handler.handle(record)
                    assert handler.close(20), handler.stats()
            """, server.port)
            server.wait_for(lambda server: server.lines)

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs /proc")
    def test_no_descriptor_is_left(self):
        """A peer that comes and goes costs no descriptor."""
        with LineServer(["close_at_once"]) as server:
            output = run_python("""
                import logging, os, sys
                from jsonlogging.contrib.logstash import LogstashHandler
                logging.raiseExceptions = False
                handler = LogstashHandler("localhost", int(sys.argv[1]),
                                          "http", backoff=0, backoff_max=0)
                record = logging.LogRecord("a", 20, "a", 1, "a", (), None)
                handler.handle(record)
                while handler.stats()["retried"] < 5:
                    pass
                before = len(os.listdir("/proc/self/fd"))
                while handler.stats()["retried"] < 300:
                    pass
                print(len(os.listdir("/proc/self/fd")) - before <= 2)
                handler.close(0)
            """, server.port)
        self.assertEqual(output, "True\n")


if __name__ == "__main__":
    unittest.main()
