"""A FastAPI application that logs each request, with its fields, to Logstash.

    LOGSTASH=localhost:5000 uvicorn --no-access-log fastapi_app:app

The middleware is one of ASGI's: it sees the status that is really sent,
and keeps what is known of the request in a context variable, where a
filter finds it.  For the address behind a proxy start uvicorn with
--forwarded-allow-ips.  What Kubernetes asks for, to see if the
application lives, is left out.
"""

import contextvars
import logging
import logging.config
import os
import time
import uuid

import fastapi

PROBES = {"/healthz", "/readyz"}

current = contextvars.ContextVar("current", default=None)
log = logging.getLogger("shop")


class RequestFields(logging.Filter):
    """Adds ECS fields of the request under way; drops records of probes."""

    def filter(self, record):
        fields = current.get()
        if fields is None:
            return True
        if fields["url"]["path"] in PROBES:
            return False
        record.__dict__.update(fields)
        return True


class LogRequests:
    """ASGI middleware that logs each request when it is done."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter_ns()
        headers = dict(scope["headers"])
        fields = {
            "http": {"request": {
                "method": scope["method"],
                "id": headers.get(b"x-request-id", b"")[:100].decode("latin-1")
                or uuid.uuid4().hex}},
            # Without the query, which may hold anything.
            "url": {"path": scope["path"]},
            "client": {"ip": (scope["client"] or [None])[0]}}

        async def send_and_look(message):
            if message["type"] == "http.response.start":
                fields["http"]["response"] = {
                    "status_code": message["status"]}
            await send(message)

        token = current.set(fields)
        try:
            await self.app(scope, receive, send_and_look)
        except Exception:
            # The server answers with 500 after this.
            fields["http"]["response"] = {"status_code": 500}
            raise
        finally:
            fields["event"] = {"duration": time.perf_counter_ns() - start}
            log.info("%s %s", scope["method"], scope["path"])
            current.reset(token)


logging.config.dictConfig({
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": RequestFields}},
    "handlers": {"logstash": {
        "class": "jsonlogging.contrib.logstash.LogstashHandler",
        "hosts": os.environ.get("LOGSTASH", "localhost:5000"),
        "filters": ["request"],
    }},
    "root": {"level": "INFO", "handlers": ["logstash"]},
})
app = fastapi.FastAPI()
app.add_middleware(LogRequests)


@app.get("/cart/{number}")
async def cart(number: int):
    log.info("cart read", extra={"cart": number})
    return {"cart": number}


@app.get("/broken")
async def broken():
    raise KeyError("price")


@app.get("/healthz")
async def healthz():
    return "ok"
