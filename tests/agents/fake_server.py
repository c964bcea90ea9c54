"""A server that says what a test wants said, call by call."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass

from orderbook_wire.v1 import orderbook_pb2 as wire

SERVICE = wire.DESCRIPTOR.services_by_name["OrderBookService"]
Answer = Callable[[Any, grpc.ServicerContext], Any]


def NEVER(_request: object, _context: object) -> Any:  # noqa: N802 - it stands for an answer
    """Stand for no answer at all."""


class FakeServer:
    """answers: by RPC, what makes its response, or responses, `NEVER` for none; other RPCs are UNIMPLEMENTED."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        self._over = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([self._handlers()])
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _handlers(self) -> grpc.GenericRpcHandler:
        handlers = {}
        for name, answer in self.answers.items():
            method = SERVICE.methods_by_name[name]
            kind = grpc.unary_stream_rpc_method_handler if method.server_streaming else None
            handlers[name] = (kind or grpc.unary_unary_rpc_method_handler)(
                self._never if answer is NEVER else answer,
                GetMessageClass(method.input_type).FromString,
                GetMessageClass(method.output_type).SerializeToString,
            )
        return grpc.method_handlers_generic_handler(SERVICE.full_name, handlers)

    def _never(self, _request: object, _context: object) -> Any:
        """Answer when the test is over."""
        self._over.wait()
        return iter(())

    def close(self) -> None:
        self._over.set()
        self._server.stop(None).wait()


@contextmanager
def faking(**answers: Answer) -> Iterator[FakeServer]:
    """Run a server that answers as told while the block lasts."""
    server = FakeServer(**answers)
    try:
        yield server
    finally:
        server.close()
