"""
Logging configuration that an operator can override by the environment.

basicConfig(), dictConfig() and fileConfig() do what the functions of
logging and logging.config with these names do.  Then they apply the
variables that _overrides.py describes, so that the operator's word beats
the program's.

This module is for programs on a Python whose logging does not read the
variables, and it goes further than what is proposed for one that does:
prefixes of a program's own and nested variables under them, names of
formats that a program registers, install() for programs that call
logging's functions, and effectiveConfig().
"""

import collections, functools, logging, logging.config, logging.handlers
import os, re, sys, threading

from . import _overrides
from ._overrides import (
    Problem, _FORMAT_NAME, _MAX_DIRECTIVES, _PREFIX, _WORDS, _attempt,
    _current, _formats, _get, _is_name, _label, _level_names, _loggers,
    _override, _parse_level, _reported, isConsole, reportProblems)
from ._queues import choose, inner
from .formatters import ISOFormatter, JSONFormatter

__all__ = ["Problem", "Settings", "applyEnvironment", "applySettings",
           "basicConfig", "dictConfig", "effectiveConfig", "fileConfig",
           "formatEnvironment", "holdLevel", "install", "isConsole",
           "parseEnvironment", "registerFormat", "reportProblems",
           "uninstall", "wrapFunctions"]

Settings = collections.namedtuple(
    "Settings", [*_overrides.Settings._fields, "nested"])
Settings.__doc__ = _overrides.Settings.__doc__ + """
*nested* has the (section, id, key) of nested variables, which only a
program's own prefix has, and their values.
"""


def parseEnvironment(environ, prefix=_PREFIX, *, levels=None, formats=None):
    """
    Return the Settings in *environ*, a mapping, and a list of Problems.

    *prefix* begins the names of the variables; only with another one than
    PYTHON_LOGGING are nested variables read.  *levels* is a mapping of
    level names to numbers, *formats* a collection of format names; if they
    are None, those known to logging and registered here count.
    """
    settings, problems = _overrides.parseEnvironment(
        environ, prefix, levels=levels, formats=formats)
    nested = {} if prefix == _PREFIX else _parse_nested(
        environ, prefix, _level_names(levels), problems)
    return Settings(*settings, nested), problems


def formatEnvironment(settings):
    """
    Return a dict of the variables that parse to *settings*.

    A level is written as its number, which needs no registration.
    """
    def directives(levels):
        return ",".join("%s=%d" % item for item in levels.items())

    environ = {"_LEVEL": directives(settings.levels),
               "_HANDLER_LEVEL": directives(settings.handler_levels),
               "_FORMAT": settings.format, "_TIME": settings.time}
    for path, value in settings.nested.items():
        value = str(value).lower() if isinstance(value, bool) else value
        environ["__" + "__".join(path).upper()] = str(value)
    return {settings.prefix + name: text
            for name, text in environ.items() if text}


def applyEnvironment(env=True, *, environ=None):
    """
    Apply the environment to logging as it is configured now.

    This is what basicConfig(), dictConfig() and fileConfig() do at their
    end.  *env* is true for the PYTHON_LOGGING variables, which -E and -I
    switch off; a string for variables with this prefix; false for none.
    *environ* is a mapping to be read in place of os.environ.
    """
    prefix = _check_env(env)
    if prefix is None:
        return
    if environ is None:
        # -E is about the variables of Python (gh-127873).
        environ = os.environ if not (sys.flags.ignore_environment and
                                     prefix.startswith("PYTHON")) else {}
    settings, problems = parseEnvironment(environ, prefix)
    reportProblems(problems + applySettings(settings))


def _check_env(env):
    """Return the prefix of the variables, or None."""
    if isinstance(env, bool):
        return _PREFIX if env else None
    if not isinstance(env, str):
        raise TypeError("env must be a bool or a prefix, not %r" % (env,))
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", env):
        raise ValueError("env is no prefix of variables: %r" % env)
    return env


def applySettings(settings, *, handlers=None, early=False):
    """
    Apply *settings* to logging as it is configured now; return Problems.

    If *handlers* is not None, no logger is changed, and only these
    handlers and those that a record reaches through them.  If *early* is
    true, logging is not configured yet: no logger is created.
    """
    problems = []
    if any(settings[1:]):
        _attempt(problems, settings.prefix, "all", _apply, settings, handlers,
                 early, problems)
    return problems


