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
"""

import collections, copy, functools, logging, logging.config
import logging.handlers, os, re, sys, threading, warnings

from .formatters import ISOFormatter, JSONFormatter

__all__ = ["Problem", "Settings", "applyEnvironment", "applyFormat",
           "basicConfig", "dictConfig", "effectiveConfig", "fileConfig",
           "formatEnvironment", "install", "isConsole", "parseEnvironment",
           "registerFormat", "uninstall"]

_PREFIX = "PYTHON_LOGGING"
_MAX_BYTES = 8192
_MAX_DIRECTIVES = 256

# A logger's, handler's or formatter's name.  It has no character that
# paths, URLs, ports, calls or format strings are made with.
_NAME = re.compile(r"\w(?:[\w .-]*[\w-])?")
# Nor may it be a word by which dictConfig() or fileConfig() name code.
_WORDS = {"args", "class", "factory"}
_FORMAT_NAME = re.compile(r"[a-z][a-z0-9_-]*", re.ASCII)
_IDENTIFIER = re.compile("[A-Z0-9_]+")     # in the name of a variable
_TIMES = ("utc", "local")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# What FORMAT may say, and what makes the formatter.
_formats = {"json": JSONFormatter,
            "text": functools.partial(ISOFormatter, _TEXT)}

Problem = collections.namedtuple("Problem", "variable token reason")
Problem.__doc__ = "A *token* of *variable* that is ignored, and the reason."

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

    def get(what):
        text = environ.get(prefix + what) or ""
        if len(text.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
            refuse(what, text, "longer than %d bytes" % _MAX_BYTES)
            return ""
        return text.strip()

    def refuse(what, token, reason):
        problems.append(Problem(prefix + what, token, reason))

    def directives(what, bare):
        tokens = [t.strip() for t in get(what).split(",") if t.strip()]
        for token in tokens[_MAX_DIRECTIVES:_MAX_DIRECTIVES + 1]:
            refuse(what, token, "beyond %d directives" % _MAX_DIRECTIVES)
        found = {}
        for token in tokens[:_MAX_DIRECTIVES]:
            name, equals, text = map(str.strip, token.rpartition("="))
            level = _parse_level(text, levels)
            if not equals:
                name = bare
            if name is None:
                refuse(what, token, "not of the form name=level")
            elif not _is_name(name):
                refuse(what, token, "not a name that can be overridden")
            elif level is None:
                refuse(what, token, "not a level")
            else:
                found[name] = level
        return found

    def choice(what, allowed, reason):
        text = get(what)
        if not text or text.lower() in allowed:
            return text.lower() or None
        refuse(what, text, reason)

    settings = Settings(
        prefix, directives("_LEVEL", "root"),
        directives("_HANDLER_LEVEL", None),
        choice("_FORMAT", formats, "not json, text or a registered name"),
        choice("_TIME", _TIMES, "not utc or local"), {})
    if prefix != _PREFIX:
        names = sorted(n for n in environ if n.startswith(prefix + "__"))
        for name in names[_MAX_DIRECTIVES:_MAX_DIRECTIVES + 1]:
            refuse(name[len(prefix):], name,
                   "beyond %d variables" % _MAX_DIRECTIVES)
        for name in names[:_MAX_DIRECTIVES]:
            what = name[len(prefix):]
            section, _, rest = what[2:].partition("__")
            identifier, _, key = rest.rpartition("__")
            parse = _NESTED.get((section, key))
            text = get(what)
            if parse is None or not _IDENTIFIER.fullmatch(identifier):
                refuse(what, name, "not a variable that can be set")
            elif text:
                value = parse(text, levels)
                if value is None:
                    refuse(what, text, "not a value of " + key.lower())
                else:
                    settings.nested[section, identifier, key.lower()] = value
    return settings, problems


def _is_name(text):
    return bool(_NAME.fullmatch(text)) and text not in _WORDS


def _parse_level(text, levels):
    """Return the number of the level in *text*, or None."""
    if re.fullmatch("[0-9]{1,9}", text):
        return int(text)
    level = levels.get(text, levels.get(text.upper()))
    return level if type(level) is int and 0 <= level < 10**9 else None


def _parse_bool(text, levels):
    return _BOOLEANS.get(text.lower())


def _parse_name(text, levels):
    return text if _is_name(text) else None


def _parse_extra(text, levels):
    return _parse_bool(text, levels) if text.lower() in _BOOLEANS else (
        text if text.isidentifier() and text not in _WORDS else None)


def _parse_timespec(text, levels):
    text = text.lower()
    return text if text in ("seconds", "milliseconds", "microseconds") \
        else None


def _parse_max_bytes(text, levels):
    return int(text) if re.fullmatch("[1-9][0-9]{3,8}", text) and int(
        text) >= 1024 else None


_NESTED = {("HANDLERS", "LEVEL"): _parse_level,
           ("HANDLERS", "FORMATTER"): _parse_name,
           ("FORMATTERS", "UTC"): _parse_bool,
           ("FORMATTERS", "TIMESPEC"): _parse_timespec,
           ("FORMATTERS", "EXTRA"): _parse_extra,
           ("FORMATTERS", "ENSURE_ASCII"): _parse_bool,
           ("FORMATTERS", "MAX_BYTES"): _parse_max_bytes}


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


def applyEnvironment(env=True, *, environ=None, early=False,
                     formatters=None):
    """
    Apply the environment to logging as it is configured now.

    This is what basicConfig(), dictConfig() and fileConfig() do at their
    end.  *env* is true for the PYTHON_LOGGING variables, which -E and -I
    switch off; a string for variables with this prefix; false for none.
    *environ* is a mapping to be read in place of os.environ.  If *early*
    is true, logging is not configured yet: no logger is created, and none
    and no handler is missed.  *formatters* is a dict of those that nested
    variables may name; without it these variables wait for the next
    dictConfig().
    """
    prefix = _check_env(env)
    if prefix is None:
        return
    if environ is None and env is True and _installation:
        environ = _installation.environ
    if environ is None:
        # -E is about the variables of Python (gh-127873).
        environ = os.environ if not (sys.flags.ignore_environment and
                                     prefix.startswith("PYTHON")) else {}
    settings, problems = parseEnvironment(environ, prefix)
    hidden = []
    if any(settings[1:]):
        try:
            with logging._lock:
                problems += _apply_levels(settings, early)
                problems += _apply_handler_levels(settings, early)
                problems += _apply_nested(settings, formatters)
                problems += applyFormat(settings)
                # Last, because it looks at the levels of handlers.
                hidden = _find_hidden(settings, early)
        except Exception as error:      # a handler like no other
            problems.append(Problem(prefix, "all", _describe(error)))
    # Not under the lock: whoever shows warnings may log them.
    _report(problems, " (ignored)")
    _report(hidden, "")


def _check_env(env):
    """Return the prefix of the variables, or None."""
    if isinstance(env, bool):
        return _PREFIX if env else None
    if not isinstance(env, str):
        raise TypeError("env must be a bool or a prefix, not %r" % (env,))
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", env):
        raise ValueError("env is no prefix of variables: %r" % env)
    return env


def _override(obj, key, value, variable, method):
    """Let *variable* set *key* of *obj*, a logger, handler or formatter."""
    before, notes = getattr(obj, key), obj.__dict__.get("_overrides", {})
    if before == value and notes.get(key, ())[:2] == (value, variable):
        return      # as we left it
    sys.audit("jsonlogging.env", variable, _label(obj), value)
    method(value)
    notes = obj.__dict__.setdefault("_overrides", notes)
    # What the program set last is what is not ours.
    if key in notes and notes[key][0] == before:
        before = notes[key][2]
    notes[key] = getattr(obj, key), variable, before


def _label(obj):
    """Return a text by which a person knows *obj*."""
    if obj is logging.lastResort:
        return "lastResort"
    name = getattr(obj, "name", None)
    return name if isinstance(name, str) and name else (
        "an unnamed " + type(obj).__name__)


def _find_logger(name, early):
    """Return the logger *name*; or, if it is *early*, the next above."""
    loggers = logging.root.manager.loggerDict
    while early and name != "root" and not isinstance(
            loggers.get(name), logging.Logger):
        name = name.rpartition(".")[0] or "root"
    return logging.root if name == "root" else logging.getLogger(name)


def _apply_levels(settings, early):
    """Apply LEVEL, return Problems."""
    variable, problems = settings.prefix + "_LEVEL", []
    for name, level in settings.levels.items():
        try:
            logger = _find_logger(name, early)
            if logger.name == name:
                _override(logger, "level", level, variable, logger.setLevel)
                logger.disabled = False
        except Exception as error:      # a Logger class of the program's
            problems.append(Problem(variable, name, _describe(error)))
    return problems


def _apply_handler_levels(settings, early):
    """Apply HANDLER_LEVEL, return Problems."""
    variable, problems = settings.prefix + "_HANDLER_LEVEL", []
    for name, level in settings.handler_levels.items():
        if not early or name in logging._handlers:
            problems += _apply_handler_level(name, level, variable)
    return problems


def _apply_handler_level(name, level, variable):
    handler = logging._handlers.get(name)
    if handler is None:
        return [Problem(variable, name, "not the name of a handler yet")]
    try:
        _override(handler, "level", level, variable, handler.setLevel)
    except Exception as error:
        return [Problem(variable, name, _describe(error))]
    return []


def _describe(error):
    return "not to be had: %s" % type(error).__name__


def _variable_form(name):
    """Return *name* as it stands in a nested variable."""
    return re.sub("[^A-Z0-9]", "_", str(name).upper())


def _apply_nested(settings, formatters):
    """Apply nested variables, return Problems."""
    problems = []
    for (section, identifier, key), value in settings.nested.items():
        variable = "__".join([settings.prefix, section, identifier,
                              key.upper()])
        names = logging._handlers if section == "HANDLERS" else formatters
        if formatters is None and (names is None or key == "formatter"):
            continue
        found = [name for name in [*names]
                 if _variable_form(name) == identifier]
        reason = None
        try:
            if len(found) != 1:
                reason = "the name of %s of the %s" % (
                    "several" if found else "none", section.lower())
            elif key == "level":
                problems += _apply_handler_level(found[0], value, variable)
            elif section == "HANDLERS" and value not in formatters:
                reason = "the name of none of the formatters"
            elif section == "HANDLERS":
                handler = logging._handlers[found[0]]
                _override(handler, "formatter", formatters[value], variable,
                          handler.setFormatter)
            else:
                formatter = formatters[found[0]]
                reason = _check_option(formatter, key, value)
                if reason is None:
                    _override(formatter, key, value, variable,
                              functools.partial(setattr, formatter, key))
        except Exception as error:
            reason = _describe(error)
        if reason:
            token = identifier if len(found) != 1 else value
            problems.append(Problem(variable, str(token), reason))
    return problems


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
    stream = getattr(handler, "stream", None)
    if stream is None:
        return False
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        if stream is getattr(sys, name, None):
            return True
    try:
        descriptor = stream.fileno()
    except Exception:       # it has none, is closed, or a stand-in
        return False
    return type(descriptor) is int and descriptor in (1, 2)


class _Route:
    """How records come to *handler*: straight, or through *queues*."""

    def __init__(self, handler):
        self.handler, self.straight, self.queues = handler, False, []


def _routes():
    """Return a _Route for each handler that a logger's record can reach."""
    manager, routes = logging.root.manager, {}
    loggers = [logging.root, *manager.loggerDict.copy().values()]
    todo = [(handler, ()) for logger in loggers
            if isinstance(logger, logging.Logger)
            for handler in logger.handlers]
    if logging.lastResort is not None:
        todo.append((logging.lastResort, ()))
    while todo:
        handler, queues = todo.pop()
        if not isinstance(handler, logging.Handler):
            continue
        route = routes.setdefault(id(handler), _Route(handler))
        new = [queue for queue in queues if queue not in route.queues]
        if not new and (queues or route.straight):
            continue    # has been here this way
        route.queues += new
        route.straight = route.straight or not queues
        if isinstance(handler, logging.handlers.MemoryHandler):
            todo.append((handler.target, queues))
        elif isinstance(handler, logging.handlers.QueueHandler):
            listener = getattr(handler, "listener", None)
            todo += [(behind, (*queues, handler))
                     for behind in getattr(listener, "handlers", ())]
    return [*routes.values()]


