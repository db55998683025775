"""Write log lines in another thread, exceptions included.

``QueueHandler`` formats a record before it goes into the queue and
throws away what the text was made of.  So the JSON formatter belongs on
the ``QueueHandler``; the handler behind the ``QueueListener`` writes
the finished line as it is.
"""

import logging
import logging.handlers
import queue
import sys

from jsonlogging import JSONFormatter


def main():
    lines = queue.SimpleQueue()
    front = logging.handlers.QueueHandler(lines)
    front.setFormatter(JSONFormatter())
    back = logging.StreamHandler(sys.stdout)
    listener = logging.handlers.QueueListener(lines, back)

    logger = logging.getLogger("worker")
    logger.setLevel(logging.INFO)
    logger.addHandler(front)

    listener.start()
    try:
        logger.info("job started", extra={"job": 7})
        try:
            {}["rate"]
        except KeyError:
            logger.exception("job failed", extra={"job": 7})
    finally:
        listener.stop()     # writes what is left in the queue


if __name__ == "__main__":
    main()

# Output:
# {"timestamp":"2026-11-23T05:51:44.940Z","level":"INFO","logger":"worker","message":"job started","job":7}
# {"timestamp":"2026-11-23T05:51:44.940Z","level":"ERROR","logger":"worker","message":"job failed","exception":{"type":"KeyError","message":"'rate'","traceback":"Traceback (most recent call last):\n  File \"/srv/shop/queue_handler.py\", line 32, in main\n    {}[\"rate\"]\n    ~~^^^^^^^^\nKeyError: 'rate'"},"job":7}
