"""The end of a program, and its forks: nothing is lost that fits in."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

import jsonlogging

from ._servers import PATIENCE, LineServer

PREAMBLE = """
import atexit, logging, os, signal, sys, threading, time
from jsonlogging.contrib.logstash import LogstashHandler

def ship(port, **options):
    handler = LogstashHandler("127.0.0.1", int(port), **options)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logging.basicConfig(level="INFO", handlers=[handler])
    return handler

port = int(sys.argv[1])
"""


class ProcessTestCase(unittest.TestCase):

    def setUp(self):
        self.server = LineServer()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, code, *args):
        """Start a program that logs to the server of this test."""
        path = self.folder / "program.py"
        path.write_text(PREAMBLE + textwrap.dedent(code), encoding="utf-8")
        env = dict(os.environ, PYTHONPATH=str(
            pathlib.Path(jsonlogging.__file__).parent.parent))
        process = subprocess.Popen(
            [sys.executable, "-B", str(path), str(self.server.port), *args],
            env=env, cwd=self.folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        return process

    def run_program(self, code, *args, status=0):
        """Run a program; return its output and its errors."""
        process = self.start(code, *args)
        output, errors = process.communicate(timeout=PATIENCE * 2)
        self.assertEqual(process.returncode, status, errors.decode())
        return output.decode(), errors.decode()

    def lines(self, count):
        """Return the lines that came, when there are *count*."""
        self.server.wait_for(lambda server: len(server.lines) >= count)
        return sorted(self.server.lines)


class ExitTests(ProcessTestCase):

    def test_end_of_program(self):
        """What waits at the end of a program is sent."""
        _, errors = self.run_program("""
            ship(port, linger=100)
            for number in range(1000):
                logging.info("%04d", number)
        """)
        self.assertEqual(errors, "")
        self.assertEqual(self.lines(1000), [
            b"%04d" % number for number in range(1000)])

    def test_sys_exit_and_exception(self):
        """So it is after sys.exit() and after an exception."""
        for end in ("sys.exit(1)", "raise KeyError"):
            self.run_program("ship(port)\nlogging.info('x')\n" + end,
                             status=1)
        self.lines(2)

    def test_keyboard_interrupt(self):
        """So it is after Ctrl-C."""
        process = self.start("""
            ship(port, linger=100)
            logging.info("before")
            print("ready", flush=True)
            while True:
                time.sleep(0.01)
        """)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(self.lines(1), [b"before"])

    def test_sigterm(self):
        """So it is after a SIGTERM that the program handles."""
        process = self.start("""
            ship(port, linger=100)
            def leave(number, frame):
                logging.info("terminated")
                sys.exit(0)
            signal.signal(signal.SIGTERM, leave)
            logging.info("before")
            print("ready", flush=True)
            while True:
                time.sleep(0.01)
        """)
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.lines(2), [b"before", b"terminated"])

    def test_first_record_at_exit(self):
        """A first record in an atexit function is sent by close()."""
        _, errors = self.run_program("""
            ship(port)
            atexit.register(logging.info, "at exit")
        """)
        self.assertEqual(errors, "")
        self.assertEqual(self.lines(1), [b"at exit"])

    def test_record_after_close(self):
        """A record after logging.shutdown() is reported, not lost quietly."""
        _, errors = self.run_program("""
            handler = ship(port)
            logging.info("before")
            logging.shutdown()
            logging.info("after")
            assert handler.stats()["dropped"] == {"closed": 1}
        """)
        self.assertEqual(self.lines(1), [b"before"])
        self.assertIn("after close()", errors)

    def test_thread_that_outlives_main(self):
        """Records of a thread that ends after the main one are sent."""
        self.run_program("""
            ship(port)
            def work():
                threading.main_thread().join()
                for number in range(100):
                    logging.info("%02d", number)
            threading.Thread(target=work).start()
        """)
        self.assertEqual(len(self.lines(100)), 100)

    def test_peer_is_down_at_exit(self):
        """With the peer down a program ends within close_timeout."""
        port = self.server.port
        self.server.close()
        output, errors = self.run_program("""
            handler = ship(port, close_timeout=0.5)
            logging.info("x")
            start = time.monotonic()
            logging.shutdown()
            print(time.monotonic() - start)
            print(handler.stats()["dropped"])
        """, str(port))
        seconds, dropped = output.splitlines()
        self.assertLess(float(seconds), 5)
        self.assertEqual(dropped, "{'abandoned': 1}")
        self.assertIn("1 records were not sent", errors)

    def test_peer_never_reads_at_exit(self):
        """With a peer that never reads a program ends in time, too."""
        with LineServer(["never_read"], receive_buffer=4096) as server:
            self.server.close()
            self.server = server
            output, _ = self.run_program("""
                handler = ship(port, close_timeout=0.5)
                for number in range(20):
                    logging.info("x" * 500_000)
                start = time.monotonic()
                logging.shutdown()
                print(time.monotonic() - start)
            """)
        self.assertLess(float(output), 5)


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class ForkTests(ProcessTestCase):

    def test_fork_in_the_middle(self):
        """Every event of parent and child arrives once."""
        for options in ("", "spool='spool'"):
            with self.subTest(options):
                del self.server.lines[:]
                self.run_program("""
                    handler = ship(port, %s)
                    for number in range(500):
                        logging.info("parent %%04d", number)
                        if number %% 50 == 20 and os.fork() == 0:
                            for n in range(100):
                                logging.info("child of %%04d: %%04d",
                                             number, n)
                            stats = handler.stats()
                            assert stats["accepted"] == 100, stats
                            sys.exit(0)
                    for _ in range(10):
                        assert os.wait()[1] == 0
                """ % options)
                lines = self.lines(500 + 10 * 100)
                self.assertEqual(len(lines), 1500)
                self.assertEqual(len(set(lines)), 1500)

    def test_pending_stays_in_the_parent(self):
        """What waits at a fork is sent by the parent alone."""
        self.run_program("""
            handler = ship(port, linger=100)
            for number in range(10):
                logging.info("%d", number)
            if os.fork() == 0:
                assert handler.stats()["pending"] == 0
                sys.exit(0)
            assert os.wait()[1] == 0
        """)
        self.assertEqual(self.lines(10), [b"%d" % n for n in range(10)])

    @unittest.skipUnless(os.path.isdir("/proc/self/fd"), "needs /proc")
    def test_no_descriptor_is_shared(self):
        """The child has neither the parent's socket nor its spool open."""
        self.run_program("""
            def opened():
                found = set()
                for name in os.listdir("/proc/self/fd"):
                    try:
                        found.add(os.readlink("/proc/self/fd/" + name))
                    except OSError:
                        pass
                return {name for name in found
                        if "socket:" in name or "spool" in name}

            before = opened()
            handler = ship(port, spool="spool")
            logging.info("parent")
            assert handler.flush(30)
            assert opened() - before, "nothing to share"
            if os.fork() == 0:
                left = opened() - before
                os._exit(len(left))
            assert os.wait()[1] == 0, "shared"
            logging.info("parent again")
        """)
        self.assertEqual(len(self.lines(2)), 2)

    def test_fork_without_hooks(self):
        """A fork by C code is noticed with the child's first record."""
        self.run_program("""
            import ctypes
            libc = ctypes.CDLL(None)
            for spool in (None, "spool"):
                handler = ship(port, spool=spool)
                logging.info("parent 1")
                assert handler.flush(30)
                # No fork by C code survives another thread that waits
                # for the GIL: give the worker time to fall asleep.
                while handler.pipeline.wake_at:
                    time.sleep(0)
                for _ in range(1000):
                    time.sleep(0)
                # PyDLL would keep the GIL's state in order; the libc's
                # own fork() knows nothing of Python.
                child = ctypes.PyDLL(None).fork()
                if child == 0:
                    logging.info("child 1")
                    logging.info("child 2")
                    assert handler.flush(30)
                    assert handler.stats()["accepted"] == 2
                    handler.close()
                    os._exit(0)
                assert os.waitpid(child, 0)[1] == 0
                logging.info("parent 2")
                assert handler.flush(30)
                handler.close()
                logging.getLogger().handlers.clear()
        """)
        self.assertEqual(self.lines(8), sorted(
            [b"child 1", b"child 2", b"parent 1", b"parent 2"] * 2))

    def test_fork_while_locks_are_held(self):
        """A fork while other threads are in the middle of things hangs not.
        """
        output, _ = self.run_program("""
            handler = ship(port, capacity=50, overflow="drop-oldest")
            stop = False
            def log():
                while not stop:
                    logging.info("x")
                    handler.stats()
            threads = [threading.Thread(target=log) for _ in range(4)]
            sys.setswitchinterval(1e-5)
            for thread in threads:
                thread.start()
            for _ in range(50):
                if os.fork() == 0:
                    logging.info("y")
                    handler.flush(30)
                    os._exit(0)
                os.wait()
            stop = True
            for thread in threads:
                thread.join()
            print("done")
        """)
        self.assertEqual(output, "done\n")

    def test_closed_stays_closed(self):
        """A handler that the parent has closed is closed in the child."""
        self.run_program("""
            handler = ship(port)
            handler.close()
            if os.fork() == 0:
                logging.info("x")
                assert handler.stats()["dropped"] == {"closed": 1}
                os._exit(0)
            assert os.wait()[1] == 0
        """)

    def test_multiprocessing(self):
        """Processes of multiprocessing send what they log, by all methods.
        """
        for method in ("fork", "forkserver", "spawn"):
            with self.subTest(method=method):
                del self.server.lines[:]
                self.run_program("""
                    import multiprocessing

                    def work(number):
                        if not logging.getLogger().handlers:
                            ship(port, linger=100)
                        for n in range(10):
                            logging.info("child %d: %d", number, n)

                    if __name__ == "__main__":
                        method = sys.argv[2]
                        context = multiprocessing.get_context(method)
                        if method == "fork":
                            ship(port, linger=100)
                        processes = [context.Process(
                            target=work, args=(n,)) for n in range(4)]
                        for process in processes:
                            process.start()
                        for process in processes:
                            process.join()
                            assert process.exitcode == 0
                """, method)
                self.assertEqual(len(set(self.lines(40))), 40)


if __name__ == "__main__":
    unittest.main()
