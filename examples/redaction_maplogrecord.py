"""Mask card numbers everywhere in the line with ``mapLogRecord``.

``mapLogRecord`` returns the whole line as data: message, traceback and
extras.  It holds dicts with string keys, lists, strings, numbers,
booleans and None only, is bounded and has no cycles, so that a short
walk reaches every string.
"""

import logging
import re
import sys

from jsonlogging import JSONFormatter

CARD = re.compile(r"\b\d(?:[ -]?\d){12,15}\b")


class MaskingFormatter(JSONFormatter):

    def mapLogRecord(self, record):
        return self.mask(super().mapLogRecord(record))

    def mask(self, data):
        if isinstance(data, str):
            return CARD.sub("[card]", data)
        if isinstance(data, dict):
            return {self.mask(k): self.mask(v) for k, v in data.items()}
        if isinstance(data, list):
            return [self.mask(item) for item in data]
        return data


def main():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(MaskingFormatter())
    logger = logging.getLogger("payment")
    logger.addHandler(handler)

    card = "4111 1111 1111 1111"
    logger.warning("card %s refused", card, extra={"tried": [card, "cash"]})
    try:
        raise ValueError("no such card: " + card)
    except ValueError:
        logger.exception("payment failed")


if __name__ == "__main__":
    main()

# Output:
# {"timestamp":"2026-11-23T05:51:45.107Z","level":"WARNING","logger":"payment","message":"card [card] refused","tried":["[card]","cash"]}
# {"timestamp":"2026-11-23T05:51:45.107Z","level":"ERROR","logger":"payment","message":"payment failed","exception":{"type":"ValueError","message":"no such card: [card]","traceback":"Traceback (most recent call last):\n  File \"/srv/shop/redaction_maplogrecord.py\", line 42, in main\n    raise ValueError(\"no such card: \" + card)\nValueError: no such card: [card]"}}
