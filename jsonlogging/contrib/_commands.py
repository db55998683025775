"""
Commands for those who run the handlers.

    python -m jsonlogging elasticsearch template [--install]
    python -m jsonlogging elasticsearch resend PATH
    python -m jsonlogging logstash resend PATH

"resend" sends what a handler has put into its dead-letter file, and what
programs have left in a spool and nobody took up since.
"""

from __future__ import annotations

import argparse, itertools, json, os, sys, urllib.parse

from ._transport import Result, Unavailable, Unfit
from ._spool import SUFFIX, DeadLetters, Spool, SpoolError, lock_file
from .elasticsearch import DATA_STREAM, ElasticsearchHandler, index_template
from .logstash import LogstashHandler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Union
    from ._transport import Transport

__all__ = ["main", "make_parser", "resend_letters", "resend_spool"]

# What is sent at once: events, and about so many bytes.
BATCH, BATCH_BYTES = 500, 2**20
RESEND = """\
Send again what is in PATH.

That is a dead-letter file, of which all goes that is accepted now, or a
spool.  Of a spool all goes that no running program holds; what is refused
for ever is then appended to the dead-letter file."""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands here."""
    parser = argparse.ArgumentParser(prog="python -m jsonlogging",
                                     allow_abbrev=False)
    services = parser.add_subparsers(metavar="SERVICE", required=True)
    elastic = services.add_parser(
        "elasticsearch", allow_abbrev=False,
        description="Prepare Elasticsearch for its handler, and send again.")
    commands = elastic.add_subparsers(metavar="COMMAND", required=True)
    template = commands.add_parser(
        "template", help="print or install the index template",
        allow_abbrev=False,
        description="Print the index template for ECS documents, which "
        "needs Elasticsearch 8.14 or later; or install it.")
    template.add_argument("--pattern", default="logs-python-*",
                          help="of data streams (default: %(default)s)")
    template.add_argument("--name", default="logs-python",
                          help="of the template (default: %(default)s)")
    template.add_argument("--install", action="store_true",
                          help="put it into Elasticsearch")
    template.set_defaults(run=run_template)
    resend = add_resend(commands, connect_elasticsearch)
    target = resend.add_mutually_exclusive_group()
    target.add_argument("--data-stream", help="default: " + DATA_STREAM)
    target.add_argument("--index")
    for command in template, resend:
        group = add_connection(command)
        group.add_argument("--url", action="append", dest="hosts",
                           help="https://host:9200; may be repeated")
        group.add_argument("--cloud-id", metavar="ID")
        group.add_argument("--api-key-file", metavar="FILE")

    logstash = services.add_parser(
        "logstash", allow_abbrev=False,
        description="Send again what Logstash did not get.")
    commands = logstash.add_subparsers(metavar="COMMAND", required=True)
    group = add_connection(add_resend(commands, connect_logstash))
    group.add_argument("--host", action="append", dest="hosts",
                       required=True, metavar="HOST[:PORT]",
                       help="may be repeated; port 5000 if there is none")
    group.add_argument("--transport", default="tcp",
                       choices=("tcp", "beats", "http"),
                       help="default: %(default)s")
    group.add_argument("--tls", action="store_true", default=None)
    return parser


def add_resend(commands: Any, connect: Any) -> argparse.ArgumentParser:
    """Add "resend", to what *connect* returns a transport to."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "resend", help="send dead letters, or a spool, again",
        allow_abbrev=False, description=RESEND,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="PATH", help="what the handler's "
                        "option dead_letters or spool says")
    parser.add_argument("--dead-letters", metavar="FILE", help="of a spool; "
                        "default: dead-letters.jsonl in it")
    parser.set_defaults(run=run_resend, connect=connect)
    return parser


def add_connection(parser: argparse.ArgumentParser) -> Any:
    """Add options about the connection; return their group."""
    group = parser.add_argument_group(
        "connection", "Secrets are read from files: a command line is "
        "visible to others.")
    group.add_argument("--basic-auth-file", metavar="FILE",
                       help="which holds user:password")
    group.add_argument("--ca-file", metavar="FILE")
    group.add_argument("--client-cert", metavar="FILE")
    group.add_argument("--client-key", metavar="FILE")
    group.add_argument("--fingerprint", metavar="SHA256")
    return group


