"""A pipeline with a spool: what is on disk is delivered, come what may."""

import os
import pathlib
import sqlite3
import tempfile
import threading
import unittest
from unittest import mock

from jsonlogging.contrib import _pipeline
from jsonlogging.contrib._transport import Unavailable
from jsonlogging.contrib._spool import SpoolError

from . import soak
from ._peers import Gate, Listed, Scripted, add_up
from ._servers import PATIENCE
from .test_pipeline import PipelineTestCase


class SpoolingTests(PipelineTestCase):

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "spool")

    def spooling(self, transport, **options):
        return self.pipeline(transport, spool=self.path, **options)

    def blocked(self, count=10, **options):
        """Return a pipeline whose peer takes nothing, with *count* lines."""
        transport = Gate()
        self.addCleanup(transport.open.set)
        pipeline = self.spooling(transport, **options)
        for number in range(count):
            pipeline.put("%03d" % number)
        self.assertTrue(transport.waiting.wait(PATIENCE))
        return pipeline, transport

    def test_all_is_spooled_and_sent(self):
        """Every event is on disk first, and no file is left in the end."""
        transport = Listed()
        pipeline = self.spooling(transport, batch_size=10)
        for number in range(100):
            pipeline.put("%03d" % number)
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events, [
            b"%03d" % number for number in range(100)])
        self.assertAddsUp(pipeline, spooled=100, sent=100, on_disk=0)
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(list(self.path.iterdir()), [])

    def test_spooled_while_the_peer_blocks(self):
        """While a batch hangs in the network others reach the disk."""
        pipeline, transport = self.blocked(1)
        for number in range(1, 50):
            pipeline.put("%03d" % number)
        self.wait_for(lambda: pipeline.stats()["spooled"] == 50)
        self.assertAddsUp(pipeline, queued=0, in_flight=1, on_disk=49,
                          pending=50)
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events, [
            b"%03d" % number for number in range(50)])

    def test_spooled_in_a_pause(self):
        """Nor does a pause keep events from the disk."""
        transport = Scripted([mock.Mock(side_effect=Unavailable("down"))])
        pipeline = self.spooling(transport, backoff=1000, backoff_max=1000)
        pipeline.put("first")
        self.wait_for(lambda: pipeline.stats()["last_error"])
        pipeline.put("second")
        self.wait_for(lambda: pipeline.stats()["spooled"] == 2)
        self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(transport.events, [b"first", b"second"])

    def test_close_leaves_the_rest_on_disk(self):
        """What close() has no time for stays, and another sends it."""
        pipeline, transport = self.blocked(20, batch_size=5)
        self.assertFalse(pipeline.close(0))
        stats = self.assertAddsUp(pipeline, sent=0, dropped={}, on_disk=20)
        self.assertEqual(stats["pending"], 20)
        heir = Listed()
        other = self.spooling(heir)
        other.put("new")
        self.wait_for(lambda: other.stats()["sent"] == 21)
        self.assertEqual(heir.events, [
            *(b"%03d" % number for number in range(20)), b"new"])
        self.assertAddsUp(other, accepted=1, adopted=20, sent=21)

    def test_adopted_are_marked(self):
        """What is adopted may have been sent before, and is marked so."""
        pipeline, _ = self.blocked(3)
        pipeline.close(0)
        heir = Scripted([None] * 9)
        other = self.spooling(heir)
        other.put("new")
        self.wait_for(lambda: other.stats()["sent"] == 4)
        marks = {event: again for events, again in heir.attempts
                 for event in events}
        self.assertEqual(marks, {b"000": True, b"001": True, b"002": True,
                                 b"new": False})

    def test_flush_does_not_wait_for_the_adopted(self):
        """flush() is about what this process has taken in."""
        pipeline, _ = self.blocked(3)
        pipeline.close(0)

        def adopted_later(events, again):
            if again:
                raise Unavailable("later", 0.001)
            return Listed.send(transport, events, again)

        transport = Scripted([adopted_later] * 10**6)
        other = self.spooling(transport)
        other.put("new")
        # It stands behind the adopted, so it does not go out either.
        self.assertFalse(other.flush(0.05))
        transport.steps.clear()
        self.assertTrue(other.flush(PATIENCE))

    def test_full_and_drop_newest(self):
        """When the spool is full the queue fills, then records are dropped.
        """
        pipeline, transport = self.blocked(
            1, spool_bytes=60_000, capacity=10, batch_size=10)
        for number in range(1, 100):
            pipeline.put("%03d" % number + "x" * 1000)
            self.wait_for(lambda: pipeline.stats()["spooled"] == number + 1
                          or number > 40)
        self.wait_for(lambda: pipeline.stats()["refused"])
        stats = self.assertAddsUp(pipeline)
        self.assertEqual(list(stats["dropped"]), ["full"])
        self.assertGreater(stats["spooled"], 40)
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))
        stats = self.assertAddsUp(pipeline, pending=0)
        self.assertEqual([event[:3] for event in transport.events], [
            b"%03d" % number for number in range(stats["accepted"])])

    def test_full_and_drop_oldest(self):
        """With drop-oldest the oldest batches on disk make room."""
        pipeline, transport = self.blocked(
            1, spool_bytes=60_000, overflow="drop-oldest")
        for number in range(1, 100):
            pipeline.put("%03d" % number + "x" * 1000)
            self.wait_for(
                lambda: pipeline.stats()["spooled"] == number + 1)
        stats = self.assertAddsUp(pipeline, accepted=100)
        evicted = stats["dropped"]["evicted"]
        self.assertGreater(evicted, 30)
        transport.open.set()
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual([event[:3] for event in transport.events], [
            b"%03d" % number for number in range(100)
            if not 1 <= number <= evicted])

    def test_disk_full(self):
        """With a full disk it goes on from memory, in order, and says so."""
        clock = mock.Mock(side_effect=lambda: clock.now)
        clock.now = 0.0
        transport = Listed()
        pipeline = self.spooling(transport, clock=clock)
        pipeline.put("spooled")
        self.assertTrue(pipeline.flush(PATIENCE))
        with mock.patch.object(pipeline.spool, "append",
                               side_effect=SpoolError("disk is full")):
            for number in range(10):
                pipeline.put("%d" % number)
            self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, spooled=1, sent=11,
                          last_error="disk is full")
        self.assertIn("disk is full", self.errors.getvalue())
        clock.now += 2
        pipeline.put("again")
        self.assertTrue(pipeline.flush(PATIENCE))
        self.assertAddsUp(pipeline, spooled=2, sent=12)
        self.assertEqual(transport.events, [
            b"spooled", *(b"%d" % number for number in range(10)), b"again"])

    def test_disk_full_and_peer_down(self):
        """With neither disk nor peer the queue keeps what it can."""
        pipeline, transport = self.blocked(3, capacity=5)
        with mock.patch.object(pipeline.spool, "append",
                               side_effect=SpoolError("disk is full")):
            for number in range(3, 50):
                pipeline.put("%03d" % number)
            self.wait_for(lambda: pipeline.stats()["last_error"])
            stats = self.assertAddsUp(pipeline)
            self.assertGreater(stats["dropped"]["full"], 20)
            transport.open.set()
            self.assertTrue(pipeline.flush(PATIENCE))
        self.assertEqual(transport.events, [
            b"%03d" % number for number in range(stats["accepted"])])

    def test_damaged_file(self):
        """A damaged orphan is set aside and reported; the rest arrives."""
        for _ in range(2):
            pipeline, _ = self.blocked(5)
            pipeline.close(0)
        first, _ = sorted(self.path.glob("*.spool"))
        first.write_bytes(os.urandom(10_000))
        transport = Listed()
        pipeline = self.spooling(transport)
        pipeline.put("new")
        self.wait_for(lambda: pipeline.stats()["sent"] == 6)
        self.assertAddsUp(pipeline, adopted=5, pending=0)
        self.assertIn("is damaged", self.errors.getvalue())
        self.assertEqual(len(list(self.path.glob("*.corrupt"))), 1)

    def test_damage_of_the_adopted_is_counted(self):
        """So are those that were adopted before the damage was seen."""
        pipeline, _ = self.blocked(1)
        for number in range(1, 10):
            pipeline.put("%03d" % number)
            self.wait_for(
                lambda: pipeline.stats()["spooled"] == number + 1)
        pipeline.close(0)
        path, = self.path.glob("*.spool")
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("UPDATE batches SET crc = 0 WHERE id = 5")
        database.close()
        transport = Listed()
        pipeline = self.spooling(transport)
        pipeline.put("new")
        self.wait_for(lambda: pipeline.stats()["sent"] == 10)
        self.assertAddsUp(pipeline, accepted=1, adopted=10, pending=0,
                          dropped={"corrupt": 1})
        self.assertEqual({*transport.events}, {
            *(b"%03d" % n for n in range(10) if n != 4), b"new"})

    def test_damage_is_counted(self):
        """Events that a damaged part has lost are counted as dropped."""
        pipeline, transport = self.blocked(1)
        for number in range(1, 10):
            pipeline.put("%03d" % number)
            self.wait_for(
                lambda: pipeline.stats()["spooled"] == number + 1)
        part = pipeline.spool._own
        with mock.patch.object(type(part), "salvage",
                               lambda self, but: iter(())):
            with pipeline.spool._mutex:
                part.execute("UPDATE batches SET crc = 0 WHERE id > 3")
            transport.open.set()
            self.wait_for(lambda: pipeline.stats()["pending"] == 0)
        self.assertAddsUp(pipeline, sent=3, dropped={"corrupt": 7})

    def test_two_handlers_of_one_path(self):
        """Two pipelines that share a path do not get in each other's way."""
        first, second = Listed(), Listed()
        pipelines = [self.spooling(first), self.spooling(second)]
        for number in range(200):
            pipelines[number % 2].put("%03d" % number)
        for pipeline in pipelines:
            self.assertTrue(pipeline.flush(PATIENCE))
            self.assertTrue(pipeline.close(PATIENCE))
        self.assertEqual(first.events, [b"%03d" % n for n in range(0, 200, 2)])
        self.assertEqual(second.events, [b"%03d" % n
                                         for n in range(1, 200, 2)])

    def test_orphans_of_the_living(self):
        """What another leaves later is found after a while."""
        transport = Listed()
        clock = mock.Mock(side_effect=lambda: clock.now)
        clock.now = 0.0
        pipeline = self.spooling(transport, clock=clock)
        pipeline.put("a")
        self.assertTrue(pipeline.flush(PATIENCE))
        other, _ = self.blocked(1)
        other.close(0)
        clock.now += _pipeline.ADOPT + 1
        pipeline.put("b")
        self.wait_for(lambda: pipeline.stats()["sent"] == 3)
        self.assertAddsUp(pipeline, adopted=1)

    def test_close_while_the_disk_is_slow(self):
        """What reaches the disk after close() gave up is not dropped."""
        pipeline = self.spooling(Listed())
        append = pipeline.spool.append
        begun, free = threading.Event(), threading.Event()

        def slowly(events):
            begun.set()
            free.wait(PATIENCE)
            return append(events)

        with mock.patch.object(pipeline.spool, "append", slowly):
            for number in range(3):
                pipeline.put(str(number))
            self.assertTrue(begun.wait(PATIENCE))
            before = pipeline.stats()
            self.assertFalse(pipeline.close(0))
            self.assertEqual(sum(pipeline.stats()["dropped"].values()), 3)
            free.set()
            self.wait_for(lambda: not pipeline.ident)
        stats = pipeline.stats()
        self.assertEqual(add_up(stats), 0)
        self.assertGreater(before["accepted"], 0)
        self.assertEqual(stats["on_disk"] + sum(stats["dropped"].values()),
                         stats["accepted"])
        self.assertGreater(stats["on_disk"], 0)
        self.assertEqual(stats["spooled"], stats["on_disk"])
        heir = self.spooling(Listed())
        heir.put("last")
        self.wait_for(lambda: heir.stats()["sent"] == stats["on_disk"] + 1)
        self.assertEqual(heir.stats()["adopted"], stats["on_disk"])



class KillTests(unittest.TestCase):

    def test_kill(self):
        """What was reported spooled arrives, though program and peer are
        killed again and again.
        """
        for transport in soak.TRANSPORTS:
            with self.subTest(transport):
                with tempfile.TemporaryDirectory() as folder:
                    missing, arrived = soak.kill_rounds(
                        transport, 4, 7, folder)
                self.assertEqual(missing, set())
                self.assertGreater(len(arrived), 1000)
                if transport == "bulk":
                    self.assertEqual({*arrived.values()}, {1})


if __name__ == "__main__":
    unittest.main()
