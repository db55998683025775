"""
A drop-in for ecs_logging.StdlibFormatter, of Elastic's ecs-logging.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping, Sequence

from ..formatters import JSONFormatter
from ._ecs_fields import above
from ._schema import (ALIASES, RAW, Late, Raw, Schema, Slow, check, clean,
                      free, limited)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["StdlibFormatter"]

_MAX_FLAT = 10_000
# Before 3.12 this attribute is an extra, but not to JSONFormatter.
_TASK = {"taskName"} - logging.makeLogRecord({}).__dict__.keys()
# Names that ecs_logging takes for a record's own, and does not print.
_METHODS = {*dir(logging.LogRecord)}


class StdlibFormatter(Schema):
    """
    Prints what ecs_logging.StdlibFormatter of *version* prints.

    *version* is "2.3.0" or "2.1.0", which nests "ecs.version".  The other
    parameters are ecs_logging's.  The line is the same, byte for byte,
    where that one is strict JSON.  But the time is that of the record's
    *created* alone; the text of an exception with a cause, notes or
    members is traceback's, and an exc_text without an exception is
    printed; what ecs_logging fails on is printed, what has no place under
    "labels".
    """

    _optional = ("name", "filename", "lineno", "funcName", "process",
                 "processName", "thread", "threadName")

    def __init__(self, fmt: str | None = None, datefmt: str | None = None,
                 style: str = "%", validate: bool | None = None,
                 stack_trace_limit: int | None = None,
                 extra: dict[str, Any] | None = None,
                 exclude_fields: Any = (),
                 ensure_ascii: bool = True, *,
                 version: str = "2.3.0") -> None:
        checked: Any = style
        logging.Formatter(fmt, datefmt, checked, validate is None or validate)
        check("stack_trace_limit", stack_trace_limit, "None or an int",
              isinstance(stack_trace_limit, (int, type(None))))
        check("stack_trace_limit", stack_trace_limit, "0 or more",
              (stack_trace_limit or 0) >= 0, ValueError)
        check("exclude_fields", exclude_fields, "a sequence of str",
              isinstance(exclude_fields, Sequence)
              and not isinstance(exclude_fields, str) and all(
                  [isinstance(name, str) for name in exclude_fields]))
        check("version", version, "2.1.0 or 2.3.0",
              version in ("2.1.0", "2.3.0"), ValueError)
        self._more, self._excluded = extra, frozenset(exclude_fields)
        self._limit = stack_trace_limit
        stock = type(self).format_to_ecs is StdlibFormatter.format_to_ecs
        self._nests_version = version == "2.1.0"
        super().__init__({
            "@timestamp": "asctime", "log.level": _level_or_more
            if stock and not extra and not exclude_fields else _level_slowly,
            "message": "message",
            **({"ecs": {"version": ("1.6.0",)}} if self._nests_version
               else {"ecs.version": ("1.6.0",)}),
            "error": {"message": "exc_message", "stack_trace": "exc_text",
                      "type": "exc_type"},
            "log": {"logger": "name", "origin": {
                "file": {"line": "lineno", "name": "filename"},
                "function": "funcName"}, "original": "message"},
            "process": {"name": "processName", "pid": "process", "thread": {
                "id": "thread", "name": "threadName"}},
        }, default=_as_structlog, ensure_ascii=bool(ensure_ascii))

    def mapExtra(self, extra: dict[str, Any]) -> Mapping[str, Any]:
        """Return *extra*, flat, for format_to_ecs()."""
        flat: dict[str, Any] = {}
        try:
            for name, value in _flat({
                    name: value for name, value in extra.items()
                    if name not in _METHODS}):
                flat[free(name, flat)] = value
                if len(flat) > _MAX_FLAT:
                    raise ValueError
        except Exception:       # of a hostile mapping
            flat = extra
        result: dict[str, Any] = {RAW: Raw(flat)} if flat else {}
        return result

    def format_to_ecs(self, record: logging.LogRecord) -> dict[str, Any]:
        """
        Return the data of the line of *record*.

        An override, as ecs_logging has them, may return any mapping.
        """
        data = JSONFormatter.mapLogRecord(self, record)
        notes = [note.replace(RAW + ".", "") for note in data.pop(
            "degraded", ()) if not self._is_of_excluded(note)]
        extra, message = data.pop(RAW, {}), data.pop("message")
        data["log.level"] = data.get("log.level") or None
        self._mend_error(data, data.pop("stack", None), record)
        result: dict[str, Any] = {}
        for name, place in self._own.items():
            value: Any = data
            for part in place:
                value = value.get(part) if type(value) is dict else None
            # Its dot means nothing since 2.2.0.
            literal = name == "ecs.version" and not self._nests_version
            path = [name] if literal else name.split(".")
            if value is not None and self._excluded.isdisjoint(above(name)):
                _nest(result, path, _in_order(value))
        for name, value in self._as_data(self._more or {}).items():
            if value is not None or "." in name:
                _nest(extra, name.split("."), value)
        task = self.mapExtra({name: record.__dict__.get(name)
                              for name in _TASK}).get(RAW, {})
        for name, value in self._as_data(task).items():
            extra.setdefault(name, value)
        for name in [*filter(ALIASES.get, extra)]:
            if name[:10] == "elasticapm":
                extra.setdefault(ALIASES[name], extra.pop(name))
        for name, value in extra.items():
            if (not name.startswith("elasticapm_labels.")
                    and self._excluded.isdisjoint(above(name))):
                path = name.split(".")
                if path[0].rstrip("_") == "degraded":   # is not for callers
                    path[0] += "_"
                _nest(result, path, value)
        if "message" not in self._excluded:
            result.setdefault("message", message)
        if notes:
            result["degraded"] = notes[:10]     # as JSONFormatter does
        return result

    @Late
    def mapLogRecord(self, record: logging.LogRecord) -> dict[str, Any]:
        data = self.format_to_ecs(record)
        if type(self).format_to_ecs is not StdlibFormatter.format_to_ecs:
            data = self._as_data(data)
        notes = data.pop("degraded", None)
        log = data.get("log")
        if type(log) is dict and "level" in log:
            data["log.level"] = log.pop("level")
            if not log:
                del data["log"]
        data = _sorted(data)
        made: dict[str, Any] = {
            name: data.pop(name) for name in (
                "@timestamp", "log.level", "message") if name in data}
        made.update(data)
        return {**made, "degraded": notes} if notes else made

    def _is_of_excluded(self, note: str) -> bool:
        """Tell whether a *note* is of what is not printed."""
        note = note.replace(RAW + ".", "")
        return any([note.startswith(name) and note[len(name):][:1] in ".[:"
                    for name in self._excluded])

    def _as_data(self, value: Any) -> dict[str, Any]:
        """Return the mapping *value* as plain data."""
        made = JSONFormatter(["data"], default=self.default).mapLogRecord(
            logging.makeLogRecord({"data": value}))
        return made["data"] if type(made["data"]) is dict else made

    def _mend_error(self, data: dict[str, Any], stack: Any,
                    record: logging.LogRecord) -> None:
        """Make the error in *data* what ecs_logging makes it."""
        error, limit = data.setdefault("error", {}), self._limit
        info, trace = record.__dict__.get("exc_info"), error.get("stack_trace")
        try:
            if type(info) is tuple and info[0] is not None:
                error["type"] = str(info[0].__name__)
                if not info[1]:
                    del error["message"]
                if limit == 0:
                    trace = None
                elif _is_compound(info[1]):
                    trace = limited(info, limit) if limit else trace
                else:
                    trace = "".join(traceback.format_tb(info[2], limit))
            trace = trace or None
            if trace is None and record.__dict__.get("stack_info"):
                trace = str(record.stack_info)
        except Exception:       # of a hostile object: it stays as it is
            trace = trace or stack
        error["stack_trace"] = trace.encode(
            errors="backslashreplace").decode() if isinstance(
                trace, str) else None


def _is_compound(error: BaseException) -> bool:
    """Tell whether an exception has a cause, notes or members."""
    return (error.__cause__ is not None or hasattr(error, "__notes__")
            or hasattr(error, "exceptions"))


def _as_structlog(obj: Any) -> Any:
    """Return what ecs_logging prints of what json cannot."""
    try:
        return obj.__structlog__()
    except AttributeError:
        return repr(obj)


def _flat(data: Mapping[Any, Any], path: str = ""
          ) -> Iterator[tuple[Any, Any]]:
    """Yield all that mappings in *data* hold, with dots in its name."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        elif value is not None:
            yield f"{path}{key}" if path else key, _in_order(value)


