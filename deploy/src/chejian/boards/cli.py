"""`chejian boards`: provisioning files for a new Grafana, or the HTTP API of a running one."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from chejian.boards.provisioning import Organisation, Target, build
from chejian.boards.push import Grafana, plan, push
from chejian.stack import StackError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - what argparse itself returns

URL, TOKEN, TOKEN_FILE = "CHEJIAN_GRAFANA_URL", "CHEJIAN_GRAFANA_TOKEN", "CHEJIAN_GRAFANA_TOKEN_FILE"
_SSL = ("disable", "require", "verify-ca", "verify-full")


def add_boards(commands: "Commands") -> None:
    """Add the command and its two parts."""
    boards = commands.add_parser(
        "boards", help="Grafana boards: provisioning files, or push to a running server"
    )
    parts = boards.add_subparsers(required=True, metavar="PART")
    _add_build(parts)
    _add_push(parts)


def _add_build(parts: "Commands") -> None:
    command = parts.add_parser("build", help="write provisioning files and boards for a Grafana 11 to 13")
    command.add_argument("folder", type=Path)
    command.add_argument(
        "--organisation",
        type=_organisation,
        action="append",
        metavar="ID:ROLE:PASSWORD",
        help="orgId, database role, and its password's environment variable or file"
        " (default 1:chejian_boards_all:CHEJIAN_BOARDS_PASSWORD; may be given again)",
    )
    command.add_argument("--database-host", default="timescaledb:5432", help="(default timescaledb:5432)")
    command.add_argument("--database", default="chejian", help="(default chejian)")
    command.add_argument("--sslmode", choices=_SSL, default="verify-full", help="(default verify-full)")
    command.add_argument(
        "--root-certificate", default="", help="path, for Grafana, of what signs the database's certificate"
    )
    command.add_argument("--plain-postgresql", action="store_true", help="the server has no TimescaleDB")
    command.add_argument(
        "--console", default="http://localhost:8080", help="address of the console in a browser"
    )
    command.add_argument("--webhook", default="", help="address that alerts are sent to (default: none)")
    command.set_defaults(run=_build)


def _add_push(parts: "Commands") -> None:
    command = parts.add_parser("push", help="publish the boards through a running Grafana's HTTP API")
    command.add_argument("--url", default=os.environ.get(URL), help=f"of the server (default {URL})")
    command.add_argument(
        "--token-file", type=Path, help=f"token of a service account (default {TOKEN_FILE}, {TOKEN})"
    )
    command.add_argument("--org", type=int, help="id of the organisation (default: the token's)")
    command.add_argument("--dry-run", action="store_true", help="tell what would be done")
    command.add_argument("--diff", action="store_true", help="tell where a board differs")
    command.set_defaults(run=_push)


def _organisation(text: str) -> Organisation:
    parts = text.split(":", 2)
    if len(parts) != 3 or not parts[0].isdecimal() or not all(parts):  # noqa: PLR2004 - number, role, password
        raise argparse.ArgumentTypeError(
            f"{text!r} must be ID:ROLE:PASSWORD, e.g. 2:chejian_boards_e1:E1_PASSWORD"
        )
    return Organisation(int(parts[0]), parts[1], parts[2])


def _build(args: argparse.Namespace) -> int:
    default = Organisation(1, "chejian_boards_all", "CHEJIAN_BOARDS_PASSWORD")
    target = Target(
        tuple(args.organisation or (default,)),
        args.database_host,
        database=args.database,
        sslmode=args.sslmode,
        timescaledb=not args.plain_postgresql,
        console=args.console,
        webhook=args.webhook,
        root_certificate=args.root_certificate,
    )
    for path in build(args.folder, target):
        print(path)
    return 0


def _push(args: argparse.Namespace) -> int:
    if not args.url:
        raise StackError(f"--url or {URL} is needed: the address of a Grafana, e.g. http://localhost:3000")
    grafana = Grafana(args.url, _token(args.token_file), org=args.org)
    steps = plan(grafana)
    say: Callable[[str], None] = print
    for step in steps:
        say(
            f"{step.kind} {step.uid}: {step.action}"
            + (f", {len(step.paths)} differences" if step.paths else "")
        )
        if args.diff:
            for path in step.paths:
                say(f"  {path}")
    if not args.dry_run:
        push(grafana, steps)
    return 0


def _token(file: Path | None) -> str:
    path = file or (Path(os.environ[TOKEN_FILE]) if os.environ.get(TOKEN_FILE) else None)
    if path is None:
        if not os.environ.get(TOKEN):
            raise StackError(
                f"--token-file, {TOKEN_FILE} or {TOKEN} is needed: the token of a service account"
            )
        return os.environ[TOKEN]
    try:
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise StackError(f"--token-file {path}: {error.strerror}; a file with the token is needed") from error