def _behind(handler):
    """Return those to which *handler* passes records."""
    # Also one whose emit() stands for its own: launchers replace handlers.
    other = getattr(getattr(handler, "__dict__", {}).get("emit"),
                    "__self__", None)
    return (other,) if isinstance(other, logging.Handler) else (
        _overrides._behind(handler))


def _routes(handlers=None):
    """Return the routes to the handlers that a record can reach."""
    return _overrides._routes(handlers, _behind)


def _apply(settings, handlers, early, problems):
    """Do the work of applySettings()."""
    with logging._lock:
        loggers, named = logging.root.manager.loggerDict, logging._handlers
        if handlers is not None:
            named = {getattr(route.handler, "name", None): route.handler
                     for route in _routes(handlers)}
            settings = settings._replace(levels={}, handler_levels={
                name: level for name, level in settings.handler_levels.items()
                if name in named})
        _overrides._apply_levels(settings if not early else settings._replace(
            levels={name: level for name, level in settings.levels.items()
                    if name == "root"
                    or isinstance(loggers.get(name), logging.Logger)}),
            problems)
        _overrides._apply_handler_levels(settings, problems, named)
        chosen = _apply_nested(settings, problems)
        _overrides._apply_format(
            settings, [route for route in _routes(handlers)
                       if id(route.handler) not in chosen], problems, choose)
        # Last, because it looks at the levels of handlers.
        _overrides._find_hidden(settings, problems)


# The entry points.

_inside = threading.local()     # a call of one of them


def _configure(env, function, *args, **kwargs):
    """Call *function*, then apply *env*; once, if such calls are nested."""
    _check_env(env)
    outer, _inside.now = getattr(_inside, "now", False), True
    try:
        result = function(*args, **kwargs)
    finally:
        _inside.now = outer
    if not outer:
        applyEnvironment(env)
    return result


def basicConfig(*, env=True, **kwargs):
    """
    Do what logging.basicConfig() does, then apply the environment.

    *formatter*, a logging.Formatter, works on every Python; together with
    *format*, *datefmt* or *style* it is a ValueError, as on Python 3.15.
    *env* is that of applyEnvironment().
    """
    _configure(env, logging.basicConfig if sys.version_info >= (3, 15)
               else _basic_config, **kwargs)


def _basic_config(*, formatter=None, **kwargs):
    """Do what logging.basicConfig() does on Python 3.15."""
    with logging._lock:
        if formatter is None or logging.root.handlers and not kwargs.get(
                "force"):
            return logging.basicConfig(**kwargs)
        for key in ("datefmt", "format", "style"):
            if key in kwargs:
                raise ValueError("%r should not be specified together with "
                                 "'formatter'" % key)
        handlers = kwargs.pop("handlers", None)
        if handlers is not None:
            handlers = kwargs["handlers"] = [*handlers]
        bare = [handler for handler in handlers or ()
                if handler.formatter is None]
        logging.basicConfig(**kwargs)
        for handler in logging.root.handlers if handlers is None else bare:
            handler.setFormatter(formatter)


def dictConfig(config, *, env=True):
    """
    Do what logging.config.dictConfig() does, then apply the environment.

    All options of a formatter reach it if its "class" is one of ours or a
    subclass.  *env* is that of applyEnvironment().
    """
    _check_env(env)
    cls = logging.config.dictConfigClass
    if isinstance(cls, type):
        cls = type(cls.__name__, (_Configurator, cls), {})
    _configure(env, cls(config).configure)


def fileConfig(fname, defaults=None, disable_existing_loggers=True,
               encoding=None, *, env=True):
    """
    Do what logging.config.fileConfig() does, then apply the environment.

    *env* is that of applyEnvironment().  Python 3.9 has no *encoding*.
    """
    options = {} if encoding is None else {"encoding": encoding}
    _configure(env, logging.config.fileConfig, fname, defaults,
               disable_existing_loggers, **options)


class _Configurator:
    """Mixed into a DictConfigurator: gives our formatters all options."""

    def configure(self):
        _keep_formatters(self, super().configure)

    def configure_formatter(self, config):
        cls, options = config.get("class"), {}
        if cls and "()" not in config:
            cls = cls if callable(cls) else self.resolve(cls)
            if isinstance(cls, type) and issubclass(cls, ISOFormatter):
                options = {key: config[key] for key in config if key not in (
                    "class", "format", "datefmt", "style", "validate")}
        if not options:
            return super().configure_formatter(config)
        if "validate" in config:
            options["validate"] = config["validate"]
        return cls(options.pop("fmt", config.get("format")),
                   config.get("datefmt"), config.get("style", "%"), **options)


