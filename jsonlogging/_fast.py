"""
The fast path: the line of a usual record, without its data.

A formatter gets a function of its own, generated for its fields at its
first record.  The function joins pieces of JSON text of which most are
ready: the present time, what a place in the program always has, the
keys.  formatters.py is the rule: the line is the same, byte for byte.
Whatever is unusual, about the formatter or the record, raises Unusual
or another Exception, and is left to it.

This file is for speed alone: without it all else works as well.
"""

__lazy_modules__ = {"json", "json.encoder", "traceback"}

import builtins, json.encoder, re, sys, time, traceback
from functools import lru_cache, partial
from itertools import islice
from logging import LogRecord

from ._encoder import escape_controls, guarded, too_deep, typename
from ._timestamps import microseconds, rfc3339

__all__ = ["Fast"]

# What records have in common that come from one place in the program,
# or from one thread: that is kept ready, as the time is.
_KINDS = {"asctime": "time", **dict.fromkeys(
    "name levelname levelno pathname filename module lineno funcName".split(),
    "site"), **dict.fromkeys(
    "process processName thread threadName".split(), "thread")}
_COMPUTED = ("message", "exc_type", "exc_message", "exc_text")

# A new record's attributes in their order: others come after the last.
_ATTRIBUTES = LogRecord("", 0, "", 0, "", (), None, "").__dict__
_LAST = [*_ATTRIBUTES][-1]
# Whether a record has no more than that.
_BARE = "len(d) == %d and next(reversed(d)) is _LAST" % len(_ATTRIBUTES)

_SCALARS = frozenset([str, int, float, bool, type(None)])
_CONTAINERS = frozenset([dict, list, tuple])
_WORDS = {None: "null", True: "true", False: "false"}
_MAX_CACHED = 1024      # entries of a cache; few programs are in more places
_MAX_NAME = 1000        # characters of what is kept
_MAX_VALUES = 4096      # in a container and in all that it contains
_MAX_SHARE = 64         # characters of a string, for each of these
_MAX_MEMBERS = 100      # fields, extras; compile() recurses with each
_MAX_FRAMES = 200       # of one exception
_MAX_CHAIN = 8          # exceptions
_UNITS = {"seconds": 1000000, "milliseconds": 1000, "microseconds": 1}
_SHORT = 300            # characters; what is longer is looked at first
_LONG = 65536

# ASCII that stands for itself in a JSON string.
_UNESCAPED = bytes(range(32, 127)).translate(None, b'"\\')

# Of these traceback prints more than type and str().
_SPECIAL = (SyntaxError, ImportError, NameError, AttributeError,
            getattr(builtins, "BaseExceptionGroup", SyntaxError))
# The attributes of a formatter, beside its hooks, that _compile() reads.
_READ = {"__class__", "datefmt", "ensure_ascii", "extra", "max_bytes",
         "max_depth", "max_items", "timespec", "utc"}

# What traceback looks at, and an exception's class may define.
_LOOKED_AT = {"__bool__", "__cause__", "__class__", "__context__",
              "__getattr__", "__getattribute__", "__len__", "__notes__",
              "__suppress_context__", "__traceback__", "args"}
_STR = (BaseException.__str__, KeyError.__str__)

# How a function makes the JSON of the message.
_MESSAGE = """\
message, args = record.msg, record.args
if type(message) is not str or type(args) is not tuple and args is not None:
    message = message_of(record)
elif args:
    for arg in args:
        if type(arg) not in _SCALARS:
            message = message_of(record)
            break
    else:
        message = message % args
short = len(message) < _SHORT and message.isascii()
message = escape(message) if short else quote(message)
""".splitlines()


class Unusual(Exception):
    """This is left to the plain core."""


def _refuse(formatter, record):
    raise Unusual


class _Kept:
    """
    What a formatter keeps: line(formatter, record) returns a line or raises.

    A shallow copy of the formatter shares it, another has a new one.
    """

    def __init__(self):
        self.line = self.first

    def __reduce__(self):
        return _Kept, ()

    def first(self, formatter, record):
        self.line = line = _compile(formatter)
        return line(formatter, record)


