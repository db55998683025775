"""
Any object -> plain data -> one line of JSON text; never an exception.

Plain data is what json writes without a question: dicts with str keys,
lists, str, int, float, bool and None, acyclic and bounded.  Converter
makes it.  What cannot be represented is replaced in its place by a
mark, a string that begins with "!" and a word, and noted.  encode()
writes plain data as a line, shorten() makes a line fit a limit.
"""

__lazy_modules__ = {"json"}

import gc, json, re, threading
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from types import SimpleNamespace

__all__ = ["Converter", "encode", "escape_controls", "free", "guarded",
           "mark", "shorten", "too_deep", "typename"]

# What gives the value of a type that json does not know: a method, or the
# attribute value.  Types are found by name: so nothing has to be imported.
_METHODS = {
    **dict.fromkeys(["datetime.date", "datetime.time"], "isoformat"),
    **dict.fromkeys(["complex", "collections.UserString", "decimal.Decimal",
                     "datetime.timedelta", "pathlib.PurePath", "uuid.UUID",
                     "pathlib._local.PurePath"], "__str__"),    # 3.13's
    "enum.Enum": "value", "numpy.generic": "item"}

_ARRAYS = (list, tuple, set, frozenset, Sequence)
# Containers whose str() recurses in C.
_NESTING = (dict, list, tuple, set, frozenset, deque, SimpleNamespace)

_MAX_NOTES = 10
_MAX_NAME = 100         # characters of a name in a mark, of a path in a note
_MIN_SIZE = 32          # characters a string keeps when space has run out
_MAX_NESTED_CALLS = 5
_MAX_STR_DEPTH = 50


_thread = threading.local()


def guarded(function, *args):
    """
    Return function(*args), where *function* may run anybody's code.

    Such code may log, which may run the same code again, and so on:
    the sixth call inside one another is a RecursionError.
    """
    depth = getattr(_thread, "depth", 0)
    if depth >= _MAX_NESTED_CALLS:
        raise RecursionError("logging runs code that logs")
    _thread.depth = depth + 1
    try:
        return function(*args)
    finally:
        _thread.depth = depth


def typename(cls):
    """Return the name of the class *cls* as traceback writes it."""
    try:
        hidden = cls.__module__ in ("builtins", "__main__")
        module = "" if hidden else "%s." % cls.__module__
        return "%s%s" % (module, cls.__qualname__)
    except Exception:       # a metaclass may do anything
        return "?"


def mark(error, where, cls):
    """Return the mark of *error*, raised in *where*, a method of *cls*."""
    return "!ERROR: %s in %s of %s" % (
        typename(type(error))[:_MAX_NAME], where, typename(cls)[:_MAX_NAME])


def too_deep(obj):
    """
    Tell whether containers in *obj* nest too deep to call str() of it.

    str() and repr() of built-in containers recurse in C: under a raised
    recursion limit, or on a small stack, they can end the process.
    """
    level, seen = {0: obj}, set()       # get_referents() runs nobody's code
    for _ in range(_MAX_STR_DEPTH):
        level = {id(child): child for parent in level.values()
                 for child in gc.get_referents(parent)
                 if issubclass(type(child), _NESTING)}
        if not level:
            return False
        seen.update(level)
    # A cycle has no end, but str() stops where it closes.
    return len(seen) >= _MAX_STR_DEPTH


def encode(data, ensure_ascii=True):
    """Return plain *data* as one line of JSON text."""
    text = json.dumps(data, ensure_ascii=ensure_ascii, allow_nan=False,
                      check_circular=False, separators=(",", ":"))
    return text if ensure_ascii else escape_controls(text)


def escape_controls(text):
    """Escape in JSON *text* what ends lines or steers terminals."""
    # RFC 8259 allows these.
    return re.sub("[\x7f-\x9f\u2028\u2029]",
                  lambda match: "\\u%04x" % ord(match[0]), text)


def shorten(data, options, line):
    """
    Return *line*, or a shorter one with its *data* if it is too long.

    *options* has the attributes max_bytes, in bytes of UTF-8, and
    ensure_ascii, and those that Converter wants.  Each entry of the line
    may take the same space, less every time, until the line fits.
    Strings lose their middle, arrays and objects their last items, in
    the end the line its last entries.
    """
    size, keep = len(line), len(data)
    while (length := len(line.encode())) > options.max_bytes and keep:
        if size > _MIN_SIZE:
            size = min(size - size // 8, size * options.max_bytes // length,
                       options.max_bytes - 1)
        else:
            keep //= 2
        line = encode(Converter(options, size).line(data, keep),
                      options.ensure_ascii)
    return line


