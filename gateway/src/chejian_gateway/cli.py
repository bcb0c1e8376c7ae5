"""The command `chejian-gateway`."""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from chejian_contract.errors import ConfigError, PayloadError

from chejian_gateway import config as configuration
from chejian_gateway import deadletter, ledger, migrate
from chejian_gateway.config import GatewayConfig
from chejian_gateway.errors import GatewayError

_log = logging.getLogger(__name__)

_FAILED = 1
_COLUMNS = (
    "group",
    "node",
    "ledger_id",
    "produced_batches",
    "stored_batches",
    "dead_batches",
    "lost_batches",
    "in_flight_batches",
    "ranges",
    "produced_samples",
    "stored_samples",
    "rows_counted",
)


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
    show = commands.add_parser("ledger", help="produced = stored + dead + lost + in flight, per node")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(command=_ledger)
    letters = commands.add_parser("deadletter", help="what could not be stored")
    actions = letters.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="newest first")
    listing.add_argument("--limit", type=int, default=50, help="at most so many (default 50)")
    listing.set_defaults(command=_list)
    for name, function, text in (
        ("show", _show, "one dead letter with its payload as text"),
        ("replay", _replay, "store it now; it is removed if that succeeds"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("number", type=int, help="as listed")
        action.set_defaults(command=function)
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
        entries = ledger.identity(connection)
    if arguments.json:
        print(json.dumps(entries, ensure_ascii=False))
        return 0
    table = [_COLUMNS, *(tuple(str(e[c]) for c in _COLUMNS) for e in entries)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    return 0


def _list(config: GatewayConfig, arguments: argparse.Namespace) -> int:
    with psycopg.connect(config.dsn, autocommit=True) as connection:
        for d in deadletter.newest_first(connection, arguments.limit):
            print(
                f"{d.dead_letter_id:>8}  {d.received:%Y-%m-%d %H:%M:%S}  {d.topic}  batch {d.batch}  {d.reason}"
            )
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
    from chejian_gateway.replay import replay  # noqa: PLC0415 - compiled kernels only where needed

    print(f"stored {replay(config, arguments.number)} rows of dead letter {arguments.number}")
    return 0
