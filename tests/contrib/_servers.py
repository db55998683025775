"""Peers on loopback that do what is wanted of them, and record it.

Each runs in threads of its own and is closed by ``with``.  What a test
waits for it waits for with ``wait_for()``: nobody sleeps for a fixed time.
"""

import contextlib
import gzip
import http.server
import json
import pathlib
import socket
import ssl
import struct
import threading
import zlib

__all__ = ["BeatsServer", "BulkServer", "HTTPServer", "LineServer",
           "PATIENCE", "TLS", "free_port", "server_context"]

PATIENCE = 30       # seconds until a test that waits in vain fails
TLS = pathlib.Path(__file__).parent / "tls"


def free_port():
    """Return a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def server_context(name="server", client=False):
    """Return the TLS context of the server with certificate *name*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / (name + ".pem"), TLS / (name + ".key"))
    if client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(TLS / "ca.pem")
    return context


class Server:
    """Accepts connections; a subclass says what happens on each.

    *behave* is a list of names of behaviours, one for each connection;
    the last one is that of all later connections.
    """

    def __init__(self, behave=("normal",), context=None, port=0,
                 receive_buffer=None):
        self.behaviours = list(behave)
        self.context = context
        self.changed = threading.Condition()
        self.connections = 0
        self.errors = []
        self._open = set()
        self._sock = socket.socket()
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                  receive_buffer)
        self._sock.bind(("127.0.0.1", port))
        self._sock.listen(128)
        self.port = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        """Stop listening, and break all connections."""
        # shutdown() wakes accept(), which close() does not.
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self.break_connections()
        self._thread.join(PATIENCE)

    def break_connections(self):
        with self.changed:
            connections = list(self._open)
            self._open.clear()
            self.changed.notify_all()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                return
            with self.changed:
                self.connections += 1
                self._open.add(connection)
                behave = self.behaviours.pop(0)
                if not self.behaviours:
                    self.behaviours.append(behave)
                self.changed.notify_all()
            threading.Thread(target=self._run, args=(connection, behave),
                             daemon=True).start()

    def _run(self, connection, behave):
        try:
            if self.context is not None:
                plain = connection
                connection = self.context.wrap_socket(plain,
                                                      server_side=True)
                with self.changed:
                    self._open.discard(plain)
                    self._open.add(connection)
            getattr(self, behave)(connection)
        except (OSError, EOFError, ValueError) as error:
            with self.changed:
                self.errors.append(error)
                self.changed.notify_all()
        finally:
            with self.changed:
                self._open.discard(connection)
            connection.close()

    def wait_for(self, predicate):
        """Wait until *predicate* of this server is true, or fail."""
        with self.changed:
            if not self.changed.wait_for(lambda: predicate(self), PATIENCE):
                raise AssertionError("waited in vain: %s" % vars(self))

    # Behaviours that need no protocol.

    def never_read(self, connection):
        """Leave all that is sent where it is."""
        with self.changed:
            self.changed.wait_for(lambda: connection not in self._open,
                                  PATIENCE * 4)

    def close_at_once(self, connection):
        """Close the connection unread."""

    def reset(self, connection):
        """Read a little, then break the connection the hard way."""
        connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))

    def garbage(self, connection):
        """Answer, but not in the protocol."""
        connection.recv(100)
        connection.sendall(b"220 mail.example ESMTP\r\n" * 3)
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass


class LineServer(Server):
    """Collects lines, as Logstash's tcp input with json_lines does."""

    def __init__(self, *args, **kwargs):
        self.lines = []
        self.rests = []     # what came without a newline at an end
        super().__init__(*args, **kwargs)

    def normal(self, connection, step=65536, pause=None):
        rest = b""
        try:
            while True:
                data = connection.recv(step)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                with self.changed:
                    self.lines += lines
                    self.changed.notify_all()
                if pause is not None:
                    pause()
        finally:
            if rest:
                self.rests.append(rest)

    def slowly(self, connection):
        """Read in small pieces, with others in between."""
        tick = threading.Event()
        self.normal(connection, 997, lambda: tick.wait(0.001))

    def break_after_some(self, connection):
        """Read 20 000 bytes, then break the connection."""
        size = 0
        rest = b""
        while size < 20_000:
            data = connection.recv(1000)
            if not data:
                break
            size += len(data)
            *lines, rest = (rest + data).split(b"\n")
            with self.changed:
                self.lines += lines
                self.changed.notify_all()
        self.rests.append(rest)


