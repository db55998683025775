import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Literal, NamedTuple

__all__ = [
    "Problem",
    "Settings",
    "applyEnvironment",
    "isConsole",
    "parseEnvironment",
    "reportProblems",
]

class Problem(NamedTuple):
    variable: str
    token: str
    reason: str
    state: Literal["ignored", "unknown", "hidden"] = ...

class Settings(NamedTuple):
    prefix: str
    levels: dict[str, int]
    handler_levels: dict[str, int]
    format: str | None
    time: Literal["utc", "local"] | None

def parseEnvironment(
    environ: Mapping[str, str],
    prefix: str = "PYTHON_LOGGING",
    *,
    levels: Mapping[str, int] | None = None,
    formats: Collection[str] | None = None,
) -> tuple[Settings, list[Problem]]: ...
def applyEnvironment(environ: Mapping[str, str] | None = None) -> None: ...
def reportProblems(problems: Iterable[Problem]) -> None: ...
def isConsole(handler: logging.Handler) -> bool: ...
