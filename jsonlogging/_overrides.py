"""
What environment variables say about the log, and how it is done.

Four variables let an operator override what a program has configured:

    PYTHON_LOGGING_LEVEL          INFO,app.db=DEBUG
    PYTHON_LOGGING_HANDLER_LEVEL  console=DEBUG,audit=ERROR
    PYTHON_LOGGING_FORMAT         json or text
    PYTHON_LOGGING_TIME           utc or local

The grammar is closed.  Nothing in a variable is imported, evaluated,
resolved or called; no path, host, credential or format string can be
set.  What does not fit is ignored with a warning: nothing in the
environment stops a program from starting.

The text of variables is parsed by pure functions.  What is applied is
applied to the loggers and handlers that exist then, under logging's own
lock, and noted on them, so that to apply it again is no change.
"""

import collections, contextvars, copy, functools, itertools, logging
import logging.handlers, operator, os, re, sys, warnings

from .formatters import ISOFormatter, JSONFormatter

__all__ = ["Problem", "Settings", "applyEnvironment", "isConsole",
           "parseEnvironment", "reportProblems"]

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
    "Settings", "prefix levels handler_levels format time")
Settings.__doc__ = """What the variables that begin with *prefix* say.

*levels* and *handler_levels* are dicts of names to numbers, *format* and
*time* strings or None.
"""


# Parsing: environment in, settings and problems out.

def parseEnvironment(environ, prefix=_PREFIX, *, levels=None, formats=None):
    """
    Return the Settings in *environ*, a mapping, and a list of Problems.

    *prefix* begins the names of the variables.  *levels* is a mapping of
    level names to numbers, *formats* a collection of format names; if they
    are None, what logging and this module know by now.
    """
    levels = _level_names(levels)
    formats = _formats if formats is None else formats
    problems = []

    def refuse(variable, token, reason, unknown=False):
        problems.append(Problem(variable, token, reason,
                                "unknown" if unknown else "ignored"))

    def directives(variable, bare):
        text = _get(environ, variable, problems)
        tokens = [t.strip() for t in text.split(",") if t.strip()]
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

    def choice(variable, allowed, names=None):
        text = _get(environ, variable, problems)
        if not text or text.lower() in allowed:
            return text.lower() or None
        refuse(variable, text, "not " + " or ".join(allowed),
               names and names.fullmatch(text.lower()))

    settings = Settings(
        prefix, directives(prefix + "_LEVEL", "root"),
        directives(prefix + "_HANDLER_LEVEL", None),
        choice(prefix + "_FORMAT", formats, _FORMAT_NAME),
        choice(prefix + "_TIME", ("utc", "local")))
    return settings, problems


