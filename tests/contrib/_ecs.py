"""A strict validator of ECS lines, by Elastic's specifications alone.

check_line() knows two: spec.json of elastic/ecs-logging (its version
1.0), which says what a line of a logging library holds, in which order,
of which types and with which keys at top level; and the field set of
the Elastic Common Schema, which says what else may be there.
"""

import datetime
import ipaddress
import json
import re

from jsonlogging.contrib._ecs_types import FIELDS

from ..support import strict_loads

__all__ = ["SPEC", "check_line", "expand", "flatten", "mapping", "resolve"]

# spec.json: the fields of a line, their types, which are required, their
# places and those that stand at top level, with a dot in the key.
SPEC = {
    "@timestamp": {"type": "datetime", "required": True, "index": 0},
    "log.level": {"type": "string", "required": True, "index": 1,
                  "top_level_field": True},
    "message": {"type": "string", "required": False, "index": 2},
    "ecs.version": {"type": "string", "required": True,
                    "top_level_field": True},
    "labels": {"type": "object"},
    "trace.id": {"type": "string"},
    "transaction.id": {"type": "string"},
    "service.name": {"type": "string"},
    "service.version": {"type": "string"},
    "service.environment": {"type": "string"},
    "service.node.name": {"type": "string"},
    "event.dataset": {"type": "string"},
    "process.thread.name": {"type": "string"},
    "log.logger": {"type": "string"},
    "log.origin.file.line": {"type": "integer"},
    "log.origin.file.name": {"type": "string"},
    "log.origin.function": {"type": "string"},
    "error.type": {"type": "string"},
    "error.message": {"type": "string"},
    "error.stack_trace": {"type": "string"},
}
# What its "sanitization" replaces in the keys of labels.
REPLACED = re.compile(r"[.*\\]")

# Types of the schema that this node of the tests lacks, and what stands
# for them; a keyword has its usual bound, as a wildcard has none.
REPLACEMENTS = {
    "match_only_text": {"type": "text"},
    "wildcard": {"type": "keyword", "ignore_above": 1024},
    "constant_keyword": {"type": "keyword", "ignore_above": 1024},
    "keyword": {"type": "keyword", "ignore_above": 1024},
    "scaled_float": {"type": "double"},
}


def is_datetime(value):
    if not isinstance(value, str) or not re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?"
            r"(Z|[+-]\d\d:\d\d)", value):
        return False
    return datetime.datetime.fromisoformat(value[:19]).year >= 1


def is_ip(value):
    try:
        return isinstance(value, str) and bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def is_date(value):
    # Java's strict_date_optional_time, as far as Python prints it.
    try:
        return isinstance(value, str) and bool(
            datetime.datetime.fromisoformat(value[:19]))
    except ValueError:
        return False


def is_integer(value, bits=64):
    return type(value) is int and -2**(bits - 1) <= value < 2**(bits - 1)


def is_float(value):
    return type(value) in (int, float) and abs(value) <= 3.4028234e38


def is_text(value):
    return isinstance(value, str)


SPEC_TYPES = {"datetime": is_datetime, "string": is_text,
              "integer": is_integer,
              "object": lambda value: isinstance(value, dict)}
TYPES = {
    "boolean": lambda value: type(value) is bool,
    "constant_keyword": is_text, "date": is_date, "double": is_float,
    "flattened": lambda value: isinstance(value, dict), "float": is_float,
    "geo_point": lambda value: (-90 <= value["lat"] <= 90
                                and -180 <= value["lon"] <= 180),
    "integer": lambda value: is_integer(value, 32), "ip": is_ip,
    "keyword": is_text, "long": is_integer, "match_only_text": is_text,
    "nested": lambda value: isinstance(value, dict),
    "object": lambda value: isinstance(value, dict),
    "scaled_float": is_float, "wildcard": is_text,
}
OBJECTS = {name.rpartition(".")[0] for name in FIELDS} - {""}
while True:
    _more = {name.rpartition(".")[0] for name in OBJECTS} - {""}
    if _more <= OBJECTS:
        break
    OBJECTS |= _more


def flatten(data, known=FIELDS, path=""):
    """Yield (dotted name, value) of the leaves; *known* names are leaves."""
    for key, value in data.items():
        name = path + key
        if (isinstance(value, dict) and value
                and (name not in known or name in OBJECTS)):
            yield from flatten(value, known, name + ".")
        else:
            yield name, value


