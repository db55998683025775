import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Union
from typing_extensions import TypeAlias

__all__ = ["ISOFormatter", "JSONFormatter"]

_Style: TypeAlias = Literal["%", "{", "$"]
_TimeSpec: TypeAlias = Literal["seconds", "milliseconds", "microseconds"]
_Source: TypeAlias = Union[str, Callable[[logging.LogRecord], object], Mapping[str, _Source]]

class ISOFormatter(logging.Formatter):
    utc: bool
    timespec: _TimeSpec
    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: _Style = "%",
        validate: bool = True,
        *,
        defaults: Mapping[str, Any] | None = None,
        utc: bool = True,
        timespec: _TimeSpec = "milliseconds",
    ) -> None: ...

class JSONFormatter(ISOFormatter):
    max_depth: int
    max_items: int
    extra: bool | str
    default: Callable[[Any], Any] | None
    ensure_ascii: bool
    max_bytes: int
    def __init__(
        self,
        fmt: str | Sequence[str] | Mapping[str, _Source] | None = None,
        datefmt: str | None = None,
        style: _Style = "%",
        validate: bool = True,
        *,
        defaults: Mapping[str, Any] | None = None,
        utc: bool = True,
        timespec: _TimeSpec = "milliseconds",
        extra: bool | str = True,
        default: Callable[[Any], Any] | None = None,
        ensure_ascii: bool = True,
        max_bytes: int = 1_000_000,
    ) -> None: ...
    def mapExtra(self, extra: dict[str, Any]) -> Mapping[str, Any]: ...
    def mapLogRecord(self, record: logging.LogRecord) -> dict[str, Any]: ...
