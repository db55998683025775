from typing import Any

__all__ = ["Fast"]

class Unusual(Exception): ...

class Fast:
    _fast: Any
    def __setattr__(self, name: str, value: object) -> None: ...
    def __delattr__(self, name: str) -> None: ...
