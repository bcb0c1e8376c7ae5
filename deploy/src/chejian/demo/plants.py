"""The demo's workshops: each a simulated plant, its edge agent, and the files and ports of both."""

from importlib import resources
from pathlib import Path

from chejian.stack import StackError
from chejian.stack.ports import free_port

NAMES = ("harbin", "qiqihar", "jiamusi")
"""Simulated plants; each has a folder of this name in `chejian/plants` with `edge.toml` and `registry.toml`."""


def plant_file(plant: str, name: str) -> Path:
    """A file that ships with a plant."""
    return Path(str(resources.files("chejian").joinpath("plants", plant, name)))


class Workshop:
    """One workshop of a run.

    Args:
        name: of the simulated plant.
        data: folder of the run.

    Attributes:
        truth: file that the simulator writes when it is frozen.
        edge_config: of the edge agent.
        ports: "simulator" and "edge" for their health pages, "opcua" and "modbus" of the plant.
    """

    def __init__(self, name: str, data: Path) -> None:
        self.name = name
        self.truth = data / "truth" / f"{name}.json"
        self.edge_config = data / "edge" / name / "edge.toml"
        self.ports = {key: free_port() for key in ("simulator", "edge", "opcua", "modbus")}

    @property
    def simulator(self) -> str:
        """Name of the simulator's process."""
        return f"simulator-{self.name}"

    @property
    def edge(self) -> str:
        """Name of the edge's process."""
        return f"edge-{self.name}"

    @property
    def registry(self) -> Path:
        """Registry file of the workshop."""
        return plant_file(self.name, "registry.toml")

    def simulator_arguments(self) -> list[str]:
        """Where the simulator serves what."""
        return [
            *("--plant", self.name, "--truth", str(self.truth)),
            *("--opcua", self._opcua_url(), "--modbus", f"127.0.0.1:{self.ports['modbus']}"),
            *("--http", f"127.0.0.1:{self.ports['simulator']}"),
        ]

    def prepare(self, *, broker_url: str, first_contact_s: int) -> None:
        """Write the edge's configuration with the addresses of this run, and make the folders."""
        changes = {
            'url = "mqtt://127.0.0.1:1883"': f'url = "{broker_url}"',
            "port = 0": f"port = {self.ports['edge']}",
            'url = "opc.tcp://127.0.0.1:4840/chejian"': f'url = "{self._opcua_url()}"',
            'url = "modbus://127.0.0.1:5020"': f'url = "modbus://127.0.0.1:{self.ports["modbus"]}"',
            'first_contact = "24h"': f'first_contact = "{first_contact_s}s"',
        }
        source = plant_file(self.name, "edge.toml")
        text = source.read_text("utf-8")
        for line, own in changes.items():
            if text.count(f"\n{line}\n") != 1:
                raise StackError(f"{source} must hold the line `{line}` once")
            text = text.replace(f"\n{line}\n", f"\n{own}\n")
        for folder in (self.edge_config.parent, self.truth.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.edge_config.write_text(text, "utf-8")

    def _opcua_url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.ports['opcua']}/chejian"
