"""The records that are formatted, and the calls that make records."""

import itertools
import logging
import random
import sys
import types

from . import raising

__all__ = ["LOGGERS", "Mix", "Records", "SHAPES", "SITES", "Shape",
           "cold_error", "warm_error"]

EPOCH = 1_700_000_000
SITES = 64
LOGGERS = 8

NON_ASCII = ("Zażółć gęślą jaźń. 日本語のログ記録。 "
             "Съешь ещё этих мягких булок. " * 4)[:200]
ASCII_10_KB = "0123456789abcdef" * 640
NESTED = {
    "user": {"id": 1042, "name": "elvis", "roles": ["admin", "singer"]},
    "cart": [{"sku": "A-17", "count": 2, "price": 9.99},
             {"sku": "B-03", "count": 1, "price": 120.5}],
    "request": {"method": "POST", "path": "/cart", "ms": 12.25,
                "headers": {"accept": "*/*", "host": "shop"}},
    "flags": [True, False, None],
}
ORDER = {"lines": [{"sku": "A-17"}]}

_numbers = itertools.count(1)


def _caught(function):
    """Return the exc_info of what *function* raises: four frames more."""
    try:
        function(ORDER)
    except ValueError:
        return sys.exc_info()


def warm_error():
    """Return a new exception, raised where many were raised before."""
    return _caught(raising.serve)


def cold_error():
    """
    Return a new exception, raised by code that has never run before.

    The code has one constant more, so that it is not equal to other
    code, and prints as before.
    """
    namespace, number = {**vars(raising)}, next(_numbers)
    for name in raising.__all__:
        code = namespace[name].__code__
        namespace[name] = types.FunctionType(
            code.replace(co_consts=(*code.co_consts, number)), namespace)
    return _caught(namespace["serve"])


class Shape:
    """A kind of record; *share* of a batch are measured in a round."""

    def __init__(self, message, args=(), extra=None, error=None, share=1):
        self.message, self.args, self.extra = message, args, extra
        self.error, self.share = error, share

    def pick(self, number):
        """Return the shape of the record *number*."""
        return self


class Mix:
    """A mixture of (count, shape), always in the same random order."""

    share = 1

    def __init__(self, *parts):
        self.shapes = [shape for count, shape in parts for _ in range(count)]
        random.Random(1).shuffle(self.shapes)

    def pick(self, number):
        return self.shapes[number % len(self.shapes)]


_TEXT = "the connection to the database was opened again"
_SHAPES = {
    "plain": Shape(_TEXT),
    "args": Shape("user %s bought %d items for %.2f", ("elvis", 3, 29.97)),
    "5 extras": Shape(_TEXT, extra={"host": "db-1", "port": 5432,
                                    "seconds": 0.25, "pooled": True,
                                    "error": None}),
    "nested": Shape("the cart was saved", extra={"ctx": NESTED}),
}
SHAPES = {
    **_SHAPES,
    "exception": Shape("the cart was lost", error=warm_error, share=0.2),
    "exception, cold": Shape("the cart was lost", error=cold_error,
                             share=0.2),
    "non-ASCII": Shape(NON_ASCII),
    "10 KB": Shape(ASCII_10_KB, share=0.2),
    "mix": Mix((50, _SHAPES["plain"]), (30, _SHAPES["args"]),
               (18, _SHAPES["5 extras"]), (2, _SHAPES["nested"])),
}


class Records:
    """Makes records as Logger.log does, *step* seconds apart."""

    def __init__(self, step=1e-5):
        self.loggers = [logging.Logger("shop.part%d" % number)
                        for number in range(LOGGERS)]
        self.step, self.number = step, 0

    def make(self, shape):
        """Return the next record, of *shape*."""
        number = self.number
        self.number += 1
        site = number % SITES
        logger = self.loggers[site % LOGGERS]
        shape = shape.pick(number)
        record = logger.makeRecord(
            logger.name, logging.INFO, "/srv/shop/part%d.py" % (site % 16),
            site, shape.message, shape.args, shape.error and shape.error(),
            "function%d" % site, shape.extra)
        record.created = EPOCH + number * self.step
        record.msecs = record.created % 1 * 1000
        return record

    def batch(self, shape, size):
        """Return *shape*'s share of a batch of *size* records."""
        return [self.make(shape) for _ in range(max(1, round(
            size * shape.share)))]
