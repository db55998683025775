"""What goes around the formatters: schemas, handlers, tools."""

__all__ = []
