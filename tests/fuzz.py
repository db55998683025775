"""
Format seeded random records and check the contract on every line.

    python tests/fuzz.py --records 1000000 --processes 2 [--seed S]

Record number n is made from "S:n" alone, so that one failure can be
repeated without the records before it; the command is printed.
"""

import argparse
import importlib
import logging
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import traceback

if not __package__:
    # Last, so that an installed package is tested and not its source.
    sys.path.append(str(pathlib.Path(__file__).parent.parent))

from tests import blocks, support  # noqa: E402

_encoder = importlib.import_module(
    support.formatters.__name__.replace("formatters", "_encoder"))

__all__ = ["check", "clean", "make", "run"]

FORMATTERS = 500  # how many kinds of options one seed has
MAX_FAILURES = 5
MAX_SECONDS = 10  # for one record
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# What became of a key, or of the whole line, has no path.
ENTRY = re.compile(r"(.*: )?(NaN|-?Infinity|!(CYCLE|DEPTH|CUT( \d+)?|ERROR: .*"
                   r"|MISSING: .*))|.*!CUT \d+.*", re.DOTALL)    # itself cut
TOO_DEEP = "!ERROR: RecursionError in getMessage of "
LAST_RESORT = re.compile("!ERROR: .* in format of .*Formatter")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?"
                   r"(Z|[+-]\d\d:\d\d)")


def clean(text):
    """Return *text* as it appears in a parsed line, when it is not cut."""
    if text.isascii():
        return text
    text = PAIR.sub(lambda pair: pair.group().encode(
        "utf-16", "surrogatepass").decode("utf-16"), text)
    return text.encode("utf-8", "backslashreplace").decode()


def depth(data):
    """Return how deep *data* is nested."""
    if isinstance(data, dict):
        data = data.values()
    elif not isinstance(data, list):
        return 0
    return 1 + max(map(depth, data), default=0)


def shape(value, level=0):
    """Return what must not change in a caller's dicts and lists."""
    if level > 4:
        return None
    if type(value) is dict:
        return [(id(key), id(item), shape(item, level + 1))
                for key, item in value.items()]
    if type(value) is list:
        return [(id(item), shape(item, level + 1)) for item in value[:20]]
    return None


def _without_cache(attributes):
    """Return a record's *attributes* but for what logging keeps there."""
    return {key: value for key, value in attributes.items()
            if key != "exc_text"}


def _ensure(condition, *what):
    if not condition:
        raise AssertionError(" ".join(map(ascii, what))[:2000])


def check(formatter, record):
    """Raise AssertionError if the line of *record* breaks the contract."""
    attributes = dict(record.__dict__)
    before = shape(_without_cache(attributes))
    twin = logging.LogRecord.__new__(type(record))
    twin.__dict__.update(attributes)
    plain = support.plain(formatter)
    expected = plain.format(twin)
    text = formatter.format(record)
    _ensure(text == expected, "fast", text, "plain", expected)
    exc_texts = [r.__dict__.get("exc_text") for r in (record, twin)]
    _ensure(exc_texts[0] is exc_texts[1] or type(exc_texts[0]) is str
            and exc_texts[0] == exc_texts[1], "exc_text", *exc_texts)
    after = _without_cache(record.__dict__)
    _ensure(shape(after) == before, "record changed", after)
    _ensure(type(text) is str, type(text))
    size = len(text.encode())
    _ensure(size <= formatter.max_bytes, size, "bytes")
    _ensure(not formatter.ensure_ascii or text.isascii(), "not ASCII")
    data = support.strict_loads(text)
    if text.count("[") + text.count("{") > 20:
        _ensure(depth(data) <= 20, depth(data), "levels", text)
    degraded = data.get("degraded")
    if degraded is not None:
        _ensure(list(data)[-1] == "degraded", "last key", text)
        _ensure(type(degraded) is list and 0 < len(degraded) <= 11,
                "degraded", degraded)
        for entry in degraded:
            _ensure(type(entry) is str and ENTRY.fullmatch(entry), entry)
            _ensure(not LAST_RESORT.fullmatch(entry), text)
    if not any("!CUT" in entry for entry in degraded or ()):
        mapped = formatter.mapLogRecord(record)
        _ensure(mapped == data, "mapped", mapped, "line", data)
        _ensure(list(mapped) == list(data), "order", mapped, "line", data)
        if formatter.fmt is None and "!CUT" not in text:
            _check_fields(attributes, record, data, formatter.datefmt)
    plain.max_bytes = 10**9
    whole = plain.mapLogRecord(record)
    if len(_encoder.encode(whole, formatter.ensure_ascii).encode()
           ) <= formatter.max_bytes:
        # But what is not printed may have been cut, and noted.
        whole.pop("degraded", None)
        data.pop("degraded", None)
        _ensure(whole == data, "cut", data, "from", whole)
    _ensure(formatter.format(record) == text, "not repeatable", text)


