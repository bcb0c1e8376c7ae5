"""Command line of the edge: run, check, status, browse, probe."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from chejian_contract.errors import ContractError

from chejian_edge.agent import run_agent
from chejian_edge.config import load_edge_config
from chejian_edge.errors import EdgeError
from chejian_edge.inspect import browse_source, probe_source
from chejian_edge.plan import EdgePlan, SourcePlan, load_plan
from chejian_edge.status import read_status

_FAILED = 1
_WRONG_CONFIGURATION = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status: 0 done, 1 failed, 2 wrong configuration."""
    arguments = _parser().parse_args(argv)
    _logging(arguments.verbose)
    try:
        return int(arguments.call(arguments))
    except ContractError as error:
        print(error, file=sys.stderr)
        return _WRONG_CONFIGURATION
    except EdgeError as error:
        print(error, file=sys.stderr)
        return _FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chejian-edge", description="Reads devices, buffers on disk, publishes Sparkplug B."
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log details")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, call, text in (
        ("run", _run, "run the agent until SIGTERM or SIGINT"),
        ("check", _check, "read the configuration and say what it means; no network"),
        ("status", _status, "show the buffer's account"),
        ("browse", _browse, "list what a source offers"),
        ("probe", _probe, "read every configured signal of the sources once"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--config", type=Path, required=True, help="edge.toml")
        command.set_defaults(call=call)
        if name == "run":
            command.add_argument(
                "--drain-timeout",
                type=float,
                default=10.0,
                help="seconds to wait for acknowledgements at the end",
            )
        if name == "status":
            command.add_argument("--json", action="store_true", help="one JSON object")
        if name in ("browse", "probe"):
            command.add_argument("--source", help="name of one source; default: all")
    return parser


def _logging(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    if not verbose:
        logging.getLogger("asyncua").setLevel(
            logging.CRITICAL
        )  # requests and traces; losses are ours to tell


def _run(arguments: argparse.Namespace) -> int:
    plan = load_plan(arguments.config)
    return asyncio.run(_agent(plan, arguments.drain_timeout))


async def _agent(plan: EdgePlan, drain_timeout: float) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_agent(plan, stop, drain_timeout=drain_timeout)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    plan = load_plan(arguments.config)
    node = plan.config.node
    print(f"{arguments.config}: good")
    print(f"node {node.group}/{node.name}, broker {plan.config.mqtt.url}, buffer {plan.config.buffer.path}")
    for name, source in plan.sources.items():
        count = sum(s.source == name for s in plan.signals)
        print(f"source {name}: {source.options.driver} {source.options.url}, {count} signals")
    for device in plan.devices.values():
        names = [s.definition.name for s in plan.signals if s.device == device.code]
        print(f"equipment {device.code} ({device.type}): {', '.join(names)}")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    status = read_status(load_edge_config(arguments.config).buffer.path)
    if arguments.json:
        print(json.dumps(status))
        return 0
    for key, value in status.items():
        print(f"{key}: {json.dumps(value)}")
    return 0


def _chosen(plan: EdgePlan, name: str | None) -> list[SourcePlan]:
    if name is not None and name not in plan.sources:
        raise EdgeError(f"no source {name!r}; configured: {', '.join(plan.sources) or 'none'}")
    return [source for key, source in plan.sources.items() if name in (None, key)]


def _browse(arguments: argparse.Namespace) -> int:
    plan = load_plan(arguments.config)
    for source in _chosen(plan, arguments.source):
        asyncio.run(browse_source(source, print))
    return 0


def _probe(arguments: argparse.Namespace) -> int:
    plan = load_plan(arguments.config)
    missing = 0
    for source in _chosen(plan, arguments.source):
        missing += asyncio.run(probe_source(source, plan, print))
    return _FAILED if missing else 0
