"""The formatters that are compared, and what their lines hold.

Every peer is set to print the same as JSONFormatter: time, level,
logger, message, all extras, exception.  What it cannot print is found
by reading a line that it made, so that nothing is claimed here.
"""

import collections
import datetime
import functools
import importlib
import importlib.metadata
import json
import logging

from jsonlogging import ISOFormatter, JSONFormatter
from jsonlogging.contrib.schemas import ECSFormatter

from .records import Records, SHAPES, Shape, warm_error

__all__ = ["ECS", "ELEVEN", "OURS", "PEERS", "PLAIN_CORE", "SAME", "SCHEMAS",
           "Unusable", "describe", "examine", "lacks", "printer", "versions"]

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
ELEVEN = "JSON, 11 fields"
ELEVEN_FIELDS = {
    "timestamp": "asctime", "level": "levelname", "logger": "name",
    "message": "message", "path": "pathname", "line": "lineno",
    "func": "funcName", "pid": "process", "process": "processName",
    "tid": "thread", "thread": "threadName",
}

PEER_PACKAGES = ("python-json-logger", "ecs-logging", "structlog", "loguru",
                 "json-log-formatter", "python-logstash-async", "orjson",
                 "msgspec")

PLAIN_CORE = "JSON, plain core"


def _plain_core():
    """Return a JSONFormatter as it is without _fast.py."""
    formatter = JSONFormatter()
    formatter._fast = None
    return formatter


OURS = {
    "text": lambda: logging.Formatter(TEXT),
    "ISO text": lambda: ISOFormatter(TEXT),
    "JSON": JSONFormatter,
    ELEVEN: lambda: JSONFormatter(ELEVEN_FIELDS),
    PLAIN_CORE: _plain_core,
}


# Elastic's schema with all fields, and with those of ecs-logging.
ECS, SAME = "ECS, all fields", "ECS, fields of ecs-logging"
SCHEMAS = {
    ECS: lambda: ECSFormatter(
        service_name="shop", service_version="1.4.2",
        service_environment="production", service_node_name="web-1"),
    SAME: lambda: ECSFormatter(
        event_original=True, exclude_fields=["event.sequence",
                                             "event.dataset", "service"]),
}


def _time(record):
    """Return the record's time as datetime."""
    return datetime.datetime.fromtimestamp(record.created,
                                           datetime.timezone.utc)


class DictFormatter(logging.Formatter):
    """What programs write themselves: a dict of the record, dumped."""

    standard = {*logging.LogRecord("", 0, "", 0, "", (), None).__dict__,
                "asctime", "message", "taskName"}

    def __init__(self, dumps):
        super().__init__()
        self.dumps = dumps

    def format(self, record):
        data = {"timestamp": _time(record).isoformat(timespec="milliseconds"),
                "level": record.levelname, "logger": record.name,
                "message": record.getMessage()}
        for key, value in record.__dict__.items():
            if key not in self.standard:
                data[key] = value
        if record.exc_info:
            data["exception"] = self.formatException(record.exc_info)
        return self.dumps(data)


def _orjson_dumps():
    import orjson
    return lambda data, **options: orjson.dumps(data, **options).decode()


def _python_json_logger(name):
    module = importlib.import_module("pythonjsonlogger." + name)
    cls = getattr(module, name.capitalize() + "Formatter")
    return cls(["levelname", "name", "message"], timestamp=True)


def _ecs_logging():
    import ecs_logging
    return ecs_logging.StdlibFormatter()


def _structlog(**options):
    import structlog
    pre = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name,
           structlog.stdlib.ExtraAdder(),
           structlog.processors.TimeStamper(fmt="iso")]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=pre,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    structlog.processors.JSONRenderer(**options)])


@functools.lru_cache(maxsize=None)
def _json_log_formatter_class():
    import json_log_formatter

    class Formatter(json_log_formatter.JSONFormatter):
        def json_record(self, message, extra, record):
            extra["time"] = _time(record)
            extra["level"] = record.levelname
            extra["logger"] = record.name
            return super().json_record(message, extra, record)

    return Formatter


