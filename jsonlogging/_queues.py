"""
Console handlers behind a QueueHandler: structure for what was made text.

QueueHandler.prepare() merges arguments and exception into the message
(gh-89087).  Here the message goes on as it is, for handlers that are no
console, and takes along what it was made of; the console's formatter is
given that.  What a formatter or an override of the QueueHandler's own has
made is left as it is: it may be there to redact.
"""

import copy, logging, logging.handlers

from ._overrides import _replaced
from .formatters import JSONFormatter

__all__ = ["choose", "inner"]


def choose(settings, made, route):
    """Return the formatter that the console of *route* should have."""
    old = route.handler.formatter
    own = inner(old)
    if route.queues and not route.straight and any(
            isinstance(queue.formatter, JSONFormatter)
            for queue in route.queues):
        # The lines have been made.  Nothing is to be put around them.
        renders = settings.format not in (None, "text")
        return _Unqueued(None) if renders and own is not None and (
            not isinstance(own, JSONFormatter)) else old
    new = _replaced(settings, made, own)
    if not route.queues or made is None:
        return old if new is own else new
    if new is own and not isinstance(new, JSONFormatter):
        return old
    for queue in route.queues:
        if _is_stock(queue) or isinstance(queue.formatter, JSONFormatter):
            if not isinstance(queue.prepare, _Prepare):
                queue.prepare = _Prepare(queue)
    return old if own is not old and own is new else _Unqueued(new)


def _is_stock(queue):
    """Tell whether logging's own methods make the text of *queue*."""
    return (type(queue).prepare is logging.handlers.QueueHandler.prepare
            and type(queue).format is logging.Handler.format
            and vars(queue).keys().isdisjoint(("prepare", "format")))


class _Message(str):
    """
    A message that a QueueHandler made; *parts* is what it was, or None
    if it is a whole line.
    """

    def __reduce__(self):
        # For queues between processes: exceptions may not pickle.
        return str, (str(self),)


class _Prepare:
    """Stands for the method prepare() of one QueueHandler."""

    def __init__(self, queue):
        self.queue, self.original = queue, queue.prepare

    def __call__(self, record):
        msg, formatter = record.msg, self.queue.formatter
        prepared = self.original(record)
        # An override that leaves the record alone needs no help; a text
        # that a formatter has made is the message from then on.
        if (prepared is not record and isinstance(prepared, logging.LogRecord)
                and isinstance(prepared.msg, str)
                and (formatter is None
                     or isinstance(formatter, JSONFormatter))):
            message = _Message(prepared.msg)
            message.parts = None
            if type(msg) is _Message:
                message.parts = msg.parts
            elif formatter is None:
                message.parts = self.parts(record)
            prepared.msg = message
        return prepared

    @staticmethod
    def parts(record):
        """Return what a formatter needs to know besides *record*."""
        parts = {name: getattr(record, name) for name in (
            "msg", "args", "exc_info", "exc_text", "stack_info")}
        try:
            # Now, because arguments may change.
            parts.update(msg=record.getMessage(), args=None)
        except Exception:
            pass    # JSONFormatter marks it
        return parts


class _Unqueued(logging.Formatter):
    """
    Formats with *formatter* what a record was before it was queued.

    If *formatter* is None, the QueueHandler has made the whole line.
    """

    def __init__(self, formatter):
        logging.Formatter.__init__(self)
        self.formatter = formatter
        if isinstance(formatter, logging.Formatter):
            # What tells its time zone.
            self.datefmt = formatter.datefmt
            self.formatTime = formatter.formatTime
            self._made_for = getattr(formatter, "_made_for", None)

    def format(self, record):
        # A filter may have replaced the message, to redact it.
        parts = record.msg.parts if type(record.msg) is _Message else {}
        if self.formatter is None or parts is None:
            return record.getMessage()
        if parts:
            record = copy.copy(record)
            record.__dict__.update(parts)
        return self.formatter.format(record)


def inner(formatter):
    """Return what *formatter* formats with, which may be another."""
    return formatter.formatter if isinstance(formatter, _Unqueued) else (
        formatter)
