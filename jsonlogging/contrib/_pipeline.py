"""
From a log call to a peer: a bounded queue and one thread that empties it.

    handle() --format--> queue --worker--> [spool] --> transport

A caller formats its record, appends the line to a deque and goes on.  It
takes no lock on the way: a lock would cost half of what all the rest
does.  Only when there is no room, or when the worker sleeps, is there
more to do.  Everything else is done by the worker, a thread that starts
with the first record.

Who writes what:

* Callers: ``queue`` (append), ``bytes_in``, ``wake_at``.  An append is
  atomic; an addition lost to another thread makes the byte limit inexact
  by one line, until the queue is empty the next time.
* Under ``_lock``, by whoever holds it: all counters, ``_closing``,
  removal from ``queue``.  A snapshot taken under it always adds up.
* The worker alone: the transport, the spool, the batch under way.

The worker sleeps in ``_wait()``.  It first says, in ``wake_at``, how many
lines must wait for a caller to wake it, then looks again, then sleeps; so
no line is overlooked.  While it is awake callers leave it alone.  In the
network it waits in slices (SLICE): between two of them it looks whether
``close()`` has run out of time, and moves lines from the queue to the
spool.

``close()`` says until when, and waits for the worker to end, which it
does when all is sent or at that time.  If it does not, because name
resolution blocks, it is abandoned: what it holds is counted as dropped,
and what it still does is not counted.  If there is no worker and none
can be started any more, ``close()`` does the worker's job itself.

``logging.shutdown()`` calls ``close()`` under the handler's lock and
``dictConfig`` under logging's module lock.  So the worker takes no lock
of logging's and calls nothing in logging that takes one.

In a forked child everything starts anew: the lines that wait belong to
the parent, which still has them, and descriptors are closed, not shared.
"""

from __future__ import annotations

import logging, os, random, sys, threading, time, weakref
from collections import defaultdict, deque
from queue import Empty, SimpleQueue

from ._spool import DeadLetters, Spool, SpoolError, SpoolFull
from ._transport import (SLICE, Refused, Result, Stopped, Transport,
                         Unavailable, Unfit, check, check_number, is_ready)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional, Union
    from ._spool import Row
    from ._transport import Rejected

__all__ = ["Pipeline", "complain"]

# Seconds: without a reaction of the worker until one complains; between
# two calls of on_drop; between two searches for what dead processes have
# left in the spool; after a fault of ours.
STALLED = 5.0
TELL = 1.0
ADOPT = 30.0
FAULT = 1.0
LONGEST = 3600.0    # that is slept at a time: locks have limits
OVERFLOWS = "drop-newest", "drop-oldest", "block"
NEVER = sys.maxsize     # lines wait so that a caller wakes the worker


def complain(text: str) -> None:
    """
    Write *text* to standard error, as logging does with its own errors.

    Not if logging.raiseExceptions is false, and not into a full pipe,
    which could hold the calling thread for ever.
    """
    stream = sys.stderr
    try:
        if logging.raiseExceptions and stream is not None:
            try:
                number = stream.fileno()
            except (AttributeError, OSError, ValueError):
                pass    # some object, with no pipe behind it
            else:
                if os.name == "posix" and not is_ready(number, True, 0):
                    return
            stream.write("jsonlogging: %s\n" % text)
            stream.flush()
    except Exception:
        pass


class _Chunk:
    """
    A part of the batch under way.

    *again* says that its events may have been sent before, *tried* that
    they were by this pipeline.
    """

    __slots__ = "events", "again", "tried"

    def __init__(self, events: list[bytes], again: bool,
                 tried: bool = False) -> None:
        self.events, self.again, self.tried = events, again, tried


def split(events: list[bytes], size: int) -> list[list[bytes]]:
    """Split *events* into lists of at most *size* bytes, or one event."""
    parts: list[list[bytes]] = []
    room = 0
    for event in events:
        room -= len(event) + 1
        if room < 0:
            parts.append([])
            room = size - len(event) - 1
        parts[-1].append(event)
    return parts


