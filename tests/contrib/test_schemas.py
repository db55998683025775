"""Schemas: their fields, options and platforms' own examples."""

import configparser
import copy
import datetime
import inspect
import ipaddress
import json
import logging
import logging.config
import os
import pathlib
import pickle
import re
import runpy
import socket
import subprocess
import sys
import threading
import traceback
import types
import unittest
import uuid
import weakref
from unittest import mock

from jsonlogging.contrib import _schema, schemas
from jsonlogging.contrib._ecs_types import FIELDS, VERSION
from jsonlogging.contrib.schemas import (ECSFormatter, GCPFormatter,
                                         GELFFormatter, LogstashFormatter,
                                         OTelFormatter, StdlibFormatter)

from .. import conformance
from ..support import BaseTest, make_record, plain, strict_loads
from ..test_architecture import PACKAGE_DIR, code_lines
from ..test_examples import EXAMPLES, ExamplesTestCase
from . import _ecs, make_ecs_types

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
GOLDEN = DATA / "schemas.jsonl"
ALL = (ECSFormatter, StdlibFormatter, LogstashFormatter, GELFFormatter,
       GCPFormatter, OTelFormatter)


def error_of(function):
    try:
        function()
    except Exception:
        return sys.exc_info()


def fail():
    raise ValueError("lost")


def chain():
    try:
        raise KeyError("first")
    except KeyError as error:
        raise RuntimeError("second") from error


class SchemaTest(BaseTest):

    maxDiff = None

    def setUp(self):
        super().setUp()
        patch = mock.patch.dict(os.environ)
        patch.start()
        self.addCleanup(patch.stop)
        for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES",
                     "GOOGLE_CLOUD_PROJECT", "K_SERVICE", "K_REVISION"):
            os.environ.pop(name, None)

    def data(self, formatter, record):
        """Return the data of the line, which is the same in every way."""
        line = formatter.format(record)
        self.assertEqual(line, plain(formatter).format(record))
        data = strict_loads(line)
        self.assertEqual(data, formatter.mapLogRecord(record))
        return data

    def ecs(self, record, **options):
        """Return the data of a valid ECS line."""
        formatter = ECSFormatter(**options)
        self.data(formatter, record)
        return _ecs.check_line(formatter.format(record),
                               options.get("extra", "labels"))


class GoldenTest(SchemaTest):

    def test_golden(self):
        """Records of the corpus make its lines, byte for byte."""
        lines = GOLDEN.read_text(encoding="utf-8").splitlines()
        self.assertGreater(len(lines), 20)
        for text in lines:
            case = json.loads(text)
            with self.subTest(case["what"]):
                cls = schemas.FORMATS[case["format"]]
                formatter = cls(**case["options"])
                record = logging.makeLogRecord(case["record"])
                self.assertEqual(
                    case["line"], self.mask(formatter.format(record)))

    @staticmethod
    def mask(line):
        data = json.loads(line)
        event = data.get("event", {})
        if "sequence" in event:
            line = line.replace('"sequence":%d' % event["sequence"],
                                '"sequence":1')
        return line


class ElvisTest(ExamplesTestCase):

    SEED = (
        '{"@timestamp":"2025-06-16T02:19:34.687Z","log.level":"info",'
        '"message":"Elvis has left the building.","ecs":{"version":"1.6.0"},'
        '"http":{"request":{"body":{"content":"Elvis has left the '
        'building."}}},"log":{"logger":"app","origin":{"file":{"line":39,'
        '"name":"elvis.py"},"function":"<module>"},"original":"Elvis has '
        'left the building."},"process":{"name":"MainProcess","pid":3044,'
        '"thread":{"id":4444857792,"name":"MainThread"}}}')

    def test_seed(self):
        """The tutorial's record makes the tutorial's line."""
        elvis = runpy.run_path(str(EXAMPLES / "elvis.py"))
        message = "Elvis has left the building."
        record = make_record(
            message, pathname="elvis.py", filename="elvis.py", lineno=39,
            funcName="<module>", created=1750040374.687, process=3044,
            processName="MainProcess", thread=4444857792,
            threadName="MainThread", **elvis["request_body"](message))
        formatter = elvis["json_formatters"]["ecs-logging"]
        self.assertEqual(self.SEED, formatter.format(record))

    def test_formats(self):
        """--format says what the terminal shows, and what the file has."""
        for name, cls in (("text", None), ("json", None),
                          ("ecs", ECSFormatter), ("ecs-logging", None)):
            with self.subTest(name):
                output = self.run_example(
                    "elvis", "--interval", "0", "--count", "3",
                    "--format", name).splitlines()
                lines = self.elvis_json()
                (self.folder / "elvis.json").unlink()
                self.assertEqual((8, 3), (len(output), len(lines)))
                for text, data in zip(output[5:], lines):
                    if name != "text":
                        self.assertEqual(strict_loads(text), data)
                    if name == "ecs":
                        _ecs.check_line(text)
                    if name == "ecs-logging":
                        self.assertEqual({"version": "1.6.0"}, data["ecs"])


