"""Configure JSON logging from a JSON file, all options included.

The file is ``dictconfig_json.json`` beside this program.  In it,
``ext://`` names an object anywhere, also inside ``fmt``: here a
function that computes a field from the record.  A real file names a
function of an importable module; this one lives in ``__main__``.
"""

import json
import logging
import logging.config
import pathlib


def syslog_severity(record):
    """Return the level of *record* as RFC 5424 numbers it."""
    for level, severity in ((logging.CRITICAL, 2), (logging.ERROR, 3),
                            (logging.WARNING, 4), (logging.INFO, 6)):
        if record.levelno >= level:
            return severity
    return 7


def main():
    path = pathlib.Path(__file__).with_suffix(".json")
    logging.config.dictConfig(json.loads(path.read_text(encoding="utf-8")))
    logger = logging.getLogger("shop.cart")
    logger.info("cart opened", extra={"customer": 1042})
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("no price per item")


if __name__ == "__main__":
    main()

# Output:
# {"time":"2026-11-23T05:51:44.663Z","severity":{"name":"INFO","number":6},"logger":"shop.cart","message":"cart opened","service":{"name":"shop","version":"1.4.2"},"customer":1042}
# {"time":"2026-11-23T05:51:44.663Z","severity":{"name":"ERROR","number":3},"logger":"shop.cart","message":"no price per item","exception":{"type":"ZeroDivisionError","message":"division by zero","traceback":"Traceback (most recent call last):\n  File \"/srv/shop/dictconfig_json.py\", line 30, in main\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero"},"service":{"name":"shop","version":"1.4.2"}}
