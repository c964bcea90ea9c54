"""Release: what waits for the journal, in which order it goes, and what is left of those who no longer wait."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
import uvloop
from structlog.testing import capture_logs

from orderbook_server.journal.journal import Journal
from orderbook_server.sequencer.release import Release
from tests.server.held_journal import HeldJournal, waiting

SECONDS = 20


@pytest.fixture(params=[uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def run(request: pytest.FixtureRequest, journal: HeldJournal) -> Callable[..., None]:
    """Run a test with a Release, and what waits until it has looked at the journal once more."""

    def run(test: Callable[[Release, Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
        async def main() -> None:
            release = Release(journal, asyncio.get_running_loop())
            changed = asyncio.Event()
            release.on_change.append(changed.set)

            async def change() -> None:
                await asyncio.wait_for(changed.wait(), SECONDS)
                changed.clear()

            try:
                await test(release, change)
            finally:
                release.close()

        request.param(main())

    return run


def test_in_memory_nothing_waits() -> None:
    async def main() -> None:
        said: list[int] = []
        release = Release(Journal(), asyncio.get_running_loop())
        assert not release.holds
        release.call(said.append, 1)
        await release.settled()
        assert said == [1]
        release.close()

    asyncio.run(main())


def test_what_is_durable_goes_at_once_and_the_rest_in_order_when_it_is(
    run: Callable[..., None], journal: HeldJournal
) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        said: list[str] = []
        release.call(said.append, "before")
        assert said == ["before"]
        for number in (1, 2, 3):
            journal.append()
            release.call(said.append, f"{number}")
            release.call(said.append, f"{number} again")
        assert said == ["before"]
        journal.keep(2)
        await change()
        assert said == ["before", "1", "1 again", "2", "2 again"]
        journal.append()
        release.call(said.append, "4")
        journal.keep(3)
        await change()
        assert said[5:] == ["3", "3 again"]
        journal.keep()
        await change()
        release.call(said.append, "behind")
        assert said[7:] == ["4", "behind"]

    run(test)


def test_what_is_called_in_between_comes_behind_what_waits(run: Callable[..., None], journal: HeldJournal) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        said: list[int] = []
        journal.append()
        release.call(release.call, said.append, 3)  # all is durable when it is called, but it is not its turn
        release.call(said.append, 1)
        release.call(said.append, 2)
        journal.keep()
        await change()
        assert said == [1, 2, 3]

    run(test)


def test_one_that_fails_does_not_take_others_with_it(run: Callable[..., None], journal: HeldJournal) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        said: list[int] = []
        release.on_change.insert(0, lambda: 1 // 0)
        journal.append()
        release.call(said.append, 1)
        release.call([].pop)
        release.call(said.append, 2)
        journal.keep()
        with capture_logs() as logs:
            await change()
        assert said == [1, 2]
        assert [entry["event"] for entry in logs] == ["release failed"] * 2

    run(test)


def test_who_waits_goes_on_when_what_there_was_is_durable(run: Callable[..., None], journal: HeldJournal) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        await release.settled()
        tasks = []
        for _ in range(3):
            journal.append()
            tasks.append(asyncio.create_task(release.settled()))
            await asyncio.sleep(0)
        for sequence, (task, later) in enumerate(pairwise(tasks), start=1):
            journal.keep(sequence)
            await asyncio.wait_for(task, SECONDS)
            assert not later.done()
        journal.keep(3)
        await asyncio.wait_for(tasks[2], SECONDS)
        assert waiting(release) == 0

    run(test)


def test_who_is_cancelled_leaves_nothing_behind(run: Callable[..., None], journal: HeldJournal) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        said: list[int] = []
        journal.append()
        tasks = [asyncio.create_task(release.settled()) for _ in range(1000)]
        await asyncio.sleep(0)
        release.call(said.append, 1)
        assert waiting(release) == 1001
        for task in tasks[1:]:
            task.cancel()
        await asyncio.wait(tasks[1:])
        assert waiting(release) == 2
        tasks[0].cancel()
        with capture_logs() as logs:
            journal.keep()
            release._refresh()  # before the one that was cancelled has had its turn
            await asyncio.wait(tasks[:1])
        assert (said, logs, waiting(release)) == ([1], [], 0)
        assert all(task.cancelled() for task in tasks)

    run(test)


def test_nothing_goes_when_the_journal_has_failed(run: Callable[..., None], journal: HeldJournal) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        said: list[int] = []
        journal.append()
        release.call(said.append, 1)
        task = asyncio.create_task(release.settled())
        journal.fail(OSError(5, "the disk is gone"))
        await change()
        assert (said, waiting(release), task.done()) == ([], 2, False)
        task.cancel()

    run(test)


def test_nothing_goes_when_it_is_closed(run: Callable[..., None], journal: HeldJournal) -> None:
    async def test(release: Release, change: Callable[[], Awaitable[None]]) -> None:
        said: list[int] = []
        journal.append()
        release.call(said.append, 1)
        release.close()
        journal.keep()
        other = Release(journal, asyncio.get_running_loop())
        heard = asyncio.Event()
        other.on_change.append(heard.set)
        await asyncio.wait_for(heard.wait(), SECONDS)
        other.close()
        assert said == []

    run(test)
