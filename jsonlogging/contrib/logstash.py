"""
A handler for Logstash: TCP lines, Beats, or HTTP.

TCP (the input "tcp" with the codec "json_lines") confirms nothing: what
the peer's system has taken in, and Logstash has not read when it goes
down, is lost, and nobody learns of it.  Beats and HTTP confirm what
Logstash has put into its queue.
"""

from __future__ import annotations

import json, re, struct, zlib
from collections import deque

from ._handler import PipelineHandler
from ._network import (Authorization, Broken, HTTPTransport,
                       NetworkTransport, Security, basic, judge_answer,
                       parse_hosts)
from ._transport import Refused, Result, Unavailable, check, check_number
from .schemas import ECSFormatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Any, Optional, Union
    from ._network import Address

__all__ = ["AckReader", "BeatsTransport", "LogstashHandler",
           "LogstashHTTPTransport", "TCPTransport", "frame_window",
           "is_event", "resume"]


# -- the protocols, as functions of bytes -----------------------------------

def resume(data: bytes, unconfirmed: int) -> bytes:
    """
    Return the lines of *data* that are not wholly confirmed.

    *data* is complete lines; its last *unconfirmed* bytes are those that
    the peer has not confirmed.
    """
    if unconfirmed <= 0:
        return b""
    first = max(0, len(data) - unconfirmed)
    return data[data.rfind(b"\n", 0, first) + 1:]


def frame_window(events: list[bytes], level: int = 3) -> bytes:
    """
    Return *events* as one window of the Beats protocol, version 2.

    The window counts its events from 1 on.  They are compressed, with
    zlib's *level*, unless that is 0.
    """
    frames = b"".join([
        b"2J" + struct.pack(">II", number, len(event)) + event
        for number, event in enumerate(events, 1)])
    if level:
        packed = zlib.compress(frames, level)
        frames = b"2C" + struct.pack(">I", len(packed)) + packed
    return b"2W" + struct.pack(">I", len(events)) + frames


