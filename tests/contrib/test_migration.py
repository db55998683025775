"""Guides from other packages: each old formatter, its new one, the change.

Each row of their tables has an old and a new expression, and the names
of fields that go ("-"), come ("+") or have another value ("~").  These
tests run where the other packages are installed.
"""

import copy
import importlib
import json
import logging
import pathlib
import re
import socket
import sys
import unittest

import jsonlogging
from jsonlogging.contrib import schemas

from .test_schemas import SchemaTest, error_of, fail

HOWTO = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/howto"
PAGES = {
    "from-ecs-logging": {"ecs_logging": "ecs_logging"},
    "from-python-json-logger": {"JsonFormatter": "pythonjsonlogger.json"},
    "from-json-log-formatter": {"json_log_formatter": "json_log_formatter"},
    "from-structlog": {"structlog": "structlog"},
    "from-python-logstash-async": {
        "LogstashFormatter": "logstash_async.formatter",
        "LogstashEcsFormatter": "logstash_async.formatter"},
}


def table(page):
    """Return the rows of a page's table: old, new, and changed names."""
    text = (HOWTO / (page + ".rst")).read_text(encoding="utf-8")
    _, _, text = text.partition(".. list-table::")
    rows = []
    for line in text.splitlines():
        cell = re.match(r"   (\* -|  -) (.*)", line)
        if cell and cell[1] == "* -":
            rows.append([])
        if cell:
            rows[-1].append(cell[2])
        elif line.startswith("       ") and rows:
            rows[-1][-1] += " " + line.strip()
        elif line and not line.startswith(" ") and rows:
            break
    found = []
    for old, new, changes in rows[1:]:
        (old,), (new,) = (re.findall("``(.+?)``(?!`)", cell)
                          for cell in (old, new))
        found.append((old, new, {*re.findall("``([-+~].+?)``", changes)}))
    return found


def code(page):
    """Return the code of a page that is not an example to be run alone."""
    text = (HOWTO / (page + ".rst")).read_text(encoding="utf-8")
    blocks = re.findall(r"\.\. code-block:: python\n   :name: .*\n\n"
                        r"((?:   .*\n|\n)+)", text)
    return "\n".join(re.sub("(?m)^   ", "", block) for block in blocks)


def leaves(data, path=""):
    """Return {dotted name: JSON} of all that *data* holds."""
    found = {}
    for key, value in data.items():
        if isinstance(value, dict) and value:
            found.update(leaves(value, path + key + "."))
        else:
            found[path + key] = json.dumps(value)
    return found


def changes(old, new):
    """Return the names of fields that differ, with a sign."""
    old, new = leaves(old), leaves(new)
    return ({"-" + name for name in old.keys() - new.keys()}
            | {"+" + name for name in new.keys() - old.keys()}
            | {"~" + name for name in old.keys() & new.keys()
               if old[name] != new[name]})


def namespace(page):
    """Return what the expressions of a page refer to."""
    names = {name: getattr(jsonlogging, name) for name in jsonlogging.__all__}
    names.update({name: getattr(schemas, name) for name in schemas.__all__},
                 socket=socket)
    exec(code(page), names)
    return names


def old_namespace(page):
    """Return what the old expressions of a page refer to besides."""
    found = {}
    for name, module in PAGES[page].items():
        module = importlib.import_module(module)
        found[name] = getattr(module, name, module)
    return found