class Fast:
    """Gives a JSONFormatter its fast path, *_fast*."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name in _READ or name in self._hooks:
            # Another thread may be about to set line() of the former.
            self.__dict__["_fast"] = _Kept()

    def __delattr__(self, name):
        super().__delattr__(name)
        self.__dict__["_fast"] = _Kept()


@lru_cache
class _Writer:
    """Writes usual values and exceptions as JSON text."""

    def __init__(self, ensure_ascii):
        self.frames, self.name = {}, lru_cache(_MAX_CACHED)(self.class_name)
        # Of ASCII text both make the same, but for DEL.
        self.escape = json.encoder.encode_basestring_ascii
        self.raw = None if ensure_ascii else json.encoder.encode_basestring
        # Without the C encoder this is None, and containers are unusual.
        make = json.encoder.c_make_encoder or (lambda *args: None)
        self.encode = make(None, None, self.raw or self.escape, None, ":", ",",
                           False, False, False)

    def quote(self, text):
        """Return the JSON string of *text*."""
        if type(text) is not str or len(text) > _LONG:
            raise Unusual
        if not text.isascii():
            text.encode("utf-16")       # an error if a surrogate is lone
            if self.raw:
                return escape_controls(self.raw(text))
        elif (len(text) >= _SHORT and "\n" not in text
                and not text.encode().translate(None, _UNESCAPED)):
            return f'"{text}"'
        return self.escape(text)

    def value(self, obj):
        """Return the JSON text of *obj*."""
        cls = type(obj)
        if cls is str:
            return self.quote(obj)
        if cls in _CONTAINERS:
            return self.container(obj)
        if (cls is int and -2**63 <= obj < 2**63 or
                cls is float and obj - obj == 0.0):     # finite
            return repr(obj)
        if obj is None or cls is bool:
            return _WORDS[obj]
        raise Unusual

    def container(self, obj):
        """Return the JSON text of the container *obj*."""
        text = "".join(self.encode(self.checked(obj, _MAX_VALUES), 0))
        if self.raw:
            text.encode("utf-16")       # as in quote()
            return escape_controls(text)
        if "\\" in text and "\\ud" in text:     # an error if one is lone
            text.encode().decode("unicode_escape").encode(
                "utf-16", "surrogatepass").decode("utf-16")
        return text

    def checked(self, obj, room):
        """
        Return a copy of the container *obj* for the C encoder, which knows
        no bounds: a cycle can end the process.  Nobody else can change it.

        *room* is more than *obj* and all that it contains may hold.  As
        containers share it out among their items, it bounds also how deep
        they nest, and how long the text is.
        """
        room //= len(obj) + 1
        if not room:
            raise Unusual
        longest = _MAX_SHARE * room
        if type(obj) is dict:
            obj = obj.copy()
            items = obj.items()
            for key in obj:
                if type(key) is not str or len(key) > longest:
                    raise Unusual
        else:
            obj = [*obj]
            items = enumerate(obj)
        for key, item in items:
            cls = type(item)
            if cls in _CONTAINERS:
                obj[key] = self.checked(item, room)
            elif cls not in _SCALARS or (len(item) > longest if cls is str
                    else cls is int and not -2**63 <= item < 2**63):
                raise Unusual
        return obj

    def message(self, record):
        """Return the message of *record*, which is not simply its msg."""
        if too_deep([record.msg, record.args]):
            raise Unusual
        return str.__str__(guarded(LogRecord.getMessage, record))

    def class_name(self, cls):
        """Return the name of an exception's class without surprises."""
        defined = {name for base in cls.__mro__ for name in base.__dict__
                   if base not in (BaseException, object)}
        name = typename(cls)
        # "!" begins a mark.
        if (type(cls) is not type or not _LOOKED_AT.isdisjoint(defined)
                or issubclass(cls, _SPECIAL) or "!" in name or not name
                or type(cls.__module__) is not str):
            raise Unusual
        return name

    def stack(self, tb):
        """Return the text of the traceback *tb*."""
        lines, frames = ["Traceback (most recent call last):\n"], self.frames
        place, count = None, 0
        while tb is not None:
            code = tb.tb_frame.f_code
            key = id(code), tb.tb_lasti, tb.tb_lineno
            if not (kept := frames.get(key)):
                if len(frames) >= _MAX_CACHED:
                    frames.clear()
                text = "".join(traceback.format_tb(tb, 1))
                # While the code is kept no other gets its id().
                kept = frames[key] = text, text.partition("\n")[0], code
            count = count + 1 if kept[1] == place else 1
            # traceback counts from the fourth frame of a place on.
            if count > 3 or len(lines) > _MAX_FRAMES:
                raise Unusual
            lines.append(kept[0])
            place, tb = kept[1], tb.tb_next
        return "".join(lines) if place else ""

    def exception(self, value, tb, depth=_MAX_CHAIN):
        """Return class name, message and text of the exception *value*."""
        cls, name = type(value), self.name(type(value))
        # The third that __reduce__() returns are the attributes.
        flat = (cls.__str__ in _STR and _SCALARS.issuperset(
            map(type, value.args)) and not BaseException.__reduce__(value)[2:])
        if (not depth or hasattr(value, "__notes__")
                or not flat and too_deep(value)):
            raise Unusual
        message = guarded(str, value)
        text = self.stack(tb) + (f"{name}: {message}" if message else name)
        # Of the two one is printed, but both are looked at.
        cause, context = value.__cause__, value.__context__
        if context is not None and context is not cause:
            before = self.exception(context, context.__traceback__, depth - 1)
            if cause is None and not value.__suppress_context__:
                text = f"{before[2]}\n{traceback._context_message}{text}"
        if cause is not None:
            before = self.exception(cause, cause.__traceback__, depth - 1)
            text = f"{before[2]}\n{traceback._cause_message}{text}"
        return name, message, text

    def exception_of(self, record):
        """
        Return the class name, the message and the text, each as JSON, of
        the exception of *record*, whose exc_text is set if it was not.
        """
        info = record.exc_info
        if (type(info) is not tuple or len(info) != 3
                or record.stack_info is not None
                or hasattr(sys, "tracebacklimit")):
            raise Unusual
        texts = self.exception(info[1], info[2])
        if record.exc_text is None:
            record.exc_text = texts[2]
        return map(self.quote, texts)