class ECSTest(SchemaTest):

    def test_head(self):
        """Four keys come first, at top level, and say the version."""
        data = self.ecs(make_record("hello"))
        self.assertEqual(
            [("@timestamp", "2023-11-14T22:13:20.123Z"),
             ("log.level", "info"), ("message", "hello"),
             ("ecs.version", VERSION)], [*data.items()][:4])
        self.assertEqual("9", VERSION.split(".")[0])

    def test_fields(self):
        """Logger, origin and process are said, in objects."""
        record = make_record("hello")
        data = self.ecs(record)
        self.assertEqual({"logger": "app", "origin": {
            "file": {"name": "app.py", "line": 7}, "function": "function"}},
            data["log"])
        self.assertEqual({
            "pid": os.getpid(), "name": "MainProcess", "thread": {
                "id": threading.get_ident(), "name": "MainThread"}},
            data["process"])
        data = self.ecs(record, origin=False, process=False)
        self.assertEqual({"logger": "app"}, data["log"])
        self.assertNotIn("process", data)

    def test_error(self):
        """An exception is its type, text and whole traceback."""
        error = error_of(chain)
        if sys.version_info >= (3, 11):
            error[1].add_note("a note")
        data = self.ecs(make_record("hello", exc_info=error))
        self.assertEqual({
            "type": "RuntimeError", "message": "second", "stack_trace":
            "".join(traceback.format_exception(*error)).rstrip("\n")},
            data["error"])
        self.assertNotIn("exception", data)

    @unittest.skipIf(sys.version_info < (3, 11), "groups are new in 3.11")
    def test_group(self):
        """A group's traceback holds its members'."""
        group = ExceptionGroup("both", [  # noqa: F821
            ValueError("one"), error_of(chain)[1]])
        data = self.ecs(make_record("hello", exc_info=(
            type(group), group, None)))
        for text in "ValueError: one", "KeyError: 'first'", "second":
            self.assertIn(text, data["error"]["stack_trace"])

    def test_exc_text(self):
        """A traceback that came as text is printed as it is."""
        data = self.ecs(make_record("hello", exc_text="Traceback: x"))
        self.assertEqual({"stack_trace": "Traceback: x"}, data["error"])

    def test_stack_info(self):
        """A stack follows the exception's, in the same field."""
        record = make_record("hello", stack_info="Stack:\n  here")
        self.assertEqual("Stack:\n  here",
                         self.ecs(record)["error"]["stack_trace"])
        record.exc_info = error_of(fail)
        trace = self.ecs(record)["error"]["stack_trace"]
        self.assertTrue(trace.endswith("ValueError: lost\nStack:\n  here"))
        data = self.ecs(record, exclude_fields=["error.stack_trace"])
        self.assertEqual({"type": "ValueError", "message": "lost"},
                         data["error"])

    def test_stack_trace_limit(self):
        """The limit is traceback's, for every exception of a chain."""
        error = error_of(lambda: chain())
        for limit in (1, 2, -1):
            record = make_record("hello", exc_info=error)
            data = self.ecs(record, stack_trace_limit=limit)
            self.assertEqual("".join(traceback.format_exception(
                *error, limit=limit)).rstrip("\n"),
                data["error"]["stack_trace"])
            # Others get the whole text.
            self.assertIn("in chain", record.exc_text)
        data = self.ecs(make_record("hello", exc_info=error),
                        stack_trace_limit=0)
        self.assertEqual({"type": "RuntimeError", "message": "second"},
                         data["error"])

    def test_service(self):
        """Options say whose lines these are."""
        data = self.ecs(make_record("hello"), service_name="Shop 1",
                        service_version="1.4", service_node_name="web-1",
                        service_environment="test")
        self.assertEqual({
            "name": "Shop 1", "version": "1.4", "environment": "test",
            "node": {"name": "web-1"}}, data["service"])
        self.assertEqual("shop_1", data["event"]["dataset"])
        data = self.ecs(make_record("hello"), service_name="shop",
                        event_dataset="shop.access")
        self.assertEqual("shop.access", data["event"]["dataset"])
        self.assertNotIn("service", self.ecs(make_record("hello")))

    def test_environment(self):
        """OpenTelemetry's variables name the service, options come first."""
        os.environ["OTEL_RESOURCE_ATTRIBUTES"] = (
            "service.name=x,service.version=2%2E0, service.instance.id=i-1,"
            "deployment.environment.name=prod,,broken,=y,z=")
        formatter = ECSFormatter()
        self.assertEqual({
            "name": "x", "version": "2.0", "environment": "prod",
            "node": {"name": "i-1"}},
            self.data(formatter, make_record())["service"])
        os.environ["OTEL_SERVICE_NAME"] = "shop"
        data = self.ecs(make_record("hello"), service_version="3")
        self.assertEqual(("shop", "3"), (data["service"]["name"],
                                         data["service"]["version"]))
        self.assertEqual("shop", data["event"]["dataset"])
        # It is read when a formatter is made.
        self.assertEqual("x", self.data(
            formatter, make_record())["service"]["name"])
        os.environ["OTEL_RESOURCE_ATTRIBUTES"] = (
            "deployment.environment=old")
        self.assertEqual("old", self.ecs(make_record())["service"][
            "environment"])

    def test_sequence(self):
        """Records are numbered, each once, whoever prints them."""
        one, other = ECSFormatter(), ECSFormatter(service_name="x")
        records = [make_record("hello") for _ in range(3)]
        numbers = []
        for record in records:
            found = {json.loads(line)["event"]["sequence"] for line in (
                one.format(record), other.format(record),
                one.format(record), plain(one).format(record))}
            self.assertEqual(1, len(found))
            numbers += found
        self.assertEqual([numbers[0] + i for i in range(3)], numbers)
        # Records that live no longer than their line.
        numbers = [json.loads(one.format(make_record("hello")))[
            "event"]["sequence"] for _ in range(50)]
        self.assertEqual([*range(numbers[0], numbers[0] + 50)], numbers)

    def test_sequence_keeps_nothing_alive(self):
        """A record goes when its program lets it go."""
        record = make_record("hello")
        ECSFormatter().format(record)
        reference = weakref.ref(record)
        del record
        self.assertIsNone(reference())

    def test_sequence_of_threads(self):
        """Threads share the numbers, and never one."""
        formatter, numbers = ECSFormatter(), []

        def work():
            numbers.extend([json.loads(formatter.format(make_record()))[
                "event"]["sequence"] for _ in range(200)])
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(1600, len({*numbers}))

    def test_original(self):
        """event.original is the message, if asked for."""
        data = self.ecs(make_record("%s", "hi"), event_original=True)
        self.assertEqual("hi", data["event"]["original"])
        self.assertNotIn("original", self.ecs(make_record("hi"))["event"])

    def test_nested_and_dotted(self):
        """Names of fields become objects, which merge."""
        data = self.ecs(make_record(
            "hello", **{"http": {"request": {"method": "GET"},
                                 "request.id": "r1"},
                        "http.request.bytes": 12,
                        "http.response.status_code": 200,
                        "event.action": "login", "event": {
                            "category": ["web"], "outcome": "success"},
                        "process.title": "python", "tags": ["a", "b"]}))
        self.assertEqual({"request": {"method": "GET", "id": "r1",
                                      "bytes": 12},
                          "response": {"status_code": 200}}, data["http"])
        self.assertEqual(("login", ["web"], "success"), (
            data["event"]["action"], data["event"]["category"],
            data["event"]["outcome"]))
        self.assertIn("sequence", data["event"])
        self.assertEqual("python", data["process"]["title"])
        self.assertEqual(os.getpid(), data["process"]["pid"])
        self.assertEqual(["a", "b"], data["tags"])
        self.assertNotIn("labels", data)

    def test_labels(self):
        """What is no field goes to the labels, under clean names."""
        data = self.ecs(make_record("hello", **{
            "customer": 1042, "total.eur": 9.5, "a*b\\c": None,
            "cart": {"items": [1, {"x.y": True}], "": 5, "n\0": 6},
            "labels": {"team": "red", "a.b": 1}, "labels.x": 2,
            "": "empty", "http": {"request": {"colour": "blue"}}}))
        self.assertEqual({
            "customer": 1042, "total_eur": 9.5, "a_b_c": None,
            "cart": {"items": [1, {"x_y": True}], "_": 5, "n_": 6},
            "team": "red", "a_b": 1, "x": 2, "_": "empty",
            "http_request_colour": "blue"}, data["labels"])
        self.assertEqual("labels", [*data][-1])

    def test_names_that_collide(self):
        """Names that are equal when clean both stay."""
        data = self.ecs(make_record("hello", **{"a_b": 1, "a.b": 2,
                                                "a*b": 3}))
        self.assertEqual({"a_b": 1, "a_b_": 2, "a_b__": 3}, data["labels"])

    def test_misfits(self):
        """A value of another type is a label, under its name."""
        for name, value in (
                ("http.response.status_code", "200"),
                ("http.response.status_code", 200.5),
                ("http.response.status_code", True),
                ("user.id", 42), ("user.name", ["a"]), ("user.name", None),
                ("source.ip", "10.0.0"), ("source.ip", "fe80::1%eth0"),
                ("source.port", 2**63), ("event.start", "yesterday"),
                ("event.start", "2023-11-14T25:00:00Z"),
                ("event.start", 1700000000), ("file.created", "2023-02-30"),
                ("event.start", "2023-11-14T22:13:20+19:00"),
                ("host.cpu.usage", "0.5"), ("host.cpu.usage", 1e39),
                ("dns.answers", [{"ttl": "long"}]), ("dns.answers", ["x"]),
                ("tls.established", 1), ("tls.established", "true"),
                ("source.geo.location", {"lat": 91, "lon": 0}),
                ("source.geo.location", "0,0"), ("host", "web-1"),
                ("http", "GET"), ("http.request", "GET"), ("labels", "x"),
                ("data_stream.dataset", "A-b"), ("tags", [1]),
                ("container.labels", "x"), ("process.io", 5)):
            with self.subTest(name=name, value=value):
                data = self.ecs(make_record("hello", **{name: value}))
                expected = str(value) if value == 2**63 else value
                self.assertEqual({name.replace(".", "_"): expected},
                                 data["labels"])
                self.assertNotIn("host", data)

    def test_fitting_types(self):
        """A value of a field's type is in the field."""
        when = datetime.datetime(2023, 11, 14, tzinfo=datetime.timezone.utc)
        for name, value, expected in (
                ("http.response.status_code", 200, 200),
                ("source.port", -2**63, -2**63),
                ("user.id", "42", "42"), ("url.full", "x" * 6000, None),
                ("trace.id", "0af7", "0af7"),
                ("event.category", ["web"], ["web"]),
                ("event.category", ("web",), ["web"]),
                ("event.category", "web", "web"),
                ("host.ip", ["10.0.0.1", "::1"], None),
                ("event.start", when, "2023-11-14T00:00:00+00:00"),
                ("event.start", when.date(), "2023-11-14"),
                ("event.start", "2023-11-14T22:13:20.123456789Z", None),
                ("event.id", uuid.UUID(int=1), str(uuid.UUID(int=1))),
                ("event.risk_score", 5, 5), ("event.risk_score", 0.5, 0.5),
                ("tls.established", True, True),
                ("source.geo.location", {"lat": 1.5, "lon": -2}, None),
                ("container.labels", {"a": 1}, {"a": 1}),
                ("dns.answers", [{"ttl": 1, "data": "x"}], None),
                ("data_stream.dataset", "shop.log", "shop.log"),
                ("source.ip", ipaddress.ip_address("10.0.0.1"), "10.0.0.1")):
            with self.subTest(name=name, value=value):
                data = self.ecs(make_record("hello", **{name: value}))
                found = _ecs.resolve(data, name)
                self.assertEqual(value if expected is None else expected,
                                 found)
                self.assertNotIn("labels", data)

    def test_forged_fields(self):
        """What the formatter says itself cannot be said by a caller."""
        forged = {
            "@timestamp": "1970-01-01T00:00:00Z", "log.level": "debug",
            "log": {"logger": "x", "origin": {"function": "y"}},
            "ecs.version": "1.0.0", "ecs": {"version": "2.0.0"},
            "process.pid": 1, "error.type": "Oops", "event.sequence": 5,
            "event": {"dataset": "z"}, "service.name": "other",
            "degraded": ["x"], "exception": 1, "stack": 2}
        data = self.ecs(make_record("hello", **forged), service_name="shop")
        self.assertEqual({
            "@timestamp": "1970-01-01T00:00:00Z",
            "log_level": "debug", "log_logger": "x",
            "log_origin_function": "y", "ecs_version": "1.0.0",
            "ecs_version_": "2.0.0", "process_pid": 1,
            "error_type": "Oops", "event_sequence": 5, "event_dataset": "z",
            "service_name": "other", "degraded": ["x"], "exception": 1,
            "stack": 2}, data["labels"])
        self.assertEqual("info", data["log.level"])
        self.assertEqual("shop", data["service"]["name"])
        self.assertNotIn("degraded", data)

    def test_one_leaf_once(self):
        """Of a leaf that is said twice the second is a label."""
        data = self.ecs(make_record("hello", **{
            "http.request.method": "GET",
            "http": {"request": {"method": "POST"}, "version": "1.1"},
            "url": {"path": "/a"}, "url.path": "/a"}))
        self.assertEqual({"request": {"method": "GET"}, "version": "1.1"},
                         data["http"])
        # What says the same has been said.
        self.assertEqual({"http_request_method": "POST"}, data["labels"])

    def test_trace_ids(self):
        """Ids of traces come from the names that libraries use."""
        ids = {"trace": {"id": "aa"}, "span": {"id": "bb"},
               "transaction": {"id": "cc"}}
        for names in (
                {"otelTraceID": "aa", "otelSpanID": "bb",
                 "otelTraceSampled": True, "transaction_id": "cc"},
                {"elasticapm_trace_id": "aa", "elasticapm_span_id": "bb",
                 "elasticapm_transaction_id": "cc",
                 "elasticapm_labels": {"trace.id": "aa"}},
                {"trace_id": "aa", "span_id": "bb", "transaction_id": "cc"},
                {"trace.id": "aa", "span": {"id": "bb"},
                 "transaction.id": "cc"}):
            with self.subTest(names):
                data = self.ecs(make_record("hello", **names))
                self.assertEqual(ids, {key: data[key] for key in ids})
                self.assertNotIn("labels", data)

    def test_no_trace(self):
        """An id that means none is left out, and so is its like."""
        data = self.ecs(make_record(
            "hello", otelTraceID="0", otelSpanID="0" * 16,
            otelTraceSampled=False, otelServiceName="",
            elasticapm_trace_id=None, elasticapm_span_id=None,
            elasticapm_transaction_id=None, elasticapm_service_name=None,
            elasticapm_service_environment=None, elasticapm_labels={},
            trace_id="", span_id=0))
        self.assertEqual(["@timestamp", "log.level", "message",
                          "ecs.version", "log", "process", "event"],
                         [*data])

    def test_two_traces(self):
        """The first id wins; another one is a label."""
        data = self.ecs(make_record(
            "hello", otelTraceID="aa", trace_id="bb", span_id=5))
        self.assertEqual({"id": "aa"}, data["trace"])
        self.assertEqual({"trace_id": "bb", "span_id": 5}, data["labels"])

    def test_service_of_a_library(self):
        """A library's name of the service is used if there is no other."""
        extra = {"otelServiceName": "shop",
                 "elasticapm_service_environment": "test"}
        data = self.ecs(make_record("hello", **extra))
        self.assertEqual({"name": "shop", "environment": "test"},
                         data["service"])
        data = self.ecs(make_record("hello", **extra), service_name="x")
        self.assertEqual({"name": "x"}, data["service"])
        self.assertNotIn("labels", data)

    def test_noise(self):
        """What libraries attach for themselves is left out."""
        request = type("WSGIRequest", (), {"__module__": "django.core"})()
        for extra in ({"color_message": "\x1b[1mhello"},
                      {"request": request, "status_code": 404},
                      {"request": socket.socket(), "server_time": "x"}):
            with self.subTest(extra):
                if isinstance(extra.get("request"), socket.socket):
                    self.addCleanup(extra["request"].close)
                data = self.ecs(make_record("hello", **extra))
                labels = data.get("labels", {})
                self.assertNotIn("request", labels)
                self.assertNotIn("color_message", labels)
        # A request that somebody describes is no noise.
        data = self.ecs(make_record("hello", request={"id": 5}))
        self.assertEqual({"request": {"id": 5}}, data["labels"])

    def test_extra_at_top_level(self):
        """With extra=True what is no field stands where its name says."""
        data = self.ecs(make_record("hello", **{
            "customer": 1042, "cart.total": 9.5, "cart": {"n": 1},
            "host": "web", "user": {"id": 5, "plan": "x"}, "cart.n": 2,
            "message.x": 1, "a..b": 3, "degraded_": 4, "stack": 5,
            "labels": {"team": "red"}, "empty": {}, "event.mine": 6}),
            extra=True)
        self.assertEqual((1042, {"total": 9.5, "n": 1}, {"plan": "x"}, {}), (
            data["customer"], data["cart"], data["user"], data["empty"]))
        self.assertEqual(6, data["event"]["mine"])
        self.assertEqual({"host": "web", "user_id": 5, "cart_n": 2,
                          "message_x": 1, "a__b": 3, "degraded_": 4,
                          "stack": 5, "team": "red"}, data["labels"])

    def test_extra_under_another_key(self):
        """With a key what is no field stands under it."""
        record = make_record("hello", **{"a.b": 1, "user.id": "x",
                                         "labels": {"team": "red"}})
        data = self.ecs(record, extra="shop")
        self.assertEqual({"a_b": 1}, data["shop"])
        self.assertEqual({"team": "red"}, data["labels"])
        self.assertEqual({"id": "x"}, data["user"])
        data = self.ecs(record, extra=False)
        self.assertNotIn("shop", data)
        self.assertEqual({"id": "x"}, data["user"])

    def test_exclude_fields(self):
        """Fields, objects and extras can be left out by their names."""
        record = make_record("hello", **{
            "http": {"request": {"method": "GET", "id": "x"}},
            "password": "secret", "card": {"number": 5}, "user.id": "u"})
        data = self.ecs(record, exclude_fields=[
            "log.origin", "process.thread.id", "http.request.id", "password",
            "card", "user", "event.sequence"])
        self.assertEqual({"logger": "app"}, data["log"])
        self.assertEqual({"name": "MainThread"}, data["process"]["thread"])
        self.assertEqual({"request": {"method": "GET"}}, data["http"])
        for key in "labels", "user", "event":
            self.assertNotIn(key, data)
        data = self.ecs(record, exclude_fields=[
            "error", "labels.password", "http.request.id", "user"])
        self.assertEqual({"card": {"number": 5}}, data["labels"])
        self.assertNotIn("error", data)
        data = self.ecs(record, exclude_fields=["labels.password"])
        self.assertEqual({"card": {"number": 5}}, data["labels"])

    def test_exclude_errors(self):
        """All of an error can be left out, however it is said."""
        leaves = ["error.type", "error.message", "error.stack_trace"]
        for names in (["error"], leaves, ["error", "log.level"]):
            formatter = ECSFormatter(exclude_fields=names)
            for attributes in (
                    {}, {"exc_info": error_of(fail)}, {"exc_text": "lost"},
                    {"stack_info": "lost"}, {"error.type": "lost"},
                    {"exc_info": error_of(fail), "error.code": "5"}):
                with self.subTest(names=names, attributes=attributes):
                    data = self.data(formatter, make_record(
                        "hello", **attributes))
                    self.assertNotIn("lost", str(data))
                    self.assertNotIn("exception", data)
                    self.assertEqual("log.level" in names,
                                     "log.level" not in data)

    def test_exclude_level(self):
        """Without the level types stay right, and limits are kept."""
        options = {"exclude_fields": ["log.level", "event.sequence"]}
        data = self.data(ECSFormatter(**options), make_record(
            "hello", lineno="seven", process="x"))
        self.assertEqual({"log_origin_file_line": "seven",
                          "process_pid": "x"}, data["labels"])
        error = error_of(chain)
        data = self.data(ECSFormatter(stack_trace_limit=-1, **options),
                         make_record("hello", exc_info=error))
        self.assertEqual("".join(traceback.format_exception(
            *error, limit=-1)).rstrip("\n"), data["error"]["stack_trace"])
        self.assertNotIn("log.level", data)

    def test_defaults(self):
        """defaults are constants, arranged as extras are."""
        options = {"defaults": {"host.name": "web-1", "cloud": {
            "region": "eu"}, "host.ip": ["10.0.0.1"]}}
        data = self.ecs(make_record("hello"), **options)
        self.assertEqual({"name": "web-1", "ip": ["10.0.0.1"]}, data["host"])
        self.assertEqual({"region": "eu"}, data["cloud"])
        data = self.ecs(make_record("hi", **{"host.name": "x", "a": 1}),
                        defaults={"host.name": "web-1", "team": "red"})
        self.assertEqual({"name": "web-1"}, data["host"])
        self.assertEqual({"team": "red", "host_name": "x", "a": 1},
                         data["labels"])

    def test_long_values(self):
        """Labels are cut to what a term of Lucene may have, and say so."""
        data = self.ecs(make_record("hello", a="x" * 40_000,
                                    b=["\u20ac" * 20_000]))
        self.assertLess(len(data["labels"]["a"]), 32_100)
        self.assertRegex(data["labels"]["a"], "^x+!CUT 8[0-9]{3}x+$")
        self.assertEqual(2, len(data["degraded"]))
        long = "n" * 5000
        data = self.ecs(make_record("hello", **{long: 1}))
        self.assertRegex([*data["labels"]][0], "^n+!CUT [0-9]+n+$")
        # Fields have other bounds.
        data = self.ecs(make_record("x" * 40_000, **{"url.full": "y" * 40_000}))
        self.assertEqual(40_000, len(data["url"]["full"]))
        self.assertEqual(40_000, len(data["message"]))

    def test_odd_attributes(self):
        """Attributes that are not what logging sets forge no type."""
        record = make_record("hello", lineno="seven", process={"a": 1},
                             threadName=5, name=["app"], funcName=None)
        del record.filename
        data = self.ecs(record)
        self.assertEqual({
            "log_origin_file_line": "seven", "process_pid": {"a": 1},
            "process_thread_name": 5, "log_logger": ["app"]},
            data["labels"])
        self.assertEqual({"origin": {"file": {
            "name": "!MISSING: filename"}}}, data["log"])
        self.assertEqual(["log.origin.file.name: !MISSING: filename"],
                         data["degraded"])

    def test_default(self):
        """default is called with the caller's objects only."""
        seen = []

        def default(obj):
            seen.append(obj)
            raise TypeError
        data = self.ecs(make_record("hello", a={1, 2}, b=object), **{
            "default": default})
        self.assertEqual([1, 2], data["labels"]["a"])
        self.assertEqual({frozenset, type} | {set}, {
            *map(type, seen)} | {frozenset})

    def test_degraded(self):
        """What cannot be represented is listed by the caller's name."""
        ring = []
        ring.append(ring)
        data = self.ecs(make_record("hello", **{
            "a.b": float("nan"), "ring": ring, "http.version": "1.1"}))
        self.assertEqual({"a_b": None, "ring": ["!CYCLE"]}, data["labels"])
        self.assertEqual(["a.b: NaN", "ring[0]: !CYCLE"], data["degraded"])
        self.assertEqual("degraded", [*data][-1])
        self.assertEqual({"version": "1.1"}, data["http"])

    def test_caller_keeps_its_objects(self):
        """Nothing of the caller's is changed."""
        inner = {"a": 1}
        extra = {"container": {"labels": inner}, "cart": {"x.y": inner},
                 "event": {"action": "x"}}
        before = copy.deepcopy(extra)
        record = make_record("hello", **extra)
        kept = {**record.__dict__}
        self.ecs(record)
        self.ecs(record, extra=True)
        self.assertEqual(before, extra)
        self.assertEqual(kept, record.__dict__)

    def test_options_are_checked(self):
        """A wrong option is an error that names it."""
        for error, options in (
                (ValueError, {"fmt": "%(message)s"}),
                (ValueError, {"datefmt": "%Y"}),
                (TypeError, {"exclude_fields": "error"}),
                (TypeError, {"exclude_fields": [5]}),
                (TypeError, {"stack_trace_limit": "5"}),
                (TypeError, {"service_name": 5}),
                (TypeError, {"service_version": b"x"}),
                (TypeError, {"extra": {"a": 1}}),
                (ValueError, {"extra": "user"}),
                (ValueError, {"extra": "process.x"}),
                (ValueError, {"extra": "degraded"}),
                (ValueError, {"extra": ""}),
                (TypeError, {"defaults": {"x": object()}}),
                (TypeError, {"nonsense": 1}),
                (ValueError, {"max_bytes": 5})):
            with self.subTest(options):
                name, = options
                with self.assertRaises(error) as caught:
                    ECSFormatter(**options)
                self.assertIn({"service_name": "service.name",
                               "service_version": "service.version"}.get(
                    name, name), str(caught.exception))