class MigrationTest(SchemaTest):

    def record(self):
        record = logging.LogRecord(
            "shop.cart", logging.INFO, "/srv/shop/cart.py", 42,
            "user %s paid", ("elvis",), error_of(fail), "save")
        record.created, record.msecs = 1700000000.123, 123.0
        record.customer, record.ctx = 1042, {"a": 1}
        record.http = {"request": {"method": "GET"}}
        return record

    def check(self, page):
        """Check that each pair of a page differs as the page says."""
        try:
            old_names = old_namespace(page)
        except ImportError as error:
            self.skipTest("%s is not installed" % error.name)
        names, rows = namespace(page), table(page)
        self.assertGreater(len(rows), 3)
        for old, new, expected in rows:
            with self.subTest(old=old, new=new):
                old_data, new_data = (json.loads(eval(
                    expression, {**names, **more}).format(
                    copy.copy(self.record())))
                    for expression, more in ((old, old_names), (new, {})))
                self.assertEqual(expected, changes(old_data, new_data))

    def test_ecs_logging(self):
        """Each pair differs as the guide from ecs-logging says."""
        self.check("from-ecs-logging")

    def test_python_json_logger(self):
        """Each pair differs as the guide from python-json-logger says."""
        self.check("from-python-json-logger")

    def test_json_log_formatter(self):
        """Each pair differs as the guide from json-log-formatter says."""
        self.check("from-json-log-formatter")

    def test_structlog(self):
        """Each pair differs as the guide from structlog says."""
        self.check("from-structlog")

    def test_python_logstash_async(self):
        """Each pair differs as the guide from python-logstash-async says."""
        self.check("from-python-logstash-async")

    def fields(self, record):
        """Return the ECS fields of *record* that are about a request."""
        data = leaves(json.loads(schemas.ECSFormatter(
            origin=False, process=False).format(record)))
        return {name: json.loads(value) for name, value in data.items()
                if name.partition(".")[0] in (
                    "http", "url", "client", "user_agent", "labels")}

    def test_flask(self):
        """The filter for Flask adds the request that is handled."""
        try:
            import flask
            from logstash_async.formatter import FlaskLogstashEcsFormatter
        except ImportError as error:
            self.skipTest("%s is not installed" % error.name)
        filter = namespace("from-python-logstash-async")["FlaskFilter"]()
        old = FlaskLogstashEcsFormatter(extra_prefix=None)
        app, record = flask.Flask("app"), logging.makeLogRecord({"msg": "x"})
        self.assertTrue(filter.filter(record))
        self.assertEqual({}, self.fields(record))
        with app.test_request_context("/cart?token=secret", headers={
                "User-Agent": "elvis", "X-Request-ID": "r1"},
                environ_base={"REMOTE_ADDR": "10.0.0.1"}):
            theirs = leaves(json.loads(old.format(copy.copy(record))))
            filter.filter(record)
        found = self.fields(record)
        self.assertEqual({
            "http.request.method": "GET", "http.request.id": "r1",
            "url.path": "/cart", "client.ip": "10.0.0.1",
            "user_agent.original": "elvis"}, found)
        for name in "http.request.method", "http.request.id", "client.ip":
            self.assertEqual(json.loads(theirs[name]), found[name])

    def test_django(self):
        """The filter for Django adds the request of Django's records."""
        try:
            from django.conf import settings
            from django.test import RequestFactory
        except ImportError as error:
            self.skipTest("%s is not installed" % error.name)
        if not settings.configured:
            settings.configure()
        filter = namespace("from-python-logstash-async")["DjangoFilter"]()
        request = RequestFactory().get("/cart?token=secret",
                                       HTTP_USER_AGENT="elvis")
        record = logging.makeLogRecord({
            "msg": "Not Found: /cart", "request": request,
            "status_code": 404})
        self.assertTrue(filter.filter(record))
        found = self.fields(record)
        self.assertEqual({
            "http.request.method": "GET", "url.path": "/cart",
            "client.ip": "127.0.0.1", "user_agent.original": "elvis",
            "http.response.status_code": 404, "labels.status_code": 404},
            found)

    def test_every_page_is_in_the_index(self):
        """The guides are there, and can be found."""
        index = (HOWTO.parent / "index.rst").read_text(encoding="utf-8")
        for page in PAGES:
            self.assertIn("howto/" + page, index)
            self.assertTrue(table(page))


if __name__ == "__main__":
    # For those who write a page: print the changes of its pairs.
    for page in sys.argv[1:]:
        for old, new, _ in table(page):
            data = [json.loads(eval(expression, {**namespace(page), **more}
                                    ).format(MigrationTest().record()))
                    for expression, more in ((old, old_namespace(page)),
                                             (new, {}))]
            print(old, new, " ".join(sorted(changes(*data))), sep="\n  ")
