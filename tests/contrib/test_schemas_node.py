"""ECS lines in a real Elasticsearch node, whatever was logged.

ELASTICSEARCH_URL is the address of the node, without a slash at its end.
"""

import itertools
import json
import logging
import unittest
import uuid

from jsonlogging.contrib._ecs_types import FIELDS
from jsonlogging.contrib.schemas import ECSFormatter

from .. import blocks
from ..support import make_record
from . import _ecs
from ._node import ENV, call

if "url" not in ENV:
    raise unittest.SkipTest("ELASTICSEARCH_URL is not set")

RECORDS, NAMES, BATCH = 12_000, 5_000, 500


def names(chooser):
    """Return names of extras: fields, objects and parts of fields, words."""
    found = dict.fromkeys([*FIELDS, *sorted(_ecs.OBJECTS)])
    for name in [*found]:
        found[name + ".more"] = None
    most = len(found) + NAMES
    while len(found) < most:
        key = blocks.key(chooser)
        # A record of blocks has the others.
        found["%s %d" % (chooser.text(), len(found))
              if type(key) not in (str, int) or chooser.integer(0, 3)
              else key] = None
    return [*found]


VALUES = ("text", "2023-11-14T22:13:20.123Z", "10.0.0.1", "::1", 7, 2**40,
          1.5, 1e300, True, None, ["a", "b"], [1, 2], [], {}, {"a": 1},
          {"lat": 1, "lon": 2}, {"lat": 91, "lon": 0}, [{"name": "x"}],
          "x" * 40_000, {"a\0": {"": "b" * 40_000}}, {"a.b": 1, "a": 2})


def extra(chooser, name):
    """Return {name: any value}, at times with objects for the dots."""
    made = (chooser.choice(VALUES) if chooser.integer(0, 1)
            else blocks.value(chooser))
    if isinstance(name, str) and chooser.integer(0, 3) == 0:
        return nested(name, made)
    return {name: made}


def nested(name, value):
    """Return {name: value} with objects for the dots."""
    name, *path = name.split(".")
    for part in reversed(path):
        value = {part: value}
    return {name: value}

# Where the types of fields end, and a little beyond.
EDGES = (
    "0001-01-01", "9999-12-31T23:59:59.999999999Z", "2023-02-29",
    "2023-11-14T24:00:00Z", "2023-11-14T23:59:60Z", "2023-11-14T22:13:20",
    "2023-11-14T22:13:20,5Z", "2023-11-14T22:13:20-00:00", "0000-01-01",
    "2023-11-14T22:13:20+18:00", "2023-11-14T22:13:20-18:01", "20231114",
    "2023-11-14T22:13:20.1234567891Z", "2023-11-14T22:13:20+0530",
    "\u06622023-11-14", "::ffff:1.2.3.4", "1:2:3:4:5:6:7::", "1::2::3",
    "01.2.3.4", "1.2.3.4.", "fe80::1%1", "[::1]", "1.2.3.4/8", "\u0661.2.3.4",
    2**63 - 1, -2**63, 2**63, 2**31, 2**31 - 1, -2**31 - 1, 10**30, 3.4e38,
    3.4028235e38, 1e39, 5e-324, -0.0, 1.0, True, "true", "1", None, "", "\0",
    "\ud800", "\uffff" * 11_000, {"lat": 90, "lon": -180.0},
    {"lat": 90.1, "lon": 0}, {"lat": True, "lon": 1}, {"lat": "1", "lon": 2},
    {"lat": 1, "lon": 2, "z": 3}, "1,2", [1.5, 2], {}, [], [None], [[{}]],
    {"": 1}, {".": {" ": "\0"}}, {"a" * 40_000: "b" * 40_000})


