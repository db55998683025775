import time
from collections.abc import Callable, Mapping

__all__ = ["TIMESPECS", "microseconds", "rfc3339"]

TIMESPECS: Mapping[str, int]

def microseconds(created: float) -> int: ...
def rfc3339(
    created: float, utc: bool = True, timespec: str = "milliseconds", localtime: Callable[[float], time.struct_time] = ...
) -> str: ...
