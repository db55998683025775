"""
A handler for Elasticsearch, OpenSearch and Elastic Cloud: _bulk.

Each event gets an _id of its own before it is sent for the first time, and
is sent with "create": so a second attempt at the same event creates no
second document, as long as the index behind the data stream is the same.
"""

from __future__ import annotations

import base64, hashlib, itertools, json, re, secrets, urllib.parse

from ._ecs_types import FIELDS
from ._handler import PipelineHandler
from ._network import (Address, Authorization, HTTPTransport, Security, basic,
                       judge_answer, parse_urls)
from ._transport import Refused, Result, Unavailable, check, check_number
from .schemas import ECSFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Optional, Union
    from ._transport import Rejected

__all__ = ["BulkTransport", "DATA_STREAM", "ElasticsearchHandler",
           "api_key_header", "bulk_body", "check_name", "index_template",
           "judge_items", "parse_cloud_id", "read_reply"]

FILTER = ("filter_path=errors,items.*.status,items.*.error.type,"
          "items.*.error.reason,items.*.failure_store")
DATA_STREAM = "logs-python-default"


# -- the protocol, as functions of bytes and text ----------------------------

def bulk_body(events: list[bytes]) -> bytes:
    """Return the body that creates *events*, each an id, a space, JSON."""
    parts = []
    for event in events:
        id, _, source = event.partition(b" ")
        parts += [b'{"create":{"_id":"', id, b'"}}\n', source, b"\n"]
    return b"".join(parts)


def read_reply(body: bytes, count: int) -> list[dict[str, Any]]:
    """
    Return what the reply to a bulk request says of each of *count* items.

    ValueError is raised if it is no such reply.
    """
    try:
        reply = json.loads(body)
        items = [item["create"] for item in reply["items"]]
        statuses = [item["status"] for item in items]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError("no bulk reply: %r" % body[:200]) from error
    if len(items) != count or not all(type(x) is int for x in statuses):
        raise ValueError("a bulk reply for %d items, not %d"
                         % (len(items), count))
    return items


def judge_items(events: list[bytes], items: list[dict[str, Any]],
                again: bool) -> Result:
    """
    Return what became of *events*, of which a reply says *items*.

    *again*: they may have been sent before, so that one that is there
    already is no surprise.
    """
    result = Result(0)
    for event, item in zip(events, items):
        status, error = item["status"], item.get("error")
        if isinstance(error, dict):
            error = "%s: %s" % (error.get("type"), error.get("reason"))
        reason = "status %d: %s" % (status, error)
        name = None
        if status in (200, 201) or status == 409 and again:
            result.sent += 1
            if status == 409:
                name = "duplicates"
            elif item.get("failure_store") == "used":
                name = "failure_store"
        elif status == 409:
            # Not ours: somebody else's, or a copy of this machine.
            # It gets another id when it is sent from the dead letters.
            name = "collisions"
            result.rejected.append((b" " + event.partition(b" ")[2],
                                    "its _id was there already"))
        elif status in (401, 403, 404):
            result.retry.append(event)
            result.error = Refused(reason)
        elif status in (408, 429) or status >= 500:
            result.retry.append(event)
            result.error = result.error or Unavailable(reason)
        else:
            result.rejected.append((event, reason))
        if name:
            result.counts[name] = result.counts.get(name, 0) + 1
    return result


def parse_cloud_id(cloud_id: str) -> tuple[str, int]:
    """
    Return host and port of the Elasticsearch that *cloud_id* names.

    It is read as Logstash reads it: "label:" may be missing, a port of
    the part of Elasticsearch goes before that of the host.
    """
    data = cloud_id.rpartition(":")[2]
    problem = "a Cloud ID as Elastic Cloud shows it"
    try:
        text = base64.b64decode(data, validate=True).decode("ascii")
    except ValueError:
        text = ""
    segments = text.split("$")
    check("cloud_id", cloud_id, len(segments) > 1 and segments[0]
          and segments[1] not in ("", "undefined"), problem)
    host, _, port = segments[0].partition(":")
    name, _, own_port = segments[1].partition(":")
    number = own_port or port or "443"
    check("cloud_id", cloud_id, host and name and re.fullmatch(
        "[0-9]{1,5}", number) and 0 < int(number) < 65536 and not re.search(
            r"[\s/@:]", host + name), problem)
    return "%s.%s" % (name, host), int(number)


def api_key_header(key: object) -> str:
    """
    Return the header for an API key in any of its spellings.

    These are "id:api_key" or a pair of both, the base64 of that, which is
    what Elasticsearch calls "encoded", and the "essu_..." of Serverless.
    """
    if isinstance(key, (list, tuple)) and len(key) == 2:
        key = "%s:%s" % tuple(key)
    # Not check(): it would show the key.
    if not isinstance(key, str) or not re.fullmatch(r"[!-~]+", key):
        raise ValueError("api_key must be 'id:api_key', a pair of these, "
                         "their base64, or 'essu_...'")
    if ":" in key:
        key = base64.b64encode(key.encode()).decode()
    elif not key.startswith("essu_"):
        try:
            known = b":" in base64.b64decode(key, validate=True)
        except ValueError:
            known = False
        if not known:
            raise ValueError("api_key is neither 'id:api_key' nor the base64 "
                             "of that, nor begins with 'essu_'")
    return "ApiKey " + key


