"""Uses of every option and hook, for a type checker.

Checked by "mypy --strict" in tox's "typing" environment, where it is
run as well: what the stubs promise has to exist.
"""

import logging
import pickle
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional

import jsonlogging
from jsonlogging import config, formatters

if TYPE_CHECKING:
    # In typing since Python 3.11 only; a type checker knows this name.
    from typing_extensions import assert_type
else:
    def assert_type(value, type):
        return value


def request_id(record: logging.LogRecord) -> object:
    return getattr(record, "request_id", None)


def encode(value: Any) -> object:
    if isinstance(value, memoryview):
        return value.tobytes()
    raise TypeError


record = logging.makeLogRecord({"msg": "hello", "user": "ada"})

# Both classes, from the package and from the module.
assert_type(jsonlogging.JSONFormatter(), formatters.JSONFormatter)
assert_type(jsonlogging.ISOFormatter(), formatters.ISOFormatter)

# logging.Formatter's parameters, by position.
text = jsonlogging.ISOFormatter("{asctime} {message}", None, "{", True)
assert_type(text.format(record), str)
assert_type(text.formatTime(record), str)
assert_type(text.formatTime(record, "%H:%M"), str)
assert_type(text.usesTime(), bool)
iso = jsonlogging.ISOFormatter(
    fmt="%(asctime)s %(service)s",
    datefmt=None,
    style="%",
    validate=False,
    defaults={"service": "shop"},
    utc=False,
    timespec="microseconds",
)
as_logging: logging.Formatter = iso

# Every option of JSONFormatter.
full = jsonlogging.JSONFormatter(
    fmt=None,
    datefmt="%H:%M",
    style="$",
    validate=True,
    defaults={"service": "shop"},
    utc=False,
    timespec="seconds",
    extra="ctx",
    default=encode,
    ensure_ascii=False,
    max_bytes=16_384,
)
as_iso: jsonlogging.ISOFormatter = full
assert_type(full.format(record), str)
assert_type(full.mapLogRecord(record), dict[str, Any])
for extra in (True, False, "ctx"):
    jsonlogging.JSONFormatter(extra=extra)

# Every form of fmt: format string, list, and mapping with an attribute
# name, a callable and a nested mapping.
jsonlogging.JSONFormatter("%(asctime)s %(message)s")
jsonlogging.JSONFormatter(["asctime", "message"])
jsonlogging.JSONFormatter(("asctime", "message"))
jsonlogging.JSONFormatter({
    "time": "asctime",
    "text": "message",
    "http": {"request": {"id": request_id}},
    "level": lambda record: record.levelno // 10,
})
fields: dict[str, str] = {"text": "message"}
jsonlogging.JSONFormatter(fields)

assert_type(jsonlogging.JSONFormatter.max_depth, int)
assert_type(jsonlogging.JSONFormatter.max_items, int)


class Redacting(jsonlogging.JSONFormatter):
    """Overrides every hook with the signature it has."""

    max_depth = 5
    max_items = 100

    def mapLogRecord(self, record: logging.LogRecord) -> dict[str, Any]:
        line = super().mapLogRecord(record)
        line["message"] = "?"
        return line

    def mapExtra(self, extra: dict[str, Any]) -> Mapping[str, Any]:
        return {key: value for key, value in extra.items()
                if key != "password"}

    def formatTime(
        self, record: logging.LogRecord, datefmt: Optional[str] = None
    ) -> str:
        return super().formatTime(record, datefmt)

    def formatException(self, ei: Any) -> str:
        return super().formatException(ei)

    def formatStack(self, stack_info: str) -> str:
        return super().formatStack(stack_info)

    def usesTime(self) -> bool:
        return super().usesTime()


redacting = Redacting()
assert_type(redacting.format(record), str)
assert_type(redacting.mapExtra({"password": "x"}), Mapping[str, Any])
handler: "logging.StreamHandler[Any]" = logging.StreamHandler()
handler.setFormatter(redacting)
logging.basicConfig(handlers=[handler])
copy: jsonlogging.JSONFormatter = pickle.loads(pickle.dumps(full))

# Ring 2.
config.basicConfig(
    formatter=full, level="INFO", handlers=[handler], force=True, env=False)
config.basicConfig(env="MYAPP_LOG", level=10)
config.dictConfig({"version": 1, "incremental": True}, env=False)
config.applyEnvironment(environ={"PYTHON_LOGGING_LEVEL": "INFO"})
settings, problems = config.parseEnvironment(
    {"PYTHON_LOGGING_LEVEL": "INFO,app=DEBUG"}, "PYTHON_LOGGING",
    levels={"INFO": 20, "DEBUG": 10}, formats=["json"])
assert_type(settings.levels, dict[str, int])
assert_type(settings.format, Optional[str])
for problem in problems:
    assert_type(problem.token, str)
assert_type(config.formatEnvironment(settings), dict[str, str])
problems = config.applySettings(settings, handlers=[handler], early=True)
config.reportProblems(problems)
assert_type(config.holdLevel(handler, 10), bool)
config.registerFormat("redacting", Redacting)
config.registerFormat("brief", lambda: jsonlogging.JSONFormatter(["message"]))
config.install("MYAPP_LOG")
config.uninstall()
assert_type(config.isConsole(handler), bool)
assert_type(config.effectiveConfig(), dict[str, Any])

# What must not pass.  With mypy's warn_unused_ignores, which is part of
# --strict, an ignored error that is none is an error.
if TYPE_CHECKING:
    jsonlogging.JSONFormatter(timespec="hours")  # type: ignore[arg-type]
    jsonlogging.JSONFormatter(style="f")  # type: ignore[arg-type]
    jsonlogging.JSONFormatter(extra={"a": 1})  # type: ignore[arg-type]
    jsonlogging.JSONFormatter(fmt=1)  # type: ignore[arg-type]
    jsonlogging.JSONFormatter(fmt={"a": 1})  # type: ignore[dict-item]
    jsonlogging.JSONFormatter(max_bytes="1k")  # type: ignore[arg-type]
    jsonlogging.JSONFormatter(indent=4)  # type: ignore[call-arg]
    jsonlogging.JSONFormatter(
        None, None, "%", True, {"a": 1})  # type: ignore[call-arg]
    jsonlogging.ISOFormatter(extra=False)  # type: ignore[call-arg]
    config.basicConfig(env=None)  # type: ignore[arg-type]
    config.basicConfig(nonsense=1)  # type: ignore[call-arg]
    config.registerFormat("x", "y")  # type: ignore[arg-type]
