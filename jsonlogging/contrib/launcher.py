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

A program's own install(), uninstall() and env=False are about what that
program reads; they neither end nor change what is done here.
"""

from __future__ import annotations

import atexit
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
import textwrap
import threading
import types
import weakref
from importlib.machinery import (BuiltinImporter, SourceFileLoader,
                                 SourcelessFileLoader)

from .. import config

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

__all__ = ["NO_PIN", "VARIABLES", "ConfigError", "after_configuration",
           "environment", "follow", "follow_in_children", "load_config", "register_schemas", "report",
           "run", "write_autoload"]

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
# An attribute of handlers that the program gave to a logger.
_GIVEN = "_jsonlogging_given"


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


def follow(environ: Mapping[str, str], pin: bool = True) -> None:
    """Put this process under the overrides in *environ*.

    Levels are pinned if *pin* is true.  A second call changes what the
    first has said.
    """
    global _following
    register_schemas()
    first = _following is None
    _following = _Overrides(environ, pin)
    if first:
        _hook_all()
    _following.apply()


def after_configuration(function: Callable[[], object]) -> None:
    """Call *function* when one of logging's functions has configured it."""
    if _following:
        _following.applied = function


def report(process: int | None = None) -> None:
    """Warn of what is in the variables and has had no effect so far.

    If *process* is the id of another process, do nothing.
    """
    if _following and process in (None, os.getpid()):
        _following.apply(final=True)


class _Overrides:
    """What is applied to a program that does not know of it."""

    def __init__(self, environ: Mapping[str, str], pin: bool) -> None:
        self.environ, self.pin = dict(environ), pin
        self.applied: Callable[[], object] | None = None
        self.busy = threading.local()
        # Of handlers that there have been, with their variable.
        self.names: set[tuple[str, object]] = set()
        # Handlers that the program gave to a logger and that pass records
        # on, by id(): the class of one may have no hash.
        self.passing: weakref.WeakValueDictionary[int, logging.Handler] = (
            weakref.WeakValueDictionary())
        self.parse()

    def parse(self) -> list[config.Problem]:
        """Parse the variables by the names that are known by now."""
        self.settings, problems = config.parseEnvironment(self.environ)
        self.unknown = {"unknown"} & {problem.state for problem in problems}
        self.renders = self.settings.format not in (None, "text")
        # Not created by us: a program may set a class for its loggers.
        loggers = logging.root.manager.loggerDict
        self.missing = {name for name in self.settings.levels
                        if not isinstance(loggers.get(name), logging.Logger)}
        return problems

    def apply(self, final: bool = False) -> None:
        """Apply everything that is known by now.

        The program may still introduce levels, formats and handlers, and
        change what hides records, unless this is *final*.
        """
        problems = self.parse()
        self.call(self.settings, problems, final, early=not final)

    def call(self, settings: config.Settings,
             problems: list[config.Problem] | None = None,
             final: bool = False, **options: Any) -> None:
        """Apply *settings*, with no hook of ours called by that."""
        self.busy.now = True
        try:
            problems = [*(problems or ()),
                        *config.applySettings(settings, **options)]
        finally:
            del self.busy.now
        # A handler whose level was set may be no more.
        config.reportProblems([
            problem for problem in problems if problem.state == "ignored"
            or final and (problem.variable, problem.token) not in self.names])

    def apply_level(self, name: str) -> None:
        """Apply LEVEL to the logger *name*."""
        self.call(self.settings._replace(
            levels={name: self.settings.levels[name]}, handler_levels={},
            format=None, time=None), early=True)

    def apply_handler_level(self, handler: logging.Handler) -> None:
        """Apply HANDLER_LEVEL to *handler*, which has its name now."""
        self.call(self.settings._replace(format=None, time=None),
                  handlers=[handler])

    def apply_to(self, *handlers: logging.Handler) -> None:
        """Apply FORMAT and TIME to *handlers*, and what is behind them."""
        if handlers and (self.settings.format or self.settings.time):
            self.call(self.settings._replace(handler_levels={}),
                      handlers=handlers)

    def hold(self, owner: logging.Logger | logging.Handler,
             level: Any) -> bool:
        """Tell whether *owner* keeps its level when asked for *level*."""
        is_logger = isinstance(owner, logging.Logger)
        if not self.pin or vars(self.busy) or owner.name not in (
                self.settings.levels if is_logger
                else self.settings.handler_levels):
            return False
        try:
            level = logging._checkLevel(level)  # type: ignore[attr-defined]
        except (TypeError, ValueError):
            return False        # the method says so
        if config.holdLevel(owner, level):
            return True
        if is_logger:
            self.apply_level(owner.name)
        else:
            self.apply_handler_level(owner)     # type: ignore[arg-type]
        return config.holdLevel(owner, level)