def applyFormat(settings):
    """
    Apply FORMAT and TIME of *settings* to every console handler that a
    record can reach, return Problems.
    """
    problems = []
    if not settings.format and not settings.time:
        return problems
    variable = settings.prefix + ("_FORMAT" if settings.format else "_TIME")
    chosen = [identifier for section, identifier, key in settings.nested
              if section == "HANDLERS" and key == "formatter"]
    try:
        made = settings.format and _make(settings.format)
    except Exception as error:      # a registered factory's
        return [Problem(variable, settings.format, _describe(error))]
    with logging._lock:
        for route in _routes():
            handler = route.handler
            try:
                if (isConsole(handler)
                        and _variable_form(handler.name) not in chosen):
                    formatter = _choose(settings, made, route)
                    if formatter is not handler.formatter:
                        _override(handler, "formatter", formatter, variable,
                                  handler.setFormatter)
            except Exception as error:      # a class of the program's
                problems.append(Problem(variable, _label(handler),
                                        _describe(error)))
    return problems


def _choose(settings, made, route):
    """
    Return the formatter that the console handler of *route* should have.

    *made* is what FORMAT makes, or None.
    """
    old = route.handler.formatter
    own = source = old.formatter if isinstance(old, _Unqueued) else old
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
    if name == "text":
        return not isinstance(formatter, JSONFormatter)
    # A subclass may be there to redact.
    if name == "json":
        return isinstance(formatter, JSONFormatter)
    if type(made) in (logging.Formatter, ISOFormatter, JSONFormatter):
        return getattr(formatter, "_made_for", None) == name
    return isinstance(formatter, type(made))


