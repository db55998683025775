"""What is built around the formatters, and never proposed for Python."""

__all__ = []    # type: list[str]
