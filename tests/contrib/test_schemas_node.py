"""ECS lines in a real Elasticsearch node, whatever was logged.

ELASTICSEARCH_URL is the address of the node, without a slash at its end.
"""

import base64
import json
import logging
import os
import ssl
import unittest
import urllib.request
import uuid

from jsonlogging.contrib._ecs_types import FIELDS
from jsonlogging.contrib.schemas import ECSFormatter

from .. import blocks
from . import _ecs

ENV = {name[14:].lower(): value for name, value in os.environ.items()
       if name.startswith("ELASTICSEARCH_") and value}

if "url" not in ENV:
    raise unittest.SkipTest("ELASTICSEARCH_URL is not set")

PATIENCE = 120      # seconds; a node takes its time
RECORDS, NAMES, BATCH = 12_000, 5_000, 500


def call(method, path, body=None, kind="application/json"):
    """Return what the node answers."""
    headers = {"Content-Type": kind}
    if "basic_auth" in ENV:
        headers["Authorization"] = "Basic " + base64.b64encode(
            ENV["basic_auth"].encode()).decode()
    request = urllib.request.Request(
        ENV["url"] + path, None if body is None else body.encode(), headers,
        method=method)
    context = (ssl.create_default_context(cafile=ENV["ca_file"])
               if "ca_file" in ENV else None)
    with urllib.request.urlopen(request, context=context,
                                timeout=PATIENCE) as answer:
        return json.loads(answer.read() or b"null")


def names(chooser):
    """Return names of extras: fields, objects and parts of fields, words."""
    found = dict.fromkeys([*FIELDS, *sorted(_ecs.OBJECTS)])
    for name in [*found]:
        found[name + ".more"] = None
    while len(found) < NAMES:
        found[blocks.key(chooser) if chooser.integer(0, 3) == 0 else
              "%s %d" % (chooser.text(), len(found))] = None
    return [*found]


VALUES = ("text", "2023-11-14T22:13:20.123Z", "10.0.0.1", "::1", 7, 2**40,
          1.5, 1e300, True, None, ["a", "b"], [1, 2], [], {}, {"a": 1},
          {"lat": 1, "lon": 2}, {"lat": 91, "lon": 0}, [{"name": "x"}],
          "x" * 40_000, {"a\0": {"": "b" * 40_000}}, {"a.b": 1, "a": 2})


def value(chooser, name):
    """Return any value, at times as the innermost of nested objects."""
    made = (chooser.choice(VALUES) if chooser.integer(0, 1)
            else blocks.value(chooser))
    if isinstance(name, str) and chooser.integer(0, 3) == 0:
        for part in reversed(name.split(".")[1:]):
            made = {part: made}
    return made


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
            for _ in range(3):
                name = known[(seed * 3 + _) % len(known)]
                if name not in blocks.ATTRIBUTES:
                    used.add(name)
                    record.__dict__[name if isinstance(name, str)
                                    and chooser.integer(0, 1) == 0
                                    else name] = value(chooser, name)
            yield seed, formatter.format(record)
        self.assertGreaterEqual(len(used), NAMES - len(blocks.ATTRIBUTES))

    def test_nothing_is_refused(self):
        """No line of a hostile record is refused, whatever its extras."""
        batch, sent = [], 0

        def send():
            answer = call("POST", "/%s/_bulk" % self.index, "".join(
                '{"create":{}}\n%s\n' % line for _, line in batch),
                "application/x-ndjson")
            for (seed, line), item in zip(batch, answer["items"]):
                item = item["create"]
                self.assertEqual(201, item["status"], (
                    seed, item.get("error"), line[:2000]))
            return len(batch)
        for entry in self.lines():
            batch.append(entry)
            if len(batch) == BATCH:
                sent += send()
                batch.clear()
        sent += send() if batch else 0
        self.assertEqual(RECORDS, sent)
        call("POST", "/%s/_refresh" % self.index)
        self.assertEqual(RECORDS, call(
            "GET", "/%s/_count" % self.index)["count"])

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
