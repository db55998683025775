"""Transports for tests of the pipeline, without any network."""

import logging
import threading

from jsonlogging.contrib._handler import PipelineHandler
from jsonlogging.contrib._pipeline import Pipeline
from jsonlogging.contrib._transport import Result, Transport, Unavailable

__all__ = ["Clock", "Fed", "Gate", "Listed", "Scripted", "Stuck", "add_up",
           "down", "make_record"]


class Fed(Pipeline):
    """A pipeline that can be fed with lines."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.feeder = PipelineHandler.__new__(PipelineHandler)
        logging.Handler.__init__(self.feeder)
        self.feeder.pipeline, self.feeder._overrides = self, False
        self.feeder.formatter = self

    def format(self, record):
        return record.msg

    def put(self, line):
        self.feeder.handle(make_record(line))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Listed(Transport):
    """Takes everything, and keeps it."""

    name = "listed"

    def __init__(self):
        self.events = []
        self.batches = []
        self.threads = set()
        self.disconnected = self.forgotten = 0

    def send(self, events, again):
        self.threads.add(threading.get_ident())
        self.events += events
        self.batches.append(len(events))
        return Result(len(events))

    def disconnect(self):
        self.disconnected += 1

    def forget(self):
        self.forgotten += 1


class Scripted(Listed):
    """Does with each batch what the next step of *steps* says.

    A step is called with events and again; None takes the batch, as does
    the end of the script.
    """

    def __init__(self, steps):
        super().__init__()
        self.steps = list(steps)
        self.attempts = []

    def send(self, events, again):
        self.attempts.append((list(events), again))
        step = self.steps.pop(0) if self.steps else None
        if step is None:
            return super().send(events, again)
        return step(events, again)


class Gate(Listed):
    """Waits in send(), and ticks, until it is opened."""

    def __init__(self, is_open=False):
        super().__init__()
        self.open = threading.Event()
        self.waiting = threading.Event()
        if is_open:
            self.open.set()

    def send(self, events, again):
        while not self.open.is_set():
            self.waiting.set()
            self.tick()
            self.open.wait(0.005)
        return super().send(events, again)


class Stuck(Gate):
    """Waits in send() and does not tick, as name resolution does."""

    def send(self, events, again):
        self.waiting.set()
        self.open.wait()
        return Listed.send(self, events, again)


def down(events, again):
    """Be unreachable."""
    raise Unavailable("nobody there", 0)


def add_up(stats):
    """Return what must be 0 in every snapshot of the counters."""
    return (stats["accepted"] + stats["refused"] + stats["adopted"]
            - stats["sent"] - stats["dead_lettered"]
            - sum(stats["dropped"].values()) - stats["pending"])


def make_record(msg="hello", *args):
    return logging.LogRecord("app", logging.INFO, "app.py", 7, msg, args,
                             None)