class NodeTest(unittest.TestCase):

    def setUp(self):
        self.index = "test-" + uuid.uuid4().hex
        call("PUT", "/" + self.index, json.dumps({
            "settings": {"index": {
                "number_of_replicas": 0, "refresh_interval": -1,
                "mapping": {"total_fields": {"limit": 20_000},
                            "nested_fields": {"limit": 100},
                            "nested_objects": {"limit": 100_000}}}},
            "mappings": _ecs.mapping()}))
        self.addCleanup(call, "DELETE", "/" + self.index)

    def lines(self, **options):
        """Yield the lines of hostile records, each with its seed."""
        formatter = ECSFormatter(service_name="shop", **options)
        known = names(blocks.Chooser(0))
        used = set()
        for seed in range(RECORDS):
            chooser = blocks.Chooser(seed)
            record = blocks.record(chooser)
            for number in range(3):
                name = known[(seed * 3 + number) % len(known)]
                used.add(name)
                self.add(record, extra(chooser, name))
            yield seed, formatter.format(record)
        self.assertGreater(len(used), 2 * NAMES)

    def edges(self):
        """Yield lines with every edge in fields of every type."""
        formatter, fields = ECSFormatter(), {}
        for name, kind in FIELDS.items():
            fields.setdefault(kind, []).append(name)
        for kind, found in fields.items():
            for number, value in enumerate(EDGES):
                name = found[number * 7 % len(found)]
                for more in ({name: value}, {name: [value]},
                             nested(name, value)):
                    record = make_record("hello")
                    self.add(record, more)
                    yield (name, value), formatter.format(record)

    @staticmethod
    def add(record, more):
        for name, value in more.items():
            if name not in blocks.ATTRIBUTES:
                record.__dict__[name] = value

    def send(self, lines):
        """Send lines, given with what they are of, and count them."""
        sent = 0
        while batch := [*itertools.islice(lines, BATCH)]:
            answer = call("POST", "/%s/_bulk" % self.index, "".join([
                '{"create":{}}\n%s\n' % line for _, line in batch]),
                "application/x-ndjson")
            for (origin, line), item in zip(batch, answer["items"]):
                item = item["create"]
                self.assertEqual(201, item["status"], (
                    origin, item.get("error"), line[:2000]))
            sent += len(batch)
        call("POST", "/%s/_refresh" % self.index)
        self.assertEqual(sent, call(
            "GET", "/%s/_count" % self.index)["count"])
        return sent

    def test_nothing_is_refused(self):
        """No line of a hostile record is refused, whatever its extras."""
        self.assertEqual(RECORDS, self.send(self.lines()))

    def test_nothing_is_refused_under_other_options(self):
        """So it is with fewer fields, and with texts that are not ASCII."""
        self.assertEqual(RECORDS, self.send(self.lines(
            ensure_ascii=False, stack_trace_limit=1,
            exclude_fields=["log.level", "process.thread"],
            defaults={"host.name": "web-1", "team": 5})))

    def test_edges(self):
        """What is at the edge of a type is taken, or was put elsewhere."""
        self.assertGreater(self.send(self.edges()), 2_000)

    def test_fields_can_be_searched(self):
        """What a call says is found by field, label and type."""
        record = logging.LogRecord("app", 20, "/app.py", 1, "hello", (),
                                   None, "f")
        record.__dict__.update({
            "event.action": "login", "http.response.status_code": 404,
            "source.ip": "10.1.2.3", "customer": 1042,
            "event.start": "2023-11-14T22:13:20Z"})
        line = ECSFormatter(service_name="shop").format(record)
        call("POST", "/%s/_doc?refresh=true" % self.index, line)
        for query in ({"term": {"event.action": "login"}},
                      {"range": {"http.response.status_code": {"gte": 400}}},
                      {"term": {"source.ip": "10.0.0.0/8"}},
                      {"term": {"labels.customer": "1042"}},
                      {"term": {"service.name": "shop"}},
                      {"term": {"log.level": "info"}},
                      {"range": {"event.start": {"lt": "2024-01-01"}}}):
            with self.subTest(query):
                found = call("POST", "/%s/_search" % self.index,
                             json.dumps({"query": query}))
                self.assertEqual(1, found["hits"]["total"]["value"])


if __name__ == "__main__":
    unittest.main()
