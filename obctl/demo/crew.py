"""Tasks that work until they are told to leave: one that ends before is a failure, and ends the work of all."""

import asyncio
from collections.abc import Coroutine
from typing import Any

LEAVE_SECONDS = 5.0  # for all to end their work, after they were told to


class PartFailed(Exception):
    """A part of the demo failed. The message says which part, and how."""


class Crew:
    """The parts of the demo at work, each a task of the loop that runs.

    What goes wrong in the loop beside them, in a callback or a task of the server's, counts as a failure as well.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        loop = asyncio.get_running_loop()
        self._loop_failure: asyncio.Future[None] = loop.create_future()
        loop.set_exception_handler(self._on_loop_failure)

    def _on_loop_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what nobody else hears of, and fail for it."""
        loop.default_exception_handler(context)
        if not self._loop_failure.done():
            error = context.get("exception")
            failure = PartFailed(f"{context['message']}: {error!r}" if error else context["message"])
            self._loop_failure.set_exception(failure)

    def add(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Have a part begin its work."""
        self._tasks.add(asyncio.create_task(work, name=name))

    async def until(self, end: Coroutine[Any, Any, object], seconds: float | None = None) -> None:
        """Wait for an end, or for so long; raise what a part raises that ends before that, or PartFailed."""
        awaited = asyncio.create_task(end)
        watched: set[asyncio.Future[Any]] = {awaited, self._loop_failure, *self._tasks}
        try:
            ended, _ = await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            awaited.cancel()
        if self._loop_failure in ended:
            self._loop_failure.result()
        for task in self._tasks & ended:
            await task
            raise PartFailed(f"{task.get_name()} ended by itself")
        if awaited in ended:
            await awaited

    async def leave(self, *names: str) -> None:
        """Wait for parts that were told to leave; raise what the first of them raises, PartFailed where they stay."""
        leaving = {task for task in self._tasks if task.get_name() in names}
        _, staying = await asyncio.wait(leaving, timeout=LEAVE_SECONDS)
        for task in sorted(leaving, key=lambda task: task.get_name()):
            if task in staying:
                raise PartFailed(f"{task.get_name()} did not leave within {LEAVE_SECONDS:g} seconds")
            await task

    async def dismiss(self) -> None:
        """Cancel whoever is still at work, and hear no more of the loop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        asyncio.get_running_loop().set_exception_handler(None)
        self._loop_failure.cancel()
