"""
What the schemas have in common: a formatter that arranges extras.

Extras are arranged by their names.  Schema.mapExtra() does that where it
takes no more than a look at plain values.  Else it leaves them as they
are to mapLogRecord(), which has them as data: there they fight back no
longer, and one can join the object of a field.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import traceback
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from ..formatters import JSONFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from typing import Any

__all__ = ["ALIASES", "IDS", "KEPT", "Late", "MAX_NAME", "NOISE", "Raw",
           "RAW", "Schema", "Slow", "SlowNumber", "as_constants", "check",
           "clean", "cut", "free", "is_noise", "is_nothing", "is_scalar",
           "is_tame_name", "level_of", "limited", "merge", "otel_resource",
           "tidy"]

# The key of extras that mapExtra() leaves to mapLogRecord().
RAW = "extra\0"
# Keys that are JSONFormatter's own in every line.
KEPT = ("exception", "stack", "degraded")
# A record can have an attribute of any name that somebody knows.
_SECRET = os.urandom(8).hex()

LONG = 5000             # characters; what is longer is looked at as data
_MAX_TERM = 32000       # bytes of a text with its path; Lucene's are 32766
MAX_NAME = 250          # characters
_MAX_NOTES = 10
_ROOM = 500             # values in a container that is looked at as it is

# What keys must not have: the first three by the specification of ECS
# loggers, NUL by Elasticsearch.
_UNCLEAN = re.compile(r"[.*\\\0]")
# A surrogate is printed with a backslash.
_ODD = re.compile(r"[.*\\\0\ud800-\udfff]|\A\s*\Z")

# Attributes that libraries put on records, and what they hold.
ALIASES = {
    "otelTraceID": "trace.id", "otelSpanID": "span.id",
    "otelServiceName": "service.name", "otelTraceSampled": "trace_sampled",
    "elasticapm_trace_id": "trace.id", "elasticapm_span_id": "span.id",
    "elasticapm_transaction_id": "transaction.id",
    "elasticapm_service_name": "service.name",
    "elasticapm_service_environment": "service.environment",
    "trace_id": "trace.id", "span_id": "span.id",
    "transaction_id": "transaction.id",
}
IDS = {"trace.id", "span.id", "transaction.id"}
# What they put there for no log: uvicorn's message with colours, Elastic
# APM's labels; and a "request" that is a live object of such a package.
NOISE = {"color_message", "elasticapm_labels"}
_LIVE = {"django", "rest_framework", "socket"}


# What is text in every schema, but not in JSONFormatter.
_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)


class Slow(str):
    """Text that only the plain core knows how to print."""


class SlowNumber(int):
    """A number that only the plain core knows how to print."""

    __slots__ = ()      # else stubtest takes it for a base with a layout


class Raw(dict[str, object]):
    """A dict that only the plain core knows how to print."""


class Late:
    """
    A method that overrides another, but not for usual records.

    JSONFormatter looks at a class for what is overridden, to tell whether
    records can be formatted the fast way, and at a formatter for what to
    call when one cannot.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self.method = method

    def __get__(self, obj: Any, cls: type | None = None) -> Any:
        if obj is None:
            return getattr(JSONFormatter, self.method.__name__)
        return self.method.__get__(obj, cls)


