"""Kill programs and peers at random, and see that nothing is lost.

    python tests/contrib/soak.py kill [--rounds N] [--transport T] [--seed S]
    python tests/contrib/soak.py long [--count N] [--transport T] [--seed S]

``kill``: in each round a program logs through a handler with a spool and
reports, after every few records, how many of them are spooled; then it is
killed with SIGKILL.  Peers are killed in between.  In the end one more
program sends what is left, and all that was reported must have arrived.

``long``: one program logs N records (default 10**7) while its peer is
killed and started again every few seconds.  In the end its counters must
add up exactly, and every record that is counted as spooled must have
arrived.

A peer writes an event to a file before it acknowledges it, so that its
own death makes no difference.  Seen twice is allowed, except by "bulk",
a double of Elasticsearch that knows ids.
"""

import argparse
import collections
import itertools
import logging
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.abspath(__file__)
if __name__ == "__main__":
    # As a script: the peers' protocols are beside it.
    sys.path.insert(0, str(pathlib.Path(HERE).parent.parent.parent))
    from tests.contrib._servers import BeatsServer, BulkServer, HTTPServer
else:
    from ._servers import BeatsServer, BulkServer, HTTPServer

TRANSPORTS = "beats", "http", "bulk"


# -- a peer, a process ---------------------------------------------------------

class Log:
    """The file to which a peer writes before it acknowledges."""

    def __init__(self, path):
        self._number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, events):
        data = b"".join(event + b"\n" for event in events)
        assert os.write(self._number, data) == len(data)


def run_peer(transport, port, path):
    """Be the peer, until this process is killed."""
    log = Log(path)
    lock = threading.Lock()

    class Beats(BeatsServer):
        def acknowledge(self, connection, events, number):
            log.write(events)
            del self.events[:], self.windows[:]
            super().acknowledge(connection, events, number)
            del self.acknowledged[:]

    class HTTP(HTTPServer):
        def reply(self, handler, body):
            log.write(body.splitlines())
            answer = super().reply(handler, b"")
            del self.requests[:]
            return answer

    class Bulk(BulkServer):
        def index(self, body):
            with lock:      # what is new is this request's
                before = len(self.documents)
                answer = super().index(body)
                new = itertools.islice(self.documents.items(), before, None)
                # The id as well, to know it again after a restart.
                log.write([id.encode() + b" " + source
                           for id, source in new])
            return answer

        def reply(self, handler, body):
            answer = super().reply(handler, body)
            del self.requests[:]
            return answer

    server = {"beats": Beats, "http": HTTP, "bulk": Bulk}[transport](
        port=port)
    if transport == "bulk":
        with open(path, "rb") as file:
            for line in file:
                id, _, source = line.rstrip(b"\n").partition(b" ")
                server.documents[id.decode()] = source
    print("ready", flush=True)
    threading.Event().wait()


