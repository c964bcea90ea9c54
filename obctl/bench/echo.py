"""What the server is compared with: programs that carry bytes and do nothing else, in a process of their own.

`python -m obctl.bench.echo` opens all of them on free ports of loopback, prints their addresses as one JSON object, and
serves until its standard input ends.

raw: sends back what comes. fields: a line protocol in Python that does nothing: parts each line, reads its numbers, and
sends the line back. grpc: any unary call and any stream of requests gets its messages back; StreamEvents gets as many
messages of an event's size as the request says, in decimal.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any, cast

import grpc
import uvloop

HOST = "127.0.0.1"
EVENT = bytes(48)  # about what an event takes

Context = grpc.aio.ServicerContext[Any, Any]


class Raw(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.write = cast(asyncio.WriteTransport, transport).write

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self.write(data)


class FieldsEcho(Raw):
    """Sends lines back after a look at their fields."""

    rest = b""

    def data_received(self, data: bytes) -> None:
        """Look at all lines that are whole."""
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        answers = []
        for line in lines:
            fields = line.split()
            _numbers = [int(field) for field in fields[1:3] + fields[4:6]]  # account, order; price, quantity
            answers.append(line)
        answers.append(b"")
        self.write(b"\n".join(answers))


async def echo_message(message: bytes, _context: Context) -> bytes:
    """Send a request back."""
    return message


async def echo_messages(_requests: object, context: Context) -> None:
    """Send each request of a stream back."""
    while (message := await context.read()) is not grpc.aio.EOF:
        await context.write(message)


async def send_events(message: bytes, context: Context) -> None:
    """Send as many messages as the request says."""
    for _ in range(int(message)):
        await context.write(EVENT)


class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc,type-arg,unused-ignore]
    """Finds the echo that has the shape of an RPC."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Return the handler."""
        name = str(handler_call_details.method).rpartition("/")[2]
        if name == "Trade":
            return grpc.stream_stream_rpc_method_handler(echo_messages)
        if name == "StreamEvents":
            return grpc.unary_stream_rpc_method_handler(send_events)
        return grpc.unary_unary_rpc_method_handler(echo_message)


async def lines_of(stream: Any) -> AsyncIterator[bytes]:
    """Yield the lines of a pipe."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
    async for line in reader:
        yield line


async def serve() -> None:
    """Open all, say where, and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    addresses = {}
    for name, protocol in (("raw", Raw), ("fields", FieldsEcho)):
        server = await loop.create_server(protocol, HOST, 0)
        addresses[name] = f"{HOST}:{server.sockets[0].getsockname()[1]}"
    calls = grpc.aio.server()
    calls.add_generic_rpc_handlers((Handlers(),))
    addresses["grpc"] = f"{HOST}:{calls.add_insecure_port(f'{HOST}:0')}"
    await calls.start()
    print(json.dumps(addresses), flush=True)
    async for _ in lines_of(sys.stdin):
        pass
    await calls.stop(None)


if __name__ == "__main__":
    uvloop.run(serve())
