"""
Formatters with RFC 3339 timestamps, for text and for JSON.

ISOFormatter is logging.Formatter with another %(asctime)s.  JSONFormatter
prints a record as one JSON object on one line.  It never raises an
Exception and never loses a record: what cannot be represented is replaced
in its place by a mark, a string that begins with "!", and listed in the
line's last entry, "degraded".
"""

import logging, re, sys, time
from collections.abc import Callable, Mapping

from ._encoder import (Converter, encode, free, guarded, mark, shorten,
                       too_deep, typename)
from ._exceptions import exception_info, format_briefly, is_moderate
from ._timestamps import TIMESPECS, rfc3339
try:
    from ._fast import Fast
except ImportError:     # without it all else works as well
    Fast = object

__all__ = ["ISOFormatter", "JSONFormatter"]

_FIELDS = {"timestamp": "asctime", "level": "levelname", "logger": "name",
           "message": "message", "exception": {
               "type": "exc_type", "message": "exc_message",
               "traceback": "exc_text"}, "stack": "stack_info"}
# What is printed even of a record that a hook has failed to redact.
_SAFE = dict([*_FIELDS.items()][:4])
_EXCEPTION = tuple(_FIELDS["exception"].values())
# What a record may lack without a mark.
_ABSENT = dict.fromkeys([*_EXCEPTION, "stack_info", "taskName"])

# What logging puts on a record.  taskName came with 3.12, and records
# come from other processes.
_STANDARD = {*logging.LogRecord("", 0, "", 0, "", (), None).__dict__,
             "asctime", "message", "taskName"}

# The names of attributes in a format string, and doubled signs.
_NAMES = {"%": r"%%|%\((.*?)\)", "{": r"\{\{|\{([^{}!:.[]+)",
          "$": r"\$\$|\$\{?([_a-zA-Z][_a-zA-Z0-9]*)"}

# What is printed where nothing can be called.
_LAST = ("level", "levelname"), ("logger", "name"), ("message", "msg")
_PLAIN = "".join(map(chr, [32, 33, *range(35, 92), *range(93, 127)]))
_NOTHING = object()     # the value of a field that is left out


class ISOFormatter(logging.Formatter):
    """
    A logging.Formatter whose %(asctime)s is an RFC 3339 timestamp.

    The time is the record's *created*, in UTC ("2026-11-23T05:12:18.123Z")
    or, if *utc* is false, in local time with its offset.  *timespec* is
    "seconds", "milliseconds" or "microseconds".  With *datefmt* the time
    is what strftime() makes of it, in UTC or local time as *utc* says.
    The other parameters are those of logging.Formatter.
    """

    def __init__(self, fmt=None, datefmt=None, style="%", validate=True, *,
                 defaults=None, utc=True, timespec="milliseconds"):
        _check_type("utc", utc, bool)
        _check("timespec", timespec, timespec in [*TIMESPECS], [*TIMESPECS])
        if sys.version_info >= (3, 10):
            super().__init__(fmt, datefmt, style, validate, defaults=defaults)
        else:
            super().__init__(fmt, datefmt, style, validate)
            self._defaults = defaults or {}
        self.utc, self.timespec = utc, timespec

    if sys.version_info < (3, 10):      # logging.Formatter has no defaults
        def formatMessage(self, record):
            merged = logging.LogRecord.__new__(logging.LogRecord)
            merged.__dict__.update({**self._defaults, **record.__dict__})
            return super().formatMessage(merged)

    def formatTime(self, record, datefmt=None):
        """
        Return the record's time as text, or a mark if that cannot be.

        *converter* is used only together with *datefmt*, and only if it
        is not logging's own; default_time_format and default_msec_format
        are not used.
        """
        try:
            if not datefmt:
                return rfc3339(record.created, self.utc, self.timespec)
            converter = self.converter
            if converter is logging.Formatter.converter:
                converter = time.gmtime if self.utc else time.localtime
            # None would be now.
            return time.strftime(datefmt, converter(record.created + 0))
        except Exception as error:
            return mark(error, "created", type(record))