class BeatsServer(Server):
    """Takes windows of Beats events, and acknowledges them."""

    def __init__(self, *args, **kwargs):
        self.events = []
        self.acknowledged = []
        self.windows = []
        super().__init__(*args, **kwargs)

    @staticmethod
    def _exactly(file, size):
        data = file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def read_window(self, file):
        """Return the events of one window, checked as strictly as can be."""
        kind = self._exactly(file, 2)
        if kind != b"2W":
            raise ValueError("not a window: %r" % kind)
        count, = struct.unpack(">I", self._exactly(file, 4))
        kind = self._exactly(file, 2)
        size, = struct.unpack(">I", self._exactly(file, 4))
        if kind != b"2C":
            raise ValueError("not compressed: %r" % kind)
        data = zlib.decompress(self._exactly(file, size))
        events = []
        while data:
            kind, number, size = struct.unpack(">2sII", data[:10])
            if kind != b"2J" or number != len(events) + 1:
                raise ValueError("event %r %d" % (kind, number))
            event, data = data[10:10 + size], data[10 + size:]
            json.loads(event)       # an invalid one ends the connection
            events.append(event)
        if len(events) != count:
            raise ValueError("%d events in a window of %d"
                             % (len(events), count))
        with self.changed:
            self.windows.append(count)
            self.events += events
            self.changed.notify_all()
        return events

    def acknowledge(self, connection, events, number):
        with self.changed:
            self.acknowledged += events[:number]
            self.changed.notify_all()
        connection.sendall(b"2A" + struct.pack(">I", number))

    def normal(self, connection):
        with connection.makefile("rb") as file:
            while True:
                events = self.read_window(file)
                self.acknowledge(connection, events, len(events))

    def keep_alive(self, connection):
        """Say twice that it takes time, then acknowledge."""
        with connection.makefile("rb") as file:
            while True:
                events = self.read_window(file)
                for _ in range(2):
                    self.acknowledge(connection, events, 0)
                self.acknowledge(connection, events, len(events))

    def half(self, connection):
        """Acknowledge half of a window, then close."""
        with connection.makefile("rb") as file:
            events = self.read_window(file)
            self.acknowledge(connection, events, len(events) // 2)

    def no_ack(self, connection):
        """Take a window and close without a word."""
        with connection.makefile("rb") as file:
            self.read_window(file)


class HTTPServer:
    """Answers POST requests with what *answers* says, one after another.

    An answer is a status, a pair of status and headers, or a triple with
    the body; the last one is given for ever.
    """

    def __init__(self, answers=(200,), context=None, port=0):
        outer = self
        self.answers = list(answers)
        self.requests = []      # dicts
        self.changed = threading.Condition()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A blocked client must not hold a test up for ever.
            timeout = PATIENCE * 2

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                status, headers, answer = outer.reply(self, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_PUT = do_POST

            def log_message(self, *args):
                pass

        class Threaded(http.server.ThreadingHTTPServer):
            daemon_threads = True
            connections = set()

            def get_request(self):
                connection, address = super().get_request()
                outer.connections += 1
                outer.sockets.append(connection)
                return connection, address

            def handle_error(self, request, address):
                pass        # a client that goes away

        self.connections = 0
        self.sockets = []
        self._server = Threaded(("127.0.0.1", port), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = "http%s://localhost:%d" % (
            "s" if context else "", self.port)
        threading.Thread(target=self._server.serve_forever, args=(0.01,),
                         daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def reply(self, handler, body):
        """Record a request and return status, headers and body."""
        with self.changed:
            self.requests.append({
                "method": handler.command, "path": handler.path,
                "body": body, **{name.lower(): value for name, value
                                 in handler.headers.items()}})
            answer = self.answers.pop(0)
            if not self.answers:
                self.answers.append(answer)
            self.changed.notify_all()
        if callable(answer):
            answer = answer(body)
        if isinstance(answer, int):
            answer = (answer,)
        status, headers, text = (*answer, {}, b"")[:3] if len(
            answer) < 3 else answer
        return status, headers or {}, text or b""

    def wait_for(self, predicate):
        with self.changed:
            if not self.changed.wait_for(lambda: predicate(self), PATIENCE):
                raise AssertionError("waited in vain")

    def lines(self):
        """Return the lines of the bodies that were answered with 2xx."""
        with self.changed:
            return [line for request in self.requests
                    for line in request["body"].splitlines()]


class BulkServer(HTTPServer):
    """An index: keeps documents by id, answers as Elasticsearch does.

    *judge*, if given, is called with id and source of each item and
    returns a status other than 201, an error besides, or None.
    """

    def __init__(self, *args, judge=None, **kwargs):
        self.documents = {}
        self.judge = judge
        super().__init__(*args, **kwargs)
        if not args and "answers" not in kwargs:
            self.answers = [self.index]

    def index(self, body):
        items = []
        lines = body.split(b"\n")
        assert lines.pop() == b"", "no newline at the end"
        for action, source in zip(lines[::2], lines[1::2]):
            (name, action), = json.loads(action).items()
            assert name == "create", name
            id = action["_id"]
            with self.changed:
                found = self.judge and self.judge(id, source)
                if found:
                    items.append({"status": found, "error": {
                        "type": "error_%d" % found, "reason": "because"}})
                elif id in self.documents:
                    items.append({"status": 409, "error": {
                        "type": "version_conflict_engine_exception",
                        "reason": id + " is there"}})
                else:
                    self.documents[id] = source
                    items.append({"status": 201})
                self.changed.notify_all()
        errors = any(item["status"] != 201 for item in items)
        return 200, {}, json.dumps({
            "errors": errors,
            "items": [{"create": item} for item in items]}).encode()
