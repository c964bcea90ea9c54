"""The server's life with listeners that fail, hang and fall over; tests/cli/test_serve.py has the real ones."""

import asyncio
import dataclasses
import time

import pytest
import structlog
from structlog.testing import capture_logs

from orderbook_server import server as module
from orderbook_server.config import Address, ConfigError, Settings
from orderbook_server.server import Server

SETTINGS = Settings(event_capacity=1024, in_memory=True)


class FakeGateway:
    """A gateway that writes down what is asked of it."""

    def __init__(self, name, story, *, start=None, stop=None):
        self.name, self.story, self.failure, self.ending = name, story, start, stop

    async def start(self, host, port):
        self.story.append(f"start {self.name}")
        if self.failure is not None:
            raise self.failure
        return str(Address(host, port))

    async def stop(self):
        self.story.append(f"stop {self.name}")
        if self.ending is not None:
            await self.ending()
        self.story.append(f"{self.name} stopped")


@pytest.fixture(autouse=True)
def default_logs():
    structlog.reset_defaults()


def fake_server(monkeypatch, settings=SETTINGS, **behaviour):
    """Return a Server over fake gateways, and what happened to them."""
    story = []
    monkeypatch.setattr(Server, "_gateway", lambda self, name: FakeGateway(name, story, **behaviour.get(name, {})))
    return Server(settings), story


def test_they_open_in_order_and_close_together(monkeypatch):
    async def work():
        server, story = fake_server(monkeypatch, grpc={"stop": lambda: asyncio.sleep(0)})
        await server.start()
        assert story == ["start metrics", "start http", "start grpc", "start tcp"]
        assert server.addresses == {name: str(getattr(SETTINGS, name)) for name in ("metrics", "http", "grpc", "tcp")}
        story.clear()
        await server.stop()
        assert story.index("stop tcp") < story.index("grpc stopped"), "nobody waits for another"
        assert {f"{name} stopped" for name in ("metrics", "http", "grpc", "tcp")} < set(story)
        story.clear()
        await server.stop()
        assert story == [], "once is enough"

    asyncio.run(work())


@pytest.mark.parametrize("error", [OSError(98, "Address already in use"), UnicodeError("label too long")])
def test_where_one_cannot_open_the_others_are_closed(monkeypatch, error):
    async def work():
        server, story = fake_server(monkeypatch, grpc={"start": error})
        words = getattr(error, "strerror", None) or str(error)
        with pytest.raises(ConfigError, match=rf"^grpc: cannot listen on 127\.0\.0\.1:50051: {words}$"):
            await server.start()
        assert story[:3] == ["start metrics", "start http", "start grpc"]
        assert story[3:] == ["stop metrics", "metrics stopped", "stop http", "http stopped"]

    asyncio.run(work())


def test_an_end_that_hangs_or_fails_is_an_end_all_the_same(monkeypatch):
    async def fall_over():
        raise RuntimeError("oops")

    async def work():
        server, story = fake_server(monkeypatch, grpc={"stop": asyncio.Event().wait}, tcp={"stop": fall_over})
        await server.start()
        begin = time.monotonic()
        with capture_logs() as logs:
            await server.stop()
        assert time.monotonic() - begin < 2
        assert "metrics stopped" in story
        assert [(entry["event"], entry["listener"], entry["log_level"]) for entry in logs[-2:]] == [
            ("listener did not close in time", "grpc", "error"),
            ("listener did not close well", "tcp", "error"),
        ]

    monkeypatch.setattr(module, "STOP_SECONDS", 0.1)
    asyncio.run(work())


def test_a_data_directory_is_free_when_its_server_has_stopped(monkeypatch, tmp_path):
    """Also one that could not open its listeners."""
    settings = dataclasses.replace(SETTINGS, in_memory=False, data_dir=tmp_path)

    async def work():
        failing, _ = fake_server(monkeypatch, settings, tcp={"start": OSError(98, "Address already in use")})
        with pytest.raises(ConfigError, match="cannot listen"):
            await failing.start()
        first, _ = fake_server(monkeypatch, settings)
        await first.start()
        first.sequencer.credit_account(0, 1, 5, 7)
        with pytest.raises(ConfigError, match=f"^data_dir: {tmp_path} is in use by process "):
            Server(settings)
        await first.stop()
        await first.stop()
        second, _ = fake_server(monkeypatch, settings)
        assert second.sequencer.exchange.state_hash() == first.sequencer.exchange.state_hash()
        assert second.sequencer.exchange.state_hash() != failing.sequencer.exchange.state_hash()
        await second.stop()

    asyncio.run(work())


def test_only_listeners_that_are_wanted_are_made(monkeypatch):
    async def work():
        settings = dataclasses.replace(SETTINGS, grpc=None, http=None, metrics=None)
        server, story = fake_server(monkeypatch, settings)
        await server.start()
        assert story == ["start tcp"]
        assert list(server.transports) == ["tcp"]
        await server.stop()

    asyncio.run(work())


def test_the_limit_of_files_is_raised_never_lowered(monkeypatch):
    limits = [(100, 1000)]
    monkeypatch.setattr(module.resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(module.resource, "setrlimit", lambda _, limit: limits.append(limit))
    for wanted, expected, warnings in ((50, 100, 0), (500, 500, 0), (300, 500, 0), (2000, 1000, 1), (2000, 1000, 1)):
        with capture_logs() as logs:
            module.raise_file_limit(wanted)
        assert limits[-1] == (expected, 1000)
        assert len(logs) == warnings
    limits.append((100, module.resource.RLIM_INFINITY))
    module.raise_file_limit(2000)
    assert limits[-1] == (2000, module.resource.RLIM_INFINITY)
