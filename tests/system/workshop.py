"""The plant of the fault tests: machining centres of the simulator's model, divided among edges, played time-lapsed."""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from chejian_simulators.model import PlantModel
from chejian_simulators.plant import load_plant

GROUP = "hlj-demo"
NODES = {"HRB-W1": ("CNC-01", "CNC-02"), "HRB-W1-2": ("CNC-03", "CNC-04")}
"""Edge nodes and the machines that they read; the registry of the demo, but for the second node."""
SIGNALS = (
    "State/MachineState",
    "Counts/Produced",
    "Counts/Good",
    "Counts/Scrap",
    "Order/Product",
    "Energy/ActivePower",
    "Spindle/Load",
)
STATES = (
    '{ 10 = "PRODUCING", 20 = "SETUP", 30 = "FAULT", 35 = "STOPPED", 40 = "STARVED", 45 = "BLOCKED", 50 = "IDLE",'
    ' 60 = "MAINTENANCE", 70 = "OFF" }'
)
HOUR_MS = 3_600_000
DEVICE_TIMEOUT_S = 2
"""A device whose source has been away for so long is dead [s]."""
BEHIND_MS = 4 * HOUR_MS
"""The model ends so long before now: all hours that are played are closed, and a clock that jumps an hour is no fool."""


@dataclass(frozen=True)
class Workshop:
    """What happened, and from when to when [ms UTC].

    Attributes:
        changes: by "equipment/signal": times, values.
    """

    from_ms: int
    to_ms: int
    changes: dict[str, tuple[list[int], list[Any]]]

    def of(self, node: str) -> dict[str, tuple[list[int], list[Any]]]:
        """Changes of the machines that a node reads."""
        return {k: v for k, v in self.changes.items() if k.partition("/")[0] in NODES[node]}

    def write(self, folder: Path, clock: dict[str, float] | None) -> None:
        """Write the files that the edges' sources play; without a clock they say nothing."""
        for node in NODES:
            data = {"signals": self.of(node)} | ({"clock": clock} if clock else {})
            draft = replay_file(folder, node).with_suffix(".new")
            draft.write_text(json.dumps(data), "utf-8")
            draft.replace(replay_file(folder, node))


def make_workshop(seed: int, hours: float, now_ms: int) -> Workshop:
    """Let the model run for so many hours; the last of them lies well before now."""
    to_ms = now_ms - BEHIND_MS
    from_ms = int(to_ms - hours * HOUR_MS) // HOUR_MS * HOUR_MS
    model = PlantModel(load_plant("harbin"), seed=seed, epoch_ms=from_ms)
    model.advance(to_ms)
    codes = [code for codes in NODES.values() for code in codes]
    series = {f"{code}/{name}": model.machines[code].series[name] for code in codes for name in SIGNALS}
    return Workshop(from_ms, to_ms, {key: (list(s.times), list(s.values)) for key, s in series.items()})


def replay_file(folder: Path, node: str) -> Path:
    """Where a node's source finds its changes."""
    return folder / f"replay-{node}.json"


def edge_config(node: str, *, mqtt_url: str, replay: Path, history_s: int, http: tuple[str, int]) -> str:
    """An edge.toml; its buffer lies beside it."""
    lines = [
        f'[node]\ngroup = "{GROUP}"\nname = "{node}"\nworkshop = "HRB-W1"\ndevice_timeout = "{DEVICE_TIMEOUT_S}s"',
        # A broker that hangs is noticed after one and a half keep-alives.
        f'[mqtt]\nurl = "{mqtt_url}"\nkeepalive = "5s"\nretry_max = "1s"',
        '[buffer]\npath = "buffer.sqlite"',
        f'[http]\nhost = "{http[0]}"\nport = {http[1]}',
        f'[[source]]\nname = "plant"\ndriver = "replay"\nurl = "file://{replay}"',
        f'first_contact = "{history_s}s"\nretry_max = "1s"',
    ]
    for code in NODES[node]:
        lines.append(
            f'[[equipment]]\ncode = "{code}"\ntype = "cnc_machining_centre"\nline = "L1"\nsource = "plant"'
        )
        for name in SIGNALS:
            lines.append(f'[[equipment.signal]]\nname = "{name}"\naddress = "{code}/{name}"')
            lines += [f"state_map = {STATES}"] if name == "State/MachineState" else []
    return "\n".join(lines) + "\n"


def registry() -> str:
    """The demo's registry with the machines of the second node fed by it."""
    text = resources.files("chejian").joinpath("plants", "harbin", "registry.toml").read_text("utf-8")
    for code in NODES["HRB-W1-2"]:
        old = f'feeds = [{{ node = "HRB-W1", device = "{code}" }}]'
        if text.count(old) != 1:
            raise ValueError(f"the demo's registry must hold the line `{old}` once")
        text = text.replace(old, old.replace('"HRB-W1"', '"HRB-W1-2"'))
    return text
