import io
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from configparser import RawConfigParser
from types import ModuleType
from typing import IO, Any, Literal, NamedTuple, Union
from typing_extensions import TypeAlias

from ._overrides import Problem as Problem, isConsole as isConsole, reportProblems as reportProblems

__all__ = [
    "Problem",
    "Settings",
    "applyEnvironment",
    "applySettings",
    "basicConfig",
    "dictConfig",
    "effectiveConfig",
    "fileConfig",
    "formatEnvironment",
    "holdLevel",
    "install",
    "isConsole",
    "parseEnvironment",
    "registerFormat",
    "reportProblems",
    "uninstall",
    "wrapFunctions",
]

_Env: TypeAlias = Union[bool, str]

class Settings(NamedTuple):
    prefix: str
    levels: dict[str, int]
    handler_levels: dict[str, int]
    format: str | None
    time: Literal["utc", "local"] | None
    nested: dict[tuple[str, str, str], bool | int | str]

def parseEnvironment(
    environ: Mapping[str, str],
    prefix: str = "PYTHON_LOGGING",
    *,
    levels: Mapping[str, int] | None = None,
    formats: Collection[str] | None = None,
) -> tuple[Settings, list[Problem]]: ...
def formatEnvironment(settings: Settings) -> dict[str, str]: ...
def registerFormat(name: str, factory: Callable[[], logging.Formatter]) -> None: ...
def applyEnvironment(
    env: _Env = True,
    *,
    environ: Mapping[str, str] | None = None,
) -> None: ...
def applySettings(
    settings: Settings,
    *,
    handlers: Iterable[logging.Handler] | None = None,
    early: bool = False,
) -> list[Problem]: ...

# The arguments are those of logging.basicConfig(), and formatter.
def basicConfig(
    *,
    env: _Env = True,
    filename: str | None = ...,
    filemode: str = ...,
    format: str = ...,
    datefmt: str | None = ...,
    style: Literal["%", "{", "$"] = ...,
    level: int | str | None = ...,
    stream: IO[str] | io.TextIOBase | None = ...,
    handlers: Iterable[logging.Handler] | None = ...,
    force: bool | None = ...,
    encoding: str | None = ...,
    errors: str | None = ...,
    formatter: logging.Formatter | None = ...,
) -> None: ...
def dictConfig(config: Mapping[str, Any] | Sequence[tuple[str, Any]], *, env: _Env = True) -> None: ...
def fileConfig(
    fname: str | IO[str] | RawConfigParser,
    defaults: Mapping[str, Any] | None = None,
    disable_existing_loggers: bool = True,
    encoding: str | None = None,
    *,
    env: _Env = True,
) -> None: ...
def install(env: _Env = True) -> None: ...
def uninstall() -> None: ...
def wrapFunctions() -> list[tuple[ModuleType, str, object, object]]: ...
def holdLevel(owner: logging.Logger | logging.Handler, level: int) -> bool: ...
def effectiveConfig() -> dict[str, Any]: ...
