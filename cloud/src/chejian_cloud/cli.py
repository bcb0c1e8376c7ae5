"""`chejian-cloud`: API, worker, scheduled reports, migrations, registry seed, recomputation, access."""

import argparse
import gc
import json
import logging
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from chejian_contract.errors import ConfigError
from chejian_contract.memory import keep_freed_memory

from chejian_cloud.config import Settings, load_settings
from chejian_cloud.errors import CloudError, InvalidValueError

log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_INCOMPLETE = 1
"""Some of the work could not be done; the rest is."""
EXIT_WRONG = 2
"""Something the person has to correct: settings, arguments, a seed file."""
SHUTDOWN_SECONDS = 3
"""[s] that open streams get when the API ends; browsers reconnect by themselves."""
_COLLECT_AFTER = (2000, 20, 200)
"""Thresholds of the three generations of the garbage collector: full collections are minutes apart instead of seconds."""
_SWITCH_SECONDS = 0.0002
"""[s] that a thread computes before it lets others in; Python's default of 5 ms is waited for at each answer of the database."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments without the program's name; None takes those of the process.

    Returns:
        0, or 2 when settings, arguments or a file are wrong (told on standard error).
    """
    arguments = _parser().parse_args(argv)
    logging.basicConfig(
        level=arguments.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells the names of its plug-ins at each start
    try:
        settings = load_settings(arguments.config, overrides=_overrides(arguments))
        return _COMMANDS[arguments.command](settings, arguments)
    except (CloudError, ConfigError) as error:
        print(f"chejian-cloud {arguments.command}: {error}", file=sys.stderr)
        return EXIT_WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chejian-cloud",
        description="Registry, worker, API and console of Chejian; database: CHEJIAN_DSN.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("api", "serve the API and the console"),
        ("worker", "recompute states, KPIs and diagnoses as data arrive"),
        ("jobs", "make the reports that schedules ask for"),
        ("migrate", "bring the schemas app, jobs and boards to this version"),
        ("seed", "store registry files"),
        ("recompute", "compute a range anew"),
        ("board-reader", "make or renew the database role that boards of an organisation read with"),
        ("admin", "give a platform administrator a new password and a one-time link"),
        ("token", "make a token for a machine"),
        ("provider", "register identity providers, or change them"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument("--config", type=Path, help="TOML file of settings")
        command.add_argument("--dsn", help="PostgreSQL URL (default: CHEJIAN_DSN)")
        command.add_argument(
            "--log-level",
            default="info",
            choices=["debug", "info", "warning", "error"],
            help="(default: info)",
        )
        if name in ("api", "worker", "jobs"):
            command.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
            command.add_argument("--port", type=int, help="TCP port of the HTTP pages; 0 takes a free one")
        if name == "seed":
            command.add_argument("file", type=Path, nargs="+", help="registry in TOML")
        if name == "board-reader":
            whose = command.add_mutually_exclusive_group(required=True)
            whose.add_argument("--enterprise", help="code of the organisation that it sees")
            whose.add_argument("--all", action="store_true", help="it sees all organisations")
            command.add_argument("--role", help="its name (default: chejian_boards_ and the code)")
            command.add_argument(
                "--password-file", type=Path, required=True, help="file whose first line is its password"
            )
        if name == "provider":
            command.add_argument("file", type=Path, nargs="+", help="TOML file of a provider")
        if name == "admin":
            command.add_argument("--name", default="admin", help="of the account (default: admin)")
            command.add_argument("--json", action="store_true", help="print an object")
        if name == "token":
            _token_arguments(command)
        if name == "recompute":
            command.add_argument("--from", dest="start", type=_moment, help="ISO 8601 with offset")
            command.add_argument("--to", dest="end", type=_moment, help="ISO 8601 with offset")
            command.add_argument("--equipment", help="code; default: all")
            command.add_argument("--jobs", type=int, help="processes (default: one per core)")
            command.add_argument(
                "--resume", action="store_true", help="go on with the newest run that is not finished"
            )
            command.add_argument(
                "--no-wait",
                action="store_true",
                help="mark only; the worker computes later, rollups and diagnoses too",
            )
    return parser


def _token_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", help="of the service account; made where there is none")
    command.add_argument("--role", required=True, help="e.g. viewer, operator, engineer, platform_admin")
    command.add_argument(
        "--organisation", help="code of the enterprise, city or province that the role is for"
    )
    command.add_argument(
        "--permission", action="append", help="what the token may (several; default: read)", metavar="NAME"
    )
    command.add_argument("--days", type=int, default=365, help="until it ends (default: 365)")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be ISO 8601 with offset, e.g. 2026-11-23T08:00:00+08:00"
        )
    return moment


def _overrides(arguments: argparse.Namespace) -> dict[str, object]:
    prefix = "http" if arguments.command == "api" else arguments.command
    given = {
        "dsn": arguments.dsn,
        f"{prefix}_host": getattr(arguments, "host", None),
        f"{prefix}_port": getattr(arguments, "port", None),
    }
    return {key: value for key, value in given.items() if value is not None}


def _end_on_sigterm() -> None:
    """End with 0 on SIGTERM while a server is still starting, and when uvicorn passes the signal on after it has ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_OK))


def _share_interpreter() -> None:
    """Let many requests share the interpreter: none waits for a full collection (250 ms), or long for another's computation.

    What lasts as long as the process is kept from the garbage collector. A thread that comes back from the database gets the
    interpreter within `_SWITCH_SECONDS` of each thread that computes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_SECONDS)


