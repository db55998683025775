"""Values and keys as plain data and as text: the tables, by example."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import importlib
import json
import logging
import math
import pathlib
import threading
import types
import unittest
import uuid

from .support import PACKAGE, BaseTest, strict_loads

encoder = importlib.import_module(PACKAGE + "._encoder")
encode = encoder.encode
guarded = encoder.guarded
mark = encoder.mark
too_deep = encoder.too_deep
typename = encoder.typename

NAN, INF = math.nan, math.inf
Point = collections.namedtuple("Point", "x y")


def shop(cls):
    """Put *cls* into a module "shop", so that marks name it the same."""
    cls.__module__, cls.__qualname__ = "shop", cls.__name__
    return cls


@shop
@dataclasses.dataclass
class Account:
    user: object
    password: str = dataclasses.field(default="hunter2", repr=False)
    more: object = None


@shop
class Broken:
    def __repr__(self):
        raise ValueError("secret")


@shop
class Plain:
    def __repr__(self):
        return "<plain>"


class Color(enum.Enum):
    RED = "red"
    POINT = (1, 2)
    NOTHING = None
    ODD = NAN


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2**64


class Word(str, enum.Enum):
    YES = "yes"


class Flags(enum.Flag):
    A = 1
    B = 2


def numpy_scalar(value):
    """Return an object of a class that looks like one of numpy's."""
    generic = type("generic", (), {"__module__": "numpy"})
    return type("float32", (generic,), {
        "__module__": "numpy", "item": lambda self: value,
        "__repr__": lambda self: "numpy.float32(%r)" % value})()


def options(**changes):
    values = dict(default=None, max_depth=20, max_items=10_000,
                  max_bytes=1_000_000, ensure_ascii=True)
    return types.SimpleNamespace(**{**values, **changes})


def convert(obj, size=1_000_000, **changes):
    """Return *obj* as plain data, and the notes."""
    converter = encoder.Converter(options(**changes), size)
    return converter.value(obj), converter.notes


def nest(levels, inner=()):
    """Return lists, *levels* deep, around *inner*."""
    for _ in range(levels):
        inner = [inner]
    return inner