def _check_fields(attributes, record, data, datefmt):
    """Check the default fields of a line that nothing was cut from."""
    names = iter(data)
    for key in ("timestamp", "level", "logger", "message"):
        if key == "timestamp" and key not in data:
            _ensure(any(entry.startswith("timestamp: ")
                        for entry in data["degraded"]), "no time", data)
        else:
            _ensure(next(names) == key, "order", data)
    if "timestamp" in data and datefmt is None:
        _ensure(STAMP.fullmatch(data["timestamp"]), data["timestamp"])
    for key, name in (("level", "levelname"), ("logger", "name")):
        value = attributes.get(name)
        if type(value) is str:
            _ensure(data[key] == clean(value), key, data[key], value)
    try:
        message = record.getMessage()
    except RecursionError:
        return
    except Exception:
        if "msg" in attributes and "args" in attributes:
            _ensure("!ERROR: " in data["message"], data["message"])
    else:
        if type(message) is str and TOO_DEEP not in data["message"]:
            _ensure(data["message"] == clean(message), "message",
                    data["message"], message)
    if attributes.get("exc_info") is attributes.get("exc_text") is None:
        _ensure("exception" not in data, "forged exception", data)
    if attributes.get("stack_info") is None:
        _ensure("stack" not in data, "forged stack", data)


def make(seed, number, formatters):
    """Return the formatter and the record of this number."""
    chooser = blocks.Chooser("%s:%d" % (seed, number))
    kind = chooser.integer(0, FORMATTERS - 1)
    if kind not in formatters:
        options = blocks.formatter_options(
            blocks.Chooser("%s:formatter:%d" % (seed, kind)))
        formatters[kind] = support.JSONFormatter(**options)
        formatters[kind].fmt = options["fmt"]
        if kind % 5 == 0:
            formatters[kind].max_items = 50
    return formatters[kind], blocks.record(chooser)


def run(seed, first, records):
    """Check *records* records; print and count the failures."""
    formatters, failures = {}, 0
    for number in range(first, first + records):
        formatter, record = make(seed, number, formatters)
        started = time.perf_counter()
        try:
            check(formatter, record)
            taken = time.perf_counter() - started
            if taken > MAX_SECONDS:
                print("SLOW: record %d took %.0f s" % (number, taken))
        except Exception:
            failures += 1
            traceback.print_exc()
            print("FAILED: python %s --seed %s --first %d --records 1 "
                  "--processes 1" % (__file__, seed, number), flush=True)
            if failures == MAX_FAILURES:
                break
    return failures


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", default=str(random.randrange(10**9)))
    parser.add_argument("--first", type=int, default=0,
                        help="number of the first record (default 0)")
    parser.add_argument("--processes", type=int,
                        default=os.cpu_count() or 1)
    options = parser.parse_args(argv)
    started = time.monotonic()
    print("seed %s" % options.seed, flush=True)
    if options.processes == 1:
        failed = run(options.seed, options.first, options.records)
    else:
        bounds = [options.first + options.records * i // options.processes
                  for i in range(options.processes + 1)]
        workers = [subprocess.Popen([
            sys.executable, __file__, "--seed", options.seed,
            "--first", str(low), "--records", str(high - low),
            "--processes", "1"],
            stdout=subprocess.PIPE, text=True)
            for low, high in zip(bounds, bounds[1:])]
        failed = 0
        for worker in workers:
            output, _ = worker.communicate()
            sys.stdout.write(output)
            failed += worker.returncode != 0
    seconds = time.monotonic() - started
    print("%s: %d records, seed %s, %.0f s, %.0f records a second" % (
        "FAILED" if failed else "passed", options.records, options.seed,
        seconds, options.records / max(seconds, 1e-9)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