def resolve(data, name):
    """Return the value of the dotted *name* in *data*, or None."""
    return dict(flatten(data)).get(name)


def check_line(line, extra="labels"):
    """
    Return the data of the ECS *line*, text, if it is valid.

    *extra* is the formatter's option: where what is no field of ECS
    stands.  An AssertionError says what is wrong.
    """
    data = strict_loads(line)
    leaves = [*flatten(data)]
    names = [name for name, _ in leaves]
    assert len(names) == len({*names}), "a leaf stands twice"
    found = dict(leaves)
    notes = data.get("degraded", [])
    assert "degraded" not in data or [*data][-1] == "degraded"
    check_spec(data, found, notes)
    for name, value in leaves:
        top = name.partition(".")[0]
        if top in ("degraded", extra) or extra is True and not known(name):
            continue
        check_field(name, value)
    check_labels(data.get("labels", {}))
    expand(data)
    return data


def expand(data):
    """
    Return *data* as Filebeat's expand_keys makes it.

    Dotted keys become objects and merge, in objects but not in arrays.
    What has two values, or is an object and something else, is an error:
    Filebeat would keep no more of a line than its message.
    """
    made = {}

    def add(place, key, value):
        head, _, tail = key.partition(".")
        if tail:
            value = {tail: value}
        if isinstance(value, dict):
            place = place.setdefault(head, {})
            assert isinstance(place, dict), key
            for inner, item in value.items():
                add(place, inner, item)
        else:
            assert head not in place, key
            place[head] = value
    for key, value in data.items():
        add(made, key, value)
    return made


def known(name):
    """Tell whether ECS has a say about *name*."""
    return any(name == field or name.startswith(field + ".")
               for field in {*FIELDS, "labels"}) or name in OBJECTS


def check_spec(data, found, notes):
    """Check what spec.json says of a line."""
    order = [name for name in ("@timestamp", "log.level", "message",
                               "ecs.version") if name in data]
    assert [*data][:len(order)] == order, "order: %s" % [*data]
    for name, field in SPEC.items():
        if field.get("required") and name not in found:
            assert any(note.startswith(name + ":") for note in notes), (
                "%s is missing" % name)
        if field.get("top_level_field"):
            assert name in data, "%s is nested" % name
        if name in found and name != "labels":
            assert SPEC_TYPES[field["type"]](found[name]), (
                name, found[name])


def check_field(name, value):
    """Check a leaf of the line by the field set."""
    kind = FIELDS.get(name)
    assert kind, "%s is no field of ECS" % name
    if kind.endswith("[]"):
        kind = kind[:-2]
        values = value if isinstance(value, list) else [value]
    else:
        values = [value]
    for item in values:
        assert TYPES[kind](item), (name, kind, item)
        if kind in ("object", "nested") and name in OBJECTS:
            for inner, leaf in flatten(item, path=name + "."):
                check_field(inner, leaf)


def check_labels(labels):
    """Check names and bounds of labels, as a flattened field has them."""
    def walk(value, path):
        if isinstance(value, dict):
            for key, item in value.items():
                assert key and not REPLACED.search(key), repr(key)
                assert "\0" not in key
                walk(item, path + (key,))
        elif isinstance(value, list):
            for item in value:
                walk(item, path)
        elif isinstance(value, str):
            term = ".".join(path) + "\0" + value
            assert len(term.encode()) <= 32766, len(term.encode())
        assert len(path) <= 20
    assert isinstance(labels, dict)
    walk(labels, ())


def mapping():
    """
    Return a mapping of Elasticsearch for all fields of ECS by their types.

    Nothing else is mapped, and nothing that is malformed is ignored.
    """
    root = {"dynamic": False, "properties": {}}
    for name, kind in FIELDS.items():
        kind = kind.rstrip("[]")
        place, (*path, key) = root, name.split(".")
        for part in path:
            place = place["properties"].setdefault(part, {})
            place.setdefault("properties", {})
        field = REPLACEMENTS.get(kind, {"type": kind})
        place["properties"].setdefault(key, {}).update(field)
    root["properties"]["labels"] = {"type": "flattened"}
    return root


if __name__ == "__main__":
    print(json.dumps(mapping(), indent=1))
