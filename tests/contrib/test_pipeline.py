"""The pipeline: order, counters, policies, flush and close."""

import contextlib
import io
import json
import logging
import logging.config
import os
import pathlib
import signal
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

from jsonlogging.contrib import _pipeline
from jsonlogging.contrib._handler import PipelineHandler
from jsonlogging.contrib._pipeline import NEVER, Pipeline, split
from jsonlogging.contrib._transport import Refused, Result, Unavailable, Unfit

from ..support import run_threads
from ._peers import (Clock, Fed, Gate, Listed, Scripted, Stuck, add_up, down,
                     make_record)
from ._servers import PATIENCE


class PipelineTestCase(unittest.TestCase):
    """Makes pipelines and handlers that are closed at the end."""

    def setUp(self):
        self.errors = io.StringIO()
        redirect = contextlib.redirect_stderr(self.errors)
        redirect.__enter__()
        self.addCleanup(redirect.__exit__, None, None, None)

    def pipeline(self, transport, **options):
        options.setdefault("backoff", 0)
        pipeline = Fed(transport, **options)
        self.addCleanup(pipeline.close, 0)
        return pipeline

    def handler(self, transport, **options):
        options.setdefault("backoff", 0)
        handler = PipelineHandler(transport, **options)
        handler.setFormatter(logging.Formatter("%(message)s"))
        self.addCleanup(handler.close, 0)
        return handler

    def assertAddsUp(self, pipeline, **expected):
        stats = pipeline.stats()
        self.assertEqual(add_up(stats), 0, stats)
        self.assertEqual({name: stats[name] for name in expected}, expected)
        return stats

    def wait_for(self, predicate):
        """Wait until *predicate* is true; fail if it never is."""
        deadline = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not predicate():
            self.assertLess(time.monotonic(), deadline, "waited in vain")
            pause.wait(0.001)