class JSONFormatter(ISOFormatter, Fast):
    """
    Prints each record as one JSON object on one line.

    *fmt* says which fields, under which keys, in which order.  It is a
    mapping of keys to the names of record attributes, to functions that
    are called with the record, or to such mappings; or a list of
    attribute names; or a format string in any style, of which only the
    names count.  Attributes that the record has besides (the *extra* of
    logging calls) follow at top level, or in one object if *extra* is its
    key, or are left out if *extra* is false.

    *defaults* are values for attributes that a record may lack; those
    that *fmt* does not name are printed after the fields.  *default* and
    *ensure_ascii* are those of json.dumps().  *max_bytes* is the length
    of the longest line, in bytes of UTF-8 without the newline.  The other
    parameters are those of ISOFormatter.

    A wrong type of a parameter is a TypeError, a wrong value a ValueError.
    """

    # The line itself is the first level.
    max_depth = 20
    # The longest array and the largest object.
    max_items = 10_000
    _hooks = {"formatTime", "formatException", "formatStack", "mapExtra",
              "mapLogRecord", "usesTime"}

    def __init__(self, fmt=None, datefmt=None, style="%", validate=True, *,
                 defaults=None, utc=True, timespec="milliseconds", extra=True,
                 default=None, ensure_ascii=True, max_bytes=1_000_000):
        _check_type("defaults", defaults, Mapping, type(None))
        defaults = dict(_resolve(defaults or {}))
        super().__init__(
            fmt if isinstance(fmt, str) else None, datefmt, style, validate,
            defaults=defaults, utc=utc, timespec=timespec)
        _check_type("extra (see also: defaults)", extra, bool, str)
        _check_type("default", default, Callable, type(None))
        _check_type("ensure_ascii", ensure_ascii, bool)
        _check_type("max_bytes", max_bytes, int)
        _check("max_bytes", max_bytes, max_bytes >= 1024, "at least 1024")
        self.extra, self.default = extra, default
        self.ensure_ascii, self.max_bytes = ensure_ascii, max_bytes
        # A field is a path of keys and an attribute name or a callable.
        fields = [*_flatten(_as_mapping(fmt, style))]
        names = {source for _, source in fields if isinstance(source, str)}
        keys = {path[0] for path, _ in fields}
        _check("fmt", fmt, "degraded" not in keys, "without key 'degraded'")
        if names.isdisjoint(_EXCEPTION):
            fields += _flatten({free("exception", keys): _FIELDS["exception"]})
        if "stack_info" not in names:
            fields += _flatten({free("stack", keys): "stack_info"})
        keys |= {"exception", "stack", "degraded", *(p[0] for p, _ in fields)}
        # The longest of those that differ in their underscores comes last.
        self._protected = {k.rstrip("_"): "_" * (1 + len(k) - len(
            k.rstrip("_"))) for k in sorted(keys)}
        own = {self._free_key(str(n)): n for n in defaults if n not in names}
        fields += _flatten(own)
        _check("extra", extra, extra in (True, False) or extra.encode()
               and extra not in {*keys, *own}, "a key that no field has")
        self._fields = fields
        self._used, self._absent = names | {*defaults}, {**_ABSENT, **defaults}
        self._safe_fields = [field for field in fields + [
            ((free(key, keys),), name) for key, name in _SAFE.items()
            if name not in self._used] if field[1] in _SAFE.values()]
        encode({})      # what is imported late cannot be at exit
        self._known = _STANDARD | self._used - {*_EXCEPTION[:2]}

    def _free_key(self, key):
        """Return the key under which an extra named *key* is printed."""
        return key + self._protected.get(key.rstrip("_"), "")

    def usesTime(self):
        """Tell whether *fmt* or *defaults* name asctime."""
        return "asctime" in self._used

    def formatException(self, ei):
        """
        Return the text of the exception in the tuple *ei*.

        It is the text that traceback prints, unless that would take too
        long: then lines that begin with "!CUT" stand for what is missing.
        """
        try:
            if is_moderate(ei[1]):
                return guarded(super().formatException, ei)
        except Exception:
            pass
        converter = Converter(self, self.max_bytes)
        return converter.call("format", type(ei[1]), format_briefly, ei,
                              converter.text)

    def mapExtra(self, extra):
        """
        Return what is printed of *extra*, as a mapping.

        *extra* is a new dict, from the names of the attributes that *fmt*
        and logging do not name to their values, which are the caller's.
        Override it to rename, nest, drop or redact.  It is not called for
        a record without such attributes.
        """
        return extra

    def mapLogRecord(self, record):
        """
        Return the data of the line of *record*, as a dict.

        It holds dicts with str keys, lists, str, int, float, bool and
        None, nests no deeper than max_depth, and may be changed.  If it
        makes no line longer than max_bytes, json.loads() of the line
        equals it.
        """
        return _Line(self, record).guard("data")

    def format(self, record):
        """
        Return *record* as one line of JSON text, without a newline.

        No Exception is raised.  If a hook that a subclass or an instance
        overrides raises one, the line holds the time, the level, the
        logger and a mark that names the hook, and nothing else that the
        hook might have been there to hide.
        """
        try:
            return self._fast.line(self, record)
        except Exception:
            pass
        try:
            method = getattr(self.mapLogRecord, "__func__", None)
            data = _Line(self, record).guard(
                "data" if method is JSONFormatter.mapLogRecord else "mapped")
            text = encode(data, self.ensure_ascii)
            # No character takes more than four bytes.
            if len(text) * 4 > self.max_bytes:
                text = shorten(data, self, text)
            return text
        except Exception as error:
            # A want of stack or memory comes here, in the last frame
            # before the recursion limit for example.  There even calls of
            # C functions and comparisons fail (3.9 to 3.11): these are none.
            values, text = record.__dict__, "{"
            stock = self.__class__ is JSONFormatter
            for name in self._hooks:    # may be there to hide the message
                stock = stock and name not in self.__dict__
            for key, name in _LAST if stock else _LAST[:2]:
                text += '"' + key + '":"'
                value = values[name] if name in values else ""
                for char in value[:500] if value.__class__ is str else "":
                    text += char if char in _PLAIN else "?"
                text += '",'
            what = "Recursion" if error.__class__ is RecursionError else ""
            return (text + '"degraded":["!ERROR: ' + what
                    + 'Error in format of JSONFormatter"]}')


