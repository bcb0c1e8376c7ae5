"""`chejian-simulate`: run a simulated plant, or write down its truth."""

import argparse
import asyncio
import functools
import logging
import os
import sys
import time
from collections.abc import Sequence

from chejian_contract.errors import ConfigError

from chejian_simulators.arguments import PASSWORD_VARIABLE, parse_arguments
from chejian_simulators.model import PlantModel
from chejian_simulators.opcua_server import wall_clock_ms
from chejian_simulators.plant import load_plant
from chejian_simulators.recordings import RecordingError
from chejian_simulators.run import RunOptions, run
from chejian_simulators.truth import write_truth
from chejian_simulators.truth_table import truth_table

log = logging.getLogger("chejian_simulators")

STRETCH_MS = 6 * 3_600_000
"""[ms] History is made in stretches of six hours, with a line of progress after each."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; none takes those of the process.

    Returns:
        0 when all went well, 2 when an argument, a file or an address is wrong (told on standard error).
    """
    arguments = parse_arguments(None if argv is None else list(argv))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("asyncua").setLevel(logging.WARNING)
    for name in ("asyncua.server.server", "pymodbus"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they log they also raise, told below
    try:
        if arguments.command == "truth":
            _truth(arguments)
        elif arguments.fleet is not None:
            _fleet(arguments)
        else:
            _run(arguments)
    except (ConfigError, RecordingError, OSError, _ArgumentError) as error:
        print(f"chejian-simulate: {error}", file=sys.stderr)
        return 2
    return 0


class _ArgumentError(Exception):
    """An argument that is wrong together with others."""


def _model(arguments: argparse.Namespace, now_ms: int) -> PlantModel:
    """The model; replaying meters end at `--replay-end`, else now."""
    return PlantModel(
        load_plant(arguments.plant),
        seed=arguments.seed,
        epoch_ms=arguments.epoch,
        recordings=arguments.recordings,
        replay_end_ms=now_ms if arguments.replay_end is None else arguments.replay_end,
    )


def _run(arguments: argparse.Namespace) -> None:
    now = wall_clock_ms()
    model = _model(arguments, now)
    if model.epoch_ms > now:
        raise _ArgumentError(
            f"--epoch lies {(model.epoch_ms - now) / 1000:.0f} s in the future; allowed: a time past"
        )
    user = _user(arguments)
    if not arguments.truth.parent.is_dir():
        raise _ArgumentError(f"--truth {arguments.truth}: the folder {arguments.truth.parent} does not exist")
    _make_history(model, now)
    options = RunOptions(
        opcua=arguments.opcua,
        truth=arguments.truth,
        http=arguments.http,
        user=user,
        modbus=arguments.modbus,
    )
    asyncio.run(run(model, options))


def _fleet(arguments: argparse.Namespace) -> None:
    from chejian_simulators.fleet.run import Fleet, FleetOptions  # noqa: PLC0415 - plants start without MQTT

    options = FleetOptions(
        workshops=arguments.fleet,
        devices=arguments.devices,
        signals=arguments.signals,
        mqtt=arguments.mqtt,
        user=_user(arguments),
        seconds=arguments.seconds,
        drain=arguments.drain,
        seed=arguments.seed or 0,
        group=arguments.group,
        account=arguments.account,
    )
    asyncio.run(Fleet(options, functools.partial(print, flush=True)).run())


def _user(arguments: argparse.Namespace) -> tuple[str, str] | None:
    if arguments.username is None:
        return None
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        raise _ArgumentError(f"--username needs a password in the environment variable {PASSWORD_VARIABLE}")
    return arguments.username, password


def _truth(arguments: argparse.Namespace) -> None:
    end_ms = arguments.end
    model = _model(arguments, end_ms)
    if end_ms <= model.epoch_ms:
        raise _ArgumentError("--end is not after --epoch; allowed: a later time")
    _make_history(model, end_ms)
    print(truth_table(write_truth(model, end_ms, arguments.out)))


def _make_history(model: PlantModel, until_ms: int) -> None:
    started = time.monotonic()
    while model.now_ms < until_ms:
        model.advance(min(model.now_ms + STRETCH_MS, until_ms))
        log.info(
            "history: %.1f of %.1f h, %d changes, %.1f s",
            (model.now_ms - model.epoch_ms) / 3_600_000,
            (until_ms - model.epoch_ms) / 3_600_000,
            model.changes_total,
            time.monotonic() - started,
        )


if __name__ == "__main__":
    sys.exit(main())
