"""A program that takes the environment's word over its own.

docs/howto/environment.rst sets the variables.
"""

import logging
import sys

from jsonlogging.config import basicConfig


def main():
    basicConfig(level="WARNING", stream=sys.stdout,
                format="%(levelname)s %(message)s")
    logging.getLogger("shop").info("order received", extra={"order": 7})
    logging.getLogger("shop").warning("low stock", extra={"sku": "A-17"})


if __name__ == "__main__":
    main()

# Output:
# WARNING low stock