class _Source(str):
    """Source text, which linecache asks for as of a module's spec."""

    name, loader = __name__, property(lambda self: self)

    def get_source(self, name):
        return str(self)


class _Code:
    """
    The code of a function that returns the line of a record.

    *fields* are those of *formatter* that such records have.  *names*
    is what the code refers to.
    """

    def __init__(self, formatter, writer, fields, names):
        self.formatter, self.writer = formatter, writer
        self.names, self.lines, tree = dict(names), [], {}
        for path, source in fields:
            place = tree
            for key in path[:-1]:
                place = place.setdefault(key, {})
            place[path[-1]] = source
        if not _is_required(tree):
            raise Unusual
        self.text = "{%s\1extras\1}" % self.members(tree)

    def refer(self, obj):
        """Return a new name for *obj*."""
        name = "x%d" % len(self.names)
        self.names[name] = obj
        return name

    def members(self, tree):
        """
        Return the members of an object of which one is always there.

        JSON text has no control characters: in between "\\0" are a kind
        and an attribute, in between "\\1" is a name for text.
        """
        text, comma = "", ""
        for key, source in tree.items():
            if not _is_required(source):
                text += "\1%s\1" % self.optional(key, source, not comma)
                continue
            text += "%s%s:" % (comma, self.writer.quote(key))
            comma = ","
            if isinstance(source, dict):
                text += "{%s}" % self.members(source)
            elif source in _KINDS:
                text += "\0%s %s\0" % (_KINDS[source], source)
            else:
                text += "\1%s\1" % (source if source in _COMPUTED
                                    else self.value(source))
        return text

    def value(self, source):
        """Return a name for the JSON of the attribute *source*."""
        name, found = "v%d" % len(self.lines), "d[%r]" % source
        line = "%s = value(%s)"
        if source in self.formatter._absent:
            default = self.formatter._absent[source]
            known = self.refer(default)
            found = "d.get(%r, %s)" % (source, known)
            if type(default) in _SCALARS and source not in _ATTRIBUTES:
                ready = self.refer(self.writer.value(default))
                line = "%%s = %s if bare or %s is %s else value(%%s)" % (
                    ready, found, known)
        self.lines.append(line % (name, found))
        return name

    def optional(self, key, source, first=False):
        """Return a name for the text of a member, empty if it is absent."""
        text, absent = "{value(%s)}", "{0} is None"
        if isinstance(source, dict):
            members = [self.optional(*member) for member in source.items()]
            code = " + ".join(members)
            text, absent = "{{{%s[1:]}}}", "not {0}"
        elif source == "taskName":
            code = "d.get('taskName', %s)" % self.refer(
                self.formatter._absent[source])
            absent = "{0} is None or type({0}) is str and not {0}"
        else:
            code = "%s(record)" % self.refer(source)
        name = "m%d" % len(self.lines)
        key = self.writer.quote(key).replace("{", "{{").replace("}", "}}")
        text = ("%s:%s," if first else ",%s:%s") % (key, text % name)
        self.lines += ["%s = %s" % (name, code), "%s = '' if %s else f%r" % (
            name, absent.format(name), text)]
        return name

    def ready(self, kind):
        """
        Give names to the text that has attributes of *kind*.

        Return them, the attributes, and what makes the texts of these.
        """
        texts, names = [], []

        def name(match):
            texts.append(match[0])
            names.append("%s%d" % (kind, len(texts)))
            return "\1%s\1" % names[-1]
        self.text = re.sub("[^\0\1]*(\0%s \\w+\0[^\0\1]*)+" % kind, name,
                           self.text)
        attributes = re.findall("\0\\w+ (\\w+)\0", "".join(texts))
        # Those that logging sets, unless it was told not to.
        types = [type(_ATTRIBUTES.get(name, "")) for name in attributes]

        def make(*values):
            parts = map(self.writer.value, values)
            made = [re.sub("\0.*?\0", lambda match: next(parts), text)
                    for text in texts]
            if [*map(type, values)] != types or len("".join(made)) > _MAX_NAME:
                raise Unusual
            return made
        return names, attributes, make

    def stamp(self, make, created):
        """
        Return how long the texts of the time *created* hold, from a time
        on, to another, in a time zone; and the texts.
        """
        zone, low, high = time.tzname, 0.0, 0.0
        texts = make(rfc3339(
            created, self.formatter.utc, self.formatter.timespec))
        unit = _UNITS[self.formatter.timespec]
        if unit > 1 and -2**32 < created < 2**32:
            # Floats this small are exact to half a microsecond.
            first = microseconds(created) // unit * unit
            low, high = (first + 2) / 1e6, (first + unit - 2) / 1e6
        return (low, high, zone, *texts)

    def function(self, head):
        """Return the function, whose code begins with the lines *head*."""
        formatter, code = self.formatter, [*head]
        texts, _, make = self.ready("time")
        now = ", ".join(["low, high, zone", *texts])
        if texts:
            self.names["stamp"] = partial(self.stamp, make)
            code += [
                "created = record.created", now + " = now",
                "if not (low <= created < high and type(created) is float%s):"
                % ("" if formatter.utc else " and zone is time.tzname"),
                "    now = %s = stamp(created)" % now]
        for kind in "site", "thread":
            kept, attributes, make = self.ready(kind)
            if kept:
                self.names[kind] = lru_cache(_MAX_CACHED, typed=True)(make)
                code += ["%s, = %s(%s)" % (", ".join(kept), kind, ", ".join(
                    ["record." + name for name in attributes]))]
        code += _MESSAGE if "\1message\1" in self.text else []
        # Here, because from then on CPython 3.11 reads attributes slower.
        code += ["d = record.__dict__",
                 *(["bare = " + _BARE, *self.lines] if self.lines else [])]
        code += ["extras = '' if %s else %s" % (
            "bare" if self.lines else _BARE,
            "extras_of(formatter, d)" if formatter.extra else "''")]
        text = self.text.replace("{", "{{").replace("}", "}}")
        code += ["line = f%r" % re.sub("\1(.*?)\1", r"{\1}", text),
                 "if len(line%s) > max_bytes: raise Unusual"
                 % ("" if formatter.ensure_ascii else ".encode()"),
                 "return line"]
        source = _Source("\n".join([
            "def make():", "    now = 0.0, 0.0, None" + ", ''" * len(texts),
            "    def line(formatter, record):", "        nonlocal now",
            *["        " + line for line in code], "    return line", ""]))
        self.names.update(__loader__=source, __spec__=source)
        exec(compile(source, "line of a JSONFormatter", "exec"), self.names)
        return self.names["make"]()


