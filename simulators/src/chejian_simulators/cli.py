"""`chejian-simulate`: run a simulated plant, or write down its truth."""

import argparse
import asyncio
import logging
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from chejian_contract.errors import ConfigError

from chejian_simulators.model import PlantModel
from chejian_simulators.opcua_server import wall_clock_ms
from chejian_simulators.plant import load_plant, shipped_plants
from chejian_simulators.recordings import RecordingError
from chejian_simulators.run import RunOptions, run
from chejian_simulators.shifts import to_ms
from chejian_simulators.truth import write_truth

log = logging.getLogger("chejian_simulators")

PASSWORD_VARIABLE = "CHEJIAN_SIMULATE_PASSWORD"  # noqa: S105 - the name of a variable, not a password
STRETCH_MS = 6 * 3_600_000
"""[ms] History is made in stretches of six hours, with a line of progress after each."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; none takes those of the process.

    Returns:
        0 when all went well, 2 when an argument, a file or an address is wrong (told on standard error).
    """
    arguments = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("asyncua").setLevel(logging.WARNING)
    logging.getLogger("asyncua.server.server").setLevel(
        logging.CRITICAL
    )  # what it logs it also raises, told below
    try:
        model = PlantModel(
            load_plant(arguments.plant),
            seed=arguments.seed,
            epoch_ms=arguments.epoch,
            recordings=arguments.recordings,
        )
        if arguments.command == "truth":
            _truth(model, arguments.end, arguments.out)
        else:
            _run(model, arguments)
    except (ConfigError, RecordingError, OSError, _ArgumentError) as error:
        print(f"chejian-simulate: {error}", file=sys.stderr)
        return 2
    return 0


class _ArgumentError(Exception):
    """An argument that is wrong together with others."""


def _run(model: PlantModel, arguments: argparse.Namespace) -> None:
    now = wall_clock_ms()
    if model.epoch_ms > now:
        raise _ArgumentError(
            f"--epoch lies {(model.epoch_ms - now) / 1000:.0f} s in the future; allowed: a time past"
        )
    user = None
    if arguments.username is not None:
        password = os.environ.get(PASSWORD_VARIABLE)
        if not password:
            raise _ArgumentError(
                f"--username needs a password in the environment variable {PASSWORD_VARIABLE}"
            )
        user = (arguments.username, password)
    if not arguments.truth.parent.is_dir():
        raise _ArgumentError(f"--truth {arguments.truth}: the folder {arguments.truth.parent} does not exist")
    _make_history(model, now)
    options = RunOptions(opcua=arguments.opcua, truth=arguments.truth, http=arguments.http, user=user)
    asyncio.run(run(model, options))


def _truth(model: PlantModel, end_ms: int, out: Path) -> None:
    if end_ms <= model.epoch_ms:
        raise _ArgumentError("--end is not after --epoch; allowed: a later time")
    _make_history(model, end_ms)
    write_truth(model, end_ms, out)


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


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected ISO 8601 with zone, such as 2026-11-23T00:00:00Z"
        )
    return to_ms(moment)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - largest TCP port
        raise argparse.ArgumentTypeError(f"{text!r}: expected HOST:PORT, such as 127.0.0.1:0")
    return host, int(port)


def _opcua_url(text: str) -> str:
    if not text.startswith("opc.tcp://"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected opc.tcp://HOST:PORT/chejian")
    return text


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of at least 0")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chejian-simulate", description="Simulated workshops with known ground truth."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser(
        "run",
        help="serve a plant over OPC UA",
        description="Serve a plant over OPC UA with its history from the epoch on. SIGUSR1 freezes the plant and writes the "
        "truth; SIGTERM writes the truth and stops.",
    )
    truths = commands.add_parser(
        "truth",
        help="write the truth without serving",
        description="Same plant, seed and epoch give the same truth.",
    )
    for command in (runs, truths):
        command.add_argument(
            "--plant", required=True, help=f"{', '.join(shipped_plants())}, or the path of a .toml file"
        )
        command.add_argument("--seed", required=True, type=_seed, help="fixes everything random")
        command.add_argument(
            "--epoch", required=True, type=_moment, metavar="ISO8601", help="start of the history, with zone"
        )
        command.add_argument(
            "--recordings", type=Path, metavar="DIR", help="folder of public recordings that MTS stands play"
        )
    runs.add_argument(
        "--opcua", required=True, type=_opcua_url, metavar="URL", help="opc.tcp://127.0.0.1:PORT/chejian"
    )
    runs.add_argument("--truth", required=True, type=Path, metavar="FILE", help="where the truth goes")
    runs.add_argument("--http", type=_address, metavar="HOST:PORT", help="health pages and metrics")
    runs.add_argument("--username", help=f"OPC UA user that clients need; password in {PASSWORD_VARIABLE}")
    truths.add_argument(
        "--end", required=True, type=_moment, metavar="ISO8601", help="end of the truth, with zone"
    )
    truths.add_argument("--out", required=True, type=Path, metavar="FILE", help="where the truth goes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
