"""PEP 9999's Specification as code, by a reader of nothing else; dense, to stay within 300 lines."""
import collections, dataclasses, datetime, gc, itertools, json, logging, re, threading, time, types
from collections.abc import Mapping, Sequence
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]"); _CONTROLS = re.compile("[\x7f-\x9f\u2028\u2029]")
_NAMES = {"%": r"%%|%\((.*?)\)", "{": r"\{\{|\{([^{}!:.[]+)", "$": r"\$\$|\$\{?([_a-zA-Z][_a-zA-Z0-9]*)"}
_EXCEPTION = [("type", "exc_type"), ("message", "exc_message"), ("traceback", "exc_text")]
_HEAD = [("timestamp", "asctime"), ("level", "levelname"), ("logger", "name"), ("message", "message")]
_STANDARD = {*vars(logging.makeLogRecord({})), "asctime", "message", "taskName"}
_NESTING = (dict, list, tuple, set, frozenset, collections.deque, types.SimpleNamespace)
_TABLE = {"datetime.date": "isoformat", "datetime.time": "isoformat", "enum.Enum": "value", "numpy.generic": "item"}
_TABLE.update(dict.fromkeys(("complex collections.UserString decimal.Decimal datetime.timedelta pathlib.PurePath"
                             " pathlib._local.PurePath uuid.UUID").split(), "__str__"))
_nesting, _missing = threading.local(), object()
class _HookFailed(Exception): pass
def _is(obj, classes): return issubclass(type(obj), classes)
def _call(function, *args):
    depth = getattr(_nesting, "depth", 0)
    if depth >= 5: raise RecursionError("formatters nest too deep")
    _nesting.depth = depth + 1
    try: return function(*args)
    finally: _nesting.depth = depth
def _fix(text):
    return _SURROGATES.sub(lambda match: "\\u%04x" % ord(match[0]) if len(match[0]) == 1 else
                           match[0].encode("utf-16", "surrogatepass").decode("utf-16"), str.__str__(text))
def _dumps(data, ensure_ascii):
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=ensure_ascii)
    return text if ensure_ascii else _CONTROLS.sub(lambda match: "\\u%04x" % ord(match.group()), text)
def _name(cls):
    try: module, name = "%s" % (cls.__module__,), "%s" % (cls.__qualname__,)
    except Exception: return "?"
    return name if module in ("builtins", "__main__") else module + "." + name
def _mark(error, where, cls): return _fix("!ERROR: %s in %s of %s" % (_name(type(error))[:100], where, _name(cls)[:100]))
def _free(key, *takens):
    for taken in takens:
        while key in taken: key += "_" if len(key) < 100 else "_" * len(taken)
    return key
def _too_deep(first):
    level, seen = [first], {}
    for _ in range(50):
        found = {}
        for member in level: found.update((id(o), o) for o in gc.get_referents(member) if _is(o, _NESTING))
        if not found: return False
        seen.update(found); level = list(found.values())
    return len(seen) >= 50
def _attributes(record):
    try: found = object.__getattribute__(record, "__dict__")
    except Exception: return {}
    return found if _is(found, dict) else {}
def _get(attributes, name, default=None):
    try: return dict.get(attributes, name, default)
    except Exception:  # another key's __eq__
        return next((v for k, v in list(dict.items(attributes)) if type(k) is str and k == name), default)
