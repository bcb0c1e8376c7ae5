"""A buffer with a running publisher, for tests that make the batches themselves."""

from collections.abc import Callable
from typing import Any

from chejian_contract.samples import Quality
from chejian_edge.batch import Closed, OpenBatch
from chejian_edge.buffer import Buffer
from chejian_edge.pipeline import Drained
from chejian_edge.presence import Presence
from chejian_edge.publisher import Publisher
from chejian_edge.series import Series

from tests.edge.host import Host

CONFIG = """
[node]
group = "{group}"
name = "W1"
device_timeout = "1s"
{node}
[mqtt]
url = "{mqtt}"
retry_max = "500ms"
[buffer]
path = "buffer.sqlite"
[ledger]
acknowledge = "{acknowledge}"
window = 20
host_id = "{group}-scada"
[[source]]
name = "s"
driver = "opcua"
url = "opc.tcp://127.0.0.1:1"
[[equipment]]
code = "D1"
type = "cnc_machining_centre"
line = "L1"
source = "s"
signal = [{{ name = "Spindle/Load", address = "i=1" }}]
"""


class Edge:
    """A buffer and a running publisher."""

    def __init__(self, buffer: Buffer, publisher: Publisher, series: Series, presence: Presence) -> None:
        self.buffer, self.publisher, self.series, self.presence = buffer, publisher, series, presence
        self.count = 0

    async def produce(self, batches: int, *, historical: bool = False) -> None:
        out: list[Closed] = []
        batch = OpenBatch("D1", historical=historical, limit=4, sink=out.append)
        while len(out) < batches:
            self.count += 1
            batch.add(self.series.alias, self.count, float(self.count), Quality.GOOD, self.series.set_value)
        self.publisher.committed(await self.buffer.commit(Drained(out, [])))


RunEdge = Callable[..., Any]


def values(host: Host) -> list[float]:
    return host.values("D1", "Spindle/Load")