class Gate:
    """
    What a caller looks at who appends a line to the queue.

    In slots, which are found faster than what is in a large dict.
    """

    __slots__ = ("queue", "limit", "bytes_in", "bytes_limit", "wake_at",
                 "pid", "ident")
    queue: deque[Any]
    limit: int          # lines that may wait
    bytes_in: int       # that were ever taken in
    bytes_limit: int    # that may ever have been
    wake_at: int        # so many lines wake the worker
    pid: int
    ident: int          # of the worker's thread, or 0


class Pipeline(Gate):
    """
    A bounded queue of lines, and the worker that empties it.

    The options are those of PipelineHandler.  *make_report* returns the
    line that reports drops, given a dict of reasons and numbers; *clock*
    stands for time.monotonic().
    """

    def __init__(self, transport: Transport, *,
                 capacity: int = 100_000,
                 capacity_bytes: int = 16 * 2**20,
                 overflow: str = "drop-newest",
                 block_timeout: float = 1.0,
                 batch_size: int = 5000,
                 batch_bytes: int = 5 * 2**20,
                 linger: float = 0.0,
                 backoff: float = 0.5,
                 backoff_max: float = 30.0,
                 close_timeout: float = 5.0,
                 report_interval: float = 60.0,
                 on_drop: Optional[Callable[[dict[str, int]], object]] = None,
                 spool: Union[str, os.PathLike[str], None] = None,
                 spool_bytes: int = 256 * 2**20,
                 dead_letters: Union[str, os.PathLike[str], None] = None,
                 dead_letters_bytes: int = 64 * 2**20,
                 make_report: Optional[
                     Callable[[dict[str, int]], Any]] = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        check("overflow", overflow, overflow in OVERFLOWS,
              "one of " + ", ".join(OVERFLOWS))
        for option, value in (
                ("capacity", capacity), ("capacity_bytes", capacity_bytes),
                ("batch_size", batch_size), ("batch_bytes", batch_bytes),
                ("spool_bytes", spool_bytes),
                ("dead_letters_bytes", dead_letters_bytes)):
            check_number(option, value, 1, int)
        for option, seconds in (
                ("block_timeout", block_timeout), ("linger", linger),
                ("backoff", backoff), ("backoff_max", backoff_max),
                ("close_timeout", close_timeout),
                ("report_interval", report_interval)):
            check_number(option, seconds, 0)
        if on_drop is not None and not callable(on_drop):
            raise TypeError("on_drop must be callable, not %r" % (on_drop,))
        self.transport, self.make_report = transport, make_report
        self.capacity, self.capacity_bytes = capacity, capacity_bytes
        self.policy, self.block_timeout = overflow, block_timeout
        self.batch_size, self.batch_bytes = batch_size, batch_bytes
        self.linger, self.clock = linger, clock
        self.backoff, self.backoff_max = backoff, backoff_max
        self.close_timeout, self.on_drop = close_timeout, on_drop
        self.report_interval = report_interval
        self.spool = None if spool is None else Spool(
            spool, transport.kind, spool_bytes)
        self.dead_letters = None if dead_letters is None else DeadLetters(
            dead_letters, dead_letters_bytes)
        transport.tick = self._tick
        self._reset()
        _register(self)

    def _reset(self) -> None:
        """Begin anew, without a worker, in this process."""
        # Reentrant: a signal handler or a finalizer may log at any moment.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # Not an Event, whose lock such a handler could not take again.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self.wake_at = 0
        self._called: Optional[float] = None    # when it was last woken
        self._worker: Optional[threading.Thread] = None
        self.ident = 0
        self.queue = deque()
        self.bytes_in = self._bytes_out = 0
        self.limit, self.bytes_limit = self.capacity, self.capacity_bytes
        # Taken from the queue, neither in the spool nor under way: lines,
        # or, once they are encoded, events.
        self._held: list[Any] = []
        self._encoded = False
        # The batch under way, how many events of it are not settled, and
        # its place in the spool.
        self._chunks: deque[_Chunk] = deque()
        self._in_flight = 0
        self._row: Optional[Row] = None
        # Events in the spool that are not under way.
        self._on_disk = self._on_disk_adopted = 0
        self._taken = self._evicted = self._refused = self._adopted = 0
        self._sent = self._retried = self._dead = self._spooled = 0
        self._reports = self._ignored = 0
        self._dropped: defaultdict[str, int] = defaultdict(int)
        self._counts: dict[str, int] = {}       # a transport's own
        self._last_error: Optional[str] = None
        self._hurry = 0                         # threads in flush()
        self._closing: Optional[float] = None   # close() ends then
        self._finished = self._healthy = False
        self._gave_up = -float("inf")           # flush() then
        self._failures = 0
        self._max_batch_bytes = self.batch_bytes
        self._drops = 0         # the sum of what is in _dropped
        self._told: dict[str, int] = {}         # to on_drop
        self._published: dict[str, int] = {}     # in a record
        self._told_at = self._published_at = -float("inf")
        self._spool_at = self._adopt_at = -float("inf")
        self._complained: dict[str, float] = {}
        self.pid = os.getpid()      # the last: see check_process()

    # -- the caller's side --------------------------------------------------

    def call(self, waiting: int) -> None:
        """Wake the worker; start it if there is none."""
        called = self._called       # which the worker may set to None
        if self._worker is None:
            self._start()
        elif called is None:
            self._called = self.clock()
        elif self.clock() - called > STALLED:
            self._complain("stalled", "the thread that sends does not run "
                           "(under uWSGI: set enable-threads)")
        # Until it reacts, only few callers need to come here again.
        self.wake_at = 2 * waiting + 2
        self._wake.put(None)

    def _start(self) -> None:
        """Start the worker, if that can be done; not under the lock."""
        thread = threading.Thread(
            target=self._main, daemon=True,
            name="jsonlogging-" + self.transport.kind)
        with self._lock:
            if self._worker is not None or self._finished:
                return
            self._worker = thread
        try:
            thread.start()
        except Exception as error:
            # Too many threads, or the interpreter ends.
            with self._changed:
                self._worker = None
                self._changed.notify_all()
            if "shutdown" not in str(error):
                self._complain("thread", "%s; records wait for close()"
                               % error)
        else:
            _flush_with_multiprocessing(self)

    def overflow(self, line: Any, size: int) -> None:
        """Deal with *line*, for which there seems to be no room."""
        with self._lock:
            reason = self._make_room()
            if reason:
                self._refused += 1
                self._drop(reason, 1)
            else:
                waiting = len(self.queue)
                self.queue.append(line)
                self.bytes_in += size
        if not reason:
            if waiting >= self.wake_at:
                self.call(waiting)
        elif reason == "closed" and self._finished:
            self._complain(reason, "a record came after close()")

    def _make_room(self) -> Optional[str]:
        """Return why there is no room, after doing what makes some."""
        if not self.queue:
            self._discharge(0)
        if self._closing is None and not self._room():
            if self.policy == "drop-oldest":
                while self.queue and not self._room():
                    self._discharge(self.queue.popleft().__sizeof__())
                    self._evicted += 1
                    self._drop("evicted", 1)
            elif self.policy == "block" and self._worker is not None:
                self._wait(
                    lambda: self._room() or self._closing is not None,
                    self.block_timeout)
        if self._closing is not None:
            return "closed"
        if self._room():
            return None
        return "timeout" if self.policy == "block" else "full"

    def _room(self) -> bool:
        return (len(self.queue) < self.limit
                and self.bytes_in < self.bytes_limit)

    def _discharge(self, size: int) -> None:
        """Note, under the lock, that *size* bytes have left the queue."""
        self._bytes_out += size
        if not self.queue:
            self._bytes_out = self.bytes_in    # forget what was inexact
        self.bytes_limit = self._bytes_out + self.capacity_bytes

    def _drop(self, reason: str, count: int) -> None:
        """Count, under the lock, what will never be sent."""
        if count:
            # Not by get(): a signal handler that logs may run after a
            # call, and what it counts would be lost.
            self._dropped[reason] += count
            self._drops += count

    def refuse(self, reason: str) -> None:
        """Count a record that has become no line."""
        with self._lock:
            self._refused += 1
            self._drop(reason, 1)

    def ignore(self) -> None:
        """Count a record of the worker's own, which never enters."""
        self._ignored += 1      # by the worker itself

    # -- flush, close, stats ------------------------------------------------

    def _settled(self) -> int:
        """Return how many of the lines taken in need no more work."""
        own = self._row is None or not self._row.adopted
        return (self._taken + self._evicted - len(self._held) - self._on_disk
                - (self._in_flight if own else 0))

    def _accepted(self) -> int:
        """Return how many lines were taken in."""
        return self._taken + self._evicted + len(self.queue)

    def _lost(self) -> int:
        """Return how many of the lines taken in were dropped."""
        return self._drops - self._refused

    def flush(self, timeout: Optional[float] = None) -> bool:
        """
        Wait until what was taken in before the call has gone out.

        Return whether it has.  *timeout* is in seconds; None stands for
        close_timeout.
        """
        self.check_process()
        patience = self.close_timeout if timeout is None else timeout
        if self._worker is None and self._settled() < self._accepted():
            self._start()
        with self._lock:
            accepted, lost = self._accepted(), self._lost()

            def done() -> bool:
                return self._settled() >= accepted

            if threading.get_ident() != self.ident:     # not from on_drop
                self._hurry += 1
                self._wake.put(None)
                try:
                    self._wait(lambda: done() or self._worker is None,
                               patience)
                finally:
                    self._hurry -= 1
            if timeout is None and not done():
                self._gave_up = self.clock()    # see close()
            return done() and self._lost() == lost

    def close(self, timeout: Optional[float] = None) -> bool:
        """
        Send what waits, take nothing more in, and end the worker.

        Return whether all has gone out.  What has not when *timeout*
        seconds are over (None stands for close_timeout) stays in the
        spool; without one it is dropped, and counted.  A close() right
        after a flush() that has waited for close_timeout in vain, as in
        logging.shutdown(), does not wait as long again.
        """
        self.check_process()
        now = self.clock()
        if timeout is None:
            timeout = (self.close_timeout if now - self._gave_up > 1
                       else SLICE)
        with self._lock:
            if self._closing is None or self._closing > now + timeout:
                self._closing = now + timeout
            self.limit = 0
            lost = self._lost()
            self._changed.notify_all()      # who waits for room
        if self._settled() < self._accepted():
            self._start()
        self._wake.put(None)
        if threading.get_ident() == self.ident:
            return False    # called by on_drop: it ends afterwards
        with self._lock:
            # The worker may learn of this a SLICE later.
            self._wait(lambda: self._worker is None, SLICE / 4 + max(
                SLICE, now + timeout - self.clock()))
            inline = self._worker is None and not self._finished
            if inline:
                self._worker = threading.current_thread()
        if inline:
            self._main()
        with self._lock:
            self._write_off()
            return self._settled() == self._accepted() and (
                self._lost() == lost)

    def _wait(self, predicate: Callable[[], bool], seconds: float) -> None:
        """Wait, under the lock, until *predicate* is true or time is up."""
        self._changed.wait_for(predicate, min(seconds, threading.TIMEOUT_MAX))

    def _write_off(self) -> None:
        """Count, under the lock, what will not be sent any more."""
        if self._finished:
            return
        # From now on nothing counts that a stuck worker may still do.
        self._finished = True
        self.limit = 0
        if self._closing is None:
            self._closing = self.clock()
        count = len(self.queue) + len(self._held)
        self._taken += len(self.queue)
        self.queue.clear()
        self._held = []
        if self._row is None:
            count += self._in_flight
        elif self._row.adopted:
            self._on_disk_adopted += self._in_flight
        else:
            self._on_disk += self._in_flight
        self._in_flight = 0
        self._drop("abandoned", count)

    def stats(self) -> dict[str, Any]:
        """Return the counters; see PipelineHandler.stats()."""
        self.check_process()
        with self._lock:
            if self._finished and self.queue:
                # From callers that had looked just before close().
                self._drop("closed", len(self.queue))
                self._taken += len(self.queue)
                self.queue.clear()
            waiting = len(self.queue)      # which grows meanwhile
            queued = waiting + len(self._held)
            on_disk = self._on_disk + self._on_disk_adopted
            return {
                "accepted": self._taken + self._evicted + waiting,
                "refused": self._refused,
                "adopted": self._adopted,
                "sent": self._sent,
                "acknowledged": (self._sent if self.transport.acknowledges
                                 else 0),
                "retried": self._retried,
                "dead_lettered": self._dead,
                "dropped": {reason: count for reason, count
                            in self._dropped.items() if count},
                "spooled": self._spooled,
                "queued": queued,
                "in_flight": self._in_flight,
                "on_disk": on_disk,
                "pending": queued + self._in_flight + on_disk,
                "reports": self._reports,
                "ignored": self._ignored,
                "last_error": self._last_error,
                **self._counts}

    # -- the worker's side --------------------------------------------------

    def _main(self) -> None:
        """Do the worker's job, until all is sent or close() is over."""
        self.ident = threading.get_ident()
        try:
            while True:
                try:
                    if not self._chunks and not self._next():
                        break
                    self._deliver()
                except Stopped:
                    break
                except Exception as error:
                    # A fault of ours.  What is under way is kept.
                    self._note(error)
                    self._complain("fault", repr(error))
                    self._sleep(FAULT, NEVER)
        finally:
            self._end()

    def _end(self) -> None:
        """Put away what is left, and say that the worker has ended."""
        try:
            if self.spool is not None:
                self._take_in()
                self.spool.close()
            self.transport.disconnect()
        finally:
            with self._lock:
                self._write_off()
            self._tell(True)
            if "abandoned" in self._dropped:
                self._complain("abandoned", "%d records were not sent; %s" % (
                    self._dropped["abandoned"], self._last_error))
            with self._changed:
                self._worker, self.ident = None, 0
                self._changed.notify_all()

    def _sleep(self, seconds: Optional[float], level: int = 0) -> None:
        """Sleep until called, for *seconds*, or till over *level* wait."""
        self.wake_at = level
        if len(self.queue) <= level:   # look again
            if seconds is not None:
                seconds = min(seconds, LONGEST)
            try:
                self._wake.get(timeout=seconds)
                while True:
                    self._wake.get_nowait()
            except Empty:
                pass
        self.wake_at = NEVER
        self._called = None

    def _look_at_clock(self) -> None:
        if self._closing is not None and self.clock() >= self._closing:
            raise Stopped
        self._tell()

    def _tick(self) -> float:
        """Do what cannot wait; return for how long nothing else can come."""
        self._look_at_clock()
        if self.spool is not None:
            self._take_in()
        if self._closing is None:
            return SLICE
        return max(0, min(SLICE, self._closing - self.clock()))

    def _next(self) -> bool:
        """Put a batch under way, wait for one; false if there is no more."""
        while True:
            self._look_at_clock()
            if self.spool is not None:
                self._adopt()
                if self._read_spool():
                    return True
            self._publish()
            waiting = len(self.queue)
            if waiting and self.linger and waiting < self.batch_size and not (
                    self._hurry or self._closing is not None):
                self._sleep(self.linger, min(
                    self.batch_size, self.capacity) - 1)
            if self.spool is not None:
                self._take_in()
                if self._read_spool():
                    return True
            if self._begin():
                return True
            if not self.queue:
                if self._closing is not None:
                    return False
                self._sleep(self._leisure())

    def _leisure(self) -> Optional[float]:
        """Return for how many seconds there is nothing to do, or None."""
        times = []
        if self.spool is not None:
            times.append(self._adopt_at + ADOPT)
        if (self.make_report and self._healthy
                and self._dropped != self._published):
            times.append(self._published_at + self.report_interval)
        if self.on_drop and self._dropped != self._told:
            times.append(self._told_at + TELL)
        if not times:
            return None
        return max(0, min(times) - self.clock())

    def _take(self) -> bool:
        """Take lines from the queue, and hold them; say if there are any."""
        if not self._held:
            with self._changed:
                queue = self.queue
                self._held = [queue.popleft() for _ in range(
                    min(len(queue), self.batch_size))]
                self._encoded = False
                self._taken += len(self._held)
                self._discharge(sum([x.__sizeof__() for x in self._held]))
                self._changed.notify_all()
        if self._held and not self._encoded:
            events, rejected = self.transport.encode(self._held)
            dead = self._bury(rejected)
            with self._changed:
                self._encoded = True
                if not self._finished:
                    self._held = events
                    self._count_rejected(rejected, dead)
                self._changed.notify_all()
        return bool(self._held)

    def _begin(self) -> bool:
        """Put under way what is held in memory; say if there is any."""
        if not self._take():
            return False
        with self._lock:
            self._chunks.append(_Chunk(self._held, False))
            self._in_flight, self._held = len(self._held), []
        return True

    def _deliver(self) -> None:
        """Send the batch under way, however long it takes."""
        while self._chunks:
            chunk = self._chunks[0]
            parts = split(chunk.events, self._max_batch_bytes)
            if len(parts) > 1:
                self._chunks.popleft()
                self._chunks.extendleft([
                    _Chunk(part, chunk.again, chunk.tried)
                    for part in reversed(parts)])
            else:
                self._look_at_clock()
                self._send(chunk)
        if self._row is not None:
            assert self.spool is not None
            self._use_spool(self.spool.remove, self._row)
            self._row = None

    def _send(self, chunk: _Chunk) -> None:
        """Send the first *chunk* of the batch and settle it."""
        if chunk.tried:
            with self._lock:
                self._retried += len(chunk.events)
        try:
            result = self.transport.send(chunk.events, chunk.again)
        except Stopped:
            raise
        except Unfit as error:
            result = self._halve(chunk, error)
        except Exception as error:
            result = Result(0, chunk.events, error=error)
        self._settle(chunk, result)

    def _halve(self, chunk: _Chunk, error: Unfit) -> Result:
        """Halve *chunk*; reject an event that stands alone."""
        self._note(error)
        events = chunk.events
        if error.size:
            size = sum(map(len, events)) + len(events)
            self._max_batch_bytes = max(
                1024, min(size, self._max_batch_bytes) // 2)
        if len(events) == 1:
            return Result(0, None, [(events[0], str(error))])
        self._chunks.insert(1, _Chunk(
            events[len(events) // 2:], chunk.again, chunk.tried))
        chunk.events = events[:len(events) // 2]
        return Result(0)

    def _settle(self, chunk: _Chunk, result: Result) -> None:
        """Count what became of *chunk*; pause if some must be sent again."""
        gone = result.sent + len(result.rejected)
        if gone + len(result.retry) not in (0, len(chunk.events)):
            raise AssertionError("%s lost count" % self.transport.name)
        dead = self._bury(result.rejected)
        with self._changed:
            if gone or result.retry:
                self._chunks.popleft()
                if result.retry:
                    self._chunks.appendleft(_Chunk(result.retry, True, True))
            if not self._finished:
                self._sent += result.sent
                self._in_flight -= gone
                self._count_rejected(result.rejected, dead)
                for name, count in result.counts.items():
                    self._counts[name] = self._counts.get(name, 0) + count
            if result.sent:
                self._gave_up, self._failures = -float("inf"), 0
            self._changed.notify_all()
        self._healthy = not result.retry
        if result.error is not None:
            self._note(result.error)
            self._complain(type(result.error).__name__, self._last_error)
        if result.retry:
            self._failures += 1
            self._pause(result.error)

    def _pause(self, error: Optional[Exception]) -> None:
        """Wait, because of *error*, before the next attempt."""
        wait = error.wait if isinstance(error, Unavailable) else None
        if wait is None:
            rounds, host = divmod(self._failures, self.transport.hosts)
            wait = self.backoff * 2**min(rounds - 1, 30)
            if host:
                wait = 0    # the others come first, and at once
            elif isinstance(error, Refused):
                wait = self.backoff_max
            wait = min(wait, self.backoff_max) * random.uniform(0.5, 1)
        was_closing = self._closing is not None
        wait = min(wait, 2 * SLICE if was_closing else self.backoff_max)
        end = self.clock() + wait
        while True:
            longest = self._tick()
            left = end - self.clock()
            if left <= 0 or (self._closing is not None and not was_closing):
                return      # close() may be lucky: try at once
            if was_closing:
                left = min(left, longest)
            elif self.on_drop or self.spool is not None:
                left = min(left, TELL)
            self._sleep(left, 0 if self._spools() else NEVER)

    def _note(self, error: object) -> None:
        """Keep *error* for stats()."""
        self._last_error = (
            str(error) if isinstance(error, (
                str, Unavailable, Unfit, SpoolError))
            else "%s: %s" % (type(error).__name__, error))

    # -- the spool and the dead letters -------------------------------------

    def _spools(self) -> bool:
        """Tell whether the spool takes events, as far as is known."""
        return self.spool is not None and not self._held

    def _use_spool(self, method: Callable[..., Any], *args: Any) -> Any:
        """Return what *method* returns, None if it fails; report faults."""
        assert self.spool is not None
        result = None
        try:
            result = method(*args)
        except SpoolError as error:
            self._note(error)
            self._complain("spool", str(error))
        for message, count, saved, adopted in self.spool.faults():
            self._note(message)
            self._complain(message, message)
            with self._lock:
                if adopted:
                    self._on_disk_adopted -= count
                else:
                    self._on_disk -= count
                self._on_disk += saved
                # What had not been counted when it was adopted is now.
                self._adopted += max(0, saved - count)
                self._drop("corrupt", max(0, count - saved))
        return result

    def _take_in(self) -> None:
        """Move what waits to the spool, as far as it takes it."""
        assert self.spool is not None
        while self._take() and self.clock() >= self._spool_at:
            count = len(self._held)
            try:
                done = self._use_spool(self.spool.append, self._held)
            except SpoolFull:
                if self.policy != "drop-oldest" or not self._evict():
                    return
                continue
            if not done:
                self._spool_at = self.clock() + 1
                return
            with self._lock:
                if self._finished:
                    # A close() that was tired of waiting has counted them.
                    self._drop("abandoned", -count)
                self._spooled += count
                self._on_disk += count
                self._held = []

    def _evict(self) -> bool:
        """Drop the oldest events that this process has spooled."""
        assert self.spool is not None
        count = self._use_spool(self.spool.evict) or 0
        with self._lock:
            self._on_disk -= count
            self._drop("evicted", count)
        return count > 0

    def _read_spool(self) -> bool:
        """Put the oldest row of the spool under way; say if there is one."""
        assert self.spool is not None
        row = self._use_spool(self.spool.first, self.batch_size,
                              self.batch_bytes)
        if row is None:
            return False
        with self._lock:
            if self._finished:
                raise Stopped
            if row.adopted:
                self._on_disk_adopted -= len(row.events)
            else:
                self._on_disk -= len(row.events)
            self._row, self._in_flight = row, len(row.events)
            self._chunks.append(_Chunk(row.events, row.again))
        return True

    def _adopt(self) -> None:
        """Take over, now and then, what dead processes have spooled."""
        assert self.spool is not None
        if (self._closing is None
                and self.clock() - self._adopt_at >= ADOPT):
            self._adopt_at = self.clock()
            count = self._use_spool(self.spool.adopt) or 0
            with self._lock:
                self._adopted += count
                self._on_disk_adopted += count

    def _bury(self, rejected: Rejected) -> int:
        """Write *rejected* to the dead-letter file; return how many."""
        if not rejected:
            return 0
        self._complain("rejected", "%d records were rejected: %s" % (
            len(rejected), rejected[0][1]))
        if self.dead_letters is None:
            return 0
        try:
            return self.dead_letters.write([
                {"reason": reason, **self.transport.letter(event)}
                for event, reason in rejected])
        except OSError as error:
            self._note(error)
            self._complain("dead", "dead letters: %s" % error)
            return 0

    def _count_rejected(self, rejected: Rejected, dead: int) -> None:
        """Count, under the lock, *rejected*, of which *dead* are kept."""
        self._dead += dead
        self._drop("rejected", len(rejected) - dead)

    # -- reports ------------------------------------------------------------

    def _complain(self, key: str, text: Optional[str]) -> None:
        """Complain about *text*; once in a report_interval about *key*."""
        now = self.clock()
        if now - self._complained.get(key, -NEVER) >= self.report_interval:
            self._complained[key] = now
            complain("%s: %s" % (self.transport.name, text))

    def _since(self, before: dict[str, int]) -> dict[str, int]:
        """Return the drops that are not in *before*."""
        return {reason: count - before.get(reason, 0)
                for reason, count in self._dropped.items()
                if count != before.get(reason)}

    def _tell(self, final: bool = False) -> None:
        """Call on_drop, if there is something to say and it is time."""
        if (self.on_drop is None or self._dropped == self._told
                or not final and self.clock() - self._told_at < TELL):
            return
        with self._lock:
            news, self._told = self._since(self._told), dict(self._dropped)
        self._told_at = self.clock()
        try:
            self.on_drop(news)
        except BaseException as error:
            self._complain("on_drop", "on_drop: %r" % error)

    def _publish(self) -> None:
        """Queue a record about drops, if one can be sent and it is time."""
        if (self.make_report is None or not self._healthy
                or self._dropped == self._published):
            return
        interval = self.report_interval if self._closing is None else 0
        if self.clock() - self._published_at < interval:
            return
        with self._lock:
            news = self._since(self._published)
            self._published = dict(self._dropped)
        # The last one is that of close().
        self._published_at = (self.clock() if self._closing is None
                             else float("inf"))
        try:
            line = self.make_report(news)
        except Exception as error:
            self._complain("report", repr(error))
            return
        with self._lock:
            self._reports += 1
            self.queue.append(line)
            self.bytes_in += line.__sizeof__()

    # -- fork ---------------------------------------------------------------

    def check_process(self) -> None:
        """Begin anew in a child that was forked without Python's hooks."""
        if self.pid != os.getpid():
            with _forked:       # the first of several threads does it
                if self.pid != os.getpid():
                    self.after_fork()

    def after_fork(self) -> None:
        """In a forked child: leave to the parent what is the parent's."""
        closed = self._closing is not None
        self.transport.forget()
        if self.spool is not None:
            self.spool.forget()
        self._reset()
        if closed:
            self._closing, self.limit = self.clock(), 0
            self._finished = True


_forked = threading.RLock()
_pipelines: weakref.WeakSet[Pipeline] = weakref.WeakSet()
_hooked = False


def _register(pipeline: Pipeline) -> None:
    """See to it that forks treat *pipeline* well."""
    global _hooked
    _pipelines.add(pipeline)
    if not _hooked and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork,
                            after_in_parent=_after_fork_in_parent,
                            after_in_child=_after_fork_in_child)
    _hooked = True


def _before_fork() -> None:
    for pipeline in list(_pipelines):
        if pipeline.spool is not None:
            pipeline.spool.before_fork()


def _after_fork_in_parent() -> None:
    for pipeline in list(_pipelines):
        if pipeline.spool is not None:
            pipeline.spool.after_fork()


def _after_fork_in_child() -> None:
    for pipeline in list(_pipelines):
        pipeline.after_fork()


def _flush_with_multiprocessing(pipeline: Pipeline) -> None:
    """
    Have *pipeline* flushed when a process of multiprocessing's ends.

    Such processes end with os._exit(), which calls nothing of atexit's.
    """
    process = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if process and util and process.parent_process() is not None:
        util.Finalize(None, pipeline.flush, exitpriority=-100)
