"""Calls that may wait for ever, for bytes that nobody sends: they keep neither the view nor the end of the program."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import TypeVar

import click

T = TypeVar("T")


async def aside(function: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises, once it does: it is called in a thread of its own.

    The thread is a daemon: where nobody waits for it any more, the program ends without it.
    """
    loop = asyncio.get_running_loop()
    command = click.get_current_context(silent=True)  # that errors name; each thread has its own
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if outcome.cancelled():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]  # None where that is what was returned

    def call() -> None:
        result, raised = None, None
        try:
            with command.scope(cleanup=False) if command else nullcontext():
                result = function()
        except BaseException as error:
            raised = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, result, raised)

    threading.Thread(target=call, name="read ahead", daemon=True).start()
    return await outcome
