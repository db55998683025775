"""
All Hypothesis strategies: the building blocks, drawn so as to shrink.

Hypothesis prints what a test failed for, which hostile objects do not
bear.  So most strategies wrap what they make; given() unwraps it.
"""

import functools
import math

import hypothesis
from hypothesis import strategies as st

from . import blocks

__all__ = ["containers", "created", "cyclic", "deep", "exc_infos",
           "exceptions", "given", "hostile", "keys", "options", "plain",
           "records", "seconds", "texts", "usual_records", "values"]

_TEXT = st.text(st.sampled_from(blocks.ALPHABET)
                | st.characters(blacklist_categories=()), max_size=12)
_NUMBER = st.sampled_from(blocks.NUMBERS) | st.floats()


class _Chooser:
    """Choose by a Hypothesis draw; the first choice is the simplest."""

    def __init__(self, draw):
        self._draw = draw
        self.drawn = []

    def draw(self, strategy):
        self.drawn.append(self._draw(strategy))
        return self.drawn[-1]

    def integer(self, low, high):
        return self.draw(st.integers(low, high))

    def choice(self, sequence):
        return sequence[self.draw(st.integers(0, len(sequence) - 1))]

    def text(self):
        return self.draw(_TEXT)

    def number(self):
        return self.draw(_NUMBER)


class _Drawn:
    """What a block made, and of which choices."""

    def __init__(self, block, made, choices):
        self.block = block
        self.made = made
        self.choices = choices

    def __repr__(self):
        return "<blocks.%s from %r>" % (self.block.__name__, self.choices)


def _unwrapped(argument):
    if type(argument) is _Drawn:
        return argument.made
    if type(argument) is list:
        return list(map(_unwrapped, argument))
    return argument


def given(*strategies):
    """Do what hypothesis.given does, for the strategies of this module."""
    def decorate(test):
        @hypothesis.given(*strategies)
        @functools.wraps(test)
        def unwrapping(self, **arguments):
            test(self, **{name: _unwrapped(argument)
                          for name, argument in arguments.items()})
        return unwrapping
    return decorate


def _strategy(block):
    @st.composite
    def strategy(draw):
        chooser = _Chooser(draw)
        return _Drawn(block, block(chooser), chooser.drawn)
    return strategy


cyclic = _strategy(blocks.cyclic)
deep = _strategy(blocks.deep)
exceptions = _strategy(blocks.exception)
exc_infos = _strategy(blocks.exc_info)
hostile = _strategy(blocks.hostile)
keys = _strategy(blocks.key)
options = _strategy(blocks.formatter_options)
plain = _strategy(blocks.plain)
records = _strategy(blocks.record)
containers = _strategy(blocks.sized)
created = _strategy(blocks.time)
usual_records = _strategy(blocks.usual)
values = _strategy(blocks.value)


def texts():
    """Any str, lone surrogates and control characters included."""
    return _TEXT


def seconds(low=-62135596800, high=253402300799):
    """
    A finite POSIX time: any float, one near a tie between microseconds
    or near the edge of a millisecond or second, or an int.
    """
    whole = st.integers(math.ceil(low), math.floor(high) - 1)
    micro = st.integers(0, 10**6) | st.sampled_from(
        (0, 1, 999, 1000, 499_999, 500_000, 999_000, 999_999))
    return (st.floats(low, high) | whole
            | st.builds(lambda base, part, half: min(
                base + (part + half) / 1e6, high),
                whole, micro, st.sampled_from((0, 0.5, 0.499, 0.501, -0.5))))
