"""Arguments of `chejian-simulate`."""

import argparse
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from chejian_simulators.plant import shipped_plants
from chejian_simulators.shifts import to_ms

PASSWORD_VARIABLE = "CHEJIAN_SIMULATE_PASSWORD"  # noqa: S105 - the name of a variable, not a password
_PLANT_NEEDS = ("plant", "seed", "epoch", "opcua", "truth")
_FLEET_NEEDS = ("mqtt",)


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; leaves the process with code 2 and a message when it is wrong."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.command == "run":
        fleet = arguments.fleet is not None
        needs, others = (_FLEET_NEEDS, _PLANT_NEEDS) if fleet else (_PLANT_NEEDS, _FLEET_NEEDS)
        for name in needs:
            if getattr(arguments, name) is None:
                parser.error(f"run {'--fleet' if fleet else 'of a plant'} needs --{name}")
        for name in others:
            if name != "seed" and getattr(arguments, name) is not None:
                parser.error(f"--{name} does not belong to run {'--fleet' if fleet else 'of a plant'}")
        if fleet and arguments.signals % arguments.devices:
            parser.error(f"--signals {arguments.signals} is no multiple of --devices {arguments.devices}")
    return arguments


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


def _mqtt_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.username:
        raise argparse.ArgumentTypeError(f"{text!r}: expected mqtt://HOST:PORT or mqtts://HOST:PORT")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number of at least 1")
    return int(text)


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
        help="serve a plant over OPC UA and Modbus",
        description="Serve a plant over OPC UA and its meters over Modbus, with their history from the epoch on. SIGUSR1 freezes the plant and writes the "
        "truth; SIGTERM writes the truth and stops.",
    )
    truths = commands.add_parser(
        "truth",
        help="write the truth without serving",
        description="Same plant, seed and epoch give the same truth.",
    )
    for command, needed in ((runs, False), (truths, True)):
        command.add_argument(
            "--plant", required=needed, help=f"{', '.join(shipped_plants())}, or the path of a .toml file"
        )
        command.add_argument("--seed", required=needed, type=_seed, help="fixes everything random")
        command.add_argument(
            "--epoch",
            required=needed,
            type=_moment,
            metavar="ISO8601",
            help="start of the history, with zone",
        )
        command.add_argument(
            "--recordings", type=Path, metavar="DIR", help="folder of public recordings to play"
        )
        command.add_argument(
            "--replay-end",
            type=_moment,
            metavar="ISO8601",
            help="where a recording that a meter plays ends; default: the start of run, the end of truth",
        )
    runs.add_argument("--opcua", type=_opcua_url, metavar="URL", help="opc.tcp://127.0.0.1:PORT/chejian")
    runs.add_argument("--modbus", type=_address, metavar="HOST:PORT", help="Modbus TCP server of the meters")
    runs.add_argument("--truth", type=Path, metavar="FILE", help="where the truth goes")
    runs.add_argument("--http", type=_address, metavar="HOST:PORT", help="health pages and metrics")
    runs.add_argument(
        "--username", help=f"user that OPC UA clients need, or of the broker; password in {PASSWORD_VARIABLE}"
    )
    fleet = runs.add_argument_group("fleet", "instead of a plant: many workshops straight to a broker")
    fleet.add_argument("--fleet", type=_count, metavar="N", help="number of workshops")
    fleet.add_argument("--mqtt", type=_mqtt_url, metavar="URL", help="mqtt://HOST:PORT or mqtts://HOST:PORT")
    fleet.add_argument("--devices", type=_count, default=5, help="devices of a workshop (default 5)")
    fleet.add_argument("--signals", type=_count, default=1000, help="signals of a workshop (default 1000)")
    fleet.add_argument("--seconds", type=_count, default=0, help="how long; default: until SIGTERM")
    fleet.add_argument(
        "--drain", type=_count, default=60, help="seconds the end waits for acknowledgements (default 60)"
    )
    fleet.add_argument("--group", default="fleet", help="Sparkplug group (default fleet)")
    fleet.add_argument("--account", type=Path, metavar="FILE", help="account of every workshop at the end")
    truths.add_argument(
        "--end", required=True, type=_moment, metavar="ISO8601", help="end of the truth, with zone"
    )
    truths.add_argument("--out", required=True, type=Path, metavar="FILE", help="where the truth goes")
    return parser
