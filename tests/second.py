"""JSON lines for logging, written from the Specification of PEP 9999 alone (no limit of bytes)."""
import collections, dataclasses, datetime, gc, json, logging, math, re, threading, time, types
from collections.abc import Mapping, Sequence
from itertools import islice

DEFAULT_FMT = {"timestamp": "asctime", "level": "levelname", "logger": "name", "message": "message",
               "exception": {"type": "exc_type", "message": "exc_message", "traceback": "exc_text"},
               "stack": "stack_info"}
NAMES = {"%": r"%%|%\((.*?)\)", "{": r"\{\{|\{([^{}!:.[]+)",
         "$": r"\$\$|\$\{?([_a-zA-Z][_a-zA-Z0-9]*)"}
STANDARD = {*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "asctime", "message", "taskName"}
TABLE = dict.fromkeys(("complex", "collections.UserString", "decimal.Decimal", "datetime.timedelta",
                       "pathlib.PurePath", "pathlib._local.PurePath", "uuid.UUID"), "__str__")
TABLE |= {"datetime.date": "isoformat", "datetime.time": "isoformat", "enum.Enum": "value",
          "numpy.generic": "item"}
NESTING = dict, list, tuple, set, frozenset, collections.deque, types.SimpleNamespace
LISTS = list, tuple, set, frozenset, Sequence
FIRST, LAST = -62135596800, 253402300799  # the seconds of the years 1 to 9999
LEFT_OUT = object()
thread = threading.local()
class HookError(Exception):
    """The name of a hook that raised, and the exception."""
def is_a(obj, *classes):
    return issubclass(type(obj), classes)
def attempt(function, otherwise):
    try:
        return function()
    except Exception as error:
        return otherwise(error)
def clean(text):  # joins pairs of surrogates and escapes lone ones
    units = str.__str__(text).encode("utf-16-le", "surrogatepass")
    return units.decode("utf-16-le", "surrogatepass").encode("utf-8", "backslashreplace").decode()
def to_json(data, ensure_ascii):
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=ensure_ascii)
    return re.sub("[\x7f-\x9f\u2028\u2029]", lambda match: "\\u%04x" % ord(match[0]), text)
def full_name(cls):
    names = [str.__str__(x if is_a(x, str) else str(x)) for x in (cls.__module__, cls.__qualname__)]
    return names[1] if names[0] in ("builtins", "__main__") else ".".join(names)
def class_name(cls):
    return attempt(lambda: full_name(cls), lambda error: "?")
def make_mark(error, where, cls):
    names = class_name(type(error))[:100], where, class_name(cls)[:100]
    return clean("!ERROR: %s in %s of %s" % names)
def make_free(key, taken):
    while key in taken:
        key += "_" * (1 if len(key) < 100 else len(taken))
    return key
def guarded(function, *args):  # for anybody's code, which may log in turn
    depth = getattr(thread, "depth", 0)
    if depth >= 5: raise RecursionError
    thread.depth = depth + 1
    try:
        return function(*args)
    finally:
        thread.depth = depth
def is_too_deep(objects):
    level, seen = [objects], set()
    for _ in range(50):
        level = list({id(x): x for x in gc.get_referents(*level) if is_a(x, *NESTING)}.values())
        seen.update(map(id, level))
    return bool(level) and len(seen) >= 50
def read_fmt(fmt, path=()):  # yields the path and the source of each field
    if len(path) == 10: raise ValueError("fmt nests more than 10 deep")
    for key in fmt:
        source, inner = fmt[key], path + (str.__str__(key),)  # a TypeError if it is no str
        if clean(key) != inner[-1] or inner == ("degraded",):
            raise ValueError("a key of fmt that has surrogates or is 'degraded'")
        if is_a(source, Mapping):
            yield from read_fmt(source, inner)
        elif is_a(source, str) or callable(source):
            yield inner, str.__str__(source) if is_a(source, str) else source
        else:
            raise TypeError("sources are names of attributes, callables or mappings")

