"""Calls of logger.info(), end to end: from the call to the device."""

import contextlib
import io
import logging
import time

from . import candidates
from .records import LOGGERS, Records, SHAPES, SITES

__all__ = ["SHAPE_NAMES", "callers", "jobs", "print_loguru",
           "stream_callers"]

SHAPE_NAMES = ("plain", "args", "5 extras", "exception")

# Call sites, which logging finds by looking at the stack.
_sites = {}
exec(compile("".join("def site%d(log, args, kwargs): log(*args, **kwargs)\n"
                     % number for number in range(SITES)),
             "/srv/shop/sites.py", "exec"), _sites)
SITE_FUNCTIONS = [_sites["site%d" % number] for number in range(SITES)]


class ConstantFormatter(logging.Formatter):
    """Does nothing: what is left is what logging and the device cost."""

    line = candidates.OURS["JSON"]().format(logging.makeLogRecord(
        {"msg": SHAPES["plain"].message, "levelname": "INFO", "name": "shop"}))

    def format(self, record):
        return self.line


def _logging_caller(handler, level=logging.INFO):
    """Return what makes the arguments of a site for a call of logging."""
    loggers = []
    for number in range(LOGGERS):
        logger = logging.Logger("shop.part%d" % number, level)
        logger.addHandler(handler)
        loggers.append(logger)

    def make(shape, number):
        kwargs = {}
        if shape.extra:
            kwargs["extra"] = shape.extra
        if shape.error:
            kwargs["exc_info"] = shape.error()
        return (loggers[number % len(loggers)].info,
                (shape.message, *shape.args), kwargs)

    return make


def _loguru_caller(logger):
    """Return the same for calls of loguru."""
    def make(shape, number):
        message = shape.message
        for old, new in ("%s", "{}"), ("%d", "{}"), ("%.2f", "{:.2f}"):
            message = message.replace(old, new)
        log = logger
        if shape.error:
            log = log.opt(exception=shape.error())
        return log.info, (message, *shape.args), shape.extra or {}

    return make


@contextlib.contextmanager
def _loguru(stream):
    """Give loguru's logger, set to print the same to *stream*."""
    from loguru import logger
    logger.remove()
    # As traceback prints it: no values of variables, no outer frames.
    sink = logger.add(stream, serialize=True, diagnose=False, backtrace=False)
    try:
        yield logger
    finally:
        logger.remove(sink)


def stream_callers(stream, formatters):
    """
    Return a dict of callers that write to *stream* what *formatters*, a
    dict of functions that make one, make of it.
    """
    found = {}
    for name, make in formatters.items():
        handler = logging.StreamHandler(stream)
        handler.setFormatter(make())
        found[name] = _logging_caller(handler)
    return found


def print_loguru(shape):
    """Return loguru's line for *shape*, and logging's record of it."""
    record = Records().make(shape)
    record.created = time.time()
    stream = io.StringIO()
    with _loguru(stream) as logger:
        log, args, kwargs = _loguru_caller(logger)(shape.pick(0), 0)
        log(*args, **kwargs)
    return stream.getvalue(), record


@contextlib.contextmanager
def callers(stream, formatters):
    """
    Give what stream_callers() returns, between the steps to a line, which
    come first, and loguru, if it can be used.
    """
    found = {
        "level off": _logging_caller(logging.NullHandler(), logging.ERROR),
        "nothing emitted": _logging_caller(logging.NullHandler()),
        **stream_callers(stream, {"constant text": ConstantFormatter,
                                  **formatters}),
    }
    with contextlib.ExitStack() as stack:
        if candidates.examine({"loguru": print_loguru})[0]:
            found["loguru"] = _loguru_caller(
                stack.enter_context(_loguru(stream)))
        yield found


def call(item):
    """Run a logging call that jobs() prepared."""
    site, (log, args, kwargs) = item
    site(log, args, kwargs)


def jobs(found, shape, size):
    """Return the jobs, for take_turns(), of callers that log *shape*."""
    def job(caller):
        numbers = range(max(1, round(size * shape.share)))
        return call, lambda: [(SITE_FUNCTIONS[number % SITES],
                               caller(shape, number)) for number in numbers]
    return {name: job(caller) for name, caller in found.items()}