def _is_required(source):
    """Tell whether a member is always there; an object has one that is."""
    return (any(map(_is_required, source.values())) if type(source) is dict
            else isinstance(source, str) and source != "taskName")


def _extras(formatter, writer, mapped):
    """Return a function of a formatter and a record's __dict__."""
    own = {"degraded", *[path[0] for path, _ in formatter._fields]}
    known, escape, value_of = formatter._known, writer.escape, writer.value
    clash = formatter.extra in own      # set since it was checked

    @lru_cache(_MAX_CACHED)     # a str is its own key, else there is none
    def name_of(key):
        if (type(key) is not str or len(key) > _MAX_NAME
                or key in _ATTRIBUTES and not mapped):  # another is before
            raise Unusual
        if key in known and not mapped:
            return ""
        if formatter.extra is True:
            key = formatter._free_key(key)
            if key in own:      # a default's: mapExtra() gave it
                raise Unusual
        return ",%s:" % writer.quote(key)

    def extras(formatter, d, usual=len(_ATTRIBUTES)):
        keys, count, text = reversed(d), len(d) - usual, ""
        if mapped:
            new = [*islice(keys, count)][::-1]
            if next(keys) is not _LAST or _ATTRIBUTES.keys() & new:
                raise Unusual
            d = {key: d[key] for key in new if key not in known}
            d = dict(formatter.mapExtra(d)) if d else d
            keys, count = reversed(d), len(d)
        if count > _MAX_MEMBERS:
            raise Unusual
        for key in islice(keys, count):
            if not (name := name_of(key)):
                continue
            value = d[key]
            cls = type(value)
            # This is value(), whose call takes longer.
            if cls is str and len(value) < _SHORT and value.isascii():
                text = f"{name}{escape(value)}{text}"
            elif cls is int and -10**9 < value < 10**9:
                text = f"{name}{value}{text}"
            elif cls is float and value - value == 0.0:
                text = f"{name}{value!r}{text}"
            elif value is None or cls is bool:
                text = f"{name}{_WORDS[value]}{text}"
            else:
                text = f"{name}{value_of(value)}{text}"
        if clash or not mapped and next(keys) is not _LAST:
            raise Unusual
        if text and formatter.extra is not True:
            return ",%s:{%s}" % (writer.quote(formatter.extra), text[1:])
        return text
    return extras