# Names of formats that a program registers.

def registerFormat(name, factory):
    """
    Let FORMAT say *name*; *factory*, called without arguments, returns
    the formatter.

    *name* is of lower-case letters, digits, "-" and "_", and begins with
    a letter.  A name that is registered already gets the new factory, but
    "json" and "text" are not to be had: ValueError.
    """
    if not isinstance(name, str) or not callable(factory):
        raise TypeError("a str and a callable are needed, not %r and %r"
                        % (name, factory))
    if name in ("json", "text") or not _FORMAT_NAME.fullmatch(name):
        raise ValueError("%r cannot be the name of a format" % name)
    _formats[name] = factory


# Nested variables, which a program has under a prefix of its own.

_IDENTIFIER = re.compile("[A-Z0-9_]+")     # in the name of a variable
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_TIMESPECS = ("seconds", "milliseconds", "microseconds")
_formatters = {}    # those of the last dictConfig(), by their ids


def _parse_nested(environ, prefix, levels, problems):
    """Return a dict of the nested variables; add to *problems*."""
    found, prefix = {}, prefix + "__"
    variables = sorted(name for name in environ if name.startswith(prefix))
    for variable in variables[_MAX_DIRECTIVES:_MAX_DIRECTIVES + 1]:
        problems.append(Problem(variable, variable, "beyond %d variables"
                                % _MAX_DIRECTIVES))
    for variable in variables[:_MAX_DIRECTIVES]:
        section, _, rest = variable[len(prefix):].partition("__")
        identifier, _, key = rest.rpartition("__")
        parse = _NESTED.get((section, key))
        text = _get(environ, variable, problems)
        if not text:
            continue
        if parse is None or not _IDENTIFIER.fullmatch(identifier):
            problems.append(Problem(variable, variable,
                                    "not a variable that can be set"))
            continue
        value = parse(text, levels)
        if value is None:
            problems.append(Problem(variable, text, "not a value of "
                                    + key.lower()))
        else:
            found[section, identifier, key.lower()] = value
    return found


def _bool(text, levels=None):
    return _BOOLEANS.get(text.lower())


_NESTED = {
    ("HANDLERS", "LEVEL"): _parse_level,
    ("HANDLERS", "FORMATTER"): lambda text, levels: text if _is_name(
        text) else None,
    ("FORMATTERS", "UTC"): _bool,
    ("FORMATTERS", "TIMESPEC"): lambda text, levels: text.lower() if (
        text.lower() in _TIMESPECS) else None,
    ("FORMATTERS", "EXTRA"): lambda text, levels: text if (
        text.isidentifier() and text.lower() not in (
            *_WORDS, *_BOOLEANS)) else _bool(text),
    ("FORMATTERS", "ENSURE_ASCII"): _bool,
    ("FORMATTERS", "MAX_BYTES"): lambda text, levels: int(text) if (
        re.fullmatch("[0-9]{4,9}", text) and int(text) >= 1024) else None}


def _variable_form(name):
    """Return *name* as it stands in a nested variable."""
    return re.sub("[^A-Z0-9]", "_", str(name).upper())


def _apply_nested(settings, problems):
    """
    Apply nested variables; return the id() of each handler whose formatter
    one of them chooses.
    """
    chosen = set()
    for (section, identifier, key), value in settings.nested.items():
        variable = "__".join([settings.prefix, section, identifier,
                              key.upper()])
        things = logging._handlers if section == "HANDLERS" else _formatters
        found = [thing for name, thing in [*things.items()]
                 if _variable_form(name) == identifier]
        if len(found) != 1:
            reason = "the name of %s of the %s" % (
                "several" if found else "none", section.lower())
        elif key == "formatter" and value not in _formatters:
            reason = "the name of none of the formatters"
        else:
            reason = section == "FORMATTERS" and _check_option(
                found[0], key, value)
        if reason:
            token = identifier if len(found) != 1 else value
            problems.append(Problem(variable, str(token), reason))
        else:
            _attempt(problems, variable, identifier, _set_option, found[0],
                     key, value, variable)
            if key == "formatter":
                chosen.add(id(found[0]))
    return chosen


