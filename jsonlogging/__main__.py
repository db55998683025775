"""The command line: python -m jsonlogging run, config, autoload, and more."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading

from . import config
from .contrib import launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["main"]

PROGRAM = "(script.py | -m module | -c code | -) [args...]"
# The options that take a value; they stand before the program.
VALUES = {"--level": "LEVEL", "--handler-level": "HANDLER_LEVEL",
          "--format": "FORMAT", "--time": "TIME", "--config": "",
          "--until": ""}


def split(argv: Sequence[str]) -> tuple[list[str], str, str, list[str]]:
    """Return our options, and kind, target and arguments of the program.

    Kind and target are "" if there is none.
    """
    options: list[str] = []
    rest = list(argv)
    while rest:
        word = rest[0]
        if word[:2] in ("-m", "-c"):
            if word[2:]:
                return options, word[:2], word[2:], rest[1:]
            if not rest[1:]:
                return options, "", "", []
            return options, word, rest[1], rest[2:]
        if word == "--":
            del rest[0]
            break
        if not word.startswith("-") or word == "-":
            break
        options.append(rest.pop(0))
        if word in VALUES and rest:
            options.append(rest.pop(0))
    return options, "", (rest or [""])[0], rest[1:]


def make_parser() -> tuple[argparse.ArgumentParser, dict[str, Any]]:
    """Return the parser and those of its commands."""
    parser = argparse.ArgumentParser(
        prog="python -m jsonlogging", allow_abbrev=False,
        description="Environment overrides for programs that log.")
    commands = parser.add_subparsers(dest="command", required=True,
                                     metavar="command")
    made: dict[str, Any] = {}
    for name, text in (("run", RUN), ("config", CONFIG)):
        made[name] = command = commands.add_parser(
            name, help=text.split(".")[0], description=text,
            allow_abbrev=False, usage="%%(prog)s [options] %s" % PROGRAM,
            formatter_class=argparse.RawDescriptionHelpFormatter)
        command.add_argument(
            "--level", metavar="LEVELS",
            help="as PYTHON_LOGGING_LEVEL, which it beats: "
                 "INFO,app.db=DEBUG")
        command.add_argument(
            "--handler-level", metavar="LEVELS",
            help="as PYTHON_LOGGING_HANDLER_LEVEL: console=DEBUG")
        command.add_argument(
            "--format", metavar="NAME",
            help="as PYTHON_LOGGING_FORMAT: json, text or a registered name")
        command.add_argument("--time", metavar="ZONE",
                             help="as PYTHON_LOGGING_TIME: utc or local")
        command.add_argument(
            "--config", metavar="FILE",
            help="configure logging by this .json, .toml or .ini file first")
        command.add_argument(
            "--no-pin", dest="pin", action="store_false",
            help="let the program change the levels again")
    made["run"].add_argument(
        "--children", action="store_true",
        help="also for programs in Python that the program starts; children "
             "of multiprocessing always follow")
    made["config"].add_argument(
        "--json", action="store_true", help="print JSON, not a table")
    made["config"].add_argument(
        "--until", choices=("configured", "end"), default="configured",
        help="run the program until it has configured logging once, or to "
             "its end (default: %(default)s)")
    made["autoload"] = commands.add_parser(
        "autoload", help=AUTOLOAD.split(".")[0], description=AUTOLOAD,
        allow_abbrev=False)
    made["autoload"].add_argument("directory", metavar="DIR")
    made["autoload"].set_defaults(function=autoload)
    for name, text in SHIPPING.items():
        commands.add_parser(name, help=text)    # see contrib._commands
    return parser, made


# Commands that a program under "run" shall not have to import.
SHIPPING = {"elasticsearch": "Install its index template; send again",
            "logstash": "Send dead letters, or a spool, again"}


RUN = """\
Run a program under the overrides of its environment.

The program sees the arguments, the path, the exit code and the signals that
it would see without.  Options beat the variables PYTHON_LOGGING_LEVEL,
PYTHON_LOGGING_HANDLER_LEVEL, PYTHON_LOGGING_FORMAT and PYTHON_LOGGING_TIME."""

CONFIG = """\
Print how logging is configured, and who said so.

This RUNS the program, with all that it does.  It is stopped, as by
sys.exit(), when logging.basicConfig(), dictConfig() or fileConfig() first
returns.  With "--until end", or if it calls none of them, it runs until it
ends or is interrupted with Ctrl-C, and so does one that catches SystemExit,
as a bare "except:" does.  What it prints goes to standard error.
With --config FILE and no program, the file alone is read."""

AUTOLOAD = """\
Write a directory that puts programs under the overrides.

