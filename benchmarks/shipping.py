"""What shipping costs, and how much goes through.

    python -m benchmarks shipping [SUITE ...] [-o RESULTS]
    python -m benchmarks shipping tables      those of the documentation
    python -m benchmarks shipping publish     run, save, tables

All peers are on loopback, in processes of their own, and do no more than
they must, so that what is measured is this side.  Elasticsearch is the
real node that ELASTICSEARCH_URL names, if it names one.  A figure with a
limit is followed by "ok" or "MISSED".  Packages beside which it is
measured are left out, and named, if they are not installed.
"""

import argparse
import contextlib
import gc
import json
import logging
import logging.handlers
import os
import pathlib
import queue
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

from jsonlogging import JSONFormatter
from jsonlogging.contrib._handler import PipelineHandler
from jsonlogging.contrib._transport import Transport
from jsonlogging.contrib.elasticsearch import (ElasticsearchHandler,
                                               index_template)
from jsonlogging.contrib.logstash import LogstashHandler
from jsonlogging.contrib.stream import StreamPipelineHandler

from . import results, tables

__all__ = ["COMMITTED", "PAGE", "SUITES", "document", "main"]

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMITTED = results.COMMITTED / "shipping"
PAGE = ROOT / "docs" / "explanation" / "shipping-tables.inc"
COMMAND = [sys.executable, "-m", "benchmarks", "shipping"]
MESSAGE = "the connection to the database was opened again"
PATIENCE = 300      # seconds
ROUNDS = 3


FIGURES = []        # those of this process


def show(name, value, unit, limit=None, most=True):
    """Note and print a figure; *limit* is the most, or least, it may be."""
    FIGURES.append({"name": name, "value": float("%.4g" % value),
                    "unit": unit, "limit": limit, "most": most})
    print("  %-44s %12s %-4s %s" % (
        name, "%.3f" % value if value < 100 else "%d" % value, unit,
        verdict(FIGURES[-1])), flush=True)


def verdict(figure):
    """Return what a figure may be, and whether it is."""
    limit, most = figure["limit"], figure["most"]
    if limit is None:
        return ""
    met = figure["value"] <= limit if most else figure["value"] >= limit
    return "at %s %s: %s" % (
        "most" if most else "least",
        "%.3g" % limit if limit < 1000 else "%d" % limit,
        "ok" if met else "MISSED")


# -- peers, each a process ----------------------------------------------------

def read_exactly(file, size):
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return data


def count_lines(connection):
    """Yield the number of lines in each piece that comes."""
    while True:
        data = connection.recv(2**20)
        if not data:
            return
        yield data.count(b"\n")


def count_events(connection):
    """Acknowledge each window of Beats events; yield their number."""
    file = connection.makefile("rb")
    try:
        while True:
            head = read_exactly(file, 12)
            count, = struct.unpack(">I", head[2:6])
            size, = struct.unpack(">I", head[8:12])
            read_exactly(file, size)
            connection.sendall(b"2A" + struct.pack(">I", count))
            yield count
    except EOFError:
        return


def count_documents(connection):
    """Answer each bulk request with success; yield its documents."""
    import zlib
    file = connection.makefile("rb")
    while True:
        size = None
        for line in iter(file.readline, b"\r\n"):
            if not line:
                return
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        body = zlib.decompress(read_exactly(file, size), 31)
        count = body.count(b"\n") // 2
        answer = b'{"errors":false,"items":[%s]}' % b",".join(
            [b'{"create":{"status":201}}'] * count)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                           % (len(answer), answer))
        yield count


def serve(kind):
    """Count what comes; tell, for each line of input, count and time.

    The clock is the system's monotonic one, which processes share.
    """
    counter = {"tcp": count_lines, "beats": count_events,
               "bulk": count_documents}[kind]
    state = [0, 0.0]

    def work(connection):
        for count in counter(connection):
            state[:] = state[0] + count, time.monotonic()

    def accept():
        while True:
            connection, _ = sock.accept()
            threading.Thread(target=work, args=(connection,),
                             daemon=True).start()

    sock = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    print(sock.getsockname()[1], flush=True)
    for _ in sys.stdin:
        print(*state, flush=True)