def _timed(formatter, zone):
    """Return *formatter*, or a copy of it that writes TIME *zone*."""
    if zone is None or not isinstance(formatter, logging.Formatter):
        return formatter
    utc, iso = zone == "utc", isinstance(formatter, ISOFormatter)
    # A copy, because others may have the same formatter.
    owner = formatter if iso else getattr(formatter.__dict__.get(
        "formatTime"), "__self__", None)
    if getattr(owner, "utc", None) is utc and not formatter.datefmt:
        return formatter
    formatter = copy.copy(formatter)
    formatter.datefmt = None
    if iso:
        formatter.utc = utc
    else:
        formatter.formatTime = ISOFormatter(utc=utc).formatTime
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


# What hides what LEVEL asks for.

def _find_hidden(settings, early):
    """Lower lastResort as LEVEL says; return Problems of hidden records."""
    variable, problems = settings.prefix + "_LEVEL", []
    for name, level in settings.levels.items():
        logger, found = _find_logger(name, True), []
        while logger is not None:
            found += logger.handlers
            logger = logger.parent if logger.propagate else None
        last = logging.lastResort
        if not found and last is not None and level < last.level:
            _override(last, "level", level, variable, last.setLevel)
        hiding = [_hiding(handler, level) for handler in found]
        if level and found and all(hiding) and not early:
            names = sorted({_label(h) for some in hiding for h in some})
            problems.append(Problem(
                variable, "%s=%s" % (name, logging.getLevelName(level)),
                "hidden by the level of %s%s: see %s_HANDLER_LEVEL" % (
                    ", ".join(map(_show, names[:3])),
                    " and others" if names[3:] else "", settings.prefix)))
    return problems


