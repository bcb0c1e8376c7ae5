"""The receiving side of a subscription: publish responses become bursts in a queue whose overflow is counted.

asyncua's own iterator drops the oldest silently and costs a task or an object for each change; here a publish
response is one burst, and its PublishTime vouches for everything before it.
"""

import asyncio
from collections import deque
from collections.abc import Mapping

from asyncua import ua

from chejian_edge.driver import Burst
from chejian_edge.drivers.opcua.values import overflowed, reading_of, to_ms
from chejian_edge.errors import SourceError

QUEUE_READINGS = 200_000
"""Readings that may wait for the pipeline: ten seconds of the fastest server measured (20,000/s)."""


class BurstQueue:
    """Bursts between asyncua's publish loop and the agent.

    Args:
        keys: of the signals, by client handle.
        silence: [s] without any publish response after which the source counts as lost.

    Attributes:
        dropped: readings lost by the server's queues (as told by the overflow bit) or here.
    """

    def __init__(self, keys: Mapping[int, int], *, silence: float) -> None:
        self.dropped = 0
        self._keys = keys
        self._silence = silence
        self._bursts: deque[Burst] = deque()
        self._waiting = 0
        self._wake = asyncio.Event()
        self._lost: str | None = None

    def lose(self, why: str) -> None:
        """The source is lost: iteration ends with a `SourceError` behind what already came."""
        if self._lost is None:
            self._lost = why
            self._wake.set()

    def publish(self, result: ua.PublishResult) -> None:
        """Callback of the publish loop; never raises, the loop would swallow it."""
        try:
            self._take(result)
        except Exception as error:  # noqa: BLE001 - whatever a server sends must end in a clear loss, not in silence
            self.lose(f"a notification can't be read: {error!r}")

    def _take(self, result: ua.PublishResult) -> None:
        message = result.NotificationMessage
        readings = []
        for data in message.NotificationData or ():
            if isinstance(data, ua.DataChangeNotification):
                for item in data.MonitoredItems:
                    key = self._keys.get(item.ClientHandle)
                    if key is None:
                        continue
                    self.dropped += overflowed(item.Value)
                    readings.append(reading_of(key, item.Value))
            elif isinstance(data, ua.StatusChangeNotification):
                self.lose(f"the server ended the subscription: {data.Status}")
                return
        if self._waiting + len(readings) > QUEUE_READINGS:
            self.dropped += len(readings)
            self.lose(f"the queue of {QUEUE_READINGS} readings overflowed; history fills the gap")
            return
        self._waiting += len(readings)
        vouched = None if result.MoreNotifications else to_ms(message.PublishTime)
        self._bursts.append(Burst(readings, vouched if vouched and vouched > 0 else None))
        self._wake.set()

    def __aiter__(self) -> "BurstQueue":
        return self

    async def __anext__(self) -> Burst:
        while not self._bursts:
            if self._lost is not None:
                raise SourceError(self._lost)
            self._wake.clear()
            try:
                async with asyncio.timeout(self._silence):
                    await self._wake.wait()
            except TimeoutError:
                self.lose(f"no publish response for {self._silence:.0f} s")
        burst = self._bursts.popleft()
        self._waiting -= len(burst.readings)
        return burst