class DeliveryTests(PipelineTestCase):

    def test_order(self):
        """All lines arrive, once, in order, by one thread of its own."""
        transport = Listed()
        pipeline = self.pipeline(transport, batch_size=7)
        lines = ["line %d" % number for number in range(1000)]
        for line in lines:
            pipeline.put(line)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events, [x.encode() for x in lines])
        self.assertLessEqual(max(transport.batches), 7)
        self.assertEqual(len(transport.threads), 1)
        self.assertNotIn(threading.get_ident(), transport.threads)
        self.assertAddsUp(pipeline, accepted=1000, sent=1000, pending=0,
                          acknowledged=0, dropped={})

    def test_no_thread_before_the_first_record(self):
        """The worker starts with the first record, and ends with close()."""
        before = set(threading.enumerate())
        pipeline = self.pipeline(Listed())
        self.assertEqual(set(threading.enumerate()), before)
        pipeline.put("a")
        pipeline.flush(PATIENCE)
        worker, = set(threading.enumerate()) - before
        self.assertTrue(worker.daemon)
        self.assertTrue(pipeline.close(PATIENCE))
        worker.join(PATIENCE)
        self.assertFalse(worker.is_alive())

    def test_close_without_a_record(self):
        """A pipeline that was never used closes at once, and ends well."""
        transport = Listed()
        pipeline = self.pipeline(transport)
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(transport.disconnected, 1)
        self.assertEqual(self.errors.getvalue(), "")

    def test_batch_bytes(self):
        """A batch is no longer than batch_bytes, unless it is one event."""
        for size in (1, 2, 10, 11, 12, 100, 10_000):
            events = [b"x" * (number % 13) for number in range(200)]
            parts = split(events, size)
            with self.subTest(size=size):
                self.assertEqual(sum(parts, []), events)
                for part in parts:
                    self.assertTrue(part)
                    self.assertTrue(
                        len(part) == 1 or sum(map(len, part)) + len(part)
                        <= size)

    def test_split_nothing(self):
        """No events are no parts."""
        self.assertEqual(split([], 10), [])

    def test_lines_become_events(self):
        """Text is UTF-8, a lone surrogate escaped, a newline a blank."""
        transport = Listed()
        pipeline = self.pipeline(transport)
        for line in ("a\nb", "\u00e9\ud800", b"raw", "end\n"):
            pipeline.put(line)
        pipeline.flush(PATIENCE)
        self.assertEqual(transport.events, [
            b"a b", b"\xc3\xa9\\ud800", b"raw", b"end"])

    def test_what_is_no_line(self):
        """What is no text, or empty, or too long, is rejected, counted."""
        transport = Listed()
        transport.max_event_bytes = 5
        pipeline = self.pipeline(transport)
        for line in ("12345", None, "", "\n", 7, "123456"):
            pipeline.put(line)
        # The last ones are rejected: flush() must not wait for another.
        pipeline.flush(PATIENCE)
        self.assertEqual(transport.events, [b"12345"])
        self.assertAddsUp(pipeline, sent=1, dropped={"rejected": 5})

    def test_unavailable(self):
        """A batch that could not be sent is sent again, before others."""
        transport = Scripted([down, down])
        pipeline = self.pipeline(transport, batch_size=2)
        for line in "abcd":
            pipeline.put(line)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(b"".join(transport.events), b"abcd")
        first, again = transport.attempts[1]
        self.assertTrue(again)
        self.assertFalse(transport.attempts[0][1])
        stats = self.assertAddsUp(pipeline, sent=4)
        self.assertEqual(stats["retried"], 2 * len(first))
        self.assertEqual(stats["last_error"], "nobody there")

    def test_order_of_parts(self):
        """A batch that is sent in parts keeps its order, whatever fails."""
        transport = Scripted([None, down, None, lambda events, again: Result(
            1, events[1:], error=Unavailable("busy", 0))])
        pipeline = self.pipeline(transport, batch_bytes=50, linger=0.1)
        for number in range(30):
            pipeline.put("line %02d" % number)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(len(transport.events), 29)
        self.assertEqual(transport.events, sorted(transport.events))

    def test_partly_sent(self):
        """Of a batch that was taken in part, the rest is sent again."""
        transport = Scripted([lambda events, again: Result(
            1, events[1:], error=Unavailable("busy", 0))] * 3)
        pipeline = self.pipeline(transport)
        for line in "abcde":
            pipeline.put(line)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, sent=5)
        self.assertEqual(len(transport.attempts[-1][0]), len(
            transport.events))

    def test_unfit(self):
        """The one event that makes a batch unfit is found and rejected."""
        def send(events, again):
            if b"13" in events:
                raise Unfit("unlucky")
            return Listed.send(transport, events, again)

        transport = Scripted([send] * 1000)
        gate = threading.Event()
        transport.steps.insert(0, lambda events, again: gate.wait() and
                               send(events, again))
        pipeline = self.pipeline(transport)
        for number in range(100):
            pipeline.put(str(number))
        gate.set()
        self.assertFalse(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events, [
            b"%d" % number for number in range(100) if number != 13])
        self.assertAddsUp(pipeline, sent=99, dropped={"rejected": 1})
        self.assertLess(len(transport.attempts), 20)

    def test_too_large(self):
        """After "too large" batches are made smaller, also later ones."""
        def send(events, again):
            if len(events) > 10:
                raise Unfit("too large", size=True)
            return Listed.send(transport, events, again)

        transport = Scripted([send] * 10_000)
        pipeline = self.pipeline(transport)
        for number in range(2000):
            pipeline.put("x" * 1000)
        self.assertTrue(pipeline.flush(PATIENCE))
        refused = len(transport.attempts) - len(transport.batches)
        for number in range(2000):
            pipeline.put("x" * 1000)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(len(transport.attempts) - len(transport.batches),
                         refused)
        self.assertAddsUp(pipeline, sent=4000)

    def test_fault_of_a_transport(self):
        """An error that a transport should not raise loses nothing."""
        def fail(events, again):
            raise KeyError("fault")

        pipeline = self.pipeline(Scripted([fail, fail]))
        pipeline.put("a")
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, sent=1)
        self.assertIn("KeyError", self.errors.getvalue())

    def test_lost_count(self):
        """A transport that loses count loses no event."""
        with mock.patch.object(_pipeline, "FAULT", 0):
            pipeline = self.pipeline(Scripted([
                lambda events, again: Result(len(events) + 1)]))
            pipeline.put("a")
            self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, sent=1)

    def test_rejected(self):
        """What the peer rejects is dropped and counted, without a file."""
        pipeline = self.pipeline(Scripted([lambda events, again: Result(
            len(events) - 1, rejected=[(events[0], "bad")])]))
        pipeline.put("a")
        pipeline.flush(PATIENCE)
        self.assertAddsUp(pipeline, sent=0, dropped={"rejected": 1})
        self.assertIn("bad", self.errors.getvalue())

    def test_dead_letters(self):
        """With a file, what the peer rejects is in it, with the reason."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, "dead")
        pipeline = self.pipeline(Scripted([lambda events, again: Result(
            0, rejected=[(event, "bad") for event in events])]),
            dead_letters=path)
        pipeline.put('{"a":1}')
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, dead_lettered=1, dropped={})
        letter, = map(json.loads, path.read_text("utf-8").splitlines())
        self.assertEqual((letter["reason"], letter["event"]),
                         ("bad", '{"a":1}'))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_dead_letters_cannot_be_written(self):
        """Without room for dead letters they count as dropped."""
        pipeline = self.pipeline(Scripted([lambda events, again: Result(
            0, rejected=[(event, "bad") for event in events])]),
            dead_letters="/dev/full" if os.path.exists("/dev/full")
            else "/nowhere/at/all")
        pipeline.put("a")
        pipeline.flush(PATIENCE)
        self.assertAddsUp(pipeline, dropped={"rejected": 1})


class BackoffTests(PipelineTestCase):

    def pauses(self, transport, count, **options):
        """Return the first *count* pauses that the worker makes."""
        pauses = []
        enough, over = threading.Event(), threading.Event()
        pipeline = Fed(transport, **options)

        def sleep(seconds, level=0):
            if level == NEVER:
                pauses.append(seconds)
                clock.now += seconds
            else:
                original(seconds, level)
            if len(pauses) >= count:
                enough.set()
                over.wait(PATIENCE)

        original = pipeline._sleep
        clock = pipeline.clock = Clock()
        pipeline._sleep = sleep
        pipeline.put("a")
        self.assertTrue(enough.wait(PATIENCE))
        self.attempts = len(transport.attempts)
        transport.steps.clear()
        clock.now += 10**6
        over.set()
        pipeline.close(0)
        return pauses[:count]

    def test_exponential(self):
        """Pauses double, up to the limit, and vary by up to a half."""
        def fail(events, again):
            raise Unavailable("down")

        pauses = self.pauses(Scripted([fail] * 50), 12,
                             backoff=0.5, backoff_max=30)
        for number, pause in enumerate(pauses):
            full = min(30, 0.5 * 2**number)
            self.assertTrue(full / 2 <= pause <= full, pauses)
        self.assertGreater(len(set(pauses)), 6)

    def test_peer_says_when(self):
        """A pause that the peer asks for is made, up to the limit."""
        def fail(events, again):
            raise Unavailable("busy", wait.pop(0))

        wait = [7, 1000] + [0] * 50
        self.assertEqual(
            self.pauses(Scripted([fail] * 50), 2, backoff_max=30), [7, 30])

    def test_refused(self):
        """A refusal is followed by the longest pause."""
        def fail(events, again):
            raise Refused("no such index")

        for pause in self.pauses(Scripted([fail] * 9), 3, backoff_max=30):
            self.assertGreaterEqual(pause, 15)

    def test_several_hosts(self):
        """With three hosts every third failure is followed by a pause."""
        def fail(events, again):
            raise Unavailable("down")

        transport = Scripted([fail] * 50)
        transport.hosts = 3
        self.pauses(transport, 2, backoff=1, backoff_max=30)
        self.assertEqual(self.attempts, 6)


class OverflowTests(PipelineTestCase):

    def full(self, **options):
        """Return a pipeline with one event under way, the queue full."""
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport, capacity=10, **options)
        pipeline.put("under way")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        for number in range(10):
            pipeline.put(str(number))
        self.assertAddsUp(pipeline, accepted=11, refused=0, queued=10,
                          in_flight=1, pending=11)
        return pipeline, transport

    def test_drop_newest(self):
        """By default a record for which there is no room is dropped."""
        pipeline, transport = self.full()
        for number in range(10, 15):
            pipeline.put(str(number))
        self.assertAddsUp(pipeline, accepted=11, refused=5,
                          dropped={"full": 5})
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events[1:], [
            b"%d" % number for number in range(10)])

    def test_drop_oldest(self):
        """With drop-oldest the oldest make room."""
        pipeline, transport = self.full(overflow="drop-oldest")
        for number in range(10, 15):
            pipeline.put(str(number))
        self.assertAddsUp(pipeline, accepted=16, refused=0, queued=10,
                          dropped={"evicted": 5})
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events[1:], [
            b"%d" % number for number in range(5, 15)])

    def test_flush_tells_of_evictions(self):
        """flush() is false if what it waits for is evicted meanwhile."""
        pipeline, transport = self.full(overflow="drop-oldest")
        results = []
        thread = threading.Thread(
            target=lambda: results.append(pipeline.flush(PATIENCE)))
        thread.start()
        self.wait_for(lambda: pipeline._hurry)
        pipeline.put("10")
        transport.open.set()
        thread.join(PATIENCE)
        self.assertEqual(results, [False])

    def test_block(self):
        """With block a caller waits until there is room."""
        pipeline, transport = self.full(overflow="block",
                                        block_timeout=PATIENCE)
        threads = [threading.Thread(target=pipeline.put, args=("late",))
                   for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            self.assertTrue(thread.is_alive())
        transport.open.set()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, accepted=14, sent=14, dropped={})

    def test_block_times_out(self):
        """After block_timeout the record is dropped."""
        pipeline, _ = self.full(overflow="block", block_timeout=0.01)
        pipeline.put("late")
        self.assertAddsUp(pipeline, refused=1, dropped={"timeout": 1})

    def test_close_frees_who_waits(self):
        """close() lets go of callers that wait for room, at once."""
        transport = Stuck()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport, capacity=1, overflow="block",
                                 block_timeout=PATIENCE * 10)
        pipeline.put("under way")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        pipeline.put("waits")
        late = threading.Thread(target=pipeline.put, args=("late",))
        late.start()
        self.wait_for(lambda: pipeline._changed._waiters)
        close = threading.Thread(target=pipeline.close,
                                 args=(PATIENCE * 10,))
        close.start()
        late.join(PATIENCE)
        self.assertFalse(late.is_alive())
        self.assertTrue(close.is_alive())
        transport.open.set()
        close.join(PATIENCE)
        self.assertAddsUp(pipeline, accepted=2, sent=2,
                          dropped={"closed": 1})

    def test_bytes(self):
        """What waits is bounded by its size too."""
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport, capacity_bytes=100_000)
        pipeline.put("under way")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        for _ in range(1000):
            pipeline.put("x" * 1000)
        stats = self.assertAddsUp(pipeline)
        self.assertIn(stats["queued"], range(90, 101))
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))
        # The same again: what left has given its room back.
        transport.open.clear()
        transport.waiting.clear()
        pipeline.put("under way")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        for _ in range(1000):
            pipeline.put("x" * 1000)
        self.assertEqual(pipeline.stats()["queued"], stats["queued"])

    def test_one_line_over_all_bytes(self):
        """One line that is larger than all room is taken in alone."""
        for overflow in ("drop-newest", "drop-oldest"):
            transport = Listed()
            pipeline = self.pipeline(transport, capacity_bytes=10,
                                     overflow=overflow)
            for _ in range(3):
                pipeline.put("x" * 1000)
                self.assertTrue(pipeline.flush(PATIENCE))
            self.assertEqual(len(transport.events), 3)

    def test_inexact_bytes_are_forgotten(self):
        """What was counted wrongly is right again when the queue is empty.
        """
        for overflow in ("drop-newest", "drop-oldest"):
            pipeline = self.pipeline(Listed(), overflow=overflow)
            for error in (10**9, -10**9):
                # As when additions of two threads meet.
                pipeline.bytes_in += error
                for number in range(3):
                    pipeline.put(str(number))
                    self.assertTrue(pipeline.flush(PATIENCE))
                self.assertEqual(pipeline.bytes_limit - pipeline.bytes_in,
                                 pipeline.capacity_bytes)
            self.assertAddsUp(pipeline, sent=6)

    def test_memory_is_bounded(self):
        """Records that find no room leave nothing behind."""
        pipeline, _ = self.full()
        for _ in range(1000):
            pipeline.put("x" * 1000)
        before = sys.getallocatedblocks()
        for _ in range(100_000):
            pipeline.put("x" * 1000)
        self.assertLess(sys.getallocatedblocks() - before, 1000)
        self.assertLess(pipeline._wake.qsize(), 20)


class CounterTests(PipelineTestCase):

    def test_many_threads(self):
        """Counters are exact with many threads, whatever the policy."""
        for overflow in ("drop-newest", "drop-oldest", "block"):
            with self.subTest(overflow=overflow):
                transport = Listed()
                pipeline = self.pipeline(
                    transport, capacity=50, batch_size=20,
                    overflow=overflow, block_timeout=0.001)
                wrong = []

                def log():
                    for number in range(2000):
                        pipeline.put(str(number))
                        if number % 100 == 0:
                            if add_up(pipeline.stats()):
                                wrong.append(pipeline.stats())

                run_threads(*[log] * 8, interval=1e-5)
                pipeline.flush(PATIENCE)
                self.assertEqual(wrong, [])
                stats = self.assertAddsUp(pipeline, pending=0)
                self.assertEqual(stats["accepted"] + stats["refused"], 16_000)
                self.assertEqual(stats["sent"], len(transport.events))

    # Python 3.9 runs signal handlers in the middle of "count += 1".
    @unittest.skipUnless(hasattr(signal, "setitimer")
                         and sys.version_info >= (3, 10), "needs setitimer")
    def test_signal_handler_logs(self):
        """A signal handler that logs neither hangs nor loses count."""
        transport = Listed()
        pipeline = self.pipeline(transport, capacity=20,
                                 overflow="drop-oldest")
        signals = []

        def log(number, frame):
            signals.append(number)
            pipeline.put("signal")
            pipeline.stats()

        before = signal.signal(signal.SIGALRM, log)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        try:
            for number in range(50_000):
                pipeline.put("x")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        pipeline.flush(PATIENCE)
        self.assertTrue(signals)
        stats = self.assertAddsUp(pipeline, pending=0)
        self.assertEqual(stats["accepted"] + stats["refused"],
                         50_000 + len(signals))

    def test_idle(self):
        """An idle worker sleeps until it is woken, for no fixed time."""
        pipeline = self.pipeline(Listed())
        pipeline.put("a")
        pipeline.flush(PATIENCE)
        self.wait_for(lambda: pipeline.wake_at == 0)
        self.assertIsNone(pipeline._leisure())

    def test_linger(self):
        """A batch waits for more, until it is full or flush() comes."""
        transport = Listed()
        pipeline = self.pipeline(transport, linger=PATIENCE * 10,
                                 batch_size=10)
        for number in range(10):
            pipeline.put(str(number))
        self.wait_for(lambda: transport.events)
        for number in range(9):
            pipeline.put(str(number))
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.batches, [10, 9])

    def test_linger_and_close(self):
        """close() sends what lingers."""
        transport = Listed()
        pipeline = self.pipeline(transport, linger=PATIENCE * 10)
        pipeline.put("a")
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(transport.events, [b"a"])


class FlushAndCloseTests(PipelineTestCase):

    def test_flush_in_time(self):
        """flush() comes back in time, and says that not all went out."""
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport)
        pipeline.put("a")
        start = time.monotonic()
        self.assertFalse(pipeline.flush(0.05))
        self.assertLess(time.monotonic() - start, 5)
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))

    def test_flush_waits_for_what_was_there(self):
        """flush() does not wait for records that come after it."""
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport, batch_size=1)
        pipeline.put("first")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        results = []
        thread = threading.Thread(
            target=lambda: results.append(pipeline.flush(PATIENCE)))
        thread.start()
        self.wait_for(lambda: pipeline._hurry)

        def hold(events, again):
            transport.tick()
            raise Unavailable("later", 0.001)

        pipeline.put("second")
        original, transport.send = transport.send, lambda events, again: (
            original if events == [b"first"] else hold)(events, again)
        transport.open.set()
        thread.join(PATIENCE)
        self.assertEqual(results, [True])
        self.assertEqual(transport.events, [b"first"])

    def test_close_sends_what_waits(self):
        """close() sends all that waits, then takes nothing more in."""
        transport = Listed()
        pipeline = self.pipeline(transport, batch_size=3)
        for number in range(100):
            pipeline.put(str(number))
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(len(transport.events), 100)
        pipeline.put("late")
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertAddsUp(pipeline, accepted=100, sent=100, refused=1,
                          dropped={"closed": 1})
        self.assertIn("after close()", self.errors.getvalue())
        self.assertEqual(transport.disconnected, 1)

    def test_close_in_time(self):
        """close() comes back in time from a peer that takes nothing."""
        for transport in Gate(), Stuck(), Scripted([down] * 10**6):
            with self.subTest(type(transport).__name__):
                pipeline = self.pipeline(transport, backoff=0.01)
                for number in range(5):
                    pipeline.put(str(number))
                start = time.monotonic()
                self.assertFalse(pipeline.close(0.3))
                self.assertLess(time.monotonic() - start, 5)
                self.assertAddsUp(pipeline, sent=0, pending=0,
                                  dropped={"abandoned": 5})
                self.assertFalse(pipeline.flush(0.01)
                                 and pipeline.close(0.01) is None)
                if isinstance(transport, Gate):
                    transport.open.set()

    def test_abandoned_worker(self):
        """What a stuck worker does after close() counts no more."""
        transport = Stuck()
        pipeline = self.pipeline(transport)
        pipeline.put("a")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        worker = pipeline._worker
        self.assertFalse(pipeline.close(0))
        stats = self.assertAddsUp(pipeline, dropped={"abandoned": 1})
        transport.open.set()
        worker.join(PATIENCE)
        self.assertFalse(worker.is_alive())
        self.assertEqual(pipeline.stats(), stats)
        self.assertEqual(transport.events, [b"a"])

    def test_close_tries_again(self):
        """close() interrupts a long pause: the peer may be back."""
        transport = Scripted([lambda events, again: down(events, again)])
        pipeline = self.pipeline(transport, backoff=1000, backoff_max=1000)
        transport.steps[0] = mock.Mock(side_effect=Unavailable("down"))
        pipeline.put("a")
        self.wait_for(lambda: pipeline.stats()["last_error"])
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(transport.events, [b"a"])

    def test_shutdown_waits_once(self):
        """flush() and close(), as by logging.shutdown(), wait only once."""
        clock = Clock()
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport, close_timeout=0.2)
        pipeline.put("a")
        start = time.monotonic()
        self.assertFalse(pipeline.flush())
        pipeline.clock = clock
        clock.now = pipeline._gave_up
        self.assertLess(pipeline._gave_up - start, 5)
        closing = []

        def write_off():
            closing.append(pipeline._closing)
            type(pipeline)._write_off(pipeline)

        pipeline._write_off = write_off
        self.assertFalse(pipeline.close())
        self.assertLess(closing[0] - clock.now, 0.15)

    def test_shorter_close_counts(self):
        """A second close() may shorten the first one's time."""
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.pipeline(transport)
        pipeline.put("a")
        results = []
        thread = threading.Thread(
            target=lambda: results.append(pipeline.close(PATIENCE * 10)))
        thread.start()
        self.wait_for(lambda: pipeline._closing)
        self.assertFalse(pipeline.close(0))
        thread.join(PATIENCE)
        self.assertEqual(results, [False])

    def test_no_thread_can_be_started(self):
        """If no thread can be started, close() sends what waits."""
        transport = Listed()
        pipeline = self.pipeline(transport)
        with mock.patch.object(threading.Thread, "start",
                               side_effect=RuntimeError("no more threads")):
            for number in range(10):
                pipeline.put(str(number))
            self.assertFalse(pipeline.flush(PATIENCE))
            self.assertEqual(transport.events, [])
            self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(len(transport.events), 10)
        self.assertEqual(transport.threads, {threading.get_ident()})
        self.assertEqual(self.errors.getvalue().count("no more threads"), 1)

    def test_no_thread_and_no_peer(self):
        """If close() has to send itself, it does not take too long."""
        pipeline = self.pipeline(Gate())
        with mock.patch.object(threading.Thread, "start",
                               side_effect=RuntimeError("no more threads")):
            pipeline.put("a")
            start = time.monotonic()
            self.assertFalse(pipeline.close(0.2))
            self.assertLess(time.monotonic() - start, 5)
        self.assertAddsUp(pipeline, dropped={"abandoned": 1})

    def test_worker_that_does_not_run(self):
        """A worker that never runs is reported, once."""
        clock = Clock()
        pipeline = self.pipeline(Listed(), clock=clock)
        with mock.patch.object(threading.Thread, "start"):
            for number in range(1000):
                pipeline.put(str(number))
                clock.now += 0.1
        self.assertEqual(self.errors.getvalue().count("does not run"), 1)
        pipeline._worker = None

    def test_worker_ends_by_itself(self):
        """If the worker ends by an exit, that is a close(), and counted."""
        def leave(events, again):
            raise SystemExit

        pipeline = self.pipeline(Scripted([leave]))
        with mock.patch.object(threading, "excepthook"):
            pipeline.put("a")
            self.wait_for(lambda: pipeline._finished)
        pipeline.put("b")
        self.assertAddsUp(pipeline, dropped={"abandoned": 1, "closed": 1})