class HooksTest(SchemaTest):

    def test_mapExtra(self):
        """An override of mapExtra sees the caller's names."""
        class Redacting(ECSFormatter):
            def mapExtra(self, extra):
                extra = {name: "***" if name == "user.email" else value
                         for name, value in extra.items()}
                return super().mapExtra(extra)
        for more in {}, {"event.action": "x"}, {"odd": {1, 2}}:
            record = make_record("hello", **{"user.email": "a@b", **more})
            data = self.data(Redacting(), record)
            self.assertEqual({"email": "***"}, data["user"])

    def test_mapLogRecord(self):
        """An override of mapLogRecord sees the finished line."""
        class Marking(ECSFormatter):
            def mapLogRecord(self, record):
                data = super().mapLogRecord(record)
                data["labels"]["seen"] = data["event"]["action"]
                return data
        record = make_record("hello", **{"event.action": "x", "a": 1})
        data = self.data(Marking(), record)
        self.assertEqual({"a": 1, "seen": "x"}, data["labels"])

    def test_instance(self):
        """A hook may be set on a formatter at any time."""
        formatter = ECSFormatter()
        formatter.format(make_record("hello"))
        formatter.mapExtra = lambda extra: {"mine": 1}
        self.assertEqual(1, strict_loads(formatter.format(
            make_record("hello", x=5)))["mine"])
        formatter.mapLogRecord = lambda record: {"only": 1}
        self.assertEqual('{"only":1}', formatter.format(make_record("hello")))

    def test_failing_hook(self):
        """A hook that fails hides what it was to hide."""
        class Failing(ECSFormatter):
            def mapExtra(self, extra):
                raise ValueError("no")
        data = strict_loads(Failing().format(make_record("secret", a=1)))
        self.assertNotIn("secret", str(data))
        self.assertIn("!ERROR: ValueError in mapExtra", data["message"])

    def test_options_later(self):
        """JSONFormatter's options may be set at any time."""
        formatter = ECSFormatter(extra="labels")
        record = make_record("\u20ac", **{"event.action": "\u20ac"})
        self.assertNotIn("\u20ac", formatter.format(record))
        formatter.ensure_ascii = False
        self.assertIn("\u20ac", formatter.format(record))
        formatter.max_bytes = 1024
        record = make_record("x" * 5000)
        self.assertLessEqual(len(formatter.format(record)), 1024)

    def test_types_of_attributes(self):
        """An attribute of another type than logging's has the same place
        in both paths."""
        for cls in ALL:
            formatter = cls()
            for name in ("name", "levelno", "pathname", "filename", "module",
                         "lineno", "funcName", "process", "processName",
                         "thread", "threadName"):
                for value in None, "seven", 7, 7.5, True:
                    record = make_record("hello", **{name: value})
                    with self.subTest(cls=cls, name=name, value=value):
                        self.assertEqual(plain(formatter).format(record),
                                         formatter.format(record))

    def test_fast_path(self):
        """Usual records of every schema are formatted the fast way."""
        for cls in ALL:
            with self.subTest(cls):
                formatter = cls()
                record = make_record("hello")
                self.assertEqual(formatter._fast.line(formatter, record),
                                 formatter.format(record))
                if cls is StdlibFormatter:
                    continue
                record = make_record("hello", exc_info=error_of(fail))
                self.assertEqual(formatter._fast.line(formatter, record),
                                 formatter.format(record))
                if cls is not OTelFormatter:
                    record = make_record("hello", a=1, b="x", **{
                        "user.id": "u", "http": {"version": "1.1"}})
                    self.assertEqual(formatter._fast.line(formatter, record),
                                     formatter.format(record))

    def test_copies(self):
        """Every schema can be pickled and copied, before and after use."""
        for cls in ALL:
            formatter = cls()
            for _ in range(2):
                record = make_record("hello", a=1, **{"event.action": "x"})
                for other in (copy.copy(formatter), copy.deepcopy(formatter),
                              pickle.loads(pickle.dumps(formatter))):
                    self.assertEqual(formatter.format(record),
                                     other.format(record))


