"""
The fields of the Elastic Common Schema: where extras stand among them.

An extra is a field if its name is one, and its value of the field's type.
Elasticsearch would refuse a whole line for one value of another type.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
from functools import lru_cache

from ._ecs_types import FIELDS
from ._schema import (ALIASES, IDS, KEPT, MAX_NAME, NOISE, clean, cut, free,
                      is_nothing, is_scalar, is_tame_name, tidy)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from typing import Any

__all__ = ["Arrangement", "above", "fits", "usual_place"]


# The names of the objects that fields are in.
_OBJECTS = frozenset([name[:dot.start()] for name in FIELDS
                      for dot in re.finditer(r"\.", name)])


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_number(value: Any) -> bool:
    # The floats of most fields have 32 bits.
    return type(value) in (int, float) and abs(value) < 3.4e38


def _is_object(value: Any) -> bool:
    return type(value) is dict


def _is_point(value: Any) -> bool:
    return (_is_object(value) and value.keys() == {"lat", "lon"}
            and all(map(_is_number, value.values()))
            and abs(value["lat"]) <= 90 and abs(value["lon"]) <= 180)


def _is_ip(value: Any) -> bool:
    try:
        return _is_text(value) and "%" not in value and bool(
            ipaddress.ip_address(value))
    except ValueError:
        return False


def _is_date(value: Any) -> bool:
    """Tell whether strict_date_optional_time takes *value*."""
    match = _DATE.fullmatch(value) if _is_text(value) else None
    try:
        # Java has no larger offset.
        return match is not None and (match[1] or "") <= "18:00" and bool(
            datetime.datetime.fromisoformat(value[:19]))
    except ValueError:
        return False


_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
                   r"(?:Z|[+-](\d\d:[0-5]\d))?)?", re.ASCII)
# What values are, by Elasticsearch's type.  A constant_keyword is a part
# of a data stream's name.
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "boolean": lambda value: type(value) is bool,
    "constant_keyword": lambda value: _is_text(value) and bool(
        re.fullmatch(r'[^A-Z\\/*?"<>| ,#:-]{1,100}', value)),
    "date": _is_date, "double": _is_number, "flattened": _is_object,
    "float": _is_number, "geo_point": _is_point,
    "integer": lambda value: type(value) is int and -2**31 <= value < 2**31,
    "ip": _is_ip, "keyword": _is_text,
    "long": lambda value: type(value) is int, "match_only_text": _is_text,
    "nested": _is_object, "object": _is_object, "scaled_float": _is_number,
    "wildcard": _is_text,
}


def fits(name: str, value: Any, array: bool = True) -> bool:
    """Tell whether *value* is what the field *name* of ECS has to be."""
    kind = FIELDS.get(name) or (name in _OBJECTS and "object") or ""
    if array and kind[-2:] == "[]" and type(value) in (list, tuple):
        return all([fits(name, item, False) for item in value])
    check = _CHECKS.get(kind.rstrip("[]"))
    if check is None or not check(value):
        return False
    return name not in _OBJECTS or all([
        fits("%s.%s" % (name, key), item) for key, item in value.items()])


def _usual_place(name: str, others: bool | str, excluded: frozenset[str]
                 ) -> tuple[list[str], Callable[[Any], bool]] | None:
    """
    Return where the extra *name* stands if it has one plain value, and a
    check of that; None if this takes a second look.

    *others* is the key of what is no field of ECS, *excluded* are the
    names that are left out.
    """
    called = [*above(name), *above("%s.%s" % (others, name))]
    if (name in {*ALIASES, *IDS, *NOISE, "request"} or name[:7] == "labels."
            or not is_tame_name(name) or not excluded.isdisjoint(called)):
        return None
    kind = FIELDS.get(name, "object")
    if kind[-2:] == "[]":
        return None
    if _CHECKS[kind] not in (_is_object, _is_point):
        return name.split("."), _CHECKS[kind]
    # A plain value is no object.
    return ([others, clean(name)], is_scalar) if type(others) is str else None


usual_place = lru_cache(4096)(_usual_place)


class Arrangement:
    """
    Where the extras of one record stand in its line.

    *own* are the names of the formatter's fields, *others* is the key of
    what is no field of ECS, or a bool, *excludes* tells whether a name is
    left out.  Without *notes* nothing has to be cut or renamed.
    """

    def __init__(self, own: Container[str], others: bool | str,
                 excludes: Callable[[str], bool],
                 notes: list[str] | None) -> None:
        self.own, self.key, self.excludes = own, others, excludes
        self.notes = notes
        self.fields: dict[str, Any] = {}
        # What is no field of ECS: objects by their keys.
        self.others: dict[str, dict[str, Any]] = {}

    def add(self, name: str, value: Any, called: str = "") -> None:
        """Add the *value* of the field *name*, *called* otherwise."""
        if self.excludes(name) or name in IDS and is_nothing(value):
            return
        if type(value) is dict and value and (
                name in _OBJECTS or name == "labels"):
            for key, item in value.items():
                self.add("%s.%s" % (name, key), item)
        elif name[:7] == "labels.":
            self.put_aside("labels", name[7:], value)
        elif (name not in FIELDS or name in self.own
                or not fits(name, value) or not self.put(name, value)):
            self.put_aside(self.key, called or name, value)

    def put(self, name: str, value: Any) -> bool:
        """Put *value* at its place, or tell that there is something."""
        place, (*path, key) = self.fields, name.split(".")
        for part in path:
            place = place.setdefault(part, {})
            if type(place) is not dict:
                return False
        if self.notes is not None and type(value) in (dict, list):
            value = tidy(value, name, self.notes)
        return bool(place.setdefault(key, value) == value)

    def put_aside(self, key: bool | str, name: str, value: Any) -> None:
        """Put *value*, which is no field of ECS, under *key*."""
        if key is False or key is True and self.put_freely(name, value):
            return
        key = "labels" if key is True else key
        if self.excludes("%s.%s" % (key, name)):
            return
        others = self.others.setdefault(key, {})
        if self.notes is not None:
            name = cut(name, 4 * MAX_NAME, "labels", self.notes)
            value = tidy(value, "labels." + name, self.notes)
        others[free(clean(name), others)] = value

    def put_freely(self, name: str, value: Any) -> bool:
        """Put *value* where its name says, unless that is ECS's place."""
        if type(value) is dict and value:
            for key, item in value.items():
                self.put_aside(True, "%s.%s" % (name, key), item)
            return True
        parts = name.split(".")
        return (parts == [*map(clean, parts)] and name not in _OBJECTS
                and FIELDS.keys().isdisjoint(above(name))
                and parts[0].rstrip("_") not in KEPT
                and self.put(name, value))


def above(name: str) -> list[str]:
    """Return the dotted *name* and those of the objects it is in."""
    return [name[:dot.start()] for dot in re.finditer(r"\.|$", name)]