class _Line:  # the conversion of one record: notes, the present path, what is being converted
    def __init__(self, formatter): self.formatter, self.notes, self.path, self.active = formatter, [], [], []
    def note(self, what):
        path = "".join(self.path)[:100].lstrip("."); self.notes.append(_fix("%s: %s" % (path, what) if path else what))
        return what
    def degraded(self, before=()):
        notes = [*before, *self.notes]; return notes if len(notes) <= 10 else notes[:10] + ["degraded: !CUT %d" % (len(notes) - 10)]
    def text(self, obj):
        held = BaseException.args.__get__(obj) if _is(obj, BaseException) else obj
        if _too_deep([held]): return _dumps(self.convert(held), False)
        return str.__str__(self.tried("__str__", type(obj), str, obj))
    def tried(self, where, cls, function, *args):
        try: return _call(function, *args)
        except Exception as error: return self.note(_mark(error, where, cls))
    def key(self, key, taken=()):
        if _is(key, float): return _free(json.dumps(float.__float__(key)), taken)
        data = self.convert(key); return _free(data if type(data) is str else _dumps(data, False), taken)
    def at(self, part, convert, *args):
        self.path.append(part); length = len(self.path)
        try: return convert(*args)
        finally: del self.path[length - 1:]
    def convert(self, obj):
        if _is(obj, str): return _fix(obj)
        if obj is None or obj is True or obj is False: return obj
        if _is(obj, int):
            number = int.__int__(obj)
            return number if -2**63 <= number < 2**63 else str(number) if number.bit_length() <= 2048 else hex(number)
        if _is(obj, float):
            number = float.__float__(obj)
            return number if number - number == 0 else self.note(json.dumps(number)) and None
        if any(outer is obj for outer in self.active): return self.note("!CYCLE")
        if max(len(self.path), len(self.active)) >= self.formatter.max_depth: return self.note("!DEPTH")
        self.active.append(obj); length = len(self.active); self.where = "__repr__"
        try: return self.rules(obj, type(obj))
        except Exception as error: return self.note(_mark(error, self.where, type(obj)))
        finally: del self.active[length - 1:]
    def rules(self, obj, cls):
        if issubclass(cls, (dict, list, tuple)): return self.container(obj, cls)
        if self.formatter.default is not None:
            self.where = "default"
            try: result = _call(self.formatter.default, obj)
            except TypeError: self.where = "__repr__"
            else: return self.convert(result)
        method = next(filter(None, (_TABLE.get(_name(base)) for base in cls.__mro__)), None)
        if method:
            self.where = method; result = _call(lambda: obj.value if method == "value" else getattr(obj, method)())
            if type(result) is not cls: return self.convert(result)
            self.where = "__repr__"
        if issubclass(cls, (bytes, bytearray, memoryview)): return memoryview(obj).tobytes().decode("utf-8", "backslashreplace")
        if issubclass(cls, BaseException): return _fix(": ".join(part for part in (_name(cls), self.text(obj)) if part))
        if issubclass(cls, (set, frozenset, Mapping, Sequence)) or hasattr(cls, "__dataclass_fields__"): return self.container(obj, cls)
        return self.note("!DEPTH") if _too_deep([obj]) else _fix(_call(repr, obj))
    def read(self, obj, cls, limit):  # whether obj is a list, and at most *limit* items of it
        is_list, fields = False, None
        if issubclass(cls, dict): entries = dict.copy(obj).items if cls is dict and len(obj) <= limit else lambda: obj.items()
        elif issubclass(cls, (list, tuple)):
            is_list, entries = True, lambda: (list if issubclass(cls, list) else tuple).__iter__(obj)
        elif issubclass(cls, Mapping): entries = lambda: obj.items()
        elif issubclass(cls, (set, frozenset, Sequence)): is_list, entries = True, lambda: obj
        else: fields = [field for field in dataclasses.fields(obj) if field.repr]; entries = lambda: fields
        items = _call(lambda: list(itertools.islice(entries(), limit + 1)))
        more, items = len(items) > limit, items[:limit]
        self.cut = lambda: self.note("!CUT %d" % max((_call(len, obj) if hasattr(cls, "__len__") else 0) - limit, 1)) if more else None
        if fields is not None: return False, [(field.name, self.tried(field.name, cls, getattr, obj, field.name)) for field in items]
        return is_list, items if is_list else _call(lambda: [(key, value) for key, value in items])
    def container(self, obj, cls):
        self.where = "__iter__"; is_list, items = self.read(obj, cls, self.formatter.max_items); cut = self.cut
        data = [self.at("[%d]" % index, self.convert, item) for index, item in enumerate(items)] if is_list else self.entries(items)
        cut()
        if issubclass(cls, (set, frozenset)):
            pairs = sorted(zip(items, data), key=lambda pair: _dumps(pair[1], True))
            try: pairs = _call(sorted, pairs)
            except Exception: pass
            data = [pair[1] for pair in pairs]
        return data
    def entries(self, items):
        result = {}
        for key, value in items: key = self.key(key, result); result[key] = self.at("." + key, self.convert, value)
        return result
