"""
Connections of which every wait has an end, and HTTP on top of them.

Sockets do not block here.  What waits does so in slices, and calls *tick*
between two of them, which may raise an exception to stop it: so a handler
can be closed in time whatever its peer does.  Only the resolution of a
name cannot be stopped.

Nothing is imported when a connection is made, not even a codec: a fork at
that moment would leave the child a module that is half there.

All errors come out as those of a pipeline: Unavailable for what may pass,
Refused for what somebody has to mend.
"""

from __future__ import annotations

import base64, hashlib, hmac, http.client, io, os, re, socket, ssl, struct
import sys, time, urllib.parse, zlib

try:
    import fcntl
except ImportError:     # Windows
    pass

from ._transport import (Refused, Result, Transport, Unavailable, Unfit, check,
                         check_number, is_ready)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Optional, Union

__all__ = ["Address", "Answer", "Authorization", "Broken", "Connection",
           "HTTPClient", "HTTPTransport", "NetworkTransport", "Security",
           "basic", "judge_answer", "parse_hosts", "parse_urls"]

MAX_ANSWER = 64 * 2**20     # bytes; the answer to a batch is far smaller
# Seconds, at most, for each address of a name: some may lead nowhere.
CONNECT = 10.0
SIOCOUTQ = 0x5411           # of Linux: how much the peer has not confirmed


class Broken(Unavailable):
    """A connection ended, or nothing moved on it for too long."""


class Address:
    """
    A peer: *prefix* is the first part of the paths of its URLs.

    A UnicodeError, a ValueError, is raised if *host* can be no host.
    """

    def __init__(self, host: str, port: int, tls: bool = False,
                 prefix: str = "") -> None:
        if not host.isascii():
            host = host.encode("idna").decode()
        self.host, self.port = host, port
        self.tls, self.prefix = tls, prefix

    def __str__(self) -> str:
        host = "[%s]" % self.host if ":" in self.host else self.host
        return "%s:%d" % (host, self.port)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Address)
                and self.__dict__ == other.__dict__)

    __hash__ = None     # type: ignore[assignment]


def _as_list(option: str, value: object) -> list[str]:
    values = [value] if isinstance(value, str) else value
    # dictConfig makes its own kind of list of a list.
    if not isinstance(values, (list, tuple)) or not values:
        raise TypeError("%s must be a string or a list of strings, not %r"
                        % (option, value))
    for item in values:
        if not isinstance(item, str):
            raise TypeError("%s must hold strings, not %r" % (option, item))
    return list(values)


def parse_hosts(hosts: object, port: int, tls: bool) -> list[Address]:
    """
    Return the addresses that *hosts* names, a host or a list of hosts.

    Each is a name, an IPv4 address, or an IPv6 address in brackets, with
    ":port" behind it if it is not *port*.
    """
    found = []
    for host in _as_list("hosts", hosts):
        match = re.fullmatch(r"(\[[0-9A-Fa-f:.%\w]+\]|[^:\[\]/@\s]+)"
                             r"(?::([0-9]{1,5}))?", host)
        number = int(match[2] or port) if match else 0
        check("hosts", host, match and 0 < number < 65536,
              "'host' or 'host:port' or '[IPv6]:port'")
        assert match is not None
        found.append(Address(match[1].strip("[]"), number, tls))
    return found


def parse_urls(hosts: object, port: int) -> list[Address]:
    """
    Return the addresses that *hosts* names, a URL or a list of URLs.

    *port* is that of a URL without one.
    """
    found = []
    for url in _as_list("hosts", hosts):
        try:
            parts = urllib.parse.urlsplit(url)
            number = parts.port or port
        except ValueError:
            parts, number = urllib.parse.urlsplit(""), 0
        if parts.username is not None:
            # The value itself must not go into an error message.
            raise ValueError("hosts must not hold user and password: "
                             "that is what basic_auth is for")
        check("hosts", url, parts.scheme in ("http", "https")
              and parts.hostname and not parts.query and not parts.fragment
              and re.fullmatch("[!-~]*", parts.path),
              "'https://host' or 'https://host:port', or with http")
        found.append(Address(parts.hostname or "", number,
                             parts.scheme == "https",
                             parts.path.rstrip("/")))
    return found


# -- credentials ------------------------------------------------------------

