"""A Django application that logs each request, with its fields, to Logstash.

    LOGSTASH=localhost:5000 python django_app.py runserver --noreload

Django passes LOGGING to dictConfig.  The middleware comes first: it keeps
what is known of the request where a filter finds it, in a context
variable, which threads and coroutines each have for themselves.  What
Kubernetes asks for, to see if the application lives, is left out.
"""

import contextvars
import logging
import os
import sys
import time
import uuid

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path

PROBES = {"/healthz", "/readyz"}
# How many proxies in front add to X-Forwarded-For; the last entries are
# theirs, the others are what anybody may have sent.
PROXIES = 1

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


def client_address(request):
    """Return the address of the client behind our proxies."""
    forwarded = [item.strip() for item in request.META.get(
        "HTTP_X_FORWARDED_FOR", "").split(",") if item.strip()]
    if PROXIES and len(forwarded) >= PROXIES:
        return forwarded[-PROXIES]
    return request.META.get("REMOTE_ADDR")


def log_requests(get_response):
    """Middleware that logs each request when it is done."""
    def middleware(request):
        start = time.perf_counter_ns()
        fields = {
            "http": {"request": {
                "method": request.method,
                "id": request.headers.get("X-Request-ID", "")[:100]
                or uuid.uuid4().hex}},
            # Without the query, which may hold anything.
            "url": {"path": request.path},
            "client": {"ip": client_address(request)}}
        token = current.set(fields)
        try:
            response = get_response(request)
            fields["http"]["response"] = {"status_code": response.status_code}
            fields["event"] = {"duration": time.perf_counter_ns() - start}
            log.info("%s %s", request.method, request.path)
            return response
        finally:
            current.reset(token)
    return middleware


def cart(request, number):
    log.info("cart read", extra={"cart": number})
    return JsonResponse({"cart": number})


def broken(request):
    raise KeyError("price")


def healthz(request):
    return HttpResponse("ok")


urlpatterns = [path("cart/<int:number>", cart), path("broken", broken),
               path("healthz", healthz)]

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only an example",
    MIDDLEWARE=[__name__ + ".log_requests"],
    LOGGING={
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": RequestFields}},
        "handlers": {"logstash": {
            "class": "jsonlogging.contrib.logstash.LogstashHandler",
            "hosts": os.environ.get("LOGSTASH", "localhost:5000"),
            "filters": ["request"],
        }},
        "root": {"level": "INFO", "handlers": ["logstash"]},
        # Its access log: one record for each request is enough.
        "loggers": {"django.server": {"level": "WARNING"}},
    })
django.setup()
application = get_wsgi_application()

if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
