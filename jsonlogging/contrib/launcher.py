"""
Run an unmodified program under the overrides of its environment.

follow() puts the process under the overrides: it installs what
jsonlogging.config has for programs that configure logging, and hooks
for programs that do it by hand.  run() then runs a program as Python
itself would run it.  write_autoload() is for images in which not even
the command can change.

What the operator named is pinned: Logger.setLevel() and
Handler.setLevel() keep the level of loggers and handlers that the
variables name, whatever a program asks for.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import importlib.util
import io
import linecache
import logging
import logging.handlers
import os
import pkgutil
import runpy
import sys
import threading
import types
from importlib.machinery import (BuiltinImporter, SourceFileLoader,
                                 SourcelessFileLoader)

from .. import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

__all__ = ["NO_PIN", "VARIABLES", "ConfigError", "environment", "follow",
           "follow_in_children", "load_config", "register_schemas", "run",
           "write_autoload"]

PREFIX = "PYTHON_LOGGING_"
VARIABLES = tuple(PREFIX + name for name in (
    "LEVEL", "HANDLER_LEVEL", "FORMAT", "TIME"))

_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = os.path.dirname(_HERE)
_AUTOLOAD = os.path.join(_HERE, "_autoload")
# An entry of PYTHONPATH that says: do not pin.  There is no such folder.
NO_PIN = os.path.join(_AUTOLOAD, "no-pin")
# Says that a directory was made by write_autoload().
_MARK = "made-by-jsonlogging.txt"
# Where a handler has the StreamHandler that stands for it.
_STAND_IN = "_jsonlogging_stand_in"


def environment() -> dict[str, str]:
    """Return the PYTHON_LOGGING variables, which -E and -I switch off."""
    if sys.flags.ignore_environment:
        return {}
    return {name: os.environ[name] for name in VARIABLES
            if os.environ.get(name)}


def register_schemas() -> None:
    """Let FORMAT name the schemas, if this package has them."""
    schemas = __package__ + ".schemas"
    if importlib.util.find_spec(schemas):
        importlib.import_module(schemas).register()


def _complain(error: Exception) -> None:
    """Say on standard error that something is not overridden."""
    try:
        sys.stderr.write("PYTHON_LOGGING variables are not followed: %s: %s\n"
                         % (type(error).__name__, error))
    except Exception:
        pass    # there is nobody to tell


# Following the environment.

_following: _Overrides | None = None


def follow(environ: Mapping[str, str], pin: bool = True,
           applied: Callable[[], object] | None = None) -> None:
    """Put this process under the overrides in *environ*.

    Levels are pinned if *pin* is true.  *applied* is called after each
    configuration by logging's functions.  A second call changes what the
    first has said.
    """
    global _following
    register_schemas()
    first = _following is None
    _following = _Overrides(environ, pin, applied)
    if first:
        _hook(logging.Manager, "getLogger", _after_get_logger)
        _hook(logging.Logger, "setLevel", _after_set_level)
        _hook(logging.Handler, "setLevel", _after_set_level)
        _hook(logging.Handler, "setFormatter", _after_set_formatter)
        _hook(logging.Logger, "addHandler", _after_add_handler)
        _hook(logging.Logger, "removeHandler", _after_remove_handler)
    config.install(environ=environ, applied=_following.configured)
    _following.apply()


class _Overrides:
    """What is applied to a program that does not know of it."""

    def __init__(self, environ: Mapping[str, str], pin: bool,
                 applied: Callable[[], object] | None) -> None:
        self.environ, self.pin, self.applied = dict(environ), pin, applied
        self.parse()
        self.missing = set(self.settings.levels) - {"root"}
        self.applying = threading.local()

    def parse(self) -> None:
        """Parse again: a program may have added level names."""
        self.settings = config.parseEnvironment(self.environ)[0]
        self.renders = self.settings.format not in (None, "text")

    def configured(self) -> None:
        """Go on after one of logging's functions has configured it."""
        self.parse()
        if self.applied:
            self.applied()

    def apply(self, **fields: Any) -> None:
        """Apply those *fields* of the settings, or everything."""
        environ: Mapping[str, str] = self.environ
        if fields:
            environ = config.formatEnvironment(
                config.parseEnvironment({})[0]._replace(**fields))
        self.once(config.applyEnvironment, environ=environ, early=True)

    def apply_format(self) -> None:
        """Apply the format and the time zone to what there is."""
        self.once(config.applyFormat, self.settings)

    def once(self, function: Callable[..., object], *args: Any,
             **kwargs: Any) -> None:
        """Call *function*, unless this is a hook of such a call."""
        if not vars(self.applying):
            self.applying.now = True
            try:
                function(*args, **kwargs)
            finally:
                del self.applying.now

    def apply_to(self, handler: logging.Handler) -> None:
        """Apply what concerns a new *handler*, and what is behind it."""
        levels = self.settings.handler_levels
        name = getattr(handler, "name", None)
        if name in levels:
            self.apply(handler_levels={name: levels[name]})
        # pytest, for one, adds and removes handlers around each test.
        if config.isConsole(handler) or isinstance(handler, (
                logging.handlers.MemoryHandler,
                logging.handlers.QueueHandler)):
            self.apply_format()