class ValueTest(BaseTest):
    def check(self, *rows, notes=()):
        for obj, expected in rows:
            with self.subTest(type(obj).__name__, expected=expected):
                found, noted = convert(obj)
                self.assertEqual([expected], [found])
                self.assertIs(type(expected), type(found))
                self.assertEqual(list(notes), noted)

    def test_json(self):
        """What json can write is itself."""
        self.check(*[(obj, obj) for obj in (
            None, True, False, "", "text", "\0\n\u2028\x7f\U0001f600", 0, -1,
            1.5, 1e300, -0.0, [], {}, [1, [2, {"a": [None]}]])])
        self.assertEqual("-0.0", repr(convert(-0.0)[0]))

    def test_subclasses(self):
        """Subclasses of json's types are as their bases."""
        self.check(
            ((1, 2), [1, 2]), (Point(1, 2), [1, 2]),
            (collections.OrderedDict(a=1), {"a": 1}),
            (collections.Counter("aab"), {"a": 2, "b": 1}),
            (type("Name", (str,), {"__str__": Broken.__repr__})("joe"),
             "joe"),
            (type("Number", (int,), {"__int__": Broken.__repr__})(5), 5),
            (type("Ratio", (float,), {"__float__": Broken.__repr__})(.5), .5),
            (logging.INFO, 20), (Level.LOW, 1), (Word.YES, "yes"))

    def test_integers(self):
        """Integers beyond 64 bits are decimal, beyond 2048 hexadecimal."""
        self.check(
            (2**63 - 1, 2**63 - 1), (-2**63, -2**63),
            (2**63, "9223372036854775808"), (-2**63 - 1,
                                             "-9223372036854775809"),
            (Level.HIGH, "18446744073709551616"),
            (2**2048 - 1, str(2**2048 - 1)), (2**2048, hex(2**2048)),
            (1 - 2**2048, str(1 - 2**2048)), (-2**2048, hex(-2**2048)))

    def test_not_finite(self):
        """NaN and the infinities are null, and noted."""
        for obj, name in (NAN, "NaN"), (INF, "Infinity"), (-INF, "-Infinity"):
            self.assertEqual((None, [name]), convert(obj))
        self.assertEqual(
            ({"a": [1, None], "b": None}, ["a[1]: NaN", "b: Infinity"]),
            convert({"a": [1, NAN], "b": INF}))

    def test_surrogates(self):
        """A pair of surrogates is its character, a lone one its escape."""
        self.check(("\ud83d\ude00", "\U0001f600"), ("a\ud800b", "a\\ud800b"),
                   ("\ude00\ud83d", "\\ude00\\ud83d"),
                   ("\ud83d\ud83d\ude00", "\\ud83d\U0001f600"),
                   (["\udcff"], ["\\udcff"]), ({"\udcff": 1},
                                               {"\\udcff": 1}))

    def test_dates(self):
        """Dates and times are ISO 8601."""
        utc = datetime.timezone.utc
        self.check(
            (datetime.datetime(2023, 11, 14, 22, 13, 20),
             "2023-11-14T22:13:20"),
            (datetime.datetime(2023, 11, 14, 22, 13, 20, 5, utc),
             "2023-11-14T22:13:20.000005+00:00"),
            (datetime.date(1, 1, 1), "0001-01-01"),
            (datetime.time(22, 13), "22:13:00"),
            (datetime.time(22, tzinfo=utc), "22:00:00+00:00"))

    def test_str(self):
        """Some types are what str() makes of them."""
        self.check(
            (datetime.timedelta(minutes=90), "1:30:00"),
            (datetime.timedelta(days=-1, microseconds=1),
             "-1 day, 0:00:00.000001"),
            (uuid.UUID(int=17), "00000000-0000-0000-0000-000000000011"),
            (pathlib.PurePosixPath("/srv/shop"), "/srv/shop"),
            (pathlib.PureWindowsPath("C:/x"), "C:\\x"),
            (pathlib.Path("a/b"), str(pathlib.Path("a/b"))),
            (decimal.Decimal("29.90"), "29.90"),
            (decimal.Decimal("NaN"), "NaN"),
            (decimal.Decimal("sNaN"), "sNaN"),
            (decimal.Decimal("-Infinity"), "-Infinity"),
            (1 + 2j, "(1+2j)"), (collections.UserString("u"), "u"))

    def test_enums(self):
        """A member of an Enum is its value, whatever that is."""
        self.check((Color.RED, "red"), (Color.POINT, [1, 2]),
                   (Color.NOTHING, None), (Flags.A | Flags.B, 3))
        self.assertEqual((None, ["NaN"]), convert(Color.ODD))

    def test_dataclass(self):
        """A dataclass is an object without its repr=False fields."""
        self.check((Account("joe", more=Account(1)), {
            "user": "joe", "more": {"user": 1, "more": None}}))

    def test_dataclass_lacks_attribute(self):
        """A field that the object lacks is marked, the others are there."""
        account = Account("joe", more=[1])
        del account.user
        what = "!ERROR: AttributeError in user of shop.Account"
        self.assertEqual(({"user": what, "more": [1]}, [what]),
                         convert(account))

    def test_dataclass_class(self):
        """The dataclass itself is no object of it."""
        self.check((Account, repr(Account)), (Color, repr(Color)))

    def test_mappings(self):
        """Any mapping is an object."""
        self.check(
            (collections.ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
            (collections.UserDict(a=1), {"a": 1}),
            (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
            (collections.defaultdict(list, a=[1]), {"a": [1]}))

    def test_arrays(self):
        """deque and other sequences are arrays."""
        self.check(
            (collections.deque([1, (2,)]), [1, [2]]), (range(3), [0, 1, 2]),
            (collections.UserList("ab"), ["a", "b"]))

    def test_sets(self):
        """Sets are sorted, by value or else by their JSON text."""
        self.check(
            ({3, 1, 20}, [1, 3, 20]), (frozenset("bca"), ["a", "b", "c"]),
            ({1, "a"}, ["a", 1]), (set(), []),
            ({None, True, "b", "a"}, ["a", "b", None, True]),
            ({(2, 1), (1, 2)}, [[1, 2], [2, 1]]),
            ({Color.RED, Color.POINT}, ["red", [1, 2]]),
            ({datetime.date(2024, 1, 2), datetime.date(2023, 12, 31)},
             ["2023-12-31", "2024-01-02"]),
            ({decimal.Decimal(10), decimal.Decimal(9)}, ["9", "10"]))

    def test_bytes(self):
        """Bytes are UTF-8, what is none is escaped with a backslash."""
        self.check(
            (b"caf\xc3\xa9 \xff\x00", "caf\xe9 \\xff\0"), (b"", ""),
            (bytearray(b"\xed\xa0\x80"), "\\xed\\xa0\\x80"),
            (memoryview(b"abcd")[::2], "ac"),
            (memoryview(array.array("B", [97])), "a"))

    def test_numpy(self):
        """numpy's scalars are what they hold, found by name alone."""
        self.check((numpy_scalar(1.5), 1.5), (numpy_scalar(True), True),
                   (numpy_scalar(2**63), "9223372036854775808"))
        self.assertEqual((None, ["NaN"]), convert(numpy_scalar(NAN)))

    def test_numpy_longdouble(self):
        """A scalar that is its own item() is its repr."""
        generic = type("generic", (), {
            "__module__": "numpy", "item": lambda self: self,
            "__repr__": lambda self: "longdouble"})
        self.check((generic(), "longdouble"))

    def test_exceptions(self):
        """Exceptions are type and text."""
        self.check(
            (KeyError("rate"), "KeyError: 'rate'"),
            (ValueError(), "ValueError"),
            (OSError(2, "no"), "FileNotFoundError: [Errno 2] no"),
            (json.JSONDecodeError("bad", "x", 0),
             "json.decoder.JSONDecodeError: bad: line 1 column 1 (char 0)"),
            (KeyboardInterrupt(), "KeyboardInterrupt"))

    def test_repr(self):
        """Anything else is its repr()."""
        self.check((Plain(), "<plain>"), (..., "Ellipsis"), (len, repr(len)),
                   (fractions.Fraction(1, 3), "Fraction(1, 3)"),
                   (types.SimpleNamespace(a=1), "namespace(a=1)"),
                   (int, "<class 'int'>"))

    def test_broken(self):
        """What cannot be had is marked in its place, and noted."""
        what = "!ERROR: ValueError in __repr__ of shop.Broken"
        self.assertEqual(([1, {"a": what}, 2], ["[1].a: " + what]),
                         convert([1, {"a": Broken()}, 2]))

        class Zone(datetime.tzinfo):
            def utcoffset(self, when):
                raise OSError
        self.assertEqual(
            "!ERROR: OSError in isoformat of datetime.datetime",
            convert(datetime.datetime(2024, 1, 1, tzinfo=Zone()))[0])

    def test_broken_iteration(self):
        """So is a container that does not let itself be read."""
        @shop
        class Items(collections.UserList):
            __iter__ = Broken.__repr__

        @shop
        class Names(collections.UserDict):
            __iter__ = Broken.__repr__
        for cls in Items, Names:
            what = "!ERROR: ValueError in __iter__ of shop." + cls.__name__
            self.assertEqual(([what, 1], ["[0]: " + what]),
                             convert([cls(), 1]))

    def test_other_exceptions_pass(self):
        """What is no Exception passes through."""
        for error in KeyboardInterrupt, SystemExit, GeneratorExit:
            def stop(self):
                raise error
            with self.assertRaises(error):
                convert([type("Stop", (), {"__repr__": stop})()])

    def test_caller_unchanged(self):
        """The data is new; what the caller has stays as it was."""
        obj = {"a": [1, {"b": (NAN, {2: 3})}]}
        before = repr(obj)
        data, _ = convert(obj)
        data["a"][1].clear()
        data["a"].append(2)
        self.assertEqual(before, repr(obj))


class KeyTest(BaseTest):
    def check(self, *rows):
        for obj, expected in rows:
            with self.subTest(expected):
                self.assertEqual([(expected, 0)],
                                 list(convert({obj: 0})[0].items()))

    def test_json(self):
        """Keys that json takes have json's text."""
        self.check(*[(key, next(iter(json.loads(json.dumps({key: 0})))))
                     for key in ("", "a", 1, -5, 1.5, 1e300, True, False,
                                 None, NAN, INF, -INF, Level.LOW, -0.0)])

    def test_others(self):
        """Other keys are converted as values; text is the key, else JSON."""
        self.check(
            (2**63, "9223372036854775808"), (b"key", "key"), ((1, "a"),
                                                              '[1,"a"]'),
            (Color.RED, "red"), (Color.POINT, "[1,2]"),
            (Color.NOTHING, "null"), (datetime.date(2024, 1, 2),
                                      "2024-01-02"),
            (frozenset({2, 1}), "[1,2]"), (Plain(), "<plain>"),
            (decimal.Decimal("1.0"), "1.0"), ("\ud800", "\\ud800"),
            (("\xe9",), '["\xe9"]'))

    def test_collisions(self):
        """Of keys with one text the later ones get underscores."""
        self.assertEqual(
            {"1": "int", "1_": "str", "null": 0, "null_": 1},
            convert({1: "int", "1": "str", None: 0, "null": 1})[0])
        for obj in ({1: 0, "1": 1, b"1": 2, "1_": 3},
                    {"1_": 0, 1: 1, "1": 2}, dict.fromkeys(
                        [type("Key", (), {"__repr__": lambda self: "1"})()
                         for _ in range(2000)], 0)):
            found = convert(obj)[0]
            self.assertEqual(list(obj.values()), list(found.values()))
            self.assertEqual({"1"}, {key.rstrip("_") for key in found})

    def test_broken(self):
        """A key that cannot be had is a mark, and its value is there."""
        what = "!ERROR: ValueError in __repr__ of shop.Broken"
        self.assertEqual(
            ([{what: 1, what + "_": 2}], ["[0]: " + what] * 2),
            convert([{Broken(): 1, Broken(): 2}]))

    def test_free(self):
        """free() adds underscores if it has to."""
        self.assertEqual("a", encoder.free("a", ()))
        self.assertEqual("a", encoder.free("a", {"a_"}))
        self.assertEqual("a_", encoder.free("a", {"a"}))
        self.assertRegex(encoder.free("a", {"a", "a_", "a__"}), "^a___+$")


class DefaultTest(BaseTest):
    def test_calls(self):
        """default sees what json cannot encode, and nothing else."""
        seen = []

        def default(obj):
            seen.append(obj)
            raise TypeError
        moment = datetime.date(2024, 1, 2)
        data = [None, 1, 1.5, NAN, "s", True, Level.LOW, Word.YES, Point(1, 2),
                {1: (2,)}, collections.OrderedDict(a=1), moment, {3}]
        convert(data, default=default)
        self.assertEqual([moment, {3}], seen)

    def test_result(self):
        """What it returns is a value, encoded in its place."""
        self.assertEqual(
            ([{"a": [None, "1:30:00"]}, "x"], ["[0].a[0]: NaN"]),
            convert([Plain(), "x"], default=lambda obj: (
                str(obj) if isinstance(obj, datetime.timedelta)
                else {"a": (NAN, datetime.timedelta(minutes=90))})))
        self.assertEqual((None, []), convert(Plain(),
                                             default=lambda obj: None))

    def test_before_the_table(self):
        """It comes before our table, and its TypeError leads there."""
        moment = datetime.date(2024, 1, 2)
        self.assertEqual(("mine", []), convert(moment,
                                               default=lambda obj: "mine"))

        def refuse(obj):
            raise TypeError("not mine")
        for obj in moment, {1}, Plain(), Account(1), b"x", ValueError("x"):
            self.assertEqual(convert(obj), convert(obj, default=refuse))

    def test_error(self):
        """Any other error of it is a mark that names the value's class."""
        def fail(obj):
            raise KeyError("secret")
        what = "!ERROR: KeyError in default of shop.Plain"
        self.assertEqual(([what, 1], ["[0]: " + what]),
                         convert([Plain(), 1], default=fail))

    def test_keys(self):
        """Keys that are no text go through it also."""
        self.assertEqual(({"7": 1}, []), convert({Plain(): 1},
                                                 default=lambda obj: 7))

    def test_itself(self):
        """If it returns its argument, that is a cycle."""
        self.assertEqual((["!CYCLE"], ["[0]: !CYCLE"]),
                         convert([Plain()], default=lambda obj: obj))

    def test_for_ever(self):
        """If it always returns something new, that is too deep."""
        self.assertEqual(("!DEPTH", ["!DEPTH"]),
                         convert(Plain(), default=lambda obj: Plain()))


class BoundTest(BaseTest):
    def test_depth(self):
        """Containers below max_depth are marked, each in its place."""
        data, notes = convert(nest(5, {"a": 1}), max_depth=3)
        self.assertEqual([[["!DEPTH"]]], data)
        self.assertEqual(["[0][0][0]: !DEPTH"], notes)
        for inner in [], {}, {1}, Account(1), range(0):
            self.assertEqual(("!DEPTH", []), (
                convert(nest(3, inner), max_depth=3)[0][0][0][0],
                convert(nest(2, inner), max_depth=3)[1]))
        for inner in None, "text", 2**70, 1.5:
            self.assertEqual([], convert(nest(3, inner), max_depth=3)[1])

    def test_cycles(self):
        """A container inside itself is marked; by any way."""
        ring = [1]
        ring.append({"a": ring})
        self.assertEqual(([1, {"a": "!CYCLE"}], ["[1].a: !CYCLE"]),
                         convert(ring))
        account = Account("joe")
        account.more = {"owner": [account]}
        self.assertEqual(
            {"user": "joe", "more": {"owner": ["!CYCLE"]}},
            convert(account)[0])

    def test_repeated(self):
        """What is there twice, but not inside itself, is printed twice."""
        inner = {"a": [1]}
        self.assertEqual(([inner, [inner], inner], []),
                         convert([inner, (inner,), inner]))

    def test_items(self):
        """Arrays and objects over max_items lose the rest."""
        self.assertEqual(([0, 1, 2], []), convert(range(3), max_items=3))
        self.assertEqual(([0, 1, 2], ["!CUT 7"]),
                         convert(range(10), max_items=3))
        self.assertEqual(
            ({"a": {"0": 0, "1": 1}, "b": 2}, ["a: !CUT 98"]),
            convert({"a": {n: n for n in range(100)}, "b": 2}, max_items=2))

    def test_endless(self):
        """A container that never ends is cut as any."""
        @shop
        class Endless(collections.UserList):
            def __iter__(self):
                return iter(int, 1)

            def __len__(self):
                return 3
        self.assertEqual(([0] * 5, ["!CUT 1"]),
                         convert(Endless(), max_items=5))

    def test_strings(self):
        """Strings keep both ends, and say how much they lost."""
        text = "begin" + "x" * 1000 + "end"
        data, notes = convert(text, size=100)
        begin, lost, end = self.parts(data)
        self.assertEqual(50, len(begin))
        self.assertEqual(50, len(end))
        self.assertEqual(len(text), len(begin) + lost + len(end))
        self.assertTrue(text.startswith(begin) and text.endswith(end))
        self.assertEqual(["!CUT %d" % lost], notes)

    @staticmethod
    def parts(text):
        begin, _, end = text.partition("!CUT ")
        lost = end[:len(end) - len(end.lstrip("0123456789"))]
        return begin, int(lost), end[len(lost):]

    def test_cut_again(self):
        """What is cut again counts from the first text."""
        text = "b" * 500 + "e" * 500
        for size in 400, 200, 100, 64:
            cut, notes = convert(text if size == 400 else cut, size=size)
            begin, lost, end = self.parts(cut)
            self.assertEqual(1000, len(begin) + lost + len(end), cut)
            self.assertEqual(["!CUT %d" % lost], notes)
            self.assertEqual(1, cut.count("!CUT"))

    def test_short_strings(self):
        """A string is not cut where the mark would be longer."""
        for length in range(30, 45):
            data, notes = convert("x" * length, size=32)
            self.assertLessEqual(len(data), 32 + len("!CUT 99"))
            self.assertEqual(data == "x" * length, notes == [])
            if notes:
                self.assertLess(len(data), length)

    def test_room(self):
        """One entry's strings share the room of two."""
        data, notes = convert(["x" * 1000] * 50, size=1000)
        self.assertEqual("x" * 1000, data[0])
        self.assertLess(len("".join(data)), 3000)
        self.assertLess(len(data), 50)
        self.assertEqual("!CUT", notes[-1])

    def test_types(self):
        """Cutting changes no type; numbers and null stay."""
        obj = {"n": 2**62, "d": {"a": None, "b": "y" * 999}, "f": 1e300,
               "s": "x" * 9999, "l": list(range(9999))}
        data, notes = convert(obj, size=512)
        self.assertEqual((2**62, 1e300, None), (data["n"], data["f"],
                                                data["d"]["a"]))
        for key, value in data.items():
            self.assertIs(type(obj[key]), type(value))
        self.assertRegex(" ".join(notes), "^d[.]b: !CUT .* s: !CUT .*!CUT")


class LineTest(BaseTest):
    def shorten(self, data, limit, **changes):
        settings = options(max_bytes=limit, **changes)
        line = encode(data, settings.ensure_ascii)
        return encoder.shorten(data, settings, line)

    def test_fits(self):
        """A line that fits is not touched."""
        line = encode({"a": "x" * 1016})
        self.assertEqual(1024, len(line))
        self.assertEqual(line, self.shorten({"a": "x" * 1016}, 1024))

    def test_longest_first(self):
        """The long strings lose, the short ones and numbers stay."""
        data = {"message": "short", "long": "b" + "x" * 5000 + "e", "n": 12,
                "list": [1, "two"]}
        line = strict_loads(self.shorten(data, 1024))
        cut = line.pop("long")
        self.assertEqual("be", cut[0] + cut[-1])
        self.assertRegex(cut, "^bx+!CUT [0-9]+x+e$")
        self.assertEqual(["long: " + cut.strip("bxe")],
                         line.pop("degraded"))
        del data["long"]
        self.assertEqual(data, line)

    def test_bytes_not_characters(self):
        """The limit counts bytes of UTF-8."""
        for ensure_ascii in True, False:
            line = self.shorten({"a": "\u20ac" * 1000}, 1024,
                                ensure_ascii=ensure_ascii)
            self.assertLessEqual(len(line.encode()), 1024)
            self.assertGreater(len(line.encode()), 300)
        line = encode({"a": "\u20ac" * 338}, False)
        self.assertEqual(1022, len(line.encode()))
        self.assertEqual(line, self.shorten({"a": "\u20ac" * 338}, 1024,
                                            ensure_ascii=False))

    def test_entries(self):
        """When nothing else helps, the last entries go, and are counted."""
        data = {"k%03d" % number: number for number in range(1000)}
        line = strict_loads(self.shorten(data, 1024))
        degraded = line.pop("degraded")
        self.assertEqual(list(data)[:len(line)], list(line))
        self.assertEqual(["!CUT %d" % (1000 - len(line))], degraded)

    def test_old_notes(self):
        """Notes of the data stay, those of what is cut again are renewed."""
        data = {"a": None, "b": "x" * 3000 + "!CUT 500" + "x" * 3000,
                "degraded": ["a: NaN", "b: !CUT 500"]}
        line = strict_loads(self.shorten(data, 1024))
        self.assertEqual("a: NaN", line["degraded"][0])
        self.assertRegex(line["degraded"][1], "^b: !CUT [0-9]+$")
        self.assertEqual(2, len(line["degraded"]))
        self.assertEqual(6500, len(line["b"]) - len(
            line["degraded"][1][3:]) + int(line["degraded"][1][8:]))

    def test_ten_notes(self):
        """Of more than ten notes the others are counted."""
        for count in 9, 10, 11, 100:
            with self.subTest(count):
                converter = encoder.Converter(options(), 100_000)
                degraded = converter.line({"n": [NAN] * count}, 5)["degraded"]
                expected = ["n[%d]: NaN" % index for index in range(count)]
                if count > 10:
                    expected[10:] = ["degraded: !CUT %d" % (count - 10)]
                self.assertEqual(expected, degraded)

    def test_few_notes(self):
        """Where space is short there are fewer notes, counted as well."""
        converter = encoder.Converter(options(), 64)
        self.assertEqual(
            ["n[0]: NaN", "n[1]: NaN", "n[2]: NaN", "degraded: !CUT 5"],
            converter.line({"n": [NAN] * 8}, 5)["degraded"])

    def test_paths(self):
        """Paths name keys by dots and indexes by brackets, up to 100
        characters."""
        self.assertEqual(["a.b[1].1: NaN", "[0]: NaN", "c d: NaN"], [
            convert(obj)[1][0] for obj in (
                {"a": {"b": [0, {1: NAN}]}}, [NAN], {"c d": NAN})])
        path, _, what = convert({"k" * 500: NAN})[1][0].partition(": ")
        self.assertEqual(("NaN", True), (what, len(path) <= 100))

    def test_encode(self):
        """Text is compact, on one line, and raw nowhere it steers."""
        self.assertEqual('{"a":[1,null],"b":"\\u00e9"}',
                         encode({"a": [1, None], "b": "\xe9"}))
        hostile = "".join(map(chr, (*range(32), *range(127, 160), 0x2028,
                                    0x2029)))
        for ensure_ascii in True, False:
            line = encode({hostile: hostile}, ensure_ascii)
            self.assertEqual({hostile: hostile}, strict_loads(line))
        self.assertEqual('"\xe9\u20ac\\u0085"', encode("\xe9\u20ac\x85",
                                                       False))

    def test_no_nan(self):
        """encode() writes plain data only: NaN is none."""
        with self.assertRaises(ValueError):
            encode([NAN])


class GuardTest(BaseTest):
    def test_guarded(self):
        """Code that logs may nest five times, not six."""
        depths = []

        def nested(depth):
            depths.append(depth)
            return guarded(nested, depth + 1)
        with self.assertRaises(RecursionError):
            guarded(nested, 1)
        self.assertEqual([1, 2, 3, 4, 5], depths)
        self.assertEqual("done", guarded(lambda: "done"))

    def test_guarded_error(self):
        """An error inside leaves the count as it was."""
        for _ in range(20):
            with self.assertRaises(ZeroDivisionError):
                guarded(divmod, 1, 0)
            with self.assertRaises(KeyboardInterrupt):
                guarded(self.interrupt)
        self.assertEqual(5, guarded(int, "5"))

    @staticmethod
    def interrupt():
        raise KeyboardInterrupt

    def test_guarded_threads(self):
        """Each thread counts for itself."""
        found = []

        def nested(depth):
            if depth:
                return guarded(nested, depth - 1)
            thread = threading.Thread(target=lambda: found.append(
                guarded(int, "5")))
            thread.start()
            thread.join()
        nested(5)
        self.assertEqual([5], found)

    def test_logging_repr(self):
        """A repr that converts itself again ends soon, with its mark."""
        @shop
        class Again:
            calls = 0

            def __repr__(self):
                Again.calls += 1
                return convert(self)[0]
        data, _ = convert(Again())
        self.assertEqual("!ERROR: RecursionError in __repr__ of shop.Again",
                         data)
        self.assertLessEqual(Again.calls, 6)

    def test_too_deep(self):
        """Containers deeper than fifty are too deep for str()."""
        self.assertFalse(too_deep(nest(40)))
        self.assertTrue(too_deep(nest(60)))
        self.assertTrue(too_deep(nest(100_000)))
        for wrap in (lambda obj: (obj,), lambda obj: {"a": obj},
                     lambda obj: [1, obj, 2]):
            obj = ()
            for _ in range(60):
                obj = wrap(obj)
            self.assertTrue(too_deep(obj))
        for obj in (), [], {}, "text", None, 5, {1}, [range(3)], nest(3, {1}):
            self.assertFalse(too_deep([obj]))

    def test_too_deep_cycles(self):
        """A small cycle is not too deep, a long one is."""
        ring = []
        ring.append(ring)
        self.assertFalse(too_deep(ring))
        inner = []
        outer = nest(60, inner)
        inner.append(outer)
        self.assertTrue(too_deep(outer))

    def test_too_deep_shared(self):
        """What is shared on every level is looked at once a level."""
        obj = []
        for _ in range(40):
            obj = [obj, obj]
        self.assertFalse(too_deep(obj))

    def test_typename(self):
        """Names are those that traceback writes."""
        self.assertEqual(
            ["ValueError", "decimal.Decimal", "shop.Account", "int",
             "Main", "builtinsx.T"],
            [typename(cls) for cls in (
                ValueError, decimal.Decimal, Account, int,
                type("Main", (), {"__module__": "__main__"}),
                type("T", (), {"__module__": "builtinsx"}))])

        class Refusing(type):
            def __getattribute__(cls, name):
                raise ValueError
        self.assertEqual("?", typename(Refusing("R", (), {})))

    def test_mark(self):
        """A mark names error, method and class, never the error's text."""
        self.assertEqual(
            "!ERROR: decimal.InvalidOperation in __str__ of shop.Plain",
            mark(decimal.InvalidOperation("secret"), "__str__", Plain))
        long = type("L" * 5000, (Exception,), {})
        self.assertLess(len(mark(long(), "__str__", long)), 300)


if __name__ == "__main__":
    unittest.main()