class ConfigTest(SchemaTest):

    def line(self):
        record = make_record("hello", a=1)
        root, = logging.getLogger().handlers
        return root.formatter.format(record)

    def test_dictConfig(self):
        """dictConfig makes schemas by "class" and, with options, by "()"."""
        for cls in ALL:
            name = "jsonlogging.contrib.schemas." + cls.__name__
            for formatter in ({"class": name}, {"()": name}):
                logging.config.dictConfig({
                    "version": 1, "formatters": {"x": formatter},
                    "handlers": {"h": {"class": "logging.NullHandler",
                                       "formatter": "x"}},
                    "root": {"handlers": ["h"]}})
                self.assertEqual(cls, type(
                    logging.getLogger().handlers[0].formatter))
                strict_loads(self.line())
        logging.config.dictConfig({
            "version": 1, "formatters": {"x": {
                "()": "jsonlogging.contrib.schemas.ECSFormatter",
                "service_name": "shop", "exclude_fields": ["process"],
                "defaults": {"host.name": "ext://sys.byteorder"}}},
            "handlers": {"h": {"class": "logging.NullHandler",
                               "formatter": "x"}},
            "root": {"handlers": ["h"]}})
        data = strict_loads(self.line())
        self.assertEqual({"name": sys.byteorder}, data["host"])
        self.assertEqual({"name": "shop"}, data["service"])
        self.assertNotIn("process", data)

    def test_fileConfig(self):
        """fileConfig makes schemas."""
        parser = configparser.RawConfigParser()
        parser.read_string("""
            [loggers]
            keys=root
            [handlers]
            keys=h
            [formatters]
            keys=x
            [logger_root]
            handlers=h
            [handler_h]
            class=NullHandler
            formatter=x
            args=()
            [formatter_x]
            class=jsonlogging.contrib.schemas.ECSFormatter
            """)
        logging.config.fileConfig(parser, disable_existing_loggers=False)
        _ecs.check_line(self.line())

    def test_register(self):
        """register() gives every short name its formatter."""
        found = {}
        config = types.ModuleType("jsonlogging.config")
        config.registerFormat = found.__setitem__
        with mock.patch.dict(sys.modules, {"jsonlogging.config": config}):
            schemas.register()
        self.assertEqual({
            "ecs": ECSFormatter, "ecs-logging": StdlibFormatter,
            "gcp": GCPFormatter, "gelf": GELFFormatter,
            "logstash": LogstashFormatter, "otel": OTelFormatter}, found)
        for factory in found.values():
            strict_loads(factory().format(make_record("hello")))

    def test_import(self):
        """The import reads no environment and registers nothing."""
        code = ("import os, sys\n"
                "class Environ(dict):\n"
                "    def __getitem__(self, key): print('read', key)\n"
                "    get = __getitem__\n"
                "os.environ = Environ()\n"
                "import jsonlogging.contrib.schemas\n"
                "print('jsonlogging.config' in sys.modules)\n")
        folder = str(PACKAGE_DIR.parent)
        output = subprocess.check_output(
            [sys.executable, "-c", code], encoding="utf-8",
            env={**os.environ, "PYTHONPATH": folder})
        self.assertEqual("False\n", output)

    def test_isolated(self):
        """The schemas work under -I, where no environment counts."""
        code = ("import sys; sys.path.insert(0, %r)\n"
                "from jsonlogging.contrib.schemas import ECSFormatter\n"
                "import logging\n"
                "print(ECSFormatter().format(logging.makeLogRecord({})))"
                % str(PACKAGE_DIR.parent))
        line = subprocess.check_output([sys.executable, "-I", "-c", code],
                                       encoding="utf-8")
        self.assertIn("@timestamp", strict_loads(line.rstrip("\n")))