def basic(credentials: object) -> str:
    """Return the header for "user:password", or for a pair of them."""
    if isinstance(credentials, (list, tuple)) and len(credentials) == 2:
        credentials = "%s:%s" % tuple(credentials)
    # Not check(): it would show the password.
    if not isinstance(credentials, str) or not credentials.partition(":")[1]:
        raise ValueError("basic_auth must be 'user:password' or a pair")
    return "Basic " + base64.b64encode(credentials.encode()).decode()


class Authorization:
    """
    The value of the header of this name.

    *make* makes it of *value*, or of what the file at *path* holds, which
    is read again when the peer refuses it.  Of both only one is given.
    """

    def __init__(self, make: Callable[[Any], str], value: object = None,
                 path: Optional[str] = None) -> None:
        self.path, self._spell = path, make
        self.header = None if value is None else make(value)
        if path is not None:
            self.header = self._read()

    def _read(self) -> str:
        assert self.path is not None
        with open(self.path, encoding="utf-8") as file:
            return self._spell(file.read().strip())

    def renew(self) -> bool:
        """Read the file again; return whether it now says another thing."""
        if self.path is None:
            return False
        before = self.header
        try:
            self.header = self._read()
        except (OSError, ValueError):
            return False
        return self.header != before


# -- TLS --------------------------------------------------------------------

class Security:
    """
    How a connection is encrypted, and how its peer proves who it is.

    *ca_file* holds the certificates that are trusted instead of the
    system's.  *client_cert* and *client_key* are files; the certificate's
    may hold the key.  *fingerprint* is the SHA-256 of the peer's
    certificate, or, from Python 3.10 on, of one that has signed it: then
    no other trust is needed.  *context* stands for all of that.  The host
    name is checked, unless *verify_hostname* is false, or *fingerprint*
    is that of the peer's own certificate.
    """

    def __init__(self, ca_file: Optional[str] = None,
                 client_cert: Optional[str] = None,
                 client_key: Optional[str] = None,
                 fingerprint: Optional[str] = None,
                 verify_hostname: bool = True,
                 context: Optional[ssl.SSLContext] = None) -> None:
        self._client = client_cert, client_key
        self._verify_hostname = verify_hostname
        self._fingerprint = None
        if fingerprint is not None:
            digits = fingerprint.replace(":", "").lower()
            check("fingerprint", fingerprint, re.fullmatch(
                "[0-9a-f]{64}", digits), "64 hexadecimal digits, a SHA-256")
            self._fingerprint = bytes.fromhex(digits)
        check("client_key", client_key, client_cert or not client_key,
              "given together with client_cert")
        check("ssl_context", context, context is None or not (
            ca_file or client_cert or fingerprint),
              "given alone, without certificate options")
        if context is not None:
            self._context = context
        elif self._fingerprint is not None:
            check("fingerprint", fingerprint, not ca_file,
                  "given without ca_file")
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE
        else:
            self._context = ssl.create_default_context(cafile=ca_file)
            self._context.check_hostname = verify_hostname
        if client_cert is not None:
            self._context.load_cert_chain(client_cert, client_key)

    def wrap(self, sock: socket.socket, host: str) -> ssl.SSLSocket:
        """Return *sock* with TLS, the handshake still to be done."""
        # Bytes: see Connection.connect().
        return self._context.wrap_socket(
            sock, server_hostname=host.encode(),
            do_handshake_on_connect=False)

    def accept(self, sock: ssl.SSLSocket) -> bool:
        """
        Return whether the peer that the handshake showed is the right one.

        If not, but one is in sight, another connection may be accepted.
        """
        if self._fingerprint is None:
            return True
        leaf = sock.getpeercert(True) or b""
        if hmac.compare_digest(hashlib.sha256(leaf).digest(),
                               self._fingerprint):
            return True
        for certificate in _chain(sock):
            if hmac.compare_digest(hashlib.sha256(certificate).digest(),
                                   self._fingerprint):
                # Anybody can show it.  Who has been signed by it can
                # prove that, in a handshake in which it is trusted.
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = self._verify_hostname
                context.load_verify_locations(
                    cadata=ssl.DER_cert_to_PEM_cert(certificate))
                cert, key = self._client
                if cert is not None:
                    context.load_cert_chain(cert, key)
                self._context, self._fingerprint = context, None
                return False
        hint = ("" if sys.version_info >= (3, 10) else
                "; before Python 3.10 only the peer's own certificate counts")
        raise Refused("no certificate has the fingerprint" + hint)


