"""How a call is ended with a gRPC status: raised anywhere below a handler, sent and logged in one place."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
import structlog

log = structlog.get_logger(__name__)

GOODBYE = "the server shuts down"


class Refused(Exception):
    """The call ends with this status. Nothing was done, or nothing more will be."""

    event = "service refused"  # what the log calls it

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class SlowConsumer(Refused):
    """A feed is not read as fast as it grows. The client may come back with the last sequence that it has."""

    event = "slow consumer"

    def __init__(self, details: str) -> None:
        super().__init__(grpc.StatusCode.RESOURCE_EXHAUSTED, details)


@contextmanager
def broken_is_gone() -> Iterator[None]:
    """Take a connection that breaks while something is being sent for what it is: the client has gone."""
    try:
        yield
    except grpc.aio.InternalError:
        raise asyncio.CancelledError from None


LOG_LEVELS = {
    grpc.StatusCode.RESOURCE_EXHAUSTED: "warning",
    grpc.StatusCode.UNAUTHENTICATED: "warning",
    grpc.StatusCode.PERMISSION_DENIED: "warning",
}


async def refuse(context: grpc.aio.ServicerContext[Any, Any], rpc: str, refusal: Refused) -> NoReturn:
    """End a call with a status. Refusals of service are logged as warnings, mistakes of the client for debugging."""
    report = getattr(log, LOG_LEVELS.get(refusal.code, "debug"))
    report(
        refusal.event, transport="grpc", rpc=rpc, peer=context.peer(), status=refusal.code.name, reason=refusal.details
    )
    with broken_is_gone():
        await context.abort(refusal.code, refusal.details)