class ModulesTest(unittest.TestCase):

    def test_size(self):
        """Each module of the schemas has less than 400 lines of code."""
        for name in "schemas", "_schema", "_ecs_fields", "ecs_logging":
            path = PACKAGE_DIR / "contrib" / (name + ".py")
            self.assertLess(code_lines(path), 400, name)

    def test_types(self):
        """The data module is what its script makes of the same data."""
        path = PACKAGE_DIR / "contrib" / "_ecs_types.py"
        self.assertEqual(path.read_text(encoding="utf-8"),
                         make_ecs_types.module(VERSION, FIELDS))
        self.assertGreater(len(FIELDS), 2500)
        for name, kind in {
                "@timestamp": "date", "message": "match_only_text",
                "log.level": "keyword", "log.origin.file.line": "long",
                "tags": "keyword[]", "event.sequence": "long",
                "error.stack_trace": "wildcard", "labels": "object",
                "host.ip": "ip[]", "source.geo.location": "geo_point",
                "http.response.status_code": "long"}.items():
            self.assertEqual(kind, FIELDS[name])


class ValidatorTest(SchemaTest):

    def test_faults(self):
        """The validator of ECS lines finds each kind of fault."""
        good = json.loads(ECSFormatter().format(make_record("hello")))
        _ecs.check_line(json.dumps(good))
        for fault in (
                {"@timestamp": "2023-11-14 22:13:20"}, {"message": 5},
                {"log": {**good["log"], "level": "x"}},
                {"log.logger": "app"}, {"event": {"sequence": "1"}},
                {"user": {"id": 5}}, {"user": "x"}, {"nonsense": 1},
                {"host": "web"}, {"labels": {"a.b": 1}},
                {"labels": {"a": {"b*": 1}}}, {"labels": {"a": "x" * 33000}},
                {"labels": 5}, {"event": {"nonsense": 1}},
                {"dns": {"answers": [{"ttl": "x"}]}},
                {"source": {"ip": "1.2.3"}}, {"user": {"name": ["a"]}}):
            with self.subTest(fault), self.assertRaises(AssertionError):
                _ecs.check_line(json.dumps({**good, **fault}))
        for name in "@timestamp", "log.level", "ecs.version":
            line = {key: value for key, value in good.items() if key != name}
            with self.subTest(name), self.assertRaises(AssertionError):
                _ecs.check_line(json.dumps(line))
        with self.assertRaises(AssertionError):
            _ecs.check_line(json.dumps(dict([*good.items()][::-1])))
        with self.assertRaises(ValueError):
            _ecs.check_line('{"a":NaN}')