def _chain(sock: ssl.SSLSocket) -> Sequence[bytes]:
    """Return the certificates that the peer has shown."""
    # Public since 3.13, in the C object since 3.10.
    for owner in sock, getattr(sock, "_sslobj", None):
        method = getattr(owner, "get_unverified_chain", None)
        if method is not None:
            return [item if isinstance(item, bytes) else
                    ssl.PEM_cert_to_DER_cert(item.public_bytes())
                    for item in method() or ()]
    return []


# -- connections ------------------------------------------------------------

class Connection:
    """
    A connection to *address*, with TLS if *security* is given.

    Nothing that is waited for takes longer than *timeout* seconds without
    any progress.
    """

    def __init__(self, address: Address, security: Optional[Security],
                 timeout: float, tick: Callable[[], float], *,
                 clock: Callable[[], float] = time.monotonic,
                 resolve: Callable[..., Any] = socket.getaddrinfo) -> None:
        self.address, self.security, self.timeout = address, security, timeout
        self._tick, self._clock, self._getaddrinfo = tick, clock, resolve
        self.deadline: Optional[float] = None   # for receive() as a whole
        self._sock: Union[socket.socket, ssl.SSLSocket, None] = None

    def after(self, seconds: float) -> float:
        """Return the time of the clock in *seconds*."""
        return self._clock() + seconds

    def connect(self) -> None:
        """Connect; Unavailable or Refused is raised if that cannot be."""
        try:
            # A str would be encoded by a codec that is not loaded yet.
            infos = self._getaddrinfo(
                self.address.host.encode(), self.address.port,
                type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unavailable("%s: %s" % (self.address, error)) from error
        problem: Optional[Unavailable] = None
        for family, kind, protocol, _, address in infos:
            try:
                self._connect(family, kind, protocol, address)
                if self.security is not None and not self._handshake():
                    self.close()
                    self._connect(family, kind, protocol, address)
                    self._handshake()
                return
            except Unavailable as error:
                self.close()
                problem = error
            except BaseException:
                self.close()
                raise
        raise problem or Unavailable("%s: no address" % self.address)

    def _connect(self, family: int, kind: int, protocol: int,
                 address: Any) -> None:
        try:
            self._sock = sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Else a vanished peer is noticed after a quarter of an hour.
                sock.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT,
                    max(1, min(int(self.timeout * 1000), 2**31 - 1)))
            try:
                sock.connect(address)
            except BlockingIOError:
                self._wait(True, self._clock() + min(self.timeout, CONNECT),
                           "connecting")
                number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number:
                    raise OSError(number, os.strerror(number))
        except OSError as error:
            raise self._broken(error) from error

    def _handshake(self) -> bool:
        """Do the TLS handshake; return whether the connection is good."""
        assert self.security is not None and self._sock is not None
        self._sock = sock = self.security.wrap(self._sock, self.address.host)
        deadline = self._clock() + self.timeout
        try:
            while True:
                try:
                    sock.do_handshake()
                    return self.security.accept(sock)
                except ssl.SSLWantReadError:
                    self._wait(False, deadline, "in the TLS handshake; "
                               "does the peer speak TLS?")
                except ssl.SSLWantWriteError:
                    self._wait(True, deadline, "in the TLS handshake")
        except Refused as error:
            raise Refused("%s: %s" % (self.address, error)) from None
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> Unavailable:
        """Return what *error* means."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return Refused("%s: the certificate is not accepted: %s" % (
                self.address, error.verify_message))
        if isinstance(error, ssl.SSLError) and not isinstance(
                error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
            if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST",
                                "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG",
                                "RECORD_LAYER_FAILURE"):
                return Refused("%s does not speak TLS" % self.address)
            return Refused("%s: TLS: %s" % (
                self.address, error.reason or error))
        return Broken("%s: %s" % (self.address, error.strerror or error))

    def _wait(self, write: bool, deadline: float, doing: str) -> None:
        """Wait until the socket is ready; Broken is raised at *deadline*."""
        assert self._sock is not None
        while not is_ready(self._sock, write, min(
                self._tick(), max(0, deadline - self._clock()))):
            if self._clock() >= deadline:
                raise Broken("%s: timed out %s" % (self.address, doing))

    def send(self, data: bytes) -> None:
        """Send *data*; *sent* of a Broken is how much the system took."""
        assert self._sock is not None
        done = 0
        view = memoryview(data)
        try:
            while done < len(view):
                deadline = self._clock() + self.timeout
                try:
                    done += self._sock.send(view[done:])
                except (BlockingIOError, ssl.SSLWantWriteError):
                    self._wait(True, deadline, "sending")
                except ssl.SSLWantReadError:
                    self._wait(False, deadline, "sending")
        except OSError as error:
            problem = self._broken(error)
            problem.sent = done     # type: ignore[attr-defined]
            raise problem from error
        except Unavailable as error:
            error.sent = done       # type: ignore[attr-defined]
            raise

    def receive(self, size: int) -> bytes:
        """Return at most *size* bytes; none if the peer has closed."""
        assert self._sock is not None
        deadline = (self._clock() + self.timeout if self.deadline is None
                    else self.deadline)
        try:
            while True:
                try:
                    return self._sock.recv(size)
                except (BlockingIOError, ssl.SSLWantReadError):
                    self._wait(False, deadline, "waiting for an answer")
                except ssl.SSLWantWriteError:
                    self._wait(True, deadline, "waiting for an answer")
        except ssl.SSLEOFError:
            return b""
        except OSError as error:
            raise self._broken(error) from error

    def poll(self) -> Optional[bytes]:
        """
        Return what the peer has sent, None if that is nothing.

        Broken is raised if it has closed the connection.
        """
        assert self._sock is not None
        try:
            data = self._sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError,
                ssl.SSLWantWriteError):
            return None
        except OSError as error:
            raise self._broken(error) from error
        if not data:
            raise Broken("%s: closed by the peer" % self.address)
        return data

    def unconfirmed(self) -> int:
        """Return how much the peer's system has not yet confirmed."""
        if self._sock is not None and sys.platform == "linux":
            try:
                answer = fcntl.ioctl(self._sock.fileno(), SIOCOUTQ, bytes(4))
                count: int = struct.unpack("i", answer)[0]
                return max(0, count)
            except OSError:
                pass
        return 0

    def close(self) -> None:
        """Close the connection; what was sent goes out."""
        sock, self._sock = self._sock, None
        if sock is not None:
            try:
                if isinstance(sock, ssl.SSLSocket):
                    sock.unwrap().close()   # says that this is the end
            except (OSError, ValueError):
                pass
            sock.close()

    def forget(self) -> None:
        """Close the descriptor, and say nothing to the peer."""
        sock, self._sock = self._sock, None
        if sock is not None:
            number = sock.detach()
            if number >= 0:
                os.close(number)