class Peer:
    """The peer's process, which can be killed and started again."""

    def __init__(self, transport, path):
        self.transport, self.path = transport, path
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self.port = sock.getsockname()[1]
        self._process = None
        self.starts = 0

    def start(self):
        self.starts += 1
        # The port may be taken for a moment by what is still closing.
        while True:
            self._process = subprocess.Popen(
                [sys.executable, HERE, "peer", self.transport,
                 str(self.port), self.path], stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL)
            if self._process.stdout.readline():
                return

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def arrived(self):
        """Return a Counter of what has arrived."""
        found = collections.Counter()
        with open(self.path, "rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    found[line[:-1].rpartition(b" ")[2]] += 1
        return found


# -- a program that logs -------------------------------------------------------

def make_handler(transport, port, spool, **options):
    from jsonlogging.contrib.elasticsearch import ElasticsearchHandler
    from jsonlogging.contrib.logstash import LogstashHandler
    options = {"spool": spool, "backoff": 0.01, "backoff_max": 0.2,
               "linger": 0, **options}
    if transport == "bulk":
        handler = ElasticsearchHandler("http://127.0.0.1:%d" % port,
                                       **options)
    else:
        handler = LogstashHandler("127.0.0.1", port, transport, **options)
    handler.setFormatter(logging.Formatter('{"id":"%(message)s"}'))
    # A report of drops would be an event that nobody expects.
    handler.pipeline.make_report = None
    return handler


def run_victim(transport, port, spool, name):
    """Log for ever, and report how many of the first are spooled."""
    logging.raiseExceptions = False
    # Without drops, so that what is spooled is the first of all; the pipe
    # takes ten thousand reports before this waits.
    handler = make_handler(transport, port, spool, batch_size=20,
                           capacity=10**7, capacity_bytes=2**30)
    log = logging.getLogger()
    log.addHandler(handler)
    log.setLevel("INFO")
    number = 0
    while True:
        for _ in range(10):
            log.info("%s-%06d", name, number)
            number += 1
        print(handler.stats()["spooled"], flush=True)


def run_heir(transport, port, spool):
    """Send what others have left; end when nothing is."""
    logging.raiseExceptions = False
    for turn in itertools.count():
        # Some files are adopted at once; more of them would be later.
        handler = make_handler(transport, port, spool)
        # The first record starts the worker, which adopts.
        handler.handle(logging.LogRecord("heir", 20, "", 0, "heir %d", (
            turn,), None))
        while handler.stats()["pending"] or not handler.stats()["sent"]:
            handler.flush(1)
        handler.close(60)
        if not os.listdir(spool):
            break


def kill_rounds(transport, rounds, seed, folder, say=lambda text: None):
    """Kill in *rounds*; return what was reported and not seen, and seen."""
    draw = random.Random(seed)
    spool = os.path.join(folder, "spool")
    peer = Peer(transport, os.path.join(folder, "arrived"))
    open(peer.path, "wb").close()
    reported = {}
    peer.start()
    try:
        for number in range(rounds):
            name = "v%d" % number
            victim = subprocess.Popen(
                [sys.executable, HERE, "victim", transport, str(peer.port),
                 spool, name], stdout=subprocess.PIPE)
            output = b"0\n"
            alive = True
            # A fast machine would kill it before it has a spool.
            while victim.poll() is None and int(output.split()[-1]) < 300:
                output += victim.stdout.readline()
            for _ in range(draw.randrange(1, 600)):
                output += victim.stdout.readline()
                if draw.random() < 0.01:
                    peer.kill()
                    alive = False
                elif not alive and draw.random() < 0.05:
                    peer.start()
                    alive = True
            victim.kill()
            output += victim.communicate()[0]
            reported[name] = int(output.split(b"\n")[-2])   # whole lines
            if not alive:
                peer.start()
            if number % 10 == 9:
                say("round %d of %d" % (number + 1, rounds))
        subprocess.run([sys.executable, HERE, "heir", transport,
                        str(peer.port), spool], check=True, timeout=600)
        arrived = peer.arrived()
    finally:
        peer.kill()
    expected = {b'{"id":"%s-%06d"}' % (name.encode(), number)
                for name, count in reported.items()
                for number in range(count)}
    say("%d programs and %d peers killed, %d records reported spooled, "
        "%d arrived, %d of them twice" % (
            rounds, peer.starts - 1, len(expected), len(arrived),
            sum(arrived.values()) - len(arrived)))
    return expected - set(arrived), arrived


def long_run(transport, count, seed, folder, say):
    """Log *count* records while the peer is restarted; return problems."""
    draw = random.Random(seed)
    spool = os.path.join(folder, "spool")
    peer = Peer(transport, os.path.join(folder, "arrived"))
    open(peer.path, "wb").close()
    peer.start()
    logging.raiseExceptions = False
    handler = make_handler(transport, peer.port, spool, overflow="block",
                           block_timeout=600, spool_bytes=2**30,
                           close_timeout=600)
    log = logging.getLogger("soak")
    log.propagate = False
    log.addHandler(handler)
    log.setLevel("INFO")
    done = threading.Event()

    def restart():
        while not done.wait(draw.uniform(1, 5)):
            peer.kill()
            done.wait(draw.uniform(0, 1))
            peer.start()

    thread = threading.Thread(target=restart)
    thread.start()
    problems = []
    start = time.monotonic()
    try:
        step = max(1, count // 20)
        for number in range(count):
            log.info("r-%09d", number)
            if number % step == step - 1:
                stats = handler.stats()
                say("%d records, %d a second, sent %d, on disk %d, peers %d"
                    % (number + 1, (number + 1) / (time.monotonic() - start),
                       stats["sent"], stats["on_disk"], peer.starts))
                problems += check(stats)
    finally:
        done.set()
        thread.join()
    if not handler.flush(600):
        problems.append("flush() failed")
    if not handler.close(600):
        problems.append("close() failed")
    stats = handler.stats()
    problems += check(stats)
    for name, value in (("accepted", count), ("sent", count),
                        ("acknowledged", count), ("refused", 0),
                        ("pending", 0), ("dropped", {})):
        if stats[name] != value:
            problems.append("%s is %s" % (name, stats[name]))
    arrived = peer.arrived()
    peer.kill()
    missing = count - sum(
        b'{"id":"r-%09d"}' % number in arrived for number in range(count))
    if missing:
        problems.append("%d did not arrive" % missing)
    twice = sum(arrived.values()) - len(arrived)
    if transport == "bulk" and twice:
        problems.append("%d arrived twice" % twice)
    say("%d records in %d s, %d peers killed, %d arrived twice; %s" % (
        count, time.monotonic() - start, peer.starts - 1, twice, stats))
    return problems


def check(stats):
    """Return a list of what is wrong with the counters."""
    left = (stats["accepted"] + stats["refused"] + stats["adopted"]
            - stats["sent"] - stats["dead_lettered"]
            - sum(stats["dropped"].values()) - stats["pending"])
    return ["the counters do not add up: %s" % stats] if left else []


def main():
    if len(sys.argv) > 1 and sys.argv[1] in ("peer", "victim", "heir"):
        name, transport, port, *rest = sys.argv[1:]
        {"peer": run_peer, "victim": run_victim, "heir": run_heir}[name](
            transport, int(port), *rest)
        return
    parser = argparse.ArgumentParser(
        description="Kill programs and peers, and see that nothing is lost.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, option, default in (("kill", "--rounds", 100),
                                  ("long", "--count", 10**7)):
        command = commands.add_parser(name)
        command.add_argument(option, type=int, default=default)
        command.add_argument("--transport", choices=TRANSPORTS,
                             default="beats")
        command.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.randrange(10**6)
    print("Python %s, %s, seed %d" % (sys.version.split()[0], args.transport,
                                      args.seed), flush=True)

    def say(text):
        print(text, flush=True)

    signal.signal(signal.SIGTERM, lambda *args: sys.exit(1))
    with tempfile.TemporaryDirectory() as folder:
        if args.command == "kill":
            missing, arrived = kill_rounds(
                args.transport, args.rounds, args.seed, folder, say)
            problems = ["missing: %s" % sorted(missing)[:20]] if missing else []
            twice = sum(arrived.values()) - len(arrived)
            if args.transport == "bulk" and twice:
                problems.append("%d arrived twice" % twice)
        else:
            problems = long_run(args.transport, args.count, args.seed, folder,
                                say)
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
