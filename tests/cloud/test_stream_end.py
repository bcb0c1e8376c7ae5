"""The end of the stream: a reading thread gives its connection back before the engine is disposed of."""

import asyncio
import threading

import pytest
from chejian_cloud.db.engine import make_engine
from chejian_cloud.stream import looks, service
from chejian_cloud.stream.service import OverviewStream
from chejian_contract.health import Metrics


async def test_a_read_in_progress_is_waited_for(seeded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(seeded, application="test", scoped=True)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()
    real = looks.look

    def slow(*arguments: object) -> object:
        begun.set()
        assert go_on.wait(20)
        result = real(*arguments)  # type: ignore[arg-type]  # handed through
        done.set()
        return result

    monkeypatch.setattr(service, "look", slow)
    async with asyncio.timeout(30):
        async with OverviewStream(engine, hold=60, metrics=Metrics(), poll=0.02) as stream:
            page = asyncio.create_task(stream.read())
            await asyncio.to_thread(begun.wait, 20)
            page.cancel()
            asyncio.get_running_loop().call_later(0.2, go_on.set)
        assert done.is_set()
    engine.dispose()