class ISOFormatter(logging.Formatter):
    def __init__(self, fmt=None, datefmt=None, style="%", validate=True, *, defaults=None, utc=True, timespec="milliseconds"):
        if type(utc) is not bool or not _is(timespec, str) or not (defaults is None or _is(defaults, Mapping)):
            raise TypeError("utc, timespec or defaults is of a wrong type")
        if timespec not in ("seconds", "milliseconds", "microseconds"): raise ValueError("unknown timespec")
        self._defaults = {} if defaults is None else {key: defaults[key] for key in defaults}
        if not all(_is(key, str) for key in self._defaults): raise TypeError("keys of defaults must be str")
        super().__init__(fmt, datefmt, style, validate, defaults=self._defaults); self.utc, self.timespec = utc, timespec
    def formatTime(self, record, datefmt=None):
        try:
            if not datefmt: return self._timestamp(record.created)
            converter = time.gmtime if self.utc else time.localtime
            if self.converter is not logging.Formatter.converter: converter = self.converter
            return time.strftime(datefmt, converter(record.created + 0))
        except Exception as error: return _mark(error, "created", type(record))
    def _timestamp(self, created):
        whole = int(created); seconds, micros = divmod(whole * 1000000 + round((created - whole) * 1e6), 1000000)
        if not -62135596800 <= seconds <= 253402300799: raise ValueError("year out of range")
        zone = "Z"
        if not self.utc:
            try: offset = 60 * round(time.localtime(seconds).tm_gmtoff / 60)
            except (TypeError, ValueError, OverflowError, OSError): offset = float("inf")
            if -62135596800 <= seconds + offset <= 253402300799:
                seconds += offset; zone = "%s%02d:%02d" % ("-" if offset < 0 else "+", *divmod(abs(offset) // 60, 60))
        text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
        return text + (".%06d" % micros)[:{"seconds": 0, "milliseconds": 4, "microseconds": 7}[self.timespec]] + zone
class JSONFormatter(ISOFormatter):
    max_depth = 20; max_items = 10_000
    def __init__(self, fmt=None, datefmt=None, style="%", validate=True, *, defaults=None, utc=True, timespec="milliseconds",
                 extra=True, default=None, ensure_ascii=True, max_bytes=1_000_000):
        if (type(ensure_ascii) is not bool or not _is(extra, (bool, str)) or not _is(max_bytes, int)
                or not (default is None or callable(default))): raise TypeError("an option is of a wrong type")
        if max_bytes < 1024: raise ValueError("max_bytes must be at least 1024")
        is_text = fmt is None or _is(fmt, str)
        super().__init__(fmt if is_text else None, datefmt, style, validate, defaults=defaults, utc=utc, timespec=timespec)
        self.extra, self.default, self.ensure_ascii, self.max_bytes = extra, default, ensure_ascii, max_bytes
        if is_text:
            names = [match[1] for match in re.finditer(_NAMES[style], fmt or "") if match[1] is not None]
            fmt = names if fmt else {**dict(_HEAD), "exception": dict(_EXCEPTION), "stack": "stack_info"}
        if _is(fmt, (list, tuple)): fmt = {name: name for name in fmt}
        self._sources = set(); tree = self._tree = _parse(fmt, self._sources)
        if "degraded" in tree: raise ValueError("degraded is no key of fmt")
        if not self._sources & {"exc_type", "exc_message", "exc_text"}: tree[_free("exception", tree)] = dict(_EXCEPTION)
        if "stack_info" not in self._sources: tree[_free("stack", tree)] = "stack_info"
        self._protected = {"exception", "stack", "degraded", *tree}
        for name in self._defaults:
            if name not in self._sources: tree[_free(self._rename(_fix(name)), tree)] = name
        if _is(extra, str) and (not extra or _SURROGATES.search(extra) or extra in {*tree, "degraded"}): raise ValueError("extra is empty or a field's key")
    def _rename(self, key):
        bare = key.rstrip("_")
        tails = [len(other) - len(bare) for other in self._protected if other.rstrip("_") == bare]
        return key + "_" * (max(tails) + 1) if tails else key
    def formatException(self, ei):
        try: return super().formatException(ei)
        except Exception as error: return _mark(error, "format", type(ei[1]))
    def usesTime(self): return "asctime" in self._sources or "asctime" in self._defaults
    def mapExtra(self, extra): return extra
    def _hook(self, name, *args, then=lambda result: result):
        try: return _call(lambda: then(getattr(self, name)(*args)))
        except Exception as error: raise _HookFailed(_mark(error, name, type(self))) from None
    def format(self, record):
        try:
            plain = getattr(self.mapLogRecord, "__func__", None) is JSONFormatter.mapLogRecord
            return _dumps(self.mapLogRecord(record) if plain else self._again(record), self.ensure_ascii)
        except Exception as error:  # memory or stack
            found = {key: _get(_attributes(record), name) for key, name in (("level", "levelname"), ("logger", "name"))}
            data = {key: _fix(value) if _is(value, str) else None for key, value in found.items()}
            return _dumps({**data, "degraded": [_mark(error, "format", type(self))]}, True)
    def mapLogRecord(self, record):
        line = self._start(record, None)
        try:
            line.exc_text = self._exc_text(line.attributes)
            if line.stack is not None: line.stack = self._hook("formatStack", line.stack)
            out = self._fill(line, self._tree, {}); self._extras(line, out)
        except _HookFailed as failure: return self._anew(record, failure.args[0])
        return {**out, "degraded": line.degraded()} if line.notes else out
    def _start(self, record, problem):
        line = _Line(self); line.record, line.attributes, line.problem = record, _attributes(record), problem
        line.exception = _exception(line.attributes)[1]; line.stack = _get(line.attributes, "stack_info"); return line
    def _exc_text(self, attributes):
        if _exception(attributes)[1] is None: return _get(attributes, "exc_text")
        text = self._hook("formatException", _exception(attributes))
        if _get(attributes, "exc_text") is None: attributes["exc_text"] = text
        return text
    def _anew(self, record, problem):
        line = self._start(record, problem); out = self._fill(line, self._tree, {})
        for key, source in _HEAD:
            if source not in {*self._sources, *self._defaults}: self._fill(line, {_free(key, self._protected, out): source}, out)
        return {**out, "degraded": line.degraded()}
    def _again(self, record):
        try:
            result, attributes = self._hook("mapLogRecord", record), _attributes(record)
            if result is None: raise TypeError("mapLogRecord() returned None")
            if _get(attributes, "exc_text") is None: self._exc_text(attributes)
            if not _is(result, (dict, Mapping)): return _Line(self).convert(result)
            line = _Line(self); out = line.entries(line.read(result, type(result), self.max_items + 1)[1]); line.cut()
        except Exception as error:
            return self._anew(record, error.args[0] if type(error) is _HookFailed else _mark(error, "mapLogRecord", type(self)))
        before = out.pop("degraded", []); notes = line.degraded(before if type(before) is list else [before])
        return {**out, "degraded": notes} if notes or "degraded" in result else out
    def _fill(self, line, tree, out):
        for key, source in tree.items():
            value = line.at("." + key, self._field, line, source)
            if value is not _missing: out[key] = value
        return out
    def _field(self, line, source):
        record, exception = line.record, line.exception
        if type(source) is dict: return self._fill(line, source, {}) or _missing
        if line.problem and (type(source) is not str or source not in dict(_HEAD).values()): return _missing
        if type(source) is not str:
            value = line.tried(_name(source), type(record), source, record)
            return _missing if value is None else line.convert(value)
        if source == "asctime":
            if not (line.problem or self._hook("usesTime", then=bool)): return _missing
            value = ISOFormatter.formatTime(self, record, self.datefmt) if line.problem else self._hook("formatTime", record, self.datefmt)
            if _is(value, str) and str.startswith(value, "!ERROR: "): line.note(str.__str__(value)); return _missing
        elif source == "message": value = line.note(line.problem) if line.problem else self._message(line)
        elif source == "exc_message": return _missing if exception is None else line.convert(line.text(exception))
        elif source in ("exc_type", "exc_text", "stack_info", "taskName"):
            value = {"exc_type": None if exception is None else _name(type(exception)), "exc_text": line.exc_text, "stack_info":
                     line.stack, "taskName": _get(line.attributes, "taskName", self._defaults.get("taskName"))}[source]
            if value is None or type(value) is str and value == "": return _missing
            if source == "exc_text" and type(value) is str and (made := re.match("!CUT|!ERROR: .{,300}", value)): line.note(made[0])
        else:
            value = _get(line.attributes, source, self._defaults.get(source, _missing))
            if value is _missing: return line.note(_fix("!MISSING: " + source))
        return line.convert(value)
    def _message(self, line):
        record = line.record; msg, args = _get(line.attributes, "msg", ""), _get(line.attributes, "args")
        try:
            if _too_deep([record.msg, record.args]): raise RecursionError("too deep")
            text = _call(lambda: type(record).getMessage(record))
            if not _is(text, str): raise TypeError("message is no str")
            return text
        except Exception as error: problem = _mark(error, "getMessage", type(record))
        text = line.text(msg)
        if text.startswith("!ERROR: ") and type(args) is tuple and not args: return text
        data = line.convert(args); line.note(problem); return "%s %s, args: %s" % (text, problem, _dumps(data, False))
    def _extras(self, line, out):
        if not self.extra: return
        named = _STANDARD | ((self._sources | set(self._defaults)) - {"exc_type", "exc_message"}); extras = {}
        for key, value in list(dict.items(line.attributes)):
            name = key if type(key) is str else line.key(key)
            if name not in named or not _is(key, str): extras[_free(name, extras)] = value
        if not (extras and (extras := self._hook("mapExtra", extras, then=dict))): return
        if self.extra is not True:
            key = _free(_fix(self.extra), out); out[key] = line.at("." + key, line.convert, extras); return
        items, room, renamed = list(extras.items()), max(0, self.max_items - len(out)), {}
        for key, value in items[:room]: renamed[_free(self._rename(line.key(key)), renamed)] = value
        for key, value in renamed.items(): key = _free(key, out); out[key] = line.at("." + key, line.convert, value)
        if len(items) > room: line.note("!CUT %d" % (len(items) - room))
def _parse(fmt, sources, depth=1):
    if not _is(fmt, Mapping): raise TypeError("fmt must be a mapping, a list, a tuple or a str")
    if depth > 10: raise ValueError("fmt nests too deep")
    tree = {}
    for key in fmt:
        source = fmt[key]
        if not _is(key, str): raise TypeError("keys of fmt must be str")
        if _SURROGATES.search(key): raise ValueError("key with a surrogate")
        if _is(source, Mapping): source = _parse(source, sources, depth + 1)
        elif _is(source, str): source = str.__str__(source); sources.add(source)
        elif not callable(source): raise TypeError("a source is a str, a callable or a mapping")
        tree[_fix(key)] = source
    return tree
def _exception(attributes):
    held = _get(attributes, "exc_info")
    if type(held) is tuple and len(held) == 3: held, traceback = held[1:]
    else: traceback = BaseException.__traceback__.__get__(held) if _is(held, BaseException) else None
    return (type(held), held, traceback) if _is(held, BaseException) else (None, None, None)
