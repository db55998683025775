"""Whatever a peer does, each line is accounted for, once."""

import contextlib
import io
import tempfile
import threading
import unittest
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from jsonlogging.contrib import _pipeline
from jsonlogging.contrib._pipeline import split
from jsonlogging.contrib._transport import Refused, Result, Unavailable, Unfit

from ._peers import Fed, Listed, add_up
from ._servers import PATIENCE


class Capricious(Listed):
    """Draws what becomes of each batch; in the end it takes all."""

    def __init__(self, choices):
        super().__init__()
        self.choices = list(choices)
        self.rejected = []
        self.seen = set()

    def send(self, events, again):
        # What comes for the second time must be marked.
        assert again or not self.seen.intersection(events)
        choice = self.choices.pop() if self.choices else "take"
        if choice in ("down", "refuse", "fault"):
            self.seen.update(events)
            raise {"down": Unavailable("down", 0),
                   "refuse": Refused("refused", 0),
                   "fault": OSError("fault")}[choice]
        if choice in ("unfit", "large"):
            raise Unfit("unfit", size=choice == "large")
        if choice == "take":
            return super().send(events, again)
        # By a number: some are taken, some refused, some to be repeated.
        taken, bad, retry = [], [], []
        for place, event in enumerate(events):
            (taken, bad, retry)[choice // 3**(place % 10) % 3].append(event)
        self.events += taken
        self.rejected += bad
        self.seen.update(retry)
        return Result(len(taken), retry, [(event, "bad") for event in bad],
                      error=Unavailable("busy", 0) if retry else None)


choices = st.lists(st.one_of(
    st.sampled_from(["down", "refuse", "fault", "unfit", "large", "take"]),
    st.integers(0, 3**10 - 1)), max_size=20)


class PropertyTests(unittest.TestCase):

    def run_pipeline(self, transport, lines, **options):
        """Put *lines* through a pipeline; return its last counters."""
        with contextlib.redirect_stderr(io.StringIO()), mock.patch.object(
                _pipeline, "FAULT", 0), mock.patch.object(
                threading.Thread, "start", side_effect=RuntimeError):
            pipeline = Fed(transport, backoff=0, **options)
            for number, line in enumerate(lines):
                pipeline.put(line)
                self.assertEqual(add_up(pipeline.stats()), 0)
            pipeline.close(PATIENCE)
        return pipeline.stats()

    @given(choices, st.integers(0, 40), st.integers(1, 12),
           st.sampled_from([1, 20, 100, 10**6]))
    def test_every_line_once(self, choices, count, batch_size, batch_bytes):
        """Each line is taken once, or rejected once."""
        transport = Capricious(choices)
        lines = ["line %d" % number for number in range(count)]
        stats = self.run_pipeline(transport, lines, batch_size=batch_size,
                                  batch_bytes=batch_bytes)
        unfit = stats["dropped"].get("rejected", 0) - len(transport.rejected)
        events = transport.events + transport.rejected
        self.assertEqual(len(events), len(set(events)))
        self.assertEqual(len(events) + unfit, count)
        self.assertLessEqual({x.decode() for x in events}, set(lines))
        self.assertEqual((stats["accepted"], stats["sent"], stats["pending"],
                          add_up(stats)),
                         (count, len(transport.events), 0, 0))

    @given(choices, st.integers(1, 40), st.integers(1, 12))
    def test_with_a_spool(self, choices, count, batch_size):
        """So it is with a spool, which is empty in the end."""
        transport = Capricious(choices)
        lines = ["line %d" % number for number in range(count)]
        with tempfile.TemporaryDirectory() as folder:
            stats = self.run_pipeline(transport, lines, spool=folder,
                                      batch_size=batch_size)
        unfit = stats["dropped"].get("rejected", 0) - len(transport.rejected)
        events = transport.events + transport.rejected
        self.assertEqual(len(events), len(set(events)))
        self.assertEqual(len(events) + unfit, count)
        self.assertEqual((stats["accepted"], stats["spooled"], stats["sent"],
                          stats["pending"], add_up(stats)),
                         (count, count, len(transport.events), 0, 0))

    @given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 2000),
           st.sampled_from(["drop-newest", "drop-oldest"]))
    def test_overflow(self, count, capacity, capacity_bytes, overflow):
        """What waits is bounded; the policy says which lines go."""
        transport = Listed()
        lines = ["line %02d" % number for number in range(count)]
        stats = self.run_pipeline(
            transport, lines, capacity=capacity, overflow=overflow,
            capacity_bytes=capacity_bytes)
        kept = [x.decode() for x in transport.events]
        size = "line 00".__sizeof__()
        room = min(capacity, -(-capacity_bytes // size))
        if overflow == "drop-newest":
            self.assertEqual(kept, lines[:room])
            self.assertEqual(stats["refused"], count - len(kept))
        else:
            self.assertEqual(kept, lines[-room:])
            self.assertEqual(stats["accepted"], count)
        self.assertEqual(add_up(stats), 0)

    @given(st.lists(st.binary(max_size=20)), st.integers(1, 50))
    def test_split(self, events, size):
        """Parts are the events in order, none empty, none too large."""
        parts = split(events, size)
        self.assertEqual([event for part in parts for event in part], events)
        for part in parts:
            self.assertTrue(part)
            if len(part) > 1:
                self.assertLessEqual(sum(map(len, part)) + len(part), size)


if __name__ == "__main__":
    unittest.main()