def _hiding(handler, level):
    """Return the handlers that hide *level* from who reads *handler*."""
    if handler.level > level or isinstance(handler, logging.NullHandler):
        return [handler]
    listener = getattr(handler, "listener", None)
    if not getattr(listener, "respect_handler_level", False):
        return []
    behind = [_hiding(other, level) for other in listener.handlers]
    return sum(behind, []) if all(behind) else []


# What goes wrong is said once, and never stops a program.

_reported = {}


def _show(token):
    """Return *token* as it is shown to people, 100 characters at most."""
    text = repr(token)
    return text if len(text) <= 100 else text[:97] + "..."


def _report(problems, what):
    """Warn of *problems*, once for each variable and process."""
    found = {}
    for problem in problems:
        found.setdefault(problem.variable, []).append(problem)
    for variable, group in found.items():
        if not variable.isidentifier() or len(variable) > 100:
            variable = _show(variable)
        text = "%s: %s" % (variable, "; ".join(
            "%s is %s" % (_show(p.token), p.reason) for p in group[:3]))
        text += "; and %d more" % len(group[3:]) if group[3:] else ""
        text += what
        if _reported.setdefault((variable, what), text) is not text:
            continue
        try:
            warnings.warn_explicit(text, RuntimeWarning, "<environment>", 1)
        except Exception:       # -W error
            try:
                sys.stderr.write("RuntimeWarning: %s\n" % text)
            except Exception:
                pass            # there is nobody to tell