def check_name(option: str, name: object) -> str:
    """Return *name*, if it can be that of an index or a data stream."""
    check(option, name, isinstance(name, str) and re.fullmatch(
        r"[^-_+.A-Z\\/*?\"<>| ,#:\s][^A-Z\\/*?\"<>| ,#:\s]*", name)
        and len(name.encode("utf-8", "replace")) <= 255,
        r"lower-case, without any of \ / * ? \" < > | , # : and blanks, not "
        "beginning with one of - _ + . and at most 255 bytes")
    assert isinstance(name, str)
    return name


# -- the transport ----------------------------------------------------------

class BulkTransport(HTTPTransport):
    """Bulk requests to *target*, an index or a data stream."""

    name = "Elasticsearch"

    def __init__(self, addresses: list[Address],
                 security: Optional[Security], timeout: float,
                 authorization: Optional[Authorization], compression: int,
                 target: str) -> None:
        self.kind = "elasticsearch" + hashlib.sha256(
            target.encode()).hexdigest()[:16]
        self._path = "/%s/_bulk?%s" % (
            urllib.parse.quote(target, safe=""), FILTER)
        self._draw()
        super().__init__(addresses, security, timeout, authorization,
                         compression)

    def _draw(self) -> None:
        """Draw the prefix of this process's ids."""
        # In one process ids ascend, which an index likes.
        self._prefix = secrets.token_hex(10).encode()
        self._numbers = itertools.count()

    def draw(self) -> bytes:
        """Return an id that no other event has, and no other draws."""
        return b"%s%010x" % (self._prefix, next(self._numbers))

    def encode(self, lines: list[Any]) -> tuple[list[bytes], Rejected]:
        """Return *lines* with their ids in front."""
        sources, rejected = super().encode(lines)
        return [b"%s %s" % (self.draw(), source)
                for source in sources], [
                    (b" " + source, reason) for source, reason in rejected]

    def letter(self, event: bytes) -> dict[str, str]:
        id, _, source = event.partition(b" ")
        return {"id": id.decode(),
                "event": source.decode("utf-8", "backslashreplace")}

    def read_letter(self, letter: dict[str, Any]) -> bytes:
        id = letter.get("id")
        # One id that cannot be would fail a whole request.
        fits = isinstance(id, str) and re.fullmatch("[-_0-9A-Za-z]{1,512}",
                                                    id)
        return b"%s %s" % (str(id).encode() if fits else self.draw(),
                           super().read_letter(letter))

    def _send(self, events: list[bytes], again: bool) -> Result:
        answer = self.request("POST", self._path, bulk_body(events),
                              "application/x-ndjson")
        judge_answer(answer, self.address)
        try:
            items = read_reply(answer.body, len(events))
        except ValueError as error:
            raise Unavailable("%s: %s" % (self.address, error)) from error
        result = judge_items(events, items, again)
        if result.retry and not result.sent:
            self.turn()
        return result

    def forget(self) -> None:
        self._draw()
        super().forget()