def _hook(cls: type, name: str, after: Callable[..., object]) -> None:
    """Let *after* run after each call of *cls*'s method *name*.

    It is called with the overrides, the method and its arguments.
    """
    method = getattr(cls, name)

    @functools.wraps(method)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        try:
            if _following:
                # Each of the methods has one parameter.
                after(_following, method, *args, *kwargs.values())
        except Exception as error:      # never stop a program
            _complain(error)
        return result
    setattr(cls, name, hooked)


def _after_get_logger(overrides: _Overrides, method: Callable[..., object],
                      manager: logging.Manager, name: str) -> None:
    # Not created by us before: a program may set a class for its loggers.
    if name in overrides.missing:
        overrides.missing.discard(name)
        overrides.apply(levels={name: overrides.settings.levels[name]})


def _after_set_level(overrides: _Overrides, method: Callable[..., object],
                     owner: logging.Logger | logging.Handler,
                     level: object) -> None:
    field = "levels" if isinstance(owner, logging.Logger) else "handler_levels"
    pinned = getattr(overrides.settings, field).get(owner.name)
    if overrides.pin and pinned not in (None, owner.level):
        overrides.apply(**{field: {owner.name: pinned}})
    stand_in = getattr(owner, _STAND_IN, None)
    if isinstance(stand_in, logging.Handler):
        stand_in.setLevel(owner.level)


def _after_set_formatter(overrides: _Overrides,
                         method: Callable[..., object],
                         handler: logging.Handler,
                         formatter: object) -> None:
    if config.isConsole(handler):
        overrides.apply_format()


def _after_add_handler(overrides: _Overrides, method: Callable[..., object],
                       logger: logging.Logger, handler: object) -> None:
    if not isinstance(handler, logging.Handler):
        return
    stand_in = _stand_in(handler) if overrides.renders else None
    if stand_in and handler in logger.handlers:
        # In its place, because the order of handlers is that of output.
        logger.handlers[logger.handlers.index(handler)] = stand_in
        handler = stand_in
    overrides.apply_to(handler)


def _after_remove_handler(overrides: _Overrides,
                          method: Callable[..., object],
                          logger: logging.Logger,
                          handler: logging.Handler) -> None:
    stand_in = getattr(handler, _STAND_IN, None)
    if stand_in in logger.handlers:
        method(logger, stand_in)


def _stand_in(handler: logging.Handler) -> logging.Handler | None:
    """Return a StreamHandler for a *handler* that renders by itself.

    Such a one is no StreamHandler and has a console with a file, as
    rich's has; for any other the answer is None.
    """
    made: logging.Handler | None = vars(handler).get(_STAND_IN)
    if made or isinstance(handler, logging.StreamHandler):
        return made
    stream = getattr(getattr(handler, "console", None), "file", None)
    if stream is None or not hasattr(stream, "write"):
        return None
    made = logging.StreamHandler(stream)
    if not config.isConsole(made):
        return None
    name, handler.name = handler.name, None
    made.name = name
    made.setLevel(handler.level)
    made.filters = handler.filters      # those too that come later
    vars(handler)[_STAND_IN] = made
    return made


