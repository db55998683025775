"""Configure JSON logging with ``logging.config.dictConfig`` and a dict.

A formatter named by ``"()"`` is called with every other key as a
keyword, so that all options can be set.  A formatter named by
``"class"`` knows the options of ``logging.Formatter`` only: ``format``,
``datefmt``, ``style``, ``validate``, and from Python 3.12 on
``defaults``.
"""

import logging
import logging.config

CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "full": {
            "()": "jsonlogging.JSONFormatter",
            "fmt": {
                "time": "asctime",
                "severity": "levelname",
                "logger": "name",
                "text": "message",
                "source": {"module": "module", "function": "funcName"},
            },
            "extra": "fields",
            "defaults": {"service": "shop"},
            "timespec": "microseconds",
        },
        "short": {
            "class": "jsonlogging.JSONFormatter",
            "format": "%(levelname)s %(message)s",
        },
    },
    "handlers": {
        "full": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "full",
        },
        "short": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "short",
        },
    },
    "root": {"level": "INFO", "handlers": ["full", "short"]},
}


def main():
    logging.config.dictConfig(CONFIG)
    logger = logging.getLogger("shop.cart")
    logger.info("%d items in the cart", 3, extra={"customer": 1042})


if __name__ == "__main__":
    main()

# Output:
# {"time":"2026-11-23T05:51:44.568375Z","severity":"INFO","logger":"shop.cart","text":"3 items in the cart","source":{"module":"dictconfig_dict","function":"main"},"service":"shop","fields":{"customer":1042}}
# {"levelname":"INFO","message":"3 items in the cart","customer":1042}