class DocsTest(SchemaTest):

    DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs"

    def test_signatures(self):
        """The signatures of the reference are those of the code."""
        text = (self.DOCS / "library" / "schemas.rst").read_text(
            encoding="utf-8")
        for cls in ALL:
            with self.subTest(cls):
                found, = re.findall(r"^\.\. class:: %s\((.*)\)$"
                                    % cls.__name__, text, re.MULTILINE)
                namespace = {}
                exec("def function(%s): pass" % found, namespace)
                parameters = [
                    parameter.replace(annotation=parameter.empty)
                    for parameter in inspect.signature(
                        cls).parameters.values()]
                self.assertEqual(
                    str(inspect.signature(namespace["function"])),
                    str(inspect.Signature(parameters)))
        for name in schemas.__all__:
            self.assertRegex(text, r"(?m)^\.\. (class|function|data):: %s\b"
                             % name)

    def test_readme(self):
        """README.md shows a line of ECS."""
        text = (self.DOCS.parent / "README.md").read_text(encoding="utf-8")
        found, = re.findall(r'(?m)^\{"@timestamp".*\}$', text)
        self.assertEqual(found, ECSFormatter(
            process=False, origin=False, exclude_fields=[
                "event.sequence"]).format(make_record(
                    "slow answer", name="shop", levelname="WARNING",
                    ms=840)))

    def test_filebeat(self):
        """What the guide says of a line after Filebeat is so."""
        text = (self.DOCS / "howto" / "filebeat.rst").read_text(
            encoding="utf-8")
        rows = re.findall(r"   \* - ``(\".*)``\n     - ``(\".*?)``", text)
        self.assertEqual(2, len(rows))
        line = ECSFormatter(process=False, origin=False).format(
            make_record("cart saved", name="shop", customer=1042))
        data = _ecs.expand(json.loads(line))
        for before, after in rows:
            for part in before, after:
                json.loads("{%s}" % part)
            self.assertTrue(all(item in line for item in before.split(',"')
                                if item[:1] == '"'))
            for key, value in json.loads("{%s}" % after).items():
                self.assertEqual(value, data[key])