class ClockTests(PipelineTestCase):

    def test_wall_clock_jumps(self):
        """What the wall clock does is of no concern."""
        transport = Scripted([down] * 3)
        times = iter([1e9, -1e9, 1e18, 0.0] * 1000)
        with mock.patch.object(time, "time", lambda: next(times)):
            pipeline = self.pipeline(transport, linger=0.001, backoff=0.001)
            for number in range(10):
                pipeline.put(str(number))
            self.assertTrue(pipeline.flush(PATIENCE))
            self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(len(transport.events), 10)

    def test_clock_leaps_ahead(self):
        """After a sleep of the machine pauses are over, and all goes on."""
        clock = Clock()
        transport = Scripted([mock.Mock(side_effect=Unavailable("down"))])
        pipeline = self.pipeline(transport, clock=clock, backoff=0.01)
        pipeline.put("a")
        self.wait_for(lambda: pipeline.stats()["last_error"])
        clock.now += 10**6
        self.assertTrue(pipeline.flush(PATIENCE))

    def test_very_long_times(self):
        """Times that are longer than locks allow are times like others."""
        transport = Scripted([mock.Mock(side_effect=Unavailable("down"))])
        pipeline = self.pipeline(
            transport, linger=1e30, backoff=1e30, backoff_max=1e30,
            close_timeout=1e30, block_timeout=1e30, report_interval=1e30)
        pipeline.put("a")
        waiting = threading.Thread(target=pipeline.flush, daemon=True)
        waiting.start()
        self.wait_for(lambda: pipeline.stats()["last_error"])
        self.assertTrue(pipeline.close())
        waiting.join(PATIENCE)
        self.assertFalse(waiting.is_alive())
        self.assertEqual(transport.events, [b"a"])


