"""
A stand-in for the ECSFormatter of contrib.schemas, until that is there.

It writes the fields that Elasticsearch's ECS loggers write.  Extras that
are named like an ECS field set stay where they are; all others go to
"labels", so that their types cannot collide.
"""

from __future__ import annotations

from ..formatters import JSONFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Any

__all__ = ["ECSFormatter"]

_SETS = {"agent", "client", "cloud", "container", "data_stream", "error",
         "event", "faas", "file", "host", "http", "network", "orchestrator",
         "organization", "process", "server", "service", "source", "span",
         "trace", "transaction", "url", "user", "user_agent"}


def _level(record: logging.LogRecord) -> str:
    return record.levelname.lower()


def _version(record: logging.LogRecord) -> str:
    return "8.11.0"


class ECSFormatter(JSONFormatter):
    """Prints records as Elastic Common Schema asks for."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("fmt", {
            "@timestamp": "asctime", "log.level": _level,
            "message": "message", "ecs.version": _version,
            "log": {"logger": "name"},
            "process": {"pid": "process", "thread": {"name": "threadName"}},
            "error": {"type": "exc_type", "message": "exc_message",
                      "stack_trace": "exc_text"}})
        super().__init__(**options)

    def mapExtra(self, extra: dict[str, Any]) -> dict[str, Any]:
        """Put what is no field of the schema under "labels"."""
        mapped: dict[str, Any] = {}
        labels: dict[str, Any] = {}
        for key, value in extra.items():
            if key in _SETS and isinstance(value, dict):
                mapped[key] = value
            else:
                labels[key] = value
        if labels:
            mapped["labels"] = labels
        return mapped