def _join_surrogates(text):
    """Make surrogate pairs characters, and lone surrogates their escapes."""
    # This codec needs no import, which fails when Python shuts down.
    data = text.encode("utf-16", "surrogatepass")
    text = data.decode("utf-16", "surrogatepass")
    return text.encode("utf-8", "backslashreplace").decode()


def free(key, taken):
    """Return *key* with as many underscores as make it not *taken*."""
    while key in taken:     # maybe by thousands: then in larger steps
        key += "_" * (1 if len(key) < 100 else len(taken))
    return key


class Converter:
    """
    Makes plain data of the objects of one line.

    *options* is a JSONFormatter, or what has its attributes *default*,
    *max_bytes*, *max_depth* and *max_items*.  *size* is how many
    characters each string may have.  *notes* lists what was replaced or
    left out: the path to the place and the mark.
    """

    def __init__(self, options, size):
        self.options = options
        # Characters a string may have, that are left for the present
        # entry (two strings' worth), and for all entries.
        self.size, self.room, self.total = size, 2 * size, 4 * size
        # Keys and indexes to where we are, ids of the objects we are in.
        self.path, self.active = [], set()
        self.where, self.notes = "format", []       # where: what runs

    def note(self, what):
        """Note *what* was done at the present path, and return it."""
        what = _join_surrogates(what)       # of the names in it
        parts = self.path if len(self.notes) < _MAX_NOTES else ()
        path = "".join("[%d]" % part if isinstance(part, int) else "." + part
                       for part in parts)[:_MAX_NAME].lstrip(".")
        self.notes.append("%s: %s" % (path, what) if path else what)
        return what

    def call(self, where, cls, function, *args):
        """Return function(*args), *where* a method of *cls*, or a mark."""
        try:
            return guarded(function, *args)
        except Exception as error:
            return self.note(mark(error, where, cls))

    def begin(self, *path):
        """Begin the place at *path*, keys or, yet, nothing, in the line."""
        self.path = [*path]
        self.total -= 2 * self.size - self.room
        self.room = 2 * self.size if self.total > 0 else _MIN_SIZE

    def add_entries(self, data, entries, keep):
        """Add the first *keep* of the dict *entries* to *data*; return it."""
        for key, obj in islice(entries.items(), max(keep, 0)):
            self.begin()
            key = self.key(key, data)
            self.begin(key)
            data[key] = self.value(obj)
        if len(entries) > max(keep, 0):
            self.begin()
            self.note("!CUT %d" % (len(entries) - max(keep, 0)))
        return data

    def line(self, data, keep):
        """
        Return *data*, meant for a line, as plain data with its notes.

        Of the entries of an object only the first *keep* are kept.
        """
        if not issubclass(type(data), Mapping):
            return self.value(data)
        return self.finish(self.add_entries({}, data, keep))

    def finish(self, data):
        """Add the notes to *data*, the plain data of a line, and return it."""
        if self.notes or "degraded" in data:
            # What had been cut and was cut again is noted once.
            again = tuple(n.partition("!CUT")[0] + "!CUT" for n in self.notes)
            notes = data.pop("degraded", [])
            notes = notes if isinstance(notes, list) else [notes]
            notes = [n for n in notes if not str(n).startswith(again)]
            data["degraded"] = notes = notes + self.notes
            most = min(_MAX_NOTES, 2 + self.size // 64)
            if len(notes) > most + ("degraded: !CUT" in str(notes[most:])):
                notes[most:] = ["degraded: !CUT %d" % (len(notes) - most)]
        return data

    def value(self, obj):
        """Return *obj* as plain data."""
        cls = type(obj)
        if issubclass(cls, str):
            return self.string(obj if cls is str else str.__str__(obj))
        if obj is None or cls is bool:
            return obj
        if issubclass(cls, int):
            number = int.__int__(obj)
            if -2**63 <= number < 2**63:
                return number
            # Decimal digits take quadratic time, and 640 are always allowed
            # (sys.set_int_max_str_digits).
            return self.string(str(number) if number.bit_length() <= 2048
                               else hex(number))
        if issubclass(cls, float):
            number = float.__float__(obj)
            if number - number != 0.0:          # NaN or Infinity
                number = self.note(json.dumps(number)) and None
            return number
        if id(obj) in self.active:
            return self.note("!CYCLE")
        # default() lengthens the one, containers both.
        if max(len(self.active), len(self.path)) >= self.options.max_depth:
            return self.note("!DEPTH")
        depth = len(self.path)
        self.active.add(id(obj))
        try:
            return self.convert(obj, cls)
        except Exception as error:
            del self.path[depth:]
            return self.note(mark(error, self.where, cls))
        finally:
            self.active.discard(id(obj))

    def string(self, text):
        """Return *text*, cut to the room there is, without surrogates."""
        if len(text) > self.size or len(text) > self.room:
            half = max(min(self.size, self.room), _MIN_SIZE) // 2
            middle = text[half:max(len(text) - half, half)]
            earlier = re.search("!CUT ([0-9]{1,18})", middle)
            lost = len(middle) + (
                int(earlier[1]) - len(earlier[0]) if earlier else 0)
            if len(middle) > len("!CUT %d" % lost):
                text = text[:half] + self.note("!CUT %d" % lost) + text[-half:]
        text = text if text.isascii() else _join_surrogates(text)
        self.room -= len(text)
        return text

    def key(self, obj, taken=()):
        """Return the text of the key *obj*, different from those *taken*."""
        if issubclass(type(obj), float):        # NaN is "NaN" here
            text = self.string(json.dumps(float.__float__(obj)))
        elif not isinstance(text := self.value(obj), str):
            text = self.string(encode(text, False))
        return free(text, taken)

    def items(self, obj, cls):
        """Return pairs of key or index and value of a container."""
        base = list if issubclass(cls, list) else tuple
        if issubclass(cls, base):       # as json does
            return enumerate(base.__iter__(obj))
        if issubclass(cls, Mapping):
            small = cls is dict and len(obj) <= self.options.max_items
            # copy() is atomic: another thread may change the dict.
            return (obj.copy() if small else obj).items()
        if issubclass(cls, _ARRAYS):
            return enumerate(obj)
        from dataclasses import fields
        return [(f.name, self.call(f.name, cls, getattr, obj, f.name))
                for f in fields(obj) if f.repr]

    def container(self, obj, cls):
        """Return *obj*, a container of type *cls*, as a list or dict."""
        result, self.where = {}, "__iter__"
        array = issubclass(cls, _ARRAYS) and not issubclass(cls, Mapping)
        # An item takes two bytes at least, and the room is twice the size.
        limit = min(self.options.max_items, max(self.room, 0) // 4)
        items = guarded(lambda: [*islice(self.items(obj, cls), limit + 1)])
        for index, (key, item) in enumerate(items):
            if index == limit or self.room <= 0:
                total = guarded(len, obj) if len(items) > limit and hasattr(
                cls, "__len__") else 0
                cut = " %d" % (max(total, len(items)) - index)
                # shorten() cuts again, and cannot tell how much in all.
                self.note("!CUT" + cut * (self.size >= self.options.max_bytes))
                break
            key = key if array else self.key(key, result)
            self.path.append(key)
            self.room -= 4
            result[key] = self.value(item)
            self.path.pop()
        result = [*result.values()] if array else result
        if issubclass(cls, (set, frozenset)):
            # By value; by text what has no order, or as sets half an order.
            pairs = sorted(zip([item for _, item in items], result),
                           key=lambda pair: encode(pair[1]))
            try:
                pairs = guarded(sorted, pairs)
            except Exception:
                pass
            result = [value for _, value in pairs]
        return result

    def convert(self, obj, cls):
        """Return *obj*, of type *cls* and no scalar, as plain data."""
        if issubclass(cls, (dict, list, tuple)):
            return self.container(obj, cls)
        if self.options.default is not None:
            self.where = "default"
            try:
                return self.value(guarded(self.options.default, obj))
            except TypeError:
                pass
        self.where = "__repr__"
        for base in cls.__mro__:
            if method := _METHODS.get(typename(base)):
                self.where = method
                value = getattr(obj, method)        # of an Enum, else called
                value = value if method == "value" else guarded(value)
                if type(value) is not cls:      # numpy.longdouble.item()
                    return self.value(value)
        if issubclass(cls, (bytes, bytearray, memoryview)):
            return self.string(
                memoryview(obj).tobytes().decode("utf-8", "backslashreplace"))
        if issubclass(cls, BaseException):
            return self.string(
                ": ".join(filter(None, [typename(cls), self.text(obj)])))
        if issubclass(cls, (Mapping, *_ARRAYS)) or hasattr(
                cls, "__dataclass_fields__"):
            return self.container(obj, cls)
        return self.note("!DEPTH") if too_deep([obj]) else self.value(
            guarded(repr, obj))

    def text(self, obj):
        """Return str(obj), its JSON text if that is too deep, or a mark."""
        inner = (BaseException.args.__get__(obj)
                 if issubclass(type(obj), BaseException) else obj)
        if too_deep([inner]):
            return encode(self.value(inner), False)
        return self.call("__str__", type(obj), str, obj)
