from .formatters import ISOFormatter as ISOFormatter, JSONFormatter as JSONFormatter

__all__ = ["ISOFormatter", "JSONFormatter"]
