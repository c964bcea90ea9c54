"""Tasks that work until they are told to stop: one that ends before is a failure, and ends the work of all."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


class PartFailed(Exception):
    """A part of the demo failed. Its message says which part, and how."""


class Crew:
    """The parts of the demo at work, each a task of the loop that runs.

    What goes wrong in the loop beside them, in a callback or task of the server's, counts as a failure as well.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._loop_failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().set_exception_handler(self._on_loop_failure)

    def _on_loop_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what nobody else hears of, and fail for it."""
        loop.default_exception_handler(context)
        if not self._loop_failure.done():
            error = context.get("exception")
            failure = PartFailed(f"{context['message']}: {error!r}" if error else context["message"])
            failure.__cause__ = error
            self._loop_failure.set_exception(failure)

    def add(self, name: str, work: Coroutine[Any, Any, object]) -> "asyncio.Task[Any]":
        """Have a part begin its work."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        return task

    async def work(self, stopping: asyncio.Event, seconds: float | None) -> None:
        """Wait for the event, or for so long; raise what the first part raises that ends before that, or PartFailed."""
        stop = asyncio.create_task(stopping.wait())
        watched = {stop, self._loop_failure, *self._tasks}
        try:
            ended, _ = await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
        if self._loop_failure in ended:
            self._loop_failure.result()
        for task in ended & self._tasks:
            await task
            raise PartFailed(f"{task.get_name()} ended by itself")