class LogstashTest(SchemaTest):

    def test_fields(self):
        """The names are those of Logstash's encoder for Logback."""
        data = self.data(LogstashFormatter(), make_record(
            "hello", a=1, level=2, level_value=3, exc_info=error_of(fail)))
        self.assertEqual({
            "@timestamp": "2023-11-14T22:13:20.123Z", "@version": "1",
            "message": "hello", "logger_name": "app",
            "thread_name": "MainThread", "level": "INFO",
            "level_value": 20000, "a": 1, "level_": 2, "level_value_": 3},
            {key: value for key, value in data.items()
             if key != "stack_trace"})
        self.assertIn("ValueError: lost", data["stack_trace"])


class GELFTest(SchemaTest):

    def test_fields(self):
        """A line is a GELF 1.1 message of this host."""
        data = self.data(GELFFormatter(), make_record(
            "hello", exc_info=error_of(fail), stack_info="Stack:"))
        self.assertEqual(("1.1", socket.gethostname(), "hello",
                          1700000000.123, 6), tuple(
            data[key] for key in ("version", "host", "short_message",
                                  "timestamp", "level")))
        self.assertIn("ValueError: lost", data["full_message"])
        self.assertEqual("Stack:", data["_stack_info"])

    def test_levels(self):
        """Levels are those of syslog."""
        for number, level in ((50, 2), (40, 3), (30, 4), (20, 6), (10, 7),
                              (25, 5), (5, 7), (60, 1), (99, 0), ("x", 7)):
            data = self.data(GELFFormatter(),
                             make_record("hello", levelno=number))
            self.assertEqual(level, data["level"])

    def test_no_message(self):
        """A record that has no message keeps its level."""
        record = make_record("hello")
        del record.msg
        self.assertEqual(6, self.data(GELFFormatter(), record)["level"])

    def test_additional_fields(self):
        """Extras have the names and types that the format allows."""
        data = self.data(GELFFormatter(), make_record("hello", **{
            "user id/\u20ac": 1, "id": 2, "_id": 3, "a.b-c": "x", "n": None,
            "t": True, "l": [1, {"a": 2}], "logger": "forged", "f": 0.5,
            "version": "9"}))
        self.assertEqual({
            "_user_id__": 1, "_id_": 2, "__id": 3, "_a.b-c": "x",
            "_n": "null", "_t": "true", "_l": '[1, {"a": 2}]',
            "_logger_": "forged", "_f": 0.5, "_version": "9"},
            {key: value for key, value in data.items()
             if key[:1] == "_" and key not in self.own()})
        self.assertEqual("1.1", data["version"])

    def own(self):
        return json.loads(GELFFormatter().format(make_record("hello")))

    def test_names_that_collide(self):
        """Many names that are equal when clean take no long time."""
        # A name was looked for among all others, for each of them.
        names = ["%s!" % chr(0x3040 + i) for i in range(3000)]
        data = self.data(GELFFormatter(), make_record(
            "hello", **dict.fromkeys(names, 1)))
        found = data.keys() - self.own().keys() - {"degraded"}
        self.assertEqual(3000, len(found))
        self.assertLess(max(map(len, found)), 30)

    def test_empty_message(self):
        """Graylog refuses an empty message, so there is none."""
        class Empty:
            def __str__(self):
                return ""
        for message in ("",), ("%s", ""), ("%s%s", "", Empty()), (Empty(),):
            data = self.data(GELFFormatter(), make_record(*message))
            self.assertEqual("-", data["short_message"])
            self.assertEqual(6, data["level"])

    def test_odd_text_of_exception(self):
        """Whatever stands for an exception's text is a text."""
        data = self.data(GELFFormatter(), make_record("x", exc_text={"a": 1}))
        self.assertEqual('{"a": 1}', data["full_message"])


class GCPTest(SchemaTest):

    def test_fields(self):
        """A line has the fields that Google's agents know."""
        data = self.data(GCPFormatter(
            project="p", service="shop", version="1"), make_record(
            "hello", exc_info=error_of(fail), a=1, otelTraceID="aa",
            otelSpanID="bb", otelTraceSampled=True, labels={"x": 1},
            http_request={"requestMethod": "GET"}, severity="DEBUG",
            timestamp=5))
        trace = data.pop("stack_trace")
        self.assertIn("ValueError: lost", trace)
        self.assertEqual({
            "severity": "INFO", "time": "2023-11-14T22:13:20.123Z",
            "message": "hello", "logger": "app",
            "logging.googleapis.com/sourceLocation": {
                "file": "app.py", "line": "7", "function": "function"},
            "serviceContext": {"service": "shop", "version": "1"},
            "a": 1, "logging.googleapis.com/trace": "projects/p/traces/aa",
            "logging.googleapis.com/spanId": "bb",
            "logging.googleapis.com/trace_sampled": True,
            "logging.googleapis.com/labels": {"x": "1"},
            "httpRequest": {"requestMethod": "GET"}, "severity_": "DEBUG",
            "timestamp_": 5}, data)

    def test_environment(self):
        """The project and service are those of the environment."""
        os.environ.update(GOOGLE_CLOUD_PROJECT="p", K_SERVICE="s",
                          K_REVISION="s-1")
        data = self.data(GCPFormatter(), make_record("hello", trace_id="aa"))
        self.assertEqual("projects/p/traces/aa",
                         data["logging.googleapis.com/trace"])
        self.assertEqual({"service": "s", "version": "s-1"},
                         data["serviceContext"])

    def test_misfits(self):
        """What is of another type than Google wants is in no field of it."""
        for value in 5, ["x"], True, 0.5:
            extra = {"trace_id": value, "span_id": value, "labels": value,
                     "http_request": value, "otelTraceSampled": [value]}
            data = self.data(GCPFormatter(project="p"),
                             make_record("hello", **extra))
            self.assertEqual(extra, {name: data[name] for name in extra})
            self.assertEqual(
                ["logging.googleapis.com/sourceLocation"],
                [name for name in data if name[:8] == "logging."])

    def test_severities(self):
        """Every level has a severity of Google's."""
        for number, name in ((50, "CRITICAL"), (40, "ERROR"), (30, "WARNING"),
                             (20, "INFO"), (10, "DEBUG"), (25, "NOTICE"),
                             (1, "DEFAULT"), (45, "ERROR"), (60, "ALERT"), (None, "DEFAULT")):
            data = self.data(GCPFormatter(),
                             make_record("hello", levelno=number))
            self.assertEqual(name, data["severity"])