def pick(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return those of *options* that were given, of *names*."""
    return {name: getattr(options, name) for name in (
        "hosts", "basic_auth_file", "ca_file", "client_cert", "client_key",
        "fingerprint", *names) if getattr(options, name, None) is not None}


def connect_elasticsearch(options: argparse.Namespace) -> Any:
    """Return the transport to the Elasticsearch of *options*."""
    if options.hosts is None and options.cloud_id is None:
        raise ValueError("--url or --cloud-id is needed")
    return ElasticsearchHandler(**pick(
        options, "cloud_id", "api_key_file", "data_stream",
        "index")).transport


def connect_logstash(options: argparse.Namespace) -> Any:
    """Return the transport to the Logstash of *options*."""
    return LogstashHandler(**pick(options, "transport", "tls")).transport


def run_template(options: argparse.Namespace) -> str:
    text = json.dumps(index_template(options.pattern), indent=2)
    if not options.install:
        return text
    transport = connect_elasticsearch(options)
    try:
        answer = transport.request(
            "PUT", "/_index_template/" + urllib.parse.quote(
                options.name, safe=""), text.encode(), "application/json")
    finally:
        transport.disconnect()
    if answer.status != 200:
        raise ValueError("status %d: %s" % (answer.status, answer.text()))
    return "installed %s for %s" % (options.name, options.pattern)


def run_resend(options: argparse.Namespace) -> str:
    transport = options.connect(options)
    try:
        if os.path.isdir(options.path):
            return resend_spool(transport, options.path, options.dead_letters
                                or os.path.join(options.path,
                                                "dead-letters.jsonl"))
        sent, left = resend_letters(transport, options.path)
    finally:
        transport.disconnect()
    if left:
        raise ValueError("%d sent, %d left" % (sent, left))
    return "%d sent, 0 left" % sent


def resend_letters(transport: Transport, path: str) -> tuple[int, int]:
    """
    Send the dead letters in the file *path*; return how many went and not.

    The file is put aside meanwhile, as a handler may go on writing one of
    this name.  If this is interrupted the next call begins with it.
    OSError is raised if another process is at it.
    """
    aside = path + ".resend"
    if not os.path.exists(aside):
        os.rename(path, aside)
    with open(aside, "r+b") as file:
        lock_file(file.fileno())
        return _resend_aside(transport, path, aside)


def _resend_aside(transport: Transport, path: str,
                  aside: str) -> tuple[int, int]:
    back = DeadLetters(path, sys.maxsize)
    letters = DeadLetters(aside, 0).read()
    sent = left = 0
    problem = None
    while True:
        events = [*map(transport.read_letter,
                       itertools.islice(letters, BATCH))]
        if not events:
            break
        result = Result(0, events)
        if problem is None:
            try:
                result = send(transport, events)
            except Unavailable as error:
                problem = error
        sent += result.sent
        reason = str(problem or result.error)
        again = [*((event, reason) for event in result.retry),
                 *result.rejected]
        left += len(again)
        if again:
            back.write([{"reason": reason, **transport.letter(event)}
                        for event, reason in again])
    os.unlink(aside)
    if problem is not None:
        raise problem
    return sent, left


def resend_spool(transport: Transport, path: str, letters: str) -> str:
    """
    Send what dead processes have left in the spool *path*; say what went.

    A batch leaves the spool when all of it has gone, or is in the
    dead-letter file *letters*.  Unavailable is raised when no more can be
    sent now.
    """
    spool = Spool(path, transport.kind, sys.maxsize)
    sent = dead = 0
    messages = []
    try:
        while True:
            spool.adopt()
            row = spool.first(BATCH, BATCH_BYTES)
            messages += [fault[0] for fault in spool.faults()]
            if row is None:
                break
            result = send(transport, row.events)
            if result.retry:
                raise result.error or Unavailable("not all was taken")
            if result.rejected:
                dead += DeadLetters(letters, sys.maxsize).write([
                    {"reason": reason, **transport.letter(event)}
                    for event, reason in result.rejected])
            spool.remove(row)
            sent += result.sent
    finally:
        spool.close()
    left = sum(name.endswith(SUFFIX) for name in os.listdir(path))
    if left:
        messages.append("%d files belong to running programs, or to another "
                        "target" % left)
    return "\n".join(["%d sent, %d dead-lettered" % (sent, dead), *messages])


def send(transport: Transport, events: list[bytes]) -> Result:
    """Send *events*, in halves if they are refused as a whole."""
    try:
        return transport.send(events, True)
    except Unfit as error:
        if len(events) == 1:
            return Result(0, None, [(events[0], str(error))])
        half = len(events) // 2     # a large one, or a bad one
        first = send(transport, events[:half])
        second = send(transport, events[half:])
        return Result(first.sent + second.sent, first.retry + second.retry,
                      first.rejected + second.rejected,
                      first.error or second.error)


def main(argv: Sequence[str]) -> Union[int, str]:
    """Carry out the command in *argv*; return what sys.exit() takes."""
    options = make_parser().parse_args(argv)
    try:
        print(options.run(options))
    except (OSError, ValueError, TypeError, SpoolError, Unavailable,
            Unfit) as error:
        return "python -m jsonlogging %s: %s" % (argv[0], error)
    return 0
