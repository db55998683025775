"""
A handler that writes to a stream or file from a thread of its own.

A pipe that nobody empties, a terminal that somebody has stopped, a disk
that hangs: none of them holds up the threads that log.
"""

from __future__ import annotations

import os, select, stat, sys

from ._handler import PipelineHandler
from ._transport import (SLICE, Result, Stopped, Transport, Unavailable,
                         is_ready)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union
    from ._transport import Rejected

__all__ = ["StreamPipelineHandler", "StreamTransport", "pieces"]

# A pipe takes this much whole or not at all, and at once if it is ready.
PIPE_BUF = getattr(select, "PIPE_BUF", 512)


def pieces(lines: list[bytes], size: int) -> list[tuple[bytes, int]]:
    """
    Return *lines* joined to pieces of at most *size* bytes.

    Each comes with the number of lines that end with it.  A piece holds
    whole lines, or a part of one line that is longer than *size*.
    """
    found: list[tuple[bytes, int]] = []
    for line in lines:
        if found and found[-1][1] and len(found[-1][0]) + len(line) <= size:
            found[-1] = found[-1][0] + line, found[-1][1] + 1
        else:
            for start in range(0, len(line) or 1, size):
                part = line[start:start + size]
                found.append((part, int(start + size >= len(line))))
    return found


class StreamTransport(Transport):
    """
    Lines for a stream, or for the file of this name.

    What has a descriptor is written to through that, past the buffers of
    *stream*: a thread that hangs in one of those would hold its lock when
    the interpreter wants to flush it at its end.
    """

    kind = "stream"

    def __init__(self, stream: Any, filename: Optional[str], encoding: str,
                 terminator: str) -> None:
        "".encode(encoding)     # LookupError: there is none of this name
        self._encoding, self._terminator = encoding, terminator
        self._stream = stream
        self._path = None if filename is None else os.path.abspath(filename)
        self.name = str(filename or getattr(stream, "name", stream))
        self._number: Optional[int] = None
        self._torn = 0      # how much of the next line is written already
        if self._path is not None:
            self._open()
        else:
            try:
                self._number = os.dup(stream.fileno())
            except (AttributeError, OSError, ValueError):
                pass        # no file, but something in memory

    def _open(self) -> None:
        assert self._path is not None
        self._number = os.open(
            self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._torn = 0

    def encode(self, lines: list[Any]) -> tuple[list[bytes], Rejected]:
        """Return *lines* with a terminator each; they may hold newlines."""
        events: list[bytes] = []
        rejected: Rejected = []
        for line in lines:
            if isinstance(line, str):
                events.append((line + self._terminator).encode(
                    self._encoding, "backslashreplace"))
            elif isinstance(line, bytes):
                events.append(line + self._terminator.encode(self._encoding))
            else:
                rejected.append((repr(line).encode(
                    "utf-8", "backslashreplace"), "no text"))
        return events, rejected

    def send(self, events: list[bytes], again: bool) -> Result:
        try:
            if self._path is not None:
                self._reopen(self._path)
            if self._number is not None:
                return self._write(events, self._number)
            self._stream.write(b"".join(events).decode(self._encoding))
            self._stream.flush()
            return Result(len(events))
        except (OSError, ValueError) as error:
            raise Unavailable("%s: %s" % (self.name, error)) from error

    def _reopen(self, path: str) -> None:
        """Open the file again if it was moved away, as logrotate does."""
        if self._number is not None:
            try:
                if os.path.samestat(os.stat(path), os.fstat(self._number)):
                    return
            except FileNotFoundError:
                pass
            self.disconnect()
        self._open()

    def _write(self, events: list[bytes], number: int) -> Result:
        """Write *events*; never a part of a line, whatever happens."""
        regular = stat.S_ISREG(os.fstat(number).st_mode)
        lines = [events[0][self._torn:], *events[1:]]
        written = 0
        problem: Optional[Exception] = None
        try:
            inside = self._torn > 0
            for piece, ended in pieces(lines, 2**20 if regular
                                       else PIPE_BUF):
                start = 0
                while start < len(piece):
                    if not regular:
                        self._wait(number, inside or start > 0)
                    try:
                        count = os.write(number, piece[start:])
                    except BlockingIOError:     # it was made so
                        continue
                    start += count
                    written += count
                inside = not ended
        except Stopped:
            pass    # the pipeline finds out by itself
        except OSError as error:
            problem = Unavailable("%s: %s" % (self.name, error))
        done = 0
        for line in lines:
            if written < len(line):
                break
            written -= len(line)
            done += 1
        self._torn = written + (0 if done else self._torn)
        return Result(done, events[done:], error=problem)

    def _wait(self, number: int, inside: bool) -> None:
        """Wait until *number* takes a piece; even too long, in a line."""
        while True:
            try:
                seconds = self.tick()
            except Stopped:
                if not inside:
                    raise
                seconds = SLICE
            if is_ready(number, True, seconds):
                return

    def disconnect(self) -> None:
        number, self._number = self._number, None
        if number is not None:
            os.close(number)

    def forget(self) -> None:
        """Keep the stream, which parent and child share as they ever do."""
        self._torn = 0


class StreamPipelineHandler(PipelineHandler):
    """
    Writes records to a stream or a file, in a thread of its own.

    *stream* is sys.stderr by default; with *filename* it is that file,
    which is appended to, and opened again when something else stands at
    its place.  A line is text in *encoding*, followed by *terminator*.
    What the stream's own buffer holds does not come in order with that.

    *options* are those of PipelineHandler except for the spool's, *level*
    that of logging.Handler.
    """

    def __init__(self, stream: Any = None, filename: Optional[str] = None, *,
                 encoding: str = "utf-8", terminator: str = "\n",
                 level: Union[int, str] = 0, **options: Any) -> None:
        if stream is not None and filename is not None:
            raise ValueError("stream and filename exclude each other")
        if "spool" in options:
            raise TypeError("a stream has no spool")
        if filename is not None:
            filename = os.fspath(filename)
        elif stream is None:
            stream = sys.stderr
        super().__init__(StreamTransport(stream, filename, encoding,
                                         terminator), level, **options)
