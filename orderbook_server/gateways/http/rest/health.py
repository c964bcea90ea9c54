"""Whether the process answers, and whether it takes commands: for those who look after it."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import JSONResponse

from orderbook import Exchange
from orderbook_server.gateways.http.rest.openapi import OPEN, refusals
from orderbook_server.journal.journal import Journal
from orderbook_server.protocol.rest import answers
from orderbook_server.sequencer.release import Release

NO_STORE = {"Cache-Control": "no-store"}


def make_health_router(
    journal: Journal, exchange: Exchange, release: Release, stopping: Callable[[], bool]
) -> APIRouter:
    """Return the routes. They do not wait for the journal to say that it has failed."""
    router = APIRouter(tags=["health"])

    def reason() -> str | None:
        """Return why no commands are taken, None where they are."""
        if stopping():
            return "the server shuts down"
        if journal.error is not None:
            return "the journal has failed"
        return "the journal is full" if journal.full else None

    @router.get("/healthz", summary="Tell that the process answers", responses=refusals(OPEN))
    async def healthz() -> answers.Health:
        return answers.Health()

    @router.get(
        "/readyz",
        summary="Tell whether commands are taken",
        response_model=answers.Ready,
        responses={503: {"model": answers.NotReady, "description": "It takes no commands."}, **refusals(OPEN)},
    )
    async def readyz() -> answers.Ready | JSONResponse:
        problem = reason()
        if problem is not None:
            return JSONResponse({"status": "unavailable", "reason": problem}, 503, NO_STORE)
        ready = answers.Ready(exchange.last_sequence)
        await release.settled()  # it tells the last number
        return ready

    return router
