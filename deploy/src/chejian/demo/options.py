"""What a run of the demo was asked for, and what it remembers for the next start."""

import json
import time
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from chejian_contract.errors import ConfigError

DEFAULT_PORT = 8321
"""TCP port of the console; a free one is taken, and said, where it is in use."""
_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Command line of `chejian demo`.

    Attributes:
        data: folder of databases, logs and configuration; reused by the next start.
        history: length of the past [s]; the epoch is this far back, on a full hour.
        minutes: live time after the back-fill, headless only.
        recordings: folder of real recordings to replay, or None for the physical model.
        report: file for the truth report as JSON, headless only.
        port: of the console.
        seed: of the simulated plants.
        headless: run, compare, exit, instead of serving until Ctrl-C.
        province: fill a simulated province in, too.
    """

    data: Path
    history: float = 86_400.0
    minutes: float = 2.0
    recordings: Path | None = None
    report: Path | None = None
    port: int = DEFAULT_PORT
    seed: int = 1
    headless: bool = False
    province: bool = False


@dataclass(frozen=True, slots=True)
class DemoState:
    """What must stay the same as long as a data folder lives.

    Attributes:
        epoch: begin of the plants' history, ISO 8601 UTC.
        seed: of the plants.
        recordings: folder that is replayed, "" for none.
        replay_end: where the recording that a meter plays ends, ISO 8601 UTC: the first start.
    """

    epoch: str
    seed: int
    recordings: str
    replay_end: str


def open_state(options: DemoOptions) -> DemoState:
    """Read the state of a data folder, or make it for a new one.

    Raises:
        ConfigError: the folder was made with another seed or other recordings, or by another version.
    """
    recordings = str(options.recordings.resolve()) if options.recordings else ""
    path = options.data / "demo.json"
    if path.exists():
        state = _read(path)
        if options.seed != state.seed:
            raise ConfigError(
                str(path),
                "seed",
                options.seed,
                f"{state.seed}, as this data folder was made; or another --data",
            )
        if recordings != state.recordings:
            allowed = (
                f"{state.recordings or 'no recordings'}, as this data folder was made; or another --data"
            )
            raise ConfigError(str(path), "recordings", recordings, allowed)
        return state
    options.data.mkdir(parents=True, exist_ok=True)
    now = time.time()
    begin = (now - options.history) // _HOUR_S * _HOUR_S
    state = DemoState(_iso(begin), options.seed, recordings, _iso(int(now)))
    path.write_text(json.dumps(asdict(state), indent=1) + "\n", "utf-8")
    return state


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _read(path: Path) -> DemoState:
    data = json.loads(path.read_text("utf-8"))
    names = [f.name for f in fields(DemoState)]
    if sorted(data) != sorted(names):
        allowed = f"{', '.join(names)}: another version of Chejian made this data folder; remove it, or another --data"
        raise ConfigError(str(path), "keys", ", ".join(data), allowed)
    return DemoState(**data)