class ReportTests(PipelineTestCase):

    def test_record(self):
        """Drops are reported by one record when sending works again."""
        transport = Gate()
        handler = self.handler(transport, capacity=1)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        handler.handle(make_record("a"))
        self.assertTrue(transport.waiting.wait(PATIENCE))
        for _ in range(6):
            handler.handle(make_record("b"))
        transport.open.set()
        self.wait_for(lambda: len(transport.events) == 3)
        self.assertEqual(transport.events[1:], [
            b"INFO b", b"WARNING 5 records were dropped: full 5"])
        self.assertAddsUp(handler, accepted=3, reports=1, sent=3, refused=5)

    def test_rate(self):
        """There is one report in a report_interval, and one at the end."""
        clock = Clock()
        transport = Listed()
        handler = self.handler(transport, clock=clock, report_interval=60)
        formatter = handler.formatter
        for number in range(4):
            handler.setFormatter(None)
            with mock.patch.object(handler, "format", side_effect=KeyError):
                handler.handle(make_record("bad"))
            handler.setFormatter(formatter)
            handler.handle(make_record("good"))
            self.assertTrue(handler.flush(PATIENCE))
            clock.now += 25
        reports = [x for x in transport.events if b"dropped" in x]
        self.assertEqual(len(reports), 2)
        self.assertTrue(handler.close(PATIENCE))
        reports = [x for x in transport.events if b"dropped" in x]
        self.assertEqual(
            sum(int(report.split()[0]) for report in reports), 4)

    def test_callback(self):
        """on_drop is told of every drop, once a second and at the end."""
        told = []
        transport = Gate()
        pipeline = self.pipeline(transport, capacity=1, on_drop=told.append)
        pipeline.put("a")
        self.assertTrue(transport.waiting.wait(PATIENCE))
        for _ in range(6):
            pipeline.put("b")
        self.wait_for(lambda: told)     # while the peer takes nothing
        pipeline.close(0)
        self.wait_for(lambda: pipeline._worker is None)
        self.assertEqual(told[-1].get("abandoned"), 2)
        self.assertEqual(sum(x.get("full", 0) for x in told), 5)

    def test_callback_raises(self):
        """A callback that raises is reported, and nothing else happens."""
        def fail(drops):
            raise SystemExit("oops")

        transport = Listed()
        pipeline = self.pipeline(transport, on_drop=fail)
        pipeline.refuse("unformatted")
        pipeline.put("a")
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertIn("oops", self.errors.getvalue())

    def test_callback_uses_the_handler(self):
        """A callback may log, flush and close; nothing hangs."""
        transport = Listed()
        done = []

        def call(drops):
            handler.handle(make_record("from the callback"))
            done.append(handler.flush(PATIENCE))
            done.append(handler.close(PATIENCE))

        handler = self.handler(transport, on_drop=call)
        handler.pipeline.refuse("unformatted")
        handler.handle(make_record("a"))
        self.wait_for(lambda: len(done) >= 2)
        handler.close(PATIENCE)
        self.assertNotIn(b"from the callback", transport.events)
        stats = self.assertAddsUp(handler)
        self.assertGreaterEqual(stats["ignored"], 1)

    def test_no_reports_of_errors(self):
        """With logging.raiseExceptions false, standard error is silent."""
        with mock.patch.object(logging, "raiseExceptions", False):
            pipeline = self.pipeline(Scripted([down]))
            pipeline.put("a")
            self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(self.errors.getvalue(), "")

    def test_full_pipe_as_standard_error(self):
        """A standard error that nobody reads does not stop the worker."""
        read, write = os.pipe()
        os.set_blocking(write, False)
        try:
            while True:
                os.write(write, bytes(4096))
        except BlockingIOError:
            os.set_blocking(write, True)
        self.addCleanup(os.close, read)
        with open(write, "w", encoding="utf-8") as stream:
            with contextlib.redirect_stderr(stream):
                pipeline = self.pipeline(Scripted([down]))
                pipeline.put("a")
                self.assertTrue(pipeline.flush(PATIENCE))