# -- HTTP -------------------------------------------------------------------

class _Reader(io.RawIOBase):
    """What a connection receives, as http.client wants it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._connection.receive(len(buffer))
        buffer[:len(data)] = data
        return len(data)


class _Socket:
    """A connection, as http.client wants it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.sendall = connection.send

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._connection))

    def close(self) -> None:
        """The client closes the connection."""


class Answer:
    """The answer to an HTTP request."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def retry_after(self) -> Optional[float]:
        """Return the seconds of the header of this name, if it has any."""
        value = self.headers.get("Retry-After", "")
        return float(value) if re.fullmatch("[0-9]{1,6}", value) else None

    def text(self) -> str:
        """Return the beginning of the body, for an error message."""
        return " ".join(self.body[:500].decode("utf-8", "replace").split())


class HTTPClient:
    """Requests to one peer, over a connection that is kept."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._http: Optional[http.client.HTTPConnection] = None

    def request(self, method: str, path: str, body: bytes,
                headers: dict[str, str]) -> Answer:
        """Send a request and return the answer, whatever it says."""
        try:
            if self._http is not None:
                self._check_idle()
            if self._http is None:
                self._http = self._connect()
            self.connection.deadline = None
            problem = None
            try:
                self._http.request(method, self.connection.address.prefix
                                   + path, body, headers)
            except Broken as error:
                problem = error     # a peer that reads no more may say why
            self.connection.deadline = self.connection.after(
                self.connection.timeout if problem is None else 1)
            try:
                response = self._http.getresponse()
                answer = Answer(response.status, response.headers,
                                response.read(MAX_ANSWER + 1))
            except (Broken, http.client.HTTPException):
                if problem is not None:
                    raise problem
                raise
            if len(answer.body) > MAX_ANSWER:
                raise http.client.HTTPException("endless")
            if response.length:
                raise http.client.IncompleteRead(answer.body,
                                                 response.length)
            if response.will_close or problem is not None:
                self.close()
            return answer
        except http.client.HTTPException as error:
            self.close()
            raise Broken("%s: no HTTP answer (%s)" % (
                self.connection.address, str(error) or
                type(error).__name__)) from error
        except BaseException:
            self.close()
            raise

    def _check_idle(self) -> None:
        """Close the connection if the peer did, or has said something."""
        try:
            if self.connection.poll() is not None:
                self.close()
        except Unavailable:
            self.close()

    def _connect(self) -> http.client.HTTPConnection:
        connection = self.connection
        connection.connect()
        client = http.client.HTTPConnection(connection.address.host,
                                            connection.address.port)
        # The header Host names the port unless it is the default.
        client.default_port = 80 if connection.security is None else 443
        client.auto_open = 0
        client.sock = _Socket(connection)
        return client

    def close(self) -> None:
        """Close the connection."""
        self._http = None
        self.connection.close()

    def forget(self) -> None:
        """Close the descriptor, and say nothing to the peer."""
        self._http = None
        self.connection.forget()


