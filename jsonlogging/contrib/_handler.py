"""
The handler that puts what it formats into a pipeline.
"""

from __future__ import annotations

import logging, threading

from ._pipeline import Pipeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union
    from ._transport import Transport

__all__ = ["PipelineHandler"]


class PipelineHandler(logging.Handler):
    """
    A handler whose records another thread sends on.

    The caller of a logging method waits for formatting alone.  These are
    the options of all handlers that are made of it; sizes are in bytes,
    times in seconds:

    *capacity*, *capacity_bytes*: how many formatted records, and how much
    memory of theirs, may wait.
    *overflow*: what happens to a record for which there is no room: it is
    dropped ("drop-newest"), the oldest are ("drop-oldest"), or the caller
    waits for *block_timeout* ("block") before it is dropped.
    *batch_size*, *batch_bytes*: the most that is sent at once.
    *linger*: for how long a batch waits for more records.
    *backoff*, *backoff_max*: the pause after a first failure, and the
    longest; each is twice as long as the one before, less up to a half.
    *close_timeout*: for how long close() and flush() wait.
    *report_interval*: how often at most drops are reported by a record,
    and errors on standard error.
    *on_drop*: called in the sending thread with a dict of reasons and
    numbers of records, at most once a second.
    *spool*: a directory where events are kept until they are sent;
    *spool_bytes* is the most that it holds.
    *dead_letters*: a file for events that the peer refuses for ever, of
    at most *dead_letters_bytes*.
    """

    lock = None

    def __init__(self, transport: Transport, level: Union[int, str] = 0,
                 **options: Any) -> None:
        super().__init__(level)
        # Calls of logging's own methods that would do nothing are left out.
        cls = type(self)
        self._overrides = (cls.filter is not logging.Handler.filter
                           or cls.format is not logging.Handler.format)
        self.transport = transport
        self.pipeline = Pipeline(transport, make_report=self._make_report,
                                 **options)

    def createLock(self) -> None:
        """Create none: a deque needs no lock, and nobody shall wait."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> Any:
        """Filter *record*, format it and hand it to the sending thread."""
        if self.filters or self._overrides:
            passed: Any = self.filter(record)
            if not passed:
                return passed
            # Since 3.12 a filter may return another record.
            if isinstance(passed, logging.LogRecord):
                record = passed
        self.emit(record)
        return record

    def emit(self, record: logging.LogRecord) -> None:
        """Format *record* and hand it to the sending thread."""
        pipeline = self.pipeline
        try:
            if record.process != pipeline.pid:
                # Of a child forked by C code, as uWSGI's; or of anywhere.
                pipeline.check_process()
            thread = record.thread
            if thread == pipeline.ident or thread is None and (
                    threading.get_ident() == pipeline.ident):
                # With the process's number, for threads of others may have
                # the same; it is None if logging.logProcesses is false.
                if record.process in (pipeline.pid, None):
                    pipeline.ignore()
                    return
            formatter = self.formatter
            if formatter is None or self._overrides:
                line: Any = self.format(record)
            else:
                line = formatter.format(record)
            size = line.__sizeof__()
            queue = pipeline.queue
            waiting = len(queue)
            if (waiting < pipeline.limit
                    and pipeline.bytes_in < pipeline.bytes_limit):
                queue.append(line)
                pipeline.bytes_in += size
                if waiting >= pipeline.wake_at:
                    pipeline.call(waiting)
            else:
                pipeline.overflow(line, size)
        except Exception:
            pipeline.refuse("unformatted")
            self.handleError(record)

    def flush(  # type: ignore[override]
            self, timeout: Optional[float] = None) -> bool:
        """
        Wait until the records before this call have gone out.

        Return whether they have.  *timeout* is in seconds; without one it
        is close_timeout.
        """
        return self.pipeline.flush(timeout)

    def close(  # type: ignore[override]
            self, timeout: Optional[float] = None) -> bool:
        """
        Send what waits, for at most *timeout* seconds, and stop.

        Return whether all has gone out.  Without *timeout* it is
        close_timeout.  What is left stays in the spool, or is dropped.
        """
        try:
            return self.pipeline.close(timeout)
        finally:
            super().close()

    def stats(self) -> dict[str, Any]:
        """
        Return the counters of this process, as a new dict.

        accepted: records taken in; refused: records not taken in;
        adopted: events found in the spool that a dead process has left;
        sent, acknowledged: events that have gone out, and of those what
        the peer has confirmed; retried: events sent again, each time;
        dead_lettered: events in the dead-letter file; dropped: a dict of
        reasons and numbers, refused records among them; spooled: events
        written to the spool; queued, in_flight, on_disk: events in the
        queue, under way, in the spool; pending: those three together;
        reports: accepted records that report drops; ignored: records of
        the sending thread's own; last_error: a text or None.

        At every moment accepted + refused + adopted is the sum of sent,
        dead_lettered, all that is dropped, and pending.
        """
        return self.pipeline.stats()

    def _make_report(self, counts: dict[str, int]) -> Any:
        """Return the line that reports *counts* of dropped records."""
        reasons = ", ".join("%s %d" % item for item in counts.items())
        record = logging.LogRecord(
            "jsonlogging", logging.WARNING, __file__, 0,
            "%d records were dropped: %s", (sum(counts.values()), reasons),
            None)
        record.dropped = counts
        return self.format(record)