def _logstash_async():
    from logstash_async.formatter import LogstashFormatter
    return LogstashFormatter()


PEERS = {
    "dict + json": lambda: DictFormatter(json.dumps),
    "dict + orjson": lambda: DictFormatter(_orjson_dumps()),
    "python-json-logger": lambda: _python_json_logger("json"),
    "python-json-logger, orjson": lambda: _python_json_logger("orjson"),
    "python-json-logger, msgspec": lambda: _python_json_logger("msgspec"),
    "json-log-formatter": lambda: _json_log_formatter_class()(),
    "structlog": _structlog,
    "structlog, orjson": lambda: _structlog(serializer=_orjson_dumps()),
    "python-logstash-async": _logstash_async,
    "ecs-logging": _ecs_logging,
}


class Unusable(Exception):
    """A formatter does not print what it is here for."""


def _leaves(value):
    """Return all that the JSON *value* holds that is no container."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _is_time(leaf, created):
    """Tell whether *leaf* is the time *created*, to the second."""
    if isinstance(leaf, str):
        try:
            # "Z" is new in Python 3.11.
            leaf = datetime.datetime.fromisoformat(
                leaf.replace("Z", "+00:00")).timestamp()
        except ValueError:
            return False
    return isinstance(leaf, (int, float)) and abs(leaf - created) < 1


def _parse(line, message):
    """Return the leaves of *line*, one of which must be *message*."""
    try:
        data = json.loads(line)
    except ValueError:
        raise Unusable("no JSON: %.80r" % line) from None
    leaves = _leaves(data)
    if not isinstance(data, dict) or message not in leaves:
        raise Unusable("no message: %.80r" % line)
    return leaves


def _typed(leaves):
    """Count the values in *leaves*; 1 is not True here."""
    return collections.Counter((type(leaf), leaf) for leaf in leaves)


def lacks(line, record):
    """Return what *line* does not hold of *record*, as a list of words."""
    leaves = _parse(line, record.getMessage())
    extras = {key: value for key, value in vars(record).items()
              if key not in DictFormatter.standard}
    lost = _typed(_leaves(extras)) - _typed(leaves)
    found = {
        "time of the record": any(_is_time(leaf, record.created)
                                  for leaf in leaves),
        "level": any(str(leaf).lower() == record.levelname.lower()
                     for leaf in leaves),
        "logger": record.name in leaves,
        "extras that are None": (type(None), None) not in lost,
        "extras": not lost.keys() - {(type(None), None)},
        "exception": any("ValueError" in str(leaf) for leaf in leaves),
        "traceback": any('File "' in str(leaf) for leaf in leaves),
    }
    return [what for what, there in found.items() if not there]


def printer(make):
    """Return a function of a shape: the line and record of a formatter."""
    def print_line(shape):
        record = Records().make(shape)
        return make().format(record), record
    return print_line


def describe(print_line):
    """
    Return how many fields a candidate prints, and what its lines lack.

    *print_line* is as printer() makes it.  Raise Unusable if the line of
    any shape is not one of JSON, with the message.
    """
    for shape in SHAPES.values():
        line, record = print_line(shape)
        _parse(line, record.getMessage())
    shape = Shape("%s was lost", ("the cart",), error=warm_error,
                  extra={**SHAPES["5 extras"].extra, **SHAPES["nested"].extra})
    plain, _ = print_line(SHAPES["plain"])
    return {"fields": len(_leaves(json.loads(plain))),
            "lacks": lacks(*print_line(shape))}


def examine(printers):
    """
    Return (descriptions, missing), dicts by name: what describe() says of
    the candidates, and why the others are left out.
    """
    descriptions, missing = {}, {}
    for name, print_line in printers.items():
        try:
            descriptions[name] = describe(print_line)
        except ImportError as error:
            missing[name] = "not installed: %s" % error.name
        except Exception as error:
            missing[name] = "%s: %s" % (type(error).__name__, error)
    return descriptions, missing


def versions():
    """Return a dict of the versions of the peers' packages."""
    found = {}
    for package in PEER_PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found