def _compile(formatter):
    """Return what _Kept.line is for *formatter*."""
    cls, own = type(formatter), formatter.__dict__
    stock = next(base for base in cls.__mro__ if Fast in base.__bases__)
    overridden = {name for name in stock._hooks if name in own
                  or getattr(cls, name) is not getattr(stock, name)}
    mapped = "mapExtra" in overridden
    fields = [f for f in formatter._fields if f[1] != "stack_info"]
    if (formatter.datefmt or len(overridden) > mapped
            or formatter.max_depth < 20 or len(fields) > _MAX_MEMBERS
            or formatter.max_items < len(fields) + _MAX_VALUES
            or max([len(path) for path, _ in fields]) > 5):
        return _refuse
    writer = _Writer(bool(formatter.ensure_ascii))
    names = dict(
        globals(), escape=writer.escape, exception_of=writer.exception_of,
        extras_of=_extras(formatter, writer, mapped), quote=writer.quote,
        max_bytes=formatter.max_bytes, message_of=writer.message,
        value=writer.value)
    plain = [f for f in fields if f[1] not in _COMPUTED[1:]]
    try:
        names["exceptional"] = _Code(
            formatter, writer, fields, names).function([
                "exc_type, exc_message, exc_text = exception_of(record)"])
        line = _Code(formatter, writer, plain, names).function([
            "if type(record) is not LogRecord: raise Unusual",
            "if not (record.exc_info is record.exc_text is record.stack_info "
            "is None): return exceptional(formatter, record)"])
    except (Unusual, ValueError):
        return _refuse
    if mapped or not all([isinstance(f[1], str) for f in fields]):
        return partial(guarded, line)   # what is called may log
    return line
