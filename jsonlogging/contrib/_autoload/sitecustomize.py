"""Put this Python under the PYTHON_LOGGING variables, if one is set.

Python's site module imports this file when its folder is on PYTHONPATH.
Then it does what another sitecustomize, behind it on the path, does.
A Python for which the package is not made reads it as well.
"""

import os
import sys

__all__ = []    # type: list[str]


def _follow():
    # type: () -> None
    """Follow the variables; without one, looking at them is all."""
    for name in ("LEVEL", "HANDLER_LEVEL", "FORMAT", "TIME"):
        if os.environ.get("PYTHON_LOGGING_" + name):
            break
    else:
        return
    if sys.version_info < (3, 9):
        return
    # The package is where "autoload" puts it, or around this file.  Last
    # on the path, and not for long: a program finds what is its own.
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, "package")
    if not os.path.isdir(path):
        path = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    sys.path.append(path)
    try:
        from jsonlogging.contrib import launcher
        launcher.follow(launcher.environment(),
                        pin=launcher.NO_PIN not in sys.path)
    except Exception as error:      # never stop a program from starting
        try:
            sys.stderr.write("%s: PYTHON_LOGGING variables are not followed: "
                             "%s: %s\n" % (__file__, type(error).__name__,
                                           error))
        except Exception:
            pass
    finally:
        if sys.path[-1:] == [path]:
            del sys.path[-1]


def _import_next():
    # type: () -> None
    """Import the sitecustomize that this one hides, in its place."""
    folder = os.path.dirname(__file__)
    if folder not in sys.path:
        return
    index = sys.path.index(folder)
    del sys.path[index]
    own = sys.modules.pop("sitecustomize", None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        if own is not None:
            sys.modules["sitecustomize"] = own
    finally:
        sys.path.insert(index, folder)


_follow()
_import_next()
