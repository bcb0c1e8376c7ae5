"""`chejian init`: the folder of an installation."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chejian.site.make import DAYS, Request, init_site, parse_edge, parse_host, plants

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - what argparse itself returns

T = TypeVar("T")
_LONGEST_DAYS = 3650


def add_init(commands: "Commands") -> None:
    """Add the command."""
    command = commands.add_parser(
        "init",
        help="make the folder of an installation: authority, certificates, secrets, rights, first configuration",
        description="Make the folder of an installation, or add what is missing. Secrets are never written over.",
    )
    command.add_argument("folder", type=Path)
    command.add_argument(
        "--host",
        type=_checked(parse_host),
        action="append",
        default=[],
        help="name or address of this machine, the first for browsers and edges (default localhost; may be given again)",
    )
    command.add_argument(
        "--add-edge",
        type=_checked(parse_edge),
        action="append",
        default=[],
        metavar="GROUP/NODE",
        help="an edge agent: its password, certificate, rights and first configuration (may be given again)",
    )
    command.add_argument(
        "--plant", choices=plants(), default="", help="shipped plant whose simulator the added edges read"
    )
    command.add_argument("--renew", action="store_true", help="make all certificates again; keys stay")
    command.add_argument(
        "--days", type=_checked(_days), default=DAYS, help=f"that new certificates last (default {DAYS})"
    )
    command.set_defaults(run=_init)


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """The parser, with its reason on the screen."""

    def checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return checked


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST_DAYS:
        raise ValueError(f"{text!r} must be a number of days, 1 to {_LONGEST_DAYS}")
    return int(text)


def _init(args: argparse.Namespace) -> int:
    request = Request(tuple(args.host), tuple(args.add_edge), args.plant, renew=args.renew, days=args.days)
    init_site(args.folder, request, print)
    return 0
