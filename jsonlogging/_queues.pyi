import logging
from typing import Any

__all__ = ["choose", "inner"]

def choose(settings: Any, made: logging.Formatter | None, route: Any) -> logging.Formatter | None: ...
def inner(formatter: logging.Formatter | None) -> logging.Formatter | None: ...