class Schema(JSONFormatter):
    """
    A JSONFormatter with the fields of a schema, which has its extras
    arranged.

    *fields* is a fmt, with constants as tuples of one.  Of the options of
    JSONFormatter *fmt* and *datefmt* have to be None: a schema has its
    own.  *defaults* are constants, arranged as extras are.
    """

    # Attributes that are None if a record lacks them.
    _optional: Sequence[str] = ()

    def __init__(self, fields: dict[str, Any], fmt: None = None,
                 datefmt: None = None, style: Any = "%",
                 validate: bool = True, *,
                 defaults: Mapping[str, Any] | None = None,
                 **options: Any) -> None:
        allowed = "None, as a schema has its own"
        check("fmt", fmt, allowed, not fmt, ValueError)
        check("datefmt", datefmt, allowed, not datefmt, ValueError)
        # By item, so that dictConfig's mappings resolve what they hold.
        more = {name: (defaults or {})[name] for name in defaults or ()}
        check("defaults", more, "names and plain data",
              all(map(_is_tame, more, more.values())))
        # Where fields stand, by their dotted names.
        self._own = dict(_places(fields))
        constants = as_constants(self._arrange(more))
        self._own.update(_places(constants))
        merge(fields, constants)
        values: dict[str, Any] = {}
        fields = _without_constants(fields, values)
        # The objects that extras can join.
        self._groups = {key for key, source in fields.items()
                        if isinstance(source, dict)}
        self._keys = {*fields, *KEPT}
        super().__init__(fields, None, style, validate, defaults={
            **dict.fromkeys(self._optional), **values}, extra=True, **options)

    def mapExtra(self, extra: dict[str, Any]) -> Mapping[str, Any]:
        """
        Return *extra* arranged, or as it is for mapLogRecord() to do it.

        An override gives this what it has made of *extra*, and returns
        what it gets.
        """
        try:
            extra = {name: value for name, value in extra.items()
                     if not is_noise(name, value)}
            if all(map(_is_tame, extra, extra.values())):
                arranged = self._arrange(extra)
                if self._groups.isdisjoint(arranged):
                    return arranged
        except Exception:       # another thread may change what is read
            pass
        return {RAW: Raw({
            name: str(value) if type(value) in _ADDRESSES else value
            for name, value in extra.items()})}

    @Late
    def mapLogRecord(self, record: logging.LogRecord) -> dict[str, Any]:
        data = JSONFormatter.mapLogRecord(self, record)
        notes = [note.replace(RAW + ".", "").replace(RAW, "extra")
                 for note in data.pop("degraded", ())]
        extra = data.pop(RAW, {})
        arranged = self._complete(data, extra, notes, record)
        for name, value in arranged.items():
            joins = name in self._groups and type(value) is dict
            if name.rstrip("_") in self._keys and not joins:
                name += "_"
            merge(data, {name: value})
        if notes:
            data["degraded"] = notes[:_MAX_NOTES]
        return data

    def _arrange(self, extra: dict[str, Any],
                 notes: list[str] | None = None) -> dict[str, Any]:
        """
        Return what is printed of *extra*, which holds plain data.

        What has to be cut is added to *notes*; without them nothing has.
        """
        return extra

    def _complete(self, data: dict[str, Any], extra: dict[str, Any],
                  notes: list[str], record: logging.LogRecord
                  ) -> dict[str, Any]:
        """Complete *data*, that of the fields; return *extra* arranged."""
        return self._arrange(extra, notes)


def check(option: str, value: object, allowed: str, good: bool,
          error: type[Exception] = TypeError) -> None:
    """Raise *error* unless *value*, given for *option*, is *good*."""
    if not good:
        raise error("%s must be %s, not %r" % (option, allowed, value))


