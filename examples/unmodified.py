"""A program that knows nothing of environment variables or JSON.

docs/howto/environment.rst changes what it prints without changing it.
"""

import logging
import logging.config


def main():
    logging.config.dictConfig({
        "version": 1,
        "formatters": {"brief": {"format": "%(levelname)s %(message)s"}},
        "handlers": {"console": {"class": "logging.StreamHandler",
                                 "stream": "ext://sys.stdout",
                                 "formatter": "brief"}},
        "root": {"level": "WARNING", "handlers": ["console"]},
    })
    logging.getLogger("shop").info("order received", extra={"order": 7})
    logging.getLogger("shop.db").debug("select price from items")
    logging.getLogger("shop").warning("low stock", extra={"sku": "A-17"})


if __name__ == "__main__":
    main()

# Output:
# WARNING low stock
