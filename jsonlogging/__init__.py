"""
JSON and RFC 3339 timestamps for the standard library's logging.

ISOFormatter is a logging.Formatter whose %(asctime)s is an RFC 3339
timestamp in UTC.  JSONFormatter prints each record as one JSON object
on one line, whatever the record holds:

    import logging
    import jsonlogging

    handler = logging.StreamHandler()
    handler.setFormatter(jsonlogging.JSONFormatter())
    logging.basicConfig(handlers=[handler], level="INFO")

Importing the package changes nothing: no handler, no environment
variable, no thread.
"""

from .formatters import ISOFormatter, JSONFormatter

__all__ = ["ISOFormatter", "JSONFormatter"]