def _in_order(value: Any, room: int = 100_000) -> Any:
    """Return *value*, with the dicts in it in the order of their keys."""
    if not isinstance(value, (dict, list, tuple)):
        return value
    room //= len(value) + 1
    try:
        if not isinstance(value, dict):
            return [_in_order(item, room) for item in value if room] or value
        return {key: _in_order(item, room)
                for key, item in sorted(value.items()) if room} or value
    except Exception:       # keys have no order, or worse
        return value


def _nest(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put *value* at *path* in *data*, or with the labels if it cannot."""
    place = data
    for part in path[:-1]:
        place = place.setdefault(part, {})
        if type(place) is not dict:
            break
    else:
        if type(value) is dict and type(place.get(path[-1])) is dict:
            for key, item in value.items():
                _nest(data, [*path, key], item)
            return
        # To ecs_logging an empty object is none.
        if place.get(path[-1], {}) == {}:
            place[path[-1]] = value
            return
    labels = "labels"
    while type(data.setdefault(labels, {})) is not dict:
        labels += "_"
    name = free(clean(".".join(path)), data[labels])
    data[labels][name] = value


def _sorted(data: dict[str, Any]) -> dict[str, Any]:
    return {key: _sorted(value) if type(value) is dict else value
            for key, value in sorted(data.items())}


def _level_or_more(record: logging.LogRecord) -> str:
    """Return the level, so that mapLogRecord() sees whatever is special."""
    level, found = record.levelname, record.__dict__.get
    level = level.lower() if level else ""
    special = (found("exc_info") or found("exc_text") or found("stack_info")
               or _TASK and found("taskName") is not None)
    return Slow(level) if special or not level else level


def _level_slowly(record: logging.LogRecord) -> str:
    return Slow(_level_or_more(record))
