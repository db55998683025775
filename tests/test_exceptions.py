"""exc_info, and the text of exceptions: when it is brief, and how."""

import importlib
import sys
import unittest

from .support import PACKAGE, BaseTest, make_record

exceptions = importlib.import_module(PACKAGE + "._exceptions")
exception_info = exceptions.exception_info
is_moderate = exceptions.is_moderate


class AppError(Exception):
    __module__ = "shop"


def throw(error):
    raise error


def raised(error):
    """Return *error* with a traceback of two frames."""
    try:
        throw(error)
    except Exception as caught:
        return caught


def chain(length, attribute="__cause__"):
    """Return the last of *length* exceptions linked by *attribute*."""
    error = None
    for number in range(length):
        last, error = error, AppError(number)
        setattr(error, attribute, last)
    return error


class InfoTest(BaseTest):
    def info(self, value):
        return exception_info(make_record(exc_info=value))

    def test_tuple(self):
        """The usual tuple is what it says."""
        error = raised(ValueError("boom"))
        self.assertEqual((ValueError, error, error.__traceback__),
                         self.info((ValueError, error, error.__traceback__)))
        self.assertEqual((ValueError, error, None),
                         self.info((ValueError, error, None)))

    def test_type(self):
        """The type is the exception's own, whatever the tuple says."""
        error = AppError("boom")
        self.assertEqual((AppError, error, None),
                         self.info((ValueError, error, None)))

    def test_exception(self):
        """A bare exception brings its traceback."""
        error = raised(KeyError("boom"))
        self.assertEqual((KeyError, error, error.__traceback__),
                         self.info(error))

    def test_lying_exception(self):
        """The traceback is the exception's own, whatever its class says."""
        class Liar(Exception):
            @property
            def __traceback__(self):
                raise ValueError("none of your business")
            __dict__ = __traceback__
        error = raised(Liar("boom"))
        kind, value, trace = self.info(error)
        self.assertEqual((Liar, "boom"), (kind, *value.args))
        self.assertEqual("raised", trace.tb_frame.f_code.co_name)
        self.assertTrue(is_moderate(error))

    def test_none(self):
        """What holds no exception is None."""
        for value in (None, False, True, (), (None, None, None), 5, "text",
                      ValueError, (ValueError, "text", None),
                      (ValueError, ValueError("x")), [1, 2, 3]):
            with self.subTest(value):
                self.assertIsNone(self.info(value))

    def test_missing(self):
        """A record whose exc_info was deleted has none."""
        record = make_record()
        del record.exc_info
        self.assertIsNone(exception_info(record))

    def test_hostile(self):
        """An exc_info that refuses every question is none."""
        class Refusing:
            def __bool__(self):
                raise ValueError
            __len__ = __getitem__ = __iter__ = __eq__ = __bool__
            __class__ = property(__bool__)
        self.assertIsNone(self.info(Refusing()))


class ModerateTest(BaseTest):
    def test_usual(self):
        """Few exceptions with plain arguments are moderate."""
        error = ValueError("boom", 1, [2, {"three": (4,)}])
        error.__cause__ = KeyError("cause")
        error.__context__ = error.__cause__
        self.assertTrue(is_moderate(error))
        self.assertTrue(is_moderate(ValueError()))

    def test_cycle(self):
        """A chain that bites its tail has few exceptions."""
        error = chain(3)
        error.__cause__.__cause__.__context__ = error
        self.assertTrue(is_moderate(error))

    def test_long_chain(self):
        """Causes and contexts are counted up to a limit."""
        limit = 1000 if sys.version_info >= (3, 10) else 50
        for attribute in "__cause__", "__context__":
            with self.subTest(attribute):
                self.assertTrue(is_moderate(chain(limit, attribute)))
                self.assertFalse(is_moderate(chain(limit + 1, attribute)))
                self.assertFalse(is_moderate(chain(100_000, attribute)))

    @unittest.skipIf(sys.version_info < (3, 11), "groups came with 3.11")
    def test_groups(self):
        """So are the members of groups, however nested."""
        group = ExceptionGroup("few", [  # noqa: F821
            ValueError(1), chain(3)])
        self.assertTrue(is_moderate(group))
        group = ExceptionGroup("many", [  # noqa: F821
            ValueError(number) for number in range(1000)])
        self.assertFalse(is_moderate(group))
        for _ in range(1500):
            group = ExceptionGroup("deep", [group])  # noqa: F821
        self.assertFalse(is_moderate(group))

    def test_deep_arguments(self):
        """An argument too deep for str() is not moderate, anywhere."""
        deep = []
        for _ in range(100):
            deep = [deep]
        self.assertFalse(is_moderate(ValueError(deep)))
        self.assertFalse(is_moderate(ValueError("text", {"a": deep})))
        error = ValueError("boom")
        error.__context__ = KeyError(deep)
        self.assertFalse(is_moderate(error))


class BriefTest(BaseTest):
    def brief(self, error, text=str):
        """Return the lines of the brief text of *error*."""
        return exceptions.format_briefly(
            (type(error), error, error.__traceback__), text).split("\n")

    def test_alone(self):
        """The brief text has the exception alone, after a "!CUT"."""
        error = AppError("boom")
        error.__cause__ = ValueError("hidden")
        cut, last = self.brief(error)
        self.assertRegex(cut, "^!CUT ")
        self.assertEqual("shop.AppError: boom", last)

    def test_frames(self):
        """Its frames stand before it, as traceback writes them."""
        error = raised(ValueError("boom"))
        lines = self.brief(error)
        self.assertRegex(lines[0], "^!CUT ")
        self.assertRegex(lines[1], r'^  File ".*", line \d+, in raised$')
        self.assertEqual("    throw(error)", lines[2])
        self.assertIn("    raise error", lines)
        self.assertEqual(2, sum(line[:7] == "  File " for line in lines))
        self.assertEqual("ValueError: boom", lines[-1])

    def test_text(self):
        """The exception's text is what the given function makes of it."""
        error = ValueError("boom")
        seen = []
        lines = self.brief(error,
                           lambda value: seen.append(value) or "<text>")
        self.assertEqual("ValueError: <text>", lines[-1])
        self.assertEqual([error], seen)
        self.assertIs(error, seen[0])


if __name__ == "__main__":
    unittest.main()
