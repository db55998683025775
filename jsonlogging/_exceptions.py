"""
The exception of a record, and its text.

The text is traceback's.  Only what could take too long, or end the
process, is written here, in brief: chains and groups of very many
exceptions, and arguments that nest too deep for str().
"""

import builtins, sys, traceback

from ._encoder import too_deep, typename

__all__ = ["exception_info", "format_briefly", "is_moderate"]

_GROUP = getattr(builtins, "BaseExceptionGroup", ())    # from 3.11 on

# In 3.9 traceback recurses along a chain; more would not fit small stacks.
_MAX_EXCEPTIONS = 1000 if sys.version_info >= (3, 10) else 50


def exception_info(record):
    """Return the (type, value, traceback) of *record*, or None."""
    info = record.__dict__.get("exc_info")
    value = info[1] if type(info) is tuple and len(info) == 3 else info
    if not issubclass(type(value), BaseException):
        return None
    # By descriptor, here and below: a property may do anything.
    return (type(value), value, BaseException.__traceback__.__get__(value)
            if value is info else info[2])


def is_moderate(value):
    """Tell whether traceback can write the exception *value*."""
    todo, seen = [value], set()
    while todo and len(seen) < _MAX_EXCEPTIONS:
        value = todo.pop()
        if issubclass(type(value), BaseException) and id(value) not in seen:
            seen.add(id(value))
            if too_deep(value):     # args and __dict__, that is
                return False
            todo += BaseException.__cause__.__get__(value),
            todo += BaseException.__context__.__get__(value),
            group = issubclass(type(value), _GROUP)
            todo += value.exceptions if group else ()
    return not any(other is not None for other in todo)


def format_briefly(info, text):
    """
    Return the text of the exception in *info* alone, type, value, traceback.

    A first line that begins with "!CUT" stands for what is left out.
    *text* gives an exception's str().
    """
    return "!CUT others\n%s%s: %s" % ("".join(traceback.format_tb(info[2])),
                                      typename(info[0]), text(info[1]))