def _set_option(obj, key, value, variable):
    value = _formatters[value] if key == "formatter" else value
    method = {"level": "setLevel", "formatter": "setFormatter"}.get(key)
    apply = getattr(obj, method) if method else functools.partial(
        setattr, obj, key)
    _override(obj, functools.partial(apply, value), **{key: (value, variable)})


def _check_option(formatter, key, value):
    """Return why *formatter* cannot have *value* for *key*, or None."""
    cls = ISOFormatter if key in ("utc", "timespec") else JSONFormatter
    if not isinstance(formatter, cls):
        return "for an option that a %s lacks" % type(formatter).__name__
    if isinstance(value, str) and key == "extra" and (
            formatter._free_key(value) != value
            or value in {path[0] for path, _ in formatter._fields}):
        return "the key of a field"
    return None


def _keep_formatters(configurator, configure):
    """Call *configure*; keep the formatters that it makes, by their ids."""
    config = getattr(configurator, "config", {})
    incremental = config.get("incremental")
    configure()
    if not incremental:
        _formatters.clear()
        _formatters.update(config.get("formatters") or {})


# For programs that call the functions of logging.

_installed = False      # or the env of install()
_patches = []           # what that has replaced


def install(env=True):
    """
    Let logging.basicConfig(), logging.config.dictConfig() and
    logging.config.fileConfig() apply the environment at their end.

    *env* is that of applyEnvironment(); a second call changes it, and no
    more.  A program that has imported basicConfig or fileConfig by name
    before has them as they were.
    """
    global _installed, _patches
    if _check_env(env) is None:
        raise ValueError("env must not be false: see uninstall()")
    with logging._lock:
        _installed, _patches = env, _patches or wrapFunctions()


def uninstall():
    """
    Undo install(), but not what was applied to loggers and handlers.

    It does nothing without install().  What others have put in the place
    of one of the functions since then stays there.
    """
    global _installed, _patches
    with logging._lock:
        for module, name, old, new in _patches:
            if getattr(module, name) is new:
                setattr(module, name, old)
        _installed, _patches = False, []


def wrapFunctions():
    """
    Let the functions that install() names call applyEnvironment() at
    their end: with the *env* of install(), or False if there is none.

    Return a list of what has been replaced: (module, name, old, new).
    """
    patches = []
    for module, name in ((logging, "basicConfig"),
                         (logging.config, "fileConfig"),
                         (logging.config, "dictConfigClass")):
        old = getattr(module, name)
        new = (_applying_class if isinstance(old, type) else _applying)(old)
        setattr(module, name, new)
        patches.append((module, name, old, new))
    return patches


def _applying(function):
    """Return basicConfig or fileConfig with what install() adds."""
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return _configure(_installed, function, *args, **kwargs)
    return wrapper


def _applying_class(cls):
    """Return a class of DictConfigurators with what install() adds."""
    def configure(self):
        return _configure(_installed, _keep_formatters, self,
                          functools.partial(cls.configure, self))
    return type(cls.__name__, (cls,), {
        "configure": configure, "__module__": cls.__module__,
        "__doc__": cls.__doc__})


# For launchers that do not let a program undo what was applied.

def holdLevel(owner, level):
    """
    Tell whether the level of *owner*, a logger or a handler, is what the
    environment has set; then note that the program asks for *level*.
    """
    notes = owner.__dict__.get("_overrides", {})
    value, variable, _ = notes.get("level", (None, None, None))
    if variable is None or owner.level != value:
        return False
    notes["level"] = value, variable, level
    return True


# What has come of it all.

# No rule tells secrets from the rest of what handlers may have.  So only
# these attributes are shown at all.
_SHOWN = set("_fmt address backupCount baseFilename capacity datefmt delay "
             "encoding ensure_ascii errors extra facility flushLevel host "
             "interval mailhost mailport maxBytes max_bytes mode port "
             "socktype stream timeout timespec utc when".split())
# That there are others with these names, is.
_SECRET = re.compile("(?i)passw|passphrase|pwd|token|secret|credential|auth"
                     "|cookie|(api|private|access)[-_]?key")
_USER_INFO = re.compile(r"(?s)(?<=//).*@|^[^\s/]*:.*@")