def _api(settings: Settings, _arguments: argparse.Namespace) -> int:
    _end_on_sigterm()
    import uvicorn  # noqa: PLC0415 - the other commands start without it

    from chejian_cloud.access.commands import first_run  # noqa: PLC0415 - the other commands start without it
    from chejian_cloud.app import create_app  # noqa: PLC0415 - likewise

    path = first_run(settings.dsn)
    if path is not None:
        log.warning(
            "nobody has an account yet; once, and within 24 hours: %s below this console's address", path
        )
    app = create_app(settings)
    _share_interpreter()
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        ssl_certfile=settings.http_certificate,
        ssl_keyfile=settings.http_key,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return EXIT_OK


def _worker(settings: Settings, _arguments: argparse.Namespace) -> int:
    _end_on_sigterm()
    from chejian_cloud.worker.process import run  # noqa: PLC0415 - the other commands start without it

    keep_freed_memory()  # without glibc it stays as slow as it was
    run(settings)
    return EXIT_OK


def _jobs(settings: Settings, _arguments: argparse.Namespace) -> int:
    _end_on_sigterm()
    from chejian_cloud.jobs.process import run  # noqa: PLC0415 - the other commands start without it

    run(settings)
    return EXIT_OK


def _migrate(settings: Settings, _arguments: argparse.Namespace) -> int:
    from chejian_cloud.db.migrate import migrate  # noqa: PLC0415 - the other commands start without it

    before, after = migrate(settings.dsn)
    print(f"schema app: {after}" + (" (unchanged)" if before == after else f" (was {before or 'empty'})"))
    return EXIT_OK


def _seed(settings: Settings, arguments: argparse.Namespace) -> int:
    from chejian_cloud.registry.seed import seed  # noqa: PLC0415 - the other commands start without it

    for file in arguments.file:
        report = seed(settings.dsn, file)
        print(f"{file}: " + (", ".join(f"{n} {kind}" for kind, n in report.items()) or "nothing new"))
    return EXIT_OK