class _Line(Converter):
    """
    The data of the line of one record.

    *problem* is the mark of a hook that failed: then there is nothing
    else in the line but the time, the level and the logger.
    """

    def __init__(self, formatter, record, problem=None):
        Converter.__init__(self, formatter, formatter.max_bytes)
        # The fields of an exception and a stack come late.
        self.record, self.problem, self.late = record, problem, {}

    def guard(self, method):
        """Return what *method* returns, or the line if a hook fails."""
        try:
            return getattr(self, method)()
        except Exception as error:
            own = self.options.__dict__.keys() & self.options._hooks
            if type(self.options) is JSONFormatter and not own:
                raise       # no hook's: format() does what it can
            return _Line(self.options, self.record, mark(
                error, self.where, type(self.options))).data()

    def hook(self, name, *args):
        """Return what the formatter's method *name* returns for *args*."""
        self.where = name
        if self.problem:
            return getattr(JSONFormatter, name)(self.options, *args)
        return getattr(self.options, name)(*args)

    def mapped(self):
        """Return what an overridden mapLogRecord() returns, as plain data."""
        self.where = "mapLogRecord"
        if (data := guarded(self.options.mapLogRecord, self.record)) is None:
            raise TypeError
        data = self.line(data, self.options.max_items + 1)
        info = exception_info(self.record)
        if info and self.record.__dict__.get("exc_text") is None:
            self.traceback(info)
        return data

    def traceback(self, info):
        """Return the text of the exception *info*, for others also."""
        text = self.hook("formatException", info)
        if self.record.__dict__.get("exc_text") is None:
            self.record.exc_text = text     # SocketHandler sends this
        return text

    def data(self):
        """Return the data; an Exception is that of an overridden hook."""
        formatter, values, data = self.options, self.record.__dict__, {}
        fields = formatter._safe_fields
        if not self.problem:
            fields = formatter._fields
            info = exception_info(self.record)
            text = self.traceback(info) if info else values.get("exc_text")
            dump = values.get("stack_info")
            dump = None if dump is None else self.hook("formatStack", dump)
            self.late = dict(zip([*_EXCEPTION, "stack_info"], (
                info and typename(info[0]), info and info[1], text, dump)))
        for path, source in fields:
            self.path, self.room = [*path], 2 * self.size
            value = self.field(source)
            if value is not _NOTHING:
                place = data
                for key in path[:-1]:
                    place = place.setdefault(key, {})
                place[path[-1]] = value
        if not self.problem:
            self.add_extras(data)
        return self.finish(data)

    def field(self, source):
        """Return the value of the field that *source* describes."""
        if not isinstance(source, str):
            value = self.call(typename(source), type(self.record), source,
                              self.record)
            return _NOTHING if value is None else self.value(value)
        if source == "message":
            return self.string(self.message())
        if source == "asctime":
            return self.asctime()
        value = self.late.get(source, self.record.__dict__.get(
            source, self.options._absent.get(source, _NOTHING)))
        if value is _NOTHING:
            return self.note("!MISSING: " + source)
        if source in _ABSENT and (value is None or type(value) is str
                                  and not value):
            return _NOTHING
        if source == "exc_message":
            value = self.text(value)
        elif source == "exc_text" and type(value) is str:
            if what := re.match("!CUT|!ERROR: .{,300}", value):
                self.note(what[0])      # by formatException()
        return self.value(value)

    def asctime(self):
        """Return the time as the formatter writes it."""
        if not self.problem and not self.hook("usesTime"):
            return _NOTHING
        text = self.hook("formatTime", self.record, self.options.datefmt)
        if isinstance(text, str) and text.startswith("!ERROR: "):
            return self.note(text) and _NOTHING
        return self.value(text)

    def message(self):
        """Return the message; if it cannot be had, what it is made of."""
        if self.problem:
            return self.note(self.problem)
        record = self.record
        try:
            if too_deep([record.msg, record.args]):
                raise RecursionError
            return str.__str__(guarded(type(record).getMessage, record))
        except Exception as error:
            problem = mark(error, "getMessage", type(record))
        text = self.text(record.__dict__.get("msg", ""))
        args = record.__dict__.get("args")
        if text[:8] == "!ERROR: " and type(args) is tuple and not args:
            return text
        args = encode(self.value(args), False)
        return "%s %s, args: %s" % (text, self.note(problem), args)

    def add_extras(self, data):
        """Add what the record has besides the fields to *data*."""
        formatter, values, extras = self.options, self.record.__dict__, {}
        self.begin()
        for name, value in values.copy().items() if formatter.extra else ():
            if type(name) is not str or name not in formatter._known:
                key = name if type(name) is str else self.key(name)
                extras[free(key, extras)] = value
        if extras:
            extras = dict(self.hook("mapExtra", extras))
        if formatter.extra is True:
            entries = {}
            for key, value in extras.items():
                key = formatter._free_key(self.key(key))
                entries[free(key, entries)] = value
            self.add_entries(data, entries, formatter.max_items - len(data))
        elif extras:
            # Set since it was checked, it may be the key of a field.
            self.add_entries(data, {formatter.extra: extras}, 1)


