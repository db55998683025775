"""
Logging configuration that an operator can override by the environment.

basicConfig(), dictConfig() and fileConfig() do what the functions of
logging and logging.config with these names do.  Then they apply four
environment variables, so that the operator's word beats the program's:

    PYTHON_LOGGING_LEVEL          INFO,app.db=DEBUG
    PYTHON_LOGGING_HANDLER_LEVEL  console=DEBUG,audit=ERROR
    PYTHON_LOGGING_FORMAT         json, text or a registered name
    PYTHON_LOGGING_TIME           utc or local

The grammar is closed.  Nothing in a variable is imported, evaluated,
resolved or called; no path, host, credential or format string can be
set.  What does not fit is ignored with a warning: nothing in the
environment stops a program from starting.

The text of variables is parsed by pure functions.  What is applied is
applied to the loggers and handlers that exist then, under logging's own
lock, and noted on them for effectiveConfig().

What nobody proposes for the standard library stands in one block at the
end, see there.
"""

import collections, copy, functools, itertools, logging, logging.config
import logging.handlers, operator, os, re, sys, threading, warnings

from .formatters import ISOFormatter, JSONFormatter

__all__ = ["Problem", "Settings", "applyEnvironment", "applySettings",
           "basicConfig", "dictConfig", "fileConfig", "formatEnvironment",
           "isConsole", "parseEnvironment", "reportProblems"]

_PREFIX = "PYTHON_LOGGING"
_MAX_BYTES = 8192
_MAX_DIRECTIVES = 256

# A logger's, handler's or formatter's name.  It has no character that
# paths, URLs, ports, calls or format strings are made with.
_NAME = re.compile(r"\w(?:[\w .-]*[\w-])?")
# Nor may it be a word by which dictConfig() or fileConfig() name code.
_WORDS = {"args", "class", "factory"}
_FORMAT_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# What FORMAT may say, and what makes the formatter.
_formats = {"json": JSONFormatter,
            "text": functools.partial(ISOFormatter, _TEXT)}

Problem = collections.namedtuple(
    "Problem", "variable token reason state", defaults=("ignored",))
Problem.__doc__ = """A *token* of *variable* that has no effect, and why.

*state* is "ignored"; "unknown" if it is ignored for a name that the
program may still introduce; "hidden" if it is applied and does not show.
"""

Settings = collections.namedtuple(
    "Settings", "prefix levels handler_levels format time nested")
Settings.__doc__ = """What the variables that begin with *prefix* say.

*levels* and *handler_levels* are dicts of names to numbers, *format* and
*time* strings or None.  *nested* has the (section, id, key) of nested
variables, which only a program's own prefix has, and their values.
"""


# Parsing: environment in, settings and problems out.