def _get(environ, variable, problems):
    """Return the text of *variable*, or "" if there is none to be used."""
    text = environ.get(variable) or ""
    if len(text.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        problems.append(Problem(variable, text,
                                "longer than %d bytes" % _MAX_BYTES))
        return ""
    return text.strip()


def _is_name(text):
    return bool(_NAME.fullmatch(text)) and text not in _WORDS


def _level_names(levels=None):
    """Return *levels*, or those of logging, with names in any case."""
    levels = dict(logging._nameToLevel if levels is None else levels)
    # Names are known in any case, but their own goes first.
    return {**{str(n).upper(): levels[n] for n in levels}, **levels}


def _parse_level(text, levels):
    """Return the number of the level in *text*, or None."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    level = levels.get(text, levels.get(text.upper()))
    return level if type(level) is int and 0 <= level < 10**9 else None


# Application: settings in, changed loggers and handlers out.

def applyEnvironment(environ=None):
    """
    Apply the variables to logging as it is configured now.

    This is what logging's functions for configuration do at their end.
    *environ* is a mapping to be read in place of os.environ, which is not
    read under -E and -I.
    """
    if environ is None:
        # These options are about the variables of Python (gh-127873).
        environ = {} if sys.flags.ignore_environment else os.environ
    settings, problems = parseEnvironment(environ)
    if any(settings[1:]):
        _attempt(problems, settings.prefix, "all", _apply, settings, problems)
    reportProblems(problems)


def _apply(settings, problems):
    """Apply *settings*; add to *problems* what has no effect."""
    with logging._lock:
        _apply_levels(settings, problems)
        _apply_handler_levels(settings, problems)
        _apply_format(settings, _routes(), problems)
        # Last, because it looks at the levels of handlers.
        _find_hidden(settings, problems)


def _attempt(problems, variable, token, function, *args):
    """Return what *function* does; what it raises goes to *problems*."""
    try:
        return function(*args)
    except Exception as error:      # a class of the program's
        problems.append(Problem(variable, token, "not to be had: "
                                + type(error).__name__))


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
        # logging.env, in logging.
        sys.audit(__name__.partition(".")[0] + ".env", variable, _label(obj),
                  value)
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


def _apply_levels(settings, problems):
    """Apply LEVEL."""
    variable = settings.prefix + "_LEVEL"
    for name, level in settings.levels.items():
        _attempt(problems, variable, name, _apply_level, name, level,
                 variable)


def _apply_level(name, level, variable):
    logger = logging.getLogger(name)    # of "root", too
    _set_level(logger, level, variable)
    if logger.disabled:
        _override(logger, functools.partial(
            setattr, logger, "disabled", False), disabled=(False, variable))


def _apply_handler_levels(settings, problems, handlers=None):
    """Apply HANDLER_LEVEL to *handlers*, a mapping by name, or to all."""
    variable = settings.prefix + "_HANDLER_LEVEL"
    handlers = logging._handlers if handlers is None else handlers
    for name, level in settings.handler_levels.items():
        handler = handlers.get(name)
        if handler is not None:
            _attempt(problems, variable, name, _set_level, handler, level,
                     variable)
        else:
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
        # Apart from any request: in one, Flask's stream is the server's.
        descriptor = contextvars.Context().run(lambda: stream.fileno())
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


def _behind(handler):
    """Return a tuple of those to which *handler* passes records."""
    if isinstance(handler, logging.handlers.MemoryHandler):
        return handler.target,
    if isinstance(handler, logging.handlers.QueueHandler):
        found = getattr(getattr(handler, "listener", None), "handlers", ())
        return found if isinstance(found, (tuple, list)) else ()
    return ()


def _routes(handlers=None, behind=_behind):
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
        todo += [(other, queues) for other in behind(handler)]
    return [*routes.values()]


def _choose(settings, made, route):
    """Return the formatter that the console of *route* should have."""
    formatter = route.handler.formatter
    if any(isinstance(queue.formatter, JSONFormatter)
           for queue in route.queues):
        return formatter        # the line has been made
    return _replaced(settings, made, formatter)


def _replaced(settings, made, formatter):
    """Return what FORMAT, which makes *made*, and TIME make of *formatter*."""
    if made is not None and not _is_kept(settings.format, formatter, made):
        formatter = made
    return _timed(formatter, settings.time)


def _apply_format(settings, routes, problems, choose=_choose):
    """Apply FORMAT and TIME to the consoles of *routes*."""
    if not (settings.format or settings.time):
        return
    variable = settings.prefix + ("_FORMAT" if settings.format else "_TIME")
    consoles = [route for route in routes if isConsole(route.handler)]
    made = None
    if settings.format and consoles:
        made = _attempt(problems, variable, settings.format, _make,
                        settings.format)
        if made is None:
            return
    for route in consoles:
        _attempt(problems, variable, _label(route.handler), _format_console,
                 settings, made, route, choose)


def _format_console(settings, made, route, choose):
    """Apply FORMAT, which makes *made* or None, and TIME to a console."""
    handler = route.handler
    old, new = handler.formatter, choose(settings, made, route)
    if new is old:
        return
    changes = {}
    if settings.time and _zone(old) != settings.time:
        changes["time"] = settings.time, settings.prefix + "_TIME"
    # One that is not made by FORMAT is the program's own, or a copy.
    if not changes or getattr(new, "_made_for", None):
        changes["formatter"] = new, settings.prefix + (
            "_FORMAT" if settings.format else "_TIME")
    _override(handler, functools.partial(handler.setFormatter, new),
              **changes)


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


# What hides what LEVEL asks for.

def _find_hidden(settings, problems):
    """Lower lastResort as LEVEL says; find records that do not show."""
    variable = settings.prefix + "_LEVEL"
    for name, level in settings.levels.items():
        logger, found = _nearest(name), []
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


def _nearest(name):
    """Return the logger *name*; or, if there is none, the next above."""
    while name != "root":
        logger = logging.root.manager.loggerDict.get(name)
        if isinstance(logger, logging.Logger):
            return logger
        name = name.rpartition(".")[0] or "root"
    return logging.root


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