def _check(option, value, good, allowed, error=ValueError):
    """Raise *error* unless *value*, given for *option*, is *good*."""
    if not good:
        raise error("%s must be %s, not %r" % (option, allowed, value))


def _check_type(option, value, *types):
    """Raise TypeError unless *value*, given for *option*, is of *types*."""
    _check(option, value, isinstance(value, types),
           " or ".join(cls.__name__ for cls in types), TypeError)


def _resolve(obj):
    """Return *obj*; if dictConfig made it, as plain data, ext:// resolved."""
    if not hasattr(obj, "convert_with_key"):
        return obj
    # What such a mapping or list resolves is what is read as an item.
    if isinstance(obj, Mapping):
        return {key: _resolve(obj[key]) for key in obj}
    return [_resolve(obj[index]) for index in range(len(obj))]


def _as_mapping(fmt, style):
    """Return *fmt*, in any of its forms, as a mapping."""
    _check_type("fmt", fmt, str, list, tuple, Mapping, type(None))
    if isinstance(fmt, str) and fmt:
        fmt = [m[1] for m in re.finditer(_NAMES[style], fmt) if m[1]]
    if isinstance(fmt, (list, tuple)):
        return {fmt[index]: fmt[index] for index in range(len(fmt))}
    return _FIELDS if fmt is None or fmt == "" else fmt


def _flatten(fmt, path=()):
    """Yield the fields of the mapping *fmt* after checking them."""
    _check("fmt", fmt, len(path) < 10, "nested 10 deep at most")
    for key in fmt:
        _check_type("a key in fmt", key, str)
        key.encode()    # a UnicodeEncodeError is a ValueError
        source = fmt[key]       # so dictConfig's resolve ext://, as above
        _check_type("fmt/defaults[%r]" % key, source, str, Callable, Mapping)
        yield from (_flatten(source, (*path, key)) if isinstance(
            source, Mapping) else [((*path, key), source)])