def judge_answer(answer: Answer, address: object) -> None:
    """
    Return if *answer* says that a batch was taken in.

    Unavailable, Refused or Unfit is raised if it says anything else.
    """
    status = answer.status
    message = "%s: HTTP status %d" % (address, status)
    if answer.text():
        message += ": " + answer.text()
    if 200 <= status < 300:
        return
    if status == 413:
        raise Unfit(message, size=True)
    if status in (400, 422):
        raise Unfit(message)
    if status in (408, 425, 429) or status >= 500:
        raise Unavailable(message, answer.retry_after())
    if 300 <= status < 400:
        message += "; it points to %s" % answer.headers.get("Location")
    raise Refused(message)


# -- transports -------------------------------------------------------------

class NetworkTransport(Transport):
    """A transport to one of several peers; the next, when that one fails."""

    def __init__(self, addresses: list[Address],
                 security: Optional[Security], timeout: float) -> None:
        check_number("timeout", timeout, 0.001)
        self._addresses, self._security = addresses, security
        self._timeout = timeout
        self._index = 0
        self.hosts = len(addresses)
        self._take_host()

    def _take_host(self) -> None:
        """Make what is needed to connect to the host in use."""
        self.address = self._addresses[self._index]
        self.connection = Connection(
            self.address, self._security if self.address.tls else None,
            self._timeout, lambda: self.tick())

    def send(self, events: list[bytes], again: bool) -> Result:
        try:
            return self._send(events, again)
        except Unfit:
            raise
        except Unavailable:
            self.turn()
            raise
        except BaseException:
            self.disconnect()   # in the middle of something
            raise

    def _send(self, events: list[bytes], again: bool) -> Result:
        raise NotImplementedError

    def turn(self) -> None:
        """Turn to the next host."""
        self.disconnect()
        self._index = (self._index + 1) % len(self._addresses)
        self._take_host()

    def disconnect(self) -> None:
        self.connection.close()

    def forget(self) -> None:
        self.connection.forget()


class HTTPTransport(NetworkTransport):
    """A transport whose batches are bodies of POST requests."""

    acknowledges = True

    def __init__(self, addresses: list[Address],
                 security: Optional[Security], timeout: float,
                 authorization: Optional[Authorization],
                 compression: int) -> None:
        check("compression", compression, compression in range(10),
              "a level from 0 (none) to 9")
        self._authorization, self._compression = authorization, compression
        super().__init__(addresses, security, timeout)

    def _take_host(self) -> None:
        super()._take_host()
        self._client = HTTPClient(self.connection)

    def request(self, method: str, path: str, body: bytes,
                content_type: str) -> Answer:
        """Send a request; read the credentials again if it is refused."""
        headers = {"Content-Type": content_type, "Accept": "*/*",
                   "User-Agent": "jsonlogging"}
        if self._compression and body:
            packer = zlib.compressobj(self._compression, wbits=31)  # gzip
            body = packer.compress(body) + packer.flush()
            headers["Content-Encoding"] = "gzip"
        while True:
            if self._authorization and self._authorization.header:
                headers["Authorization"] = self._authorization.header
            answer = self._client.request(method, path, body, headers)
            if (answer.status != 401 or self._authorization is None
                    or not self._authorization.renew()):
                return answer

    def disconnect(self) -> None:
        self._client.close()

    def forget(self) -> None:
        self._client.forget()
