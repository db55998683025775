"""Keep secrets in ``extra`` out of the log with ``mapExtra``.

``mapExtra`` gets what the caller passed as ``extra`` and returns what
is printed.  The dictionary is a fresh one; the values are the caller's
own objects, so an override replaces them and never changes them.  If
it raises, the line has neither the message nor any extra.
"""

import logging
import sys

from jsonlogging import JSONFormatter

SECRET = {"password", "token", "authorization"}


class RedactingFormatter(JSONFormatter):

    def mapExtra(self, extra):
        return {key: self.redact(key, value) for key, value in extra.items()}

    def redact(self, key, value):
        if str(key).lower() in SECRET:
            return "[redacted]"
        if isinstance(value, dict):
            return {k: self.redact(k, v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.redact("", item) for item in value]
        return value


def main():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(RedactingFormatter())
    logger = logging.getLogger("login")
    logger.addHandler(handler)

    request = {"user": "elvis", "password": "blue suede shoes"}
    logger.warning("login refused", extra={"request": request, "token": "x7"})
    # An extra nested in itself makes redact() raise RecursionError.
    request["again"] = request
    logger.warning("login refused", extra={"request": request})


if __name__ == "__main__":
    main()

# Output:
# {"timestamp":"2026-11-23T05:51:45.018Z","level":"WARNING","logger":"login","message":"login refused","request":{"user":"elvis","password":"[redacted]"},"token":"[redacted]"}
# {"timestamp":"2026-11-23T05:51:45.018Z","level":"WARNING","logger":"login","message":"!ERROR: RecursionError in mapExtra of RedactingFormatter","degraded":["message: !ERROR: RecursionError in mapExtra of RedactingFormatter"]}