# The entry points.

def basicConfig(*, env=True, **kwargs):
    """
    Do what logging.basicConfig() does, then apply the environment.

    *formatter*, a logging.Formatter, works on every Python; together with
    *format*, *datefmt* or *style* it is a ValueError, as on Python 3.15.
    *env* is that of applyEnvironment().
    """
    _check_env(env)
    with logging._lock:
        formatter = None
        if sys.version_info < (3, 15):
            formatter = _take_formatter(kwargs)
        _call(logging.basicConfig, **kwargs)
        for handler in logging.root.handlers if formatter else ():
            handler.setFormatter(formatter)
    _finish(env, {})


def _take_formatter(kwargs):
    """
    Do what basicConfig() of 3.15 does with *formatter* in *kwargs*.

    Return the formatter that the handler to be made should have, or None.
    """
    formatter = kwargs.pop("formatter", None)
    if formatter is None or logging.root.handlers and not kwargs.get("force"):
        return None
    for key in ("datefmt", "format", "style"):
        if key in kwargs:
            raise ValueError("%r should not be specified together with "
                             "'formatter'" % key)
    if kwargs.get("handlers") is None:
        return formatter
    kwargs["handlers"] = [*kwargs["handlers"]]
    for handler in kwargs["handlers"]:
        if handler.formatter is None:
            handler.setFormatter(formatter)
    return None


def dictConfig(config, *, env=True):
    """
    Do what logging.config.dictConfig() does, then apply the environment.

    Options of a formatter named by "class" that logging.config drops
    reach it.  *env* is that of applyEnvironment().
    """
    _check_env(env)
    configurator = logging.config.dictConfigClass
    if isinstance(configurator, type):
        configurator = type(configurator.__name__, (
            _FormatterOptions, configurator), {})
    configurator = configurator(config)
    incremental = _is_incremental(configurator)
    _call(configurator.configure)
    _finish(env, None if incremental else _formatters(configurator))


def fileConfig(fname, defaults=None, disable_existing_loggers=True,
               encoding=None, *, env=True):
    """
    Do what logging.config.fileConfig() does, then apply the environment.

    *env* is that of applyEnvironment().  Python 3.9 has no *encoding*.
    """
    _check_env(env)
    options = {} if encoding is None else {"encoding": encoding}
    _call(logging.config.fileConfig, fname, defaults,
          disable_existing_loggers, **options)
    _finish(env, {})


class _FormatterOptions:
    """Mixed into a DictConfigurator: gives formatters all their options."""

    def configure_formatter(self, config):
        cls, options = config.get("class"), {}
        if cls and "()" not in config:
            cls = cls if callable(cls) else self.resolve(cls)
            options = {key: config[key] for key in config
                       if key not in ("class", "format", "datefmt", "style",
                                      "validate") and _takes(cls, key)}
        if not options:
            return super().configure_formatter(config)
        options.setdefault("fmt", config.get("format"))
        for key in ("datefmt", "style", "validate"):
            if key in config:
                options[key] = config[key]
        return cls(options.pop("fmt"), options.pop("datefmt", None),
                   options.pop("style", "%"), **options)


def _takes(cls, option):
    """Tell whether a formatter of *cls* is to be given *option*."""
    if isinstance(cls, type) and issubclass(cls, ISOFormatter):
        return True     # or say that there is none of this name
    import inspect      # no other program needs it
    try:
        parameters = inspect.signature(cls).parameters
    except (TypeError, ValueError):
        return False
    return option in parameters or any(
        p.kind is p.VAR_KEYWORD for p in parameters.values())