def parseEnvironment(environ, prefix=_PREFIX, *, levels=None, formats=None):
    """
    Return the Settings in *environ*, a mapping, and a list of Problems.

    *prefix* begins the names of the variables; only with another one than
    PYTHON_LOGGING are nested variables read.  *levels* is a mapping of
    level names to numbers, *formats* a container of format names; if they
    are None, those known to logging and registered here count.
    """
    levels = dict(logging._nameToLevel if levels is None else levels)
    # Names are known in any case, but their own goes first.
    levels = {**{str(n).upper(): levels[n] for n in levels}, **levels}
    formats = _formats if formats is None else formats
    problems = []

    def get(variable):
        text = environ.get(variable) or ""
        if len(text.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
            refuse(variable, text, "longer than %d bytes" % _MAX_BYTES)
            return ""
        return text.strip()

    def refuse(variable, token, reason, unknown=False):
        problems.append(Problem(variable, token, reason,
                                "unknown" if unknown else "ignored"))

    def directives(variable, bare):
        tokens = [t.strip() for t in get(variable).split(",") if t.strip()]
        for token in tokens[_MAX_DIRECTIVES:_MAX_DIRECTIVES + 1]:
            refuse(variable, token, "beyond %d directives" % _MAX_DIRECTIVES)
        found = {}
        for token in tokens[:_MAX_DIRECTIVES]:
            name, equals, text = map(str.strip, token.rpartition("="))
            level = _parse_level(text, levels)
            if not equals:
                name = bare
            if name is None:
                refuse(variable, token, "not of the form name=level")
            elif not _is_name(name):
                refuse(variable, token, "not a name that can be overridden")
            elif level is None:
                refuse(variable, token, "not a level",
                       _is_name(text) and not text[0].isdigit())
            else:
                found[name] = level
        return found

    def choice(variable, allowed, reason, names=None):
        text = get(variable)
        if not text or text.lower() in allowed:
            return text.lower() or None
        refuse(variable, text, reason, names and names.fullmatch(text.lower()))

    settings = Settings(
        prefix, directives(prefix + "_LEVEL", "root"),
        directives(prefix + "_HANDLER_LEVEL", None),
        choice(prefix + "_FORMAT", formats,
               "not json, text or a registered name", _FORMAT_NAME),
        choice(prefix + "_TIME", ("utc", "local"), "not utc or local"), {})
    if prefix != _PREFIX:
        _parse_nested(environ, settings, levels, get, refuse)
    return settings, problems


def _is_name(text):
    return bool(_NAME.fullmatch(text)) and text not in _WORDS


def _parse_level(text, levels):
    """Return the number of the level in *text*, or None."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    level = levels.get(text, levels.get(text.upper()))
    return level if type(level) is int and 0 <= level < 10**9 else None


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


# Application: settings in, changed loggers and handlers out.

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


def _attempt(problems, variable, token, function, *args):
    """Return what *function* does; what it raises goes to *problems*."""
    try:
        return function(*args)
    except Exception as error:      # a class of the program's
        problems.append(Problem(variable, token, "not to be had: "
                                + type(error).__name__))


def _apply(settings, handlers, early, problems):
    """Do the work of applySettings()."""
    with logging._lock:
        named = logging._handlers
        if handlers is None:
            _apply_levels(settings, early, problems)
        elif settings.handler_levels:
            named = {getattr(route.handler, "name", None): route.handler
                     for route in _routes(handlers)}
        _apply_handler_levels(settings, named, problems)
        if settings.nested:
            _apply_nested(settings, problems)
        if settings.format or settings.time:
            _apply_format(settings, _routes(handlers), problems)
        # Last, because it looks at the levels of handlers.
        if handlers is None:
            _find_hidden(settings, problems)


def _override(obj, apply, **changes):
    """
    Call *apply* without arguments, to make *changes* to *obj*, a logger,
    handler or formatter: keywords with a value and its variable.
    """
    notes = obj.__dict__.get("_overrides", {})
    before, ours = {}, True
    for key, change in changes.items():
        before[key] = _current(obj, key)
        ours = ours and before[key] == change[0] and (
            notes.get(key, ())[:2] == change)
    if ours:
        return      # as we left it
    for value, variable in changes.values():
        sys.audit("jsonlogging.env", variable, _label(obj), value)
    apply()
    notes = obj.__dict__.setdefault("_overrides", notes)
    for key, (value, variable) in changes.items():
        # What the program set last is what is not ours.
        if key in notes and notes[key][0] == before[key]:
            before[key] = notes[key][2]
        notes[key] = _current(obj, key), variable, before[key]


def _current(obj, key):
    """Return the value of *key*, an attribute, or the "time" of *obj*."""
    return _zone(obj.formatter) if key == "time" else getattr(obj, key)


def _label(obj):
    """Return a text by which a person knows *obj*."""
    if obj is logging.lastResort:
        return "lastResort"
    name = getattr(obj, "name", None)
    return name if isinstance(name, str) and name else (
        "an unnamed " + type(obj).__name__)


def _find_logger(name, early):
    """Return the logger *name*; or, if it is *early*, the next above."""
    while name != "root":
        logger = logging.root.manager.loggerDict.get(name)
        if isinstance(logger, logging.Logger):
            return logger
        if not early:
            return logging.getLogger(name)
        name = name.rpartition(".")[0] or "root"
    return logging.root


def _apply_levels(settings, early, problems):
    """Apply LEVEL."""
    variable = settings.prefix + "_LEVEL"
    for name, level in settings.levels.items():
        _attempt(problems, variable, name, _apply_level, name, level,
                 variable, early)


def _apply_level(name, level, variable, early):
    logger = _find_logger(name, early)
    if logger.name == name:
        _set_level(logger, level, variable)
        if logger.disabled:
            _override(logger, functools.partial(
                setattr, logger, "disabled", False),
                disabled=(False, variable))


def _apply_handler_levels(settings, handlers, problems):
    """Apply HANDLER_LEVEL to *handlers*, a mapping by name."""
    variable = settings.prefix + "_HANDLER_LEVEL"
    for name, level in settings.handler_levels.items():
        handler = handlers.get(name)
        if handler is not None:
            _attempt(problems, variable, name, _set_level, handler, level,
                     variable)
        elif handlers is logging._handlers:
            problems.append(Problem(variable, name, "not the name of a "
                                    "handler yet", "unknown"))


def _set_level(owner, level, variable):
    _override(owner, functools.partial(owner.setLevel, level),
              level=(level, variable))


def isConsole(handler):
    """
    Tell whether *handler* writes to the program's console.

    It is a StreamHandler on sys.stdout, sys.stderr or what Python began
    with, or on anything with the descriptor 1 or 2; or a FileHandler on
    /dev/stdout or /dev/stderr, and on no other file.
    """
    if isinstance(handler, logging.FileHandler):
        name = getattr(handler, "baseFilename", None)
        return name in ("/dev/stdout", "/dev/stderr")
    if not isinstance(handler, logging.StreamHandler):
        return False
    try:
        stream = handler.stream
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            if stream is getattr(sys, name, None):
                return stream is not None
        descriptor = stream.fileno()
    except Exception:       # it has none, is closed, or a stand-in
        return False
    return type(descriptor) is int and descriptor in (1, 2)


class _Route:
    """How records come to *handler*: straight, or through *queues*."""

    def __init__(self, handler):
        self.handler, self.straight, self.queues = handler, False, []


def _loggers():
    """Return all loggers, root first."""
    return [logging.root, *(
        logger for logger in logging.root.manager.loggerDict.copy().values()
        if isinstance(logger, logging.Logger))]


def _routes(handlers=None):
    """
    Return a _Route for each handler that a record can reach: through
    *handlers*, or if they are None, from any logger.
    """
    routes = {}
    if handlers is None:
        handlers = [*(handler for logger in _loggers()
                      for handler in logger.handlers), logging.lastResort]
    todo = [(handler, ()) for handler in handlers]
    while todo:
        handler, queues = todo.pop()
        if handler is None:
            continue
        route = routes.setdefault(id(handler), _Route(handler))
        new = [queue for queue in queues if queue not in route.queues]
        if not new and (queues or route.straight):
            continue    # has been here this way
        route.queues += new
        route.straight = route.straight or not queues
        if isinstance(handler, logging.handlers.QueueHandler):
            queues = (*queues, handler)
        todo += [(behind, queues) for behind in _behind(handler)]
    return [*routes.values()]


def _behind(handler):
    """Return a tuple of those to which *handler* passes records."""
    if isinstance(handler, logging.handlers.MemoryHandler):
        return handler.target,
    if isinstance(handler, logging.handlers.QueueHandler):
        found = getattr(getattr(handler, "listener", None), "handlers", ())
        return found if isinstance(found, (tuple, list)) else ()
    # Or to one whose emit() stands for its own.
    other = getattr(getattr(handler, "__dict__", {}).get("emit"),
                    "__self__", None)
    return (other,) if isinstance(other, logging.Handler) else ()


def _apply_format(settings, routes, problems):
    """Apply FORMAT and TIME to the consoles of *routes*."""
    variable = settings.prefix + ("_FORMAT" if settings.format else "_TIME")
    chosen = {path[1] for path in settings.nested if path[2] == "formatter"}
    consoles = [route for route in routes if isConsole(route.handler)
                and not (chosen and _variable_form(
                    route.handler.name) in chosen)]
    made = None
    if settings.format and consoles:
        made = _attempt(problems, variable, settings.format, _make,
                        settings.format)
        if made is None:
            return
    for route in consoles:
        _attempt(problems, variable, _label(route.handler), _format_console,
                 settings, made, route)


def _format_console(settings, made, route):
    """Apply FORMAT, which makes *made* or None, and TIME to a console."""
    handler = route.handler
    old, new = handler.formatter, _choose(settings, made, route)
    if new is old:
        return
    changes = {}
    if settings.time and _zone(old) != settings.time:
        changes["time"] = settings.time, settings.prefix + "_TIME"
    # One that is not made by FORMAT is the program's own, or a copy.
    if not changes or getattr(_inner(new), "_made_for", None):
        changes["formatter"] = new, settings.prefix + (
            "_FORMAT" if settings.format else "_TIME")
    _override(handler, functools.partial(handler.setFormatter, new),
              **changes)


def _choose(settings, made, route):
    """Return the formatter that the console of *route* should have."""
    old = route.handler.formatter
    own = source = _inner(old)
    # What a JSONFormatter on a QueueHandler makes is the whole line.
    lines = [queue.formatter for queue in route.queues
             if isinstance(queue.formatter, JSONFormatter)]
    if lines and not isinstance(own, JSONFormatter) and (
            own is old or own is None):
        source = lines[0]
    new = source
    if made is not None and not _is_kept(settings.format, source, made):
        new = made
    new = _timed(new, settings.time)
    if not route.queues:
        return new
    if new is source and (made is None or source is own and not isinstance(
            new, JSONFormatter)):
        return old
    if source is own and made is None:
        return new
    if source is not own and new is source and not route.straight:
        new = None      # the line has been made
    for queue in route.queues:
        if not isinstance(queue.prepare, _Prepare):
            queue.prepare = _Prepare(queue.prepare)
    return old if own is not old and own is new else _Unqueued(new)


def _make(name):
    """Return the formatter that FORMAT *name* makes."""
    made = _formats[name]()
    if not isinstance(made, logging.Formatter):
        raise TypeError("not a formatter: %r" % (made,))
    made._made_for = name
    return made


def _is_kept(name, formatter, made):
    """Tell whether FORMAT *name*, which made *made*, keeps *formatter*."""
    # A subclass may be there to redact.
    if name in ("json", "text"):
        return isinstance(formatter, JSONFormatter) == (name == "json")
    if type(made) in (logging.Formatter, ISOFormatter, JSONFormatter):
        return getattr(formatter, "_made_for", None) == name
    return isinstance(formatter, type(made))


def _zone(formatter):
    """Return the TIME that *formatter* writes, None for times of its own."""
    formatter = _inner(formatter)
    if not isinstance(formatter, logging.Formatter) or formatter.datefmt:
        return None
    if not isinstance(formatter, ISOFormatter):     # see _timed()
        formatter = getattr(formatter.__dict__.get("formatTime"),
                            "__self__", None)
    utc = getattr(formatter, "utc", None)
    return None if utc is None else "utc" if utc else "local"


def _timed(formatter, zone):
    """Return *formatter*, or a copy of it that writes TIME *zone*."""
    if zone in (None, _zone(formatter)) or not isinstance(
            formatter, logging.Formatter):
        return formatter
    # A copy, because others may have the same formatter.
    formatter = copy.copy(formatter)
    formatter.datefmt = None
    if isinstance(formatter, ISOFormatter):
        formatter.utc = zone == "utc"
    else:
        formatter.formatTime = ISOFormatter(utc=zone == "utc").formatTime
    return formatter


# Behind a QueueHandler.  Its prepare() merges arguments and exception into
# the message (gh-89087).  The message goes on as it is, for handlers that
# are no console, and takes along what it was made of.

class _Message(str):
    """A message that a QueueHandler made; *parts* is what it was."""

    def __reduce__(self):
        # For queues between processes: exceptions may not pickle.
        return str, (str(self),)


class _Prepare:
    """Stands for the method prepare() of one QueueHandler."""

    def __init__(self, original):
        self.original = original

    def __call__(self, record):
        msg = record.msg
        prepared = self.original(record)
        # An override that leaves the record alone needs no help.
        if (prepared is not record and isinstance(prepared, logging.LogRecord)
                and isinstance(prepared.msg, str)):
            message = _Message(prepared.msg)
            message.parts = msg.parts if type(msg) is _Message else (
                self.parts(record))
            prepared.msg = message
        return prepared

    @staticmethod
    def parts(record):
        """Return what a formatter needs to know besides *record*."""
        parts = {name: getattr(record, name) for name in (
            "msg", "args", "exc_info", "exc_text", "stack_info")}
        try:
            # Now, because arguments may change.
            parts.update(msg=record.getMessage(), args=None)
        except Exception:
            pass    # JSONFormatter marks it
        return parts


class _Unqueued(logging.Formatter):
    """
    Formats with *formatter* what a record was before it was queued.

    If *formatter* is None, the QueueHandler has made the whole line.
    """

    def __init__(self, formatter):
        logging.Formatter.__init__(self)
        self.formatter = formatter

    def format(self, record):
        if self.formatter is None:
            return record.getMessage()
        # A filter may have replaced the message, to redact it.
        if type(record.msg) is _Message:
            parts, record = record.msg.parts, copy.copy(record)
            record.__dict__.update(parts)
        return self.formatter.format(record)


def _inner(formatter):
    """Return what *formatter* formats with, which may be another."""
    return formatter.formatter if isinstance(formatter, _Unqueued) else (
        formatter)


# What hides what LEVEL asks for.

def _find_hidden(settings, problems):
    """Lower lastResort as LEVEL says; find records that do not show."""
    variable = settings.prefix + "_LEVEL"
    for name, level in settings.levels.items():
        logger, found = _find_logger(name, True), []
        while logger is not None:
            found += logger.handlers
            logger = logger.parent if logger.propagate else None
        last = logging.lastResort
        if not found and last is not None and level < last.level:
            _set_level(last, level, variable)
        hiding = [_hiding(handler, level) for handler in found
                  if not isinstance(handler, logging.NullHandler)]
        by = None
        if logging.root.manager.disable >= level:
            by = "logging.disable()"
        elif hiding and all(hiding):
            names = sorted({_label(handler) for handlers in hiding
                            for handler in handlers})
            by = "the level of %s%s%s" % (
                ", ".join(map(_show, names[:3])),
                " and others" if names[3:] else "",
                ": see %s_HANDLER_LEVEL" % settings.prefix
                if any(map(logging._handlers.get, names))
                else ", which has no name")
        if by and level:
            problems.append(Problem(
                variable, "%s=%s" % (name, logging.getLevelName(level)),
                "hidden by " + by, "hidden"))


def _hiding(handler, level):
    """Return the handlers that hide *level* from who reads *handler*."""
    if handler.level > level:
        return [handler]
    listener = getattr(handler, "listener", None)
    if not getattr(listener, "respect_handler_level", False):
        return []
    behind = [_hiding(other, level) for other in listener.handlers]
    return sum(behind, []) if all(behind) else []


# What goes wrong is said once, and never stops a program.

_reported = {}


def reportProblems(problems):
    """
    Warn of *problems*, once for each variable and state in a process.

    Under -W error the warning goes to standard error.
    """
    key = operator.attrgetter("variable", "state")
    for (name, state), group in itertools.groupby(
            sorted(problems, key=key), key):
        shown = ["%s is %s" % (_show(p.token), p.reason) for p in group]
        text = "%s: %s" % (name if name.isidentifier() and len(name) < 100
                           else _show(name), "; ".join(shown[:3]))
        text += "; and %d more" % len(shown[3:]) if shown[3:] else ""
        text += "" if state == "hidden" else " (ignored)"
        if _reported.setdefault((name, state), text) is not text:
            continue
        try:
            warnings.warn_explicit(text, RuntimeWarning, "<environment>", 1)
        except Exception:       # -W error
            try:
                sys.stderr.write("RuntimeWarning: %s\n" % text)
            except Exception:
                pass            # there is nobody to tell


def _show(token):
    """Return *token* as it is shown to people, 100 characters at most."""
    text = repr(token)
    return text if len(text) <= 100 else text[:97] + "..."


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


# The rest of this file is proposed to nobody.  The variables work without
# it, once nothing calls _parse_nested(), _apply_nested() and
# _keep_formatters().

__all__ += ["effectiveConfig", "holdLevel", "install", "registerFormat",
            "uninstall", "wrapFunctions"]


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


def _parse_nested(environ, settings, levels, get, refuse):
    """Add the nested variables of *environ* to *settings*."""
    prefix = settings.prefix + "__"
    variables = sorted(name for name in environ if name.startswith(prefix))
    for variable in variables[_MAX_DIRECTIVES:_MAX_DIRECTIVES + 1]:
        refuse(variable, variable, "beyond %d variables" % _MAX_DIRECTIVES)
    for variable in variables[:_MAX_DIRECTIVES]:
        section, _, rest = variable[len(prefix):].partition("__")
        identifier, _, key = rest.rpartition("__")
        parse, text = _NESTED.get((section, key)), get(variable)
        if not text:
            continue
        if parse is None or not _IDENTIFIER.fullmatch(identifier):
            refuse(variable, variable, "not a variable that can be set")
            continue
        value = parse(text, levels)
        if value is None:
            refuse(variable, text, "not a value of " + key.lower())
        else:
            settings.nested[section, identifier, key.lower()] = value


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
    """Apply nested variables."""
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
                _inner(handler.formatter))
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
    obj = _inner(obj)
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
