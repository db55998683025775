"""What people write today to log JSON, as formatters.

Each is short, because what they replace is: a few lines in a settings
file.  python pep/evidence/failures.py runs them through the conformance
kit of tests/conformance.py.
"""

import json
import logging

__all__ = ["RECIPES", "Cookbook", "DumpsEverything", "DumpsRecord",
           "Template"]

# What logging itself puts on a record of this Python.
STANDARD = {*logging.makeLogRecord({}).__dict__, "asctime", "message"}


class Template(logging.Formatter):
    """A format string that looks like JSON."""

    def __init__(self):
        super().__init__('{"time": "%(asctime)s", "level": "%(levelname)s", '
                         '"logger": "%(name)s", "message": "%(message)s"}')


class StructuredMessage:
    """The class of the logging cookbook, "Implementing structured logging".

    It is the recipe's, with spaces and quotes changed to this project's.
    """

    def __init__(self, message, /, **kwargs):
        self.message = message
        self.kwargs = kwargs

    def __str__(self):
        return "%s >>> %s" % (self.message, json.dumps(self.kwargs))


class Cookbook(logging.Formatter):
    """The cookbook's recipe, as if every caller used its class.

    The recipe is a message class, printed by the format "%(message)s".
    Records of libraries do not use it.  Here each record's message and
    extras are put into it, and of "message >>> {...}" the part is printed
    that is JSON, with the message inside, which is more than it promises.
    """

    def format(self, record):
        extra = {key: value for key, value in record.__dict__.items()
                 if key not in STANDARD}
        extra = {"level": record.levelname, "logger": record.name,
                 "message": record.getMessage(), **extra}
        text = str(StructuredMessage("", **extra))
        return text.partition(" >>> ")[2]


class DumpsRecord(logging.Formatter):
    """A dict of the record, and json.dumps()."""

    options = {}

    def format(self, record):
        data = {"time": self.formatTime(record), "level": record.levelname,
                "logger": record.name, "message": record.getMessage()}
        data.update((key, value) for key, value in record.__dict__.items()
                    if key not in STANDARD)
        if record.exc_info:
            data["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            data["stack"] = self.formatStack(record.stack_info)
        return json.dumps(data, **self.options)


class DumpsEverything(DumpsRecord):
    """The same, with default=str for what json refuses."""

    options = {"default": str}


RECIPES = {"format string": Template, "cookbook": Cookbook,
           "json.dumps": DumpsRecord, "json.dumps, default=str":
           DumpsEverything}