def _formatters(configurator):
    """Return a dict of what a DictConfigurator has made, by its names."""
    made = getattr(configurator, "config", {}).get("formatters")
    return dict(dict.items(made)) if isinstance(made, dict) else {}


def _is_incremental(configurator):
    return bool(getattr(configurator, "config", {}).get("incremental"))


_quiet = threading.local()      # in a call of logging's that is ours


def _call(function, *args, **kwargs):
    """Call *function* of logging without what install() has added."""
    outer, _quiet.on = getattr(_quiet, "on", False), True
    try:
        return function(*args, **kwargs)
    finally:
        _quiet.on = outer


def _finish(env, formatters, environ=None):
    """Do what comes after a configuration, unless it is part of one."""
    if getattr(_quiet, "on", False):
        return
    applyEnvironment(env, environ=environ, formatters=formatters)
    installation = _installation
    if installation and installation.applied:
        installation.applied()


# What has come of it all.

_SECRET = re.compile("(?i)passw|passphrase|pwd|token|secret|api[-_]?key"
                     "|credential|authorization")
_USER_INFO = re.compile(r"(?<=://)[^/\s]*@|[^\s/@:]+:[^\s/@]+@")
_SECRET_IN_TEXT = re.compile(
    "(?i)((?:password|token|secret|api[-_]?key)[\"']?\\s*[=:]\\s*)[^\\s&,;]+")


def effectiveConfig():
    """
    Return how logging is configured now, and by whom, as plain data.

    It is a dict that json.dumps() takes.  "loggers" has the root logger
    and those that were configured, "handlers" those that a record can
    reach, "problems" the warnings of this module so far.  A level and a
    formatter is a dict: "value"; "source", "program" or "environment";
    and if the environment set it, "variable" and "instead_of", the
    program's value.  Values that look like secrets are "***".
    """
    with logging._lock:
        routes = _routes()
        ids, handlers = {}, {}
        for route in sorted(routes, key=lambda route: _label(route.handler)):
            name = _label(route.handler)
            number = sum(key.partition(" #")[0] == name for key in handlers)
            name += " #%d" % (number + 1) if number else ""
            ids[id(route.handler)], handlers[name] = name, None
        for route in routes:
            handlers[ids[id(route.handler)]] = _describe_handler(route, ids)
        loggers = logging.root.manager.loggerDict
        loggers = {"root": logging.root, **{
            name: loggers[name] for name in sorted(loggers)}}
        return {
            "loggers": {
                name: _describe_logger(logger, ids)
                for name, logger in loggers.items()
                if logger is logging.root or isinstance(
                    logger, logging.Logger) and (
                        logger.level or logger.handlers or logger.disabled
                        or not logger.propagate)},
            "handlers": handlers,
            "disable": logging.getLevelName(logging.root.manager.disable),
            "problems": [*_reported.values()]}


def _value(obj, key, show):
    """Return the entry of *key*, which *obj* has, for effectiveConfig()."""
    value = getattr(obj, key)
    entry = {"value": show(value), "source": "program"}
    ours, variable, before = obj.__dict__.get("_overrides", {}).get(
        key, (None, None, None))
    if variable and (ours is value or type(value) is int and ours == value):
        entry.update(source="environment", variable=variable,
                     instead_of=show(before))
    return entry


def _describe_logger(logger, ids):
    return {"level": _value(logger, "level", logging.getLevelName),
            "effective": logging.getLevelName(logger.getEffectiveLevel()),
            "propagate": bool(logger.propagate),
            "disabled": bool(logger.disabled),
            "handlers": [ids[id(handler)] for handler in logger.handlers]}


