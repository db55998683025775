"""
What the pipeline asks of a way out, and what it is told of a batch.
"""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

__all__ = ["Refused", "Rejected", "Result", "SLICE", "Stopped", "Transport",
           "Unavailable", "Unfit", "check", "check_number", "is_ready"]

Rejected = list[tuple[bytes, str]]      # events, and why

SLICE = 0.1     # seconds between two looks at what happens meanwhile


def check(option: str, value: object, good: object, allowed: str) -> None:
    """Raise ValueError unless *value*, given for *option*, is *good*."""
    if not good:
        raise ValueError("%s must be %s, not %r" % (option, allowed, value))


def check_number(option: str, value: object, least: float,
                 *kinds: type) -> None:
    """Raise an error unless *value* is a number of at least *least*."""
    if isinstance(value, bool) or not isinstance(value, kinds or (
            int, float)):
        raise TypeError("%s must be a number, not %r" % (option, value))
    assert isinstance(value, (int, float))
    check(option, value, least <= value < float("inf"),
          "a number from %s on" % least)


def is_ready(file: Any, write: bool, seconds: float) -> bool:
    """Wait until *file* can be written or read, or *seconds* pass."""
    if hasattr(select, "poll"):     # select() refuses numbers over 1023
        poll = select.poll()
        poll.register(file, select.POLLOUT if write else select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    return any(select.select([] if write else [file], [file] if write else [],
                             [], seconds))


class Unavailable(Exception):
    """
    The peer cannot be reached or is busy: send the same again later.

    *wait* is the number of seconds that the peer asked for, if it did.
    """

    def __init__(self, message: str, wait: Optional[float] = None) -> None:
        super().__init__(message)
        self.wait = wait


class Refused(Unavailable):
    """The peer answers, but not to us: credentials, target, certificate."""


class Unfit(Exception):
    """
    The peer refused a batch as a whole: halve it to find out why.

    *size* is true if the batch was too large.
    """

    def __init__(self, message: str, size: bool = False) -> None:
        super().__init__(message)
        self.size = size


class Stopped(Exception):
    """The time that close() was given is over."""


class Result:
    """
    What became of a batch that was sent.

    *sent* events are done; those in *retry* must be sent again, because
    of *error*; those in *rejected*, pairs of event and reason, never will
    be taken.  *counts* are a transport's own additions to stats().
    """

    def __init__(self, sent: int, retry: Optional[list[bytes]] = None,
                 rejected: Optional[Rejected] = None,
                 error: Optional[Exception] = None,
                 counts: Optional[dict[str, int]] = None) -> None:
        self.sent, self.retry, self.error = sent, retry or [], error
        self.rejected, self.counts = rejected or [], counts or {}


class Transport:
    """
    Where events go.  All methods are called by one thread at a time.

    *name* is for messages.  *kind* names what an event is: a spool of one
    kind is never sent by a transport of another.  *acknowledges* says
    whether the peer confirms what it has taken.  *hosts* is the number of
    peers, all of which are tried before a pause is made.  Longer events
    than *max_event_bytes* are rejected, if it is not 0.
    """

    name = "transport"
    kind = "lines"
    acknowledges = False
    hosts = 1
    max_event_bytes = 0
    tick: Callable[[], float] = staticmethod(lambda: SLICE)

    def encode(self, lines: list[Any]) -> tuple[list[bytes], Rejected]:
        """
        Return the events that *lines* are, and those that cannot be sent.

        An event is bytes without a newline, so that it stays one line.
        """
        events: list[bytes] = []
        rejected: Rejected = []
        for line in lines:
            if isinstance(line, str):
                event = line.encode("utf-8", "backslashreplace")
            elif isinstance(line, bytes):
                event = line
            else:
                event = repr(line).encode("utf-8", "backslashreplace")
                rejected.append((event, "the formatter made no text"))
                continue
            if b"\n" in event:
                event = event.strip(b"\n").replace(b"\n", b" ")
            if not event:
                rejected.append((event, "empty"))
            elif self.max_event_bytes and len(event) > self.max_event_bytes:
                rejected.append((event, "longer than max_event_bytes"))
            else:
                events.append(event)
        return events, rejected

    def send(self, events: list[bytes], again: bool) -> Result:
        """
        Send *events*; *again* says that they may have been sent before.

        Unavailable, Refused or Unfit is raised if that cannot be.  What
        waits must call *tick* before, which returns for how many seconds
        it may wait before it calls it again, and let out what it raises.
        """
        raise NotImplementedError

    def letter(self, event: bytes) -> dict[str, str]:
        """Return what the dead-letter file shall hold of *event*."""
        return {"event": event.decode("utf-8", "backslashreplace")}

    def read_letter(self, letter: dict[str, Any]) -> bytes:
        """Return the event that letter() has made *letter* of."""
        return str(letter.get("event", "")).replace("\n", " ").encode(
            "utf-8", "backslashreplace")

    def disconnect(self) -> None:
        """Close the connection, if there is one."""

    def forget(self) -> None:
        """In a forked child: close its copy of the parent's connection."""
        self.disconnect()
