"""Readers of feeds: how patient they are, and that no feed stays open behind one that failed."""

import asyncio
from types import SimpleNamespace

import pytest

from agents.errors import ServerUnavailable
from agents.gateways.grpc.catch_up import FillReader, read_until
from agents.gateways.grpc.executions import Execution

PATIENCE_S = 0.2


class Feed:
    """A feed of executions, each after a pause; then it hangs."""

    def __init__(self, *sequences, pause_s=0.0):
        self._sequences = iter(sequences)
        self._pause_s = pause_s
        self.is_closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(self._pause_s)
        sequence = next(self._sequences, None)
        if sequence is None:
            await asyncio.Event().wait()
        return Execution(sequence, 0, "A-B", 1)

    def close(self):
        self.is_closed = True


def test_a_feed_may_take_long_as_long_as_something_comes():
    feed = Feed(*range(1, 7), pause_s=PATIENCE_S / 3)
    taken = []

    def take(execution):
        taken.append(execution.sequence)
        return execution.sequence

    asyncio.run(read_until(feed, 6, take, PATIENCE_S))
    assert taken == [1, 2, 3, 4, 5, 6]


def test_a_feed_that_hangs_is_closed_and_the_next_one_goes_on_behind_it():
    feeds = {0: Feed(1, 2), 2: Feed(3)}
    client = SimpleNamespace(timeout_s=PATIENCE_S, stream_account_events=lambda account, after: feeds[after])

    async def read():
        reader = FillReader(client, 1)
        await reader.read(0, "A-B")
        with pytest.raises(ServerUnavailable, match="did not come to 3"):
            await reader.read(3, "A-B")
        await reader.read(3, "A-B")
        assert (feeds[0].is_closed, feeds[2].is_closed) == (True, False)
        reader.close()
        assert feeds[2].is_closed

    asyncio.run(read())
