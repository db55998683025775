import logging
from collections.abc import Callable

__all__ = ["Fast"]

class Unusual(Exception): ...

class Fast:
    _fast: Callable[[logging.LogRecord], str]
