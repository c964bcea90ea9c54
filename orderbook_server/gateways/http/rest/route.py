"""The route that all of REST takes: bodies are read with care, and answers leave when they are durable."""

from collections.abc import Callable, Coroutine
from time import perf_counter_ns
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from orderbook import OrderBookError
from orderbook_server.gateways.http.doors import Refusal
from orderbook_server.gateways.http.rest.errors import NAME_MAX, answer_of, of_engine
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.protocol.rest.strict_json import NotJson, decode
from orderbook_server.sequencer.release import Release

BODY_BYTES_MAX = 65_536


class JsonRequest(Request):
    """A request whose body has been read, and is a JSON object."""

    async def read(self) -> None:
        """Read the body; raise Refusal where it is too large, or no JSON object."""
        media_type, _, _parameters = self.headers.get("content-type", "").partition(";")
        if media_type.strip().lower() != "application/json":
            raise Refusal(400, "invalid_json", "Content-Type must be application/json")
        content = bytearray()
        async for chunk in self.stream():
            if len(content) + len(chunk) > BODY_BYTES_MAX:
                raise Refusal(413, "body_too_large", f"a body may have {BODY_BYTES_MAX} bytes")
            content += chunk
        self._content = bytes(content)

    def parse(self) -> None:
        """Make JSON of the body; raise Refusal where it is none."""
        try:
            self._object = decode(self._content)
        except NotJson as error:
            raise Refusal(400, "invalid_json", str(error)) from None

    async def body(self) -> bytes:
        """Return the body."""
        return self._content

    async def json(self) -> dict[str, Any]:
        """Return the object."""
        return self._object


def check_query(request: Request, *, has_query: bool) -> None:
    """Raise Refusal for parameters of a query that are there twice, or at all where there are none."""
    names: set[str] = set()
    for name, _value in request.query_params.multi_items():
        if not has_query:
            raise Refusal(400, "unknown_field", f"{name[:NAME_MAX]} is not known here", name[:NAME_MAX])
        if name in names:
            raise Refusal(400, "invalid_field", f"{name[:NAME_MAX]} is there twice", name[:NAME_MAX])
        names.add(name)


def durable_route(release: Release, stats: TransportStats) -> type[APIRoute]:
    """Return the class of routes whose answers wait for the journal. Refusals of the engine are such answers too.

    Between the last byte of a request and its answer nothing is awaited but that it is durable. Who goes away meanwhile
    takes the answer away, not the command.
    """

    class DurableRoute(APIRoute):
        """A route of REST."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            carry_out = super().get_route_handler()
            has_body, has_query = self.body_field is not None, bool(self.dependant.query_params)

            async def call(request: Request) -> Response:
                try:
                    check_query(request, has_query=has_query)
                    if isinstance(request, JsonRequest):
                        request.parse()
                    return await carry_out(request)
                except OrderBookError as error:
                    return answer_of(of_engine(error))

            async def handle(request: Request) -> Response:
                if has_body:
                    request = JsonRequest(request.scope, request.receive)
                    await request.read()
                began = perf_counter_ns()
                try:
                    response = await call(request)
                finally:
                    stats.batches.observe(1)
                    stats.handling.observe(perf_counter_ns() - began)
                response.headers["Cache-Control"] = "no-store"
                await release.settled()
                return response

            return handle

    return DurableRoute
