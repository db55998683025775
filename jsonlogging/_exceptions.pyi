import logging
from collections.abc import Callable
from types import TracebackType

__all__ = ["exception_info", "format_briefly", "is_moderate"]

def exception_info(
    record: logging.LogRecord,
) -> tuple[type[BaseException], BaseException, TracebackType | None] | None: ...
def is_moderate(value: BaseException) -> bool: ...
def format_briefly(
    info: tuple[type[BaseException], BaseException, TracebackType | None], text: Callable[[object], str]
) -> str: ...