def follow_in_children(python: bool = False) -> None:
    """Let children of multiprocessing follow the same overrides.

    If *python* is true, so does every Python that inherits the
    environment: PYTHONPATH and the variables are set for it.
    """
    overrides = _following
    if overrides is None:
        raise RuntimeError("follow() comes first")
    if python:
        os.environ.update(overrides.environ)
        path = [_AUTOLOAD, *([] if overrides.pin else [NO_PIN])]
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [*path, *filter(None, [os.environ.get("PYTHONPATH")])])
    from multiprocessing import spawn
    original = spawn.get_preparation_data

    # What spawn and forkserver send to a child.  A child by fork is as
    # this process is.
    def get_preparation_data(name: str) -> dict[str, Any]:
        data: dict[str, Any] = original(name)
        if _following:
            data["jsonlogging"] = _Follower(_following)
        return data
    spawn.get_preparation_data = get_preparation_data


class _Follower:
    """Follows the overrides in the process that unpickles it."""

    # multiprocessing sets the path afterwards.
    CODE = """
import sys
sys.path.append(path)
try:
    from jsonlogging.contrib import launcher
    launcher.follow(environ, pin)
    launcher.follow_in_children()
except Exception as error:
    sys.stderr.write("PYTHON_LOGGING variables are not followed: %r\\n"
                     % error)
finally:
    sys.path.pop()
"""

    def __init__(self, overrides: _Overrides) -> None:
        self.names = {"environ": overrides.environ, "pin": overrides.pin,
                      "path": os.path.dirname(_PACKAGE)}

    def __reduce__(self) -> tuple[object, ...]:
        # Not by the name of a function of ours: a child that does not
        # find the package would not start.
        return exec, (self.CODE, self.names)


# Configuration from a file.

class ConfigError(Exception):
    """A configuration file that cannot be used."""


def load_config(path: str) -> None:
    """Configure logging as the file *path*, .json, .toml or .ini, says."""
    suffix = os.path.splitext(path)[1].lower()
    try:
        if suffix == ".json":
            import json
            with open(path, encoding="utf-8") as file:
                config.dictConfig(json.load(file))
        elif suffix == ".toml":
            if sys.version_info < (3, 11):
                raise ConfigError("TOML needs Python 3.11 or later; use JSON")
            import tomllib
            with open(path, "rb") as binary:
                config.dictConfig(tomllib.load(binary))
        elif suffix == ".ini":
            config.fileConfig(path)
        else:
            raise ConfigError("not a .json, .toml or .ini file")
    except Exception as error:
        cause = error.__cause__
        raise ConfigError("%s: %s%s" % (
            path, error, ": %s" % cause if cause else "")) from error


# Running a program.

