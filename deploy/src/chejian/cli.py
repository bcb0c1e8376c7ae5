"""`chejian`: the umbrella command."""

import argparse
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chejian_contract.config import parse_duration
from chejian_contract.errors import ConfigError

from chejian.boards.cli import add_boards
from chejian.demo import DemoOptions, run_demo
from chejian.demo.chain import program
from chejian.demo.options import DEFAULT_PORT
from chejian.site.cli import add_init
from chejian.stack import StackError


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        return int(args.run(args))
    except (StackError, ConfigError) as error:
        print(f"chejian: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chejian", description="The open platform for digital workshops (数字化车间)."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo", help="run the whole chain on this machine with three simulated workshops"
    )
    demo.add_argument(
        "--headless", action="store_true", help="run, compare with the truth, exit; no console needed"
    )
    demo.add_argument(
        "--minutes", type=float, default=2.0, help="live minutes after the back-fill, headless (default 2)"
    )
    demo.add_argument("--history", type=_duration, default="24h", help="length of the past (default 24h)")
    demo.add_argument(
        "--recordings", type=_folder, help="folder of real recordings to replay instead of the models"
    )
    demo.add_argument("--report", type=Path, help="write the truth report to this JSON file, headless")
    demo.add_argument(
        "--data",
        type=Path,
        help="data folder, reused by the next start (default .chejian/demo, .chejian/province with a province;"
        " headless: a temporary one)",
    )
    demo.add_argument(
        "--port",
        type=int,
        default=DEFAULT_PORT,
        help=f"port of the console (default {DEFAULT_PORT}; a free one is taken where it is in use)",
    )
    demo.add_argument("--seed", type=int, default=1, help="seed of the simulated plants (default 1)")
    demo.add_argument(
        "--province",
        action="store_true",
        help="fill a simulated province in, too: 100 workshops in 13 cities and 1,000 lines, with three years of months",
    )
    demo.set_defaults(run=_demo)
    add_init(commands)
    migrate = commands.add_parser("migrate", help="bring the schemas of CHEJIAN_DSN up to date")
    migrate.set_defaults(run=_migrate)
    add_boards(commands)
    return parser


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is no folder")
    return path


def _demo(args: argparse.Namespace) -> int:
    temporary = (
        Path(tempfile.mkdtemp(prefix="chejian-demo-")) if args.headless and args.data is None else None
    )
    options = DemoOptions(
        data=temporary or args.data or Path(".chejian/province" if args.province else ".chejian/demo"),
        history=args.history,
        minutes=args.minutes,
        recordings=args.recordings,
        report=args.report,
        port=args.port,
        seed=args.seed,
        headless=args.headless,
        province=args.province,
    )
    status = run_demo(options)
    if temporary is not None and status == 0:
        shutil.rmtree(temporary)
    return status


def _migrate(_: argparse.Namespace) -> int:
    for command in ("chejian-gateway", "chejian-cloud"):
        status = subprocess.call([program(command), "migrate"])  # noqa: S603 - our own commands
        if status:
            return status
    return 0