def effectiveConfig():
    """
    Return how logging is configured now, and by whom, as plain data.

    It is a dict that json.dumps() takes.  "loggers" has the root logger
    and those that were configured, "handlers" those that a record can
    reach, "problems" the warnings of this module so far.  Whatever the
    environment can set is a dict: "value"; "source", "program" or
    "environment"; and if the environment set it, "variable" and
    "instead_of", the program's value.  Secrets are "***".
    """
    with logging._lock:
        routes, names, handlers = _routes(), {}, {}
        numbers = collections.Counter()
        for route in sorted(routes, key=lambda route: _label(route.handler)):
            name = label = _label(route.handler)
            while name in handlers:
                numbers[label] += 1
                name = "%s #%d" % (label, numbers[label] + 1)
            names[id(route.handler)], handlers[name] = name, None
        for route in routes:
            handlers[names[id(route.handler)]] = _describe_handler(
                route, names)
        return {
            "loggers": {
                logger.name: _describe_logger(logger, names)
                for logger in sorted(_loggers(), key=lambda logger: (
                    logger is not logging.root, logger.name))
                if logger is logging.root or logger.level or logger.handlers
                or logger.disabled or not logger.propagate},
            "handlers": handlers,
            "disable": logging.getLevelName(logging.root.manager.disable),
            "problems": [*_reported.values()]}


def _value(obj, key, show=bool):
    """Return the entry of *key*, which *obj* has, for effectiveConfig()."""
    value = _current(obj, key)
    entry = {"value": show(value), "source": "program"}
    ours, variable, before = obj.__dict__.get("_overrides", {}).get(
        key, (None, None, None))
    if variable and ours == value:
        entry.update(source="environment", variable=variable,
                     instead_of=show(before))
    return entry


def _describe_logger(logger, names):
    return {"level": _value(logger, "level", logging.getLevelName),
            "effective": logging.getLevelName(logger.getEffectiveLevel()),
            "propagate": bool(logger.propagate),
            "disabled": _value(logger, "disabled"),
            "handlers": [names.get(id(handler), _label(handler))
                         for handler in logger.handlers]}


def _describe_handler(route, names):
    handler, unknown = route.handler, {"value": None, "source": "program"}
    entry = {"class": _class(type(handler)), "level": unknown,
             "formatter": unknown, "time": unknown, "console": False,
             "behind": [names[id(queue)] for queue in route.queues],
             "filters": [], "options": {}}
    try:
        entry.update(
            level=_value(handler, "level", logging.getLevelName),
            formatter=_value(handler, "formatter", _class),
            time=_value(handler, "time", _plain),
            console=isConsole(handler),
            filters=[*map(_class, handler.filters)],
            options=_options(handler))
        formatter, time = entry["formatter"], entry["time"]
        if time["source"] == "program":     # or what FORMAT has made
            time.update({key: formatter[key] for key in (
                "source", "variable") if key in formatter})
        if handler.formatter is not None:
            formatter["options"] = _options(
                inner(handler.formatter))
        if isinstance(handler, logging.handlers.QueueHandler) and not getattr(
                handler, "listener", None):
            entry["note"] = ("has no listener attribute: what is behind its "
                             "queue is not known")
        elif not (isinstance(handler, logging.StreamHandler)
                  or _behind(handler) or entry["class"][:8] == "logging."):
            entry["note"] = ("renders by itself: FORMAT and TIME do not "
                             "reach it")
    except Exception as error:      # logging gets on with it
        entry["note"] = "cannot be shown: %s" % type(error).__name__
    return entry


def _class(obj):
    """Return the name of the class of *obj*, or of a class or function."""
    obj = inner(obj)
    if obj is None:
        return None     # or the line that the QueueHandler has made
    cls = obj if hasattr(obj, "__qualname__") else type(obj)
    return "%s.%s" % (cls.__module__, cls.__qualname__)


def _options(obj):
    """Return the options of *obj*, a handler or formatter or None."""
    found = {}
    for key, value in getattr(obj, "__dict__", {}).items():
        if isinstance(key, str) and _SECRET.search(key):
            found[key] = "***"
        elif key in _SHOWN and value is not None:
            found[key.lstrip("_")] = _plain(value)
    if isinstance(obj, JSONFormatter):
        del found["fmt"]    # is not what it prints
    return found


def _plain(value):
    """Return *value*, without user and password, as plain data."""
    if isinstance(value, str):
        return _USER_INFO.sub("***@", value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, tuple)):
        return [*map(_plain, value)]
    name = getattr(value, "name", None)     # of a stream
    return _plain(name) if isinstance(name, str) else _class(value)