def run(kind: str, target: str, args: Sequence[str]) -> None:
    """Run the program *target* with *args* as its command line.

    *kind* is "-m" for a module, "-c" for code, "" for the path of a
    script, a directory or a zip file.  Exceptions of the program pass
    through; what sys.excepthook gets to see has no frames of ours.
    """
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.argv[:] = [kind or target, *args]
    safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    here = {"-c": "", "-m": os.getcwd()}.get(
        kind, os.path.dirname(os.path.realpath(target)))
    bundle = not kind and pkgutil.get_importer(target) is not None
    if bundle:
        here = os.path.join(os.getcwd(), target)
        if target == "." and sys.version_info >= (3, 11):
            here = os.getcwd()
    if not safe:
        sys.path[0] = here
    elif bundle:
        sys.path.insert(0, here)
    # The module of this process stays referenced by its frames.
    sys.modules["__main__"] = main
    try:
        exec(_load(kind, target, bundle, main), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # By the hook, so that everything else remains Python's task: exit
        # codes, signals, interactive mode.
        sys.excepthook = functools.partial(
            _excepthook, sys.excepthook, error, kind == "-m", main)
        raise


def _load(kind: str, target: str, bundle: bool,
          main: types.ModuleType) -> types.CodeType:
    """Return the program's code, and set what *main* knows of it."""
    names = main.__dict__
    if kind == "-c":
        names["__loader__"] = BuiltinImporter
        code = compile(target, "<string>", "exec", dont_inherit=True)
        # From 3.13 on tracebacks show its lines.
        register = vars(linecache).get("_register_code")
        if register:
            register(code if sys.version_info >= (3, 14) else "<string>",
                     target, "<string>")
        return code
    if kind or bundle:
        get: Any = vars(runpy)      # what "python -m" itself uses
        try:
            details = (get["_get_module_details"](target, get["_Error"])
                       if kind else
                       get["_get_main_module_details"](get["_Error"]))
        except get["_Error"] as error:
            sys.exit("%s: %s" % (sys.executable, error))
        spec, code = details[1:]
        if kind:
            sys.argv[0] = spec.origin
        names.update(__file__=spec.origin, __loader__=spec.loader,
                     __package__=spec.parent, __spec__=spec)
        if sys.version_info < (3, 15):
            names["__cached__"] = spec.cached
        return code     # type: ignore[no-any-return]
    path = os.path.join(os.getcwd(), target)
    names["__file__"] = path
    if sys.version_info < (3, 15):
        names["__cached__"] = None
    try:
        with io.open_code(path) as file:
            code = pkgutil.read_code(file)
        if code is None:
            names["__loader__"] = SourceFileLoader("__main__", path)
            with io.open_code(path) as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
        else:
            names["__loader__"] = SourcelessFileLoader("__main__", path)
    except OSError as error:
        print("%s: can't open file %r: [Errno %s] %s" % (
            sys.executable, path, error.errno, error.strerror),
            file=sys.stderr)
        sys.exit(2)
    return code


def _excepthook(hook: Callable[..., object], error: BaseException,
                keep_runpy: bool, main: types.ModuleType,
                cls: type[BaseException], value: BaseException,
                traceback: types.TracebackType | None) -> None:
    """Call *hook* without the frames of ours, if it is about *error*."""
    entries: list[types.TracebackType] = []
    if value is error:
        while traceback is not None:
            entries.append(traceback)
            traceback = traceback.tb_next
        ours = [entry.tb_frame.f_code.co_filename.startswith(
            _PACKAGE + os.sep) for entry in entries]
        theirs = [entry.tb_frame.f_globals is main.__dict__
                  for entry in entries]
        if True not in ours:
            ours[:1] = [True]
        started = True in theirs
        start = theirs.index(True) if started else (
            len(ours) - ours[::-1].index(True))
        kept = [entry for entry, own in zip(entries[start:], ours[start:])
                if not own]
        if keep_runpy:      # the frames of "python -m" itself
            kept = entries[:ours.index(True) if started else 1] + kept
        for entry in reversed(kept):
            traceback = types.TracebackType(
                traceback, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        value = value.with_traceback(traceback)
    hook(cls, value, traceback)


# For images in which the command cannot change.

def write_autoload(directory: str) -> None:
    """Write a directory that follows the variables when on PYTHONPATH.

    It holds a copy of the package and a sitecustomize, compiled for the
    Python that runs: to compile takes longer than all that the hook does.
    FileExistsError is raised if *directory* holds files that are not of
    this function.
    """
    import compileall
    import py_compile
    import shutil
    mark = os.path.join(directory, _MARK)
    if os.path.isdir(directory) and os.listdir(directory) and (
            not os.path.exists(mark)):
        raise FileExistsError("%s holds files that are not ours" % directory)
    os.makedirs(directory, exist_ok=True)
    with open(mark, "w", encoding="utf-8") as file:
        file.write("python -m jsonlogging autoload may replace what is "
                   "here.\n")
    package = os.path.join(directory, "jsonlogging")
    if os.path.exists(package):
        shutil.rmtree(package)
    shutil.copytree(_PACKAGE, package,
                    ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(os.path.join(_AUTOLOAD, "sitecustomize.py"),
                    os.path.join(directory, "sitecustomize.py"))
    # By hash: a copy of the directory may have other times.
    compileall.compile_dir(
        directory, quiet=1, force=True,
        invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