class OptionTests(PipelineTestCase):

    def test_bad_options(self):
        """A bad option is an error that names option and value."""
        for error, options in [
                (ValueError, {"overflow": "drop"}),
                (ValueError, {"capacity": 0}),
                (TypeError, {"capacity": 1.5}),
                (TypeError, {"capacity": True}),
                (ValueError, {"capacity_bytes": -1}),
                (ValueError, {"linger": -0.1}),
                (ValueError, {"close_timeout": float("inf")}),
                (ValueError, {"backoff": float("nan")}),
                (TypeError, {"backoff_max": "3"}),
                (TypeError, {"on_drop": 3}),
                (ValueError, {"batch_size": 0}),
                (TypeError, {"spool_bytes": None})]:
            with self.subTest(options):
                with self.assertRaises(error) as caught:
                    Pipeline(Listed(), **options)
                (name, value), = options.items()
                self.assertIn(name, str(caught.exception))
                self.assertIn(repr(value), str(caught.exception))

    def test_unknown_option(self):
        """An unknown option is a TypeError."""
        with self.assertRaises(TypeError):
            PipelineHandler(Listed(), capasity=3)


class HandlerTests(PipelineTestCase):

    def test_no_lock(self):
        """The handler has no lock, and works while logging's are held."""
        transport = Listed()
        handler = self.handler(transport)
        self.assertIsNone(handler.lock)
        held, release = threading.Event(), threading.Event()

        def hold():
            with logging._lock:
                held.set()
                release.wait(PATIENCE)

        thread = threading.Thread(target=hold)
        thread.start()
        try:
            self.assertTrue(held.wait(PATIENCE))
            handler.handle(make_record("a"))
            self.assertTrue(handler.flush(PATIENCE))
            self.assertTrue(handler.pipeline.close(PATIENCE))
        finally:
            release.set()
            thread.join()

    def test_filters(self):
        """Filters are asked, and may return another record."""
        transport = Listed()
        handler = self.handler(transport)
        handler.addFilter(lambda record: "no" not in record.msg)
        if sys.version_info >= (3, 12):
            handler.addFilter(lambda record: make_record("other")
                              if record.msg == "swap" else True)
        for message in ("yes", "no", "swap"):
            handler.handle(make_record(message))
        self.assertFalse(handler.handle(make_record("no")))
        self.assertTrue(handler.handle(make_record("yes")))
        handler.flush(PATIENCE)
        third = b"other" if sys.version_info >= (3, 12) else b"swap"
        self.assertEqual(transport.events, [b"yes", third, b"yes"])

    def test_formatter_raises(self):
        """A formatter that raises is handled as in any handler, counted."""
        handler = self.handler(Listed())
        handler.setFormatter(logging.Formatter("%(nothing)s"))
        handler.handle(make_record())
        self.assertIn("Logging error", self.errors.getvalue())
        self.assertAddsUp(handler, refused=1, dropped={"unformatted": 1})

    def test_record_that_is_none(self):
        """What is no record is handled as in any handler, counted."""
        handler = self.handler(Listed())
        with mock.patch.object(handler, "handleError") as handle:
            handler.emit(object())
        self.assertEqual(handle.call_count, 1)
        self.assertAddsUp(handler, refused=1, dropped={"unformatted": 1})

    def test_records_of_the_worker(self):
        """What the worker's own thread logs never enters the handler."""
        logger = logging.Logger("own")

        def log(events, again):
            logger.error("from the worker")
            return Listed.send(transport, events, again)

        transport = Scripted([log] * 100)
        handler = self.handler(transport)
        logger.addHandler(handler)
        for _ in range(10):
            logger.info("from a caller")
            self.assertTrue(handler.flush(PATIENCE))
        logger.removeHandler(handler)
        self.assertEqual(transport.events, [b"from a caller"] * 10)
        self.assertAddsUp(handler, ignored=10)

    def test_records_without_thread_or_process(self):
        """So it is if records do not say where they come from."""
        for name in ("logThreads", "logProcesses"):
            with self.subTest(name), mock.patch.object(logging, name, False):
                self.test_records_of_the_worker()

    def test_records_of_other_processes(self):
        """A record of another process enters, whatever its thread's number.
        """
        transport = Listed()
        handler = self.handler(transport)
        handler.handle(make_record("a"))
        self.assertTrue(handler.flush(PATIENCE))
        record = make_record("b")
        record.process, record.thread = 1, handler.pipeline.ident
        handler.handle(record)
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(transport.events, [b"a", b"b"])

    def test_overrides(self):
        """What a subclass makes of filter() and format() is honoured."""
        class Handler(PipelineHandler):
            def filter(self, record):
                return record.msg != "no"

            def format(self, record):
                return "<%s>" % super().format(record)

        transport = Listed()
        handler = Handler(transport)
        self.addCleanup(handler.close, 0)
        for message in ("yes", "no"):
            handler.handle(make_record(message))
        self.assertTrue(handler.flush(PATIENCE))
        self.assertEqual(transport.events, [b"<yes>"])

    def test_records_of_the_worker_in_close(self):
        """Nor what is logged while close() does the worker's job."""
        def log(events, again):
            handler.handle(make_record("from the worker"))
            return Listed.send(transport, events, again)

        transport = Scripted([log] * 100)
        handler = self.handler(transport)
        with mock.patch.object(threading.Thread, "start",
                               side_effect=RuntimeError("shutdown")):
            handler.handle(make_record("a"))
            self.assertTrue(handler.close(PATIENCE))
        self.assertAddsUp(handler, ignored=1, sent=1)

    def test_dictconfig(self):
        """A new configuration closes a handler of the old one in time."""
        config = {"version": 1, "disable_existing_loggers": False,
                  "handlers": {"ship": {
                      "()": PipelineHandler, "transport": Gate(),
                      "close_timeout": 0.1}},
                  "loggers": {"tests.contrib.config": {
                      "level": "INFO", "handlers": ["ship"]}}}
        logging.config.dictConfig(config)
        logger = logging.getLogger("tests.contrib.config")
        handler, = logger.handlers
        logger.info("a")
        start = time.monotonic()
        logging.config.dictConfig({"version": 1, "loggers": {
            "tests.contrib.config": {"handlers": []}}})
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(handler.stats()["dropped"], {"abandoned": 1})

    def test_is_kept_until_it_is_closed(self):
        """A handler that nobody refers to lives until it is closed."""
        import gc
        import weakref
        transport = Listed()
        handler = PipelineHandler(transport)
        handler.handle(make_record())
        handler.flush(PATIENCE)
        reference = weakref.ref(handler)
        del handler, transport
        gc.collect()
        self.assertIsNotNone(reference())
        reference().close()
        self.wait_for(lambda: gc.collect() and False or not reference())


if __name__ == "__main__":
    unittest.main()