class OTelTest(SchemaTest):

    def test_fields(self):
        """A line has the fields of the log data model."""
        record = make_record("hello", otelTraceID="aa", otelSpanID="bb",
                             otelTraceSampled=True, otelServiceName="shop",
                             a=[1], exc_info=error_of(fail), **{
                                 "code.line.number": 5})
        data = self.data(OTelFormatter(resource={"service.name": "shop"}),
                         record)
        attributes = data["attributes"]
        self.assertIn("ValueError: lost",
                      attributes.pop("exception.stacktrace"))
        self.assertEqual({
            "timestamp": "2023-11-14T22:13:20.123000Z",
            "severity_number": 9, "severity_text": "INFO", "body": "hello",
            "attributes": {
                "code.file.path": "app.py", "code.line.number": 7,
                "code.function.name": "function",
                "process.pid": os.getpid(),
                "thread.id": threading.get_ident(),
                "thread.name": "MainThread",
                "exception.type": "ValueError", "exception.message": "lost",
                "service.name": "shop", "a": [1], "code.line.number_": 5},
            "instrumentation_scope": {"name": "app"},
            "resource": {"attributes": {"service.name": "shop"}},
            "trace_id": "aa", "span_id": "bb", "trace_flags": "01"}, data)

    def test_misfits(self):
        """An id that is no text is an attribute."""
        data = self.data(OTelFormatter(), make_record(
            "hello", trace_id=5, span_id=["x"]))
        self.assertNotIn("trace_id", data)
        self.assertNotIn("span_id", data)
        self.assertEqual((5, ["x"]), (data["attributes"]["trace_id"],
                                      data["attributes"]["span_id"]))

    def test_resource(self):
        """A resource that cannot be printed is an error that says so."""
        for resource in {5: 1}, {"\udcff": 1}, 5, [("a", 1)]:
            with self.subTest(resource), self.assertRaisesRegex(
                    TypeError, "^resource must be"):
                OTelFormatter(resource=resource)

    def test_odd_environment(self):
        """No byte in the environment can be in the way of the format."""
        with mock.patch.dict(os.environ, {
                "OTEL_SERVICE_NAME": "sh\udcffop",
                "OTEL_RESOURCE_ATTRIBUTES": "a\udcff=1,b=%ff,%00=3,=4"}):
            data = self.data(OTelFormatter(), make_record("hello"))
            self.assertEqual({"attributes": {
                "service.name": "sh\\udcffop",
                "a\\udcff": "1", "b": "\ufffd"}}, data["resource"])
            self.assertEqual("sh\\udcffop", self.ecs(
                make_record("hello"))["service"]["name"])

    def test_severities(self):
        """Levels have the numbers of the data model."""
        for number, severity in ((10, 5), (11, 6), (19, 8), (20, 9),
                                 (25, 12), (30, 13), (40, 17), (50, 21),
                                 (99, 24), (5, 1), (0, 0), ("x", 0)):
            data = self.data(OTelFormatter(),
                             make_record("hello", levelno=number))
            self.assertEqual(severity, data["severity_number"])

    def test_environment(self):
        """The resource is what OpenTelemetry's variables say."""
        os.environ["OTEL_RESOURCE_ATTRIBUTES"] = "cloud.region=eu,a=%20b"
        os.environ["OTEL_SERVICE_NAME"] = "shop"
        data = self.data(OTelFormatter(), make_record("hello"))
        self.assertEqual({"attributes": {
            "cloud.region": "eu", "a": "b", "service.name": "shop"}},
            data["resource"])


class ConformanceTest(SchemaTest):

    CASES = [case for case in conformance.CASES if not case.alone]
    # What is not passed, because keys of labels are cleaned.
    CLEANED = {
        "Control characters in an extra and its key stay what they are.",
        "Quotes and backslashes in an extra and its key stay what they are.",
        "The dict key 1.5 is text."}

    def failures(self, cls, cases=None, **keys):
        """Return {sentence: (outcome, reason)} of the cases that failed."""
        def level_of(record):
            # The kit has levels as logging writes them.
            return type(_schema.level_of(record))(record.levelname)
        keys = {"level": ("log.level", "level"), "time": ("@timestamp",),
                "logger": ("log.logger",), "message": ("message",), **keys}
        with mock.patch.object(schemas, "level_of", level_of):
            results = conformance.run(cls, keys, cases or self.CASES)
        return {result.sentence: (result.outcome, result.reason)
                for result in results if result.outcome != "passed"}

    def test_ecs(self):
        """ECS lines pass the kit, but for the names of labels."""
        self.assertEqual(self.CLEANED, {*self.failures(ECSFormatter)})

    def test_dangerous(self):
        """Neither cycles nor depth nor small stacks end the process."""
        cases = [case for case in conformance.CASES if case.alone]
        self.assertGreater(len(cases), 10)
        self.assertEqual({}, self.failures(ECSFormatter, cases))

    def test_others(self):
        """Logstash, Google's and OpenTelemetry's lines pass the kit."""
        self.assertEqual({}, self.failures(
            LogstashFormatter, level=("level",), logger=("logger_name",)))
        self.assertEqual({}, self.failures(
            OTelFormatter, time=("timestamp",), message=("body",),
            level=("severity_text",),
            logger=("instrumentation_scope.name",)))
        self.assertEqual(
            {"An own level keeps its name.",
             "A record without levelno keeps the rest."},
            {*self.failures(GCPFormatter, time=("time",), level=(
                "severity",), logger=("logger",))})

    def test_nothing_worse(self):
        """No line of GELF and ecs_logging is invalid, lost or raised."""
        for cls in GELFFormatter, StdlibFormatter:
            failed = self.failures(cls, level=("_level_name",),
                                   message=("message", "short_message"),
                                   logger=("log.logger", "_logger"))
            self.assertEqual({"wrong"}, {
                outcome for outcome, _ in failed.values()})
