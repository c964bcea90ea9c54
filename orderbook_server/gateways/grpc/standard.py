"""The standard services, health and reflection: they need no token, and their streams end with the server, too."""

import asyncio
from typing import Any

import grpc
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from orderbook_server.gateways.grpc.access import Context
from orderbook_server.gateways.grpc.streams import Stream, Streams


class Health:
    """Tells that the server serves, until it shuts down."""

    def __init__(self, streams: Streams) -> None:
        self._servicer = health.aio.HealthServicer()
        self._streams = streams

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handlers of its RPCs."""
        encoding: Any = {
            "request_deserializer": HealthCheckRequest.FromString,
            "response_serializer": HealthCheckResponse.SerializeToString,
        }
        handlers = {
            "Check": grpc.unary_unary_rpc_method_handler(self._servicer.Check, **encoding),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch, **encoding),
        }
        return grpc.method_handlers_generic_handler(health.SERVICE_NAME, handlers)

    async def serve(self, service: str) -> None:
        """Tell from now on that a service serves, as the server as a whole does."""
        await self._servicer.set(service, HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Tell from now on that nothing serves."""
        await self._servicer.enter_graceful_shutdown()

    async def _watch(self, request: HealthCheckRequest, context: Context) -> None:
        """Tell the status whenever it changes; at last that nothing serves any more."""

        async def watch(stream: Stream) -> None:
            try:
                await self._servicer.Watch(request, context)
            except asyncio.CancelledError:
                if stream.refusal is not None:
                    await context.write(HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING))
                raise

        await self._streams.run("Watch", context, watch)


class Reflection:
    """Tells which services there are, and of what shape."""

    def __init__(self, services: list[str], streams: Streams) -> None:
        self._servicer = reflection.aio.ReflectionServicer([*services, health.SERVICE_NAME, reflection.SERVICE_NAME])
        self._streams = streams

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler of its RPC."""
        handler = grpc.stream_stream_rpc_method_handler(
            self._answer,
            request_deserializer=ServerReflectionRequest.FromString,
            response_serializer=ServerReflectionResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(reflection.SERVICE_NAME, {"ServerReflectionInfo": handler})

    async def _answer(self, requests: Any, context: Context) -> None:
        """Answer questions, one by one."""
        answers: Any = self._servicer.ServerReflectionInfo(requests, context)

        async def answer(_stream: Stream) -> None:
            async for response in answers:
                await context.write(response)

        await self._streams.run("ServerReflectionInfo", context, answer)
