"""Addresses of listeners."""

import asyncio

from orderbook_server.config import Address


def bound_address(server: asyncio.Server) -> str:
    """Return HOST:PORT or [HOST]:PORT of a server's first socket, where port 0 has become a real one."""
    host, port = server.sockets[0].getsockname()[:2]
    return str(Address(host, port))
