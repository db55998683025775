"""Give every line the same fields: service, version, environment.

``defaults`` holds values for records that bring none of their own.
Those that ``fmt`` names stand in their place; the others follow the
fields.  A record that has an attribute of that name overrides it.
"""

import logging
import sys

from jsonlogging import JSONFormatter


def main():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JSONFormatter(
        {"time": "asctime", "level": "levelname", "request": "request_id",
         "message": "message"},
        defaults={"request_id": None, "service": "shop", "version": "1.4.2",
                  "labels": {"environment": "staging"}},
    ))
    logger = logging.getLogger("shop")
    logger.addHandler(handler)

    logger.warning("starting")
    logger.warning("slow answer", extra={"request_id": "r-17", "ms": 840})
    logger.warning("answer from the spare", extra={"service": "shop-spare"})


if __name__ == "__main__":
    main()

# Output:
# {"time":"2026-11-23T05:51:45.187Z","level":"WARNING","request":null,"message":"starting","service":"shop","version":"1.4.2","labels":{"environment":"staging"}}
# {"time":"2026-11-23T05:51:45.187Z","level":"WARNING","request":"r-17","message":"slow answer","service":"shop","version":"1.4.2","labels":{"environment":"staging"},"ms":840}
# {"time":"2026-11-23T05:51:45.187Z","level":"WARNING","request":null,"message":"answer from the spare","service":"shop-spare","version":"1.4.2","labels":{"environment":"staging"}}