PYTHONPATH=DIR does what "run" does, for every program whose environment has
one of the variables.  DIR holds a copy of this package, so that it can be
mounted into an image without it."""


def check(parser: argparse.ArgumentParser,
          options: argparse.Namespace) -> dict[str, str]:
    """Return the variables with *options* in their place.

    An option that is wrong ends the program, unlike a variable.
    """
    launcher.register_schemas()
    environ = launcher.environment()
    for option, name in VALUES.items():
        value = getattr(options, name.lower()) if name else None
        if value is not None:
            variable = launcher.PREFIX + name
            _, problems = config.parseEnvironment({variable: value})
            for problem in problems:
                if problem.state == "unknown":
                    continue    # the program may introduce it
                parser.error("argument %s: %r is %s" % (
                    option, problem.token[:100], problem.reason))
            environ[variable] = value
    return environ


class Report:
    """Prints the configuration to what is standard output now.

    From then on the program's standard output is standard error, so that
    the report is all there is to read.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.process: int | None = os.getpid()
        try:
            self.descriptor = os.dup(1)
            os.dup2(2, 1)
        except OSError as error:
            sys.exit("python -m jsonlogging config: %s" % error)

    def write(self) -> None:
        """Print the report, unless it has been printed."""
        if self.process == os.getpid():     # and not in a forked child
            self.process = None
            launcher.report()
            now = config.effectiveConfig()
            text = json.dumps(now, indent=2) if self.as_json else table(now)
            try:
                with open(self.descriptor, "w", encoding="utf-8",
                          errors="backslashreplace") as file:
                    file.write(text + "\n")
            except OSError as error:
                sys.exit("python -m jsonlogging config: %s" % error)

    def stop(self) -> None:
        """Print the report and end the program."""
        self.write()
        if threading.current_thread() is threading.main_thread():
            sys.exit(0)
        os._exit(0)


def source(entry: dict[str, Any]) -> str:
    """Say who set what *entry* is about."""
    if "instead_of" not in entry:
        return str(entry.get("variable", "program"))
    return "%s (program: %s)" % (entry["variable"],
                                 entry["instead_of"] or "none")


def table(now: dict[str, Any]) -> str:
    """Return what effectiveConfig() says as text for people."""
    loggers = [["LOGGER", "LEVEL", "SET BY", "HANDLERS"]]
    for name, entry in now["loggers"].items():
        disabled = entry["disabled"]
        marks = [word for word, true in (
            ("disabled", disabled["value"]),
            ("enabled by " + disabled.get("variable", ""),
             disabled.get("instead_of")),
            ("does not propagate", not entry["propagate"])) if true]
        loggers.append([
            name, entry["level"]["value"], source(entry["level"]),
            "; ".join([", ".join(entry["handlers"]) or "-", *marks])])
    handlers = [["HANDLER", "LEVEL", "SET BY", "CLASS"]]
    formatters = [["HANDLER", "FORMATTER", "SET BY", "TIME", "SET BY",
                   "WHERE"]]
    options = [["HANDLER", "OPTION", "VALUE"]]
    notes = []
    for name, entry in now["handlers"].items():
        form, time = entry["formatter"], entry["time"]
        handlers.append([name, entry["level"]["value"],
                         source(entry["level"]), entry["class"]])
        where = "console" if entry["console"] else "no console"
        formatters.append([
            name, form["value"], source(form),
            time["value"], time["value"] and source(time),
            ", behind ".join([where, *entry["behind"]])])
        options += [[name, key, json.dumps(value)] for key, value in [
            *entry["options"].items(),
            *[("formatter." + key, value) for key, value
              in form.get("options", {}).items()]]]
        if "note" in entry:
            notes.append("%s: %s" % (name, entry["note"]))
    if now["disable"] != "NOTSET":
        notes.append("logging.disable(%s) is in force" % now["disable"])
    parts = [align(rows) for rows in (loggers, handlers, formatters, options)
             if rows[1:]]
    return "\n\n".join(parts + ["\n".join(notes + now["problems"])]).rstrip()


def align(rows: list[list[str]]) -> str:
    """Return *rows* as lines with columns."""
    rows = [[cell or "-" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip()
                     for row in rows)


def autoload(options: argparse.Namespace) -> None:
    """Write the directory that *options* name."""
    launcher.write_autoload(options.directory)


def main(argv: Sequence[str] | None = None) -> None:
    """Carry out the command in *argv*, by default sys.argv[1:]."""
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in SHIPPING:
        from .contrib import _commands
        sys.exit(_commands.main(argv))
    parser, commands = make_parser()
    if argv[:1] not in (["run"], ["config"]):
        # What a command does is its parser's default of "function".
        options = parser.parse_args(argv)
        try:
            options.function(options)
        except OSError as error:
            parser.exit(1, "%s: %s\n" % (parser.prog, error))
        return
    words, kind, target, args = split(argv[1:])
    parser = commands[argv[0]]
    options = parser.parse_args(words)
    if not (kind or target) and (argv[0] == "run" or not options.config):
        parser.error("a program is needed")
    environ = check(parser, options)
    report = Report(options.json) if argv[0] == "config" else None
    launcher.follow(environ, options.pin)
    if options.config:
        try:
            launcher.load_config(options.config)
        except launcher.ConfigError as error:
            parser.exit(2, "%s: error: %s\n" % (parser.prog, error))
    launcher.follow_in_children(report is None and options.children)
    if report is None:
        launcher.run(kind, target, args)
        return
    if options.until == "configured":
        launcher.after_configuration(report.stop)
    try:
        if kind or target:
            launcher.run(kind, target, args)
    finally:
        report.write()


if __name__ == "__main__":
    main()