def merge(data: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add *more* to *data*, objects to objects; what is there stays."""
    for key, value in more.items():
        if type(value) is dict and type(data.get(key)) is dict:
            merge(data[key], value)
        else:
            data[free(key, data)] = value


def free(key: str, taken: Collection[str]) -> str:
    """Return *key*, with what makes it another one than those *taken*."""
    for _ in range(10):
        if key not in taken:
            return key
        key += "_"
    # Of many that collide each one has to be found in no time.
    key += str(len(taken))
    while key in taken:
        key += "_"
    return key


def _places(fields: Mapping[str, Any], path: tuple[str, ...] = ()
            ) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield dotted names and paths of the leaves of *fields*."""
    for key, source in fields.items():
        if isinstance(source, dict):
            yield from _places(source, (*path, key))
        else:
            yield ".".join((*path, key)), (*path, key)


def as_constants(data: dict[str, Any]) -> dict[str, Any]:
    """Return *data* with its leaves as constants of fields."""
    return {key: as_constants(value) if type(value) is dict else (value,)
            for key, value in data.items()}


def _without_constants(fields: Mapping[str, Any], values: dict[str, Any],
                       path: str = _SECRET) -> dict[str, Any]:
    """
    Return *fields* with names of attributes in place of constants, whose
    values are added to *values*.  None, and what is empty, is left out.
    """
    made: dict[str, Any] = {}
    for key, source in fields.items():
        name = "%s.%s" % (path, key)
        if source == (None,):
            continue
        if isinstance(source, tuple):
            values[name], source = source[0], name
        elif isinstance(source, dict):
            source = _without_constants(source, values, name)
        if source:
            made[key] = source
    return made


def is_noise(name: Any, value: Any) -> bool:
    """Tell whether an extra is a library's, and not for a log."""
    if name != "request":
        return name in NOISE
    try:
        return any([cls.__module__.partition(".")[0] in _LIVE
                    for cls in type(value).__mro__])
    except Exception:       # a metaclass may do anything
        return False


def _is_tame(name: Any, value: Any) -> bool:
    """
    Tell whether an extra can be arranged as it is.

    It is plain data that JSONFormatter prints without a second look.
    """
    return (type(name) is str and len(name) <= MAX_NAME
            and is_tame_name(name) and _is_plain(value, _ROOM))


# Tells whether a name, but for its dots, is printed as it is.
is_tame_name = lru_cache(4096)(
    lambda name: not _ODD.search(name.replace(".", "_")))


def is_scalar(value: Any) -> bool:
    """Tell whether *value* is one that has no surprise."""
    cls = type(value)
    if cls is str:
        return len(value) <= LONG
    if cls is int:
        return bool(-2**63 <= value < 2**63)
    if cls is float:
        return bool(value - value == 0.0)
    return value is None or cls is bool


def _is_plain(value: Any, room: int) -> bool:
    """Tell whether *value*, of less than *room* values, has no surprise."""
    cls = type(value)
    if cls is dict or cls is list or cls is tuple:
        room //= len(value) + 1
        if room == 0 or cls is dict and not all([
                type(key) is str and len(key) <= MAX_NAME
                and not _ODD.search(key) for key in value]):
            return False
        return all([_is_plain(item, room) for item in (
            value.values() if cls is dict else value)])
    return is_scalar(value)


def clean(name: str) -> str:
    """Return *name* as Elasticsearch takes it in an object."""
    name = _UNCLEAN.sub("_", name)
    return "_" if not name or name.isspace() else name


def tidy(value: Any, path: str, notes: list[str]) -> Any:
    """
    Return plain data *value* as Elasticsearch takes it at *path*.

    Keys are cleaned, keys and texts cut to what a term may have.
    """
    if type(value) is dict:
        made: dict[str, Any] = {}
        for key, item in value.items():
            key = free(clean(cut(key, MAX_NAME, path, notes)), made)
            made[key] = tidy(item, "%s.%s" % (path, key), notes)
        return made
    if type(value) is list:
        return [tidy(item, path, notes) for item in value]
    if type(value) is str and len(value) > LONG // 2:
        return cut(value, _MAX_TERM - len(path.encode()), path, notes)
    return value


def cut(text: str, most: int, path: str, notes: list[str]) -> str:
    """Return *text* cut to *most* bytes, as JSONFormatter cuts."""
    data, half = text.encode(), most // 2 - 10
    if len(data) <= most:
        return text
    begin = data[:half].decode(errors="ignore")
    end = data[-half:].decode(errors="ignore")
    mark = "!CUT %d" % (len(text) - len(begin) - len(end))
    notes.append("%s: %s" % (path[:100], mark))
    return begin + mark + end


def is_nothing(value: Any) -> bool:
    """Tell whether an id says that there is none."""
    return not value or type(value) is str and not value.strip("0")


def otel_resource(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the resource that OpenTelemetry's variables describe."""
    found: dict[str, str] = {}

    def known(name: str) -> str:    # a byte that is no UTF-8 is its escape
        return environ.get(name, "").encode(
            errors="backslashreplace").decode()
    for item in known("OTEL_RESOURCE_ATTRIBUTES").split(","):
        key, _, value = item.partition("=")
        found[unquote(key).strip()] = unquote(value).strip()
    found["service.name"] = (known("OTEL_SERVICE_NAME")
                             or found.get("service.name", ""))
    return {key: value for key, value in found.items()
            if key and key.isprintable() and value}


def level_of(record: logging.LogRecord) -> str:
    """Return the level of *record*."""
    return record.levelname.lower()


def limited(info: Any, limit: int) -> str | None:
    """Return the text of an exception, with *limit* frames of each."""
    if isinstance(info, BaseException):
        info = type(info), info, info.__traceback__
    try:
        text = "".join(traceback.format_exception(*info, limit=limit))
        text = text.rstrip("\n")
        return text.encode(errors="backslashreplace").decode()
    except Exception:
        return None
