"""Elastic's Elvis tutorial, done right: text for people, JSON for programs.

The program logs the tutorial's messages at random levels, as text to
the terminal and as JSON lines to ``elvis.json`` in the current folder.
Every record carries the field ``http.request.body.content`` as nested
objects, which is how Elasticsearch stores it.  It begins by showing one
record in both forms.

    python elvis.py                      20 records
    python elvis.py --count 0            until Ctrl-C (exit status 130)
    python elvis.py --interval 2         one record every 2 seconds
    python elvis.py --seed 7             the same messages every time
    python elvis.py --format ecs         JSON of this form, here and there

The forms of JSON are ``json``, JSONFormatter's own; ``ecs``, the Elastic
Common Schema; and ``ecs-logging``, which is what Elastic's tutorial
printed.  ``elvis.json`` is appended to, as log files are.
"""

import argparse
import logging
import math
import random
import signal
import sys
import time

from jsonlogging import ISOFormatter, JSONFormatter
from jsonlogging.contrib.schemas import ECSFormatter, StdlibFormatter

# The tutorial draws a number from 0 to 15 and takes the first message
# for everything above 11: hence the weight of the first.
MESSAGES = (
    (5, logging.INFO, "Elvis has left the building."),
    (1, logging.INFO, "Elvis has left the oven on."),
    (1, logging.INFO, "Elvis has two left feet."),
    (1, logging.INFO, "Elvis was left out in the cold."),
    (1, logging.INFO, "Elvis was left holding the baby."),
    (1, logging.WARNING, "Elvis left the cake out in the rain."),
    (1, logging.WARNING, "Elvis came out of left field."),
    (1, logging.WARNING, "Elvis exited stage left."),
    (1, logging.WARNING, "Elvis took a left turn."),
    (1, logging.ERROR, "Elvis left no stone unturned."),
    (1, logging.ERROR, "Elvis picked up where he left off."),
    (1, logging.CRITICAL, "Elvis's train has left the station."),
)

text_formatter = ISOFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")
json_formatters = {
    "json": JSONFormatter(),
    "ecs": ECSFormatter(),
    # The tutorial is as old as this version of ecs-logging.
    "ecs-logging": StdlibFormatter(version="2.1.0"),
}
logger = logging.getLogger("app")


def request_body(message):
    return {"http": {"request": {"body": {"content": message}}}}


def show_one_record_twice(json_formatter):
    _, level, message = MESSAGES[0]
    record = logger.makeRecord(
        logger.name, level, __file__, 0, message, (), None, "<module>",
        extra=request_body(message))
    print("One record as text:", text_formatter.format(record),
          "The same as JSON:", json_formatter.format(record),
          "", sep="\n", flush=True)


def run(count, interval, seed, form):
    json_formatter = json_formatters.get(form, json_formatters["json"])
    file = logging.FileHandler("elvis.json", encoding="utf-8")
    file.setFormatter(json_formatter)
    logger.addHandler(file)
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(json_formatters.get(form, text_formatter))
    logger.addHandler(console)
    logger.setLevel(logging.DEBUG)

    show_one_record_twice(json_formatter)
    rng = random.Random(seed)
    weights = [weight for weight, _, _ in MESSAGES]
    number = 0
    while count == 0 or number < count:
        if number:
            time.sleep(interval)
        _, level, message = rng.choices(MESSAGES, weights)[0]
        logger.log(level, message, extra=request_body(message))
        number += 1


def natural(text):
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def seconds(text):
    number = float(text)
    if not 0 <= number < math.inf:
        raise ValueError
    return number


def main():
    parser = argparse.ArgumentParser(
        description="Log what became of Elvis, to stdout and to elvis.json.")
    parser.add_argument("--count", type=natural, default=20, metavar="N",
                        help="how many records to log; 0 means until Ctrl-C "
                             "(default: %(default)s)")
    parser.add_argument("--interval", type=seconds, default=0.1, metavar="S",
                        help="seconds between records "
                             "(default: %(default)s)")
    parser.add_argument("--seed", type=int, metavar="N",
                        help="log the same messages in every run")
    parser.add_argument("--format", choices=["text", *json_formatters],
                        default="text",
                        help="what the terminal shows; elvis.json gets the "
                             "same, or json (default: %(default)s)")
    args = parser.parse_args()
    # Let `elvis.py | head` end the program quietly, as it ends cat.
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        run(args.count, args.interval, args.seed, args.format)
    except KeyboardInterrupt:
        sys.exit(130)       # what a shell expects of Ctrl-C


if __name__ == "__main__":
    main()

# Output:
# One record as text:
# 2026-11-23T05:51:44.756Z INFO app Elvis has left the building.
# The same as JSON:
# {"timestamp":"2026-11-23T05:51:44.756Z","level":"INFO","logger":"app","message":"Elvis has left the building.","http":{"request":{"body":{"content":"Elvis has left the building."}}}}
#
# 2026-11-23T05:51:44.757Z INFO app Elvis has left the oven on.
# 2026-11-23T05:51:44.757Z INFO app Elvis has left the building.
# 2026-11-23T05:51:44.757Z WARNING app Elvis came out of left field.
# 2026-11-23T05:51:44.758Z INFO app Elvis has left the building.
# 2026-11-23T05:51:44.758Z INFO app Elvis was left holding the baby.
# 2026-11-23T05:51:44.758Z INFO app Elvis has left the oven on.