class AckReader:
    """Finds the acknowledgements in what a Beats peer sends."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[int]:
        """
        Return the numbers that *data* completes.

        ValueError is raised for anything else than acknowledgements.
        """
        self._buffer += data
        numbers = []
        while self._buffer:
            if not b"2A".startswith(self._buffer[:2]):
                raise ValueError("no Beats answer: %r" % self._buffer[:40])
            if len(self._buffer) < 6:
                break
            numbers.append(struct.unpack(">I", self._buffer[2:6])[0])
            self._buffer = self._buffer[6:]
        return numbers


def is_event(data: bytes) -> bool:
    """Return whether *data* is a JSON object that any receiver reads."""
    try:
        return isinstance(json.loads(data, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(text: str) -> None:
    raise ValueError(text)


# -- transports -------------------------------------------------------------

class TCPTransport(NetworkTransport):
    """
    Lines over TCP, which nobody confirms.

    A batch is sent when the system has taken it.  The system knows how
    much of that the peer's system has confirmed, and lines that it has
    not are kept, to be sent first over the next connection.  Of these the
    last that the peer has read may come twice, since confirmations come
    late; what was confirmed and not read can be lost.
    """

    name = "Logstash (TCP)"
    kind = "logstash"

    def __init__(self, addresses: list[Address],
                 security: Optional[Security], timeout: float) -> None:
        super().__init__(addresses, security, timeout)
        self._connected = False
        self._recent: deque[bytes] = deque()    # what may be unconfirmed
        self._lost = b""        # lines of earlier batches, to send again

    def _send(self, events: list[bytes], again: bool) -> Result:
        counts = {}
        closed = self._look()
        if not self._connected:
            self.connection.connect()
            self._connected = True
            if self._lost:
                counts["resent"] = self._lost.count(b"\n")
                self._transmit(self._lost)
                self._lost = b""
        data = b"\n".join(events) + b"\n"
        try:
            self._transmit(data)
        except Unavailable as error:
            # The lines of this batch are the pipeline's to send again.
            own = self._lost[-len(data):]
            self._lost = self._lost[:-len(data)]
            sent = len(events) - own.count(b"\n")
            self.turn()
            return Result(sent, events[sent:], error=error, counts=counts)
        return Result(len(events), error=closed, counts=counts)

    def _look(self) -> Optional[Broken]:
        """
        See if the peer is still there, before anything is sent to it.

        What is wrong is returned, to be reported: a peer that closes each
        connection may have read nothing.
        """
        if self._connected:
            try:
                said = self.connection.poll()
            except Broken as error:
                self._lose(b"", 0)
                return error
            else:
                if said is not None:
                    raise Refused("%s answers, which Logstash does not: %r"
                                  % (self.address, said[:60]))
        return None

    def _transmit(self, data: bytes) -> None:
        """Send *data*; if that fails, see what must be sent again."""
        try:
            self.connection.send(data)
        except Unavailable as error:
            self._lose(data, len(data) - getattr(error, "sent", 0))
            raise
        self._recent.append(data)
        size = sum(map(len, self._recent))
        unconfirmed = self.connection.unconfirmed()
        while self._recent and size - len(self._recent[0]) >= unconfirmed:
            size -= len(self._recent.popleft())

    def _lose(self, data: bytes, unsent: int) -> None:
        """Give up the connection, over which *unsent* of *data* did not go."""
        unsent += self.connection.unconfirmed()
        lost = resume(b"".join(self._recent) + data, unsent)
        self.disconnect()
        self._lost = lost

    def disconnect(self) -> None:
        self._connected = False
        self._recent.clear()
        super().disconnect()

    def forget(self) -> None:
        self._connected = False
        self._recent.clear()
        self._lost = b""
        super().forget()


class BeatsTransport(NetworkTransport):
    """Windows of the Beats protocol, which the peer acknowledges."""

    name = "Logstash (Beats)"
    kind = "logstash"
    acknowledges = True

    def __init__(self, addresses: list[Address],
                 security: Optional[Security], timeout: float,
                 compression: int) -> None:
        check("compression", compression, compression in range(10),
              "a level from 0 (none) to 9")
        self._compression = compression
        super().__init__(addresses, security, timeout)
        self._reader: Optional[AckReader] = None    # of a connection
        self._suspicious = False

    def _send(self, events: list[bytes], again: bool) -> Result:
        if again and self._suspicious:
            # Perhaps one event makes the peer close the connection.
            self._suspicious = False
            bad = [event for event in events if not is_event(event)]
            if bad:
                return Result(0, [x for x in events if x not in set(bad)], [
                    (event, "no JSON object") for event in bad])
        if self._reader is not None:
            try:
                self.connection.poll()      # old keep-alives
            except Broken:
                self.disconnect()
        if self._reader is None:
            self.connection.connect()
            self._reader = AckReader()
        done = 0
        try:
            self.connection.send(frame_window(events, self._compression))
            while done < len(events):
                data = self.connection.receive(65536)
                if not data:
                    self._suspicious = not done
                    raise Broken("%s: closed without acknowledgement"
                                 % self.address)
                # Number 0 says: be patient.
                for number in self._reader.feed(data):
                    done = max(done, min(number, len(events)))
        except (ValueError, Unavailable) as error:
            if isinstance(error, ValueError):
                error = Refused("%s: %s" % (self.address, error))
            if not done:
                raise error
            self.turn()
            return Result(done, events[done:], error=error)
        return Result(len(events))

    def disconnect(self) -> None:
        self._reader = None
        super().disconnect()

    def forget(self) -> None:
        self._reader = None
        super().forget()


class LogstashHTTPTransport(HTTPTransport):
    """Batches for Logstash's http input, as lines or as one array."""

    name = "Logstash (HTTP)"
    kind = "logstash"

    def __init__(self, addresses: list[Address],
                 security: Optional[Security], timeout: float,
                 authorization: Optional[Authorization], compression: int,
                 path: str, body: str) -> None:
        check("path", path, re.fullmatch("/[!-~]*", path),
              "a path that begins with / and holds no blanks")
        check("body", body, body in ("ndjson", "json"), "'ndjson' or 'json'")
        self._path, self._body = path, body
        super().__init__(addresses, security, timeout, authorization,
                         compression)

    def _send(self, events: list[bytes], again: bool) -> Result:
        if self._body == "json":
            answer = self.request("POST", self._path, b"[" + b",".join(
                events) + b"]", "application/json")
        else:
            answer = self.request("POST", self._path, b"\n".join(events)
                                  + b"\n", "application/x-ndjson")
        judge_answer(answer, self.address)
        return Result(len(events))


