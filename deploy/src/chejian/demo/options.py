"""What a run of the demo was asked for, and what it remembers for the next start."""

import json
import time
from dataclasses import asdict, dataclass
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
        seed: of the simulated plant.
        headless: run, compare, exit, instead of serving until Ctrl-C.
    """

    data: Path
    history: float = 86_400.0
    minutes: float = 2.0
    recordings: Path | None = None
    report: Path | None = None
    port: int = DEFAULT_PORT
    seed: int = 1
    headless: bool = False


@dataclass(frozen=True, slots=True)
class DemoState:
    """What must stay the same as long as a data folder lives.

    Attributes:
        epoch: begin of the plant's history, ISO 8601 UTC.
        seed: of the plant.
        recordings: folder that is replayed, "" for none.
    """

    epoch: str
    seed: int
    recordings: str


def open_state(options: DemoOptions) -> DemoState:
    """Read the state of a data folder, or make it for a new one.

    Raises:
        ConfigError: the folder was made with another seed or other recordings.
    """
    recordings = str(options.recordings.resolve()) if options.recordings else ""
    path = options.data / "demo.json"
    if path.exists():
        state = DemoState(**json.loads(path.read_text("utf-8")))
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
    begin = (time.time() - options.history) // _HOUR_S * _HOUR_S
    state = DemoState(datetime.fromtimestamp(begin, UTC).isoformat(), options.seed, recordings)
    path.write_text(json.dumps(asdict(state), indent=1) + "\n", "utf-8")
    return state
