"""A transport: one JSON object per line on TCP, beside those that `obctl serve` has."""

import asyncio
import json
from typing import Any

from orderbook import OrderBookError, OrderType, Side
from orderbook_server.config import Address, Settings
from orderbook_server.sequencer.release import Release
from orderbook_server.sequencer.sequencer import Sequencer
from orderbook_server.server import Server

LINE_BYTES_MAX = 1024
CLIENTS_MAX = 100


class JsonGateway:
    """Carries JSON between sockets and the exchange. It decides nothing: the sequencer orders and does all commands."""

    def __init__(self, sequencer: Sequencer, release: Release) -> None:
        self._sequencer = sequencer
        self._release = release
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int) -> str:
        """Open the listener and return its address; raise OSError."""
        self._server = await asyncio.start_server(self._talk, host, port, limit=LINE_BYTES_MAX)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def stop(self) -> None:
        """Stop accepting, and close the connections."""
        self._server.close()
        for writer in self._clients:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a client's lines, in order, until it goes or one is too long."""
        self._clients.add(writer)
        try:
            while len(self._clients) <= CLIENTS_MAX and (line := await reader.readline()):
                answer = json.dumps(self.answer(line)).encode() + b"\n"
                await self._release.settled()  # what it tells of is on disk, where the exchange is kept
                writer.write(answer)
                await writer.drain()  # who does not read is not read from
        except (ConnectionError, ValueError):
            pass  # it vanished in the middle, or sent a line without an end
        finally:
            self._clients.discard(writer)
            writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Carry out a line, and return what to say. From order to answer nothing is awaited."""
        try:
            command = json.loads(line)
            side, order_type = Side[command["side"].upper()], OrderType[command.get("type", "limit").upper()]
            account, order, quantity = (integer(command[key]) for key in ("account", "order", "quantity"))
            price = integer(command["price"]) if "price" in command else None
            result = self._sequencer.submit(0, account, order, side, order_type, price, quantity)
        except OrderBookError as error:
            return {"error": error.code}
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            return {"error": "malformed", "detail": f"{type(error).__name__}: {error}"}
        fills = [{"maker": fill.maker_id, "price": fill.price, "quantity": fill.quantity} for fill in result.fills]
        return {"fills": fills, "resting": result.resting is not None, "unfilled": result.unfilled}


def integer(value: object) -> int:
    """Return what must be an integer: compiled code would take 1.5 as 1, and true as 1."""
    if type(value) is not int:
        raise TypeError(f"{value!r} is no integer")
    return value


async def main() -> None:
    """Trade over it, on a server that speaks TCP lines beside it."""
    server = Server(Settings(tcp=Address("127.0.0.1", 0), grpc=None, metrics=None, in_memory=True))
    server.sequencer.credit_account(0, 1, base=10, quote=1000)
    gateway = JsonGateway(server.sequencer, server.release)
    await server.start()
    host, _, port = (await gateway.start("127.0.0.1", 0)).rpartition(":")

    reader, writer = await asyncio.open_connection(host, int(port))
    for order, side, price in ((1, "ask", 101), (2, "bid", 101), (3, "bid", 2000)):
        writer.write(json.dumps({"account": 1, "order": order, "side": side, "price": price, "quantity": 5}).encode())
        writer.write(b"\n")
        print((await reader.readline()).decode().rstrip())
    writer.close()
    await gateway.stop()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