class LogstashHandler(PipelineHandler):
    """
    Sends records to Logstash, in a thread of its own.

    *hosts* is a host or a list of hosts; the next one is used when one
    fails.  A host may name its port, as "host:port"; *port* is that of
    the others.  *transport* is "tcp" (input tcp with codec json_lines),
    "beats" (input beats) or "http" (input http).

    *tls* switches TLS on.  The peer's certificate must be valid for its
    host name, and signed by an authority that the system, or *ca_file*,
    trusts; or have the SHA-256 *fingerprint*.  *client_cert* and
    *client_key* are files with what proves who we are.
    *verify_hostname*=False trusts a certificate for any name;
    *ssl_context* replaces all of this.

    *timeout* is the number of seconds without progress after which a
    connection is given up.  *compression* is a level of zlib, for beats
    and http.  For http alone: *path*; *body*, which is "ndjson" (one
    event a line) or "json" (an array); *basic_auth*, "user:password", or
    *basic_auth_file*, which is read again after a refusal.

    The default formatter is ECSFormatter.  *options* are those of
    PipelineHandler, *level* that of logging.Handler.
    """

    def __init__(self, hosts: Union[str, list[str]], port: int = 5000,
                 transport: str = "tcp", *, tls: bool = False,
                 ca_file: Optional[str] = None,
                 client_cert: Optional[str] = None,
                 client_key: Optional[str] = None,
                 fingerprint: Optional[str] = None,
                 verify_hostname: bool = True,
                 ssl_context: Optional[ssl.SSLContext] = None,
                 timeout: float = 30.0, compression: int = 3,
                 path: str = "/", body: str = "ndjson",
                 basic_auth: Union[str, tuple[str, str], None] = None,
                 basic_auth_file: Optional[str] = None,
                 level: Union[int, str] = 0, **options: Any) -> None:
        check("transport", transport, transport in ("tcp", "beats", "http"),
              "'tcp', 'beats' or 'http'")
        check_number("port", port, 1, int)
        given = {"ca_file": ca_file, "client_cert": client_cert,
                 "client_key": client_key, "fingerprint": fingerprint,
                 "ssl_context": ssl_context}
        for option, value in given.items():
            check(option, value, tls or value is None,
                  "given together with tls=True")
        credentials = basic_auth or basic_auth_file
        check("transport", transport, transport == "http" or not credentials,
              "'http' if there is a basic_auth")
        addresses = parse_hosts(hosts, port, tls)
        security = Security(ca_file, client_cert, client_key, fingerprint,
                            verify_hostname, ssl_context) if tls else None
        made: NetworkTransport
        if transport == "tcp":
            made = TCPTransport(addresses, security, timeout)
        elif transport == "beats":
            made = BeatsTransport(addresses, security, timeout, compression)
        else:
            made = LogstashHTTPTransport(
                addresses, security, timeout, Authorization(
                    basic, basic_auth, basic_auth_file), compression, path,
                body)
            options.setdefault("linger", 0.1)
        super().__init__(made, level, **options)
        self.setFormatter(ECSFormatter())
