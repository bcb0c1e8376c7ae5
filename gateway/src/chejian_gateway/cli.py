"""The command `chejian-gateway`."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import psycopg
from chejian_contract.errors import ConfigError, PayloadError

from chejian_gateway import config as configuration
from chejian_gateway import deadletter, ledger, migrate, proof
from chejian_gateway.config import GatewayConfig
from chejian_gateway.errors import GatewayError

if TYPE_CHECKING:
    from chejian_gateway.replay import Replayed

_log = logging.getLogger(__name__)

_FAILED, _USAGE = 1, 2
_HEADS = {
    "ledger_id": "ledger",
    "produced_batches": "produced",
    "stored_batches": "= stored",
    "dead_batches": "+ dead",
    "lost_batches": "+ lost",
    "in_flight_batches": "+ in flight",
    "ranges": "ranges",
    "produced_samples": "samples",
    "stored_samples": "stored",
    "rows_counted": "rows",
}
_SUMS = tuple(_HEADS)[1:6]
_HOW = "-- These figures, as psql or any other client gets them:"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 done, 1 failed with a message, 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    command: Callable[[GatewayConfig, argparse.Namespace], int] = arguments.command
    try:
        return command(configuration.load(arguments.config), arguments)
    except (ConfigError, GatewayError, psycopg.Error) as error:
        print(f"chejian-gateway: {str(error).strip()}", file=sys.stderr)
        return _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chejian-gateway",
        description="Sparkplug host of Chejian: stores what edge nodes produce, exactly once.",
        epilog="Environment: CHEJIAN_DSN (PostgreSQL URL), CHEJIAN_MQTT_URL (mqtt://host:port).",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="gateway.toml; all keys are optional")
    parser.add_argument("--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="receive, store, acknowledge; until SIGTERM")
    run.set_defaults(command=_run)
    apply = commands.add_parser("migrate", help="bring schema telemetry up to date")
    apply.set_defaults(command=_migrate)
    show = commands.add_parser(
        "ledger", help="produced = stored + dead + lost + in flight, per node, and the SQL that proves it"
    )
    show.add_argument("--json", action="store_true", help="as JSON, without the SQL")
    show.add_argument("--brief", action="store_true", help="without the SQL")
    show.add_argument(
        "--verify",
        action="store_true",
        help="check the accounts against rows, dead letters and duplicates (reads every row); exit 1 when one is wrong",
    )
    show.set_defaults(command=_ledger)
    letters = commands.add_parser("deadletter", help="what could not be stored")
    actions = letters.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="newest first")
    listing.add_argument("--limit", type=int, default=50, help="at most so many (default 50)")
    listing.add_argument(
        "--reason", default="", metavar="TEXT", help="only those whose reason holds this text"
    )
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(command=_list)
    show = actions.add_parser("show", help="one dead letter with its payload as text")
    show.add_argument("number", type=int, help="as listed")
    show.set_defaults(command=_show)
    again = actions.add_parser("replay", help="store it now; it is removed if that succeeds")
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument("number", type=int, nargs="?", help="as listed")
    which.add_argument("--all", action="store_true", help="all of them, oldest first")
    again.add_argument(
        "--reason", default="", metavar="TEXT", help="with --all: only those whose reason holds this text"
    )
    again.set_defaults(command=_replay)
    return parser


def _run(config: GatewayConfig, _arguments: argparse.Namespace) -> int:
    from chejian_gateway.service import serve, stop_on_signals  # noqa: PLC0415 - compiled kernels only where needed

    serve(config, stop_on_signals())
    return 0


def _migrate(config: GatewayConfig, _arguments: argparse.Namespace) -> int:
    applied = migrate.migrate(config.dsn)
    print("applied " + ", ".join(applied) if applied else "schema telemetry is up to date")
    return 0


def _ledger(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    with psycopg.connect(config.dsn, autocommit=True) as connection:
        proved = proof.verify(connection) if arguments.verify else None
        accounts = proved.accounts if proved else ledger.identity(connection)
    if arguments.json:
        print(json.dumps(accounts, ensure_ascii=False))
    else:
        print(*_table(accounts), sep="\n")
    failed = _verdict(proved, arguments) if proved else 0
    if not (arguments.json or arguments.brief):
        queries = (ledger.IDENTITY, proof.DUPLICATES) if proved else (ledger.IDENTITY,)
        print("", _HOW, *(f"{query.strip()};\n" for query in queries), sep="\n")
    return failed


def _beside(arguments: argparse.Namespace) -> TextIO:
    """Where words go that are no data: standard output carries nothing but JSON with --json."""
    return sys.stderr if arguments.json else sys.stdout


def _table(accounts: Sequence[Mapping[str, object]]) -> list[str]:
    """Lines with one account each, the buffer in use marked with *, and the sums."""
    rows = [["node", *_HEADS.values()]]
    for account in accounts:
        name = f"{account['group']}/{account['node']}{' *' if account['current'] else ''}"
        rows.append([name, *(str(account[key]) for key in _HEADS)])
    sums = {
        key: sum(int(str(a[key])) for a in accounts) for key in (*_SUMS, "produced_samples", "stored_samples")
    }
    rows.append(["all", *(str(sums.get(key, "")) for key in _HEADS)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join((row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))))
        for row in rows
    ]


def _verdict(proved: proof.Proof, arguments: argparse.Namespace) -> int:
    for fault in proved.faults:
        print(f"chejian-gateway: {fault}", file=sys.stderr)
    rows, doubled = (sum(int(str(r[key])) for r in proved.rows) for key in ("rows", "duplicates"))
    word = "do NOT add up" if proved.faults else "add up"
    print(
        f"{len(proved.accounts)} accounts {word}: {rows} rows of {len(proved.rows)} nodes, {doubled} duplicates"
        " by series and time",
        file=_beside(arguments),
    )
    return _FAILED if proved.faults else 0


def _list(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    with psycopg.connect(config.dsn, autocommit=True) as connection:
        letters = deadletter.newest_first(connection, arguments.limit, arguments.reason)
        count, samples = deadletter.totals(connection)
    if arguments.json:
        print(json.dumps([asdict(d) for d in letters], ensure_ascii=False, default=str))
        return 0
    for d in letters:
        print(
            f"{d.dead_letter_id:>8}  {d.received:%Y-%m-%d %H:%M:%S}  {d.topic}  batch {d.batch}  {d.reason}"
        )
    print(f"{len(letters)} shown of {count} dead letters with {samples} samples")
    return 0


def _show(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    from chejian_contract.sparkplug.payload import parse_payload  # noqa: PLC0415 - protobuf only where needed

    with psycopg.connect(config.dsn, autocommit=True) as connection:
        found = deadletter.load(connection, arguments.number)
    if found is None:
        print(f"chejian-gateway: there is no dead letter {arguments.number}", file=sys.stderr)
        return _FAILED
    letter, payload = found
    for field in (
        "dead_letter_id",
        "received",
        "topic",
        "node_id",
        "ledger_id",
        "batch",
        "samples",
        "reason",
    ):
        print(f"{field}: {getattr(letter, field)}")
    try:
        print(parse_payload(payload))
    except PayloadError as error:
        print(f"payload ({error}): {payload[:512].hex()}")
    return 0


def _replay(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    from chejian_gateway.replay import replay, replay_all  # noqa: PLC0415 - compiled kernels only where needed

    if arguments.reason and not arguments.all:
        print("chejian-gateway: --reason goes with --all", file=sys.stderr)
        return _USAGE
    if not arguments.all:
        rows = replay(config, arguments.number)
        print(f"stored {rows} rows of dead letter {arguments.number}")
        return 0
    done = replay_all(config, arguments.reason, progress=lambda r: print(_progress(r), file=sys.stderr))
    for number, why in done.refused:
        print(f"{number:>8}  stays: {why}")
    print(_progress(done))
    return _FAILED if done.refused else 0


def _progress(done: "Replayed") -> str:
    return (
        f"{done.stored + len(done.refused)} of {done.letters} dead letters: {done.stored} stored with {done.rows} rows,"
        f" {len(done.refused)} stay"
    )