def _hook_all() -> None:
    """Let logging's methods and functions call us."""
    _hook(logging.Manager, "getLogger", _after_get_logger)
    _hook(logging.Logger, "addHandler", _after_add_handler)
    _hook(logging.Handler, "setFormatter", _after_change)
    _hook(logging.StreamHandler, "setStream", _after_change)
    _hook(logging.handlers.MemoryHandler, "setTarget", _after_change)
    _hook(logging.handlers.QueueListener, "start", _after_change)
    _hook(logging.Handler, "set_name", _after_set_name)
    logging.Handler.name = property(    # type: ignore[assignment]
        logging.Handler.get_name, logging.Handler.set_name)
    _hook(logging, "addLevelName", _after_new_name)
    _hook(config, "registerFormat", _after_new_name)
    _hook(config, "applyEnvironment", _after_configuration)
    config.wrapFunctions()
    _pin(logging.Logger)
    _pin(logging.Handler)


def _hook(owner: Any, name: str, after: Callable[..., object]) -> None:
    """Let *after* run after each call of *owner*'s function *name*.

    It is called with the overrides and the function's arguments.
    """
    function = getattr(owner, name)

    @functools.wraps(function)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        overrides = _following
        if overrides and not vars(overrides.busy):
            try:
                after(overrides, *args, *kwargs.values())
            except Exception as error:      # never stop a program
                _complain(error)
        return result
    setattr(owner, name, hooked)


def _pin(cls: Any) -> None:
    """Let the method setLevel() of *cls* keep the levels that we pin."""
    method = cls.setLevel

    @functools.wraps(method)
    def setLevel(self: Any, level: Any) -> None:
        try:
            if _following and _following.hold(self, level):
                return
        except Exception as error:      # never stop a program
            _complain(error)
        method(self, level)
    cls.setLevel = setLevel


def _after_get_logger(overrides: _Overrides, manager: logging.Manager,
                      name: str) -> None:
    if name in overrides.missing:
        overrides.missing.discard(name)
        overrides.apply_level(name)


def _after_add_handler(overrides: _Overrides, logger: logging.Logger,
                       handler: object) -> None:
    if not isinstance(handler, logging.Handler):
        return
    vars(handler)[_GIVEN] = True
    if overrides.renders:
        _stand_in(handler)
    if isinstance(handler, (logging.handlers.MemoryHandler,
                            logging.handlers.QueueHandler)):
        overrides.passing[id(handler)] = handler
    overrides.apply_to(handler)


def _after_change(overrides: _Overrides, changed: object,
                  *args: object) -> None:
    # A handler that no logger has may be behind one that passes records.
    handlers = [ref() for ref in overrides.passing.valuerefs()]
    if isinstance(changed, logging.Handler) and vars(changed).get(_GIVEN):
        handlers.append(changed)
    overrides.apply_to(*filter(None, handlers))


def _after_set_name(overrides: _Overrides, handler: logging.Handler,
                    name: object) -> None:
    if name in overrides.settings.handler_levels:
        overrides.names.add((PREFIX + "HANDLER_LEVEL", name))
        overrides.apply_handler_level(handler)


def _after_new_name(overrides: _Overrides, *args: object) -> None:
    if overrides.unknown:
        overrides.apply()


def _after_configuration(overrides: _Overrides, *args: object) -> None:
    overrides.apply(final=True)
    if overrides.applied:
        overrides.applied()


