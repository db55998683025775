"""
Output formats that log platforms expect, each a JSONFormatter.

A schema says which fields of a record stand where, and is mostly data:

ECSFormatter        Elastic Common Schema
StdlibFormatter     what ecs_logging.StdlibFormatter prints
LogstashFormatter   Logstash's own, as its encoder for Logback prints it
GELFFormatter       Graylog Extended Log Format
GCPFormatter        structured logging of Google Cloud
OTelFormatter       the log data model of OpenTelemetry

register() lets PYTHON_LOGGING_FORMAT name them.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import socket
from collections.abc import Mapping
from weakref import ref

from ._ecs_fields import Arrangement, above, fits, usual_place
from ._ecs_types import FIELDS, VERSION
from ._schema import (ALIASES, IDS, KEPT, MAX_NAME, Schema, Slow, SlowNumber,
                      as_constants, check, free, is_noise, is_nothing,
                      is_scalar, level_of, limited, otel_resource)
from .ecs_logging import StdlibFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["ECSFormatter", "FORMATS", "GCPFormatter", "GELFFormatter",
           "LogstashFormatter", "OTelFormatter", "StdlibFormatter",
           "register"]


def _level_or_exception(record: logging.LogRecord) -> str:
    """Return the level, so that mapLogRecord() sees all exceptions."""
    level, found = level_of(record), record.__dict__.get
    return Slow(level) if found("exc_info") or found("exc_text") else level


def _exception_alone(record: logging.LogRecord) -> str | None:
    """Do what _level_or_exception() does, where no level is printed."""
    found = _level_or_exception(record)
    return found if type(found) is Slow else None


def _sequence(record: logging.LogRecord) -> int:
    """Return the number of *record* among those of this process."""
    # Handlers print a record one after another: it keeps its number.
    # References to it are one object as long as there is one.
    global _last
    known, key = _last, ref(record)
    if known[0] is not key:
        _last = known = key, next(_numbers)
    return known[1]


_numbers = itertools.count(1)
_last: tuple[Any, int] = None, 0    # replaced as a whole: threads share it


class ECSFormatter(Schema):
    """
    Prints the Elastic Common Schema; "ecs.version" says which.

    *service_name*, *service_version*, *service_environment* and
    *service_node_name* say whose lines these are.  What is None is taken
    from OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.  *event_dataset*
    is the service's name if it is None.  *origin*, *process* and
    *event_original* say whether log.origin, process and event.original
    are printed.  *stack_trace_limit* is traceback's limit of frames; 0
    leaves them out.  *exclude_fields* are dotted names of fields, objects
    and extras that are left out.

    Extras that are fields of ECS, by their dotted or nested names and by
    their types, become objects.  All others stand under the key *extra*,
    at top level if it is true, or are left out if it is false.  The
    other options are those of JSONFormatter.
    """

    def __init__(self, fmt: None = None, datefmt: None = None,
                 style: Any = "%", validate: bool = True, *,
                 service_name: str | None = None,
                 service_version: str | None = None,
                 service_environment: str | None = None,
                 service_node_name: str | None = None,
                 event_dataset: str | None = None, origin: bool = True,
                 process: bool = True, event_original: bool = False,
                 stack_trace_limit: int | None = None,
                 exclude_fields: Sequence[str] = (),
                 extra: bool | str = "labels", **options: Any) -> None:
        check("exclude_fields", exclude_fields, "a sequence of str",
              not isinstance(exclude_fields, str) and all(
                  [isinstance(name, str) for name in exclude_fields]))
        check("stack_trace_limit", stack_trace_limit, "an int or None",
              type(stack_trace_limit) in (int, type(None)))
        check("extra", extra, "a bool or a str", type(extra) in (bool, str))
        keys = {name.partition(".")[0] for name in FIELDS} - {"labels"}
        check("extra", extra, "a key that is no field's",
              str(extra).partition(".")[0] not in {"", *KEPT, *keys},
              ValueError)
        found = otel_resource(os.environ)

        def known(value: str | None, *names: str) -> tuple[str | None]:
            check(names[0], value, "a str or None",
                  type(value) in (str, type(None)))
            return (value or next(filter(None, map(found.get, names)), None),)
        name = known(service_name, "service.name")
        dataset = known(event_dataset, "event.dataset")[0] or name[0] or ""
        # As the specification of ECS loggers wants it.
        dataset = re.sub(r'[\\/*?"<>| ,#:-]', "_", dataset.lower())[:100]
        limits = stack_trace_limit not in (None, 0)
        fields = {
            "@timestamp": "asctime",
            "log.level": level_of,
            "message": "message", "ecs.version": (VERSION,),
            "log": {"logger": "name", "origin": origin and {
                "file": {"name": "filename", "line": "lineno"},
                "function": "funcName"}},
            "process": process and {
                "pid": "process", "name": "processName",
                "thread": {"id": "thread", "name": "threadName"}},
            "error": {"type": "exc_type", "message": "exc_message",
                      "stack_trace": stack_trace_limit != 0 and "exc_text"},
            "service": {
                "name": name,
                "version": known(service_version, "service.version"),
                "environment": known(
                    service_environment, "deployment.environment.name",
                    "deployment.environment"),
                "node": {"name": known(service_node_name,
                                       "service.instance.id")}},
            "event": {
                "dataset": (dataset or None,), "sequence": _sequence,
                "original": event_original and "message"},
        }
        self._excluded = frozenset(exclude_fields)
        self._limit, self._others = stack_trace_limit, extra
        fields = self._chosen(fields)
        self._names_service = "service" in fields
        # What these two tell of an exception is needed, if not printed.
        self._hidden = {"log.level", "error"} - fields.keys()
        watched = limits or "error" in self._hidden
        if "log.level" not in self._hidden:
            fields["log.level"] = _level_or_exception if watched else level_of
        elif watched:
            fields["log.level"] = _exception_alone
        fields.setdefault("error", {"type": "exc_type"})
        super().__init__(fields, fmt, datefmt, style, validate, **options)
        # The place of a stack too, which is no exception's.
        self._own["error.stack_trace"] = "error", "stack_trace"

    def mapExtra(self, extra: dict[str, Any]) -> Mapping[str, Any]:
        """
        Return *extra* arranged, or as it is for mapLogRecord() to do it.

        An override gives this what it has made of *extra*, and returns
        what it gets.
        """
        made: dict[str, Any] = {}
        others: dict[str, Any] = {}
        try:
            # Most extras are one of few values, and have no surprise.
            for name, value in extra.items():
                found = len(name) <= MAX_NAME and usual_place(
                    name, self._others, self._excluded)
                if not found or not is_scalar(value) or name in self._own:
                    break
                (*path, key), fits_here = found
                place = others if fits_here is is_scalar else made
                for part in path:
                    place = place.setdefault(part, {})
                if key in place or not fits_here(value):
                    break
                place[key] = value
            else:
                made.update(others)
                if self._groups.isdisjoint(made):
                    return made
        except Exception:       # it is looked at again
            pass
        return super().mapExtra(extra)

    def _chosen(self, fields: Mapping[str, Any],
                path: str = "") -> dict[str, Any]:
        """Return those of *fields* that are not empty or excluded."""
        made = {}
        for key, source in fields.items():
            if isinstance(source, dict):
                source = self._chosen(source, path + key + ".")
            if (source and source != (None,)
                    and not self._excludes(path + key)):
                made[key] = source
        return made

    def _excludes(self, name: str) -> bool:
        """Tell whether the dotted *name* is one that is left out."""
        return bool(self._excluded) and not self._excluded.isdisjoint(
            above(name))

    def _arrange(self, extra: dict[str, Any],
                 notes: list[str] | None = None) -> dict[str, Any]:
        made = Arrangement(self._own, self._others, self._excludes, notes)
        for name, value in extra.items():
            alias = ALIASES.get(name, name)
            if name == "otelTraceSampled" or alias[:8] == "service." and (
                    alias != name and (self._names_service or not value)):
                continue        # ECS has no such field, or it is known
            made.add(alias, value, name)
        for key, others in made.others.items():
            made.fields.setdefault(key, {}).update(others)
        return made.fields

    def _complete(self, data: dict[str, Any], extra: dict[str, Any],
                  notes: list[str], record: logging.LogRecord
                  ) -> dict[str, Any]:
        for name in self._hidden:
            data.pop(name, None)
        stack, trace = data.pop("stack", None), data.get("error", {}).get(
            "stack_trace")
        if (self._limit and isinstance(trace, str)
                and trace[:2] not in ("!C", "!E")):     # JSONFormatter's own
            info = record.__dict__.get("exc_info")
            trace = limited(info, self._limit) or trace
        if isinstance(stack, str):      # after the exception, as in logging
            trace, stack = "%s\n%s" % (trace, stack) if trace else stack, None
        if trace and not self._excludes("error.stack_trace"):
            data.setdefault("error", {})["stack_trace"] = trace
        extra = {**extra, **({"stack_info": stack} if stack else {})}
        for name, (*path, key) in self._own.items():
            place = data
            for part in path:
                place = place.get(part, {})
            if name in FIELDS and key in place and not fits(
                    name, place[key]):
                value = _take(data, [*path, key])
                if value is not None:
                    extra[free(name, extra)] = value
        return self._arrange(extra, notes)


def _take(data: dict[str, Any], path: Sequence[str]) -> Any:
    """Take what is at *path* out of *data*, with what it leaves empty."""
    key, *path = path
    if not path:
        return data.pop(key)
    taken = _take(data[key], path)
    if not data[key]:
        del data[key]
    return taken


def _number(record: logging.LogRecord) -> int:
    """Return the number of the level, 0 if there is none."""
    level = getattr(record, "levelno", 0)
    return level if type(level) is int else 0


def _by_level(record: logging.LogRecord,
              table: Sequence[tuple[int, Any]]) -> Any:
    """Return what *table* has for the level of *record*, or next to it."""
    number = _number(record)
    return next((value for level, value in table if number >= level),
                table[-1][1])


class LogstashFormatter(Schema):
    """
    Prints Logstash's event, version 1, as its encoder for Logback does.

    Extras stand under the key *extra*, at top level if it is true, or are
    left out if it is false.  The other options are those of
    JSONFormatter, but for *fmt* and *datefmt*.
    """

    def __init__(self, fmt: None = None, datefmt: None = None,
                 style: Any = "%", validate: bool = True, *,
                 extra: bool | str = True, **options: Any) -> None:
        super().__init__({
            "@timestamp": "asctime", "@version": ("1",), "message": "message",
            "logger_name": "name", "thread_name": "threadName",
            "level": "levelname", "level_value": _level_value,
            "stack_trace": "exc_text", "stack_info": "stack_info",
        }, fmt, datefmt, style, validate, **options)
        check("extra", extra, "a bool or a str", type(extra) in (bool, str))
        check("extra", extra, "a key that no field has",
              extra not in {"", *self._keys}, ValueError)
        self.extra = extra

    def mapExtra(self, extra: dict[str, Any]) -> Mapping[str, Any]:
        """Return *extra* without what libraries attach for themselves."""
        return {name: value for name, value in extra.items()
                if not is_noise(name, value)}


def _level_value(record: logging.LogRecord) -> int:
    return _number(record) * 1000   # Logback's INFO is 20000


class GELFFormatter(Schema):
    """
    Prints the Graylog Extended Log Format 1.1.

    *host* is the name of this host by default.  Extras get the names that
    additional fields may have; what is no text or number is its JSON
    text.  The other options are those of JSONFormatter, but for *fmt* and
    *datefmt*.
    """

    def __init__(self, fmt: None = None, datefmt: None = None,
                 style: Any = "%", validate: bool = True, *,
                 host: str | None = None, **options: Any) -> None:
        check("host", host, "a str or None", type(host) in (str, type(None)))
        super().__init__({
            "version": ("1.1",), "host": (host or socket.gethostname(),),
            "short_message": "message", "full_message": "exc_text",
            "timestamp": _epoch, "level": _syslog_level,
            "_level_name": "levelname", "_logger": "name",
            "_file": "pathname", "_line": "lineno", "_function": "funcName",
            "_process_id": "process", "_process_name": "processName",
            "_thread_id": "thread", "_thread_name": "threadName",
            "_exception_type": "exc_type", "_exception_message":
            "exc_message", "_stack_info": "stack_info",
        }, fmt, datefmt, style, validate, **options)

    def _arrange(self, extra: dict[str, Any],
                 notes: list[str] | None = None) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in extra.items():
            name = "_" + re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
            name = free("_id_" if name == "_id" else name, made)
            made[name] = (value if type(value) in (str, int, float)
                          else json.dumps(value))
        return made

    def _complete(self, data: dict[str, Any], extra: dict[str, Any],
                  notes: list[str], record: logging.LogRecord
                  ) -> dict[str, Any]:
        # Graylog refuses what is empty, and what is no text.
        data["short_message"] = data.get("short_message") or "-"
        if type(data.get("full_message", "")) is not str:
            data["full_message"] = json.dumps(data["full_message"])
        return self._arrange(extra, notes)


def _epoch(record: logging.LogRecord) -> float:
    return round(record.created + 0.0, 6)


def _syslog_level(record: logging.LogRecord) -> int:
    level: int = _by_level(record, _SYSLOG)
    message, args = map(record.__dict__.get, ("msg", "args"))
    # What does not begin with an argument is not empty.
    sure = type(message) is str and message and (
        message[0] != "%" or type(args) is tuple and not args)
    return level if sure else SlowNumber(level)


_SYSLOG = ((70, 0), (60, 1), (50, 2), (40, 3), (30, 4), (25, 5), (20, 6),
           (0, 7))


class GCPFormatter(Schema):
    """
    Prints structured logging of Google Cloud.

    *project* is the id of the project that traces are of, by default what
    GOOGLE_CLOUD_PROJECT says.  *service* and *version* are for Error
    Reporting, by default what Cloud Run says in K_SERVICE and K_REVISION.
    Extras are at top level, but for "labels", "http_request" and what
    libraries tell of the trace.  The other options are those of
    JSONFormatter, but for *fmt* and *datefmt*.
    """

    def __init__(self, fmt: None = None, datefmt: None = None,
                 style: Any = "%", validate: bool = True, *,
                 project: str | None = None, service: str | None = None,
                 version: str | None = None, **options: Any) -> None:
        self.project = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
        service = service or os.environ.get("K_SERVICE") or None
        version = version or os.environ.get("K_REVISION") or None
        super().__init__({
            "severity": _severity, "time": "asctime", "message": "message",
            "logger": "name", _GCP + "sourceLocation": {
                "file": "pathname", "line": _line, "function": "funcName"},
            "serviceContext": {"service": (service,), "version": (version,)},
            "stack_trace": "exc_text", "stack_info": "stack_info",
        }, fmt, datefmt, style, validate, **options)

    def _arrange(self, extra: dict[str, Any],
                 notes: list[str] | None = None) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in extra.items():
            alias = ALIASES.get(name, name)
            if alias in IDS and is_nothing(value):
                continue
            key, kind = _GCP_NAMES.get(alias, (name, type(value)))
            if type(value) is not kind:
                key = name
            elif key in _GCP_RESERVED:
                key += "_"
            elif alias == "trace.id" and self.project:
                value = "projects/%s/traces/%s" % (self.project, value)
            elif alias == "labels":
                value = {key: item if type(item) is str else json.dumps(item)
                         for key, item in value.items()}
            made[free(key, made)] = value
        return made


_GCP = "logging.googleapis.com/"
# What Google names otherwise, and of which type it has to be.
_GCP_NAMES: dict[str, tuple[str, Any]] = {
    "labels": (_GCP + "labels", dict), "http_request": ("httpRequest", dict),
    "trace.id": (_GCP + "trace", str), "span.id": (_GCP + "spanId", str),
    "trace_sampled": (_GCP + "trace_sampled", bool)}
# What Google's agent reads as a record's time or severity.
_GCP_RESERVED = {"timestamp", "timestampSeconds", "timestampNanos"}
_SEVERITIES = ((70, "EMERGENCY"), (60, "ALERT"), (50, "CRITICAL"),
               (40, "ERROR"), (30, "WARNING"), (25, "NOTICE"), (20, "INFO"),
               (10, "DEBUG"), (0, "DEFAULT"))


def _severity(record: logging.LogRecord) -> str:
    severity: str = _by_level(record, _SEVERITIES)
    return severity


def _line(record: logging.LogRecord) -> str:
    return str(record.lineno)       # int64 of Google's JSON is a string


class OTelFormatter(Schema):
    """
    Prints the log data model of OpenTelemetry as a JSON object.

    The names are those of the Python SDK's JSON and of the specification
    of trace context in formats other than OTLP.  *resource* is a mapping
    of attributes, by default what OTEL_SERVICE_NAME and
    OTEL_RESOURCE_ATTRIBUTES say.  Extras are attributes.  The other
    options are those of JSONFormatter, but for *fmt* and *datefmt*.
    """

    def __init__(self, fmt: None = None, datefmt: None = None,
                 style: Any = "%", validate: bool = True, *,
                 resource: Mapping[str, Any] | None = None,
                 timespec: str = "microseconds", **options: Any) -> None:
        given: Any = (otel_resource(os.environ) if resource is None
                      else resource)
        check("resource", given, "a mapping of names",
              isinstance(given, Mapping)
              and all([type(name) is str and name.isprintable()
                       for name in given]))
        super().__init__({
            "timestamp": "asctime", "severity_number": _severity_number,
            "severity_text": "levelname", "body": "message",
            "attributes": {
                "code.file.path": "pathname", "code.line.number": "lineno",
                "code.function.name": "funcName", "process.pid": "process",
                "thread.id": "thread", "thread.name": "threadName",
                "exception.type": "exc_type", "exception.message":
                "exc_message", "exception.stacktrace": "exc_text",
                "code.stacktrace": "stack_info"},
            "instrumentation_scope": {"name": "name"},
            "resource": {"attributes": as_constants({**given})},
        }, fmt, datefmt, style, validate, timespec=timespec, **options)

    def _arrange(self, extra: dict[str, Any],
                 notes: list[str] | None = None) -> dict[str, Any]:
        made: dict[str, Any] = {}
        attributes: dict[str, Any] = {}
        for name, value in extra.items():
            alias = ALIASES.get(name, name)
            if alias in IDS and is_nothing(value):
                continue
            key = {"trace.id": "trace_id", "span.id": "span_id",
                   "trace_sampled": "trace_flags"}.get(alias)
            if key == "trace_flags":
                value = "01" if value else "00"
            place = (made if key and key not in made and type(value) is str
                     else attributes)
            place[free(key or alias or name, place)] = value
        return {**made, "attributes": attributes} if attributes else made


def _severity_number(record: logging.LogRecord) -> int:
    """Return the SeverityNumber, as OpenTelemetry's SDK for Python does."""
    number = _number(record)
    tens = min(number, 50) // 10
    if tens < 1:
        return int(number > 0)      # TRACE, or unspecified
    return tens * 4 + 1 + min(number - tens * 10, 3)


FORMATS = {"ecs": ECSFormatter, "ecs-logging": StdlibFormatter,
           "gcp": GCPFormatter, "gelf": GELFFormatter,
           "logstash": LogstashFormatter, "otel": OTelFormatter}


def register() -> None:
    """Let PYTHON_LOGGING_FORMAT name these formats."""
    from ..config import (  # type: ignore[import-not-found,unused-ignore]
        registerFormat)
    for name, cls in FORMATS.items():
        registerFormat(name, cls)