def _describe_handler(route, ids):
    handler = route.handler
    entry = {"class": _class(handler),
             "level": _value(handler, "level", logging.getLevelName),
             "formatter": _value(handler, "formatter", _class),
             "console": isConsole(handler),
             "behind": [ids[id(queue)] for queue in route.queues],
             "filters": [_class(each) for each in handler.filters],
             "options": _options(handler, ("filters", "formatter", "level",
                                           "lock", "prepare"))}
    formatter = handler.formatter
    if isinstance(formatter, _Unqueued):
        formatter = formatter.formatter
    if formatter is not None:
        entry["formatter"]["options"] = _options(
            formatter, ("fmt",) if isinstance(formatter, JSONFormatter)
            else ())
    if not isinstance(handler, logging.StreamHandler) and type(
            handler).__module__.partition(".")[0] != "logging":
        entry["note"] = "renders by itself: FORMAT and TIME do not reach it"
    elif isinstance(handler, logging.handlers.QueueHandler) and getattr(
            handler, "listener", None) is None:
        entry["note"] = ("has no listener attribute: what is behind its "
                         "queue is not known")
    return entry


def _class(obj):
    """Return the name of the class of *obj*, or of a function."""
    if isinstance(obj, _Unqueued):
        obj = obj.formatter     # or the line that the QueueHandler made
    if obj is None:
        return None
    cls = obj if hasattr(obj, "__qualname__") else type(obj)
    return "%s.%s" % (cls.__module__, cls.__qualname__)


def _options(obj, others):
    """Return what the attributes of *obj* say, but for *others*."""
    found = {}
    for key, value in vars(obj).items():
        key = key[1:] if key in ("_fmt", "_defaults") else key
        if value is not None and not callable(value) and (
                key[0] != "_" and key not in others):
            found[key] = value
    data = JSONFormatter(["options"]).mapLogRecord(
        logging.makeLogRecord({"options": found}))
    return _mask(data.get("options", {}))


def _mask(data):
    """Return plain *data* without secrets."""
    if isinstance(data, dict):
        return {key: "***" if _SECRET.search(key) else _mask(value)
                for key, value in data.items()}
    if isinstance(data, list):
        return [*map(_mask, data)]
    if isinstance(data, str):
        data = _USER_INFO.sub("***@", data)
        return _SECRET_IN_TEXT.sub(r"\1***", data)
    return data


# For programs that call the functions of logging.

_Installation = collections.namedtuple(
    "_Installation", "env environ applied patches")
_installation = None


def install(env=True, *, environ=None, applied=None):
    """
    Let logging.basicConfig(), logging.config.dictConfig() and
    logging.config.fileConfig() apply the environment at their end.

    *env* and *environ* are those of applyEnvironment().  *applied* is
    called without arguments after each of them.  A second call changes
    the arguments that it has, and no more.  A program that has imported
    basicConfig or fileConfig by name before has them as they were.
    """
    global _installation
    if _check_env(env) is None:
        raise ValueError("env must not be false: see uninstall()")
    with logging._lock:
        if _installation:
            # A program under a launcher does not undo what that has said.
            _installation = _installation._replace(env=env, **{
                key: value for key, value in (("environ", environ), (
                    "applied", applied)) if value is not None})
        else:
            _installation = _Installation(env, environ, applied, _patch())


def uninstall():
    """
    Undo install(), but not what was applied to loggers and handlers.

    It does nothing without install().  What others have put in the place
    of one of the functions since then stays there.
    """
    global _installation
    with logging._lock:
        for module, name, old, new in (_installation.patches
                                       if _installation else ()):
            if getattr(module, name) is new:
                setattr(module, name, old)
        _installation = None


def _patch():
    """Replace logging's entry points; return what was replaced where."""
    patches = []
    for module, name in ((logging, "basicConfig"),
                         (logging.config, "fileConfig"),
                         (logging.config, "dictConfigClass")):
        old = getattr(module, name)
        if isinstance(old, type):
            new = type(old.__name__, (_Applying, old), {
                "__module__": old.__module__, "__doc__": old.__doc__})
        else:
            new = _applying(old)
        setattr(module, name, new)
        patches.append((module, name, old, new))
    return patches


def _applying(function):
    """Return basicConfig or fileConfig with what install() adds."""
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        function(*args, **kwargs)
        installation = _installation
        if installation:
            _finish(installation.env, {}, installation.environ)
    return wrapper


class _Applying:
    """Mixed into a DictConfigurator: applies the environment at the end."""

    def configure(self):
        incremental = _is_incremental(self)
        super().configure()
        installation = _installation
        if installation:
            _finish(installation.env, None if incremental
                    else _formatters(self), installation.environ)