class ISOFormatter(logging.Formatter):
    def __init__(self, fmt=None, datefmt=None, style="%", validate=True,
                 *, defaults=None, utc=True, timespec="milliseconds"):
        if not (is_a(utc, bool) and is_a(defaults, Mapping, type(None))):
            raise TypeError("utc or defaults")
        if timespec not in ("seconds", "milliseconds", "microseconds"): raise ValueError(timespec)
        super().__init__(fmt, datefmt, style, validate, defaults=defaults)
        self.utc, self.timespec = utc, timespec
    def formatTime(self, record, datefmt=None):
        make = self._strftime if datefmt else self._timestamp
        return attempt(lambda: make(record, datefmt),
                       lambda error: make_mark(error, "created", type(record)))
    def _strftime(self, record, datefmt):
        converter = time.gmtime if self.utc else time.localtime
        if self.converter is not logging.Formatter.converter: converter = self.converter
        return time.strftime(datefmt, converter(record.created + 0))
    def _timestamp(self, record, datefmt):
        created = record.created
        whole, zone = int(created), "Z"
        microseconds = whole * 1000000 + round((created - whole) * 1e6)
        seconds, microseconds = divmod(microseconds, 1000000)
        if not FIRST <= seconds <= LAST: raise ValueError("a year before 1 or after 9999")
        try:
            offset = 0 if self.utc else 60 * round(time.localtime(seconds).tm_gmtoff / 60)
            if not self.utc and FIRST <= seconds + offset <= LAST:
                seconds += offset
                zone = "%s%02d:%02d" % ("-+"[offset >= 0], *divmod(abs(offset) // 60, 60))
        except (TypeError, ValueError, OverflowError, OSError):
            pass
        since = datetime.timedelta(seconds=seconds, microseconds=microseconds)
        return (datetime.datetime(1970, 1, 1) + since).isoformat(timespec=self.timespec) + zone

class JSONFormatter(ISOFormatter):
    max_depth, max_items = 20, 10_000
    def __init__(self, fmt=None, datefmt=None, style="%", validate=True,
                 *, defaults=None, utc=True, timespec="milliseconds",
                 extra=True, default=None, ensure_ascii=True, max_bytes=1_000_000):
        super().__init__(fmt if is_a(fmt, str) else None, datefmt, style, validate,
                         defaults=defaults, utc=utc, timespec=timespec)
        is_right = is_a(extra, bool, str) and is_a(ensure_ascii, bool) and is_a(max_bytes, int)
        if not is_right or not (default is None or callable(default)):
            raise TypeError("extra, ensure_ascii, max_bytes or default")
        self.extra, self.default = extra, default
        self.ensure_ascii, self.max_bytes = ensure_ascii, max_bytes
        if is_a(fmt, str) and fmt:
            fmt = [name[1] for name in re.finditer(NAMES[style], fmt) if name[1] is not None]
        if fmt is None or is_a(fmt, str):
            fmt = DEFAULT_FMT
        elif is_a(fmt, list, tuple) and not is_a(fmt, Mapping):
            fmt = {str.__str__(name): name for name in fmt}
        if not is_a(fmt, Mapping): raise TypeError("fmt")
        self._fields = list(read_fmt(fmt))
        outer = {str.__str__(key) for key in fmt}
        names = {source for _, source in self._fields if is_a(source, str)}
        for key, sources in ("exception", "exc_type exc_message exc_text"), ("stack", "stack_info"):
            if names.isdisjoint(sources.split()):
                self._fields += read_fmt({make_free(key, outer): DEFAULT_FMT[key]})
        outer.update({path[0] for path, _ in self._fields}, ("exception", "stack", "degraded"))
        self._protected = frozenset(outer)
        self._values = {str.__str__(name): defaults[name] for name in defaults or ()}
        for name in [name for name in self._values if name not in names]:
            if clean(name) != name: raise ValueError("a default's name has surrogates")
            key = make_free(self._rename(name), outer)
            outer.add(key)
            self._fields.append(((key,), name))
        self._names = names.union(self._values)
        is_bad = is_a(extra, str) and (not extra or clean(extra) != extra or extra in outer)
        if is_bad or max_bytes < 1024: raise ValueError("extra or max_bytes")
    def _rename(self, key):
        same = [name for name in self._protected if name.rstrip("_") == key.rstrip("_")]
        return key + "_" * max((len(x) - len(x.rstrip("_")) + 1 for x in same), default=0)
    def usesTime(self):
        return "asctime" in self._names
    def mapExtra(self, extra):
        return extra
    def formatException(self, ei):
        return attempt(lambda: super(JSONFormatter, self).formatException(ei),
                       lambda error: make_mark(error, "format", type(ei[1])))
    def mapLogRecord(self, record):
        return self._make(record, Line.make)
    def format(self, record):
        try:
            own = getattr(self.mapLogRecord, "__func__", None) is JSONFormatter.mapLogRecord
            return to_json(self._make(record, Line.make if own else Line.remake), self.ensure_ascii)
        except Exception as error:  # memory or stack is exhausted
            names = [record.__dict__.get(name) for name in ("levelname", "name")]
            data = {key: x for key, x in zip(("level", "logger"), names) if type(x) is str}
            return to_json({**data, "degraded": [make_mark(error, "format", type(self))]}, True)
    def _make(self, record, make):
        try:
            return make(Line(self, record))
        except HookError as failure:
            return Line(self, record).make_anew(*failure.args)

class Line:
    problem = None  # the mark of a hook that raised
    def __init__(self, formatter, record):
        self.formatter, self.record, self.attributes = formatter, record, record.__dict__
        self.data, self.notes, self.converting = {}, [], []
    def hook(self, name, use):
        try:
            return use(getattr(self.formatter, name))
        except Exception as error:
            raise HookError(name, error)
    def note(self, path, what):
        text = "".join("[%d]" % part if type(part) is int else "." + part for part in path)
        text = text[:100].lstrip(".")
        self.notes.append(clean(text + ": " + what if text else what))
        return what
    def mark(self, path, error, where, obj):
        return self.note(path, make_mark(error, where, type(obj)))
    def make(self):
        self.read_exception()
        stack = self.attributes.get("stack_info")
        if stack is not None: stack = self.hook("formatStack", lambda hook: hook(stack))
        self.optional["stack_info"] = stack
        self.add_fields(self.formatter._fields)
        if self.formatter.extra: self.add_extras(self.formatter.extra)
        return self.finish(self.data, self.notes)
    def make_anew(self, hook, error):
        self.problem = make_mark(error, hook, type(self.formatter))
        usual = {source: key for key, source in list(DEFAULT_FMT.items())[:4]}
        fields = [(path, x) for path, x in self.formatter._fields if is_a(x, str) and x in usual]
        rest = [source for source in usual if source not in [source for _, source in fields]]
        fields += [((make_free(usual[x], self.formatter._protected),), x) for x in rest]
        self.add_fields(fields)
        return self.finish(self.data, self.notes)
    def remake(self):  # converts what an overridden mapLogRecord() returns
        result = self.hook("mapLogRecord", lambda hook: guarded(hook, self.record))
        if result is None: raise HookError("mapLogRecord", TypeError())
        if self.attributes.get("exc_text") is None: self.read_exception()
        if not is_a(result, Mapping): return self.value(result, ())
        try:
            data = self.container(result, (), self.formatter.max_items + 1)
        except Exception as error:
            raise HookError("mapLogRecord", error)
        if "degraded" not in data: return self.finish(data, self.notes)
        notes = data.pop("degraded")
        notes = (notes if type(notes) is list else [notes]) + self.notes
        return {**self.finish({**data, "degraded": 0}, notes), "degraded": notes}
    def finish(self, data, notes):
        if len(notes) > 10 + (notes != [] and str(notes[-1]).startswith("degraded: !CUT")):
            notes[10:] = ["degraded: !CUT %d" % (len(notes) - 10)]
        return {**data, "degraded": notes} if notes else data
    def read_exception(self):
        values, exception, traceback = self.attributes, self.attributes.get("exc_info"), None
        if type(exception) is tuple and len(exception) == 3:
            exception, traceback = exception[1:]
        elif is_a(exception, BaseException):
            traceback = BaseException.__traceback__.__get__(exception)
        self.exception = exception if is_a(exception, BaseException) else None
        self.optional = {"exc_type": None, "exc_message": None, "exc_text": values.get("exc_text"),
                         "taskName": {**self.formatter._values, **values}.get("taskName")}
        if self.exception is not None:
            info = type(exception), exception, traceback
            self.optional["exc_text"] = self.hook("formatException", lambda hook: hook(info))
            self.optional["exc_type"] = class_name(type(exception))
            if values.get("exc_text") is None: values["exc_text"] = self.optional["exc_text"]
    def add_fields(self, fields):
        for path, source in fields:
            value, data = self.source(path, source), self.data
            if value is not LEFT_OUT:
                value = self.value(value, path)
                for key in path[:-1]: data = data.setdefault(key, {})
                data[path[-1]] = value
    def source(self, path, source):  # the value of a field, not yet converted
        if not is_a(source, str):
            value = attempt(lambda: guarded(source, self.record), lambda error: self.mark(
                path, error, class_name(source), self.record))
            return LEFT_OUT if value is None else value
        if source == "asctime": return self.asctime(path)
        if source == "message":
            return self.note(path, self.problem) if self.problem else self.message(path)
        if source == "exc_message" and self.exception is not None:
            return self.text(self.exception, path)
        if not self.problem and source in self.optional:
            value = self.optional[source]
            mark = re.match("!CUT|!ERROR: .{,300}", value) if type(value) is str else None
            if mark and source == "exc_text": self.note(path, mark[0])
            return LEFT_OUT if value is None or type(value) is str and not value else value
        for values in self.attributes, self.formatter._values:
            if source in values: return values[source]
        return self.note(path, "!MISSING: " + source)
    def asctime(self, path):
        datefmt = self.formatter.datefmt
        if self.problem:
            text = JSONFormatter.formatTime(self.formatter, self.record, datefmt)
        elif not self.hook("usesTime", lambda hook: bool(hook())):
            return LEFT_OUT
        else:
            text = self.hook("formatTime", lambda hook: hook(self.record, datefmt))
        if not is_a(text, str) or not str.startswith(text, "!ERROR: "): return text
        self.note(path, str.__str__(text))
        return LEFT_OUT
    def message(self, path):
        msg, args = [self.attributes.get(name, LEFT_OUT) for name in ("msg", "args")]
        try:
            if msg is LEFT_OUT or args is LEFT_OUT: raise AttributeError
            if is_too_deep([msg, args]): raise RecursionError
            message = guarded(type(self.record).getMessage, self.record)
            if not is_a(message, str): raise TypeError
            return message
        except Exception as error:
            problem = make_mark(error, "getMessage", type(self.record))
        text = "" if msg is LEFT_OUT else self.text(msg, path)
        if text.startswith("!ERROR: ") and type(args) is tuple and not args: return text
        data = self.value(None if args is LEFT_OUT else args, path)
        self.note(path, problem)
        return "%s %s, args: %s" % (text, problem, to_json(data, False))
    def add_extras(self, extra):
        extras, renamed, data, formatter = {}, {}, self.data, self.formatter
        known = (STANDARD | formatter._names) - {"exc_type", "exc_message"}
        for key, value in list(self.attributes.items()):
            if type(key) is not str or key not in known:
                extras[make_free(key if type(key) is str else self.key(key, ()), extras)] = value
        if extras: extras = self.hook("mapExtra", lambda hook: dict(hook(extras)))
        if is_a(extra, str):
            key = make_free(clean(extra), {*data, "degraded"})
            if extras: data[key] = self.value(extras, (key,))
            return
        for key, value in extras.items():
            renamed[make_free(formatter._rename(self.key(key, ())), renamed)] = value
        room = max(0, formatter.max_items - len(data))
        for key, value in list(renamed.items())[:room]:
            key = make_free(key, data)
            data[key] = self.value(value, (key,))
        if len(renamed) > room: self.note((), "!CUT %d" % (len(renamed) - room))
    def value(self, obj, path):
        if is_a(obj, str): return clean(obj)
        if obj is None or obj is True or obj is False: return obj
        if is_a(obj, int):
            number = int.__int__(obj)
            if -2**63 <= number < 2**63: return number
            return str(number) if number.bit_length() <= 2048 else hex(number)
        if is_a(obj, float):
            number = float.__float__(obj)
            if math.isfinite(number): return number
            self.note(path, json.dumps(number))
            return None
        if any(outer is obj for outer in self.converting): return self.note(path, "!CYCLE")
        if max(len(path), len(self.converting)) >= self.formatter.max_depth:
            return self.note(path, "!DEPTH")
        self.converting.append(obj)
        data = self.convert(obj, path)
        self.converting.pop()
        return data
    def convert(self, obj, path):
        cls, formatter, where = type(obj), self.formatter, "__iter__"
        try:
            if is_a(obj, dict, list, tuple): return self.container(obj, path, formatter.max_items)
            if formatter.default is not None:
                where = "default"
                try:
                    return self.value(guarded(formatter.default, obj), path)
                except TypeError:
                    pass
            where = "__repr__"
            for where in [TABLE[name] for name in map(class_name, cls.__mro__) if name in TABLE]:
                result = guarded(getattr, obj, where)
                if where != "value": result = guarded(result)
                if type(result) is not cls: return self.value(result, path)
            where = "__repr__"
            if is_a(obj, bytes, bytearray, memoryview):
                obj = obj.tobytes() if cls is memoryview else obj
                base = bytearray if is_a(obj, bytearray) else bytes
                return base.decode(obj, "utf-8", "backslashreplace")
            if is_a(obj, BaseException):
                return clean(": ".join(filter(None, (class_name(cls), self.text(obj, path)))))
            if is_a(obj, Mapping, *LISTS) or hasattr(cls, "__dataclass_fields__"):
                where = "__iter__"
                return self.container(obj, path, formatter.max_items)
            return self.note(path, "!DEPTH") if is_too_deep([obj]) else clean(guarded(repr, obj))
        except Exception as error:
            return self.mark(path, error, where, obj)
    def container(self, obj, path, limit):
        items, left = guarded(self.read, obj, path, limit)
        if is_a(obj, Mapping) or not is_a(obj, *LISTS):
            data = {}
            for key, value in items:
                key = make_free(self.key(key, path), data)
                data[key] = self.value(value, path + (key,))
        else:
            data = [self.value(item, path + (index,)) for index, item in enumerate(items)]
            if is_a(obj, set, frozenset):
                pairs = sorted(zip(items, data), key=lambda pair: to_json(pair[1], True))
                data = [x for _, x in attempt(lambda: sorted(pairs), lambda error: pairs)]
        if left: self.note(path, "!CUT %d" % left)
        return data
    def read(self, obj, path, limit):  # the first items and the number of the others
        if is_a(obj, Mapping):
            source = obj.copy() if type(obj) is dict and len(obj) <= limit else obj
            items = [(key, value) for key, value in islice(source.items(), limit + 1)]
        elif is_a(obj, *LISTS):
            base = next((base for base in (list, tuple) if is_a(obj, base)), None)
            items = list(islice(base.__iter__(obj) if base else obj, limit + 1))
        else:
            names = [field.name for field in dataclasses.fields(obj) if field.repr]
            items = [(name, attempt(lambda: getattr(obj, name), lambda error: self.mark(
                path, error, name, obj))) for name in names[:limit + 1]]
        if len(items) <= limit: return items, 0
        return items[:limit], max(1, len(obj) - limit) if hasattr(type(obj), "__len__") else 1
    def key(self, key, path):
        if is_a(key, float): return json.dumps(float.__float__(key))
        data = self.value(key, path)
        return data if type(data) is str else to_json(data, False)
    def text(self, obj, path):
        is_exception, outer = is_a(obj, BaseException), self.converting
        looked_at = BaseException.args.__get__(obj) if is_exception else obj
        try:
            if not is_too_deep([looked_at]): return str.__str__(guarded(str, obj))
        except Exception as error:
            return self.mark(path, error, "__str__", obj)
        if is_exception and not any(x is obj for x in outer): self.converting = [*outer, obj]
        data = self.value(looked_at, path)
        self.converting = outer
        return to_json(data, False)