def _board_reader(settings: Settings, arguments: argparse.Namespace) -> int:
    from chejian_cloud.db.boards import make_reader  # noqa: PLC0415 - the other commands start without it

    try:
        lines = arguments.password_file.read_text("utf-8").splitlines()
    except OSError as error:
        raise InvalidValueError("--password-file", arguments.password_file, f"a file ({error})") from error
    reader = make_reader(settings.dsn, arguments.enterprise, (lines or [""])[0], role=arguments.role)
    print(f"{reader.role}: reads {reader.enterprise or 'all organisations'} through schema boards")
    return EXIT_OK


def _recompute(settings: Settings, arguments: argparse.Namespace) -> int:
    from chejian_cloud.recompute import (  # noqa: PLC0415 - the other commands start without it
        IncompleteError,
        mark_range,
        recompute,
        resume,
    )

    if arguments.resume == bool(arguments.start and arguments.end):
        raise InvalidValueError("--resume", arguments.resume, "either --resume or both --from and --to")
    if arguments.jobs is not None and arguments.jobs < 1:
        raise InvalidValueError("--jobs", arguments.jobs, "1 or more")
    try:
        if arguments.resume:
            resume(settings, jobs=arguments.jobs, tell=_tell)
        elif arguments.no_wait:
            mark_range(settings.dsn, arguments.start, arguments.end, code=arguments.equipment, tell=_tell)
        else:
            recompute(
                settings,
                arguments.start,
                arguments.end,
                code=arguments.equipment,
                jobs=arguments.jobs,
                tell=_tell,
            )
    except IncompleteError as error:
        print(f"chejian-cloud recompute: {error}", file=sys.stderr)
        return EXIT_INCOMPLETE
    return EXIT_OK


def _admin(settings: Settings, arguments: argparse.Namespace) -> int:
    from chejian_cloud.access.commands import make_admin  # noqa: PLC0415 - the other commands start without it

    access = make_admin(settings.dsn, arguments.name)
    if arguments.json:
        print(json.dumps(access._asdict()))
    else:
        print(
            f"user {access.name}, password {access.password}\nor once by the console's address and {access.path}"
        )
    return EXIT_OK


def _token(settings: Settings, arguments: argparse.Namespace) -> int:
    from chejian_cloud.access.commands import make_token  # noqa: PLC0415 - the other commands start without it
    from chejian_cloud.access.permissions import Permission, Role  # noqa: PLC0415 - likewise

    if arguments.role not in list(Role):
        raise InvalidValueError("--role", arguments.role, ", ".join(Role))
    asked = arguments.permission or [Permission.READ.value]
    wrong = [p for p in asked if p not in list(Permission)]
    if wrong:
        raise InvalidValueError("--permission", wrong[0], ", ".join(Permission))
    permissions = [Permission(p) for p in asked]
    organisation, days = arguments.organisation, arguments.days
    print(
        make_token(settings.dsn, arguments.name, Role(arguments.role), organisation, permissions, days=days)
    )
    return EXIT_OK


def _provider(settings: Settings, arguments: argparse.Namespace) -> int:
    from chejian_contract.config import load_config  # noqa: PLC0415 - the other commands start without it

    from chejian_cloud.access.commands import register_provider  # noqa: PLC0415 - likewise
    from chejian_cloud.access.oidc.spec import ProviderSpec  # noqa: PLC0415 - likewise

    for file in arguments.file:
        spec = load_config(ProviderSpec, file)
        register_provider(settings.dsn, spec, over_http=settings.identity_over_http)
        place = f"{spec.level} {spec.organisation}" if spec.organisation else "the platform"
        print(f"{spec.code}: registered for {place}, {len(spec.grants)} grants; log-in at /login/{spec.code}")
    return EXIT_OK


def _tell(line: str) -> None:
    print(line, flush=True)


_COMMANDS = {
    "api": _api,
    "worker": _worker,
    "jobs": _jobs,
    "migrate": _migrate,
    "seed": _seed,
    "recompute": _recompute,
    "board-reader": _board_reader,
    "admin": _admin,
    "token": _token,
    "provider": _provider,
}
