"""A Flask application that logs each request, with its fields, to Logstash.

    LOGSTASH=localhost:5000 flask --app flask_app run

The handler comes from the configuration alone and sends in the
background.  A filter puts what is known of the request on every record
that is logged while it lasts.  What Kubernetes asks for, to see if the
application lives, is left out.
"""

import logging
import logging.config
import os
import time
import uuid

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

PROBES = {"/healthz", "/readyz"}


class RequestFields(logging.Filter):
    """Adds ECS fields of the request under way; drops records of probes."""

    def filter(self, record):
        if not flask.has_request_context():
            return True
        request, g = flask.request, flask.g
        if request.path in PROBES:
            return False
        record.http = {"request": {"method": request.method,
                                   "id": g.get("request_id")}}
        # Without the query, which may hold anything.
        record.url = {"path": request.path}
        record.client = {"ip": request.remote_addr}
        if "status" in g:
            record.http["response"] = {"status_code": g.status}
            record.event = {"duration": time.perf_counter_ns() - g.start}
        return True


CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": RequestFields}},
    "handlers": {"logstash": {
        "class": "jsonlogging.contrib.logstash.LogstashHandler",
        "hosts": os.environ.get("LOGSTASH", "localhost:5000"),
        "filters": ["request"],
    }},
    "root": {"level": "INFO", "handlers": ["logstash"]},
    # Werkzeug's own access log: one record for each request is enough.
    "loggers": {"werkzeug": {"level": "WARNING"}},
}


def create_app():
    logging.config.dictConfig(CONFIG)
    app = flask.Flask(__name__)
    # One proxy in front, which says in X-Forwarded-For who the client is.
    # Without a proxy anybody could say anything there: leave this out.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)
    log = logging.getLogger("shop")

    @app.before_request
    def begin():
        flask.g.start = time.perf_counter_ns()
        flask.g.request_id = flask.request.headers.get(
            "X-Request-ID", "")[:100] or uuid.uuid4().hex

    @app.after_request
    def end(response):
        flask.g.status = response.status_code
        log.info("%s %s", flask.request.method, flask.request.path)
        return response

    @app.get("/cart/<int:number>")
    def cart(number):
        log.info("cart read", extra={"cart": number})
        return {"cart": number}

    @app.get("/broken")
    def broken():
        raise KeyError("price")

    @app.get("/healthz")
    def healthz():
        return "ok"

    return app