class ElasticsearchHandler(PipelineHandler):
    """
    Sends records to Elasticsearch, in a thread of its own.

    *hosts* is a URL or a list of URLs, the next of which is used when one
    fails; *cloud_id* stands for them.  *data_stream*, or else *index*, is
    where the documents go: "logs-python-default" if neither is given.

    *api_key* is "id:api_key", a pair of these, or the encoded form;
    *basic_auth* is "user:password" or a pair.  Either may be in a file,
    *api_key_file* or *basic_auth_file*, which is read again after a
    refusal.

    *ca_file*, *client_cert*, *client_key*, *fingerprint*,
    *verify_hostname*, *ssl_context* and *timeout* are those of
    LogstashHandler.  *compression* is the level of gzip.  Longer lines
    than *max_event_bytes* are not sent.

    The default formatter is ECSFormatter.  *options* are those of
    PipelineHandler, *level* that of logging.Handler.
    """

    def __init__(self, hosts: Union[str, list[str], None] = None, *,
                 cloud_id: Optional[str] = None,
                 data_stream: Optional[str] = None,
                 index: Optional[str] = None,
                 api_key: Union[str, tuple[str, str], None] = None,
                 api_key_file: Optional[str] = None,
                 basic_auth: Union[str, tuple[str, str], None] = None,
                 basic_auth_file: Optional[str] = None,
                 ca_file: Optional[str] = None,
                 client_cert: Optional[str] = None,
                 client_key: Optional[str] = None,
                 fingerprint: Optional[str] = None,
                 verify_hostname: bool = True,
                 ssl_context: Optional[ssl.SSLContext] = None,
                 timeout: float = 60.0, compression: int = 1,
                 max_event_bytes: int = 10 * 2**20,
                 level: Union[int, str] = 0, **options: Any) -> None:
        if (hosts is None) == (cloud_id is None):
            raise ValueError("either hosts or cloud_id must be given")
        if data_stream is not None and index is not None:
            raise ValueError("data_stream and index exclude each other")
        given = [option for option, value in (
            ("api_key", api_key), ("api_key_file", api_key_file),
            ("basic_auth", basic_auth), ("basic_auth_file", basic_auth_file))
            if value is not None]
        if len(given) > 1:
            raise ValueError("%s exclude each other" % " and ".join(given))
        check_number("max_event_bytes", max_event_bytes, 1, int)
        if cloud_id is not None:
            addresses = [Address(*parse_cloud_id(cloud_id), tls=True)]
        else:
            addresses = parse_urls(hosts, 9200)
        if basic_auth is not None or basic_auth_file is not None:
            authorization = Authorization(basic, basic_auth, basic_auth_file)
        else:
            authorization = Authorization(api_key_header, api_key,
                                          api_key_file)
        target = (check_name("index", index) if index is not None else
                  check_name("data_stream", data_stream or DATA_STREAM))
        transport = BulkTransport(
            addresses, Security(ca_file, client_cert, client_key,
                                fingerprint, verify_hostname, ssl_context),
            timeout, authorization, compression, target)
        transport.max_event_bytes = max_event_bytes
        options.setdefault("linger", 0.1)
        super().__init__(transport, level, **options)
        self.setFormatter(ECSFormatter())


# -- the index template -----------------------------------------------------

def _ecs_templates() -> list[dict[str, Any]]:
    """Return templates of ECS's fields whose values do not tell the type."""
    names: dict[str, list[str]] = {}
    for name, kind in FIELDS.items():
        kind = kind.rstrip("[]")
        kind = "float" if kind in ("double", "scaled_float") else kind
        names.setdefault(kind, []).append(name)
    return [{"ecs_" + kind: {
        "path_match": names[kind], "match_mapping_type": come,
        "mapping": {"type": kind}}}
        for kind, come in (("date", "string"), ("ip", "string"),
                           ("float", "long"), ("flattened", "object"),
                           ("geo_point", "object"))]


def index_template(pattern: str = "logs-python-*") -> dict[str, Any]:
    """
    Return the index template for data streams that match *pattern*.

    "labels" is flattened: one field, whatever keys there are, so that
    neither their number nor a change of type refuses a document.  Its
    values are keywords: there are no numeric ranges and no sums of them.
    Other new fields are mapped as ECS says if they are its own, else as
    they come, until there are too many; then they are stored without
    being indexed.
    """
    keyword = {"type": "keyword", "ignore_above": 1024}
    text = {"type": "text"}

    def fields(**properties: Any) -> dict[str, Any]:
        return {"properties": properties}

    return {
        "index_patterns": [pattern],
        "data_stream": {},
        # Above 100, that of Elasticsearch's own logs-*-*.
        "priority": 200,
        "template": {
            "settings": {
                "index.mapping.ignore_malformed": True,
                "index.mapping.total_fields.limit": 1000,
                "index.mapping.total_fields.ignore_dynamic_beyond_limit":
                    True},
            "mappings": {
                "date_detection": False,
                "dynamic_templates": [*_ecs_templates(), {"strings": {
                    "match_mapping_type": "string", "mapping": keyword}}],
                "properties": {
                    "@timestamp": {"type": "date",
                                   "ignore_malformed": False},
                    "message": text,
                    "ecs": fields(version=keyword),
                    "labels": {"type": "flattened", "ignore_above": 1024},
                    "tags": keyword,
                    "log": fields(
                        level=keyword, logger=keyword, origin=fields(
                            file=fields(name=keyword,
                                        line={"type": "long"}),
                            function=keyword)),
                    "error": fields(type=keyword, message=text,
                                    stack_trace=text),
                    "process": fields(
                        pid={"type": "long"}, name=keyword, thread=fields(
                            id={"type": "long"}, name=keyword)),
                    "event": fields(duration={"type": "long"},
                                    dataset=keyword, outcome=keyword),
                    "service": fields(name=keyword, version=keyword,
                                      environment=keyword),
                    "trace": fields(id=keyword),
                    "transaction": fields(id=keyword),
                    "span": fields(id=keyword),
                    "http": fields(
                        request=fields(method=keyword, id=keyword),
                        response=fields(status_code={"type": "long"})),
                    "url": fields(path=keyword, domain=keyword),
                    "client": fields(ip={"type": "ip"}, address=keyword),
                    "user_agent": fields(original=keyword)}}},
        "_meta": {"description": "ECS logs of Python programs, made by "
                                 "python -m jsonlogging"}}
