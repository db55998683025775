"""Configure JSON logging from an INI file with ``fileConfig``.

The file is ``fileconfig.ini`` beside this program.  ``format`` is an
ordinary format string: the attributes it names become the keys, in
their order.
"""

import logging
import logging.config
import pathlib


def main():
    path = pathlib.Path(__file__).with_suffix(".ini")
    logging.config.fileConfig(path, disable_existing_loggers=False)
    logging.getLogger("shop.cart").info("cart opened",
                                        extra={"customer": 1042})


if __name__ == "__main__":
    main()

# Output:
# {"asctime":"2026-11-23T05:51:44.854Z","levelname":"INFO","name":"shop.cart","funcName":"main","message":"cart opened","customer":1042}