def _stand_in(handler: logging.Handler) -> None:
    """Let a *handler* that renders by itself print as a StreamHandler.

    Such a one is no StreamHandler and has a console with a file, as
    rich's has.  It keeps its level, filters and place.
    """
    if isinstance(handler, logging.StreamHandler) or "emit" in vars(handler):
        return
    stream = getattr(getattr(handler, "console", None), "file", None)
    if stream is not None and hasattr(stream, "write"):
        made = logging.StreamHandler(stream)
        if config.isConsole(made):
            vars(handler)["emit"] = made.emit


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
    script, a directory or a zip file, or "-" for standard input.  Exceptions of the program pass
    through; what sys.excepthook gets to see has no frames of ours.
    """
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    sys.argv[:] = [kind or target, *args]
    safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    bundle = target != "-" and not kind and (
        pkgutil.get_importer(target) is not None)
    if kind == "-c" or target == "-":
        here = ""
    elif kind or bundle and target == "." and sys.version_info >= (3, 11):
        here = os.getcwd()
    elif bundle:
        here = _absolute(target)
    else:
        here = os.path.dirname(os.path.realpath(target))
    if not safe:
        sys.path[0] = here
    elif bundle:
        sys.path.insert(0, here)
    # What never had an effect is told by this process only: helpers that
    # it starts may configure nothing.
    atexit.register(report, os.getpid())
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


def _absolute(path: str) -> str:
    """Return *path* as Python writes it; there may be no directory."""
    return path if os.path.isabs(path) else os.path.join(os.getcwd(), path)


def _load(kind: str, target: str, bundle: bool,
          main: types.ModuleType) -> types.CodeType:
    """Return the program's code, and set what *main* knows of it."""
    names = main.__dict__
    if kind == "-c":
        names["__loader__"] = BuiltinImporter
        if sys.version_info >= (3, 14):
            target = textwrap.dedent(target)
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
    path = "<stdin>" if target == "-" else _absolute(target)
    names["__file__"] = path
    if sys.version_info < (3, 15):
        names["__cached__"] = None
    if target == "-":
        names["__loader__"] = BuiltinImporter
        return compile(sys.stdin.buffer.read(), path, "exec",
                       dont_inherit=True)
    try:
        with io.open_code(path) as file:
            data = file.read()      # once: it may be a pipe
    except OSError as error:
        shown = repr(path) if sys.version_info >= (3, 10) else "'%s'" % path
        print("%s: can't open file %s: [Errno %s] %s" % (
            sys.executable, shown, error.errno, error.strerror),
            file=sys.stderr)
        sys.exit(2)
    compiled: types.CodeType | None = pkgutil.read_code(io.BytesIO(data))
    if compiled is None:
        names["__loader__"] = SourceFileLoader("__main__", path)
        return compile(data, path, "exec", dont_inherit=True)
    names["__loader__"] = SourcelessFileLoader("__main__", path)
    return compiled


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
        kept, outside = [], False
        for entry in reversed(entries[start:]):
            code = entry.tb_frame.f_code
            if code.co_filename == config.__file__:
                # What it calls by a function of logging that is wrapped.
                if outside and code.co_name not in config.__all__:
                    continue
            elif code.co_filename == __file__:
                continue
            else:
                outside = True
            kept.append(entry)
        if keep_runpy:      # the frames of "python -m" itself
            kept += reversed(entries[:ours.index(True) if started else 1])
        for entry in kept:
            traceback = types.TracebackType(
                traceback, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
        # Not by a method of that name which the program's class has.
        value = BaseException.with_traceback(value, traceback)
    hook(cls, value, traceback)


# For images in which the command cannot change.

def write_autoload(directory: str) -> None:
    """Write a directory that follows the variables when on PYTHONPATH.

    It holds a copy of the package, in a folder that is on no path until
    a variable is set, and a sitecustomize; both compiled for the Python
    that runs: to compile takes longer than all that the hook does.
    FileExistsError is raised if *directory* holds files that are not of
    this function, or this package.
    """
    import compileall
    import py_compile
    import shutil
    mark = os.path.join(directory, _MARK)
    package = os.path.join(directory, "package", "jsonlogging")
    this = os.path.realpath(_PACKAGE) + os.sep
    if os.path.realpath(package) + os.sep == this or (
            os.path.realpath(directory) + os.sep).startswith(this):
        raise FileExistsError("%s holds the package itself" % directory)
    if os.path.isdir(directory) and os.listdir(directory) and (
            not os.path.exists(mark)):
        raise FileExistsError("%s holds files that are not ours" % directory)
    os.makedirs(directory, exist_ok=True)
    with open(mark, "w", encoding="utf-8") as file:
        file.write("python -m jsonlogging autoload may replace what is "
                   "here.\n")
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