class Peer:
    """A process that counts what is sent to its port."""

    def __init__(self, kind):
        self._process = subprocess.Popen(
            [*COMMAND, "--serve", kind], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = int(self._process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self._process.kill()
        self._process.communicate()

    def state(self):
        """Return how much came, and when the last of it did."""
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        count, moment = self._process.stdout.readline().split()
        return int(count), float(moment)

    def wait_for(self, count):
        """Return when the last of *count* came, or None if it did not."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found, moment = self.state()
            if found >= count:
                return moment
            time.sleep(0.01)
        return None


# -- suites -------------------------------------------------------------------

class Deaf(Transport):
    """Takes one batch and never comes back."""

    def send(self, events, again):
        threading.Event().wait()


def caller():
    """What the caller of a logging method pays."""
    print("The caller's cost, in ns of its own CPU time, medians")
    record = logging.LogRecord("shop", logging.INFO, "/srv/shop.py", 7,
                               MESSAGE, (), None, "main")
    formatter = JSONFormatter()
    shipping = PipelineHandler(Deaf(), capacity=10**9, capacity_bytes=2**62)
    shipping.setFormatter(formatter)
    lines = queue.Queue()
    queued = logging.handlers.QueueHandler(lines)
    queued.setFormatter(formatter)
    shipping.handle(record)
    while shipping.pipeline.stats()["queued"]:
        time.sleep(0.001)

    def format_all(count):
        format = formatter.format
        for _ in range(count):
            format(record)

    def ship_all(count):
        handle = shipping.handle
        for _ in range(count):
            handle(record)

    def queue_all(count):
        handle = queued.handle
        for _ in range(count):
            handle(record)

    times = {function: [] for function in (format_all, ship_all, queue_all)}
    for turn in range(300):
        for function in times:
            gc.disable()
            start = time.thread_time_ns()
            function(200)
            times[function].append((time.thread_time_ns() - start) / 200)
            gc.enable()
            shipping.pipeline.queue.clear()
            lines.queue.clear()
    cost = {function: statistics.median(found)
            for function, found in times.items()}
    show("formatting", cost[format_all], "ns")
    show("handle(), formatting included", cost[ship_all], "ns",
         1.2 * cost[format_all] + 300)
    show("QueueHandler and queue.Queue", cost[queue_all], "ns")
    show("QueueHandler to handle()", cost[queue_all] / cost[ship_all],
         "x", 3, most=False)


def flood(handler, count):
    """Log *count* records as fast as can be; return begin and end."""
    logger = logging.getLogger("shop")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel("INFO")
    info = logger.info
    start = time.monotonic()
    for _ in range(count):
        info(MESSAGE)
    return start, time.monotonic()


def through(name, kind, make, count, limit=None, rounds=ROUNDS):
    """Print how many records a second reach a peer; the best of *rounds*."""
    best = 0, None
    for _ in range(rounds):
        with Peer(kind) as peer:
            handler = make(peer.port)
            handler.setFormatter(JSONFormatter())
            start, end = flood(handler, count)
            last = peer.wait_for(count)
            if hasattr(handler, "stats"):
                handler.flush(PATIENCE)
                stats = handler.stats()
                if last is None or stats["sent"] != count:
                    print("  %s: %d of %d arrived; %s" % (
                        name, peer.state()[0], count, stats))
                handler.close()
            if last is not None:
                best = max(best, (count / (max(last, end) - start),
                                  max(0, last - end)))
    show(name, best[0], "/s", limit, most=False)
    if best[1] is not None:
        show(name + ": the last one after", best[1], "s",
             None if limit is None else 0.3)
    return best[0]


def throughput(count):
    print("Records a second from one producer that does nothing else")
    options = {"capacity": 10**7, "capacity_bytes": 2**31}

    def logstash(transport="tcp", **more):
        return lambda port: LogstashHandler("127.0.0.1", port, transport,
                                            **options, **more)

    def bulk(port):
        return ElasticsearchHandler("http://127.0.0.1:%d" % port, **options)

    with tempfile.TemporaryDirectory() as folder:
        for name, kind, make, limit in (
                ("TCP", "tcp", logstash(), 100_000),
                ("TCP, spool", "tcp", logstash(spool=folder), 60_000),
                ("Beats", "beats", logstash("beats"), 30_000),
                ("Beats, spool", "beats", logstash("beats", spool=folder),
                 30_000),
                ("_bulk, a double", "bulk", bulk, 25_000)):
            through(name, kind, make, count, limit)
        best = 0
        for _ in range(ROUNDS):
            handler = StreamPipelineHandler(
                filename=os.path.join(folder, "log"), **options)
            handler.setFormatter(JSONFormatter())
            start, _ = flood(handler, count)
            handler.close(PATIENCE)
            best = max(best, count / (time.monotonic() - start))
        show("file", best, "/s")


def elasticsearch(count):
    url = os.environ.get("ELASTICSEARCH_URL")
    if not url:
        print("Elasticsearch: ELASTICSEARCH_URL is not set, left out")
        return
    print("Records a second into the node at ELASTICSEARCH_URL")
    stream = "logs-shipping%d-default" % time.time_ns()

    def make(**options):
        return ElasticsearchHandler(
            url, data_stream=stream,
            basic_auth=os.environ.get("ELASTICSEARCH_BASIC_AUTH"),
            ca_file=os.environ.get("ELASTICSEARCH_CA_FILE"),
            capacity=10**7, capacity_bytes=2**31, **options)

    transport = make().transport
    answer = transport.request(
        "PUT", "/_index_template/" + stream, json.dumps(
            index_template(stream)).encode(), "application/json")
    transport.disconnect()
    if answer.status != 200:
        print("  the template: %s" % answer.text())
        return
    for compression in 1, 0:
        best = 0
        for _ in range(ROUNDS + 1):     # the first one warms the node up
            handler = make(compression=compression)
            start, _ = flood(handler, count)
            handler.flush(PATIENCE)
            last = time.monotonic()
            stats = handler.stats()
            handler.close()
            if stats["acknowledged"] != count:
                print("  ", stats)
            else:
                best = max(best, count / (last - start))
        show("ECS, gzip" if compression else "ECS, uncompressed", best, "/s",
             25_000, most=False)


def others(count):
    """The same with what others use, and the ratios."""
    print("Beside others, TCP, records a second")

    class Lines(logging.handlers.SocketHandler):
        def makePickle(self, record):
            return record.getMessage().encode() + b"\n"

    def ours(port):
        return LogstashHandler("127.0.0.1", port, capacity=10**7,
                               capacity_bytes=2**31)

    def listen(port):
        queued = queue.Queue()
        listener = logging.handlers.QueueListener(
            queued, Lines("127.0.0.1", port))
        listener.start()
        return logging.handlers.QueueHandler(queued)

    speed = through("LogstashHandler", "tcp", ours, count)
    show("LogstashHandler to QueueListener", speed / through(
        "QueueListener, queue.Queue", "tcp", listen, count), "x")
    try:
        from logstash_async.handler import AsynchronousLogstashHandler
    except ImportError:
        print("  python-logstash-async is not installed, left out")
        return
    show("LogstashHandler to python-logstash-async", speed / through(
        "python-logstash-async", "tcp",
        lambda port: AsynchronousLogstashHandler("127.0.0.1", port, None),
        # Once: a second handler would send to the first one's peer.
        min(count, 3000), rounds=1), "x")


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def memory(count):
    print("Resident memory in MiB, while %d records find nobody" % count)
    if not os.path.exists("/proc/self/statm"):
        print("  left out: no /proc")
        return
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    logging.raiseExceptions = False
    handler = LogstashHandler("127.0.0.1", port)
    handler.setFormatter(JSONFormatter())
    step = count // 10
    sizes = []
    for _ in range(10):
        flood(handler, step)
        sizes.append(resident() / 2**20)
    print("  after each tenth:", *("%.1f" % size for size in sizes))
    show("growth in the last nine tenths", sizes[-1] - sizes[0], "MiB",
         1.0)
    stats = handler.stats()
    print("  accepted %d, dropped %s, queued %d" % (
        stats["accepted"], stats["dropped"], stats["queued"]))
    handler.close(0)


class States:
    """Listeners that behave badly, in threads of this process."""

    def __init__(self):
        self._keep = []

    def listen(self, serve=None, backlog=100):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.bind(("127.0.0.1", 0))
        sock.listen(backlog)
        self._keep.append(sock)

        def accept():
            while True:
                connection, _ = sock.accept()
                self._keep.append(connection)
                threading.Thread(target=serve, args=(connection,),
                                 daemon=True).start()

        if serve is not None:
            threading.Thread(target=accept, daemon=True).start()
        return sock.getsockname()[1]

    def refused(self):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return sock.getsockname()[1]

    def black_hole(self):
        port = self.listen(backlog=0)
        for _ in range(8):      # until no more is accepted
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
            self._keep.append(sock)
        return port

    def never_reads(self):
        return self.listen(lambda connection: None)

    def closes_at_once(self):
        return self.listen(lambda connection: connection.close())

    def reads_slowly(self):
        def read(connection):
            while connection.recv(100):
                time.sleep(0.05)

        return self.listen(read)

    def answers_slowly(self):
        def answer(connection):
            connection.recv(65536)
            with contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.1)

        return self.listen(answer)


def close():
    print("Seconds that close(2.0) takes, with 20 MB waiting")
    logging.raiseExceptions = False
    results = {}

    def measure(transport, state, port):
        handler = LogstashHandler("127.0.0.1", port, transport,
                                  capacity_bytes=2**26)
        handler.setFormatter(logging.Formatter('{"m":"%(message)s"}'))
        record = logging.LogRecord("a", 20, "a", 1, "x" * 200_000, (), None)
        for _ in range(100):
            handler.handle(record)
        time.sleep(1)
        start = time.monotonic()
        handler.close(2.0)
        results[transport, state] = time.monotonic() - start
        stats = handler.stats()
        done = (stats["sent"] + stats["dead_lettered"] + stats["pending"]
                + sum(stats["dropped"].values()))
        if done != stats["accepted"] + stats["refused"]:
            print("  do not add up:", stats)

    names = ("refused", "black_hole", "never_reads", "closes_at_once",
             "reads_slowly", "answers_slowly")
    for transport in ("tcp", "beats", "http"):
        threads = []
        for state in names:
            states = States()
            port = getattr(states, state)()
            threads.append(threading.Thread(
                target=measure, args=(transport, state, port)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for state in names:
            show("%s, %s" % (transport, state.replace("_", " ")),
                 results[transport, state], "s", 2.2)


# Title in the documentation, function.
SUITES = {
    "caller": ("What a caller pays", lambda count: caller()),
    "throughput": ("From one producer that does nothing else", throughput),
    "elasticsearch": ("Into a real Elasticsearch node beside it",
                      elasticsearch),
    "others": ("Beside others, over TCP", others),
    "memory": ("Memory, while the peer is away",
               lambda count: memory(5 * count)),
    "close": ("What close(2.0) takes, with 20 MB waiting",
              lambda count: close()),
}


def run(suites, count):
    """Return the results of *suites*, each run in a process of its own."""
    found = {}
    # What else ran: more than 0 takes from the figures.
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "figures")
        for suite in suites:
            # So that none inherits another's memory.
            subprocess.run([*COMMAND, suite, "--count", str(count),
                            "--figures", path], cwd=ROOT, check=True)
            found[suite] = results.load(path)
    return {**results.environment(), "count": count, "load": load,
            "suites": found}


def document(several):
    """Return the text that the documentation includes."""
    parts = [tables.HEAD.replace("tables", "shipping tables")]
    for found in several:
        parts.append(".. begin: %s.\n" % results.name(found))
        parts.append("%s, %s, %d cores, load %s before the run, %s:\n" % (
            results.name(found), found["machine"]["cpu"],
            found["machine"]["cpus"], found["load"], found["date"][:10]))
        rows = []
        for suite, figures in found["suites"].items():
            rows.append(["**%s**" % SUITES[suite][0], "\\", ""])
            rows += [[figure["name"], "%s %s" % (tables.number(
                int(figure["value"]) if figure["value"] >= 1000
                else figure["value"]), figure["unit"]), verdict(figure)]
                     for figure in figures]
        parts.append(tables.table(["figure", "measured", "limit"], rows))
        parts.append("\n.. end: %s.\n" % results.name(found))
    return "\n".join(parts)


def write_tables():
    several = [results.load(path) for path in sorted(COMMITTED.glob("*.json"))]
    PAGE.write_text(document(several), encoding="utf-8")
    print(PAGE)


def main(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks shipping",
        description="Measure the shipping handlers on loopback.")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help="of %s (default: all); or tables, or publish"
                        % ", ".join(SUITES))
    parser.add_argument("--count", type=int, default=200_000,
                        help="records (default: %(default)s)")
    parser.add_argument("-o", "--output", metavar="FILE",
                        help="the results file")
    parser.add_argument("--figures", help=argparse.SUPPRESS)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.serve:
        serve(args.serve)
    elif args.figures:
        SUITES[args.suites[0]][1](args.count)
        with open(args.figures, "w", encoding="utf-8") as file:
            json.dump(FIGURES, file)
    elif args.suites == ["tables"]:
        write_tables()
    else:
        publish = args.suites == ["publish"]
        suites = [*SUITES] if publish else args.suites or [*SUITES]
        unknown = {*suites} - {*SUITES}
        if unknown:
            parser.error("unknown: %s" % ", ".join(sorted(unknown)))
        found = run(suites, args.count)
        path = args.output
        if publish:
            COMMITTED.mkdir(exist_ok=True)
            path = COMMITTED / (results.name(found).replace(
                " ", "-").lower() + ".json")
        if path:
            print(results.save(found, path))
        if publish:
            write_tables()
